//! What was shown to a person is on the record before it is shown: a leaf that commits to the very list, and one that says
//! which owed notices it gave.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::{Act, Actor, Base64, Notice, NoticeWay, Statement};
use credit_keys::{Entropy, Person, SealedBytes, answer_commitment};
use credit_policy::{CitizenNumber, Personal};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::report::OwnReceipt;
use crate::{gateway::Gateway, recorder::NotRecorded};

/// What is about to be shown.
pub(super) struct Shown<'a, F: FnOnce(Base64<[u8; 32]>, String, Base64<Vec<u8>>) -> Statement> {
    /// The list, byte for byte.
    pub(super) list: &'a [u8],
    /// The queries in it.
    pub(super) ids: Vec<Uuid>,
    /// Those of which a notice is owed and was not given yet.
    pub(super) told: Vec<Uuid>,
    /// Makes the leaf of digest, data key and sealed ids.
    pub(super) statement: F,
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
pub(super) async fn record<F: FnOnce(Base64<[u8; 32]>, String, Base64<Vec<u8>>) -> Statement>(
    gateway: &Arc<Gateway>,
    number: &Personal<CitizenNumber>,
    shown: Shown<'_, F>,
) -> Result<OwnReceipt, NotRecorded> {
    let refused = || NotRecorded::NotRecordable;
    let keys = gateway.keys.current();
    let person = number.disclose(|number| keys.sealer.person(number.as_str()));
    let actor = Actor::Person(Base64(person.actor_tag()));
    let mut opening = [0; 32];
    gateway.entropy.fill(&mut opening).map_err(|_| refused())?;
    let text = STANDARD.encode(opening);
    let key = keys.sealer.key_id().as_str().to_owned();
    let sealing = Sealing { gateway, person: &person, number };
    let id = gateway.new_id();
    let ids = sealing.ids(id, &shown.ids, Some(&text)).ok_or_else(refused)?;
    let leaf = (shown.statement)(Base64(answer_commitment(&opening, shown.list)), key.clone(), ids);
    let entry = leaf.entry(id, actor.clone()).map_err(|_| refused())?;
    let statement = gateway.recorder.record(entry);
    let notice = async {
        if shown.told.is_empty() {
            return Ok(());
        }
        let id = gateway.new_id();
        let ids = sealing.ids(id, &shown.told, None).ok_or_else(refused)?;
        let count = u64::try_from(shown.told.len()).unwrap_or(u64::MAX);
        let leaf = Notice { way: NoticeWay::Portal, count, key: key.clone(), ids };
        let entry = leaf.entry(id, actor.clone()).map_err(|_| refused())?;
        gateway.recorder.record(entry).await.map(drop)
    };
    let (durable, ()) = futures_util::future::try_join(statement, notice).await?;
    Ok(OwnReceipt {
        log: gateway.settings.log.origin.clone(),
        index: durable.index,
        leaf: STANDARD.encode(durable.leaf_hash),
        opening: Some(text),
    })
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
