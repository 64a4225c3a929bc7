//! Requests about a catalogue, each with what the product decides: lines for the evaluator.

use credit_policy::{
    Asker, Catalogue, ClassName, ConsentFacts, Decision, Facts, FieldName, Ground, History, List, Listing, Permit,
    Record, RecordState, Scenario, Sensitivity, Severity, Value,
    consent::{Frequency, Maxima, Period},
    decide, minimise, seal_acts_of_minors,
};
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

use super::random::Random;

/// The day of every request; the evaluator has it too.
const ON: Date = date(2026, 11, 22);
/// As many as any count might ask for.
const RECORDS: usize = 10;

fn period(text: &str) -> Period {
    Period::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The widest consent that a scenario takes, or one within every ceiling where it takes none.
fn widest(maxima: Option<&Maxima>) -> ConsentFacts {
    let common = ConsentFacts {
        fields: None,
        unknown_fields: false,
        issued_on: ON,
        lifetime_s: 3_600,
        uses: 1,
        frequency: Frequency { uses: 1, per: period("P1M") },
        look_back: period("P1Y"),
        data_life: period("P1D"),
    };
    maxima.map_or(common.clone(), |maxima| ConsentFacts {
        lifetime_s: days(maxima.lifetime) * 86_400,
        uses: maxima.uses,
        frequency: maxima.frequency,
        look_back: maxima.look_back,
        data_life: maxima.data_life,
        ..common
    })
}

fn days(period: Period) -> u64 {
    u64::try_from((period.last_day(ON) - ON).get_days()).unwrap()
}

fn longer(of: Period) -> Period {
    period(&format!("P{}D", days(of) + 1))
}

/// None, the widest, one wider by each bound, and a narrow one.
fn consents(maxima: Option<&Maxima>) -> Vec<Option<ConsentFacts>> {
    let widest = widest(maxima);
    let frequency = Frequency { uses: widest.frequency.uses + 1, ..widest.frequency };
    let day = period("P1D");
    let narrow = ConsentFacts { lifetime_s: 1, uses: 1, look_back: day, data_life: day, ..widest.clone() };
    let wider = [
        ConsentFacts { lifetime_s: widest.lifetime_s + 1, ..widest.clone() },
        ConsentFacts { uses: widest.uses + 1, ..widest.clone() },
        ConsentFacts { frequency, ..widest.clone() },
        ConsentFacts { look_back: longer(widest.look_back), ..widest.clone() },
        ConsentFacts { data_life: longer(widest.data_life), ..widest.clone() },
    ];
    [None, Some(widest), Some(narrow)].into_iter().chain(wider.map(Some)).collect()
}

/// A request with nothing amiss.
fn sound(asker: Asker) -> Facts {
    Facts { operator: true, case: true, minor: Some(false), ..Facts::new(asker, ON) }
}

fn permit(rules: &Catalogue, row: &Scenario, facts: &Facts) -> Option<Permit> {
    match decide(rules, Some(row.name()), facts) {
        Decision::Permit(permit) => Some(permit),
        Decision::Refuse { .. } => None,
    }
}

/// The question, and what is released. `fields` are those that are compared; all of the catalogue where there is none.
fn line(row: &Scenario, facts: &Facts, released: &[FieldName], fields: Option<&[FieldName]>, exactly: bool) -> Json {
    let consent = facts.consent.as_ref().map(|consent| {
        json!({
            "lifetime": consent.lifetime_s, "uses": consent.uses, "frequency": consent.frequency.to_string(),
            "look_back": consent.look_back.to_string(), "data_life": consent.data_life.to_string()
        })
    });
    let named = facts.consent.as_ref().and_then(|consent| consent.fields.as_deref());
    json!({
        "scenario": row.name(), "asker": facts.kind, "suspended": facts.suspended,
        "adult": facts.minor == Some(false), "case": facts.case, "consent": consent, "named": named.map(names),
        "fields": fields.map(names), "released": names(released), "exactly": exactly
    })
}

fn names(names: &[FieldName]) -> Vec<&str> {
    names.iter().map(FieldName::as_str).collect()
}

/// What is decided; of what is released only the fields that are compared.
fn decided(rules: &Catalogue, row: &Scenario, facts: &Facts, fields: Option<&[FieldName]>, exactly: bool) -> Json {
    let permit = permit(rules, row, facts);
    let mut released = permit.as_ref().map_or(Vec::new(), |permit| permit.fields().to_vec());
    released.retain(|name| fields.is_none_or(|fields| fields.contains(name)));
    line(row, facts, &released, fields, exactly)
}

/// Scenario × asker × suspended × minor × case × consent. Unless `whole`, a sound request with every consent, and one
/// with a single fault and none or the widest; before a door that no row opens a sound request stands for the others.
pub(super) fn requests(rules: &Catalogue, whole: bool) -> Vec<Json> {
    let mut lines = Vec::new();
    for row in rules.scenarios() {
        let consents = consents(row.maxima());
        for asker in rules.askers() {
            for (suspended, minor, case) in faults() {
                let wrong = usize::from(suspended) + usize::from(minor != Some(false)) + usize::from(!case);
                let taken = match (whole, row.is_open_to(asker), wrong) {
                    (true, _, _) | (_, true, 0) => consents.len(),
                    (_, true, 1) | (_, false, 0) => 2,
                    (_, _, _) => 0,
                };
                for consent in consents.iter().take(taken).cloned() {
                    let facts = Facts { suspended, minor, case, consent, ..sound(asker) };
                    lines.push(decided(rules, row, &facts, None, true));
                }
            }
        }
    }
    lines
}

/// Suspended, minor, with a case: all together.
fn faults() -> Vec<(bool, Option<bool>, bool)> {
    let mut all = Vec::new();
    for suspended in [false, true] {
        for minor in [Some(false), Some(true), None] {
            all.extend([true, false].map(|case| (suspended, minor, case)));
        }
    }
    all
}

/// Each field by itself: asked for, and named in the consent. Unless `whole`, the fields of a row, and two that are not.
pub(super) fn by_field(rules: &Catalogue, whole: bool) -> Vec<Json> {
    let mut lines = Vec::new();
    for row in rules.scenarios() {
        let others = rules.fields().into_iter().map(|field| field.name()).filter(|name| !row.fields().contains(name));
        let others: Vec<_> = others.step_by(if whole { 1 } else { 40 }).collect();
        for asker in rules.askers().filter(|asker| row.is_open_to(*asker)) {
            for field in row.fields().iter().chain(others.iter().copied()) {
                let alone = Some(vec![field.clone()]);
                for consent in consents(row.maxima()).into_iter().take(2) {
                    let facts = Facts { consent: consent.clone(), fields: alone.clone(), ..sound(asker) };
                    lines.push(decided(rules, row, &facts, alone.as_deref(), true));
                    let consent = consent.map(|consent| ConsentFacts { fields: alone.clone(), ..consent });
                    let facts = Facts { consent, ..sound(asker) };
                    lines.push(decided(rules, row, &facts, alone.as_deref(), true));
                }
            }
        }
    }
    lines
}

/// Whatever is permitted, alone and together: of a catalogue with edits nothing else could break a statute.
pub(super) fn permits(rules: &Catalogue) -> Vec<Json> {
    let mut lines = Vec::new();
    for row in rules.scenarios() {
        for asker in rules.askers().filter(|asker| row.is_open_to(*asker)) {
            for consent in consents(row.maxima()).into_iter().take(2) {
                let named =
                    consent.clone().map(|consent| ConsentFacts { fields: Some(row.fields().to_vec()), ..consent });
                for consent in [consent, named] {
                    let facts = Facts { consent, ..sound(asker) };
                    let Some(permit) = permit(rules, row, &facts) else { continue };
                    lines.push(line(row, &facts, permit.fields(), Some(permit.fields()), false));
                }
            }
        }
    }
    lines
}

/// Each field that rests on records: whether the answer changes by records of a class in each state.
pub(super) fn records(rules: &Catalogue) -> Vec<Json> {
    let mut lines = Vec::new();
    for row in rules.scenarios() {
        let asker = rules.askers().find(|asker| row.is_open_to(*asker)).expect("somebody may ask");
        let consent = (row.ground() == Ground::Consent).then(|| widest(row.maxima()));
        let consent = consent.map(|consent| ConsentFacts { fields: Some(row.fields().to_vec()), ..consent });
        let Some(permit) = permit(rules, row, &Facts { consent, ..sound(asker) }) else { continue };
        let without = told(&permit, &History::default());
        let lists =
            rules.classes().filter(|class| class.list().is_some_and(|list| permit.plan().lists().contains(&list)));
        let classes = permit.plan().classes().iter().chain(lists.map(credit_policy::Class::name));
        for class in classes {
            for state in RecordState::ALL {
                let Some(history) = history(rules, class, *state) else { continue };
                let shows = told(&permit, &history) != without;
                lines.push(json!({"asker": asker, "class": class, "state": state, "shows": shows}));
            }
        }
    }
    lines
}

fn told(permit: &Permit, history: &History) -> Vec<(FieldName, Value)> {
    minimise(permit, history, ON).data
}

/// Records or an entry of one class in one state; none that are kept out, which only a clock can say.
fn history(rules: &Catalogue, class: &ClassName, state: RecordState) -> Option<History> {
    let row = rules.class(class.as_str()).expect("a class");
    let (long_ago, tomorrow) = (date(1926, 11, 22), date(2026, 11, 23));
    let (day, repaired, until) = match state {
        RecordState::Counts => (ON, None, None),
        RecordState::Expired => (long_ago, None, Some(long_ago)),
        RecordState::Repaired => (ON, Some(ON), Some(ON)),
        RecordState::Sealed if row.sensitivity() == Sensitivity::Adverse => (ON, None, None),
        RecordState::Sealed | RecordState::KeptOut => return None,
    };
    let record = || Record {
        class: class.clone(),
        severity: Severity::Serious,
        act: day,
        determined: day,
        sentence_end: Some(day),
        effect_end: Some(if state == RecordState::Expired { long_ago } else { tomorrow }),
        repaired,
        repair_revoked: None,
        // Some records end with nothing but their performance.
        performed: (state == RecordState::Expired).then_some(long_ago),
        amount: None,
        disputed: true,
    };
    let listing = |list: List| Listing { list, from: day, until, disputed: true };
    let mut history = match row.list() {
        Some(list) => History { listings: vec![listing(list)], ..History::default() },
        None => History { records: (0..RECORDS).map(|_| record()).collect(), ..History::default() },
    };
    if state == RecordState::Sealed {
        seal_acts_of_minors(&mut history, rules, |_| false);
    }
    Some(history)
}

/// So many requests with everything at random, most of them by somebody who may ask.
pub(super) fn random_requests(rules: &Catalogue, random: &mut Random, count: usize) -> Vec<Json> {
    let (rows, askers): (_, Vec<_>) = (rules.scenarios(), rules.askers().collect());
    (0..count)
        .map(|_| {
            let row = rows[random.below(rows.len())];
            random_request(rules, row, &askers, random)
        })
        .collect()
}

fn random_request(rules: &Catalogue, row: &Scenario, askers: &[Asker], random: &mut Random) -> Json {
    let may_ask: Vec<_> = askers.iter().copied().filter(|asker| row.is_open_to(*asker)).collect();
    let from = if random.one_in(5) { askers } else { &may_ask };
    let asker = from[random.below(from.len())];
    let facts = Facts {
        suspended: random.one_in(10),
        minor: [Some(false), Some(false), Some(false), Some(true), None][random.below(5)],
        case: !random.one_in(6),
        consent: (!random.one_in(8)).then(|| random_consent(rules, row, random)),
        ..sound(asker)
    };
    let named = facts.consent.as_ref().and_then(|consent| consent.fields.as_deref()).unwrap_or_default();
    // A name that the row does not have spoils all of them: that is stricter than the statutes.
    let exactly = named.iter().all(|name| row.fields().contains(name)) || row.ground() != Ground::Consent;
    let fields: Vec<_> = row.fields().iter().chain(named).cloned().collect();
    decided(rules, row, &facts, Some(&fields), exactly)
}

fn random_consent(rules: &Catalogue, row: &Scenario, random: &mut Random) -> ConsentFacts {
    let widest = widest(row.maxima());
    let about = |random: &mut Random, of: Period| {
        let most = usize::try_from(days(of)).unwrap();
        if random.one_in(6) { longer(of) } else { period(&format!("P{}D", 1 + random.below(most))) }
    };
    let lifetime = usize::try_from(widest.lifetime_s).unwrap();
    let uses = usize::try_from(widest.uses).unwrap();
    let per = ["PT1H", "P1D", "P1W", "P1M", "P1Y"];
    let mut fields: Vec<_> = row.fields().iter().filter(|_| random.one_in(2)).cloned().collect();
    if random.one_in(5) {
        fields.push(random.pick(&rules.fields()).name().clone());
    }
    ConsentFacts {
        fields: (!random.one_in(3) && !fields.is_empty()).then_some(fields),
        lifetime_s: u64::try_from(1 + random.below(lifetime + lifetime / 8)).unwrap(),
        uses: u64::try_from(1 + random.below(uses + uses / 8 + 1)).unwrap(),
        frequency: Frequency {
            uses: u64::try_from(1 + random.below(6)).unwrap(),
            per: if random.one_in(2) { widest.frequency.per } else { period(per[random.below(per.len())]) },
        },
        look_back: about(random, widest.look_back),
        data_life: about(random, widest.data_life),
        ..widest
    }
}
