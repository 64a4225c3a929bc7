//! What a leaf of what outlives a data key says, once it is opened: start-up reads it into [`Standing`].

use credit_audit::leaf::{Body, Leaf, ObjectionState, RepairState};
use credit_policy::{CitizenNumber, Personal};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{bound_id, mandate, sealing::SealedMember};
use crate::{
    keyring::Keyring,
    state::standing::{Objection, Repair, Stage, Standing},
};

/// The sealed `person`.
#[derive(Serialize, Deserialize)]
pub(super) struct PersonMember {
    pub(super) number: String,
}

/// The sealed `record`.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordMember {
    pub(super) number: String,
    pub(super) record: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) determined: Option<Date>,
    /// The leaf that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<Uuid>,
}

/// The sealed `text`, `reason` or `order`.
#[derive(Serialize, Deserialize)]
pub(super) struct TextMember {
    /// What was said.
    pub(super) text: String,
}

/// Takes in a leaf of what persons said. False where its sealed part does not open: whom it was about is lost.
pub(crate) fn restore(standing: &Standing, keys: &Keyring, origin: &str, index: u64, leaf: &Leaf<'_>) -> bool {
    let id = leaf.head.id;
    let restored = match &leaf.body {
        Body::Block(block) => {
            let member = SealedMember { leaf: id, name: "person", key: &block.key, bytes: &block.person.0 };
            let opened = member.open::<PersonMember>(keys, origin);
            opened.and_then(|opened| parsed(&opened.number)).map(|number| {
                standing.block(standing.person(&number), &block.scenario, block.blocked);
            })
        }
        Body::Objection(said) => {
            let member = SealedMember { leaf: id, name: "record", key: &said.key, bytes: &said.record.0 };
            let opened = member.open::<RecordMember>(keys, origin);
            opened.and_then(|opened| Some((parsed(&opened.number)?, opened))).map(|(number, opened)| {
                let first = opened.first.unwrap_or(id);
                let before = standing.objection(first).map(|(_, before)| before);
                let stage = match said.state {
                    ObjectionState::Open => Stage::Open,
                    ObjectionState::Upheld => Stage::Upheld,
                    ObjectionState::Rejected => Stage::Rejected,
                };
                let made = before.as_ref().map_or(leaf.head.at, |before| before.made);
                let leaves = match &before {
                    Some(before) if stage != Stage::Open => (before.leaves.0, Some(index)),
                    // Said again in a log that continues another: all of it stands in this leaf.
                    None if stage != Stage::Open => (index, Some(index)),
                    Some(_) | None => (index, None),
                };
                let (class, due, record) = (said.class.clone(), said.due, opened.record);
                let determined = opened.determined.unwrap_or(due);
                let objection = Objection { id: first, record, class, determined, made, due, state: stage, leaves };
                standing.object(standing.person(&number), objection);
            })
        }
        Body::Repair(said) => {
            let member = SealedMember { leaf: id, name: "record", key: &said.key, bytes: &said.record.0 };
            let opened = member.open::<RecordMember>(keys, origin);
            opened.and_then(|opened| Some((parsed(&opened.number)?, opened))).map(|(number, opened)| {
                let (person, class, on) = (standing.person(&number), said.class.clone(), said.on);
                let RecordMember { record, determined, first, .. } = opened;
                let determined = determined.unwrap_or(on);
                match said.state {
                    RepairState::Repaired => {
                        standing.repair(person, Repair { record, class, determined, on, leaf: Some(index), first });
                    }
                    RepairState::Revoked => standing.revoke_repair(&person, &record),
                }
            })
        }
        Body::Binding(_) => {
            let is_login = bound_id::restore(standing, keys, origin, index, leaf);
            (is_login || mandate::restore(standing, keys, origin, index, leaf)).then_some(())
        }
        // Nothing else is kept there.
        _ => Some(()),
    };
    restored.is_some()
}

/// Whether what such a leaf seals was destroyed: then what was in force was said again before.
pub(crate) fn is_destroyed(keys: &Keyring, origin: &str, leaf: &Leaf<'_>) -> bool {
    let id = leaf.head.id;
    let (name, key, bytes) = match &leaf.body {
        Body::Block(block) => ("person", &block.key, &block.person.0),
        Body::Objection(said) => ("record", &said.key, &said.record.0),
        Body::Repair(said) => ("record", &said.key, &said.record.0),
        Body::Binding(binding) => ("person", &binding.key, &binding.person.0),
        _ => return false,
    };
    SealedMember { leaf: id, name, key, bytes }.is_destroyed(keys, origin)
}

/// Whom such a leaf is about.
pub(super) fn whose(keys: &Keyring, origin: &str, leaf: &Leaf<'_>) -> Option<Personal<CitizenNumber>> {
    let (name, key, bytes) = match &leaf.body {
        Body::Block(block) => ("person", &block.key, &block.person.0),
        Body::Objection(said) => ("record", &said.key, &said.record.0),
        Body::Repair(said) => ("record", &said.key, &said.record.0),
        _ => return None,
    };
    let opened: PersonMember = SealedMember { leaf: leaf.head.id, name, key, bytes }.open(keys, origin)?;
    parsed(&opened.number)
}

/// The `text` or `reason` of an objection's leaf, the `order` of a repair's.
pub(crate) fn text_of(keys: &Keyring, origin: &str, leaf: &Leaf<'_>, name: &str) -> Option<String> {
    let (key, sealed) = match (&leaf.body, name) {
        (Body::Objection(said), "text") => (&said.key, said.text.as_ref()?),
        (Body::Objection(said), "reason") => (&said.key, said.reason.as_ref()?),
        (Body::Repair(said), "order") => (&said.key, said.order.as_ref()?),
        _ => return None,
    };
    let member = SealedMember { leaf: leaf.head.id, name, key, bytes: &sealed.0 };
    member.open::<TextMember>(keys, origin).map(|opened| opened.text)
}

fn parsed(number: &str) -> Option<Personal<CitizenNumber>> {
    CitizenNumber::parse(number).ok()
}
