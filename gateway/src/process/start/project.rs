//! What the log amounts to at start: the snapshot, and the leaves that it does not cover.

use std::path::PathBuf;

use credit_audit::log::Contents;
use credit_policy::Catalogue;

use super::error::StartError;
use crate::{
    settings::Settings,
    state::{projection::Projection, snapshot},
};

/// The snapshot's file.
#[must_use]
pub(crate) fn state_file(settings: &Settings) -> PathBuf {
    settings.data.dir.join(snapshot::FILE)
}

/// Refuses the data folder of the first release, of which nothing is read any more.
pub(super) fn check_release(settings: &Settings) -> Result<(), StartError> {
    let file = settings.data.dir.join("state.sqlite");
    if file.exists() { Err(StartError::FirstRelease(file.display().to_string())) } else { Ok(()) }
}

/// Takes in every leaf, by way of the snapshot where that can be used.
pub(super) fn project(
    settings: &Settings,
    catalogue: &Catalogue,
    log: Option<&Contents>,
) -> Result<Projection, StartError> {
    let Some(log) = log else { return Ok(Projection::default()) };
    let mut projection = from_snapshot(settings, log)?;
    let from = projection.ledger.size;
    for leaf in log.leaves(from) {
        let (index, leaf) = leaf?;
        projection.apply(catalogue, index, &leaf)?;
    }
    if let Some(head) = log.pruned().filter(|_| from == 0) {
        projection.go_on_after(&head.numbers, &head.certificates);
    }
    Ok(projection)
}

fn from_snapshot(settings: &Settings, log: &Contents) -> Result<Projection, StartError> {
    let (path, log_folder) = (state_file(settings), settings.data.dir.join("log"));
    match snapshot::read(&path, &settings.log.origin, &log_folder, log.size()) {
        Ok(projection) => Ok(projection.unwrap_or_default()),
        Err(snapshot::ReadError::LogShort { covered }) => Err(StartError::LogShort { state: covered, log: log.size() }),
        Err(snapshot::ReadError::Unusable(why)) => {
            let place = path.display();
            tracing::error!(%place, error = %why, "the snapshot of the state cannot be used; all of the log is read instead");
            Ok(Projection::default())
        }
    }
}
