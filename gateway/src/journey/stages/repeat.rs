//! Whether a repeat tells what the first answer told. What was told stands as a keyed digest in the sealed part of the
//! first query's leaf, so nothing of an answer is kept anywhere else, and a restart forgets none.

use std::time::Duration;

use credit_audit::{
    leaf::QueryLeaf,
    log::{Lookup, LookupError},
};
use credit_keys::KeyId;
use credit_policy::Code;
use uuid::Uuid;

use crate::{
    callers::register::Institution,
    gateway::Gateway,
    journey::{
        record::sealed::{Said, tells_the_same},
        refusal::Refusal,
    },
};

/// A leaf is published within a second or so; how often it is looked for, and how long.
const LOOK: Duration = Duration::from_millis(25);
const LATEST: Duration = Duration::from_secs(3);

/// Compares what an answer said with that of the query `first` of the same institution.
///
/// # Errors
/// `answer-changed`, also where it cannot be told: the leaf stands in another log, or its data key is gone.
pub(super) async fn check(
    gateway: &Gateway,
    first: Uuid,
    institution: &Institution,
    said: Said<'_>,
) -> Result<(), Refusal> {
    let changed = |cause: &dyn std::fmt::Display| Refusal::because(Code::AnswerChanged, cause);
    let found = look_up(gateway, first, institution).await.map_err(|error| changed(&error))?;
    let leaf = QueryLeaf::parse(&found.leaf).map_err(|error| changed(&error))?;
    let (Some(key), Some(sealed), Some(commit)) = (leaf.key, leaf.sealed, leaf.commit) else {
        return Err(changed(&"the first query's leaf has no sealed part"));
    };
    let key = KeyId::parse(&key).map_err(|error| changed(&error))?;
    let (log, id) = (&gateway.settings.log.origin, first.to_string());
    let opened = gateway.keys.with(|ring| ring.unseal(&key, log, &id, &sealed.0, &commit.0));
    let opened = opened.map_err(|error| changed(&error))?;
    let same = opened.disclose(|plain| tells_the_same(plain, said));
    if same { Ok(()) } else { Err(Code::AnswerChanged.into()) }
}

/// Waits until the leaf is published: whoever lost an answer asks again at once.
async fn look_up(gateway: &Gateway, id: Uuid, institution: &Institution) -> Result<Lookup, LookupError> {
    let latest = tokio::time::Instant::now() + LATEST;
    loop {
        match gateway.receipt(id, institution).await {
            Err(LookupError::NotYet) if tokio::time::Instant::now() < latest => tokio::time::sleep(LOOK).await,
            found => return found,
        }
    }
}
