//! How far the clock is ahead of the last record. The log never goes back in time: a record by a clock that is wrong would
//! keep it from recording until that time has come.

use jiff::{SignedDuration, Timestamp};

use super::error::StartError;
use crate::settings::Settings;

/// What is worth a line: no gateway that is in use has a day without a record.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Refuses a start whose clock is farther ahead than `log.clock_ahead_days`. `last` is nothing in a log without leaves.
///
/// # Errors
/// [`StartError::ClockAhead`].
pub(super) fn check(settings: &Settings, last: Option<Timestamp>, now: Timestamp) -> Result<(), StartError> {
    let Some(last) = last else { return Ok(()) };
    let days = settings.log.clock_ahead_days;
    if now.duration_since(last) > SignedDuration::from_hours(24 * i64::from(days)) {
        return Err(StartError::ClockAhead { now, last, days });
    }
    Ok(())
}

/// [`check`], and says in the log how far it is.
///
/// # Errors
/// As [`check`].
pub(super) fn pass(settings: &Settings, last: Option<Timestamp>, now: Timestamp) -> Result<(), StartError> {
    check(settings, last, now)?;
    note(last, now);
    Ok(())
}

/// Says in the log how far it is, where that is worth a line.
fn note(last: Option<Timestamp>, now: Timestamp) {
    let ahead = last.map(|last| now.duration_since(last)).filter(|ahead| *ahead > A_DAY);
    if let Some(ahead) = ahead {
        let hours = ahead.as_hours();
        tracing::warn!(
            "the clock is {hours} hours ahead of the last record: the gateway was off for so long, or the clock is wrong"
        );
    }
}
