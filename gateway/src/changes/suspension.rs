//! Suspension and stop: what narrows is in force first and then on the record, what widens is on the record first. What is
//! in force and on the record already is left as it is, without a second leaf.

use std::{collections::HashSet, sync::Arc};

use credit_audit::leaf::{Act, Stop, Suspension};
use credit_policy::{InstitutionId, StaffId};

use super::{
    account::Account,
    approval::is_by_two,
    by_two::{Warrant, approvals, once, permit},
    error::ChangeError,
    request::{LeafMade, Made},
};
use crate::{
    callers::suspension::{Part, SuspendedSince},
    gateway::Gateway,
    recorder::{InForceOnly, NotRecorded, Order},
    state::approvals::{RESUME, of_resumption},
};

/// Suspends an institution or a part of it, or lets it ask again.
pub(super) async fn set_suspended(
    gateway: &Arc<Gateway>,
    (institution, part): (InstitutionId, Part),
    suspended: bool,
    reason: Option<String>,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    check(gateway, &part)?;
    let suspensions = Arc::clone(&gateway.register.by_id(institution.as_str())?.suspensions);
    let in_force_only = InForceOnly::Suspension(institution.clone(), part.clone());
    let made = |leaf| Made::Suspension { leaf, institution: institution.clone(), part: part.clone(), suspended };
    if !(suspended && off_record.contains(&in_force_only))
        && gateway.is_already(|| suspensions.has(&part) == suspended).await
    {
        return Ok(made(LeafMade::Already(true)));
    }
    let leaf = Suspension {
        institution: institution.as_str().to_owned(),
        operator: part.staff().map(str::to_owned),
        scenario: part.scenario().map(str::to_owned),
        suspended,
        reason: reason.clone(),
    };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let (changed, since) = (part.clone(), SuspendedSince { at: gateway.clock.now(), reason });
    let effect = move || {
        suspensions.set(&changed, suspended);
        suspensions.said(changed, since);
    };
    let recorded = gateway.recorder.put_in_force(order(suspended), entry, false, effect).await;
    let what = match &part {
        Part::Whole => format!("institution `{}` is suspended", institution.as_str()),
        Part::Staff(name) | Part::Scenario(name) => {
            format!("`{name}` of institution `{}` is suspended", institution.as_str())
        }
    };
    Ok(made(LeafMade::Index(settled(recorded, suspended, in_force_only, what, off_record)?)))
}

/// Stops everything or one scenario, or lets it go on.
pub(super) async fn set_stopped(
    gateway: &Arc<Gateway>,
    scenario: Option<String>,
    stopped: bool,
    reason: Option<String>,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    scenario.iter().try_for_each(|name| known_scenario(gateway, name))?;
    let in_force_only = InForceOnly::Stop(scenario.clone());
    let made = |leaf| Made::Stop { leaf, scenario: scenario.clone(), stopped };
    if !(stopped && off_record.contains(&in_force_only))
        && gateway.is_already(|| gateway.stops.has(scenario.as_deref()) == stopped).await
    {
        return Ok(made(LeafMade::Already(true)));
    }
    let leaf = Stop { scenario: scenario.clone(), stopped, reason };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let (shared, changed) = (Arc::clone(gateway), scenario.clone());
    let effect = move || shared.stops.set(changed.as_deref(), stopped);
    let recorded = gateway.recorder.put_in_force(order(stopped), entry, false, effect).await;
    let what = match &scenario {
        Some(scenario) => format!("scenario `{scenario}` is stopped"),
        None => "every query is stopped".to_owned(),
    };
    Ok(made(LeafMade::Index(settled(recorded, stopped, in_force_only, what, off_record)?)))
}

/// Lets queries be answered again; where two officers are needed, by the two.
pub(super) async fn resume(
    gateway: &Arc<Gateway>,
    scenario: Option<String>,
    reason: Option<String>,
    by: Warrant,
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    if !is_by_two(gateway) {
        return set_stopped(gateway, scenario, false, reason, account, off_record).await;
    }
    scenario.iter().try_for_each(|name| known_scenario(gateway, name))?;
    // Where nothing is stopped, nothing is done; not even where it is stopped the next moment.
    if gateway.is_already(|| !gateway.stops.has(scenario.as_deref())).await {
        return Ok(Made::Stop { leaf: LeafMade::Already(true), scenario, stopped: false });
    }
    let digest = of_resumption(scenario.as_deref(), reason.as_deref());
    permit(gateway, (RESUME, digest), by, account).await?;
    once(gateway, RESUME, by.proposal, account).await?;
    let made = set_stopped(gateway, scenario, false, reason, account, off_record).await?;
    approvals(gateway).done((RESUME, &digest), None, Some(&account.actor()), gateway.clock.now());
    Ok(made)
}

/// What narrows cannot wait for a disk.
fn order(narrows: bool) -> Order {
    if narrows { Order::EffectFirst } else { Order::RecordFirst }
}

/// The leaf's index; where there is none, what is in force all the same.
fn settled(
    recorded: Result<(credit_audit::log::Durable, ()), NotRecorded>,
    narrows: bool,
    in_force_only: InForceOnly,
    what: String,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<u64, ChangeError> {
    match recorded {
        Ok((durable, ())) => {
            off_record.remove(&in_force_only);
            Ok(durable.index)
        }
        Err(NotRecorded::NotShared) => Err(ChangeError::NotShared),
        Err(_) if narrows => {
            off_record.insert(in_force_only);
            Err(ChangeError::NotOnRecord(what))
        }
        Err(_) => Err(ChangeError::NotMade),
    }
}

/// A part that no query could name is a typing error, and would suspend nobody.
fn check(gateway: &Gateway, part: &Part) -> Result<(), ChangeError> {
    match part {
        Part::Whole => Ok(()),
        Part::Staff(staff) => StaffId::parse(staff).map(drop).map_err(|_| ChangeError::Staff),
        Part::Scenario(scenario) => known_scenario(gateway, scenario),
    }
}

fn known_scenario(gateway: &Gateway, name: &str) -> Result<(), ChangeError> {
    match gateway.catalogue().scenario(name) {
        Some(_) => Ok(()),
        None => Err(ChangeError::UnknownScenario),
    }
}
