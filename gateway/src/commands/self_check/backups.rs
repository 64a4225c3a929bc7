//! Backups: of the log's own line, not too old, and with every key of the ring.

use std::{fs, path::Path};

use credit_audit::{
    checkpoint::Checkpoint,
    note::VerifierKey,
    verify::{self, log_directory},
};
use credit_keys::{KeyState, Ring};

use super::{
    found::{Check, Findings, Looked},
    whole::time,
};
use crate::{
    process::start,
    terminal::{said, words},
};

pub(super) fn all(looked: &Looked<'_>, own: Option<(&Ring, &VerifierKey)>, findings: &mut Findings) {
    if looked.arguments.backups.is_empty() {
        findings.add(Check::Backups, words("未以 --backup 指明任何备份", "no backup is named with --backup"));
    }
    let Some((ring, key)) = own else { return };
    for dir in &looked.arguments.backups {
        if !dir.is_dir() {
            let what = words("没有这个文件夹", "there is no such folder");
            findings.add(Check::Backups, format!("`{}`: {what}", dir.display()));
            continue;
        }
        for fault in [log(looked, dir, key), keys(looked, dir, ring)].into_iter().flatten() {
            findings.add(Check::Backups, format!("`{}`: {fault}", dir.display()));
        }
    }
}

/// Its checkpoint is signed by our key, a beginning of our log, and not too old.
fn log(looked: &Looked<'_>, dir: &Path, key: &VerifierKey) -> Option<String> {
    // The whole data folder, or the log alone, as the operators' page has it.
    let data = Some(dir.join("data")).filter(|data| data.is_dir()).unwrap_or_else(|| dir.to_owned());
    let path = log_directory(&data).join("checkpoint");
    let note = match fs::read_to_string(&path) {
        Ok(note) => note,
        Err(error) => return Some(format!("`{}`: {error}", path.display())),
    };
    let checkpoint = match Checkpoint::open(&note, key) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Some(error.to_string()),
    };
    if let Err(error) = verify::directory(&looked.settings.data.dir, key, &[checkpoint], &mut ()) {
        return Some(error.to_string());
    }
    let days = looked.arguments.backup_days;
    let made = fs::metadata(&path).and_then(|file| file.modified()).ok().and_then(time);
    made.filter(|made| looked.is_older(*made, days)).map(|made| {
        said(|| format!("自 {made} 起未更新，已逾 {days} 天"), || format!("it is of {made}, more than {days} days ago"))
    })
}

/// It has every key that is still there here.
fn keys(looked: &Looked<'_>, dir: &Path, ring: &Ring) -> Option<String> {
    let kek = start::read_kek(looked.settings).ok()?;
    let copy = match Ring::open(&dir.join("keys"), &kek) {
        Ok(copy) => copy.status(looked.now),
        Err(error) => return Some(error.to_string()),
    };
    let is_there = |fingerprint: &str| copy.iter().any(|key| key.fingerprint == fingerprint);
    let all = ring.status(looked.now);
    let missing = all.iter().find(|key| key.state != KeyState::Destroyed && !is_there(&key.fingerprint))?;
    let id = missing.id.as_str();
    Some(said(|| format!("其密钥环中没有 `{id}`"), || format!("its ring has no key `{id}`")))
}
