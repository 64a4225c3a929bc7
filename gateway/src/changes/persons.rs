//! What a person does about himself or herself, or somebody else for the person, who then is the `by` of the record: each
//! goes on to its end whatever becomes of who asked.

use std::sync::Arc;

use credit_audit::{leaf::Actor, log::Durable};
use credit_policy::consent::TokenId;
use uuid::Uuid;

use super::{block, consent, error::ChangeError, mandate::person_actor, objection, sealing::Number};
use crate::gateway::Gateway;

/// Withdraws a consent of the person: the caller knows that it is. Nothing where that was done already.
///
/// # Errors
/// [`ChangeError`].
pub(crate) async fn withdraw(
    gateway: &Arc<Gateway>,
    (number, by): (&Number, Option<Actor>),
    iss: String,
    jti: TokenId,
) -> Result<Option<Durable>, ChangeError> {
    let (gateway, number) = (Arc::clone(gateway), Arc::clone(number));
    let task = tokio::spawn(async move {
        let off_record = &mut *gateway.changes.lock().await;
        let actor = by.unwrap_or_else(|| person_actor(&gateway, &number));
        consent::withdraw(&gateway, iss, &jti, actor, off_record).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Closes a scenario to everybody, or opens it again. Nothing where it is so already.
///
/// # Errors
/// [`ChangeError::NotToClose`] where the scenario does not stand on consent.
pub(crate) async fn set_blocked(
    gateway: &Arc<Gateway>,
    (number, by): (&Number, Option<Actor>),
    scenario: String,
    blocked: bool,
) -> Result<Option<Durable>, ChangeError> {
    let (gateway, number) = (Arc::clone(gateway), Arc::clone(number));
    let task = tokio::spawn(async move {
        let off_record = &mut *gateway.changes.lock().await;
        block::block(&gateway, (&number, by), &scenario, blocked, off_record).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Objects to a record of the person: the caller knows that it is. Nothing where an objection to it is open.
///
/// # Errors
/// [`ChangeError`].
pub(crate) async fn object(
    gateway: &Arc<Gateway>,
    (number, by): (&Number, Option<Actor>),
    said: objection::Said,
) -> Result<Option<(Uuid, Durable)>, ChangeError> {
    let (gateway, number) = (Arc::clone(gateway), Arc::clone(number));
    let task = tokio::spawn(async move {
        let _in_a_row = gateway.changes.lock().await;
        objection::object(&gateway, (&number, by), said).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}
