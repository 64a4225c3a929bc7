//! Every field that rests on records: does its value show one that a statute keeps back?

use jiff::ToSpan;

use super::case::{Counterexample, Finding, Hypothesis};
use super::proof::{ON, Proof};
use crate::asker::{Asker, Ground};
use crate::catalogue::{Catalogue, Class, RecordState, Scenario, Sensitivity, Width};
use crate::consent::{Maxima, start_of};
use crate::decide::{Decision, Permit, decide};
use crate::facts::{ConsentFacts, Facts};
use crate::history::{History, List, Listing, Record, Severity, Value};
use crate::minimise::{minimise, seal_acts_of_minors};
use crate::names::{ClassName, FieldName};

/// So many records of one state: as many as any count in a reducer might ask for.
const RECORDS: usize = 1000;
/// So many years past, every display period is over.
const LONG_AGO_YEARS: i32 = 100;

pub(super) fn walk(catalogue: &Catalogue, proof: &mut Proof) -> Result<(), Box<Counterexample>> {
    for scenario in catalogue.scenarios() {
        for asker in scenario.askers() {
            for field in scenario.fields() {
                let Some(permit) = permit(catalogue, scenario, asker, field) else { continue };
                let lists = permit.plan().lists().iter().filter_map(|list| class_of(catalogue, *list));
                for class in permit.plan().classes().iter().chain(lists) {
                    let Some(row) = catalogue.class(class.as_str()) else { continue };
                    for state in states(row, scenario) {
                        let tells = tells(catalogue, &permit, row, *state);
                        compare(catalogue, proof, &Told { scenario, asker, field, class, state: *state, tells })?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether an answer with that field shows records of the class in that state.
struct Told<'a> {
    scenario: &'a Scenario,
    asker: Asker,
    field: &'a FieldName,
    class: &'a ClassName,
    state: RecordState,
    tells: bool,
}

fn compare(catalogue: &Catalogue, proof: &mut Proof, told: &Told<'_>) -> Result<(), Box<Counterexample>> {
    let answer = catalogue.law().tell(told.asker, told.class.as_str(), told.state);
    proof.answers += 1;
    proof.states += 1;
    if !answer.allowed {
        for rule in &answer.by {
            *proof.forbade.entry(rule.clone()).or_default() += 1;
        }
    }
    let finding = match (told.tells, answer.allowed, told.state) {
        _ if answer.fault.is_some() => Finding::Undecided,
        (true, false, _) => Finding::TellsRecord,
        (false, true, RecordState::Counts) => Finding::HidesRecord,
        (false, true, RecordState::Expired | RecordState::Repaired | RecordState::KeptOut | RecordState::Sealed) => {
            proof.stricter += 1;
            return Ok(());
        }
        (true, true, _) | (false, false, _) => return Ok(()),
    };
    let (asker, row) = (told.asker, told.scenario);
    let request = Hypothesis {
        field: Some(told.field.to_string()),
        record: Some((told.class.to_string(), told.state)),
        ..Hypothesis::new(asker, row.name().as_str(), row.ground())
    };
    Err(Box::new(Counterexample { finding, request, rules: answer.by, fault: answer.fault }))
}

/// The permit for that field alone. What is not permitted has been proved before.
fn permit(catalogue: &Catalogue, scenario: &Scenario, asker: Asker, field: &FieldName) -> Option<Permit> {
    let fields = Some(vec![field.clone()]);
    let consent = scenario.maxima().filter(|_| scenario.ground() == Ground::Consent);
    let consent = consent.map(|maxima| ConsentFacts { fields: fields.clone(), ..widest(maxima) });
    let facts = Facts { operator: true, case: true, minor: Some(false), consent, fields, ..Facts::new(asker, ON) };
    match decide(catalogue, Some(scenario.name()), &facts) {
        Decision::Permit(permit) => Some(permit),
        Decision::Refuse { .. } => None,
    }
}

/// The widest consent that is taken, to no field by name.
pub(super) fn widest(maxima: &Maxima) -> ConsentFacts {
    ConsentFacts {
        fields: None,
        unknown_fields: false,
        issued_on: ON,
        lifetime_s: Width::of_maxima(maxima, start_of(ON)).lifetime.unsigned_abs(),
        uses: maxima.uses,
        frequency: maxima.frequency,
        look_back: maxima.look_back,
        data_life: maxima.data_life,
    }
}

/// Whether the answer with such records differs from that without, of somebody who has nothing else or of somebody with
/// all that speaks in his or her favour: a field that is yes where several are shows one of them only beside the others.
fn tells(catalogue: &Catalogue, permit: &Permit, class: &Class, state: RecordState) -> bool {
    let positive = |name: &&ClassName| {
        catalogue.class(name.as_str()).is_some_and(|class| class.sensitivity() == Sensitivity::Positive)
    };
    let good: Vec<_> = permit.plan().classes().iter().filter(positive).collect();
    let favourable =
        || good.iter().flat_map(|name| (0..RECORDS).map(|_| record(name, RecordState::Counts))).collect::<Vec<_>>();
    let with = |mut records: Vec<Record>| {
        let mut listings = Vec::new();
        match class.list() {
            None => records.extend((0..RECORDS).map(|_| record(class.name(), state))),
            Some(list) => listings.push(listing(list, state)),
        }
        let mut history = History { records, listings, ..History::default() };
        if state == RecordState::Sealed {
            seal_acts_of_minors(&mut history, catalogue, |_| false);
        }
        value(permit, &history)
    };
    let without = |records| value(permit, &History { records, ..History::default() });
    let of_nobody = with(Vec::new()) != without(Vec::new());
    of_nobody || (!good.is_empty() && with(favourable()) != without(favourable()))
}

fn value(permit: &Permit, history: &History) -> Option<Value> {
    minimise(permit, history, ON).data.into_iter().next().map(|(_, value)| value)
}

/// The states that a record of the class may be in. What a clock keeps out is in no other; sealed is what counts against
/// the person.
fn states(class: &Class, scenario: &Scenario) -> &'static [RecordState] {
    use RecordState::{Counts, Expired, KeptOut, Repaired, Sealed};
    if class.clock().is_some_and(|clock| clock.on(ON).keeps_out(Severity::Serious, scenario.effect())) {
        &[KeptOut]
    } else if class.sensitivity() == Sensitivity::Adverse {
        &[Counts, Expired, Repaired, Sealed]
    } else {
        &[Counts, Expired, Repaired]
    }
}

/// The class of a list.
fn class_of(catalogue: &Catalogue, list: List) -> Option<&ClassName> {
    catalogue.classes().find(|class| class.list() == Some(list)).map(Class::name)
}

/// An entry that was taken from its list stands for a repaired record.
fn listing(list: List, state: RecordState) -> Listing {
    let (from, until) = match state {
        RecordState::Counts | RecordState::KeptOut | RecordState::Sealed => (ON, None),
        RecordState::Expired => {
            let long_ago = ON.saturating_sub(LONG_AGO_YEARS.years());
            (long_ago, Some(long_ago))
        }
        RecordState::Repaired => (ON, Some(ON)),
    };
    Listing { list, from, until, disputed: false }
}

fn record(class: &ClassName, state: RecordState) -> Record {
    let long_ago = ON.saturating_sub(LONG_AGO_YEARS.years());
    let (day, ended, repaired) = match state {
        RecordState::Counts | RecordState::KeptOut | RecordState::Sealed => (ON, None, None),
        RecordState::Expired => (long_ago, Some(long_ago), None),
        RecordState::Repaired => (ON, None, Some(ON)),
    };
    Record {
        class: class.clone(),
        severity: Severity::Serious,
        act: day,
        determined: day,
        sentence_end: Some(day),
        effect_end: ended,
        repaired,
        repair_revoked: None,
        performed: ended,
        amount: None,
        disputed: false,
    }
}
