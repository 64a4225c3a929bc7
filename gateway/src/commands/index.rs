//! `index rebuild|check`: the index of the log is derived, so it is made again where it is in doubt.

use std::{fs, os::unix::net::UnixStream, sync::Arc};

use clap::Subcommand;
use credit_audit::clock::{Clock, SystemClock};
use credit_keys::SystemEntropy;

use super::failure::{ConfigFile, Failure};
use crate::{
    index::{Index, Sources, remove},
    keyring::{Keyring, Months},
    process::start::{open_ring, read_catalogue},
    settings::Settings,
    terminal::{print, words},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the index again from the log 依据日志重建索引
    Rebuild(ConfigFile),
    /// Compare every row of the index with the log; nothing is changed 将索引逐条与日志比对，不作更改
    Check(ConfigFile),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let (config, is_new) = match command {
        Command::Rebuild(config) => (config, true),
        Command::Check(config) => (config, false),
    };
    let settings = config.read()?;
    if UnixStream::connect(settings.admin_socket()).is_ok() {
        return Err(Failure::unavailable("a gateway is writing the index: stop it first"));
    }
    if is_new {
        remove(&settings.data.dir).map_err(Failure::unavailable)?;
    }
    let leaves = taken_in(&settings, is_new)?;
    print(match is_new {
        true => {
            words("索引已重建，覆盖的记录数：", "the index is made again, leaves: ").to_owned() + &leaves.to_string()
        }
        false => {
            words("索引与日志一致，覆盖的记录数：", "the index agrees with the log, leaves: ").to_owned()
                + &leaves.to_string()
        }
    });
    Ok(())
}

/// Takes in what is published, or compares what was taken in; returns how many leaves the index covers.
fn taken_in(settings: &Settings, is_new: bool) -> Result<u64, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy = SystemEntropy::new();
    let ring = open_ring(settings).map_err(|error| Failure::start(&error))?;
    let (catalogue, _) = read_catalogue(settings).map_err(|error| Failure::start(&error))?;
    let origin = &settings.log.origin;
    let keys =
        Keyring::new(ring, origin, clock.now(), (Months::of(settings), &entropy)).map_err(Failure::unavailable)?;
    let key = keys.index_key(clock.now(), &entropy).map_err(Failure::unavailable)?;
    let index = Index::open(&settings.data.dir, origin, key).map_err(Failure::unavailable)?;
    let sources = Sources { keys: &keys, catalogue: &catalogue };
    if is_new {
        return index.advance(published(settings)?, sources, &mut |_, _, _, _| ()).map_err(Failure::unavailable);
    }
    index.check(sources).map_err(|error| Failure::new(1, error))
}

/// The size that the log's checkpoint says; the second line of it.
fn published(settings: &Settings) -> Result<u64, Failure> {
    let path = settings.data.dir.join("log/checkpoint");
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::unavailable(format_args!("cannot read `{}`: {error}", path.display())))?;
    let size = text.lines().nth(1).and_then(|size| size.parse().ok());
    size.ok_or_else(|| Failure::unavailable(format_args!("`{}` is no checkpoint", path.display())))
}
