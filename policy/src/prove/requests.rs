//! Every request: decided, and asked of Cedar.

use jiff::Timestamp;

use super::case::{Counterexample, Finding, Hypothesis, HypotheticalConsent};
use super::proof::{ON, Proof};
use super::records::widest;
use crate::asker::Asker;
use crate::catalogue::{Answer, Catalogue, RequestFacts, Scenario};
use crate::consent::{Bound, Frequency, Maxima, Period, start_of};
use crate::decide::{Decision, decide};
use crate::facts::{ConsentFacts, Facts};
use crate::names::FieldName;

const DAY_S: i64 = 86_400;

/// Every scenario, every asker.
pub(super) fn walk(catalogue: &Catalogue, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
    let fields: Vec<_> = catalogue.fields().iter().map(|field| field.name().clone()).collect();
    for scenario in catalogue.scenarios() {
        let consents = consents(scenario.maxima().unwrap_or(&catalogue.ceilings().consent));
        for asker in catalogue.askers() {
            let mut door = Door { catalogue, scenario, asker, fields: &fields, released: None, proof };
            door.walk(&consents)?;
        }
    }
    Ok(())
}

/// A consent, with the bound by which it is wider than the maxima.
struct Consented {
    wider: Option<Bound>,
    consent: Option<ConsentFacts>,
    /// Whether each field is asked about by itself too, named in the consent and not.
    by_field: bool,
}

/// No consent, the widest that may be, a narrow one, and one wider by each bound; none of them names a field.
fn consents(maxima: &Maxima) -> Vec<Consented> {
    let start = start_of(ON);
    let widest = widest(maxima);
    let mut all = vec![
        Consented { wider: None, consent: None, by_field: true },
        Consented { wider: None, consent: Some(widest.clone()), by_field: true },
    ];
    let narrow = ConsentFacts {
        lifetime_s: 1,
        uses: 1,
        frequency: Frequency { uses: 1, ..widest.frequency },
        look_back: a_day(widest.look_back),
        data_life: a_day(widest.data_life),
        ..widest.clone()
    };
    all.push(Consented { wider: None, consent: Some(narrow), by_field: false });
    all.extend(Bound::ALL.iter().map(|bound| {
        let wide = widest.clone();
        let consent = match bound {
            Bound::Lifetime => ConsentFacts { lifetime_s: wide.lifetime_s.saturating_add(1), ..wide },
            Bound::Uses => ConsentFacts { uses: wide.uses.saturating_add(1), ..wide },
            Bound::Frequency => {
                let frequency = Frequency { uses: wide.frequency.uses.saturating_add(1), ..wide.frequency };
                ConsentFacts { frequency, ..wide }
            }
            Bound::LookBack => ConsentFacts { look_back: a_day_longer(wide.look_back, start), ..wide },
            Bound::DataLife => ConsentFacts { data_life: a_day_longer(wide.data_life, start), ..wide },
        };
        Consented { wider: Some(*bound), consent: Some(consent), by_field: false }
    }));
    all
}

/// A day, and not longer than the period is.
fn a_day(period: Period) -> Period {
    Period::parse("P1D").unwrap_or(period)
}

/// The period that ends a day later, if it starts then.
fn a_day_longer(period: Period, start: Timestamp) -> Period {
    let days = period.end_from(start).duration_since(start).as_secs() / DAY_S;
    Period::parse(&format!("P{}D", days + 1)).unwrap_or(period)
}

/// One asker before one scenario.
struct Door<'a> {
    catalogue: &'a Catalogue,
    scenario: &'a Scenario,
    asker: Asker,
    fields: &'a [FieldName],
    /// What Cedar answers about each field: without a consent that names it, and with one. Asked for when the first
    /// query is allowed: behind a closed door nothing is released, whatever the fields.
    released: Option<Vec<(Answer, Answer)>>,
    proof: &'a mut Proof,
}

/// One request before the door: facts, and what Cedar says of the query.
struct Asked<'a> {
    facts: &'a Facts,
    consented: &'a Consented,
    query: Answer,
}

