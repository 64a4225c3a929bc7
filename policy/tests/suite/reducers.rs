//! The reducers against plain references over generated histories, on the one permit that releases every field.

use credit_policy::{
    Attribute, ClassName, FieldName, History, List, Listing, Minimised, Permit, Record, Severity, Value, minimise,
};
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::{date, facts_for, field_of, fields, period, permit_for, terms, three_months as catalogue, value};

const CLASSES: [&str; 4] = ["tax", "traffic-violation", "credit-card-performance", "volunteer-service"];

fn everything() -> Permit {
    let row = catalogue().scenario("self-query").unwrap();
    permit_for(catalogue(), "self-query", &facts_for(row, date("2026-11-22")))
}

/// A record in plain numbers: class, severity, and days since 2018-01-01 of act, determination after it, end of effect
/// after that, repair and revocation; whether it is disputed.
type Plain = (usize, usize, i64, i64, Option<i64>, Option<i64>, Option<i64>, bool);

fn day(offset: i64) -> Date {
    date("2018-01-01").checked_add(jiff::Span::new().days(offset)).unwrap()
}

/// The day so many months later, by the reference's own calendar.
fn months_later(date: Date, months: i32) -> (i32, i32, i32) {
    let month0 = i32::from(date.month()) - 1 + months;
    let (year, month) = (i32::from(date.year()) + month0 / 12, month0 % 12 + 1);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = [31, 28 + i32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (year, month, i32::from(date.day()).min(longest[usize::try_from(month - 1).unwrap()]))
}

fn triple(date: Date) -> (i32, i32, i32) {
    months_later(date, 0)
}

/// Whether a record counts, by rereading the national pack.
fn counts(&(class, severity, act, later, effect, repaired, revoked, _): &Plain, on: i64) -> bool {
    let determined = act + later;
    let ended = match class {
        0 | 1 => months_later(day(determined), [3, 12, 36][severity]) < triple(day(on)),
        2 => months_later(day(act), 60) < triple(day(on)),
        _ => effect.is_some_and(|effect| determined + effect < on),
    };
    let repaired = repaired
        .is_some_and(|repaired| repaired <= on && !revoked.is_some_and(|revoked| repaired <= revoked && revoked <= on));
    determined <= on && !ended && !repaired
}

fn history(records: &[Plain], score: Option<i64>) -> History {
    let record = |&(class, severity, act, later, effect, repaired, revoked, disputed): &Plain| Record {
        class: ClassName::parse(CLASSES[class]).unwrap(),
        severity: Severity::ALL[severity],
        act: day(act),
        determined: day(act + later),
        sentence_end: None,
        effect_end: effect.map(|effect| day(act + later + effect)),
        repaired: repaired.map(day),
        repair_revoked: revoked.map(day),
        performed: None,
        amount: None,
        disputed,
    };
    let score = score.map(|score| Attribute { field: FieldName::parse("score").unwrap(), value: Value::Int(score) });
    History { records: records.iter().map(record).collect(), listings: vec![], attributes: score.into_iter().collect() }
}

fn plain() -> impl Strategy<Value = Plain> {
    let some_day = || prop::option::of(0_i64..3_600);
    (
        0_usize..4,
        0_usize..3,
        0_i64..3_300,
        0_i64..200,
        prop::option::of(0_i64..900),
        some_day(),
        some_day(),
        any::<bool>(),
    )
}

fn marked(told: &Minimised, name: &str) -> bool {
    told.marks.iter().any(|mark| mark.as_str() == name)
}

proptest! {
    #[test]
    fn exists_count_and_latest_agree_with_the_reference(
        records in prop::collection::vec(plain(), 0..10), on in 0_i64..3_600,
    ) {
        let told = minimise(&everything(), &history(&records, None), day(on));
        for (at, class) in CLASSES.iter().enumerate() {
            let found: Vec<_> = records.iter().filter(|record| record.0 == at && counts(record, on)).collect();
            let name = |what: &str| field_of(class, what);
            prop_assert_eq!(value(&told, &name("exists")), json!(!found.is_empty()));
            prop_assert_eq!(value(&told, &name("count")), json!(found.len()));
            let latest = found.iter().map(|record| day(record.2 + record.3)).max().map(|day| day.to_string());
            prop_assert_eq!(value(&told, &name("latest")), json!(latest));
            let disputed = found.iter().any(|record| record.7);
            for what in ["exists", "count", "latest"] {
                prop_assert_eq!(marked(&told, &name(what)), disputed, "{}", name(what));
            }
        }
        // Traffic violations that count, determined within a year.
        let spoils = |record: &&Plain| {
            record.0 == 1 && counts(record, on) && months_later(day(record.2 + record.3), 12) >= triple(day(on))
        };
        prop_assert_eq!(value(&told, "no_traffic_violation_one_year"), json!(!records.iter().any(|record| spoils(&record))));
        let of = |class| records.iter().filter(|record| record.0 == class && counts(record, on)).count();
        prop_assert_eq!(value(&told, "volunteer_at_least_five"), json!(of(3) >= 5));
        let band = match of(2) { 0 => "none", 1..4 => "some", _ => "many" };
        prop_assert_eq!(value(&told, "card_overdue_band"), json!(band));
        let held = |class| records.iter().any(|record| record.0 == class && counts(record, on) && record.7);
        prop_assert_eq!(marked(&told, "volunteer_at_least_five"), held(3));
        prop_assert_eq!(marked(&told, "card_overdue_band"), held(2));
    }

    /// A consent to look back so far is answered as if nothing lay further back, and what is no longer so is null.
    #[test]
    fn what_lies_beyond_the_look_back_might_as_well_not_be(
        records in prop::collection::vec(plain(), 0..8), on in 0_i64..3_600, years in 1_i32..=5,
    ) {
        let row = catalogue().scenario("commercial-loan").unwrap();
        let names = ["unperformed_judgment_band", "clean_three_years", "card_overdue_band"];
        let consent = credit_policy::ConsentFacts {
            fields: Some(fields(&names)), look_back: period(&format!("P{years}Y")), ..terms()
        };
        let facts = credit_policy::Facts { consent: Some(consent), ..facts_for(row, day(on)) };
        let permit = permit_for(catalogue(), "commercial-loan", &facts);
        let whole = minimise(&permit, &history(&records, None), day(on));
        let near = |record: &&Plain| {
            let start = if record.0 == 2 { record.2 } else { record.2 + record.3 };
            months_later(day(start), 12 * years) >= triple(day(on))
        };
        let nearer: Vec<_> = records.iter().filter(near).copied().collect();
        let without = minimise(&permit, &history(&nearer, None), day(on));
        prop_assert!(whole.data == without.data && whole.marks == without.marks && whole.counts == without.counts);
        prop_assert_eq!(value(&whole, "clean_three_years") == Json::Null, years < 3);
        let overdue = nearer.iter().filter(|record| record.0 == 2 && counts(record, on)).count();
        let band = match overdue { _ if years < 5 => None, 0 => Some("none"), 1..4 => Some("some"), _ => Some("many") };
        prop_assert_eq!(value(&whole, "card_overdue_band"), json!(band));
    }

    #[test]
    fn a_score_becomes_its_band_and_whether_it_is_high_enough(score in prop::option::of(-10_i64..1_010)) {
        let told = minimise(&everything(), &history(&[], score), date("2026-11-22"));
        let band = score.and_then(|score| match score {
            ..0 => None,
            0..550 => Some("D"),
            550..650 => Some("C"),
            650..750 => Some("B"),
            750.. => Some("A"),
        });
        prop_assert_eq!(value(&told, "score_band"), json!(band));
        for least in [550, 600, 650, 700] {
            let name = format!("score_at_least_{least}");
            prop_assert_eq!(value(&told, &name), json!(score.map(|score| score >= least)));
        }
    }
}

#[test]
fn the_edges_of_the_bands() {
    for (score, band) in
        [(0, "D"), (549, "D"), (550, "C"), (649, "C"), (650, "B"), (749, "B"), (750, "A"), (1_000, "A")]
    {
        let told = minimise(&everything(), &history(&[], Some(score)), date("2026-11-22"));
        assert_eq!(value(&told, "score_band"), json!(band), "{score}");
    }
}

#[test]
fn the_edges_of_at_least() {
    for least in [550, 600, 650, 700] {
        for (score, enough) in [(least - 1, false), (least, true), (least + 1, true)] {
            let told = minimise(&everything(), &history(&[], Some(score)), date("2026-11-22"));
            assert_eq!(value(&told, &format!("score_at_least_{least}")), json!(enough), "{score}");
        }
    }
    // A count is a number too: one volunteer service after the other.
    for services in [4, 5, 6] {
        let records: Vec<Plain> = (0..services).map(|day| (3, 0, day, 0, None, None, None, false)).collect();
        let told = minimise(&everything(), &history(&records, None), date("2026-11-22"));
        assert_eq!(value(&told, "volunteer_at_least_five"), json!(services >= 5), "{services}");
    }
}

#[test]
fn what_is_no_number_is_in_no_band() {
    for value in [Value::Null, Value::Bool(true), Value::Text("700".into()), Value::List(vec![Value::Int(700)])] {
        let score = Attribute { field: FieldName::parse("score").unwrap(), value };
        let told =
            minimise(&everything(), &History { attributes: vec![score], ..History::default() }, date("2026-11-22"));
        assert_eq!(self::value(&told, "score_band"), Json::Null);
        assert_eq!(self::value(&told, "score_at_least_600"), Json::Null);
    }
}

#[test]
fn the_public_sees_a_name_and_a_number_with_most_of_them_covered() {
    let row = catalogue().scenario("public-disclosure").unwrap();
    let permit = permit_for(catalogue(), "public-disclosure", &facts_for(row, date("2026-11-22")));
    assert_eq!(permit.plan().attributes(), fields(&["citizen_number", "name"]));
    assert_eq!(permit.plan().lists(), [List::Black]);
    for (name, masked) in [("王小明", "王**"), ("欧阳", "欧*"), ("Ann", "A**"), ("王", "*"), ("", "")] {
        let attributes = [("name", name), ("citizen_number", "990101199003070019"), ("masked_name", "forged")].map(
            |(field, text)| Attribute { field: FieldName::parse(field).unwrap(), value: Value::Text(text.into()) },
        );
        let listings = vec![Listing { list: List::Black, from: date("2026-01-01"), until: None, disputed: false }];
        let history = History { records: vec![], listings, attributes: attributes.into() };
        let told = minimise(&permit, &history, date("2026-11-22"));
        let names: Vec<_> = told.data.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(names, ["black_listed", "masked_citizen_number", "masked_name"]);
        assert_eq!(value(&told, "masked_name"), json!(masked));
        assert_eq!(value(&told, "masked_citizen_number"), json!("99**************19"));
    }
}

#[test]
fn an_answer_has_the_same_shape_for_everybody_in_every_scenario() {
    let on = date("2026-11-22");
    for row in catalogue().scenarios() {
        let permit = permit_for(catalogue(), row.name().as_str(), &facts_for(row, on));
        for history in [History::default(), history(&[(0, 2, 3_000, 10, None, None, None, true)], Some(700))] {
            let told = minimise(&permit, &history, on);
            let names: Vec<_> = told.data.iter().map(|(field, _)| field).collect();
            assert_eq!(names, row.fields().iter().collect::<Vec<_>>(), "{}", row.name());
            assert!(told.marks.iter().all(|mark| names.contains(&mark)), "{}", row.name());
        }
    }
}
