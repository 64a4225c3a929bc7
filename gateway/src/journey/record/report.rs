//! What an institution reports gets on the record as an act of its own.

use std::sync::Arc;

use credit_audit::{
    leaf::Act,
    log::{Durable, NotRecordable, Unsubmitted},
};
use credit_policy::Code;

use super::{Recorded, entry::unrecordable, evidence::Evidence, record_refusal};
use crate::{
    cluster::is_shared_kind,
    gateway::Gateway,
    journey::{caller::Who, exchange::Exchange},
};

/// Records what was reported, and does what follows from it once that is durable. Who may not call any more once its turn
/// comes is refused.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(super) async fn record_report(
    gateway: &Gateway,
    evidence: &mut Evidence,
    leaf: &impl Act,
    exchange: &mut impl Exchange,
    once_durable: impl FnOnce(&Durable),
) -> Result<Recorded, NotRecordable> {
    // Nobody else reports: the stages before refuse them.
    let Who::Institution(institution, certificate) = &evidence.who else { return Err(NotRecordable) };
    let (institution, certificate) = (Arc::clone(institution), certificate.thumbprint());
    let entry = leaf.own_entry(evidence.id, institution.id(), &certificate.to_string());
    let entry = entry.map_err(|error| unrecordable(&error))?;
    let is_shared = is_shared_kind(entry.kind);
    let body = exchange.confirmed(evidence.id).map_err(|error| unrecordable(&error))?;
    let still = || !institution.is_suspended() && institution.has_certificate(certificate);
    match gateway.log.submit(entry, exchange.wants_proof(), still) {
        Ok(ticket) => {
            let durable = ticket.await?;
            once_durable(&durable);
            // Where the others cannot be told now, they hear of it later: it is on the record.
            if is_shared && !gateway.tell(&durable).await {
                return Err(NotRecordable);
            }
            // A report is no query of the scenario, and is not counted as one.
            Ok(Recorded { scenario: None, ..Recorded::new(evidence, body, None, None, durable) })
        }
        Err(Unsubmitted::NotRecordable(error)) => Err(error),
        Err(Unsubmitted::Overtaken(_)) => {
            evidence.inputs.suspended = institution.is_suspended();
            let code = if evidence.inputs.suspended { Code::InstitutionSuspended } else { Code::CertificateUnknown };
            record_refusal(gateway, evidence, code.into(), exchange).await
        }
    }
}
