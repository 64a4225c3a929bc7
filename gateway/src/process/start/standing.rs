//! What persons said and is still in force: the leaves have it sealed, and it is opened here.

use std::sync::Arc;

use credit_audit::{leaf, log::Contents};

use super::error::StartError;
use crate::{
    changes::{is_destroyed, restore},
    keyring::Keyring,
    state::standing::Standing,
};

/// Leaves between two that are wanted are read rather than looked for again: so many lie in one bundle.
const NEAR: u64 = 256;

/// Reads these leaves of the log, in order.
///
/// # Errors
/// When one of them cannot be read.
pub(super) fn read(log: &Contents, origin: &str, wanted: &[u64], keys: &Keyring) -> Result<Arc<Standing>, StartError> {
    let standing = Standing::new(keys.current().state.clone());
    let (mut leaves, mut next, mut lost) = (None, 0, 0_u64);
    // What leaves that were let go have sealed was said again before their keys were destroyed.
    for wanted in wanted.iter().filter(|wanted| **wanted >= log.let_go()) {
        if leaves.is_none() || *wanted > next + NEAR {
            leaves = Some(log.leaves(*wanted));
        }
        let found = leaves.iter_mut().flatten().find(|read| read.as_ref().map_or(true, |(index, _)| index == wanted));
        let Some((index, bytes)) = found.transpose()? else { continue };
        next = index;
        if let Ok(Some(parsed)) = leaf::parse(&bytes) {
            let is_restored = restore(&standing, keys, origin, index, &parsed);
            lost += u64::from(!is_restored && !is_destroyed(keys, origin, &parsed));
        }
    }
    if lost > 0 {
        let cause = format!("{lost} leaves of blocks or objections do not open");
        tracing::error!(cause, "what persons said is lost");
    }
    Ok(Arc::new(standing))
}
