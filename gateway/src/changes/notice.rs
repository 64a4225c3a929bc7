//! A notice that was owed to a person and has been given (PIPL, art. 17, 18, 35). A query's leaf says what is owed; that it
//! was given is a leaf of its own, by whoever gave it.

use std::sync::Arc;

use credit_audit::leaf::{Act, Base64, Notice, NoticeWay, QueryLeaf};
use credit_keys::{KeyId, SealedBytes};
use credit_policy::{CitizenNumber, Personal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    account::Account,
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

/// Whom a query is about for which a notice is owed.
fn asked_about(gateway: &Gateway, id: Uuid) -> Result<Personal<CitizenNumber>, NoticeFault> {
    let unknown = || NoticeFault::Unknown(id);
    let institutions = gateway.register.all();
    let found = institutions.iter().find_map(|institution| gateway.log.receipt(id, institution.id()).ok());
    let leaf = QueryLeaf::parse(&found.ok_or_else(unknown)?.leaf).map_err(|_| unknown())?;
    let is_owed = |notice: &String| notice == "owed" || notice.starts_with("deferred until ");
    let (Some(_), Some(key), Some(sealed), Some(commit)) =
        (leaf.notice.as_ref().filter(|notice| is_owed(notice)), leaf.key, leaf.sealed, leaf.commit)
    else {
        return Err(NoticeFault::NotOwed(id));
    };
    let closed = || NoticeFault::Closed(id);
    let key = KeyId::parse(&key).map_err(|_| closed())?;
    let (log, query) = (&gateway.settings.log.origin, id.to_string());
    let opened =
        gateway.keys.with(|ring| ring.unseal(&key, log, &query, &sealed.0, &commit.0)).map_err(|_| closed())?;
    let number = opened.disclose(|plain| {
        let about = serde_json::from_slice::<About<'_>>(plain).ok()?;
        CitizenNumber::parse(about.number).ok()
    });
    number.ok_or_else(closed)
}

fn sealed(
    gateway: &Gateway,
    id: Uuid,
    person: &Personal<CitizenNumber>,
    way: NoticeWay,
    queries: &[Uuid],
) -> Result<Notice, NoticeFault> {
    let keys = gateway.keys.current();
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
