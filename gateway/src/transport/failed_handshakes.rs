//! Handshakes that fail: each is counted by its cause, and most are a line of the log, so that whoever runs the gateway can
//! say why a caller does not get in. Lines are bounded: anybody can fail as often as they like.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use prometheus::{IntCounter, IntCounterVec};

use crate::callers::{thumbprint::Thumbprint, trust::Cause};

/// Lines of one cause at once, and after them one in so long.
const LINES: NonZeroU32 = match NonZeroU32::new(10) {
    Some(lines) => lines,
    None => NonZeroU32::MIN,
};
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Says which institution has a certificate.
type Owner = Box<dyn Fn(Thumbprint) -> Option<String> + Send + Sync>;

/// The counters and the bounds of the lines, of all doors.
pub(crate) struct FailedHandshakes {
    causes: [OfCause; Cause::ALL.len()],
    owner: Owner,
}

struct OfCause {
    count: IntCounter,
    lines: DefaultDirectRateLimiter,
    /// Lines that were left out since the last one.
    left_out: AtomicU64,
}

impl FailedHandshakes {
    /// All at zero.
    pub(crate) fn new(counts: &IntCounterVec, owner: Owner) -> Self {
        let quota = Quota::with_period(LINE_EVERY).map(|quota| quota.allow_burst(LINES));
        let quota = quota.unwrap_or(Quota::per_minute(LINES));
        let of_cause = |cause: Cause| OfCause {
            count: counts.with_label_values(&[cause.as_str()]),
            lines: RateLimiter::direct(quota),
            left_out: AtomicU64::new(0),
        };
        Self { causes: Cause::ALL.map(of_cause), owner }
    }

    /// Whose certificate it is.
    pub(super) fn institution(&self, certificate: Thumbprint) -> Option<String> {
        (self.owner)(certificate)
    }

    /// One failed.
    pub(crate) fn note(&self, cause: Cause, peer: SocketAddr, shown: Option<Thumbprint>) {
        let Some(of_cause) = self.causes.get(cause as usize) else { return };
        of_cause.count.inc();
        // Nothing that anybody could mend.
        if cause == Cause::Probe {
            return;
        }
        if of_cause.lines.check().is_err() {
            of_cause.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = of_cause.left_out.swap(0, Ordering::Relaxed);
        let code = cause.as_str();
        let certificate = shown.map(|shown| shown.hex());
        let institution = shown.and_then(|shown| (self.owner)(shown));
        let line = (left_out > 0).then(|| format!("{left_out} more since the last line of this cause"));
        tracing::info!(%cause, code, %peer, certificate, institution, line, "a handshake failed");
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Opts;

    use super::*;

    #[test]
    fn each_is_counted_and_lines_are_bounded() {
        let counts = IntCounterVec::new(Opts::new("failed", "failed"), &["cause"]).unwrap();
        let failed = FailedHandshakes::new(&counts, Box::new(|_| None));
        let peer: SocketAddr = "127.0.0.1:1".parse().unwrap();
        for _ in 0..1_000 {
            failed.note(Cause::Expired, peer, Some(Thumbprint::of(b"one")));
            failed.note(Cause::Probe, peer, None);
        }
        failed.note(Cause::Revoked, peer, None);
        for (cause, count) in [(Cause::Expired, 1_000), (Cause::Probe, 1_000), (Cause::Revoked, 1), (Cause::NotTls, 0)]
        {
            assert_eq!(counts.with_label_values(&[cause.as_str()]).get(), count, "{cause:?}");
        }
        let left_out = |cause: Cause| failed.causes[cause as usize].left_out.load(Ordering::Relaxed);
        assert_eq!((left_out(Cause::Expired), left_out(Cause::Probe), left_out(Cause::Revoked)), (990, 0, 0));
    }

    #[test]
    fn a_cause_s_place_in_the_list_is_its_number() {
        for (number, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, number);
        }
    }
}
