//! Loading the statutes: parsed, validated strictly against the schema, each with the law behind it.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;

use super::Loader;
use crate::catalogue::fault::File;
use crate::catalogue::rows::ClassRow;
use crate::catalogue::{
    ClassEntity, FieldEntity, GeneralRule, Holding, Law, LegalSource, ScenarioEntity, Sensitivity, Statute, Statutes,
    Tier, World,
};
use crate::names::{ClassName, RuleId};

/// The file of what the tables permit: no statute, and the only one that permits.
const TABLES: &str = "statutes/tables.cedar";
const SCHEMA: &str = "statutes/schema.cedarschema";
/// The annotations of a statute; the first of its rules has them all, and each rule has the first.
const ANNOTATIONS: [&str; 5] = ["id", "title_zh", "title_en", "source", "citation"];

impl Loader {
    /// The statutes, and the classes that they forbid. A catalogue without one of them, or without the law behind it,
    /// does not load.
    pub(super) fn statutes(&mut self, files: &[File<'_, ()>], schema: Option<&File<'_, ()>>) -> Option<Statutes> {
        for path in Statute::ALL.iter().map(|statute| format!("statutes/{statute}.cedar")).chain([TABLES.to_owned()]) {
            if !files.iter().any(|file| file.path() == path) {
                self.fault_in(&path, "the file is missing: without the law behind it a rule cannot be kept");
            }
        }
        let schema = self.schema(schema)?;
        let mut policies = PolicySet::new();
        let mut rules = HashMap::new();
        for file in files {
            for (id, rule, policy) in self.rules_of(file) {
                // Ids hold path and place, and no path stands twice.
                if policies.add(policy.new_id(id.clone())).is_ok() {
                    rules.insert(id, rule);
                }
            }
        }
        self.validate(files, &schema, &policies);
        let texts = files.iter().map(|file| (file.path().to_owned(), file.content().to_owned())).collect();
        let statutes = Statutes { schema, policies, rules, texts };
        self.forbidden_classes(&statutes);
        Some(statutes)
    }

    fn schema(&mut self, file: Option<&File<'_, ()>>) -> Option<Schema> {
        let Some(file) = file else {
            self.fault_in(SCHEMA, "the file is missing: it names what statutes can speak of");
            return None;
        };
        match Schema::from_cedarschema_str(file.content()) {
            Ok((schema, warnings)) => {
                for warning in warnings {
                    self.fault(file, place(&warning), warning.to_string());
                }
                Some(schema)
            }
            Err(error) => {
                self.fault(file, place(&error), error.to_string());
                None
            }
        }
    }

    /// The rules of one file, each with its id and the rule that a decision names.
    fn rules_of(&mut self, file: &File<'_, ()>) -> Vec<(PolicyId, RuleId, Policy)> {
        let set = match PolicySet::from_str(file.content()) {
            Ok(set) => set,
            Err(errors) => {
                for error in errors.iter() {
                    self.fault(file, place(error), error.to_string());
                }
                return Vec::new();
            }
        };
        if set.is_empty() || set.templates().next().is_some() {
            self.fault(file, 0..0, "no rule, or a template: write out what is forbidden");
        }
        let mut found = Vec::new();
        for (nth, policy) in set.policies().enumerate() {
            let at = place_of_rule(file, nth);
            let rule = self.rule_of(file, nth, policy, at.clone());
            let permits = policy.effect() == Effect::Permit;
            if permits != (file.path() == TABLES) {
                let message = if permits {
                    "a statute forbids and never permits"
                } else {
                    "what the tables permit forbids nothing"
                };
                self.fault(file, at, format!("{message}: move the rule to its own file"));
            }
            found.extend(rule.map(|rule| (policy_id(file, nth), rule, policy.clone())));
        }
        found
    }

    /// The rule that a policy belongs to, by its annotations.
    fn rule_of(&mut self, file: &File<'_, ()>, nth: usize, policy: &Policy, at: Range<usize>) -> Option<RuleId> {
        if let Some((unknown, _)) = policy.annotations().find(|(key, _)| !ANNOTATIONS.contains(key)) {
            self.fault(file, at.clone(), format!("unknown annotation `@{unknown}`: use {}", ANNOTATIONS.join(", ")));
        }
        let Some(id) = policy.annotation("id") else {
            self.fault(file, at, "missing annotation `@id`: each rule has one");
            return None;
        };
        if file.path() == TABLES {
            let known = [GeneralRule::ApplicationList, GeneralRule::DataList].map(GeneralRule::rule);
            let rule = known.into_iter().find(|rule| rule.as_str() == id);
            if rule.is_none() {
                self.fault(file, at, format!("`{id}` is no table: use application-list or data-list"));
            }
            return rule;
        }
        self.named_as_file(file, at.clone(), id);
        let rule = RuleId::parse(&format!("statute/{id}"));
        let Ok(rule) = rule else {
            self.fault(file, at, format!("`{id}` is no name of a statute: use lower-case words joined by `-`"));
            return None;
        };
        if Statute::parse(id).is_none() && !is_asked_when_rows_load(policy) {
            let message = "a statute of a catalogue's own is kept as its rows load: it speaks of `collect`, of `release`, \
                           or of `query` without `context`";
            self.fault(file, at.clone(), message);
        }
        if nth == 0 {
            match legal_source(policy) {
                Ok(legal_source) => {
                    self.are_registered(file, &legal_source);
                    self.rules.insert(rule.clone(), legal_source);
                }
                Err(message) => self.fault(file, at, message),
            }
        }
        Some(rule)
    }

    /// Strict validation; a warning is a fault too, since a rule that can never apply forbids nothing.
    fn validate(&mut self, files: &[File<'_, ()>], schema: &Schema, policies: &PolicySet) {
        let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| (error.policy_id(), place(error), error.to_string()));
        let warnings = result.validation_warnings().map(|it| (it.policy_id(), place(it), it.to_string()));
        for (id, at, message) in errors.chain(warnings) {
            let from = |file: &&File<'_, ()>| {
                let (path, id): (_, &str) = (file.path(), id.as_ref());
                id.strip_prefix(path).is_some_and(|rest| rest.starts_with('#'))
            };
            if let Some(file) = files.iter().find(from) {
                // The message begins with an id that is ours and says nothing to the reader.
                let id: &str = id.as_ref();
                let message = message.replace(&format!("for policy `{id}`, "), "");
                self.fault(file, at, message);
            }
        }
    }