impl Door<'_> {
    fn walk(&mut self, consents: &[Consented]) -> Result<(), Box<Counterexample>> {
        for suspended in [false, true] {
            for minor in [Some(false), Some(true), None] {
                for case in [true, false] {
                    for consented in consents {
                        let facts = Facts {
                            suspended,
                            minor,
                            case,
                            operator: true,
                            consent: consented.consent.clone(),
                            ..Facts::new(self.asker, ON)
                        };
                        self.request(&facts, consented)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, facts: &Facts, consented: &Consented) -> Result<(), Box<Counterexample>> {
        let known = RequestFacts::of(facts, self.scenario.maxima());
        let query = self.catalogue.law().query(self.asker, self.scenario.name().as_str(), &known);
        self.count(&query);
        let asked = Asked { facts, consented, query };
        self.compare(&asked, facts, None)?;
        // Behind a door that no row opens, one sound request stands for the others.
        let is_sound = !facts.suspended && facts.minor == Some(false) && facts.case;
        if !consented.by_field || !(is_sound || self.scenario.is_open_to(self.asker)) {
            return Ok(());
        }
        for field in self.fields {
            let asks = Facts { fields: Some(vec![field.clone()]), ..facts.clone() };
            self.compare(&asked, &asks, Some(field))?;
            if let Some(consent) = &facts.consent {
                let consent = ConsentFacts { fields: Some(vec![field.clone()]), ..consent.clone() };
                self.compare(&asked, &Facts { consent: Some(consent), ..facts.clone() }, Some(field))?;
            }
        }
        Ok(())
    }

    /// Decides, and compares every field, or the one asked about, with Cedar's answers.
    fn compare(
        &mut self,
        asked: &Asked<'_>,
        facts: &Facts,
        only: Option<&FieldName>,
    ) -> Result<(), Box<Counterexample>> {
        self.proof.decisions += 1;
        let decision = decide(self.catalogue, Some(self.scenario.name()), facts);
        let released = match &decision {
            Decision::Permit(permit) => permit.fields(),
            Decision::Refuse { .. } => &[],
        };
        let compared = only.map_or(self.fields.len(), |_| 1);
        self.proof.comparisons += u64::try_from(compared).unwrap_or(u64::MAX);
        if !asked.query.allowed && released.is_empty() && asked.query.fault.is_none() {
            return Ok(());
        }
        let names = facts.consent.as_ref().is_some_and(|consent| consent.fields.is_some());
        for at in 0..self.fields.len() {
            let Some(field) = self.fields.get(at).filter(|field| only.is_none_or(|only| only == *field)) else {
                continue;
            };
            let (unnamed, named) = self.release_of(at);
            let release = if names { named } else { unnamed };
            // Cedar knows no days: an article that does not hold on this one carries nothing.
            let grounded = self.catalogue.field(field.as_str()).is_some_and(|row| self.scenario.is_grounded(row, ON));
            let allowed = asked.query.allowed && release.allowed && grounded;
            let is_released = released.binary_search(field).is_ok();
            self.proof.released += u64::from(is_released);
            let fault = asked.query.fault.clone().or(release.fault);
            if allowed == is_released && fault.is_none() {
                continue;
            }
            let finding = match (fault.is_some(), is_released) {
                (true, _) => Finding::Undecided,
                (false, true) => Finding::Leaks,
                (false, false) => Finding::Withholds,
            };
            let by = if asked.query.allowed { release.by } else { asked.query.by.clone() };
            let request = self.hypothesis(asked, field, names);
            return Err(Box::new(Counterexample { finding, request, rules: by, fault }));
        }
        Ok(())
    }

    /// What Cedar answers about one field, without a consent that names it and with one.
    fn release_of(&mut self, at: usize) -> (Answer, Answer) {
        if self.released.is_none() {
            let (law, scenario) = (self.catalogue.law(), self.scenario.name().as_str());
            let ask = |field: &FieldName| {
                let field = field.as_str();
                let unnamed = law.release(self.asker, scenario, field, None);
                (unnamed, law.release(self.asker, scenario, field, Some(&[field])))
            };
            let answers: Vec<_> = self.fields.iter().map(ask).collect();
            for (unnamed, named) in &answers {
                self.count(unnamed);
                self.count(named);
            }
            self.released = Some(answers);
        }
        let answers = self.released.as_ref().and_then(|answers| answers.get(at)).cloned();
        answers.unwrap_or_else(|| (Answer::none(), Answer::none()))
    }

    fn count(&mut self, answer: &Answer) {
        self.proof.answers += 1;
        if !answer.allowed {
            for rule in &answer.by {
                *self.proof.forbade.entry(rule.clone()).or_default() += 1;
            }
        }
    }

    fn hypothesis(&self, asked: &Asked<'_>, field: &FieldName, names: bool) -> Hypothesis {
        let consent = asked.facts.consent.as_ref().map(|_| HypotheticalConsent {
            fields: names.then(|| vec![field.to_string()]),
            wider: asked.consented.wider,
        });
        let request = Hypothesis::new(self.asker, self.scenario.name().as_str(), self.scenario.ground());
        let Facts { suspended, minor, case, .. } = *asked.facts;
        Hypothesis { field: Some(field.to_string()), suspended, minor, case, consent, ..request }
    }
}
