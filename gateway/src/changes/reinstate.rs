//! An officer or the supervisor who is suspended comes back by two others: one alone would decide who the second officer is. Where too
//! few are left, the account at the machine is the second; where nobody is left, it acts alone. All of it is on the record.

use std::{collections::HashSet, sync::Arc};

use credit_audit::leaf::{Act, Actor, Read};
use credit_policy::{Duty, InstitutionId};
use uuid::Uuid;

use super::{
    account::Account,
    approval::is_by_two,
    by_two::{Warrant, approvals, once, permit, refuse},
    error::ChangeError,
    institution::is_of_officers,
    request::{LeafMade, Made},
    suspension::set_suspended,
};
use crate::{
    callers::suspension::Part,
    gateway::Gateway,
    recorder::InForceOnly,
    settings::Role,
    state::approvals::{NotApproved, REINSTATE, of_reinstatement},
};

/// Lets an institution or a part of it ask again; an officer or the supervisor by two.
pub(super) async fn resume(
    gateway: &Arc<Gateway>,
    (id, part): (InstitutionId, Part),
    (reason, proposal): (Option<String>, Option<Uuid>),
    account: &Account,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<Made, ChangeError> {
    let suspensions = Arc::clone(&gateway.register.by_id(id.as_str())?.suspensions);
    if part.is_whole() && is_by_two(gateway) && is_of_officers(gateway, &id) {
        // What is in force already needs nobody; who names a proposal hears whether it is one.
        if proposal.is_none() && gateway.is_already(|| !suspensions.has(&part)).await {
            let (leaf, suspended) = (LeafMade::Already(true), false);
            return Ok(Made::Suspension { leaf, institution: id, part, suspended, unseen: false });
        }
        let digest = of_reinstatement(id.as_str());
        match account.actor() {
            Actor::Account(_) => second(gateway, (&id, proposal), account).await?,
            Actor::Officer { .. } | Actor::Institution { .. } | Actor::Person(_) | Actor::System(_) => {
                permit(gateway, (REINSTATE, digest), Warrant { proposal, emergency: false }, account).await?;
                once(gateway, REINSTATE, proposal, account).await?;
            }
        }
        let made = set_suspended(gateway, (id.clone(), part), false, reason, account, off_record).await?;
        approvals(gateway).reinstated(id.as_str());
        return Ok(made);
    }
    set_suspended(gateway, (id, part), false, reason, account, off_record).await
}

/// The account at the machine as the second beside an officer's proposal, which the record says.
async fn second(
    gateway: &Arc<Gateway>,
    (id, proposal): (&InstitutionId, Option<Uuid>),
    account: &Account,
) -> Result<(), ChangeError> {
    let named = proposal.map_or_else(|| "none".to_owned(), |proposal| proposal.to_string());
    if let Some(fault) = fault_of_second(gateway, id, proposal) {
        return refuse(gateway, &format!("officers/{REINSTATE}/{named}"), fault, account).await;
    }
    let read = Read { path: format!("officers/{REINSTATE}/{named}/second") };
    let entry = read.entry(gateway.new_id(), account.actor())?;
    gateway.recorder.record(entry).await.map(drop).map_err(|_| ChangeError::NotMade)
}

fn fault_of_second(gateway: &Gateway, id: &InstitutionId, proposal: Option<Uuid>) -> Option<NotApproved> {
    let left = deciding(gateway);
    let Some(proposal) = proposal else {
        return (!left.is_empty()).then_some(NotApproved::Alone);
    };
    let approvals = approvals(gateway);
    let digest = of_reinstatement(id.as_str());
    let by = match approvals.fault_of_second((REINSTATE, &digest), proposal, gateway.clock.now()) {
        Ok(by) => by,
        Err(fault) => return Some(fault),
    };
    // Who proposed it acts still, and nobody else could approve it.
    match left.as_slice() {
        [alone] if alone == by => None,
        [] => None,
        _ => Some(NotApproved::NotYet),
    }
}

/// The officers who decide and are not suspended.
fn deciding(gateway: &Gateway) -> Vec<String> {
    let rules = gateway.rules();
    let all = gateway.register.all();
    let decide = all.iter().filter(|one| {
        let is_officer = one.record.kind.duty() == Some(Duty::Officer);
        is_officer && !one.is_suspended() && rules.beside.role(one.id()) == Role::Officer
    });
    decide.map(|one| one.id().to_owned()).collect()
}
