//! Labels: nothing that a row says of itself opens what statutes keep out of what the row is.
//!
//! Every row is asked for every field of the data list, as if tables permitted all, every kind of institution asks, and each label of scenarios and
//! classes is changed, alone and two together. Ground and disclosure are taken at their word, as statutes of their own
//! bind them: what the row keeps out on the same ground stays out, whatever the other labels say; and neither opens a row to
//! the public or names a person in full to others.

use std::collections::{HashMap, HashSet};

use super::case::{Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow};
use super::proof::Proof;
use crate::asker::{Asker, Ground};
use crate::catalogue::{
    Catalogue, ClassEntity, Disclosure, Field, FieldEntity, Holding, Law, Origin, RequestFacts, Scenario,
    ScenarioEntity, Sensitivity, Statutes, Tier, Width, World,
};

/// A consent as wide as its maxima.
const WIDEST: Width = Width { data_life: 1, frequency: 1, lifetime: 1, look_back: 1, uses: 1 };

/// One label of a row, as it is changed: a flag becomes the other, anything else becomes this.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Restraint,
    BasicPublicService,
    YesNoOnly,
    Disclosure(Disclosure),
    Ground(Ground),
    Sensitivity(Sensitivity),
    Tier(Tier),
    Holds(Holding),
}

impl Label {
    fn of_scenarios() -> Vec<Self> {
        let flags = [Self::Restraint, Self::BasicPublicService, Self::YesNoOnly];
        let disclosures = Disclosure::ALL.iter().map(|disclosure| Self::Disclosure(*disclosure));
        flags.into_iter().chain(disclosures).chain(Ground::ALL.iter().map(|ground| Self::Ground(*ground))).collect()
    }

    /// A class that holds nothing has no field.
    fn of_classes() -> Vec<Self> {
        let sensitivities = Sensitivity::ALL.iter().map(|sensitivity| Self::Sensitivity(*sensitivity));
        let tiers = Tier::ALL.iter().map(|tier| Self::Tier(*tier));
        let holds = Holding::ALL.iter().filter(|holds| **holds != Holding::Nothing).map(|holds| Self::Holds(*holds));
        sensitivities.chain(tiers).chain(holds).collect()
    }

    /// Two changes of one thing are one change.
    fn is_of_the_same(self, other: Self) -> bool {
        self == other || std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    fn is_taken_at_its_word(self) -> bool {
        matches!(self, Self::Disclosure(_) | Self::Ground(_))
    }

    fn text(self) -> String {
        match self {
            Self::Restraint => "restraint".to_owned(),
            Self::BasicPublicService => "basic_public_service".to_owned(),
            Self::YesNoOnly => "yes_no_only".to_owned(),
            Self::Disclosure(disclosure) => format!("disclosure = {disclosure}"),
            Self::Ground(ground) => format!("ground = {ground}"),
            Self::Sensitivity(sensitivity) => format!("sensitivity = {sensitivity}"),
            Self::Tier(tier) => format!("tier = {tier}"),
            Self::Holds(holds) => format!("a class of {holds}"),
        }
    }
}

/// None, each alone, and each two of different things.
fn sets(labels: &[Label]) -> Vec<Vec<Label>> {
    let mut all = vec![Vec::new()];
    for (at, one) in labels.iter().enumerate() {
        all.push(vec![*one]);
        let others = labels.iter().skip(at + 1).filter(|other| !one.is_of_the_same(**other));
        all.extend(others.map(|other| vec![*one, *other]));
    }
    all
}

/// What a row of a scenario says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Said {
    ground: Ground,
    disclosure: Disclosure,
    restraint: bool,
    basic_public_service: bool,
    yes_no_only: bool,
}

impl Said {
    fn of(row: &Scenario, labels: &[Label]) -> Self {
        let mut said = Self {
            ground: row.ground(),
            disclosure: row.disclosure(),
            restraint: row.restraint(),
            basic_public_service: row.basic_public_service(),
            yes_no_only: row.yes_no_only(),
        };
        for label in labels {
            match label {
                Label::Restraint => said.restraint = !said.restraint,
                Label::BasicPublicService => said.basic_public_service = !said.basic_public_service,
                Label::YesNoOnly => said.yes_no_only = !said.yes_no_only,
                Label::Disclosure(disclosure) => said.disclosure = *disclosure,
                Label::Ground(ground) => said.ground = *ground,
                Label::Sensitivity(_) | Label::Tier(_) | Label::Holds(_) => {}
            }
        }
        said
    }

