//! What has no record of its own, counted by institution: one `flood` leaf says how many, a while after the first and
//! when the gateway goes down (formats.md §2, “What is a query”). So a flood adds a leaf a minute to the log and no more.
//!
//! If the process is killed, what was counted since the last leaf is lost: it had no answer that anybody could hold.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use credit_policy::Code;
use jiff::Timestamp;

/// Why a request has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// Its connection was closed without an answer, because its institution floods.
    CutOff,
    /// It was refused with this code and a fixed body, or broke off before it was one.
    Refused(Code),
}

impl Unrecorded {
    /// Its name in the leaf and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::Refused(code) => code.as_str(),
        }
    }
}

/// What one institution sent that has no record of its own, since its last `flood` leaf.
#[derive(Debug, Default)]
pub struct Floods {
    open: Mutex<Option<Open>>,
}

/// What was counted, not yet recorded.
#[derive(Debug)]
pub struct Open {
    /// When the first of it came.
    pub since: Timestamp,
    began: Duration,
    /// By [`Unrecorded::as_str`].
    pub counts: BTreeMap<String, u64>,
}

impl Floods {
    /// Counts one request.
    pub fn count(&self, what: Unrecorded, now: Timestamp, monotonic: Duration) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_with(|| Open { since: now, began: monotonic, counts: BTreeMap::new() });
        *open.counts.entry(what.as_str().to_owned()).or_default() += 1;
    }

    /// Takes what was counted, where the first of it came at or before `until`.
    pub fn take(&self, until: Duration) -> Option<Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.take_if(|open| open.began <= until)
    }

    /// Puts back what could not be recorded.
    pub fn give_back(&self, taken: Open) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *open {
            Some(open) => {
                (open.since, open.began) = (taken.since, taken.began);
                for (what, count) in taken.counts {
                    *open.counts.entry(what).or_default() += count;
                }
            }
            None => *open = Some(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn counted(floods: &Floods, until: Duration) -> Option<(Timestamp, Vec<(String, u64)>)> {
        floods.take(until).map(|open| (open.since, open.counts.into_iter().collect()))
    }

    #[test]
    fn what_is_counted_is_due_a_while_after_the_first_of_it() {
        let (floods, since) = (Floods::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(counted(&floods, 100 * SECOND), None, "nothing was counted");
        floods.count(Unrecorded::CutOff, since, 10 * SECOND);
        floods.count(Unrecorded::Refused(Code::Overloaded), since + jiff::SignedDuration::from_secs(5), 15 * SECOND);
        floods.count(Unrecorded::CutOff, since + jiff::SignedDuration::from_secs(5), 15 * SECOND);
        assert_eq!(counted(&floods, 9 * SECOND), None, "not due yet");
        let both = vec![("cut-off".to_owned(), 2), ("overloaded".to_owned(), 1)];
        assert_eq!(counted(&floods, 10 * SECOND), Some((since, both)));
        assert_eq!(counted(&floods, 100 * SECOND), None, "it was taken");
    }

    #[test]
    fn what_could_not_be_recorded_stays_counted() {
        let (floods, since) = (Floods::default(), Timestamp::UNIX_EPOCH);
        floods.count(Unrecorded::CutOff, since, SECOND);
        let taken = floods.take(SECOND).unwrap();
        floods.count(Unrecorded::CutOff, since + jiff::SignedDuration::from_secs(9), 10 * SECOND);
        floods.give_back(taken);
        assert_eq!(counted(&floods, SECOND), Some((since, vec![("cut-off".to_owned(), 2)])));
    }
}
