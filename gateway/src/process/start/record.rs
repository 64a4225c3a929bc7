//! The log at start: how it is opened, and what it says.

use std::{sync::Arc, time::Duration};

use credit_audit::log::{self, Contents};
use credit_keys::Ring;
use credit_policy::Catalogue;
use jiff::Timestamp;

use super::{
    carry::{self, Before},
    error::StartError,
    keys::check_ring,
    project,
};
use crate::{copies::At, settings::Settings, state::projection::Projection, telemetry};

/// What the log says, and the log before where a new one has not said everything of it yet.
pub(super) struct OnRecord {
    pub(super) projection: Projection,
    pub(super) is_new: bool,
    pub(super) before: Option<Before>,
}

pub(super) fn read_record(
    settings: &Settings,
    catalogue: &Catalogue,
    ring: &Ring,
    log: Option<&Contents>,
    now: Timestamp,
) -> Result<OnRecord, StartError> {
    let projection = project::project(settings, catalogue, log)?;
    if projection.ledger.sealed {
        return Err(StartError::Sealed(settings.data.dir.display().to_string()));
    }
    check_ring(&ring.status(now), &projection.ledger.keys)?;
    // Before the first query everything of the log before is said again: a crash in between says the rest.
    let continues = settings.log.continues.as_deref().filter(|_| projection.ledger.seqs.is_empty());
    let before = continues.map(|path| carry::read(path, &settings.log.origin, ring, catalogue, now)).transpose()?;
    Ok(OnRecord { projection, is_new: log.is_none_or(|log| log.size() == 0), before })
}

/// How the log of a configuration is kept.
#[must_use]
pub(crate) fn log_settings(settings: &Settings) -> log::Settings {
    let mut log = log::Settings::new(&settings.data.dir, &settings.log.origin);
    log.rollback_guard = settings.second_place();
    log.segment_bytes = settings.log.segment_mib << 20;
    log.linger = Duration::from_micros(settings.log.linger_us);
    log.publish_every = Duration::from_millis(settings.log.publish_every_ms);
    let copy = settings.log.copy.as_ref();
    log.copies = copy.map(|copy| Arc::new(At::new(copy, &settings.log.origin)) as _);
    log.report = Arc::new(|line| tracing::error!(line, "log"));
    log.stop = Arc::new(|| {
        telemetry::flush_lines();
        std::process::abort()
    });
    log
}
