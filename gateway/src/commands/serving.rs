//! `serve` and `check`.

use std::sync::Arc;

use credit_audit::clock::{Clock, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::{ConfigFile, Failure, runtime};
use crate::{
    process::{
        hardening::raise_open_files,
        serve::{Then, serve as serve_doors},
        start::{self, Checked, StartError},
    },
    settings::{Bounds, Listen, Settings, to_follow},
    telemetry::{LevelFilter, Telemetry},
    terminal::{eprint, print, words},
};

/// Serves until SIGTERM or SIGINT; then drains and ends with 0.
pub(super) fn serve(config: &ConfigFile) -> Result<(), Failure> {
    let process = Process::begin(LevelFilter::INFO)?;
    let settings = config.read()?;
    let ready = format!("ready https://{}\n{}", settings.listen.institutions, pages(&settings.listen));
    process.run(settings, async move |_| {
        // In one piece, as programs wait for the first line. A pipe that is full makes this wait, and nothing else.
        drop(tokio::task::spawn_blocking(move || print(ready)).await);
        Ok(Then::Serve)
    })
}

/// What a person can open: a browser at the institutions' listener sees nothing but a fault of TLS.
pub(super) fn pages(listen: &Listen) -> String {
    let Listen { institutions, public, operations, .. } = listen;
    let chinese = format!("{institutions} 须出示客户端证书；浏览器请打开 http://{public}/ 与 http://{operations}/");
    let english = format!(
        "{institutions} requires a client certificate; with a browser open http://{public}/ and http://{operations}/"
    );
    words(&chinese, &english).to_owned()
}

/// A process that is about to serve. SIGHUP, which would end it, is caught from the first moment on.
pub(super) struct Process {
    runtime: tokio::runtime::Runtime,
    hangup: Signal,
    level: LevelFilter,
}

impl Process {
    /// Before anything else. `level`: the lines of the log where `RUST_LOG` does not say.
    pub(super) fn begin(level: LevelFilter) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let hangup = {
            let _entered = runtime.enter();
            signal(SignalKind::hangup())
        };
        let hangup = hangup.map_err(|error| Failure::unavailable(format_args!("no signals: {error}")))?;
        Ok(Self { runtime, hangup, level })
    }

    /// Opens everything, opens the doors, runs `ready`, and serves as it says.
    pub(super) fn run(
        self,
        settings: Settings,
        ready: impl AsyncFnOnce(Arc<crate::gateway::Gateway>) -> Result<Then, Failure>,
    ) -> Result<(), Failure> {
        let Self { runtime, hangup, level } = self;
        let done = runtime.block_on(run(settings, hangup, level, ready));
        // What hangs in a disk's call is not waited for.
        runtime.shutdown_background();
        done
    }
}

async fn run(
    mut settings: Settings,
    hangup: Signal,
    level: LevelFilter,
    ready: impl AsyncFnOnce(Arc<crate::gateway::Gateway>) -> Result<Then, Failure>,
) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (mut inputs, mut tls) = match start::read(&settings, &clock) {
        Ok(read) => read,
        Err(errors) => return Err(unusable(settings, errors, clock).await),
    };
    let telemetry =
        Telemetry::start(Arc::clone(&clock), level, settings.telemetry.traces.as_deref()).map_err(Failure::usage)?;
    if settings.bounds.fit(raise_open_files()) {
        let Bounds { connections, handshakes, side_connections, .. } = &settings.bounds;
        tracing::warn!(
            "this process may open too few files, so there are {connections} connections, {handshakes} handshakes and \
                 {side_connections} connections to each other listener at most; raise its limit (ulimit -n)"
        );
    }
    let next = to_follow(&settings.file);
    let mut opened = start::open(settings, inputs, Arc::clone(&clock)).await;
    if let (Err(error), Some(next)) = (&opened, next)
        && error.is_of_approval()
    {
        // Nothing was written yet. What two officers approved last may stand beside it.
        let next = Settings::read(&next).map_err(Failure::settings)?;
        let place = next.file.display().to_string();
        (inputs, tls) = start::read(&next, &clock).map_err(|errors| Failure::starts(&errors))?;
        opened = start::open(next, inputs, Arc::clone(&clock)).await;
        if opened.is_ok() {
            tracing::warn!(
                place,
                "the configuration that was to follow is in force: put it in the place of the one before"
            );
        }
    }
    let gateway = opened.map_err(|error| Failure::start(&error))?;
    let mut warnings = start::warnings(&gateway.settings, &tls, gateway.clock.now());
    warnings.extend(start::registered(&gateway.settings, &gateway.register, gateway.clock.now()));
    for warning in warnings {
        tracing::warn!(cause = warning.english, "a certificate or a list needs to be replaced");
    }
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
    .map_err(Failure::unavailable)?;
    // The exporter's last words go over this runtime, so it must not be blocked.
    drop(tokio::task::spawn_blocking(move || telemetry.shutdown()).await);
    failure.map_or(Ok(()), Err)
}

/// What a configuration is refused for, in the lines of `check`: that looks at the record too, which a start does not come to.
async fn unusable(settings: Settings, errors: Vec<StartError>, clock: Arc<dyn Clock>) -> Failure {
    let checked = tokio::task::spawn_blocking(move || start::check(&settings, &clock)).await;
    match checked {
        Ok(Checked { faults, .. }) if !faults.is_empty() => Failure::starts(&faults),
        // It was put right between the two looks.
        Ok(_) | Err(_) => Failure::starts(&errors),
    }
}

/// Tries a start up to the ports, beside a running gateway too; all faults are told, one a line, and nothing is changed.
pub(super) fn check(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let checked = start::check(&settings, &clock);
    if !checked.faults.is_empty() {
        return Err(Failure::starts(&checked.faults));
    }
    print(words(
        "配置、规则目录、密钥、证书、数据源与记录均可用",
        "configuration, catalogue, keys, certificates, store and record are usable",
    ));
    warn(&settings, &checked);
    Ok(())
}

/// What is usable, and not what anybody should rely on.
fn warn(settings: &Settings, checked: &Checked) {
    if settings.second_place().starts_with(&settings.data.dir) {
        eprint(words(
            "警告：log.second_place 位于 data.dir 之内，数据文件夹被回滚或复制时无法察觉；请放到另一设备",
            "warning: log.second_place lies within data.dir, so a data folder that is rolled back or copied is not noticed; \
             put it on another device",
        ));
    }
    for warning in &checked.warnings {
        eprint(words(&warning.chinese, &warning.english));
    }
    if let Some(why) = &checked.fixed_ring {
        let folder = settings.keys.dir.display();
        let chinese =
            format!("警告：密钥文件夹 `{folder}` 不可写（{why}），下月的密钥无法生成；请允许运行网关的用户写入");
        let english = format!(
            "warning: the key folder `{folder}` cannot be written ({why}), so the key of the next month cannot be made; let the \
             user that runs the gateway write there"
        );
        eprint(words(&chinese, &english));
    }
}
