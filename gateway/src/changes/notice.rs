//! A notice that was owed to a person and has been given (PIPL, art. 17, 18, 35). A query's leaf says what is owed; that it
//! was given is a leaf of its own, by whoever gave it.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Base64, Notice, NoticeWay, QueryLeaf},
    log::Durable,
};
use credit_keys::{KeyId, SealedBytes};
use credit_policy::{CitizenNumber, Personal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    account::Account,
    by::By,
    error::ChangeError,
    notice_fault::{MOST, NoticeFault},
    request::Made,
};
use crate::gateway::Gateway;

/// What is sealed: the person, and the queries that he or she was told of.
#[derive(Serialize)]
struct Ids<'a> {
    number: &'a str,
    ids: Vec<String>,
}

/// Of a query's personal part: whom it is about.
#[derive(Deserialize)]
struct About<'a> {
    number: &'a str,
}

pub(super) async fn give(
    gateway: &Arc<Gateway>,
    way: NoticeWay,
    queries: &[String],
    account: &Account,
) -> Result<Made, ChangeError> {
    let queries = queries.iter().map(|query| Uuid::parse_str(query)).collect::<Result<Vec<_>, _>>();
    let queries = queries.map_err(|_| NoticeFault::NoId)?;
    let count = u64::try_from(queries.len()).unwrap_or(u64::MAX);
    let (shared, id) = (Arc::clone(gateway), gateway.new_id());
    let leaf = tokio::task::spawn_blocking(move || {
        let person = person(&shared, &queries)?;
        sealed(&shared, id, &person, way, &queries)
    });
    let leaf = leaf.await.unwrap_or(Err(NoticeFault::Unsealed))?;
    let entry = leaf.entry(id, account.actor())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Ok(Made::Noticed { index: durable.index, queries: count })
}

/// Records that a notifier told a person of queries: in as many leaves as they need. The caller knows that they are about the
/// person, and owed.
///
/// # Errors
/// [`ChangeError`]; what was recorded before stays.
pub(crate) async fn give_to(
    gateway: &Arc<Gateway>,
    by: &By,
    person: &Personal<CitizenNumber>,
    queries: &[Uuid],
) -> Result<Vec<(Uuid, Durable)>, ChangeError> {
    let mut given = Vec::new();
    for queries in queries.chunks(MOST) {
        let id = gateway.new_id();
        let entry = by.entry(&sealed(gateway, id, person, NoticeWay::Message, queries)?, id)?;
        given.push((id, gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?));
    }
    Ok(given)
}

/// The one person whom all the queries are about.
fn person(gateway: &Gateway, queries: &[Uuid]) -> Result<Personal<CitizenNumber>, NoticeFault> {
    if queries.is_empty() || queries.len() > MOST {
        return Err(NoticeFault::Count);
    }
    if let Some((_, twice)) = queries.iter().enumerate().find(|(at, id)| queries.iter().take(*at).any(|it| it == *id)) {
        return Err(NoticeFault::Twice(*twice));
    }
    let mut all = queries.iter().map(|id| Ok::<_, NoticeFault>((*id, asked_about(gateway, *id)?)));
    let (_, first) = all.next().unwrap_or(Err(NoticeFault::Count))?;
    for other in all {
        let (id, other) = other?;
        let is_same = first.disclose(|first| other.disclose(|other| first.as_str() == other.as_str()));
        if !is_same {
            return Err(NoticeFault::AnotherPerson(id));
        }
    }
    Ok(first)
}

/// Whom a query is about; nothing where its key is destroyed.
pub(crate) fn about(gateway: &Gateway, leaf: &[u8]) -> Option<Personal<CitizenNumber>> {
    let leaf = QueryLeaf::parse(leaf).ok()?;
    let (key, sealed, commit) = (KeyId::parse(leaf.key.as_deref()?).ok()?, leaf.sealed?, leaf.commit?);
    let (log, query) = (&gateway.settings.log.origin, leaf.id.to_string());
    let opened = gateway.keys.with(|ring| ring.unseal(&key, log, &query, &sealed.0, &commit.0)).ok()?;
    opened.disclose(|plain| {
        let about = serde_json::from_slice::<About<'_>>(plain).ok()?;
        CitizenNumber::parse(about.number).ok()
    })
}

/// Whom a query is about for which a notice is owed.
fn asked_about(gateway: &Gateway, id: Uuid) -> Result<Personal<CitizenNumber>, NoticeFault> {
    let unknown = || NoticeFault::Unknown(id);
    let institutions = gateway.register.all();
    let found = institutions.iter().find_map(|institution| gateway.log.receipt(id, institution.id()).ok());
    let found = found.ok_or_else(unknown)?;
    let leaf = QueryLeaf::parse(&found.leaf).map_err(|_| unknown())?;
    let is_owed = |notice: &String| notice == "owed" || notice.starts_with("deferred until ");
    if !leaf.notice.as_ref().is_some_and(is_owed) || leaf.sealed.is_none() {
        return Err(NoticeFault::NotOwed(id));
    }
    about(gateway, &found.leaf).ok_or(NoticeFault::Closed(id))
}

fn sealed(
    gateway: &Gateway,
    id: Uuid,
    person: &Personal<CitizenNumber>,
    way: NoticeWay,
    queries: &[Uuid],
) -> Result<Notice, NoticeFault> {
    let keys = gateway.current_keys();
    let ids = queries.iter().map(Uuid::to_string).collect();
    let sealed = person.disclose(|number| {
        let plain = serde_json::to_vec(&Ids { number: number.as_str(), ids }).map(zeroize::Zeroizing::new).ok()?;
        let fits = |bytes: &SealedBytes| plain.len() <= bytes.plaintext();
        let bytes = [SealedBytes::B1024, SealedBytes::B2048].into_iter().find(fits)?;
        keys.sealer.person(number.as_str()).seal(&format!("{id}/ids"), &plain, bytes, &gateway.entropy).ok()
    });
    let sealed = sealed.ok_or(NoticeFault::Unsealed)?;
    let ids = Base64([sealed.commit.as_slice(), &sealed.ciphertext].concat());
    let count = u64::try_from(queries.len()).unwrap_or(u64::MAX);
    Ok(Notice { way, count, key: keys.sealer.key_id().as_str().to_owned(), ids })
}
