//! Repeats, ids and what a leaf says of others: a log that contradicts itself is found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_audit::leaf::{Base64, Carried, Event as _, GroundRecord, KeyEvent, KeyState, Outcome, Statement, Unseal};
use credit_audit::promises::Broken;
use jiff::civil::date;

use crate::logs::id;
use crate::promises::{Ask, Story, key, refuse, statute, token};

/// A log with a query that may be repeated, 3; the others are not under its key, refused, or another institution's.
fn before() -> Story {
    let mut before = Story::begin();
    before.query("bank", |ask| (ask.ground, ask.claim) = (token("j", 1), Some([1; 32])));
    before.query("bank", |ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 2 });
    before.query("bank", |ask| {
        (ask.ground, ask.claim) = (GroundRecord::ConsentAgain { first: 3, use_: 3 }, Some([2; 32]));
    });
    before.query("bank", |ask| {
        (ask.ground, ask.claim, ask.outcome) = (token("j", 1), Some([1; 32]), Outcome::Refused);
    });
    before.query("employer", |ask| (ask.ground, ask.claim) = (token("k", 1), Some([1; 32])));
    before
}

/// With a repeat of it after them.
fn repeated(change: impl FnOnce(&mut Ask)) -> Story {
    let mut story = before();
    story.query("bank", |ask| {
        again(3)(ask);
        change(ask);
    });
    story
}

/// A repeat of this leaf, on the first use of the consent.
fn again(first: u64) -> impl Fn(&mut Ask) {
    move |ask: &mut Ask| {
        ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 1 };
        (ask.repeats, ask.claim) = (Some(id(first)), Some([1; 32]));
    }
}

#[test]
fn what_is_no_first_query_under_the_key_is_not_repeated() {
    type Change = fn(&mut Ask);
    let wrong: [(u64, Change); 11] = [
        (99, |_| ()),
        (8, |_| ()),
        (4, |_| ()),
        (5, |_| ()),
        (6, |_| ()),
        (7, |_| ()),
        (0, |_| ()),
        (3, |ask| ask.claim = None),
        (3, |ask| ask.claim = Some([2; 32])),
        (3, |ask| ask.scenario = "commercial-loan"),
        (3, |ask| ask.ground = GroundRecord::ConsentAgain { first: 3, use_: 4 }),
    ];
    for (first, change) in wrong {
        let story = repeated(|ask| {
            ask.repeats = Some(id(first));
            change(ask);
        });
        assert_eq!(story.breaks(), Broken::Repeats(id(first)), "{first}");
    }
}

#[test]
fn a_repeat_spends_what_the_first_query_spent() {
    // Another institution's, though the bytes of the key are the same, and a repeat of a repeat.
    let mut story = repeated(|_| ());
    story.keeps();
    assert_eq!(story.query("bank", again(8)).breaks(), Broken::Repeats(id(8)));
    story.leaves.pop();
    assert_eq!(story.query("employer", again(3)).breaks(), Broken::Repeats(id(3)));
    story.leaves.pop();
    // A refusal may be one too, and under another state key the digests are others.
    story.query("bank", |ask| {
        again(3)(ask);
        (ask.ground, ask.outcome) = (statute(), Outcome::Refused);
    });
    for name in ["state-1", "state-2"] {
        story.act(&KeyEvent { use_: "state".to_owned(), ..key(name, KeyState::Active) });
    }
    story.query("bank", |ask| {
        again(3)(ask);
        ask.claim = Some([9; 32]);
    });
    story.keeps();
}

#[test]
fn a_query_of_the_log_before_is_repeated_by_no_answer() {
    // The first query stands in the log before: it is refused, and never answered.
    let half = STANDARD.encode([1; 16]);
    let carried = Carried { idempotency: vec![(half.clone(), half, id(77), 0)], ..Carried::default() };
    let mut story = Story::begin();
    let entry = carried.entry(story.next_id()).unwrap();
    let asked = |ask: &mut Ask| (ask.repeats, ask.claim) = (Some(id(77)), Some([1; 32]));
    story.push(&entry, 0).query("bank", |ask| {
        asked(ask);
        refuse(ask);
    });
    story.keeps();
    assert_eq!(story.query("bank", asked).breaks(), Broken::Repeats(id(77)));
}

#[test]
fn an_id_is_of_one_leaf_alone() {
    let mut story = Story::begin();
    story.query("bank", |_| ()).query("bank", |_| ()).keeps();
    let text = String::from_utf8(story.leaves.pop().unwrap()).unwrap();
    story.leaves.push(text.replacen(&id(4).to_string(), &id(3).to_string(), 1).into_bytes());
    assert_eq!(story.breaks(), Broken::Id(id(3)));
}

#[test]
fn a_leaf_says_nothing_of_leaves_after_it() {
    let statement = |size| Statement {
        from: date(2026, 11, 1),
        to: date(2026, 11, 2),
        size,
        digest: Base64([1; 32]),
        key: "data-1".to_owned(),
        ids: Base64(vec![0; 10]),
    };
    let unseal = |entry| Unseal { entry, reason: "an order".to_owned(), proposal: None };
    let mut story = Story::begin();
    story.act(&statement(3)).act(&unseal(3)).keeps();
    for story in
        [Story::begin().act(&statement(4)), Story::begin().act(&statement(100_000)), Story::begin().act(&unseal(3))]
    {
        assert!(matches!(story.breaks(), Broken::Form(_)));
    }
}
