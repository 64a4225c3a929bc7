//! `[bounds]`: what the process gives at most, and how long it waits.

use schemars::JsonSchema;
use serde::Deserialize;

/// Bounds of the process.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Open connections to the institutions' listener.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: usize,
    /// Open connections of one institution to it; one more is closed.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections_per_institution: usize,
    /// Open connections to each of the other listeners; one more ends the oldest, those that do not take their answers first.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub side_connections: usize,
    /// Handshakes under way at one listener; one more ends the oldest.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub handshakes: usize,
    /// Queries under way in the process; one more is `overloaded`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub journeys: usize,
    /// Queries under way for one institution.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub journeys_per_institution: usize,
    /// Queries under way on one connection.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub journeys_per_connection: usize,
    /// Time for a TLS handshake, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub handshake_ms: u64,
    /// Time for a request head from its first byte on, then for its body, and then for the caller to take the answer, in
    /// milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub request_ms: u64,
    /// A connection without a request is closed after this, in seconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub idle_s: u64,
    /// Time from SIGTERM on in which readiness is false and queries are still taken, so that a load balancer sees it first,
    /// in seconds; 0 = none.
    #[schemars(range(max = 3_600_000))]
    pub drain_notice_s: u64,
    /// Time that queries under way have to end after that, in seconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub drain_s: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 12_000,
            connections_per_institution: 2_048,
            side_connections: 512,
            handshakes: 2_048,
            journeys: 4_096,
            journeys_per_institution: 2_048,
            journeys_per_connection: 128,
            handshake_ms: 5_000,
            request_ms: 10_000,
            idle_s: 600,
            drain_notice_s: 0,
            drain_s: 20,
        }
    }
}

/// Descriptors that are kept for the log, the store, and whatever else is opened.
const OTHER_FILES: u64 = 256;

/// More of anything is no bound: no machine has so many.
const MOST: usize = 1_000_000;

/// An hour in milliseconds.
const LONGEST: u64 = 3_600_000;

impl Bounds {
    /// What is wrong with them, a line each.
    pub(super) fn faults(&self) -> Option<String> {
        let counts = [
            self.connections,
            self.connections_per_institution,
            self.side_connections,
            self.handshakes,
            self.journeys,
            self.journeys_per_institution,
            self.journeys_per_connection,
        ];
        let times = [self.handshake_ms, self.request_ms, self.idle_s, self.drain_s];
        let too_much = counts.iter().any(|count| *count > MOST)
            || times.iter().chain([&self.drain_notice_s]).any(|time| *time > LONGEST);
        (counts.contains(&0) || times.contains(&0) || too_much).then(|| {
            format!("every one of bounds must be at least 1 (drain_notice_s 0); a count at most {MOST}, a time at most {LONGEST}")
        })
    }

    /// Makes the connections fewer, all in proportion, where this process may not have so many descriptors; false where
    /// they are enough. Without one the log could not record, so what is to be refused is a connection.
    pub fn fit(&mut self, descriptors: u64) -> bool {
        let descriptors = usize::try_from(descriptors.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        // The institutions' listener, and four others with as many handshakes at most as connections.
        let wanted = self.connections + self.handshakes + 8 * self.side_connections;
        if wanted <= descriptors {
            return false;
        }
        for bound in [&mut self.connections, &mut self.handshakes, &mut self.side_connections] {
            *bound = (*bound * descriptors / wanted).max(1);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_descriptors_mean_few_connections() {
        let mut bounds = Bounds::default();
        assert!(!bounds.fit(20_000));
        assert_eq!(bounds.connections, 12_000);
        assert!(bounds.fit(1_024));
        let all = bounds.connections + bounds.handshakes + 8 * bounds.side_connections;
        assert!((700..=768).contains(&all), "{bounds:?}");
        assert!(bounds.fit(0));
        assert_eq!((bounds.connections, bounds.handshakes, bounds.side_connections), (1, 1, 1));
    }
}
