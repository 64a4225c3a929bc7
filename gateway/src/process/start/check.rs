//! A start that is only tried: the same steps, and nothing is written, made or kept open.

use std::{net::TcpListener, sync::Arc};

use credit_audit::{
    clock::Clock,
    log::{Contents, examine},
};
use credit_keys::{KeyError, Ring};
use jiff::Timestamp;

use super::{
    ahead, approval,
    carry::{self, Before},
    error::StartError,
    faults::Faults,
    inputs::{self, Inputs},
    places,
    record::{OnRecord, log_settings, read_record},
    register,
    store::{check_copies, check_databases, check_objects, check_state, scopes},
    warnings::{Warning, of_rules, registered, warnings},
};
use crate::settings::Settings;

/// What a start would meet.
pub(crate) struct Checked {
    /// Why it would end; none = the gateway would be ready.
    pub(crate) faults: Vec<StartError>,
    /// Certificates on which nobody should rely.
    pub(crate) warnings: Vec<Warning>,
    /// The ring's folder cannot be written: the gateway starts, and cannot go on past the turn of the month.
    pub(crate) fixed_ring: Option<std::io::Error>,
}

/// Tries what a start does up to the moment at which it is ready.
pub(crate) fn check(settings: &Settings, clock: &Arc<dyn Clock>) -> Checked {
    let mut faults = Faults::default();
    let (inputs, tls) = inputs::collect(settings, clock, &mut faults);
    // Without its place there is no log to examine, and that is named already.
    let has_place = places::faults(settings).is_empty();
    let examined = has_place.then(|| faults.keep(examine(&log_settings(settings)))).flatten();
    let is_running = examined.as_ref().is_some_and(|examined| examined.is_in_use);
    let fixed_ring = places::ring_is_fixed(settings);
    let mut beside = Vec::new();
    if let (Some(inputs), Some(examined)) = (inputs, examined) {
        let now = clock.now();
        faults.note(scopes(settings, &inputs.catalogue).map(drop));
        beside.extend(faults.keep(check_copies(settings, &inputs.catalogue, now)).unwrap_or_default());
        faults.note(check_databases(settings, &inputs.catalogue, clock));
        faults.note(check_objects(settings, clock));
        faults.note(keys(&inputs.ring, settings, fixed_ring.as_ref(), now));
        faults.note(record(&inputs, settings, (examined.contents.as_ref(), is_running), clock));
        beside.extend(registered(settings, &inputs.register, now));
        beside.extend(of_rules(&inputs.catalogue, now));
    }
    if faults.0.is_empty() && !is_running {
        for address in settings.listen.all() {
            let bound = TcpListener::bind(address);
            faults.note(bound.map(drop).map_err(|source| StartError::Listen { address, source }));
        }
    }
    let mut warnings = tls.map_or_else(Vec::new, |tls| warnings(settings, &tls, clock.now()));
    warnings.extend(beside);
    Checked { faults: faults.0, warnings, fixed_ring }
}

/// The keys that a start needs at once. That of the month is made by it, where it can be written.
fn keys(ring: &Ring, settings: &Settings, fixed: Option<&std::io::Error>, now: Timestamp) -> Result<(), StartError> {
    ring.pseudonyms(now)?;
    ring.state_key(now)?;
    match (ring.sealer(now, &settings.log.origin), fixed) {
        (Ok(_), _) => Ok(()),
        (Err(KeyError::NeedsPeriod | KeyError::NotInForce { .. }), None) => Ok(()),
        (Err(KeyError::NeedsPeriod | KeyError::NotInForce { .. }), Some(why)) => Err(StartError::File {
            doing: "make this month's data key in",
            path: settings.keys.dir.display().to_string(),
            source: why.kind().into(),
        }),
        (Err(error), _) => Err(error.into()),
    }
}

/// What the log says, with all that a start compares it with.
fn record(
    inputs: &Inputs,
    settings: &Settings,
    (log, is_running): (Option<&Contents>, bool),
    clock: &Arc<dyn Clock>,
) -> Result<(), StartError> {
    let now = clock.now();
    let Inputs { catalogue, ring, register, .. } = inputs;
    ahead::check(settings, log.and_then(Contents::last_at), now)?;
    let OnRecord { mut projection, before, .. } = read_record(settings, catalogue, ring, log, now)?;
    let log_before = before.as_ref().map(|before| before.previous.origin.as_str());
    check_state(settings, ring, (&mut projection.ledger, log_before, is_running), clock)?;
    let approved_before = before.as_ref().map(Before::approvals);
    let carried = before.map_or_else(Vec::new, |before| before.carry(catalogue, &projection, now));
    let is_new = approval::is_new_register(settings, catalogue, &projection.ledger.approvals)?;
    drop(register::apply(register, &carry::with(&projection.ledger, &carried), catalogue, is_new)?);
    register::acting(register, catalogue, settings)?;
    approval::gate(settings, catalogue, register, (&projection.ledger.approvals, approved_before), now).map(drop)
}
