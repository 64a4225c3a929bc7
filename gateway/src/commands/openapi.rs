//! `openapi`: the interface for institutions as programs read it, with the routes of the configuration.

use std::sync::Arc;

use serde_json::Value;

use super::failure::{ConfigFile, Failure};
use crate::{
    doors::public::OPENAPI,
    process::start,
    stores::routes::{RouteError, Routes},
    terminal::{fault, print},
};

/// 0, or 64 where the configuration or one of its routes has a fault.
pub(super) fn run(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    let routes = Routes::load(&settings, &Arc::new(catalogue)).map_err(|faults| refused(&faults))?;
    let mut document: Value = serde_json::from_str(OPENAPI).map_err(Failure::unavailable)?;
    routes.describe(&mut document);
    print(serde_json::to_string_pretty(&document).map_err(Failure::unavailable)?);
    Ok(())
}

/// The faults of routes, a line each.
pub(super) fn refused(faults: &[RouteError]) -> Failure {
    Failure { code: super::failure::USAGE, lines: faults.iter().map(|error| fault(&error.to_string())).collect() }
}
