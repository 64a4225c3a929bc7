//! Which month is worked.

use super::{
    misuse, office,
    work::{self, Event},
};

/// The month's events; with `CREDIT_MONTH_WORK=office` those of the offices that were written without knowledge of the rules.
pub(super) fn worked(seed: u64, first_day: i64, queries: u64, misuses: usize) -> Vec<Event> {
    match std::env::var("CREDIT_MONTH_WORK").as_deref() {
        Ok("office") => office::month(seed, first_day, queries, misuses),
        _ => work::month(seed, first_day, queries, |work| misuse::plant(work, misuses)),
    }
}
