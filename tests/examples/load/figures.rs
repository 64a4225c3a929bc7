//! What was measured.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

use credit_tests::postgres::Server;

/// Requests to one side, one after the other on each connection.
pub(crate) struct Round {
    pub(crate) side: &'static str,
    pub(crate) requests: usize,
    /// Of all processes of the side.
    pub(crate) cpu: Duration,
    /// Of that, of the servers behind.
    pub(crate) others: Duration,
    pub(crate) wall: Duration,
    /// Of each request, in order of length.
    pub(crate) times: Vec<Duration>,
}

impl Round {
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / of(self.requests)
    }

    pub(crate) fn per_second(&self) -> f64 {
        of(self.requests) / self.wall.as_secs_f64()
    }

    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        percentile(&self.times, percent)
    }

    /// Itself, printed.
    pub(crate) fn shown(self, what: &str, connections: usize) -> Self {
        let Self { side, requests, cpu, others, .. } = &self;
        println!(
            "{what}, {connections} connections, {side}: {requests} requests, {:.3} s of processor time ({:.3} s of servers behind), {:.1} µs each, {:.0}/s, p50 {:?}, p99 {:?}, most {:?}",
            cpu.as_secs_f64(),
            others.as_secs_f64(),
            self.cpu_us(),
            self.per_second(),
            self.percentile(50.0),
            self.percentile(99.0),
            self.percentile(100.0),
        );
        self
    }
}

/// Times, in order of length.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        percentile(&self.0, percent)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn of(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
fn percentile(sorted: &[Duration], percent: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let at = (of(last) * percent / 100.0).ceil() as usize;
    sorted.get(at.min(last)).copied().unwrap_or_default()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What one fdatasync takes where the log is: 4 KiB into a file that has its size.
pub(crate) fn fdatasync(folder: &Path) -> Samples {
    let path = folder.join("fdatasync");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path).expect("a file");
    file.write_all_at(&vec![1; 4096 * 300], 0).expect("room");
    file.sync_all().expect("a disk");
    let once = |nr: u64| {
        let began = Instant::now();
        file.write_all_at(&[2; 4096], nr * 4096).expect("room");
        file.sync_data().expect("a disk");
        began.elapsed()
    };
    let mut times: Vec<_> = (0..300).map(once).collect();
    times.sort_unstable();
    std::fs::remove_file(path).expect("it is ours");
    Samples(times)
}

/// What one commit takes that waits for a standby: 300 of one row, one after the other.
pub(crate) fn commits(server: &Server) -> Samples {
    let one = "UPDATE probe SET n = n + 1;\n";
    let sql =
        format!("DROP TABLE IF EXISTS probe;\nCREATE TABLE probe AS SELECT 0 AS n;\n\\timing on\n{}", one.repeat(300));
    let said = server.sql("postgres", &sql).held();
    let milliseconds =
        said.lines().filter_map(|line| line.strip_prefix("Time: ")?.split(' ').next()?.parse::<f64>().ok());
    let mut times: Vec<_> = milliseconds.map(|time| Duration::from_secs_f64(time / 1_000.0)).collect();
    assert_eq!(times.len(), 300, "{said}");
    times.sort_unstable();
    Samples(times)
}
