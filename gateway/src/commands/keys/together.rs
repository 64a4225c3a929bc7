//! `keys add-log|prepare`: one ring for several gateways.

use credit_audit::clock::{Clock, SystemClock};
use credit_keys::{ChangeError, DEFAULT_OVERLAP_DAYS, SystemEntropy};
use jiff::{ToSpan, tz::TimeZone};

use super::super::failure::{ConfigFile, Failure};
use crate::{
    process::start,
    settings::is_origin,
    terminal::{print, words},
};

/// Each gateway signs a log of its own, by one ring: it is copied to the others once the keys of all logs are in it.
pub(super) fn add_log(config: &ConfigFile, origin: &str) -> Result<(), Failure> {
    let settings = config.read()?;
    if !is_origin(origin) {
        return Err(Failure::usage(format_args!(
            "`{origin}` is no name of a log: it must be a name without spaces, plus signs or a trailing slash"
        )));
    }
    let (clock, entropy) = (SystemClock::new(), SystemEntropy::new());
    let mut ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    match ring.open_log(origin, clock.now(), &entropy) {
        Ok(_) => {}
        Err(ChangeError::OriginTaken { .. }) => {
            print(words("密钥环中已有该日志的密钥。", "The ring has the key of this log already."));
        }
        Err(error) => return Err(Failure::new(1, error)),
    }
    print(format_args!(
        "{}\n  log.origin = \"{origin}\"",
        words(
            "将密钥环的文件夹复制到该网关，并在其配置中写入：",
            "Copy the folder of the ring to that gateway, and write into its configuration:"
        ),
    ));
    Ok(())
}

/// The key waits in the ring until its month begins. A gateway that runs finds it there then. Those that count together have one key
/// for all, which none of them makes alone.
pub(super) fn prepare(config: &ConfigFile) -> Result<(), Failure> {
    let settings = config.read()?;
    if settings.state.is_some() {
        return Err(Failure::usage(words(
            "共同计数的网关自行处理：其中任一网关在月前一周生成下月数据密钥，其他网关由共享状态取用，无须提前生成",
            "gateways that count together need no command: one of them makes the key a week before its month, and the others take it \
             from the shared state",
        )));
    }
    let (clock, entropy) = (SystemClock::new(), SystemEntropy::new());
    let mut ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    let today = clock.now().to_zoned(TimeZone::UTC).date();
    let first = today.first_of_month().saturating_add(1.month());
    let begins = first.to_zoned(TimeZone::UTC).map_err(|error| Failure::new(1, error))?.timestamp();
    let turn = ring.ensure_period(begins, DEFAULT_OVERLAP_DAYS, &entropy).map_err(|error| Failure::new(1, error))?;
    for key in turn.keys {
        print(format_args!("{key} {begins}"));
    }
    print(words(
        "自该时刻起使用；请备份密钥环文件夹。",
        "It is used from that instant on; back up the folder of the ring.",
    ));
    Ok(())
}
