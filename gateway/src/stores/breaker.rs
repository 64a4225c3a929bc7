//! The circuit breaker of a store: after look-ups that failed one after the other, the next are refused at once, so that
//! callers do not wait for a store that is away and the store is left alone until a probe is answered.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::fault::{StoreError, StoreFault};

/// Look-ups in a row that must fail. One that fails because of a person's data does not count: the store answered.
const IN_A_ROW: u32 = 16;

const CLOSED: u8 = 0;
const OPEN_FAILED: u8 = 1;
const OPEN_TIMEOUT: u8 = 2;

pub(super) struct Breaker {
    failures: AtomicU32,
    state: AtomicU8,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { failures: AtomicU32::new(0), state: AtomicU8::new(CLOSED) }
    }

    /// Whether a look-up may begin; while open, it ends as the one that opened it.
    pub(super) fn pass(&self) -> Result<(), StoreError> {
        match self.state.load(Ordering::Acquire) {
            CLOSED => Ok(()),
            OPEN_TIMEOUT => Err(StoreError::Timeout),
            _ => Err(StoreError::Failed(StoreFault::Away)),
        }
    }

    /// Counts what came of a look-up. Says whether that opened it.
    pub(super) fn note<T>(&self, found: &Result<T, StoreError>) -> bool {
        let open = match found {
            Err(StoreError::Timeout) => OPEN_TIMEOUT,
            Err(StoreError::Failed(fault)) if !fault.is_of_data() => OPEN_FAILED,
            Ok(_) | Err(StoreError::Failed(_)) => {
                if self.failures.load(Ordering::Relaxed) != 0 {
                    self.failures.store(0, Ordering::Relaxed);
                }
                return false;
            }
        };
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        failures >= IN_A_ROW && self.state.compare_exchange(CLOSED, open, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// A probe was answered.
    pub(super) fn close(&self) {
        if self.state.swap(CLOSED, Ordering::AcqRel) != CLOSED {
            self.failures.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late() -> Result<(), StoreError> {
        Err(StoreError::Timeout)
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_at_an_answered_probe() {
        let breaker = Breaker::new();
        let noted: Vec<_> = (0..IN_A_ROW + 3).map(|_| breaker.note(&late())).collect();
        assert_eq!(noted.iter().filter(|opened| **opened).count(), 1);
        assert!(noted[IN_A_ROW as usize - 1], "at the last of the row, not before");
        assert!(matches!(breaker.pass(), Err(StoreError::Timeout)), "the code of what opened it");
        breaker.close();
        assert!(breaker.pass().is_ok());
        assert!(!breaker.note(&late()), "the row begins again");
    }

    #[test]
    fn an_answer_between_ends_the_row_and_a_persons_data_never_open_it() {
        let breaker = Breaker::new();
        for _ in 0..4 * IN_A_ROW {
            breaker.note(&Err::<(), _>(StoreError::Failed(StoreFault::Untyped("record.act"))));
        }
        assert!(breaker.pass().is_ok());
        for _ in 0..4 {
            assert!((1..IN_A_ROW).all(|_| !breaker.note(&late())));
            breaker.note(&Ok(()));
        }
        assert!(breaker.pass().is_ok());
        let ended = || Err::<(), _>(StoreError::Failed(StoreFault::ReaderEnded));
        assert!((0..IN_A_ROW).any(|_| breaker.note(&ended())));
        assert!(matches!(breaker.pass(), Err(StoreError::Failed(StoreFault::Away))));
    }
}
