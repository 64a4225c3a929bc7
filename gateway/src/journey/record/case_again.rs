//! Undecided cases are said again under the data key of the month, and in a log that continues another: a look-up of this month
//! has a tag of this month.

use std::{path::Path, sync::Arc};

use credit_audit::{
    leaf::{Actor, Body, CaseState, entry_among, parse},
    log::{Durable, NotRecordable},
};
use credit_keys::KeyId;
use credit_policy::{CitizenNumber, Personal};
use serde::Deserialize;

use super::{
    case_leaf::{Words, case_leaf},
    entry::unrecordable,
};
use crate::{
    gateway::Gateway,
    index::leaf_at,
    keyring::{Current, Keyring},
    state::open_cases::{CaseName, OpenPerson},
};

/// A case of an earlier leaf, with its person.
pub(crate) struct CaseBefore {
    words: Words,
    number: Personal<CitizenNumber>,
}

#[derive(Deserialize)]
struct Inside {
    number: String,
}

impl CaseBefore {
    /// Reads the leaf of a case in the log in `folder`; nothing where it is none, or does not open any more. Blocks.
    pub(crate) fn read(folder: &Path, origin: &str, index: u64, keys: &Keyring) -> Option<Self> {
        let bytes = leaf_at(folder, index).ok()?;
        let leaf = parse(&bytes).ok()??;
        let (id, institution) = (leaf.head.id, leaf.head.institution?.to_owned());
        let Body::Case(case) = leaf.body else { return None };
        let (key, sealed, commit) = (KeyId::parse(&case.key?).ok()?, case.sealed?, case.commit?);
        let opened = keys.with(|ring| ring.unseal(&key, origin, &id.to_string(), &sealed.0, &commit.0)).ok()?;
        let inside: Inside = opened.disclose(|plain| serde_json::from_slice(plain)).ok()?;
        let number = CitizenNumber::parse(&inside.number).ok()?;
        let words = Words {
            institution,
            state: CaseState::Opened,
            scenario: case.scenario,
            case: case.case,
            on: case.on,
            operator: case.operator,
        };
        Some(Self { words, number })
    }

    fn name(&self) -> CaseName {
        CaseName::new(&self.words.institution, &self.words.scenario, &self.words.case)
    }

    /// Records it in this log, unless it says so already; where its institution is in no register, nothing can be said.
    ///
    /// # Errors
    /// [`NotRecordable`].
    pub(crate) async fn record(self, gateway: &Gateway) -> Result<Option<Durable>, NotRecordable> {
        let (keys, name, id) = (gateway.keys.current(), self.name(), gateway.new_id());
        let institution = self.words.institution.clone();
        if !gateway.register.all().iter().any(|known| known.id() == institution) {
            return Ok(None);
        }
        let actor = Actor::gateway();
        let leaf = case_leaf(gateway, id, &keys, self.words, Some(&self.number))?;
        if leaf.subject.as_ref().is_some_and(|tag| gateway.open_cases().has(&name, tag)) {
            return Ok(None);
        }
        let entry = entry_among(&leaf, id, &institution, actor.clone()).map_err(|error| unrecordable(&error))?;
        let durable = gateway.log.submit(entry, false, || true).map_err(|_| NotRecordable)?.await?;
        gateway.open_cases().apply(&institution, durable.index, &leaf, Some(&actor));
        Ok(Some(durable))
    }
}

/// Says undecided cases again whose tag is of another data key: those of one name, or all.
///
/// # Errors
/// [`NotRecordable`]; what was said stays said.
pub(crate) async fn say_again(gateway: &Gateway, of: Option<&CaseName>) -> Result<(), NotRecordable> {
    let keys = gateway.keys.current();
    if stale(gateway, &keys, of).is_empty() {
        return Ok(());
    }
    // One after the other, so that the persons of a case keep their order.
    let _turn = gateway.cases.turn.lock().await;
    for (name, person) in stale(gateway, &keys, of) {
        if !gateway.is_published(person.index).await {
            return Err(NotRecordable);
        }
        let (folder, origin) = (gateway.log_folder(), gateway.settings.log.origin.clone());
        let (ring, index) = (Arc::clone(&gateway.keys), person.index);
        let read = tokio::task::spawn_blocking(move || CaseBefore::read(&folder, &origin, index, &ring));
        match read.await.ok().flatten() {
            Some(before) => drop(before.record(gateway).await?),
            None => {
                let cause = "a case that is not decided does not open: its data key is destroyed";
                tracing::error!(cause, "a case is lost");
                gateway.open_cases().forget(&name, &person);
            }
        }
    }
    Ok(())
}

fn stale(gateway: &Gateway, keys: &Current, of: Option<&CaseName>) -> Vec<(CaseName, OpenPerson)> {
    gateway.open_cases().stale(keys.sealer.key_id().as_str(), of)
}
