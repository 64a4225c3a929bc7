//! Whether two institutions can bring their answers together: of 10,000 made people, how many are told apart by all that
//! two scenarios of different purpose groups have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use credit_policy::{
    Attribute, Field, FieldName, History, Listing, Permit, Record, Sensitivity, Severity, Shape, Value, ValueType,
    minimise,
};
use jiff::ToSpan;

use crate::support::{catalogue, date, facts_for, permit_for};

const PEOPLE: usize = 10_000;

/// SplitMix64: the same people in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Amounts lie close together at the bottom and far apart at the top, as incomes do.
fn amount(random: &mut Random, most: u64) -> i64 {
    let one = random.below(most) * (1 + random.below(100)) / 100;
    i64::try_from(one).unwrap()
}

fn person(random: &mut Random, attributes: &[&Field]) -> History {
    let mut history = History::default();
    let on = date("2026-11-22");
    for class in catalogue().classes() {
        let often = if class.sensitivity() == Sensitivity::Adverse { 3 } else { 25 };
        let of_records = class.holds_records() && random.chance(often);
        for _ in 0..if of_records { 1 + random.below(3) } else { 0 } {
            let determined = on.saturating_sub(i64::try_from(random.below(1_500)).unwrap().days());
            history.records.push(Record {
                class: class.name().clone(),
                severity: Severity::ALL[usize::try_from(random.below(3)).unwrap()],
                act: determined,
                determined,
                sentence_end: None,
                effect_end: None,
                repaired: None,
                repair_revoked: None,
                performed: None,
                amount: None,
                disputed: false,
            });
        }
        if let Some(list) = class.list().filter(|_| random.chance(3)) {
            history.listings.push(Listing { list, from: date("2026-06-01"), until: None, disputed: false });
        }
    }
    for field in attributes {
        let value = match (field.name().as_str(), field.value_type()) {
            ("age_in_years", _) => Value::Int(18 + amount(random, 60)),
            ("score", _) => Value::Int(400 + i64::try_from(random.below(300) + random.below(300)).unwrap()),
            ("credit_amount", _) => Value::Int(250 + amount(random, 18_000)),
            ("tax_paid_last_year", _) if random.chance(80) => Value::Int(amount(random, 30_000)),
            ("tax_paid_last_year", _) => Value::Int(0),
            (_, Some(ValueType::WholeNumber)) => Value::Int(1 + i64::try_from(random.below(4)).unwrap()),
            (_, Some(ValueType::YesNo)) => Value::Bool(random.chance(3)),
            (_, Some(ValueType::Text)) if !field.values().is_empty() => {
                let values = field.values();
                Value::Text(values[usize::try_from(random.below(values.len() as u64)).unwrap()].0.to_owned())
            }
            _ => Value::Null,
        };
        assert!(field.admits(&value), "{}", field.name());
        history.attributes.push(Attribute { field: field.name().clone(), value });
    }
    history
}

/// What would be told of each person: for each field the number of its value among all that were seen of it.
fn people() -> BTreeMap<String, Vec<usize>> {
    let on = date("2026-11-22");
    let own = catalogue().scenario("self-query").unwrap();
    let permit: Permit = permit_for(catalogue(), "self-query", &facts_for(own, on));
    let fields = catalogue().fields();
    let attributes: Vec<_> =
        fields.into_iter().filter(|field| field.shape() == Shape::Whole && field.admits(&Value::Null)).collect();
    let mut random = Random(20_261_122);
    let mut seen: BTreeMap<String, HashMap<String, usize>> = BTreeMap::new();
    let mut told: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for _ in 0..PEOPLE {
        for (field, value) in minimise(&permit, &person(&mut random, &attributes), on).data {
            let values = seen.entry(field.to_string()).or_default();
            let next = values.len();
            let number = *values.entry(serde_json::to_string(&value).unwrap()).or_insert(next);
            told.entry(field.to_string()).or_default().push(number);
        }
    }
    told
}

/// How many of the people no other shares all of these fields with.
fn unique(people: &BTreeMap<String, Vec<usize>>, fields: &BTreeSet<&str>) -> usize {
    let mut seen: HashMap<Vec<usize>, usize> = HashMap::new();
    let columns: Vec<_> = fields.iter().map(|field| &people[*field]).collect();
    for row in (0..PEOPLE).map(|at| columns.iter().map(|column| column[at]).collect()) {
        *seen.entry(row).or_default() += 1;
    }
    seen.values().filter(|times| **times == 1).count()
}

#[test]
fn what_two_purpose_groups_have_in_common_tells_hardly_anybody_apart() {
    let people = people();
    let all: BTreeSet<_> = people.keys().map(String::as_str).collect();
    assert_eq!(unique(&people, &all), PEOPLE, "no row stands twice");
    // What banks and platforms were told exactly once, until amounts left as bands: it names nearly everybody.
    let exact = BTreeSet::from(["age_in_years", "credit_amount", "tax_paid_last_year"]);
    assert!(unique(&people, &exact) >= PEOPLE / 100 * 99, "{}", unique(&people, &exact));

    let mut shared = BTreeSet::new();
    let scenarios: Vec<_> = catalogue().scenarios().into_iter().filter(|row| !row.kinds().is_empty()).collect();
    for (at, one) in scenarios.iter().enumerate() {
        for two in scenarios.iter().skip(at + 1).filter(|two| two.purpose_group() != one.purpose_group()) {
            let both = one.fields().iter().filter(|field| two.fields().contains(field));
            shared.insert((both.map(|field| field.as_str()).collect::<BTreeSet<_>>(), one.name(), two.name()));
        }
    }
    assert!(shared.len() > 500, "{}", shared.len());
    // Fewer fields tell fewer people apart: only what is part of no other is measured.
    let largest =
        shared.iter().filter(|(own, ..)| !shared.iter().any(|(other, ..)| own != other && own.is_subset(other)));
    for (fields, one, two) in largest {
        let told_apart = unique(&people, fields);
        assert!(told_apart <= PEOPLE / 100, "{one} and {two}: {told_apart} by {fields:?}");
    }
}

/// One scenario at two institutions: both are told all of it, and what they may not do with it is law and contract.
#[test]
#[expect(clippy::print_stdout, reason = "a figure that is reported")]
fn what_one_scenario_tells_two_institutions_is_reported() {
    let people = people();
    let figure = |name: &str| {
        let fields = catalogue().scenario(name).unwrap().fields();
        unique(&people, &fields.iter().map(FieldName::as_str).collect())
    };
    let rows = catalogue().scenarios().into_iter().filter(|row| !row.kinds().is_empty());
    for name in rows.map(|row| row.name().as_str()) {
        println!("{name} at two institutions: {} of {PEOPLE} people are told apart", figure(name));
    }
    assert_eq!(figure("clinic-visit"), 0, "a yes or no tells nobody apart");
    assert!(figure("commercial-loan") > PEOPLE / 2, "the whole of a loan's file does: {}", figure("commercial-loan"));
}

#[test]
fn a_clinic_a_library_and_a_bus_share_no_pseudonym() {
    let group = |name: &str| catalogue().scenario(name).unwrap().purpose_group().to_owned();
    let names = ["clinic-visit", "library-borrowing", "public-transport", "utilities", "culture-sport-tourism"];
    let groups: BTreeSet<_> = names.into_iter().map(group).collect();
    assert_eq!(groups.len(), names.len());
    for name in names {
        let fields = catalogue().scenario(name).unwrap().fields();
        assert!(fields.len() == 1 && fields[0].as_str().starts_with("eligible_for_"), "{name}");
    }
}
