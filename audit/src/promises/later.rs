//! What a leaf of a set breaks by the leaves before it, and a leaf of another log may put right: its clock may be behind.

use jiff::Timestamp;

use super::consents::Use;
use super::place::Place;
use crate::clock::CLOCKS;

/// A leaf that is looked at again.
pub(super) struct Later {
    pub(super) place: Place,
    pub(super) at: Timestamp,
    pub(super) bytes: Vec<u8>,
    pub(super) what: What,
}

/// Which of its promises.
pub(super) enum What {
    /// That nothing is suspended or stopped.
    Answered,
    /// That it repeats what was answered; with the use of a consent that it was.
    Repeat(Option<Use>),
    /// That a correction is due.
    Correction,
    /// That what is approved was proposed.
    Approval,
    /// That a catalogue was approved by two.
    Catalogue,
}

impl Later {
    /// Whether no leaf from this time on can put it right.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.at.checked_add(CLOCKS).is_ok_and(|latest| now > latest)
    }
}
