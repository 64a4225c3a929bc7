//! What was shown to a person is on the record before it is shown: a leaf that commits to the very list, and one that says
//! which owed notices it gave.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Act, Actor, Base64, Notice, NoticeWay, Statement},
    log::Durable,
};
use credit_keys::{Entropy, Person, SealedBytes, answer_commitment};
use credit_policy::{CitizenNumber, Personal};
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{acting, report::OwnReceipt, sessions::LoggedIn};
use crate::{gateway::Gateway, recorder::NotRecorded};

/// Ids that fit one sealed member: so many entries has a page, and of a longer list each leaf has so many.
pub(super) const IDS: usize = 40;

/// What is about to be shown.
pub(super) struct Shown<'a> {
    /// Its days.
    pub(super) from: Date,
    pub(super) to: Date,
    /// Leaves of the log that it covers.
    pub(super) covers: u64,
    /// The list, byte for byte.
    pub(super) list: &'a [u8],
    /// The queries in it.
    pub(super) ids: Vec<Uuid>,
    /// Those of which a notice is owed and was not given yet.
    pub(super) told: Vec<Uuid>,
}

/// The record of what is shown; of a list that takes several leaves, the last one.
pub(super) struct Record {
    pub(super) durable: Durable,
    /// What opens the leaf's digest, in base64.
    pub(super) opening: String,
}

impl Record {
    /// Where it stands, for the person.
    pub(super) fn receipt(&self, gateway: &Gateway) -> OwnReceipt {
        OwnReceipt {
            log: gateway.settings.log.origin.clone(),
            index: self.durable.index,
            leaf: STANDARD.encode(self.durable.leaf_hash),
            opening: Some(self.opening.clone()),
        }
    }
}

/// What is sealed in either leaf.
#[derive(Serialize)]
struct Ids<'a> {
    number: &'a str,
    ids: &'a [Uuid],
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<&'a str>,
}

/// Records it.
///
/// # Errors
/// When it is not on the record: then nothing may be shown.
pub(super) async fn record(gateway: &Arc<Gateway>, whose: &LoggedIn, shown: Shown<'_>) -> Result<Record, NotRecorded> {
    let number = &*whose.person;
    let refused = || NotRecorded::NotRecordable;
    let keys = gateway.current_keys();
    let person = number.disclose(|number| keys.sealer.person(number.as_str()));
    // A list is shown to the person, or to who has a mandate: at the counter to the person who is present.
    let own = || Actor::Person(Base64(person.actor_tag()));
    let (actor, way, giver) = match acting::actor(gateway, whose) {
        Some(officer @ Actor::Officer { .. }) => (own(), NoticeWay::Counter, officer),
        Some(deputy) => (deputy.clone(), NoticeWay::Portal, deputy),
        None => (own(), NoticeWay::Portal, own()),
    };
    let mut opening = [0; 32];
    gateway.entropy.fill(&mut opening).map_err(|_| refused())?;
    let text = STANDARD.encode(opening);
    let key = keys.sealer.key_id().as_str().to_owned();
    let sealing = Sealing { gateway, person: &person, number };
    let Shown { from, to, covers: size, list, ids, told } = shown;
    let digest = Base64(answer_commitment(&opening, list));
    let mut entries = Vec::new();
    for told in told.chunks(IDS) {
        let id = gateway.new_id();
        let ids = sealing.ids(id, told, None).ok_or_else(refused)?;
        let count = u64::try_from(told.len()).unwrap_or(u64::MAX);
        let leaf = Notice { way, count, key: key.clone(), ids };
        entries.push(leaf.entry(id, giver.clone()).map_err(|_| refused())?);
    }
    // An empty list is recorded too.
    let mut parts: Vec<_> = ids.chunks(IDS).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    for part in parts {
        let id = gateway.new_id();
        let ids = sealing.ids(id, part, Some(&text)).ok_or_else(refused)?;
        let leaf = Statement { from, to, size, digest, key: key.clone(), ids };
        entries.push(leaf.entry(id, actor.clone()).map_err(|_| refused())?);
    }
    let recorded = entries.into_iter().map(|entry| gateway.recorder.record(entry));
    let last = futures_util::future::try_join_all(recorded).await?.pop();
    Ok(Record { durable: last.ok_or_else(refused)?, opening: text })
}

struct Sealing<'a> {
    gateway: &'a Gateway,
    person: &'a Person,
    number: &'a Personal<CitizenNumber>,
}

impl Sealing<'_> {
    /// Ids, sealed for the leaf `id`.
    fn ids(&self, id: Uuid, ids: &[Uuid], opening: Option<&str>) -> Option<Base64<Vec<u8>>> {
        let plain = self.number.disclose(|number| serde_json::to_vec(&Ids { number: number.as_str(), ids, opening }));
        let plain = Zeroizing::new(plain.ok()?);
        // Of one length whatever the number: how often somebody was asked about is nobody's business.
        let sealed = self.person.seal(&format!("{id}/ids"), &plain, SealedBytes::B2048, &self.gateway.entropy).ok()?;
        Some(Base64([sealed.commit.as_slice(), &sealed.ciphertext].concat()))
    }
}
