//! `state schema|join|leave`: the tables in which several gateways count together, and the way of a log into them and out.

use std::sync::Arc;

use clap::Subcommand;
use credit_audit::clock::{Clock, SystemClock};

use super::{
    change::require_no_gateway,
    failure::{ConfigFile, Failure, runtime},
    printed,
};
use crate::{
    cluster::{Coming, Done, SCHEMA},
    process::start::{self, Moving},
    telemetry::{LevelFilter, Telemetry},
    terminal::{print, words},
};

#[derive(Subcommand)]
pub(super) enum State {
    /// Print the tables of the shared state, for psql 打印共享状态的表结构（供 psql 使用）
    Schema,
    /// Move what one gateway counted alone into the shared state; the gateway is stopped 将单个网关独自计数的内容移入共享状态（须先停止网关）
    Join {
        /// The state that had it is lost or was put back: the gateways that counted together come one after the other into an empty one 原共享状态已丢失或被恢复为旧版：曾共同计数的网关依次移入空的共享状态
        #[arg(long)]
        after_loss: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take a gateway out of the shared state in which it counted alone; it is stopped 将独自使用共享状态的网关移出（须先停止网关）
    Leave(ConfigFile),
}

pub(super) fn run(command: State) -> Result<(), Failure> {
    match command {
        State::Schema => printed::text(SCHEMA),
        State::Join { after_loss, config } => join(&config, if after_loss { Coming::AfterLoss } else { Coming::First }),
        State::Leave(config) => leave(&config),
    }
}

fn join(config: &ConfigFile, coming: Coming) -> Result<(), Failure> {
    let settings = config.read()?;
    require_no_gateway(&settings)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let inputs = start::Inputs::read(&settings, clock.now()).map_err(|errors| Failure::starts(&errors))?;
    let moved = runtime()?.block_on(async {
        let _log = Telemetry::start(Arc::clone(&clock), LevelFilter::INFO, None).map_err(Failure::usage)?;
        start::join(&settings, &inputs, &clock, coming).await.map_err(|error| Failure::start(&error))
    })?;
    let origin = &settings.log.origin;
    let Moving { done, counts, uses, keys } = moved;
    let (chinese, english) = match done {
        Done::Before => (
            format!("`{origin}` 已在共享状态中计数，无须再移；自此由本数据目录继续"),
            format!(
                "`{origin}` counts in the shared state already, and by this data folder from here on; there is nothing to move"
            ),
        ),
        Done::Now { acts } => (
            format!(
                "`{origin}` 已移入共享状态：查询计数 {counts} 项，授权使用 {uses} 次，幂等键 {keys} 个，须告知各网关的事项 {acts} 项"
            ),
            format!(
                "`{origin}` counts in the shared state from now on; moved: counts of look-ups {counts}, uses of consents {uses}, idempotency keys {keys}, acts {acts}"
            ),
        ),
    };
    print(words(&chinese, &english));
    Ok(())
}

fn leave(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    require_no_gateway(&settings)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let done = runtime()?.block_on(async {
        let _log = Telemetry::start(Arc::clone(&clock), LevelFilter::INFO, None).map_err(Failure::usage)?;
        start::leave(&settings, &clock).await.map_err(|error| Failure::start(&error))
    })?;
    let origin = &settings.log.origin;
    let (chinese, english) = match done {
        Done::Before => (
            format!("`{origin}` 不在共享状态中。请从配置中删去 [state]"),
            format!("`{origin}` is not in the shared state. Take [state] out of the configuration"),
        ),
        Done::Now { acts } => (
            format!("`{origin}` 已移出共享状态，其日志载有全部计数与 {acts} 项事项。请从配置中删去 [state]"),
            format!(
                "`{origin}` is out of the shared state; its log has all counts, and the {acts} acts. Take [state] out of the configuration"
            ),
        ),
    };
    print(words(&chinese, &english));
    Ok(())
}