    /// Whoever may ask on its ground, whatever kinds the row names.
    fn askers(self, catalogue: &Catalogue) -> Vec<Asker> {
        let asks = |asker: &Asker| match self.ground {
            Ground::Consent | Ground::Statute => matches!(asker, Asker::Institution(_)),
            Ground::Person => *asker == Asker::Person,
            Ground::Public => *asker == Asker::Public,
        };
        catalogue.askers().filter(asks).collect()
    }
}

pub(super) fn walk(catalogue: &Catalogue, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
    let statutes = catalogue.law().statutes().without_tables().map_err(unanswered)?;
    let mut walk = Walk::new(catalogue, statutes);
    let scenarios = sets(&Label::of_scenarios());
    let mut classes: Vec<_> = sets(&Label::of_classes()).into_iter().map(|set| (set, HashMap::new())).collect();
    for changed in 0..=2 {
        for (classes, released) in classes.iter_mut().filter(|(classes, _)| classes.len() <= changed) {
            for scenarios in scenarios.iter().filter(|scenarios| scenarios.len() + classes.len() == changed) {
                walk.mutant(scenarios, classes, released, proof)?;
            }
        }
    }
    Ok(())
}

/// What statutes release of a row that says so, by asker and field; by the scenario too where statutes name any.
type Released = HashMap<(Option<usize>, Asked), bool>;

/// A field that an asker asks a row for that says so, by a consent that names it or without.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    said: Said,
    asker: Asker,
    field: usize,
    named: bool,
}

struct Walk<'a> {
    catalogue: &'a Catalogue,
    statutes: Statutes,
    scenarios: Vec<&'a Scenario>,
    fields: Vec<&'a Field>,
    /// The askers that statutes about fields name, and those that count as another: all others are alike to them.
    askers: HashSet<String>,
    names_scenarios: bool,
    /// Of each scenario the first that says the same: to statutes about fields they are alike, unless these name any.
    alike: Vec<usize>,
    /// Who may query a row that says so. Statutes about queries know no class.
    doors: HashMap<(usize, Said), Vec<Asker>>,
    /// With all flags and classes as they are.
    kept: Released,
    references: Vec<(Vec<Label>, Law)>,
}

impl<'a> Walk<'a> {
    fn new(catalogue: &'a Catalogue, statutes: Statutes) -> Self {
        let scenarios = catalogue.scenarios();
        let names_scenarios = !statutes.named_about("release", "Scenario").is_empty();
        let said: Vec<_> = scenarios.iter().map(|row| Said::of(row, &[])).collect();
        let alike = |(at, own): (usize, &Said)| {
            let first = said.iter().position(|other| other == own);
            if names_scenarios { at } else { first.unwrap_or(at) }
        };
        Self {
            catalogue,
            alike: said.iter().enumerate().map(alike).collect(),
            scenarios,
            fields: catalogue.fields(),
            askers: {
                let counted = catalogue.kind_rows().counted().map(|(kind, _)| kind.as_str().to_owned());
                statutes.named_about("release", "Asker").into_iter().chain(counted).collect()
            },
            names_scenarios,
            doors: HashMap::new(),
            kept: HashMap::new(),
            references: Vec::new(),
            statutes,
        }
    }

