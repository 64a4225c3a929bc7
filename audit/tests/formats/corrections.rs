//! Corrections of a lying log: of what was not answered, without a record that went, to whom they are not due.

use credit_audit::leaf::{
    Act as _, Actor, Base64, Correction, CorrectionState, Objection, ObjectionState, Repair, RepairState,
};
use credit_audit::promises::Broken;
use jiff::civil::date;
use uuid::Uuid;

use crate::logs::id;
use crate::promises::{Story, refuse};

/// As many bytes as a sealed member has.
fn sealed() -> Base64<Vec<u8>> {
    Base64(vec![7; 32 + 12 + 5 + 1_024 + 16])
}

pub(crate) fn repair(state: RepairState) -> Repair {
    let (key, on) = ("data-1".to_owned(), date(2026, 11, 18));
    Repair { state, class: "penalty".to_owned(), on, key, record: sealed(), order: None }
}

fn objection(state: ObjectionState) -> Objection {
    let (class, due, key) = ("penalty".to_owned(), date(2026, 12, 18), "data-1".to_owned());
    let text = (state == ObjectionState::Open).then(sealed);
    let reason = (state != ObjectionState::Open).then(sealed);
    Objection { state, class, due, key, record: sealed(), text, reason }
}

/// The gateway says that a correction is due.
fn due(story: &mut Story, query: Uuid) -> &mut Story {
    let leaf = Correction { state: CorrectionState::Due, query };
    let entry = leaf.entry(story.next_id(), Actor::gateway()).unwrap();
    story.push(&entry, 0)
}

fn fetched(query: Uuid) -> Correction {
    Correction { state: CorrectionState::Fetched, query }
}

/// Answered to the bank by the leaf at 3, and repaired by the one at 4.
fn repaired() -> Story {
    let mut story = Story::begin();
    story.query("bank", |_| ()).act(&repair(RepairState::Repaired));
    story
}

#[test]
fn a_correction_is_of_an_answer_that_a_record_went_out_of_since() {
    let mut story = repaired();
    due(&mut story, id(3)).own("bank", "cert", &fetched(id(3))).own("bank", "cert", &fetched(id(3))).keeps();
    // Once for each record that went.
    assert_eq!(due(&mut story, id(3)).breaks(), Broken::Correction(id(3)));
    story.leaves.pop();
    story.act(&objection(ObjectionState::Upheld));
    due(&mut story, id(3)).keeps();
    // The same for an objection alone.
    let mut story = Story::begin();
    story.query("bank", |_| ()).act(&objection(ObjectionState::Upheld));
    due(&mut story, id(3)).keeps();
}

#[test]
fn what_was_not_answered_or_lost_no_record_has_no_correction() {
    for lie in 0..6 {
        let mut story = Story::begin();
        match lie {
            // No query at all, and one that was refused.
            0 => drop(story.act(&repair(RepairState::Repaired)).leaves.len()),
            1 => drop(story.query("bank", refuse).act(&repair(RepairState::Repaired)).leaves.len()),
            // Nothing went, or only before.
            2 => drop(story.query("bank", |_| ()).leaves.len()),
            3 => drop(story.query("bank", |_| ()).act(&repair(RepairState::Revoked)).leaves.len()),
            4 => drop(story.query("bank", |_| ()).act(&objection(ObjectionState::Rejected)).leaves.len()),
            _ => drop(story.query("bank", |_| ()).act(&objection(ObjectionState::Open)).leaves.len()),
        }
        story.keeps();
        assert_eq!(due(&mut story, id(3)).breaks(), Broken::Correction(id(3)), "{lie}");
    }
    let mut story = Story::begin();
    story.act(&repair(RepairState::Repaired)).query("bank", |_| ()).keeps();
    assert_eq!(due(&mut story, id(4)).breaks(), Broken::Correction(id(4)));
}

#[test]
fn the_gateway_alone_says_that_one_is_due_and_who_was_answered_fetches_it() {
    let correction = Correction { state: CorrectionState::Due, query: id(3) };
    assert_eq!(repaired().act(&correction).breaks(), Broken::Correction(id(3)));
    assert_eq!(repaired().own("bank", "cert", &correction).breaks(), Broken::Correction(id(3)));
    // Nobody fetches what is not due, and nobody what is due to another.
    assert_eq!(repaired().own("bank", "cert", &fetched(id(3))).breaks(), Broken::Fetched(id(3)));
    let mut story = repaired();
    due(&mut story, id(3)).query("employer", |_| ()).keeps();
    assert_eq!(story.own("employer", "cert", &fetched(id(3))).breaks(), Broken::Fetched(id(3)));
    story.leaves.pop();
    assert_eq!(story.act(&fetched(id(3))).breaks(), Broken::Fetched(id(3)));
}
