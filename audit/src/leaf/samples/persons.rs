//! Samples of what persons are shown, told and may do.

use crate::leaf::actor::Actor;
use crate::leaf::bodies::{
    Binding, BindingState, Block, Correction, CorrectionState, Notice, NoticeWay, Objection, ObjectionState, Repair,
    RepairState, Statement,
};
use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::event::Act as _;

use super::world::{Answered, World};

type Made = Result<Entry, LeafError>;

pub(super) fn notice(world: &mut World) -> Made {
    let ways = [NoticeWay::Portal, NoticeWay::Message, NoticeWay::Counter];
    let way = world.random.one_of(&ways).copied().unwrap_or(NoticeWay::Portal);
    let body = Notice { way, count: 1 + world.random.below(20), key: world.key(), ids: world.sealed() };
    if way == NoticeWay::Portal { world.act_of_person(&body) } else { world.act(&body) }
}

pub(super) fn statement(world: &mut World) -> Made {
    let (one, other) = (world.day(), world.day());
    let body = Statement {
        from: one.min(other),
        to: one.max(other),
        size: world.index,
        digest: Base64(world.random.bytes()),
        key: world.key(),
        ids: world.sealed(),
    };
    world.act_of_person(&body)
}

pub(super) fn block(world: &mut World) -> Made {
    let (blocked, scenario) = (world.random.once_in(2), world.scenario().to_owned());
    let body = Block { blocked, scenario, key: world.key(), person: world.sealed() };
    world.act_of_person(&body)
}

pub(super) fn objection(world: &mut World) -> Made {
    let states = [ObjectionState::Open, ObjectionState::Upheld, ObjectionState::Rejected];
    let state = world.random.one_of(&states).copied().unwrap_or(ObjectionState::Open);
    let decided = state != ObjectionState::Open;
    if state == ObjectionState::Upheld {
        world.removed = world.index;
    }
    let body = Objection {
        state,
        class: "penalty".to_owned(),
        due: world.day(),
        key: world.key(),
        record: world.sealed(),
        text: (!decided).then(|| world.sealed()),
        reason: decided.then(|| world.sealed()),
    };
    if decided { world.act(&body) } else { world.act_of_person(&body) }
}

pub(super) fn repair(world: &mut World) -> Made {
    let state = if world.random.once_in(3) { RepairState::Revoked } else { RepairState::Repaired };
    repair_that_is(world, state)
}

/// A record goes out of answers, so that one that was given may be corrected.
pub(super) fn removal(world: &mut World) -> Made {
    repair_that_is(world, RepairState::Repaired)
}

fn repair_that_is(world: &mut World, state: RepairState) -> Made {
    if state == RepairState::Repaired {
        world.removed = world.index;
    }
    let order = world.random.once_in(2).then(|| world.sealed());
    let body =
        Repair { state, class: "penalty".to_owned(), on: world.day(), key: world.key(), record: world.sealed(), order };
    world.own(&body)
}

/// Whether a correction of some answer can be due.
pub(super) fn is_correctable(world: &World) -> bool {
    world.answers.iter().any(|answer| answer.since < world.removed)
}

/// A correction that is due, or one that who was answered fetches, once or again.
pub(super) fn correction(world: &mut World) -> Made {
    let is_there = |name: &str| !world.standings.get(name).is_some_and(|standing| standing.removed);
    let due = |answer: &&Answered| answer.is_due && is_there(answer.institution);
    let fetched: Vec<_> = world.answers.iter().filter(due).map(|answer| (answer.id, answer.institution)).collect();
    if let Some((query, institution)) = world.random.one_of(&fetched).copied().filter(|_| world.random.once_in(2)) {
        return world.own_of(institution, &Correction { state: CorrectionState::Fetched, query });
    }
    let (index, removed) = (world.index, world.removed);
    let open: Vec<_> =
        (0..).zip(&world.answers).filter(|(_, answer)| answer.since < removed).map(|(at, _)| at).collect();
    let chosen = world.random.one_of(&open).copied();
    let Some(answer) = chosen.and_then(|at: usize| world.answers.get_mut(at)) else { return removal(world) };
    (answer.since, answer.is_due) = (index, true);
    let due = Correction { state: CorrectionState::Due, query: answer.id };
    due.entry(world.id(), Actor::gateway())
}

pub(super) fn binding(world: &mut World) -> Made {
    let state = if world.random.once_in(3) { BindingState::Unbound } else { BindingState::Bound };
    let body = Binding { state, key: world.key(), person: world.sealed() };
    world.act(&body)
}
