//! The compiled form of scenarios: what a decision needs, ready at load.

use std::sync::Arc;

use jiff::civil::Date;

use super::basis::{Basis, Grounding};
use super::clock::Effect;
use super::field::{FetchPlan, Field, Released};
use super::legal_source::{Language, LegalSource};
use super::memo::Memo;
use super::source::Rank;
use crate::asker::{Asker, Ground, InstitutionKind};
use crate::consent::{Maxima, Period};
use crate::names::{FieldName, RuleId, ScenarioName};
use crate::words::words;

words! {
    /// How the person is named in an answer (R23).
    "disclosure" pub Disclosure {
        /// By a pseudonym.
        Pseudonym = "pseudonym",
        /// By name and number with most of them covered.
        Masked = "masked",
        /// By the whole name and number.
        Whole = "whole",
    }
}

/// One row of the application list: who may ask, on which ground, for which fields, within which bounds.
#[derive(Debug)]
pub struct Scenario {
    pub(super) name: ScenarioName,
    pub(super) legal_source: LegalSource,
    pub(super) ground: Ground,
    pub(super) kinds: Vec<InstitutionKind>,
    pub(super) released: Arc<Released>,
    /// Those of its row that no article carries here.
    pub(super) withheld: Vec<Arc<Field>>,
    /// What it rests on by its row, whether it counts here or not; nothing on a ground other than statute.
    pub(super) bases: Vec<Basis>,
    /// The articles that its fields rest on here, whatever the day.
    pub(super) grounding: Grounding,
    pub(super) consent_on_file: bool,
    /// Those of its fields that a consent need not name.
    pub(super) first_tier: Arc<Released>,
    pub(super) purpose_group: String,
    pub(super) restraint: bool,
    pub(super) basic_public_service: bool,
    pub(super) yes_no_only: bool,
    pub(super) disclosure: Disclosure,
    pub(super) case_limit: u32,
    pub(super) data_life: Period,
    pub(super) maxima: Option<Maxima>,
    pub(super) notice: String,
    pub(super) automated_decision_notice: bool,
    pub(super) assessment: Option<String>,
    pub(super) sealed_bytes: u16,
    pub(super) rules: Vec<RuleId>,
    pub(super) lately: Lately,
}

/// What was found of a scenario for a day.
#[derive(Debug, Default)]
pub(super) struct Lately {
    cited: Memo<(Asker, Date), Arc<Cited>>,
    released: Memo<Date, Arc<Released>>,
}

/// On what a query rests.
#[derive(Debug, PartialEq, Eq)]
pub struct Cited {
    /// Instruments with article and rank, the highest first, separated by `；`: the leaf's `ground.statute`.
    pub statute: Box<str>,
    /// The lowest rank among them: the leaf's `ground.rank`.
    pub rank: Option<Rank>,
}

impl Scenario {
    /// The name in the application list and in queries.
    #[must_use]
    pub fn name(&self) -> &ScenarioName {
        &self.name
    }

