//! Samples of what departments report and officers do.

use jiff::SignedDuration;

use crate::leaf::actor::Actor;
use crate::leaf::bodies::{
    Appointment, Approval, Case, CaseState, Feedback, FeedbackResult, Figures, Proposal, Review, ReviewState, Sampling,
    SamplingState, Unseal,
};
use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::event::{Act as _, Event as _};

use super::world::World;

type Made = Result<Entry, LeafError>;

pub(super) fn case(world: &mut World) -> Made {
    let opened = world.random.once_in(2);
    let body = Case {
        state: if opened { CaseState::Opened } else { CaseState::Decided },
        scenario: world.scenario().to_owned(),
        case: format!("案-{}", world.random.below(9)),
        on: world.day(),
        operator: world.staff().to_owned(),
        subject: opened.then(|| world.tag(None)),
        key: opened.then(|| world.key()),
        sealed: opened.then(|| Base64(world.random.many_bytes(12 + 5 + 1_024 + 16))),
        commit: opened.then(|| Base64(world.random.bytes())),
    };
    world.own(&body)
}

pub(super) fn appointment(world: &mut World) -> Made {
    let body = Appointment {
        scenario: world.scenario().to_owned(),
        on: world.day(),
        operator: world.staff().to_owned(),
        subject: world.tag(None),
        key: world.key(),
        sealed: Base64(world.random.many_bytes(12 + 5 + 1_024 + 16)),
        commit: Base64(world.random.bytes()),
    };
    world.own(&body)
}

pub(super) fn feedback(world: &mut World) -> Made {
    let results = [FeedbackResult::Reward, FeedbackResult::Restraint, FeedbackResult::Priority, FeedbackResult::None];
    let result = world.random.one_of(&results).copied().unwrap_or(FeedbackResult::None);
    let measure = (result != FeedbackResult::None).then(|| "green-channel".to_owned());
    let body = Feedback { query: world.query(), operator: world.staff().to_owned(), result, measure };
    world.own(&body)
}

pub(super) fn proposal(world: &mut World) -> Made {
    let acts = ["catalogue", "register", "limits", "resume", "unseal", "destroy", "prune", "reinstate"];
    let act = world.random.one_of(&acts).copied().unwrap_or("catalogue").to_owned();
    let expires = world.at.checked_add(SignedDuration::from_hours(48)).unwrap_or(world.at);
    let (digest, id) = (world.random.bytes(), world.id());
    world.proposals.push((id, digest, expires));
    let officer = Actor::Officer { officer: "officer".to_owned(), certificate: world.thumbprint() };
    Proposal { act, digest: Base64(digest), expires }.entry(id, officer)
}

/// An approval of what waits for one; a proposal where nothing does.
pub(super) fn approval(world: &mut World) -> Made {
    let waits = world.proposals.iter().rev().find(|(_, _, expires)| world.at <= *expires).copied();
    let Some((proposal, digest, _)) = waits else { return self::proposal(world) };
    // It is approved once.
    world.proposals.retain(|(known, ..)| *known != proposal);
    let officer = Actor::Officer { officer: "officer2".to_owned(), certificate: world.thumbprint() };
    Approval { proposal, digest: Base64(digest) }.entry(world.id(), officer)
}

pub(super) fn review(world: &mut World) -> Made {
    let states = [ReviewState::Queued, ReviewState::Opened, ReviewState::Judged, ReviewState::Closed];
    let state = world.random.one_of(&states).copied().unwrap_or(ReviewState::Queued);
    let judged = state == ReviewState::Judged;
    let body = Review {
        query: world.query(),
        state,
        verdict: judged.then(|| "explained".to_owned()),
        reason: judged.then(|| "an appointment of that day".to_owned()),
    };
    world.act(&body)
}

pub(super) fn sampling(world: &mut World) -> Made {
    let states = [SamplingState::Committed, SamplingState::Shown, SamplingState::Planted, SamplingState::Known];
    let state = world.random.one_of(&states).copied().unwrap_or(SamplingState::Committed);
    let (is_shown, is_known) = (state == SamplingState::Shown, state == SamplingState::Known);
    let body = Sampling {
        state,
        period: "2026-11".to_owned(),
        digest: Base64(world.random.bytes()),
        nonce: (is_shown || is_known).then(|| Base64(world.random.bytes())),
        size: is_shown.then(|| world.random.below(world.index) + 1),
        per_mille: is_shown.then_some(20),
        within_days: is_shown.then_some(14),
        policy: is_shown.then(|| Base64(world.random.bytes())),
        query: is_known.then(|| world.query()),
        verdict: is_known.then(|| "suspicious".to_owned()),
    };
    world.act(&body)
}

pub(super) fn unseal(world: &mut World) -> Made {
    let proposal = world.random.once_in(2).then(|| world.id());
    let entry = world.random.below(world.index);
    world.act(&Unseal { entry, reason: "a court order".to_owned(), proposal })
}

pub(super) fn figures(world: &mut World) -> Made {
    let digest = Base64(world.random.bytes());
    Figures { period: "2026-11".to_owned(), digest, epsilon: "0.5".to_owned() }.entry(world.id())
}