    /// Every scenario with these labels, over classes with those.
    fn mutant(
        &mut self,
        scenarios: &[Label],
        classes: &[Label],
        released: &mut Released,
        proof: &mut Proof,
    ) -> Result<(), Box<Counterexample>> {
        let law = self.law(scenarios, classes)?;
        let collected = self.collected(&law);
        let about: Vec<_> = scenarios.iter().chain(classes).map(|label| label.text()).collect();
        let mut asked = HashSet::new();
        for at in 0..self.scenarios.len() {
            let Some(row) = self.scenarios.get(at).copied() else { continue };
            proof.labels += 1;
            let said = Said::of(row, scenarios);
            for asker in self.door(at, said, &law) {
                let found = |field: Option<&str>| hypothesis(row, said, asker, field, &about);
                let is_open_to_all = asker == Asker::Public && row.ground() != Ground::Public;
                if is_open_to_all || (said.disclosure == Disclosure::Whole && asker != Asker::Person) {
                    return Err(found(None));
                }
                let asker = self.stand_in(asker);
                let alike = self.alike.get(at).copied().unwrap_or(at);
                if !asked.insert((alike, asker)) {
                    continue;
                }
                let by_name = said.ground == Ground::Consent;
                let fields = collected.iter().flat_map(|field| [(*field, false), (*field, true)]);
                for (field, named) in fields.filter(|(_, named)| by_name || !named) {
                    let asked = Asked { said, asker, field, named };
                    let opens =
                        !self.is_released_by_the_row(at, scenarios, asked)? && self.ask(&law, at, asked, released);
                    if opens {
                        return Err(found(self.fields.get(field).map(|field| field.name().as_str())));
                    }
                }
            }
        }
        Ok(())
    }

    /// The fields all of whose classes may stand in the data list.
    fn collected(&self, law: &Law) -> Vec<usize> {
        let classes = self.catalogue.classes().map(|class| class.name().as_str());
        let lawful: HashSet<_> = classes.filter(|class| law.collect(class).allowed).collect();
        let all = self.fields.iter().enumerate();
        all.filter(|(_, field)| field.classes().iter().all(|class| lawful.contains(class.as_str())))
            .map(|(at, _)| at)
            .collect()
    }

    fn door(&mut self, at: usize, said: Said, law: &Law) -> Vec<Asker> {
        if let Some(known) = self.doors.get(&(at, said)) {
            return known.clone();
        }
        let Some(row) = self.scenarios.get(at) else { return Vec::new() };
        let facts =
            RequestFacts { suspended: false, adult: true, case: true, consent: Some(WIDEST), maxima: Some(WIDEST) };
        let mut askers = said.askers(self.catalogue);
        askers.retain(|asker| law.query(*asker, row.name().as_str(), &facts).allowed);
        self.doors.insert((at, said), askers.clone());
        askers
    }

    /// The asker, if statutes about fields name it; else one that stands for all that they do not name.
    fn stand_in(&self, asker: Asker) -> Asker {
        let is_named = |asker: Asker| self.askers.contains(asker.as_str());
        let other = |own: &Asker| matches!(own, Asker::Institution(_)) == matches!(asker, Asker::Institution(_));
        let unnamed = self.catalogue.askers().find(|own| other(own) && !is_named(*own));
        if is_named(asker) { asker } else { unnamed.unwrap_or(asker) }
    }

    /// Whether the row, as it is, releases the field on that ground.
    fn is_released_by_the_row(
        &mut self,
        at: usize,
        labels: &[Label],
        asked: Asked,
    ) -> Result<bool, Box<Counterexample>> {
        let Some(row) = self.scenarios.get(at) else { return Ok(false) };
        let labels: Vec<_> = labels.iter().copied().filter(|label| label.is_taken_at_its_word()).collect();
        let said = Said::of(row, &labels);
        let reference = self.references.iter().position(|(own, _)| *own == labels);
        let reference = if let Some(known) = reference {
            known
        } else {
            let law = self.law(&labels, &[])?;
            self.references.push((labels, law));
            self.references.len() - 1
        };
        let mut kept = std::mem::take(&mut self.kept);
        let law = self.references.get(reference).map(|(_, law)| law);
        let released = law.is_some_and(|law| self.ask(law, at, Asked { said, ..asked }, &mut kept));
        self.kept = kept;
        Ok(released)
    }

    fn ask(&self, law: &Law, at: usize, asked: Asked, known: &mut Released) -> bool {
        let row = self.alike.get(at).and_then(|alike| self.scenarios.get(*alike));
        let (Some(row), Some(made)) = (row, self.fields.get(asked.field)) else { return false };
        *known.entry((self.names_scenarios.then_some(at), asked)).or_insert_with(|| {
            let name = made.name().as_str();
            let named = [name];
            law.release(asked.asker, row.name().as_str(), name, asked.named.then_some(&named[..])).allowed
        })
    }

