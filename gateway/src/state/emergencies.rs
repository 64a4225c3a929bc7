//! What one officer did alone in an emergency, until a second one approved it (formats.md §5).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::not_approved::{Digest, NotApproved};

/// Within so long another officer approves it; else it stays for good.
pub(crate) const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Those without a second officer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Emergencies(Vec<Emergency>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Emergency {
    act: String,
    digest: Digest,
    officer: String,
    at: Timestamp,
}

impl Emergency {
    fn waits(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) <= WITHIN
    }
}

impl Emergencies {
    /// Takes in that an officer did something alone.
    pub(super) fn begin(&mut self, act: &str, digest: Digest, officer: &str, at: Timestamp) {
        self.0.push(Emergency { act: act.to_owned(), digest, officer: officer.to_owned(), at });
    }

    /// Takes in that two officers stand behind an act now. Whether one had done it alone within the time.
    pub(super) fn settle(&mut self, act: &str, digest: &Digest, now: Timestamp) -> bool {
        let is_it = |known: &Emergency| known.act == act && known.digest == *digest && known.waits(now);
        let found = self.0.iter().position(is_it);
        found.map(|place| self.0.remove(place)).is_some()
    }

    /// Why this officer cannot do another one alone; nothing where that is possible.
    pub(crate) fn fault(&self, officer: &str, now: Timestamp) -> Option<NotApproved> {
        if self.0.iter().any(|known| known.waits(now)) {
            return Some(NotApproved::EmergencyWaits);
        }
        self.0.iter().any(|known| known.officer == officer).then_some(NotApproved::EmergencyAlone)
    }

    /// Those that wait for a second officer, and those for which it is too late.
    pub(crate) fn count(&self, now: Timestamp) -> (usize, usize) {
        let waiting = self.0.iter().filter(|known| known.waits(now)).count();
        (waiting, self.0.len() - waiting)
    }
}
