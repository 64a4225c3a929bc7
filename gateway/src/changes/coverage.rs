//! The list of cases that were decided without a look-up (R5), signed by the log's key so that it can be handed over.

use std::sync::Arc;

use credit_audit::{
    coverage::{HANDED_OVER, list_text},
    leaf::{Act, Read},
    note::{self, key_id},
};

use super::{account::Account, error::ChangeError, request::Made};
use crate::gateway::Gateway;

/// Longest list: `credit-audit` reads no longer note.
const LONGEST: usize = 990_000;

/// Records that it is handed over, then signs it: it covers the log up to that leaf.
pub(super) async fn list(
    gateway: &Arc<Gateway>,
    month: Option<String>,
    account: &Account,
) -> Result<Made, ChangeError> {
    let leaf = Read { path: format!("{HANDED_OVER}{}", month.as_deref().unwrap_or_default()) };
    let entry = leaf.entry(gateway.new_id(), account.actor())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    if !gateway.is_published(durable.index).await {
        return Err(ChangeError::NotMade);
    }
    let shared = Arc::clone(gateway);
    let signed = tokio::task::spawn_blocking(move || {
        let figures =
            shared.covered(|coverage| coverage.figures(month.as_deref())).map_err(|_| ChangeError::NotMade)?;
        let origin = &shared.settings.log.origin;
        let text = list_text(origin, month.as_deref(), &figures);
        if text.len() > LONGEST {
            return Err(ChangeError::LongList);
        }
        let signer = shared.keys.with(|ring| ring.log_signer(origin)).map_err(|_| ChangeError::Unsealed)?;
        let signed = note::sign(origin, key_id(origin, &signer.public_key()), &text, |text| signer.sign(text));
        Ok((figures.misses.len() as u64, signed))
    });
    let (misses, list) = signed.await.unwrap_or(Err(ChangeError::BrokenOff))?;
    Ok(Made::CoverageListed { index: durable.index, misses, list })
}
