//! The shipped statutes are the floor: a catalogue's own text of one may forbid more and never less.
//!
//! The rows of a catalogue may break no statute, so on them a statute that was weakened and a whole one answer alike.
//! Therefore rows are made up here that no catalogue has. Of askers, classes and scenarios only those are gone through
//! that the two texts name, and one more of each; of actions, facts and attributes those whose word stands in a text:
//! what neither names is all the same to both.

use std::sync::LazyLock;

use super::case::{Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow};
use super::proof::Proof;
use crate::asker::{Asker, Ground};
use crate::catalogue::{
    Answer, Catalogue, ClassEntity, Disclosure, FieldEntity, Holding, Law, Origin, RecordState, RequestFacts,
    ScenarioEntity, Sensitivity, Shape, Statute, Statutes, Tier, Width, World, shipped,
};
use crate::consent::Bound;

const FLAGS: [bool; 2] = [false, true];
/// The maximum of every bound of a hypothetical consent, in the middle of nowhere.
const MAXIMUM: i64 = 1000;
/// The field that a consent names which names another.
const OTHER: &str = "other";

pub(super) fn walk(catalogue: &Catalogue, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
    let own = catalogue.law().statutes();
    let files = shipped();
    let same = |statute: &&Statute| {
        let path = format!("statutes/{statute}.cedar");
        let text = files.iter().find(|(other, _)| *other == path).map(|(_, text)| text.as_str());
        own.text(&path) == text
    };
    let others: Vec<_> = Statute::ALL.iter().filter(|statute| !same(statute)).collect();
    if others.is_empty() {
        return Ok(());
    }
    static FLOOR: LazyLock<Result<Catalogue, String>> = LazyLock::new(|| {
        Catalogue::load(&shipped()).map_err(|faults| faults.first().map(ToString::to_string).unwrap_or_default())
    });
    let floor = FLOOR.as_ref().map_err(|fault| unanswered(None, fault.clone()))?;
    let floor = floor.law().statutes();
    for statute in others {
        match own.only(*statute).and_then(|own| Ok((own, floor.only(*statute)?))) {
            Ok((own, floor)) => {
                let path = format!("statutes/{statute}.cedar");
                let texts = [own.text(&path), floor.text(&path)].map(|text| text.unwrap_or_default().to_owned());
                Pair::new(catalogue, own, floor, texts).walk(proof)?;
            }
            Err(fault) => return Err(unanswered(None, fault)),
        }
    }
    Ok(())
}

/// One statute in two texts, and the names that either knows.
struct Pair<'c> {
    catalogue: &'c Catalogue,
    own: Statutes,
    floor: Statutes,
    askers: Vec<Asker>,
    classes: Vec<Kind>,
    scenarios: Vec<String>,
    texts: [String; 2],
}

/// A kind of class: one that is named, or any other by what statutes see of it.
#[derive(Clone)]
struct Kind {
    name: String,
    holds: Holding,
    sensitivity: Sensitivity,
    tier: Tier,
}

/// A field that no catalogue has.
struct Made<'a> {
    name: String,
    classes: Vec<&'a Kind>,
    shape: Shape,
    origin: Origin,
}

/// A row that no catalogue has.
#[derive(Clone, Copy)]
struct Row {
    ground: Ground,
    flags: HypotheticalRow,
    /// Whether an article carries its fields.
    grounded: bool,
}

/// The same rows, before the law of the catalogue and before the floor.
struct Laws {
    own: Law,
    floor: Law,
}

impl<'c> Pair<'c> {
    fn new(catalogue: &'c Catalogue, own: Statutes, floor: Statutes, texts: [String; 2]) -> Self {
        let either = |of: &str| {
            let mut names: Vec<_> = own.named(of).into_iter().chain(floor.named(of)).collect();
            names.sort();
            names.dedup();
            names
        };
        let named = either("Asker");
        let is_named = |asker: &Asker| named.iter().any(|name| name == asker.as_str());
        // One that counts as another is no stranger to statutes that name that one.
        let counted: Vec<_> = catalogue.kind_rows().counted().map(|(kind, _)| Asker::Institution(kind)).collect();
        let (mut askers, others): (Vec<_>, Vec<_>) =
            catalogue.askers().partition(|asker| is_named(asker) || counted.contains(asker));
        askers.extend(others.first());
        let (holds, tier) = (Holding::Nothing, Tier::Second);
        let forbidden = |name| Kind { name, holds, sensitivity: Sensitivity::Forbidden, tier };
        let mut classes: Vec<_> = either("Class").into_iter().map(forbidden).collect();
        for sensitivity in Sensitivity::ALL {
            for tier in Tier::ALL {
                let name = format!("some-{sensitivity}-{tier}");
                classes.push(Kind { name, holds: Holding::Records, sensitivity: *sensitivity, tier: *tier });
            }
        }
        let mut scenarios = either("Scenario");
        scenarios.push("some-scenario".to_owned());
        Self { catalogue, own, floor, askers, classes, scenarios, texts }
    }

