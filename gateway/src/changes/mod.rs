//! Acts that are no query: one file an act. Each is a leaf that names who did it; [`recorder`](crate::recorder) says
//! whether the leaf or its effect comes first.

mod account;
mod approval;
mod binding;
mod block;
mod bound_id;
mod by;
mod by_two;
mod cells;
mod consent;
mod correction;
mod coverage;
mod destroy;
mod destroyable;
mod destruction;
mod elsewhere;
mod error;
mod export;
mod figures;
mod institution;
mod keys;
mod laplace;
mod left;
mod listed;
mod mandate;
mod notice;
mod notice_fault;
mod objection;
mod persons;
mod prune;
mod reinstate;
mod repair;
mod request;
mod review;
mod said_before;
mod sealing;
mod standing;
mod suspension;
mod turning;
mod unseal;

use std::sync::Arc;

pub(crate) use account::Account;
pub(crate) use block::may_be_closed;
pub(crate) use bound_id::{bind, key_of, number_of, unbind, wait};
pub(crate) use by::By;
pub(crate) use by_two::{Warrant, refused_by_role};
pub(crate) use correction::{Corrected, corrected, day_of, record_due};
pub(crate) use destroy::unfinished;
pub(crate) use destroyable::next_month;
pub(crate) use destruction::{Destruction, Month, Whose};
pub(crate) use elsewhere::{begin_anew, take_in, take_in_decided};
pub(crate) use error::ChangeError;
pub(crate) use keys::record_key;
pub(crate) use listed::{InstitutionStatus, ListedProposal, ObjectionSaid, OpenObjection, Proposals};
pub(crate) use mandate::{
    ActedFor, NewMandate, acted_for, asked_by_gateway, begin_mandate, end_mandate, mandate_of, person_actor,
};
pub(crate) use notice::{about, give_to};
pub(crate) use objection::{LONGEST, Said, decide, is_text, objection_said};
pub(crate) use persons::{object, set_blocked, withdraw};
pub(crate) use prune::{finish_index, finish_pruning};
pub(crate) use repair::{RepairNotice, RepairedRecord, repair};
pub(crate) use request::{Change, Made};
pub(crate) use review::{closes, drawn, is_latest, put_before_reviewers, watch_reviews};
pub(crate) use said_before::SaidBefore;
pub(crate) use sealing::Number;
pub(crate) use standing::{is_destroyed, restore, text_of};
pub(crate) use turning::TurningUse;

use crate::{gateway::Gateway, state::about::About};