    /// Its title for readers.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        self.legal_source.title(language)
    }

    /// The rows of the source documents from which it comes.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.legal_source.sources()
    }

    /// The legal ground on which it stands.
    #[must_use]
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// The instruments that are its ground here, each with article and rank, whoever asks and whenever; `None` on another
    /// ground.
    #[must_use]
    pub fn statute(&self) -> Option<&str> {
        (self.ground == Ground::Statute).then_some(&*self.grounding.statute)
    }

    /// The instruments on which a query of that asker rests on that day. `None` on another ground.
    #[must_use]
    pub fn cited(&self, asker: Asker, on: Date) -> Option<Arc<Cited>> {
        let of_day = || self.lately.cited.get((asker, on), || Arc::new(self.cited_by(asker, on)));
        (self.ground == Ground::Statute).then(of_day)
    }

    fn cited_by(&self, asker: Asker, on: Date) -> Cited {
        let empowers = |basis: &Basis| match asker {
            Asker::Institution(kind) => basis.empowers(kind),
            Asker::Person | Asker::Public => false,
        };
        let counts = |basis: &Basis| empowers(basis) && basis.source().holds_on(on);
        let Grounding { statute, rank } = Grounding::of(self.field_rows(), &self.bases, counts);
        Cited { statute: statute.into_boxed_str(), rank }
    }

    /// The lowest rank among them.
    #[must_use]
    pub fn rank(&self) -> Option<Rank> {
        self.grounding.rank
    }

    /// What it rests on by its row, here and elsewhere; nothing on the grounds of consent and of the person.
    #[must_use]
    pub fn bases(&self) -> &[Basis] {
        &self.bases
    }

    /// The articles that carry one of its fields here, in the order of the row.
    pub fn bases_here(&self) -> impl Iterator<Item = &Basis> {
        let carries = |basis: &&Basis| self.field_rows().any(|field| basis.carries(field));
        self.bases.iter().filter(|basis| basis.unused().is_none()).filter(carries)
    }

    /// The fields of its row that no article carries here, sorted by name.
    pub fn withheld(&self) -> impl Iterator<Item = &Field> {
        self.withheld.iter().map(Arc::as_ref)
    }

    /// Whether something carries the field on that day: on the grounds of statute and of the public an article that holds
    /// then.
    pub(crate) fn is_grounded(&self, field: &Field, on: Date) -> bool {
        let carries = |basis: &Basis| basis.unused().is_none() && basis.source().holds_on(on) && basis.carries(field);
        !self.ground.rests_on_articles() || self.bases.iter().any(carries)
    }

    /// Whether the rule wants the applicant's written consent in the institution's file.
    #[must_use]
    pub fn consent_on_file(&self) -> bool {
        self.consent_on_file
    }

    /// Whether somebody may use it.
    #[must_use]
    pub fn is_open_to(&self, asker: Asker) -> bool {
        match (self.ground, asker) {
            (Ground::Consent | Ground::Statute, Asker::Institution(kind)) => self.kinds.contains(&kind),
            (Ground::Person, Asker::Person) | (Ground::Public, Asker::Public) => true,
            (Ground::Consent | Ground::Statute, Asker::Person | Asker::Public)
            | (Ground::Person, Asker::Institution(_) | Asker::Public)
            | (Ground::Public, Asker::Institution(_) | Asker::Person) => false,
        }
    }

    /// The kinds of institution that may use it, sorted; none where the person or the public asks.
    #[must_use]
    pub fn kinds(&self) -> &[InstitutionKind] {
        &self.kinds
    }

    /// Everybody who may use it.
    pub(crate) fn askers(&self) -> Vec<Asker> {
        match self.ground {
            Ground::Consent | Ground::Statute => self.kinds.iter().map(|kind| Asker::Institution(*kind)).collect(),
            Ground::Person => vec![Asker::Person],
            Ground::Public => vec![Asker::Public],
        }
    }

    /// The fields that it releases, sorted by name.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        self.released.names()
    }

    /// Those of its fields that open only to a consent that names them, sorted by name; none on another ground.
    pub fn second_tier(&self) -> impl Iterator<Item = &FieldName> {
        let by_name = |field: &&FieldName| self.ground == Ground::Consent && self.first_tier.field(field).is_none();
        self.fields().iter().filter(by_name)
    }

    /// The group of purposes within which a person's pseudonym stays the same.
    #[must_use]
    pub fn purpose_group(&self) -> &str {
        &self.purpose_group
    }

    /// The fields, sorted by name: what statutes say of classes and shapes is said of these.
    pub fn field_rows(&self) -> impl Iterator<Item = &Field> {
        self.released.fields().iter().map(Arc::as_ref)
    }

    /// What stores are asked for where all of its fields are released.
    #[must_use]
    pub fn plan(&self) -> &Arc<FetchPlan> {
        self.released.plan()
    }

    /// Whether its answers serve to restrain a person (失信惩戒; R22).
    #[must_use]
    pub fn restraint(&self) -> bool {
        self.restraint
    }

    /// What its answers do with a record.
    pub(crate) fn effect(&self) -> Effect {
        match self.ground {
            Ground::Public => Effect::Publication,
            Ground::Consent | Ground::Statute | Ground::Person if self.restraint => Effect::Use,
            Ground::Consent | Ground::Statute | Ground::Person => Effect::Sharing,
        }
    }

    /// Whether it is about a basic public service (R22).
    #[must_use]
    pub fn basic_public_service(&self) -> bool {
        self.basic_public_service
    }

    /// Whether it may say yes or no and nothing else (R28).
    #[must_use]
    pub fn yes_no_only(&self) -> bool {
        self.yes_no_only
    }

    /// How the person is named in its answers.
    #[must_use]
    pub fn disclosure(&self) -> Disclosure {
        self.disclosure
    }

    /// The widest consent that it takes; `None` on another ground.
    #[must_use]
    pub fn maxima(&self) -> Option<&Maxima> {
        self.maxima.as_ref()
    }

    /// How many look-ups on one person one case allows.
    #[must_use]
    pub fn case_limit(&self) -> u32 {
        self.case_limit
    }

    /// The last day on which the institution may keep an answer of that day, if no consent says less.
    #[must_use]
    pub fn keep_until(&self, on: Date) -> Date {
        self.data_life.last_day(on)
    }

    /// How long an answer may be kept.
    #[must_use]
    pub fn data_life(&self) -> Period {
        self.data_life
    }

    /// The notice to the person: `owed`, `deferred until …` or `exempt by …` (PIPL art. 18 and 35).
    #[must_use]
    pub fn notice(&self) -> &str {
        &self.notice
    }

    /// Whether answers carry the notice of automated decisions (PIPL art. 24).
    #[must_use]
    pub fn automated_decision_notice(&self) -> bool {
        self.automated_decision_notice
    }

    /// The report of the impact assessment of its look-ups, as it is filed (PIPL, art. 55 and 56); `None` where the row
    /// names none.
    #[must_use]
    pub fn assessment(&self) -> Option<&str> {
        self.assessment.as_deref()
    }

    /// How long the sealed part of its records is inside, in bytes: 1,024 or 2,048, whoever the person is.
    #[must_use]
    pub fn sealed_bytes(&self) -> u16 {
        self.sealed_bytes
    }

    /// The rules that a permit of it names.
    pub(crate) fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// All of its fields.
    pub(crate) fn released(&self) -> &Arc<Released> {
        &self.released
    }

    /// Those of its fields whose ground holds on that day: nearly always all.
    pub(crate) fn released_on(&self, on: Date) -> Arc<Released> {
        self.lately.released.get(on, || self.grounded_on(on))
    }

    fn grounded_on(&self, on: Date) -> Arc<Released> {
        if self.field_rows().all(|field| self.is_grounded(field, on)) {
            return Arc::clone(&self.released);
        }
        let held = self.released.fields().iter().filter(|field| self.is_grounded(field, on));
        Arc::new(Released::new(held.map(Arc::clone).collect()))
    }

    /// Those of its fields that a consent need not name.
    pub(crate) fn first_tier(&self) -> &Arc<Released> {
        &self.first_tier
    }
}

/// What no row of the catalogue goes beyond.
#[derive(Clone, Debug)]
pub struct Ceilings {
    /// The widest consent of any scenario. No answer of any ground is kept longer than its `data_life`.
    pub consent: Maxima,
    /// The most look-ups on one person under one case.
    pub case_limit: u32,
}
