//! `serve` and `check`.

use std::{path::Path, sync::Arc};

use credit_audit::clock::{Clock, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::{ConfigFile, Failure, UNAVAILABLE, USAGE, runtime};
use crate::{
    callers::{institution::InstitutionRecord, register::Register},
    process::{
        hardening::raise_open_files,
        serve::{ServeError, Then, TlsSettings, serve as serve_doors},
        start,
    },
    settings::{Bounds, Settings},
    telemetry::Telemetry,
    terminal::{eprint, print, words},
};

/// Serves until SIGTERM or SIGINT; then drains and ends with 0.
pub(super) fn serve(config: &ConfigFile) -> Result<(), Failure> {
    let process = Process::begin()?;
    let settings = config.read()?;
    let address = settings.listen.institutions;
    process.run(settings, async move |_| {
        print(format_args!("ready https://{address}"));
        Ok(Then::Serve)
    })
}

/// A process that is about to serve. SIGHUP, which would end it, is caught from the first moment on.
pub(super) struct Process {
    runtime: tokio::runtime::Runtime,
    hangup: Signal,
}

impl Process {
    /// Before anything else.
    pub(super) fn begin() -> Result<Self, Failure> {
        let runtime = runtime()?;
        let hangup = {
            let _entered = runtime.enter();
            signal(SignalKind::hangup())
        };
        let hangup = hangup.map_err(|error| Failure::unavailable(format_args!("no signals: {error}")))?;
        Ok(Self { runtime, hangup })
    }

    /// Opens everything, opens the doors, runs `ready`, and serves as it says.
    pub(super) fn run(
        self,
        settings: Settings,
        ready: impl AsyncFnOnce(Arc<crate::gateway::Gateway>) -> Result<Then, Failure>,
    ) -> Result<(), Failure> {
        let Self { runtime, hangup } = self;
        let done = runtime.block_on(run(settings, hangup, ready));
        // What hangs in a disk's call is not waited for.
        runtime.shutdown_background();
        done
    }
}

async fn run(
    mut settings: Settings,
    hangup: Signal,
    ready: impl AsyncFnOnce(Arc<crate::gateway::Gateway>) -> Result<Then, Failure>,
) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let tls = TlsSettings::read(&settings.tls, Arc::clone(&clock)).map_err(Failure::usage)?;
    let telemetry =
        Telemetry::start(Arc::clone(&clock), settings.telemetry.traces.as_deref()).map_err(Failure::usage)?;
    if settings.bounds.fit(raise_open_files()) {
        let Bounds { connections, handshakes, side_connections, .. } = &settings.bounds;
        tracing::warn!(
            "this process may open too few files, so there are {connections} connections, {handshakes} handshakes and \
                 {side_connections} connections to each other listener at most; raise its limit (ulimit -n)"
        );
    }
    let gateway = start::open(settings, clock).await.map_err(|error| Failure::start(&error))?;
    let mut failure = None;
    let kept = &mut failure;
    serve_doors(gateway, tls, hangup, async move |gateway| match ready(gateway).await {
        Ok(then) => then,
        Err(error) => {
            *kept = Some(error);
            Then::End
        }
    })
    .await
    .map_err(|error| match error {
        ServeError::Tls(_) | ServeError::Trust(_) => Failure::new(USAGE, error),
        ServeError::Listen { .. } | ServeError::Socket { .. } | ServeError::System(_) | ServeError::Unclosed => {
            Failure::new(UNAVAILABLE, error)
        }
    })?;
    // The exporter's last words go over this runtime, so it must not be blocked.
    drop(tokio::task::spawn_blocking(move || telemetry.shutdown()).await);
    failure.map_or(Ok(()), Err)
}

/// Checks everything that can be checked without serving; all faults are told, one a line.
pub(super) fn check(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    let mut lines = Vec::new();
    if let Err(error) = start::read_catalogue(&settings) {
        lines.extend(Failure::start(&error).lines);
    }
    let mut fault = |error: &dyn std::fmt::Display| lines.push(error.to_string());
    match start::open_ring(&settings) {
        Ok(ring) => {
            if let Err(error) = ring.log_signer(&settings.log.origin) {
                fault(&error);
            }
        }
        Err(error) => fault(&error),
    }
    if let Err(error) = TlsSettings::read(&settings.tls, Arc::new(SystemClock::new())) {
        fault(&error);
    }
    let register = Register::new(1, 1, 1);
    for entry in &settings.institutions {
        match InstitutionRecord::of_entry(entry).map(|record| register.add(&record)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => fault(&error),
            Err(error) => fault(&error),
        }
    }
    if let Err(error) = start::check_store(&settings) {
        fault(&error);
    }
    if let Some(folder) = settings
        .second_place()
        .parent()
        .filter(|folder| !folder.starts_with(&settings.data.dir) && !Path::is_dir(folder))
    {
        fault(&format_args!("log.second_place: the folder `{}` is not there; mount or make it", folder.display()));
    }
    if lines.is_empty() {
        print(words(
            "配置、目录、密钥、证书与数据源均可用",
            "configuration, catalogue, keys, certificates and store are usable",
        ));
        warn(&settings);
        Ok(())
    } else {
        Err(Failure { code: USAGE, lines })
    }
}

/// What is usable, and not what anybody should rely on.
fn warn(settings: &Settings) {
    if settings.second_place().starts_with(&settings.data.dir) {
        eprint(words(
            "警告：log.second_place 位于 data.dir 之内，数据目录被回滚或复制时无法察觉；请放到另一设备",
            "warning: log.second_place lies within data.dir, so a data folder that is rolled back or copied is not noticed; \
             put it on another device",
        ));
    }
}
