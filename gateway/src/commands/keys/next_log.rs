//! The key of a log is turned with the log: the old one is sealed, and another one follows.

use credit_audit::clock::{Clock, SystemClock};
use credit_keys::{ChangeError, SystemEntropy};

use crate::{
    commands::{
        change,
        failure::{ConfigFile, Failure},
    },
    process::start,
    terminal::{print, words},
};

/// A new log key is a new log: the old one is sealed, and its last leaf names the one that follows. The key comes first,
/// so that a fault in between leaves a log that can still be sealed.
pub(super) fn rotate_log(config: &ConfigFile, next: &str, without_seal: bool) -> Result<(), Failure> {
    let settings = config.read()?;
    if next == settings.log.origin {
        return Err(Failure::usage(format_args!("`{next}` is the name of the log now: a new log needs another")));
    }
    if !without_seal {
        // Before the ring is touched: a gateway that runs would find it changed.
        change::require_no_gateway(&settings)?;
    }
    let (clock, entropy) = (SystemClock::new(), SystemEntropy::new());
    let checkpoint = settings.data.dir.join("log/checkpoint");
    let mut ring = start::open_ring(&settings).map_err(|error| Failure::start(&error))?;
    match ring.open_log(next, clock.now(), &entropy) {
        // An earlier call may have come this far and no further.
        Ok(_) | Err(ChangeError::OriginTaken { .. }) => {}
        Err(error) => return Err(Failure::new(1, error)),
    }
    if without_seal {
        print(words("旧日志未封存。", "The old log is not sealed."));
    } else {
        let index = change::seal(settings, next)?;
        let chinese = format!("日志已封存，其最后一条记录为第 {index} 条");
        print(words(&chinese, &format!("The log is sealed; its last leaf is {index}")));
    }
    print(format_args!(
        "{}\n  log.origin = \"{next}\"\n  log.continues = \"{}\"\n  data.dir = …",
        words(
            "新日志的密钥已就绪。请在配置中写入（data.dir 须为新目录）：",
            "The key of the new log is ready. Write into the configuration, with a folder of its own as data.dir:"
        ),
        checkpoint.display(),
    ));
    Ok(())
}
