//! A month of simulated work through the rules of review, and through the doors of a gateway whose clock runs with it: what is
//! explained, what is found, and who is disturbed.

mod chosen;
mod doors;
mod judged;
mod misuse;
mod office;
mod work;

pub(crate) use doors::number;
pub(crate) use work::Random;

use std::collections::{HashMap, HashSet};

use credit_audit::{
    leaf::peek,
    review::{Period, ReviewPolicy, Reviews, Word},
};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, date},
    tz::Offset,
};
use serde_json::json;
use uuid::Uuid;

use chosen::Work;
use judged::{Found, Known, counted, is_good_enough};
use misuse::MADE_UP;
use work::{Event, What, department};

/// The leaf of an event; its tag stands for a person as a keyed one would.
fn leaf(number: usize, begin: Timestamp, event: &Event) -> (String, Uuid) {
    let at = begin.checked_add(event.at.seconds()).unwrap();
    let id = uuid::Builder::from_unix_timestamp_millis(
        u64::try_from(at.as_millisecond()).unwrap(),
        &[(number >> 24) as u8, (number >> 16) as u8, (number >> 8) as u8, number as u8, 0, 0, 0, 0, 0, 0],
    )
    .into_uuid();
    let mut tag = [7; 32];
    tag[..8].copy_from_slice(&event.person.to_be_bytes());
    let tag = serde_json::to_value(credit_audit::leaf::Base64(tag)).unwrap();
    let (of, staff, at) = (department(event.department), format!("s-{}", event.staff), format!("{at:.6}"));
    let day = &at[..10];
    let opened = |state| {
        json!({"state": state, "scenario": "public-rental-housing", "case": event.case, "on": day, "operator": staff,
               "subject": tag, "key": "data-2026-11", "sealed": "AAAA", "commit": tag})
    };
    let (kind, body) = match event.what {
        What::Opened => ("case", opened("opened")),
        What::Decided => ("case", opened("decided")),
        What::Asked { by_consent, is_minor, .. } => {
            let ground = match by_consent {
                true => json!({"first": 1, "use": 1}),
                false => json!({"statute": "x", "case": event.case}),
            };
            let mut body = json!({"operator": staff, "scenario": "public-rental-housing", "ground": ground,
                "catalogue": "x", "outcome": if is_minor { "refused" } else { "answered" }, "subject": tag, "key": "data-2026-11"});
            if is_minor {
                body["code"] = json!("subject-minor");
            }
            ("query", body)
        }
    };
    let head = match kind {
        "query" => format!(r#"{{"v":1,"kind":"query","id":"{id}","at":"{at}","institution":"{of}","seq":1,"#),
        _ => format!(
            r#"{{"v":1,"kind":"case","id":"{id}","at":"{at}","actor":{{"institution":"{of}","certificate":"x"}},"institution":"{of}","seq":1,"#
        ),
    };
    (head + &body.to_string()[1..], id)
}

fn through_the_rules(work: Work, seed: u64, month: Date, queries: u64, misuses: usize) -> Found {
    let first_day = i64::from(month.weekday().to_sunday_zero_offset());
    let plan = work.plan(seed, first_day, queries, misuses);
    let period = Period::parse(&month.strftime("%Y-%m").to_string(), Offset::constant(8)).unwrap();
    let (mut reviews, mut known) = (Reviews::new("month", Offset::constant(8)), Vec::new());
    for (number, event) in plan.events.iter().enumerate() {
        let (leaf, id) = leaf(number, period.from, event);
        reviews.leaf(number as u64, peek(leaf.as_bytes()).unwrap(), leaf.as_bytes()).unwrap();
        if let What::Asked { misuse, .. } = event.what {
            known.push(Known { id, misuse, person: event.person });
        }
    }
    let made_up = known.iter().filter(|one| MADE_UP.contains(&one.person)).map(|one| one.id).collect();
    judged(&reviews, &plan.policy(), &period, &known, &made_up)
}

fn judged(
    reviews: &Reviews,
    policy: &ReviewPolicy,
    period: &Period,
    known: &[Known],
    made_up: &HashSet<Uuid>,
) -> Found {
    let open = reviews.words(period, policy, period.until.checked_add((20 * 24).hours()).unwrap());
    let open: HashMap<Uuid, Word> = open.into_iter().map(|(_, id, word)| (id, word)).collect();
    let words = known.iter().map(|one| {
        let word = if made_up.contains(&one.id) {
            Word::Suspicious
        } else {
            open.get(&one.id).copied().unwrap_or(Word::Explained)
        };
        (one.id, word)
    });
    counted(&words.collect(), known)
}

#[test]
fn a_month_of_work_is_explained_and_its_misuses_are_found() {
    for work in [Work::Plain, Work::Offices] {
        is_good_enough(&through_the_rules(work, 20_261_101, date(2026, 11, 1), 10_000, 40), work);
        if is_full() {
            is_good_enough(&through_the_rules(work, 1, date(2026, 11, 1), 100_000, 200), work);
        }
    }
}

/// The seed of the month through the doors.
const DOORS: u64 = 20_270_101;
/// Its short form: queries and misuses.
const SHORT: (u64, usize) = (600, 16);

/// The short form is made for the month in which the tests run: it holds with whichever weekday that begins.
#[test]
fn a_short_month_is_as_good_whichever_weekday_it_begins_with() {
    let months = [(2026, 11), (2027, 3), (2026, 12), (2027, 9), (2026, 10), (2027, 1), (2027, 5)];
    for (weekday, (year, month)) in months.into_iter().enumerate() {
        let month = date(year, month, 1);
        assert_eq!(usize::try_from(month.weekday().to_sunday_zero_offset()).unwrap(), weekday);
        is_good_enough(&through_the_rules(Work::Plain, DOORS, month, SHORT.0, SHORT.1), Work::Plain);
    }
}

/// The short form is too small for what shows itself in the rhythm of an office alone. The long form takes another seed where `CREDIT_MONTH_SEED` has one: a seed that is used once cannot have been fitted to.
#[test]
fn a_month_through_the_doors_is_explained_and_its_misuses_are_found() {
    let seed = std::env::var("CREDIT_MONTH_SEED").ok().and_then(|seed| seed.parse().ok());
    let (work, (queries, misuses)) = if is_full() { (Work::Offices, (100_000, 200)) } else { (Work::Plain, SHORT) };
    is_good_enough(&doors::through(work, seed.unwrap_or(DOORS), queries, misuses), work);
}

fn is_full() -> bool {
    std::env::var_os("CREDIT_TESTS_FULL").is_some()
}