    /// Asks which of the classes that statutes name may not be collected: no row can use these names.
    fn forbidden_classes(&mut self, statutes: &Statutes) {
        let named = statutes.named("Class");
        let nothing = |name| ClassEntity {
            name,
            holds: Holding::Nothing,
            sensitivity: Sensitivity::Forbidden,
            tier: Tier::Second,
        };
        let world = World { classes: named.iter().map(|name| nothing(name)).collect(), ..World::default() };
        let Ok(law) = Law::new(statutes.clone(), &world) else { return };
        for name in &named {
            let by = law.collect(name).by;
            let mut forbidding = Sensitivity::ALL.iter().filter_map(|sensitivity| Self::forbidding(*sensitivity));
            let statute = forbidding.find(|statute| by.contains(&statute.rule()));
            if let (Some(statute), Ok(class)) = (statute, ClassName::parse(name)) {
                self.forbidden.insert(class, statute);
            }
        }
    }

    /// Holds the classes against the statutes: a class that is laxer than it may be does not load.
    pub(super) fn classes_are_lawful(&mut self, files: &[File<'_, ClassRow>], law: &Law) {
        for file in files.iter().filter(|file| Self::forbidding(file.row.sensitivity).is_none()) {
            let answer = law.collect(file.row.class.get_ref().as_str());
            if !answer.allowed {
                let message =
                    format!("class `{}` may not stand as its row says: {}", file.row.class.get_ref(), answer.refusal());
                self.fault(file, file.row.class.span(), message);
            }
        }
    }

    /// Whatever a statute names stands in a row: a slip in a name would forbid nothing.
    pub(super) fn named_have_their_rows(&mut self, files: &[File<'_, ()>], of: &str) {
        // There a scenario is named to be taken for less than the strictest: a slip in the name takes it for the strictest.
        let fails_safe = |file: &File<'_, ()>| of == "Scenario" && file.stem() == Statute::RowsOnlyStricter.as_str();
        for file in files.iter().filter(|file| !fails_safe(file)) {
            let opening = format!("{of}::\"");
            for (start, _) in file.content().match_indices(&opening) {
                let rest = file.content().get(start + opening.len()..).unwrap_or_default();
                let name = rest.split('"').next().unwrap_or_default();
                let (known, row) = match of {
                    "Class" => (self.classes.contains_key(name), "class"),
                    "Asker" => (self.is_asker(name), "kind of institution"),
                    "Scenario" => (self.scenarios.contains_key(name), "scenario"),
                    _ => (self.fields.contains_key(name), "field"),
                };
                if !known {
                    let message = format!("no {row} `{name}` in the catalogue: add its row, or check its name");
                    self.fault(file, start..start, message);
                }
            }
        }
    }

    /// The statutes over the rows that were loaded.
    pub(super) fn law(&mut self, statutes: Statutes) -> Option<Law> {
        let world = World {
            classes: self.classes.values().map(ClassEntity::of).collect(),
            fields: self.fields.values().map(|field| FieldEntity::of(field, |name| self.classes.get(name))).collect(),
            scenarios: self.scenarios.values().map(|row| ScenarioEntity::of(row)).collect(),
            counted: self.kinds.counted().collect(),
        };
        match Law::new(statutes, &world) {
            Ok(law) => Some(law),
            Err(message) => {
                self.fault_in(SCHEMA, &message);
                None
            }
        }
    }
}

/// Whether all that the policy forbids is found when the rows of a catalogue load. What hangs on the request, or on the
/// state of a record, is compiled, and only of the statutes that every catalogue has.
fn is_asked_when_rows_load(policy: &Policy) -> bool {
    let is_one_of = |uid: &EntityUid, actions: &[&str]| actions.contains(&AsRef::<str>::as_ref(uid.id()));
    let only = |actions: &[&str]| match policy.action_constraint() {
        ActionConstraint::Any => false,
        ActionConstraint::In(own) => own.iter().all(|uid| is_one_of(uid, actions)),
        ActionConstraint::Eq(own) => is_one_of(&own, actions),
    };
    let conditions = policy.to_json().ok().and_then(|json| json.get("conditions").map(ToString::to_string));
    let knows_no_request = conditions.is_some_and(|conditions| !conditions.contains(r#""Var":"context""#));
    only(&["collect", "release"]) || (only(&["collect", "query", "release"]) && knows_no_request)
}

fn policy_id(file: &File<'_, ()>, nth: usize) -> PolicyId {
    PolicyId::new(format!("{}#{nth}", file.path()))
}

/// Title and origin of a statute.
fn legal_source(policy: &Policy) -> Result<LegalSource, String> {
    let annotation = |key: &str| {
        policy.annotation(key).ok_or_else(|| format!("missing annotation `@{key}`: say it on the first rule"))
    };
    let (zh, en) = (annotation("title_zh")?, annotation("title_en")?);
    LegalSource::of_annotations(zh, en, annotation("source")?, annotation("citation")?)
}

fn place(error: &dyn Diagnostic) -> Range<usize> {
    let label = error.labels().and_then(|mut labels| labels.next());
    label.map_or(0..0, |label| label.offset()..label.offset() + label.len())
}

/// Where the nth rule of a file begins: at its id.
fn place_of_rule(file: &File<'_, ()>, nth: usize) -> Range<usize> {
    let found = file.content().match_indices("@id(").nth(nth);
    found.map_or(0..0, |(start, _)| start..start)
}
