//! What Linux tells of this process and of the disk that it writes to: read anew for each scrape.

use std::{fs, path::Path};

/// Figures of the process; each is missing where the system does not tell it.
#[derive(Default)]
pub(super) struct Process {
    /// Open file descriptors, the one of this look among them.
    pub(super) open_fds: Option<u64>,
    /// Most file descriptors that it may open.
    pub(super) max_fds: Option<u64>,
    /// Memory in use, in bytes.
    pub(super) resident_bytes: Option<u64>,
    /// Processor time used so far, in seconds.
    pub(super) cpu_seconds: Option<f64>,
}

impl Process {
    /// As it is now.
    pub(super) fn now() -> Self {
        let fields = |path| fs::read_to_string(path).ok();
        let resident = fields("/proc/self/statm").and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
        // The name in parentheses may hold spaces; of what follows it, user and system time are the 12th and 13th.
        let ticks = fields("/proc/self/stat").and_then(|text| {
            let mut times = text.rsplit_once(") ")?.1.split(' ').skip(11).map(str::parse::<u64>);
            Some(times.next()?.ok()? + times.next()?.ok()?)
        });
        Self {
            open_fds: fs::read_dir("/proc/self/fd").ok().map(|fds| fds.count() as u64),
            max_fds: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
            resident_bytes: resident.map(|pages| pages * rustix::param::page_size() as u64),
            cpu_seconds: ticks.map(|ticks| ticks as f64 / rustix::param::clock_ticks_per_second() as f64),
        }
    }
}

/// Bytes that are free for this process on the disk that holds `folder`.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_and_plausible() {
        let now = Process::now();
        assert!(now.open_fds.unwrap() >= 3 && now.open_fds <= now.max_fds, "{:?} of {:?}", now.open_fds, now.max_fds);
        assert!((1 << 20..1 << 40).contains(&now.resident_bytes.unwrap()), "{:?}", now.resident_bytes);
        assert!((0.0..1e6).contains(&now.cpu_seconds.unwrap()), "{:?}", now.cpu_seconds);
        assert!(free_bytes(Path::new("/")).is_some());
        assert_eq!(free_bytes(Path::new("/nowhere/at/all")), None);
    }
}
