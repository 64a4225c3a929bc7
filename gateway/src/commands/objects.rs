//! `objects check|repair|fetch`: the published log in an object store, all of it at once. Beside a running gateway too.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use credit_audit::{
    clock::{Clock, SystemClock},
    note::VerifierKey,
    verify,
};
use indicatif::ProgressBar;

use super::failure::{ConfigFile, Failure, runtime};
use crate::{
    objects::{Client, Copying, Found, ObjectFault, Published, compare, fetch, repair},
    process::start::{open_ring, own_key},
    settings::Settings,
    terminal::{eprint, print, words},
};

/// Lines about single objects at most.
const LINES: usize = 20;

#[derive(Subcommand)]
pub(super) enum Objects {
    /// Compare every object with the log; nothing is changed 将每个对象与日志比对，不作更改
    Check(ConfigFile),
    /// Put again what is missing or other there 补写缺失或不符的对象
    Repair(ConfigFile),
    /// Copy the log out of the store into a new folder, and verify it 将日志从对象存储取回到新文件夹并核验
    Fetch {
        #[command(flatten)]
        config: ConfigFile,
        /// The new folder 新文件夹
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

pub(super) fn run(command: Objects) -> Result<(), Failure> {
    let (Objects::Check(config) | Objects::Repair(config) | Objects::Fetch { config, .. }) = &command;
    let settings = config.read()?;
    let Some(objects) = &settings.log.objects else {
        return Err(Failure::usage("there is no [log.objects] in the configuration"));
    };
    let key = key(&settings)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let client = Client::new(objects, &settings.log.origin, &clock).map_err(failure)?;
    let log = Published::new(settings.data.dir.join("log"), key.clone());
    let restored = |found: Found, path: &str| tell(found, path);
    let copying = Copying { client: &client, log: &log, restored: &restored };
    let bar = ProgressBar::new(0);
    let told = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let runtime = runtime()?;
    let done = match &command {
        Objects::Check(_) => runtime.block_on(compare(&copying, &told)).map_err(failure).and_then(|compared| {
            compared.wrong.iter().take(LINES).for_each(|(found, path)| tell(*found, path));
            match compared.wrong.len() {
                0 => Ok(compared.objects),
                wrong => Err(Failure::new(1, not_as_they_should(wrong))),
            }
        }),
        Objects::Repair(_) => runtime.block_on(repair(&copying, &told)).map_err(failure),
        Objects::Fetch { to, .. } => fetched(to, |to| runtime.block_on(fetch(&client, &key, to, &told)), &key),
    };
    bar.finish_and_clear();
    let objects = done?;
    print(words("与日志一致的对象数：", "objects that are those of the log: ").to_owned() + &objects.to_string());
    Ok(())
}

/// Into a folder that is new, and verified before anybody relies on it.
fn fetched(
    to: &Path,
    fetch: impl FnOnce(&Path) -> Result<u64, ObjectFault>,
    key: &VerifierKey,
) -> Result<u64, Failure> {
    fs::create_dir(to)
        .map_err(|error| Failure::unavailable(format_args!("cannot make the folder `{}`: {error}", to.display())))?;
    let objects = fetch(to).map_err(failure)?;
    verify::directory(to, key, &[], &mut ()).map_err(|error| Failure::new(1, error))?;
    Ok(objects)
}

/// The log's key, out of the ring: the log's own folder may be what was lost.
fn key(settings: &Settings) -> Result<VerifierKey, Failure> {
    let ring = open_ring(settings).map_err(|error| Failure::start(&error))?;
    own_key(settings, &ring).map_err(|error| Failure::start(&error))
}

/// 1 where the store, or what it has, is not that of the log; 69 where nobody can say.
fn failure(fault: ObjectFault) -> Failure {
    match &fault {
        ObjectFault::Longer { .. }
        | ObjectFault::Forked(_)
        | ObjectFault::Public(_)
        | ObjectFault::NoCheckpoint
        | ObjectFault::Checkpoint(_)
        | ObjectFault::NotThere(_) => Failure::new(1, fault),
        fault if !fault.may_pass() => Failure::usage(fault),
        fault => Failure::unavailable(fault),
    }
}

fn tell(found: Found, path: &str) {
    let (zh, en) = match found {
        Found::Missing => ("缺失", "missing"),
        Found::Other => ("内容不符", "another content"),
    };
    eprint(words(&format!("{zh}：{path}"), &format!("{en}: {path}")));
}

fn not_as_they_should(wrong: usize) -> String {
    let chinese = format!("有 {wrong} 个对象缺失或不符；请运行 credit-gateway objects repair");
    let english = format!("{wrong} objects are missing or others: run `credit-gateway objects repair`");
    words(&chinese, &english).to_owned()
}
