//! Refusals that name nobody and share a leaf: all of one institution and one slot of time. None leaves before it is durable.

use std::{sync::Arc, time::Duration};

use credit_audit::{
    leaf::Refusals,
    log::{Durable, NotRecordable},
};

use credit_policy::Code;

use super::{entry::unrecordable, evidence::Evidence};
use crate::{
    callers::{
        refusals::{Closed, Recording, Role, ended},
        register::Institution,
    },
    gateway::Gateway,
};

/// How long a leaf waits for others to share it.
const SLOT: Duration = Duration::from_millis(100);

/// Records a refusal together with others; from here on its id is the leaf's.
///
/// # Errors
/// [`NotRecordable`]: then nothing may be sent.
pub(super) async fn record(
    gateway: &Gateway,
    evidence: &mut Evidence,
    institution: &Arc<Institution>,
    code: Code,
    wants_proof: bool,
) -> Result<Durable, NotRecordable> {
    let place = institution.refusals.join(code, wants_proof, || gateway.new_id());
    evidence.id = place.leaf;
    let recorded = match place.role {
        Role::Records(recording) => {
            tokio::time::sleep(SLOT).await;
            let recorded = close_and_record(gateway, evidence, institution, &recording).await.map(Arc::new);
            recording.end(recorded.clone());
            recorded
        }
        Role::Waits(outcome) => ended(outcome).await,
    };
    let Durable { index, at, leaf_hash, leaf, proof } = Durable::clone(&*recorded?);
    Ok(Durable { index, at, leaf_hash, leaf, proof: proof.filter(|_| wants_proof) })
}

async fn close_and_record(
    gateway: &Gateway,
    evidence: &Evidence,
    institution: &Institution,
    recording: &Recording,
) -> Result<Durable, NotRecordable> {
    let Closed { counts, with_proof } = institution.refusals.close(recording).ok_or(NotRecordable)?;
    let entry = Refusals::shared(evidence.id, institution.id(), counts).map_err(|error| unrecordable(&error))?;
    let ticket = gateway.log.submit(entry.ok_or(NotRecordable)?, with_proof, || true).map_err(|_| NotRecordable)?;
    ticket.await
}
