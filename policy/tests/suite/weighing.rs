//! What of a store's own report counts: the same entries from which fields are made.

use credit_policy::{
    ClassName, History, List, Listing, Record, Severity, Value, Weighing, minimise, seal_acts_of_minors,
};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::support::{catalogue, date, facts_for, permit_for};

const CLASSES: [(&str, &str); 3] = [
    ("loan-overdue", "loan_overdue_count"),
    ("administrative-penalty", "administrative_penalty_count"),
    ("commendation", "commendation_count"),
];

fn days() -> impl Strategy<Value = Date> {
    (2015_i16..2028, 1_i8..13, 1_i8..29).prop_map(|(year, month, day)| jiff::civil::date(year, month, day))
}

/// Class, severity, day, end of the effect, day of the repair, open objection.
type RecordOf = (usize, Severity, Date, Option<Date>, Option<Date>, bool);

fn records() -> impl Strategy<Value = RecordOf> {
    let severity = prop::sample::select(vec![Severity::Minor, Severity::General, Severity::Serious]);
    let some = || prop::option::of(days());
    (0..CLASSES.len(), severity, days(), some(), some(), any::<bool>())
}

fn record((class, severity, day, effect_end, repaired, disputed): RecordOf) -> Record {
    Record {
        class: ClassName::parse(CLASSES[class].0).unwrap(),
        severity,
        act: day,
        determined: day,
        sentence_end: None,
        effect_end,
        repaired,
        repair_revoked: None,
        performed: None,
        amount: None,
        disputed,
    }
}

fn listings() -> impl Strategy<Value = (Date, Option<Date>, bool)> {
    (days(), prop::option::of(days()), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn as_many_entries_count_as_the_fields_say(
        records in prop::collection::vec(records(), 0..6),
        listings in prop::collection::vec(listings(), 0..3),
        of_age in days(),
    ) {
        let records: Vec<_> = records.into_iter().map(record).collect();
        let listing = |(from, until, disputed)| Listing { list: List::Black, from, until, disputed };
        let listings: Vec<_> = listings.into_iter().map(listing).collect();
        let (catalogue, on) = (catalogue(), date("2026-11-22"));
        let scenario = catalogue.scenario("self-query").unwrap();
        let permit = permit_for(catalogue, "self-query", &facts_for(scenario, on));
        let is_adult_on = |day: Date| day >= of_age;
        let mut weighing = Weighing::new(&permit, catalogue, on, is_adult_on);
        let counting: Vec<_> = records.iter().map(|record| weighing.record(record)).collect();
        let listed = listings.iter().filter(|listing| weighing.listing(listing)).count();
        let by_class: Vec<_> = CLASSES.iter().map(|(class, _)| {
            let of = records.iter().zip(&counting).filter(|(record, counts)| **counts && record.class.as_str() == *class);
            i64::try_from(of.count()).unwrap()
        }).collect();
        let (counts, marks) = weighing.end();
        let mut history = History { records, listings, attributes: Vec::new() };
        seal_acts_of_minors(&mut history, catalogue, is_adult_on);
        let told = minimise(&permit, &history, on);
        let value = |name: &str| told.data.iter().find(|(field, _)| field.as_str() == name).map(|(_, value)| value.clone());
        for ((_, field), count) in CLASSES.iter().zip(by_class) {
            prop_assert!(value(field) == Some(Value::Int(count)), "{field}");
        }
        prop_assert!(value("black_listed") == Some(Value::Bool(listed > 0)));
        prop_assert_eq!(counts, told.counts);
        // A field of a period marks what lies in it alone; an entry that counts marks every field on its class.
        prop_assert!(told.marks.iter().all(|field| marks.contains(field)), "{:?} {:?}", told.marks, marks);
    }
}
