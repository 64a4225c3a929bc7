//! The shipped statutes are the floor: a catalogue's own text of one may forbid more and never less.
//!
//! The rows of a catalogue may break no statute, so on them a statute that was weakened and a whole one answer alike.
//! Therefore rows are made up here that no catalogue has. Of askers, classes and scenarios only those are gone through
//! that the two texts name, and one more of each: what neither names is all the same to both.

use super::case::{Counterexample, Finding, Hypothesis, HypotheticalConsent, HypotheticalRow};
use super::proof::Proof;
use crate::asker::{Asker, Ground};
use crate::catalogue::{
    Answer, Catalogue, ClassEntity, Disclosure, FieldEntity, Law, RecordState, RequestFacts, ScenarioEntity,
    Sensitivity, Shape, Statute, Statutes, Tier, Width, World, shipped,
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
    let floor = Catalogue::load(&files).map_err(|faults| {
        let fault = faults.first().map(ToString::to_string).unwrap_or_default();
        unanswered(None, fault)
    })?;
    let floor = floor.law().statutes();
    for statute in others {
        match own.only(*statute).and_then(|own| Ok((own, floor.only(*statute)?))) {
            Ok((own, floor)) => Pair::new(own, floor).walk(proof)?,
            Err(fault) => return Err(unanswered(None, fault)),
        }
    }
    Ok(())
}

/// One statute in two texts, and the names that either knows.
struct Pair {
    own: Statutes,
    floor: Statutes,
    askers: Vec<Asker>,
    classes: Vec<Kind>,
    scenarios: Vec<String>,
}

/// A kind of class: one that is named, or any other by what statutes see of it.
struct Kind {
    name: String,
    sensitivity: Sensitivity,
    tier: Tier,
}

/// A row that no catalogue has.
#[derive(Clone, Copy)]
struct Row {
    ground: Ground,
    flags: HypotheticalRow,
}

/// The same rows, before the law of the catalogue and before the floor.
struct Laws {
    own: Law,
    floor: Law,
}

impl Pair {
    fn new(own: Statutes, floor: Statutes) -> Self {
        let either = |of: &str| {
            let mut names: Vec<_> = own.named(of).into_iter().chain(floor.named(of)).collect();
            names.sort();
            names.dedup();
            names
        };
        let named = either("Asker");
        let is_named = |asker: &Asker| named.iter().any(|name| name == asker.as_str());
        let mut askers: Vec<_> = Asker::all().filter(is_named).collect();
        askers.extend(Asker::all().find(|asker| !is_named(asker)));
        let forbidden = |name| Kind { name, sensitivity: Sensitivity::Forbidden, tier: Tier::Second };
        let mut classes: Vec<_> = either("Class").into_iter().map(forbidden).collect();
        for sensitivity in Sensitivity::ALL {
            for tier in Tier::ALL {
                let name = format!("some-{sensitivity}-{tier}");
                classes.push(Kind { name, sensitivity: *sensitivity, tier: *tier });
            }
        }
        let mut scenarios = either("Scenario");
        scenarios.push("some-scenario".to_owned());
        Self { own, floor, askers, classes, scenarios }
    }

