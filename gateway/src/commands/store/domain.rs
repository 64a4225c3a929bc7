//! What the values of the configured store may be.

use std::sync::Arc;

use credit_audit::clock::{Clock, SystemClock};

use crate::{
    commands::failure::{ConfigFile, Failure},
    process::start,
    settings::Settings,
    stores::examine::Domain,
};

/// The configuration, and what the values of its store may be.
pub(super) fn read(config: &ConfigFile) -> Result<(Settings, Domain), Failure> {
    let settings = config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    let today = catalogue.today(SystemClock::new().now());
    Ok((settings, Domain::of(&Arc::new(catalogue), today)))
}