    fn law(&self, scenarios: &[Label], classes: &[Label]) -> Result<Law, Box<Counterexample>> {
        let made = self.catalogue.classes().map(|class| class_with(ClassEntity::of(class), classes));
        let class = |name: &str| self.catalogue.class(name);
        let fields = self.fields.iter().map(|field| field_with(FieldEntity::of(field, class), classes));
        let names: Vec<_> = self.fields.iter().map(|field| field.name().as_str()).collect();
        let scenario = |row: &&'a Scenario| {
            let said = Said::of(row, scenarios);
            ScenarioEntity {
                name: row.name().as_str(),
                ground: said.ground,
                disclosure: said.disclosure,
                restraint: said.restraint,
                basic_public_service: said.basic_public_service,
                yes_no_only: said.yes_no_only,
                askers: Vec::new(),
                fields: Vec::new(),
                // That an article carries the field is another matter.
                grounded: if said.ground.rests_on_articles() { names.clone() } else { Vec::new() },
            }
        };
        // Queries are asked before any class is changed.
        let is_asked = |at: &usize| classes.is_empty() || self.alike.get(*at) == Some(at);
        let asked = self.scenarios.iter().enumerate().filter(|(at, _)| is_asked(at)).map(|(_, row)| row);
        let scenarios = asked.map(scenario).collect();
        let counted = self.catalogue.kind_rows().counted().collect();
        let world = World { classes: made.collect(), fields: fields.collect(), scenarios, counted };
        Law::new(self.statutes.clone(), &world).map_err(unanswered)
    }
}

/// Cedar cannot be asked at all.
fn unanswered(fault: String) -> Box<Counterexample> {
    let request = Hypothesis::new(Asker::Person, "some-scenario", Ground::Person);
    Box::new(Counterexample { finding: Finding::Undecided, request, rules: Vec::new(), fault: Some(fault) })
}

fn class_with<'a>(class: ClassEntity<'a>, labels: &[Label]) -> ClassEntity<'a> {
    labels.iter().fold(class, |class, label| match label {
        Label::Sensitivity(sensitivity) => ClassEntity { sensitivity: *sensitivity, ..class },
        Label::Tier(tier) => ClassEntity { tier: *tier, ..class },
        Label::Holds(holds) if class.holds != Holding::Nothing => ClassEntity { holds: *holds, ..class },
        Label::Holds(_)
        | Label::Restraint
        | Label::BasicPublicService
        | Label::YesNoOnly
        | Label::Disclosure(_)
        | Label::Ground(_) => class,
    })
}

/// The field, in classes that are labelled so.
fn field_with<'a>(field: FieldEntity<'a>, labels: &[Label]) -> FieldEntity<'a> {
    labels.iter().fold(field, |field, label| match label {
        Label::Sensitivity(sensitivity) => FieldEntity { sensitivities: vec![*sensitivity], ..field },
        Label::Tier(tier) => FieldEntity { tier: *tier, ..field },
        Label::Holds(Holding::Attributes) => FieldEntity { origin: Origin::Attribute, ..field },
        Label::Holds(Holding::List | Holding::Nothing | Holding::Records) => {
            FieldEntity { origin: Origin::Entry, ..field }
        }
        Label::Restraint | Label::BasicPublicService | Label::YesNoOnly | Label::Disclosure(_) | Label::Ground(_) => {
            field
        }
    })
}

fn hypothesis(row: &Scenario, said: Said, asker: Asker, field: Option<&str>, labels: &[String]) -> Box<Counterexample> {
    let Said { ground, disclosure, restraint, basic_public_service, yes_no_only } = said;
    let fields = field.map(|field| vec![field.to_owned()]);
    let request = Hypothesis {
        field: field.map(str::to_owned),
        row: Some(HypotheticalRow { disclosure, restraint, basic_public_service, yes_no_only }),
        labels: labels.to_vec(),
        consent: (ground == Ground::Consent).then_some(HypotheticalConsent { fields, wider: None }),
        ..Hypothesis::new(asker, row.name().as_str(), ground)
    };
    Box::new(Counterexample { finding: Finding::Label, request, rules: Vec::new(), fault: None })
}