    fn walk(&self, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        for (nth, row) in rows().enumerate() {
            let fields = self.fields();
            let world = self.world(row, &fields);
            let laws = Law::new(self.own.clone(), &world).and_then(|own| {
                let floor = Law::new(self.floor.clone(), &world)?;
                Ok(Laws { own, floor })
            });
            let laws = laws.map_err(|fault| unanswered(Some(row), fault))?;
            if nth == 0 {
                self.classes(&laws, row, proof)?;
            }
            for asker in &self.askers {
                for scenario in &self.scenarios {
                    let about = hypothesis(*asker, scenario, row);
                    queries(&laws, &about, proof)?;
                    for (field, ..) in &fields {
                        for named in [None, Some(field.as_str()), Some(OTHER)] {
                            let ask = |law: &Law| {
                                law.release(*asker, scenario, field, named.as_ref().map(std::slice::from_ref))
                            };
                            compare(&laws, proof, ask, || {
                                let fields = named.map(|named| vec![named.to_owned()]);
                                let consent = Some(HypotheticalConsent { fields, wider: None });
                                Hypothesis { field: Some(field.clone()), consent, ..about.clone() }
                            })?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What is asked of classes, whatever the row.
    fn classes(&self, laws: &Laws, row: Row, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
        for class in &self.classes {
            for asker in &self.askers {
                let about = hypothesis(*asker, "some-scenario", row);
                for state in RecordState::ALL {
                    compare(
                        laws,
                        proof,
                        |law| law.tell(*asker, &class.name, *state),
                        || Hypothesis { record: Some((class.name.clone(), *state)), ..about.clone() },
                    )?;
                }
                compare(
                    laws,
                    proof,
                    |law| law.collect(&class.name),
                    || Hypothesis { field: Some(class.name.clone()), ..about.clone() },
                )?;
            }
        }
        Ok(())
    }

    /// A field of each shape in each class, by name.
    fn fields(&self) -> Vec<(String, &Kind, Shape)> {
        let each = |class| Shape::ALL.iter().map(move |shape| (class, *shape));
        let all = self.classes.iter().flat_map(each);
        all.map(|(class, shape): (&Kind, Shape)| (format!("{} {shape}", class.name), class, shape)).collect()
    }

    fn world<'a>(&'a self, row: Row, fields: &'a [(String, &'a Kind, Shape)]) -> World<'a> {
        let classes = self.classes.iter().map(|class| ClassEntity {
            name: &class.name,
            sensitivity: class.sensitivity,
            tier: class.tier,
        });
        let field = |(name, class, shape): &'a (String, &'a Kind, Shape)| FieldEntity {
            name,
            classes: vec![&class.name],
            sensitivities: vec![class.sensitivity],
            shape: *shape,
            tier: class.tier,
        };
        let names = fields.iter().map(|(name, ..)| name.as_str());
        let scenario = |name: &'a String| ScenarioEntity {
            name,
            ground: row.ground,
            disclosure: row.flags.disclosure,
            restraint: row.flags.restraint,
            basic_public_service: row.flags.basic_public_service,
            yes_no_only: row.flags.yes_no_only,
            askers: Asker::all().collect(),
            fields: names.clone().collect(),
        };
        World {
            classes: classes.collect(),
            fields: fields.iter().map(field).collect(),
            scenarios: self.scenarios.iter().map(scenario).collect(),
        }
    }
}

/// Cedar cannot be asked at all.
fn unanswered(row: Option<Row>, fault: String) -> Box<Counterexample> {
    let ground = row.map_or(Ground::Person, |row| row.ground);
    let request =
        Hypothesis { row: row.map(|row| row.flags), ..Hypothesis::new(Asker::Person, "some-scenario", ground) };
    Box::new(Counterexample { finding: Finding::Undecided, request, rules: Vec::new(), fault: Some(fault) })
}

/// Every row that could be written.
fn rows() -> impl Iterator<Item = Row> {
    let flags = |ground| {
        FLAGS.into_iter().flat_map(move |restraint| {
            FLAGS.into_iter().flat_map(move |basic_public_service| {
                FLAGS.into_iter().flat_map(move |yes_no_only| {
                    Disclosure::ALL.iter().map(move |disclosure| Row {
                        ground,
                        flags: HypotheticalRow {
                            disclosure: *disclosure,
                            restraint,
                            basic_public_service,
                            yes_no_only,
                        },
                    })
                })
            })
        })
    };
    Ground::ALL.iter().flat_map(move |ground| flags(*ground))
}

/// A query without anything amiss, on a row that no catalogue has.
fn hypothesis(asker: Asker, scenario: &str, row: Row) -> Hypothesis {
    Hypothesis { row: Some(row.flags), ..Hypothesis::new(asker, scenario, row.ground) }
}

/// Every query of one asker: suspended, minor, case, and consents about the maxima.
fn queries(laws: &Laws, about: &Hypothesis, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
    for suspended in FLAGS {
        for adult in FLAGS {
            for case in FLAGS {
                for (wider, consent) in consents() {
                    for maxima in [Some(WIDEST), None] {
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
