//! Samples of what persons are shown, told and may do.

use crate::leaf::bodies::{
    Binding, BindingState, Block, Correction, CorrectionState, Notice, NoticeWay, Objection, ObjectionState, Repair,
    RepairState, Statement,
};
use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};

use super::world::World;

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
    let order = world.random.once_in(2).then(|| world.sealed());
    let body =
        Repair { state, class: "penalty".to_owned(), on: world.day(), key: world.key(), record: world.sealed(), order };
    world.own(&body)
}

pub(super) fn correction(world: &mut World) -> Made {
    let query = world.query();
    if world.random.once_in(2) {
        world.own(&Correction { state: CorrectionState::Fetched, query })
    } else {
        world.act(&Correction { state: CorrectionState::Due, query })
    }
}

pub(super) fn binding(world: &mut World) -> Made {
    let state = if world.random.once_in(3) { BindingState::Unbound } else { BindingState::Bound };
    let body = Binding { state, key: world.key(), person: world.sealed() };
    world.act(&body)
}
