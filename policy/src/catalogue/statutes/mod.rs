//! The statutes, as Cedar decides them: the rules that stand over every table.
//!
//! Statutes about fields are asked when a catalogue loads, once for each scenario and field, and what they answer is the
//! compiled mask. Statutes about requests are compiled checks in [`crate::decide`], which [`crate::prove()`] compares
//! with the answers that are given here.

mod types;
mod world;

use std::collections::{BTreeMap, HashMap};

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression, Schema,
};

use crate::asker::Asker;
use crate::names::RuleId;
use crate::words::words;

use types::{Types, uid};
pub(crate) use world::{ClassEntity, FieldEntity, ScenarioEntity, Width, World};

words! {
    /// The rules that stand over every table, by the names of their files.
    "statute" pub(crate) Statute {
        /// Classes that may not be collected are named nowhere (R13).
        ForbiddenClassesNever = "forbidden-classes-never",
        /// Who reported something is shown to nobody (R14).
        ConfidentialSourceNever = "confidential-source-never",
        /// Sealed records are shown to nobody.
        SealedRecordsNever = "sealed-records-never",
        /// Penalties that local law keeps out count nowhere.
        KeptOutPenaltiesNever = "kept-out-penalties-never",
        /// A suspended institution gets no answer (R15).
        SuspendedNever = "suspended-never",
        /// No score serves restraint (R22).
        ScoreNeverForRestraint = "score-never-for-restraint",
        /// No score serves basic public services (R22).
        ScoreNeverForBasicServices = "score-never-for-basic-services",
        /// The whole name and number go to the person alone (R23).
        IdentityOnlyToThePerson = "identity-only-to-the-person",
        /// Public disclosure only by statute, and masked (R23).
        PublicOnlyMasked = "public-only-masked-by-statute",
        /// Records of persons under 18 are not answered about (R24).
        AdultsOnly = "adults-only",
        /// The second tier opens only to a consent that names it, and to the person.
        SecondTierByConsent = "second-tier-by-consent",
        /// The ground of statute is for the organs on the list, with a case.
        OnlyListedOrgans = "statute-only-to-listed-organs",
        /// By statute and to the public no field is released that no article of the jurisdiction carries.
        OnlyOnAGround = "only-on-a-ground",
        /// No consent is taken that is wider than the maxima.
        ConsentWithinMaxima = "consent-within-maxima",
        /// Where yes or no answers the question, no record is released (R28).
        YesNoReleasesNoRecord = "yes-no-releases-no-record",
        /// Statutory look-ups, restraint and basic services rest on public credit information alone.
        LendingDataByConsent = "lending-data-by-consent",
        /// The row of a scenario is no laxer than the scenario is.
        RowsOnlyStricter = "rows-only-stricter",
        /// The row of a class is no laxer than the class is.
        ClassesOnlyStricter = "classes-only-stricter",
        /// Expired and repaired records are shown to nobody but the person (R9, R10).
        ExpiredOrRepairedNever = "expired-or-repaired-never",
    }
}

words! {
    /// Whether a record counts, as statutes know it.
    "state of a record" pub RecordState {
        /// It counts.
        Counts = "counts",
        /// Its display period is over.
        Expired = "expired",
        /// It was repaired.
        Repaired = "repaired",
        /// Local law keeps it out of the data.
        KeptOut = "kept-out",
        /// It is of an act from before the age of 18.
        Sealed = "sealed",
    }
}

impl Statute {
    /// The id of its rule.
    pub(crate) fn rule(self) -> RuleId {
        RuleId::of("statute", self.as_str())
    }
}

/// The parsed statutes: schema and policies, and the rule that each policy belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Statutes {
    pub(super) schema: Schema,
    pub(super) policies: PolicySet,
    pub(super) rules: HashMap<PolicyId, RuleId>,
    /// The text of each file by its path, for comparisons.
    pub(super) texts: BTreeMap<String, String>,
}

/// Statutes over a world of classes, fields and scenarios.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    statutes: Statutes,
    entities: Entities,
    types: Types,
}

/// What Cedar answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    /// The rules that made it, sorted: those that forbid, or else those that permit.
    pub(crate) by: Vec<RuleId>,
    /// Why it could not be answered: then it is not allowed.
    pub(crate) fault: Option<String>,
}

/// The facts of a request that statutes know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestFacts {
    pub(crate) suspended: bool,
    pub(crate) adult: bool,
    pub(crate) case: bool,
    pub(crate) consent: Option<Width>,
    pub(crate) maxima: Option<Width>,
}

impl Statutes {
    /// The ids of the entities of that type that statutes name.
    pub(crate) fn named(&self, of: &str) -> Vec<String> {
        named(self.policies.policies(), of)
    }

    /// The same of the statutes about that action.
    pub(crate) fn named_about(&self, action: &str, of: &str) -> Vec<String> {
        let is_it = |uid: &EntityUid| AsRef::<str>::as_ref(uid.id()) == action;
        let speaks = |policy: &&Policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(actions) => actions.iter().any(is_it),
            ActionConstraint::Eq(own) => is_it(&own),
        };
        named(self.policies.policies().filter(speaks), of)
    }

    /// One statute alone, over everything permitted: whatever the tables keep back, it must forbid by itself.
    ///
    /// # Errors
    ///
    /// Never, as long as Cedar reads the one permit.
    pub(crate) fn only(&self, statute: Statute) -> Result<Self, String> {
        let rule = statute.rule();
        self.over_everything(|policy| self.rules.get(policy.id()) == Some(&rule))
    }

    /// The statutes without the tables, over everything permitted.
    ///
    /// # Errors
    ///
    /// Never, as long as Cedar reads the one permit.
    pub(crate) fn without_tables(&self) -> Result<Self, String> {
        self.over_everything(|policy| policy.effect() == Effect::Forbid)
    }

    fn over_everything(&self, is_kept: impl Fn(&Policy) -> bool) -> Result<Self, String> {
        let own = self.policies.policies().filter(|policy| is_kept(policy)).cloned();
        let everything = Policy::parse(Some(PolicyId::new("everything")), "permit (principal, action, resource);");
        let everything = everything.map_err(|error| error.to_string())?;
        let policies = PolicySet::from_policies(own.chain([everything])).map_err(|error| error.to_string())?;
        Ok(Self { policies, ..self.clone() })
    }

    /// The texts of the files, by path.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// The text of the file at that path.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}