    /// Whether the word stands in either text.
    fn names(&self, word: &str) -> bool {
        self.texts.iter().any(|text| text.contains(word))
    }

    /// Whether either text may speak of that action: by its name, or of all actions.
    fn acts(&self, action: &str) -> bool {
        self.names(&format!("\"{action}\"")) || self.names("action,") || self.names("action )")
    }

    /// All of the values where the word stands in either text, else the first: what neither names makes no difference.
    fn varied<T: Copy>(&self, word: &str, all: &[T]) -> Vec<T> {
        let most = if self.names(word) { all.len() } else { 1 };
        all.iter().copied().take(most).collect()
    }

    fn walk(&self, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        let rows = self.rows();
        if let Some(row) = rows.first().filter(|_| self.acts("collect") || self.acts("tell")) {
            self.classes(*row, proof)?;
        }
        let fields = if self.acts("release") { self.fields() } else { Vec::new() };
        let asks_queries = self.acts("query");
        for row in rows {
            let laws = self.laws(row, &self.classes, &fields)?;
            for asker in &self.askers {
                for scenario in &self.scenarios {
                    let about = hypothesis(*asker, scenario, row);
                    if asks_queries {
                        self.queries(&laws, &about, proof)?;
                    }
                    for field in &fields {
                        self.releases(&laws, &about, field, proof)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What is asked of classes, whatever the row: each as it might stand in the data list.
    fn classes(&self, row: Row, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        for holds in self.varied("holds", Holding::ALL) {
            for sensitivity in self.varied("sensitivity", Sensitivity::ALL) {
                for tier in self.varied("tier", Tier::ALL) {
                    let as_it_stands = |kind: &Kind| Kind { holds, sensitivity, tier, ..kind.clone() };
                    let classes: Vec<_> = self.classes.iter().map(as_it_stands).collect();
                    self.classes_as(row, &classes, proof)?;
                }
            }
        }
        Ok(())
    }

    fn classes_as(&self, row: Row, classes: &[Kind], proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        let laws = self.laws(row, classes, &[])?;
        for class in classes {
            for asker in &self.askers {
                let about = hypothesis(*asker, "some-scenario", row);
                for state in RecordState::ALL {
                    compare(
                        &laws,
                        proof,
                        |law| law.tell(*asker, &class.name, *state),
                        || Hypothesis { record: Some((class.name.clone(), *state)), ..about.clone() },
                    )?;
                }
                compare(
                    &laws,
                    proof,
                    |law| law.collect(&class.name),
                    || Hypothesis { field: Some(class.name.clone()), ..about.clone() },
                )?;
            }
        }
        Ok(())
    }

    /// One field, with and without a consent that names it.
    fn releases(
        &self,
        laws: &Laws,
        about: &Hypothesis,
        field: &Made<'_>,
        proof: &mut Proof,
    ) -> Result<(), Box<Counterexample>> {
        for named in self.varied("named", &[None, Some(field.name.as_str()), Some(OTHER)]) {
            let ask = |law: &Law| {
                law.release(about.asker, &about.scenario, &field.name, named.as_ref().map(std::slice::from_ref))
            };
            compare(laws, proof, ask, || {
                let fields = named.map(|named| vec![named.to_owned()]);
                let consent = Some(HypotheticalConsent { fields, wider: None });
                Hypothesis { field: Some(field.name.clone()), consent, ..about.clone() }
            })?;
        }
        Ok(())
    }

    /// A field of each shape and origin in each class, and in each class and one more.
    fn fields(&self) -> Vec<Made<'_>> {
        let mut all = Vec::new();
        let other = self.classes.last();
        for shape in self.varied("shape", Shape::ALL) {
            for origin in self.varied("origin", Origin::ALL) {
                for class in &self.classes {
                    let made = |name, classes| Made { name, classes, shape, origin };
                    all.push(made(format!("{} {shape} {origin}", class.name), vec![class]));
                    let both = other.map(|other| vec![class, other]).unwrap_or_default();
                    all.push(made(format!("{} and another {shape} {origin}", class.name), both));
                }
            }
        }
        all
    }

    fn laws(&self, row: Row, classes: &[Kind], fields: &[Made<'_>]) -> Result<Laws, Box<Counterexample>> {
        let world = self.world(row, classes, fields);
        let laws = Law::new(self.own.clone(), &world).and_then(|own| {
            let floor = Law::new(self.floor.clone(), &world)?;
            Ok(Laws { own, floor })
        });
        laws.map_err(|fault| unanswered(Some(row), fault))
    }

    fn world<'a>(&'a self, row: Row, classes: &'a [Kind], fields: &'a [Made<'a>]) -> World<'a> {
        let classes = classes.iter().map(|class| ClassEntity {
            name: &class.name,
            holds: class.holds,
            sensitivity: class.sensitivity,
            tier: class.tier,
        });
        let field = |made: &'a Made<'a>| FieldEntity {
            name: &made.name,
            classes: made.classes.iter().map(|class| class.name.as_str()).collect(),
            sensitivities: made.classes.iter().map(|class| class.sensitivity).collect(),
            origin: made.origin,
            shape: made.shape,
            tier: made.classes.iter().map(|class| class.tier).max().unwrap_or(Tier::First),
        };
        let names = fields.iter().map(|made| made.name.as_str());
        let scenario = |name: &'a String| ScenarioEntity {
            name,
            ground: row.ground,
            disclosure: row.flags.disclosure,
            restraint: row.flags.restraint,
            basic_public_service: row.flags.basic_public_service,
            yes_no_only: row.flags.yes_no_only,
            askers: self.catalogue.askers().collect(),
            fields: names.clone().collect(),
            grounded: if row.grounded { names.clone().collect() } else { Vec::new() },
        };
        World {
            classes: classes.collect(),
            fields: fields.iter().map(field).collect(),
            scenarios: self.scenarios.iter().map(scenario).collect(),
            counted: self.catalogue.kind_rows().counted().collect(),
        }
    }

    /// Every row that could be written.
    fn rows(&self) -> Vec<Row> {
        let mut all = Vec::new();
        for ground in self.varied("ground", Ground::ALL) {
            for restraint in self.varied("restraint", &FLAGS) {
                for basic_public_service in self.varied("basic_public_service", &FLAGS) {
                    for yes_no_only in self.varied("yes_no_only", &FLAGS) {
                        for disclosure in self.varied("disclosure", Disclosure::ALL) {
                            let flags = HypotheticalRow { disclosure, restraint, basic_public_service, yes_no_only };
                            for grounded in self.varied("grounded", &[true, false]) {
                                all.push(Row { ground, flags, grounded });
                            }
                        }
                    }
                }
            }
        }
        all
    }

    /// Every query of one asker: suspended, minor, case, and consents about the maxima.
    fn queries(&self, laws: &Laws, about: &Hypothesis, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        let consents = self.varied("consent", &consents().collect::<Vec<_>>());
        let maxima = self.varied("maxima", &[Some(WIDEST), None]);
        let [suspended, adult, case] = ["suspended", "adult", "case"].map(|word| self.varied(word, &FLAGS));
        for suspended in suspended {
            for adult in adult.iter().copied() {
                for case in case.iter().copied() {
                    for (wider, consent) in consents.iter().copied() {
                        for maxima in maxima.iter().copied() {
                            let facts = RequestFacts { suspended, adult, case, consent, maxima };
                            compare(
                                laws,
                                proof,
                                |law| law.query(about.asker, &about.scenario, &facts),
                                || {
                                    let consent = consent.map(|_| HypotheticalConsent { fields: None, wider });
                                    Hypothesis { suspended, minor: Some(!adult), case, consent, ..about.clone() }
                                },
                            )?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Cedar cannot be asked at all.
fn unanswered(row: Option<Row>, fault: String) -> Box<Counterexample> {
    let ground = row.map_or(Ground::Person, |row| row.ground);
    let request =
        Hypothesis { row: row.map(|row| row.flags), ..Hypothesis::new(Asker::Person, "some-scenario", ground) };
    Box::new(Counterexample { finding: Finding::Undecided, request, rules: Vec::new(), fault: Some(fault) })
}

/// A query without anything amiss, on a row that no catalogue has.
fn hypothesis(asker: Asker, scenario: &str, row: Row) -> Hypothesis {
    Hypothesis { row: Some(row.flags), ..Hypothesis::new(asker, scenario, row.ground) }
}

const WIDEST: Width =
    Width { data_life: MAXIMUM, frequency: MAXIMUM, lifetime: MAXIMUM, look_back: MAXIMUM, uses: MAXIMUM };

fn consents() -> impl Iterator<Item = (Option<Bound>, Option<Width>)> {
    let wider = |bound: &Bound| {
        let more = MAXIMUM + 1;
        let width = match bound {
            Bound::Lifetime => Width { lifetime: more, ..WIDEST },
            Bound::Uses => Width { uses: more, ..WIDEST },
            Bound::Frequency => Width { frequency: more, ..WIDEST },
            Bound::LookBack => Width { look_back: more, ..WIDEST },
            Bound::DataLife => Width { data_life: more, ..WIDEST },
        };
        (Some(*bound), Some(width))
    };
    [(None, None), (None, Some(WIDEST))].into_iter().chain(Bound::ALL.iter().map(wider))
}

/// The catalogue's statute allows nothing that the floor forbids.
fn compare(
    laws: &Laws,
    proof: &mut Proof,
    ask: impl Fn(&Law) -> Answer,
    about: impl Fn() -> Hypothesis,
) -> Result<(), Box<Counterexample>> {
    proof.floor += 1;
    let own = ask(&laws.own);
    if !own.allowed {
        return Ok(());
    }
    let floor = ask(&laws.floor);
    if floor.allowed {
        return Ok(());
    }
    let finding = if floor.fault.is_some() { Finding::Undecided } else { Finding::Laxer };
    Err(Box::new(Counterexample { finding, request: about(), rules: floor.by, fault: floor.fault }))
}
