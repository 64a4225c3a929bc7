//! What the process does by itself, without anybody asking: each duty reports here, so that none can stop unseen.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus::{IntCounterVec, IntGaugeVec};

use super::registrar::Registrar;

/// A duty in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Keys of a new period are made, recorded and taken.
    Keys,
    /// What has no record of its own is recorded in sum.
    Floods,
    /// The snapshot of the state follows the log.
    Snapshot,
    /// The revocation list in its file is taken.
    RevocationList,
    /// The store is asked whether it answers.
    Store,
    /// The log publishes what is durable, and remembers it in the second place.
    Publication,
    /// Published bundles are read and compared again.
    Scrub,
    /// Keys of issuers that are new in their files are recorded and taken, those that are gone are not accepted.
    IssuerKeys,
    /// The index of the log takes in what is published.
    Index,
    /// Answers that would be others without a record that went out of answers are found, and recorded as due to be corrected.
    Corrections,
    /// The coverage of cases takes in what is published.
    Coverage,
    /// What is suspicious or drawn is put before reviewers.
    Reviews,
    /// The witnesses of the trust policy cosign the log; without a policy, nothing is due.
    Witnesses,
    /// What is published goes to the object store as well; without one, nothing is due.
    Objects,
    /// What two officers approved is loaded.
    Rules,
    /// What other gateways did is heard, and they are told what was done here; where it counts alone, nothing is due.
    Replicas,
    /// Rates are kept together with the other gateways; where each keeps its own, nothing is due.
    Rates,
}

impl Duty {
    /// Every duty. Publication is reported by whether the log publishes, not by who looks.
    pub const ALL: [Self; 17] = [
        Self::Keys,
        Self::Floods,
        Self::Snapshot,
        Self::RevocationList,
        Self::Store,
        Self::Publication,
        Self::Scrub,
        Self::IssuerKeys,
        Self::Index,
        Self::Corrections,
        Self::Coverage,
        Self::Reviews,
        Self::Witnesses,
        Self::Objects,
        Self::Rules,
        Self::Replicas,
        Self::Rates,
    ];

    /// A word for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Floods => "floods",
            Self::Snapshot => "snapshot",
            Self::RevocationList => "revocation-list",
            Self::Store => "store",
            Self::Publication => "publication",
            Self::Scrub => "scrub",
            Self::IssuerKeys => "issuer-keys",
            Self::Index => "index",
            Self::Corrections => "corrections",
            Self::Coverage => "coverage",
            Self::Reviews => "reviews",
            Self::Witnesses => "witnesses",
            Self::Objects => "objects",
            Self::Rules => "rules",
            Self::Replicas => "replicas",
            Self::Rates => "rates",
        }
    }
}

/// Their figures.
pub(super) struct Duties {
    last_success: IntGaugeVec,
    failures: IntCounterVec,
    fails: [Mutex<Fails>; Duty::ALL.len()],
}

/// Reasons that are told of one duty before it succeeds again.
const REASONS: usize = 8;

/// Why a duty has failed since it last succeeded, each reason once.
type Fails = Vec<String>;

impl Duties {
    pub(super) fn new(registrar: &Registrar<'_>, started: Timestamp) -> prometheus::Result<Self> {
        let last_success = registrar.gauges(
            "credit_gateway_duty_last_success_seconds",
            "When a duty in the background was last done (Unix time); each is due every second.",
            &["duty"],
        )?;
        let failures = registrar.counters(
            "credit_gateway_duty_failures_total",
            "How often a duty in the background failed.",
            &["duty"],
        )?;
        for duty in Duty::ALL {
            last_success.with_label_values(&[duty.as_str()]).set(started.as_second());
            failures.with_label_values(&[duty.as_str()]).inc_by(0);
        }
        Ok(Self { last_success, failures, fails: [const { Mutex::new(Fails::new()) }; Duty::ALL.len()] })
    }

    /// A duty was done, or failed for a reason; true where that is news. What fails for another reason than before is: the first may
    /// have passed, and the second stays.
    pub(super) fn done(&self, duty: Duty, done: Result<(), &str>, now: Timestamp) -> bool {
        let Some(fails) = self.fails.get(duty as usize) else { return false };
        let mut fails = fails.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(()) => {
                self.last_success.with_label_values(&[duty.as_str()]).set(now.as_second());
                !std::mem::take(&mut *fails).is_empty()
            }
            Err(reason) => {
                self.failures.with_label_values(&[duty.as_str()]).inc();
                let is_news = fails.len() < REASONS && !fails.iter().any(|known| known == reason);
                if is_news {
                    fails.push(reason.to_owned());
                }
                is_news
            }
        }
    }

    /// Whether a duty failed the last time that it was due.
    pub(super) fn fails(&self, duty: Duty) -> bool {
        self.fails
            .get(duty as usize)
            .is_some_and(|fails| !fails.lock().unwrap_or_else(PoisonError::into_inner).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::*;

    #[test]
    fn a_duty_that_begins_to_fail_or_goes_on_again_is_news_once() {
        let registry = Registry::new();
        let duties = Duties::new(&Registrar(&registry), Timestamp::UNIX_EPOCH).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let steps = [
            (1, Ok(()), false),
            (2, Err("away"), true),
            (3, Err("away"), false),
            (4, Err("another"), true),
            (5, Err("away"), false),
            (6, Ok(()), true),
            (7, Ok(()), false),
            (8, Err("away"), true),
            (9, Ok(()), true),
        ];
        for (second, done, is_news) in steps {
            assert_eq!(duties.done(Duty::Keys, done, at(second)), is_news, "{second}");
            assert_eq!((duties.fails(Duty::Keys), duties.fails(Duty::Store)), (done.is_err(), false), "{second}");
        }
        let reasons = (0..2 * REASONS).map(|nr| format!("reason {nr}"));
        let news = reasons.filter(|reason| duties.done(Duty::Keys, Err(reason), at(10))).count();
        assert_eq!(news, REASONS, "reasons without end fill no log");
        assert!(duties.done(Duty::Keys, Ok(()), at(9)));
        assert_eq!(duties.last_success.with_label_values(&["keys"]).get(), 9);
        assert_eq!(duties.failures.with_label_values(&["keys"]).get(), 5 + 2 * REASONS as u64);
        assert_eq!(duties.last_success.with_label_values(&["store"]).get(), 0);
    }

    #[test]
    fn each_duty_has_its_own_place_and_name() {
        for (place, duty) in Duty::ALL.into_iter().enumerate() {
            assert_eq!(duty as usize, place);
            assert_eq!(Duty::ALL.into_iter().filter(|other| other.as_str() == duty.as_str()).count(), 1);
        }
    }
}
