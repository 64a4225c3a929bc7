//! What can be told from the files alone: a start that is tried, keys, certificates, the log, the clock.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::SystemTime};

use credit_audit::{
    clock::{Clock, SystemClock},
    note::VerifierKey,
    verify,
};
use credit_keys::{KeyState, KeyUse, Ring};
use jiff::{SignedDuration, Timestamp};

use super::found::{Check, Findings, Looked};
use crate::{
    callers::{chain::end_of, thumbprint::certificates_of_file, trust::Trust},
    commands::failure::Failure,
    process::start,
    terminal::{said, words},
};

/// Longest time that a file may lie in the future: clocks of two machines are never one.
const FUTURE: SignedDuration = SignedDuration::from_secs(60);

/// What ends within so many days is found, as by `check`.
const SOON_DAYS: i64 = 30;

pub(super) fn start(looked: &Looked<'_>, findings: &mut Findings) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let checked = start::check(looked.settings, &clock);
    if !checked.faults.is_empty() {
        Failure::starts(&checked.faults).lines.into_iter().for_each(|line| findings.add(Check::Start, line));
    }
    for warning in &checked.warnings {
        findings.add(Check::Start, words(&warning.chinese, &warning.english));
    }
}

/// The ring, where it opens. Data keys belong to a month, so they have a retention and no age.
pub(super) fn keys(looked: &Looked<'_>, findings: &mut Findings) -> Option<Ring> {
    let ring = start::open_ring(looked.settings).map_err(|error| findings.add(Check::Keys, error.to_string())).ok()?;
    let (days, months) = (looked.arguments.key_days, looked.arguments.retention_months);
    // The law of the place may want them for longer.
    let kept = start::read_catalogue(looked.settings).ok().and_then(|(catalogue, _)| catalogue.retention());
    for key in start::status(looked.settings, &ring, looked.now) {
        let id = key.id.as_str();
        let is_data = key.key_use == KeyUse::Data;
        let is_used = key.state == KeyState::Active && !is_data;
        if is_used && looked.is_older(key.activates, days) {
            let since = key.activates;
            findings.add(
                Check::Keys,
                said(
                    || format!("`{id}` 自 {since} 起使用，已逾 {days} 天：请以 `keys rotate` 轮换"),
                    || format!("`{id}` is used since {since}, for more than {days} days: rotate it with `keys rotate`"),
                ),
            );
        }
        let is_kept = is_data && key.destroyed.is_none();
        let of_month = key.activates.saturating_add(SignedDuration::from_hours(24 * 31)).unwrap_or(Timestamp::MAX);
        let may_go = kept.is_none_or(|kept| kept.end_from(of_month) < looked.now);
        if is_kept && may_go && looked.is_older(key.activates, months.saturating_mul(31)) {
            findings.add(
                Check::Retention,
                said(
                    || format!("`{id}` 已逾 {months} 个月的保存期限，仍未销毁：请执行 `keys destroy`"),
                    || format!("`{id}` is past its retention of {months} months and not destroyed: see `keys destroy`"),
                ),
            );
        }
    }
    Some(ring)
}

/// Certificates and lists as of then, and whether the server's key is the gateway's alone.
pub(super) fn tls(looked: &Looked<'_>, findings: &mut Findings) {
    let tls = &looked.settings.tls;
    let mode = fs::metadata(&tls.key).map(|file| file.permissions().mode() & 0o077);
    let path = tls.key.display();
    match mode {
        Ok(0) => {}
        Ok(_) => findings.add(
            Check::Tls,
            said(
                || format!("`{path}` 可被他人读取：请改为 0600"),
                || format!("`{path}` can be read by others: make it 0600"),
            ),
        ),
        Err(error) => findings.add(Check::Tls, format!("`{path}`: {error}")),
    }
    let soon = looked.now.saturating_add(SignedDuration::from_hours(24 * SOON_DAYS)).unwrap_or(Timestamp::MAX);
    for file in [&tls.certificate, &tls.authorities] {
        let certificates = certificates_of_file(file).unwrap_or_default();
        let ends = certificates.iter().filter_map(|der| end_of(der)).min();
        if let Some(ends) = ends.filter(|ends| *ends <= soon) {
            ends_at(file, ends, findings);
        }
    }
    // Lists are renewed often, so that only one that is over then is found; whether they can be used now says the start.
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let trust = Trust::read(tls, &looked.settings.data.dir, clock).ok();
    if let Some(ends) = trust.map(|trust| trust.next_update()).filter(|ends| *ends <= looked.now) {
        ends_at(&tls.revocation_list, ends, findings);
    }
}

fn ends_at(file: &Path, ends: Timestamp, findings: &mut Findings) {
    let path = file.display();
    findings.add(Check::Tls, said(|| format!("`{path}` 将于 {ends} 到期"), || format!("`{path}` expires at {ends}")));
}

/// The log from its first leaf on, by the ring's own key: not by a file that lies beside it.
pub(super) fn log(looked: &Looked<'_>, ring: &Ring, findings: &mut Findings) -> Option<VerifierKey> {
    let origin = &looked.settings.log.origin;
    let signer = ring.log_signer(origin).map_err(|error| findings.add(Check::Log, error.to_string())).ok()?;
    let key = VerifierKey::new(origin, signer.public_key());
    let key = key.map_err(|error| findings.add(Check::Log, error.to_string())).ok()?;
    let report = verify::directory(&looked.settings.data.dir, &key, &[], &mut ());
    match report {
        Ok(report) => {
            let last = report.leaves.and_then(|leaves| leaves.last_at);
            if let Some(last) = last.filter(|last| last.duration_since(looked.now) > FUTURE) {
                findings.add(
                    Check::Clocks,
                    said(
                        || format!("最后一条记录的时间 {last} 晚于本机时钟"),
                        || format!("the last record is of {last}, later than this machine's clock"),
                    ),
                );
            }
        }
        Err(error) => findings.add(Check::Log, error.to_string()),
    }
    Some(key)
}

/// No file of ours is of the future: whoever wrote it had another clock.
pub(super) fn clocks(looked: &Looked<'_>, findings: &mut Findings) {
    let dir = &looked.settings.data.dir;
    for path in [dir.join("log/checkpoint"), looked.settings.second_place()] {
        let written = fs::metadata(&path).and_then(|file| file.modified()).ok().and_then(time);
        if let Some(written) = written.filter(|written| written.duration_since(looked.now) > FUTURE) {
            let path = path.display();
            findings.add(
                Check::Clocks,
                said(
                    || format!("`{path}` 的写入时间 {written} 晚于本机时钟"),
                    || format!("`{path}` was written at {written}, later than this machine's clock"),
                ),
            );
        }
    }
}

/// A time of the file system.
pub(super) fn time(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}