/// Makes a change, or answers a question, for somebody at this machine, an officer, or a rule of the gateway's own. Once it has begun it goes on to its end, also
/// where the caller drops this future; one change comes after the other, so that the record tells their order.
///
/// # Errors
/// Why it was not made, or what is in force without being on the record.
pub(crate) async fn apply(gateway: &Arc<Gateway>, change: Change, account: Account) -> Result<Made, ChangeError> {
    let gateway = Arc::clone(gateway);
    let task = tokio::spawn(async move {
        let off_record = &mut *gateway.changes.lock().await;
        may_be_made(&gateway, &change).await?;
        match change {
            Change::InstitutionAdd { institution, chains } => {
                institution::keep(&gateway, &chains);
                institution::add(&gateway, institution, &account).await
            }
            Change::InstitutionAddCertificate { id, chain } => {
                institution::keep(&gateway, std::slice::from_ref(&chain));
                institution::add_certificate(&gateway, &id, chain.thumbprint(), &account).await
            }
            Change::InstitutionRemoveCertificate { id, certificate } => {
                institution::remove_certificate(&gateway, &id, certificate, &account, off_record).await
            }
            Change::InstitutionSuspend { id, part, reason } => {
                suspension::set_suspended(&gateway, (id, part), true, reason, &account, off_record).await
            }
            Change::InstitutionResume { id, part, reason, proposal } => {
                reinstate::resume(&gateway, (id, part), (reason, proposal), &account, off_record).await
            }
            Change::Stop { scenario, reason } => {
                suspension::set_stopped(&gateway, scenario, true, reason, &account, off_record).await
            }
            Change::Resume { scenario, reason, by } => {
                suspension::resume(&gateway, scenario, reason, by, &account, off_record).await
            }
            Change::Unseal { entry, reason, by } => unseal::unseal(&gateway, entry, reason, by, &account).await,
            Change::Propose { act, digest } => approval::propose_digest(&gateway, act, digest, &account).await,
            Change::ProposeInWords(about) => approval::propose_in_words(&gateway, about, &account).await,
            Change::Approve { proposal, digest } => {
                approval::approve_digest(&gateway, proposal, digest, &account).await
            }
            Change::ProposeDestruction(destruction) => destroy::propose(&gateway, &destruction, &account).await,
            Change::ApproveDestruction { proposal, destruction } => {
                destroy::approve(&gateway, proposal, &destruction, &account).await
            }
            Change::Destroy { destruction: of, proposal } => destroy::destroy(&gateway, &of, proposal, &account).await,
            Change::ApprovePruning { proposal, until } => prune::approve(&gateway, proposal, until, &account).await,
            Change::Prune { until, proposal } => prune::prune(&gateway, until, proposal, &account).await,
            Change::ProposeExport(number) => export::propose(&gateway, &number, &account).await,
            Change::ApproveExport { proposal, number } => export::approve(&gateway, proposal, &number, &account).await,
            Change::Export { number, proposal, is_made } => {
                export::export(&gateway, &number, proposal, is_made, &account).await
            }
            Change::Review(step) => review::step(&gateway, step, &account).await.map(Made::Reviewed),
            Change::Proposals => Ok(Made::Proposals(approval::list(&gateway))),
            Change::InstitutionList => Ok(Made::Listed(institution::list(&gateway))),
            Change::ConsentRevoke { iss, jti } => consent::revoke(&gateway, iss, jti, &account, off_record).await,
            Change::NoticeGive { way, queries } => notice::give(&gateway, way, &queries, &account).await,
            Change::CoverageList { month } => coverage::list(&gateway, month, &account).await,
            Change::FiguresPublish { month } => figures::publish(&gateway, month).await,
            Change::ObjectionList => Ok(objection::list(&gateway)),
            Change::ObjectionShow { objection } => objection::show(&gateway, objection, &account).await,
            Change::ObjectionDecide { objection, upheld, reason } => {
                let by = By::Account(account);
                let (_, durable) = objection::decided(&gateway, objection, upheld, reason, &by, off_record).await?;
                Ok(Made::Decided { index: durable.index, objection, upheld })
            }
            Change::KeysRotate { key_use, overlap_days, end_overlap, at } => {
                keys::rotate(&gateway, key_use, (overlap_days, end_overlap), at, &account).await
            }
        }
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// What officers decide is looked at as all gateways have it; what narrows waits for nobody.
async fn may_be_made(gateway: &Gateway, change: &Change) -> Result<(), ChangeError> {
    if reason(change).is_some_and(|reason| !is_text(reason)) {
        return Err(ChangeError::Statement);
    }
    if is_of_officers(change) && !gateway.reaches_others().await {
        return Err(ChangeError::NotMade);
    }
    if approval::is_by_two(gateway) && is_of_register(gateway, change) { Err(ChangeError::ByTwo) } else { Ok(()) }
}

/// Why it is made, where that goes on the record as it is given: nothing is no reason.
fn reason(change: &Change) -> Option<&str> {
    match change {
        Change::InstitutionSuspend { reason, .. }
        | Change::InstitutionResume { reason, .. }
        | Change::Stop { reason, .. }
        | Change::Resume { reason, .. } => reason.as_deref(),
        Change::Unseal { reason, .. }
        | Change::ProposeInWords(About::Unseal { reason, .. } | About::Resume { reason, .. }) => Some(reason),
        _ => None,
    }
}

/// Whether it rests on what officers proposed, approved or did, or on what persons said, at any gateway.
fn is_of_officers(change: &Change) -> bool {
    match change {
        Change::Resume { by, .. } => by.proposal.is_some() || by.emergency,
        Change::InstitutionResume { proposal, .. } => proposal.is_some(),
        Change::Unseal { .. }
        | Change::Propose { .. }
        | Change::ProposeInWords(_)
        | Change::Approve { .. }
        | Change::ProposeDestruction(_)
        | Change::ApproveDestruction { .. }
        | Change::Destroy { .. }
        | Change::ApprovePruning { .. }
        | Change::Prune { .. }
        | Change::ProposeExport(_)
        | Change::ApproveExport { .. }
        | Change::Export { .. }
        | Change::Proposals
        | Change::ObjectionShow { .. }
        | Change::ObjectionDecide { .. } => true,
        Change::InstitutionAdd { .. }
        | Change::InstitutionAddCertificate { .. }
        | Change::InstitutionRemoveCertificate { .. }
        | Change::InstitutionSuspend { .. }
        | Change::Stop { .. }
        | Change::Review(_)
        | Change::InstitutionList
        | Change::ConsentRevoke { .. }
        | Change::NoticeGive { .. }
        | Change::ObjectionList
        | Change::CoverageList { .. }
        | Change::FiguresPublish { .. }
        | Change::KeysRotate { .. } => false,
    }
}

/// Whether it changes what two officers decide on as the register: who is in it, and who acts and looks at the officers' door.
/// Whoever lets an officer go decides who the other one is.
fn is_of_register(gateway: &Gateway, change: &Change) -> bool {
    if let Change::InstitutionRemoveCertificate { id, .. } = change {
        return institution::is_of_officers(gateway, id);
    }
    matches!(change, Change::InstitutionAdd { .. } | Change::InstitutionAddCertificate { .. })
}
