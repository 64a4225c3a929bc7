//! A person closes a scenario that stands on consent to everybody, or opens it again (PIPL art. 15, 44): whoever asks is told
//! what a withdrawn consent is told.

use std::{collections::HashSet, sync::Arc};

use credit_audit::{
    leaf::{Act, Actor, Block},
    log::Durable,
};
use credit_policy::{CitizenNumber, Ground, Personal};

use super::{error::ChangeError, sealing::Sealing, standing::PersonMember};
use crate::{
    gateway::Gateway,
    recorder::{InForceOnly, NotRecorded, Order},
};

/// Whether a person may close a scenario: what rests on a statute is no choice of his or hers.
pub(crate) fn may_be_closed(gateway: &Gateway, scenario: &str) -> bool {
    gateway.catalogue().scenario(scenario).is_some_and(|scenario| scenario.ground() == Ground::Consent)
}

/// Nothing where it is so already.
pub(super) async fn block(
    gateway: &Arc<Gateway>,
    (number, by): (&Personal<CitizenNumber>, Option<Actor>),
    scenario: &str,
    blocked: bool,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Option<Durable>, ChangeError> {
    if !may_be_closed(gateway, scenario) {
        return Err(ChangeError::NotToClose);
    }
    let person = gateway.standing.person(number);
    let block = InForceOnly::Block(person, scenario.to_owned());
    if !off_record.contains(&block)
        && gateway.is_already(|| gateway.standing.is_blocked(&person, scenario) == blocked).await
    {
        return Ok(None);
    }
    let sealing = Sealing::begin(gateway, number);
    let sealed = sealing.member("person", |number| PersonMember { number })?;
    let leaf = Block { blocked, scenario: scenario.to_owned(), key: sealing.key(), person: sealed };
    let entry = leaf.entry(sealing.id(), by.unwrap_or_else(|| sealing.actor()))?;
    let (standing, name) = (Arc::clone(&gateway.standing), scenario.to_owned());
    let effect = move || standing.block(person, &name, blocked);
    // Closed before it is on the record, opened after it.
    let order = if blocked { Order::EffectFirst } else { Order::RecordFirst };
    match gateway.recorder.put_in_force(order, entry, false, effect).await {
        Ok((durable, ())) => {
            off_record.remove(&block);
            Ok(Some(durable))
        }
        Err(NotRecorded::NotShared) => Err(ChangeError::NotShared),
        Err(_) if blocked => {
            off_record.insert(block);
            Err(ChangeError::NotOnRecord(format!("the scenario `{scenario}` is closed")))
        }
        Err(_) => Err(ChangeError::NotMade),
    }
}
