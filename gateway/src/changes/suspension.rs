//! Suspension and stop: what narrows is in force first and then on the record, what widens is on the record first. What is
//! in force and on the record already is left as it is, without a second leaf.

use std::{collections::HashSet, sync::Arc};

use credit_audit::{
    leaf::{Act, Stop, Suspension},
    review::Reviews,
};
use credit_policy::{InstitutionId, StaffId};

use super::{
    account::Account,
    approval::is_by_two,
    by_two::{Warrant, approvals, keep, once, permit},
    error::ChangeError,
    request::{LeafMade, Made},
    review::drawn,
};
use crate::{
    callers::suspension::{Part, SuspendedSince},
    gateway::Gateway,
    index::Search,
    recorder::{InForceOnly, NotRecorded, Order},
    state::{
        about::About,
        approvals::{RESUME, of_resumption},
    },
};

/// Queries of a member of staff that are looked at, at most, to tell whether any can be shown.
const LOOKED_AT: u32 = 200;

/// Stands for every scenario in what is stopped still.
const EVERYTHING: &str = "*";

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
    let made = |leaf, unseen| {
        let (institution, part) = (institution.clone(), part.clone());
        Made::Suspension { leaf, institution, part, suspended, unseen }
    };
    if !(suspended && off_record.contains(&in_force_only))
        && gateway.is_already(|| suspensions.has(&part) == suspended).await
    {
        return Ok(made(LeafMade::Already(true), false));
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
    let index = settled(recorded, suspended, in_force_only, what, off_record)?;
    let unseen = suspended && is_unseen(gateway, &institution, &part).await;
    Ok(made(LeafMade::Index(index), unseen))
}

/// Whether it is a member of staff of whom no query stands in the index, or none that was opened where it is under review: what is
/// said here tells nobody who asked what is not opened.
async fn is_unseen(gateway: &Arc<Gateway>, institution: &InstitutionId, part: &Part) -> bool {
    let Some(staff) = part.staff() else { return false };
    let (institution, staff) = (Some(institution.as_str().to_owned()), Some(staff.to_owned()));
    let (shared, search) = (Arc::clone(gateway), Search { institution, staff, ..Search::default() });
    let look = move || {
        let found = shared.index.as_ref()?.search(&search, LOOKED_AT).ok()?;
        let is_shown = |reviews: &mut Reviews, id| reviews.progress_of(id).is_none_or(|(opened, _)| opened);
        drawn(&shared, |reviews| !found.iter().any(|one| is_shown(reviews, one.query))).ok()
    };
    tokio::task::spawn_blocking(look).await.ok().flatten().unwrap_or(false)
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
    let made = |leaf| stop_made(gateway, leaf, scenario.clone(), stopped);
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
        return Ok(stop_made(gateway, LeafMade::Already(true), scenario, false));
    }
    let digest = of_resumption(scenario.as_deref(), reason.as_deref());
    if let Some(emergency) = permit(gateway, (RESUME, digest), by, account).await? {
        let about = reason.clone().map(|reason| About::Resume { scenario: scenario.clone(), reason });
        if let Some(about) = about {
            keep(gateway, emergency, about).await;
        }
    }
    once(gateway, RESUME, by.proposal, account).await?;
    let made = set_stopped(gateway, scenario, false, reason, account, off_record).await?;
    approvals(gateway).done((RESUME, &digest), None, Some(&account.actor()), gateway.clock.now());
    Ok(made)
}

/// What came of it, and what is stopped still where something was to be resumed.
fn stop_made(gateway: &Gateway, leaf: LeafMade, scenario: Option<String>, stopped: bool) -> Made {
    let everything = gateway.stops.is_thrown().then(|| EVERYTHING.to_owned());
    let still_stopped = match stopped {
        true => Vec::new(),
        false => everything.into_iter().chain(gateway.stops.scenarios()).collect(),
    };
    Made::Stop { leaf, scenario, stopped, still_stopped }
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
