//! A change to a gateway: over its socket where it runs; where none runs, by taking its log's lock for the moment.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::Arc,
};

use credit_audit::{
    clock::{Clock, SystemClock},
    leaf::{Event, Seal},
};

use super::failure::{Failure, runtime};
use crate::{
    changes::{Account, Change, InstitutionStatus, Made, apply},
    doors::admin::Reply,
    process::start,
    settings::Settings,
    telemetry::{LevelFilter, Telemetry},
};

/// All institutions of the register.
pub(super) fn list(settings: Settings) -> Result<Vec<InstitutionStatus>, Failure> {
    match make(settings, Change::InstitutionList)? {
        Made::Listed(all) => Ok(all),
        other => Err(Failure::new(1, format_args!("the gateway replied to something else: {other}"))),
    }
}

/// Makes the change and gives back what it came to.
pub(super) fn make(settings: Settings, change: Change) -> Result<Made, Failure> {
    match UnixStream::connect(settings.admin_socket()) {
        Ok(socket) => over(socket, &change),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            alone(settings, change)
        }
        Err(error) => Err(Failure::unavailable(format_args!(
            "cannot speak to the gateway over `{}`: {error}",
            settings.admin_socket().display()
        ))),
    }
}

/// Refuses where a gateway runs.
pub(super) fn require_no_gateway(settings: &Settings) -> Result<(), Failure> {
    match UnixStream::connect(settings.admin_socket()) {
        Ok(_) => Err(Failure::unavailable("a gateway is running with this log: stop it first")),
        Err(_) => Ok(()),
    }
}

/// Seals the log: its last leaf tells each institution's last number and which log follows. Only while no gateway runs.
pub(super) fn seal(settings: Settings, next: &str) -> Result<u64, Failure> {
    require_no_gateway(&settings)?;
    runtime()?.block_on(async move {
        let _log = Telemetry::start(Arc::new(SystemClock::new()), LevelFilter::INFO, None).map_err(Failure::usage)?;
        let inputs =
            start::Inputs::read(&settings, SystemClock::new().now()).map_err(|errors| Failure::starts(&errors))?;
        let gateway = start::open(settings, inputs, Arc::new(SystemClock::new()))
            .await
            .map_err(|error| Failure::start(&error))?;
        let seal = Seal { institutions: gateway.state.folded_seqs(), next: Some(next.to_owned()) };
        let fault =
            |error: &dyn std::fmt::Display| Failure::new(1, format_args!("the log could not be sealed: {error}"));
        let entry = seal.entry(gateway.new_id()).map_err(|error| fault(&error))?;
        let sealed = gateway.recorder.record(entry).await.map_err(|error| fault(&error))?;
        gateway.log.close();
        Ok(sealed.index)
    })
}

fn over(mut socket: UnixStream, change: &Change) -> Result<Made, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::unavailable(format_args!(
            "the gateway did not answer: {error}; the change may be made all the same: see its log, `institution list` and \
             `keys status`"
        ))
    };
    let mut line = serde_json::to_string(change).map_err(|error| broken(&error))?;
    line.push('\n');
    socket
        .write_all(line.as_bytes())
        .and_then(|()| socket.shutdown(Shutdown::Write))
        .map_err(|error| broken(&error))?;
    let mut reply = String::new();
    BufReader::new(socket).read_line(&mut reply).map_err(|error| broken(&error))?;
    match serde_json::from_str(&reply).map_err(|error| broken(&error))? {
        Reply::Ok(made) => Ok(made),
        Reply::Error(error) => Err(Failure::new(1, error)),
    }
}

fn alone(settings: Settings, change: Change) -> Result<Made, Failure> {
    let account = Account::of(rustix::process::getuid().as_raw());
    runtime()?.block_on(async move {
        let _log = Telemetry::start(Arc::new(SystemClock::new()), LevelFilter::INFO, None).map_err(Failure::usage)?;
        let inputs =
            start::Inputs::read(&settings, SystemClock::new().now()).map_err(|errors| Failure::starts(&errors))?;
        let gateway = start::open(settings, inputs, Arc::new(SystemClock::new()))
            .await
            .map_err(|error| Failure::start(&error))?;
        let done = apply(&gateway, change, account).await.map_err(|error| Failure::new(1, error));
        gateway.log.close();
        done
    })
}
