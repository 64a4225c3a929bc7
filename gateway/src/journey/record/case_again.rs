//! Undecided cases, and appointments to come, are said again under the data key of the month, and in a log that continues another: a look-up of this month
//! has a tag of this month.

use std::{path::Path, sync::Arc};

use credit_audit::{
    leaf::{Act, Actor, Body, CaseState, entry_among, parse},
    log::{Durable, NotRecordable},
};
use credit_keys::KeyId;
use credit_policy::{CitizenNumber, Personal};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    case_leaf::{Words, appointment_leaf, case_leaf},
    entry::unrecordable,
};
use crate::{
    cluster::is_shared_kind,
    gateway::Gateway,
    index::leaf_at,
    keyring::{Current, Keyring},
    state::open_cases::{CaseName, OpenPerson},
};

/// A case or an appointment of an earlier leaf, with its person.
pub(crate) struct CaseBefore {
    words: Words,
    /// Nothing of an appointment.
    case: Option<String>,
    number: Personal<CitizenNumber>,
}

#[derive(Deserialize)]
struct Inside {
    number: String,
}

impl CaseBefore {
    /// Reads the leaf of a case or an appointment in the log in `folder`; nothing where it is none, or does not open any more.
    /// Blocks.
    pub(crate) fn read(folder: &Path, origin: &str, index: u64, keys: &Keyring) -> Option<Self> {
        let bytes = leaf_at(folder, index).ok()?;
        let leaf = parse(&bytes).ok()??;
        let (id, institution) = (leaf.head.id, leaf.head.institution?.to_owned());
        let (words, case, key, sealed, commit) = match leaf.body {
            Body::Case(case) => {
                let words = Words { institution, scenario: case.scenario, on: case.on, operator: case.operator };
                (words, Some(case.case), case.key?, case.sealed?, case.commit?)
            }
            Body::Appointment(said) => {
                let words = Words { institution, scenario: said.scenario, on: said.on, operator: said.operator };
                (words, None, said.key, said.sealed, said.commit)
            }
            _ => return None,
        };
        let key = KeyId::parse(&key).ok()?;
        let opened = keys.with(|ring| ring.unseal(&key, origin, &id.to_string(), &sealed.0, &commit.0)).ok()?;
        let inside: Inside = opened.disclose(|plain| serde_json::from_slice(plain)).ok()?;
        let number = CitizenNumber::parse(&inside.number).ok()?;
        Some(Self { words, case, number })
    }

    /// Records it in this log, unless it says so already; where its institution is in no register, nothing can be said.
    ///
    /// # Errors
    /// [`NotRecordable`].
    pub(crate) async fn record(self, gateway: &Gateway) -> Result<Option<Durable>, NotRecordable> {
        let Self { words, case, number } = self;
        let (keys, id, institution, on) =
            (gateway.current_keys(), gateway.new_id(), words.institution.clone(), words.on);
        if !gateway.register.all().iter().any(|known| known.id() == institution) {
            return Ok(None);
        }
        let Some(case) = case else {
            let leaf = appointment_leaf(gateway, id, &keys, words, &number)?;
            if gateway.appointments().has(on, &leaf.subject) {
                return Ok(None);
            }
            let durable = record_among(gateway, &leaf, id, &institution).await?;
            gateway.appointments().apply(gateway.clock.now(), durable.index, &leaf, true);
            return Ok(Some(durable));
        };
        let name = CaseName::new(&institution, &words.scenario, &case);
        let leaf = case_leaf(gateway, id, &keys, words, (CaseState::Opened, case), Some(&number))?;
        if leaf.subject.as_ref().is_some_and(|tag| gateway.open_cases().has(&name, tag)) {
            return Ok(None);
        }
        let durable = record_among(gateway, &leaf, id, &institution).await?;
        gateway.open_cases().apply(&institution, durable.index, &leaf, Some(&Actor::gateway()));
        Ok(Some(durable))
    }
}

async fn record_among<A: Act>(
    gateway: &Gateway,
    leaf: &A,
    id: Uuid,
    institution: &str,
) -> Result<Durable, NotRecordable> {
    let entry = entry_among(leaf, id, institution, Actor::gateway()).map_err(|error| unrecordable(&error))?;
    let is_shared = is_shared_kind(entry.kind);
    if is_shared && !gateway.reaches_others().await {
        return Err(NotRecordable);
    }
    let durable = gateway.log.submit(entry, false, || true).map_err(|_| NotRecordable)?.await?;
    if !is_shared || gateway.tell(&durable).await { Ok(durable) } else { Err(NotRecordable) }
}

/// Says undecided cases again whose tag is of another data key: those of one name, or all, with the appointments to come.
///
/// # Errors
/// [`NotRecordable`]; what was said stays said.
pub(crate) async fn say_again(gateway: &Gateway, of: Option<&CaseName>) -> Result<(), NotRecordable> {
    let keys = gateway.current_keys();
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
                let cause = "a case that is not decided, or an appointment, does not open: its data key is destroyed";
                tracing::error!(cause, "a case is lost");
                match &name {
                    Some(name) => gateway.open_cases().forget(name, &person),
                    None => gateway.appointments().forget(&person),
                }
            }
        }
    }
    Ok(())
}

/// Cases with their names, and appointments.
fn stale(gateway: &Gateway, keys: &Current, of: Option<&CaseName>) -> Vec<(Option<CaseName>, OpenPerson)> {
    let key = keys.sealer.key_id();
    let cases = gateway.open_cases().stale(key.as_str(), of).into_iter();
    let mut all: Vec<_> = cases.map(|(name, person)| (Some(name), person)).collect();
    if of.is_none() {
        let appointments = gateway.appointments().stale(key.as_str(), gateway.today());
        all.extend(appointments.into_iter().map(|person| (None, person)));
    }
    all
}