impl Law {
    /// Statutes over that world.
    ///
    /// # Errors
    ///
    /// What of the world does not fit the schema.
    pub(crate) fn new(statutes: Statutes, world: &World<'_>) -> Result<Self, String> {
        let types = Types::new()?;
        let entities = world.entities(&types, &statutes.schema)?;
        Ok(Self { statutes, entities, types })
    }

    /// The statutes.
    pub(crate) fn statutes(&self) -> &Statutes {
        &self.statutes
    }

    /// May a class be collected?
    pub(crate) fn collect(&self, class: &str) -> Answer {
        self.ask(uid(&self.types.gateway, "gateway"), "collect", uid(&self.types.class, class), Vec::new())
    }

    /// May the asker query the scenario?
    pub(crate) fn query(&self, asker: Asker, scenario: &str, facts: &RequestFacts) -> Answer {
        let mut context = vec![
            ("adult", RestrictedExpression::new_bool(facts.adult)),
            ("case", RestrictedExpression::new_bool(facts.case)),
            ("suspended", RestrictedExpression::new_bool(facts.suspended)),
        ];
        for (key, width) in [("consent", facts.consent), ("maxima", facts.maxima)] {
            match width.map(Width::expression).transpose() {
                Ok(width) => context.extend(width.map(|width| (key, width))),
                Err(fault) => return Answer::fault(fault),
            }
        }
        self.ask(self.asker(asker), "query", uid(&self.types.scenario, scenario), context)
    }

    /// May the field be released to the asker in the scenario, where a consent names these fields?
    pub(crate) fn release(&self, asker: Asker, scenario: &str, field: &str, named: Option<&[&str]>) -> Answer {
        let field_uid = |name: &str| RestrictedExpression::new_entity_uid(uid(&self.types.field, name));
        let scenario = RestrictedExpression::new_entity_uid(uid(&self.types.scenario, scenario));
        let mut context = vec![("scenario", scenario)];
        context.extend(
            named.map(|named| ("named", RestrictedExpression::new_set(named.iter().map(|name| field_uid(name))))),
        );
        self.ask(self.asker(asker), "release", uid(&self.types.field, field), context)
    }

    /// May a record of the class in that state be shown to the asker?
    pub(crate) fn tell(&self, asker: Asker, class: &str, state: RecordState) -> Answer {
        let standing = RestrictedExpression::new_entity_uid(uid(&self.types.standing, state.as_str()));
        self.ask(self.asker(asker), "tell", uid(&self.types.class, class), vec![("standing", standing)])
    }

    fn asker(&self, asker: Asker) -> EntityUid {
        uid(&self.types.asker, asker.as_str())
    }

    fn ask(
        &self,
        principal: EntityUid,
        action: &str,
        resource: EntityUid,
        context: Vec<(&str, RestrictedExpression)>,
    ) -> Answer {
        let context = match Context::from_pairs(context.into_iter().map(|(key, value)| (key.to_owned(), value))) {
            Ok(context) => context,
            Err(error) => return Answer::fault(error.to_string()),
        };
        let action = uid(&self.types.action, action);
        let request = match Request::new(principal, action, resource, context, Some(&self.statutes.schema)) {
            Ok(request) => request,
            Err(error) => return Answer::fault(error.to_string()),
        };
        let response = Authorizer::new().is_authorized(&request, &self.statutes.policies, &self.entities);
        // Cedar leaves out a policy that it cannot evaluate, and a statute that is left out forbids nothing.
        if let Some(error) = response.diagnostics().errors().next() {
            return Answer::fault(error.to_string());
        }
        let mut by: Vec<_> =
            response.diagnostics().reason().filter_map(|id| self.statutes.rules.get(id)).cloned().collect();
        by.sort();
        by.dedup();
        Answer { allowed: response.decision() == Decision::Allow, by, fault: None }
    }
}

impl Answer {
    /// No answer: nothing is allowed.
    pub(crate) fn none() -> Self {
        Self { allowed: false, by: Vec::new(), fault: None }
    }

    fn fault(fault: String) -> Self {
        Self { allowed: false, by: Vec::new(), fault: Some(fault) }
    }

    /// Why it is not allowed, for a message.
    pub(crate) fn refusal(&self) -> String {
        let rules: Vec<_> = self.by.iter().map(|rule| format!("`{rule}`")).collect();
        match &self.fault {
            Some(fault) => format!("Cedar cannot tell: {fault}"),
            None if rules.is_empty() => "nothing in `statutes/tables.cedar` permits it".into(),
            None => format!("rule {} forbids it", rules.join(", ")),
        }
    }
}

fn named<'a>(policies: impl Iterator<Item = &'a Policy>, of: &str) -> Vec<String> {
    let literals = policies.flat_map(Policy::entity_literals);
    let mut named: Vec<_> = literals
        .filter(|literal| literal.type_name().to_string() == of)
        .map(|literal| AsRef::<str>::as_ref(literal.id()).to_owned())
        .collect();
    named.sort();
    named.dedup();
    named
}
