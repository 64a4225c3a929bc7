//! The uses of one consent.

use jiff::{SignedDuration, Timestamp};

/// How long after its end the uses of a consent are still counted: longer than a query takes.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// One use that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// When, in microseconds of Unix time, as leaves count.
    pub(crate) at: i64,
    /// From 1.
    pub(crate) number: u32,
    /// The leaf of this log that has the token; nothing where the use was made in a log before.
    pub(crate) holder: Option<u64>,
}

/// The uses of one consent until it expires. One use needs no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consent {
    // The first use, taken apart so that it has no room between its parts.
    at: i64,
    holder: u64,
    number: u32,
    /// In seconds of Unix time.
    expires: u32,
    #[expect(
        clippy::box_collection,
        reason = "8 bytes in each of millions of rows, where 24 would stand mostly empty"
    )]
    more: Option<Box<Vec<Use>>>,
}

/// Stands for no leaf of this log.
const NO_LEAF: u64 = u64::MAX;

impl Consent {
    pub(crate) fn new(use_: Use, expires: u32) -> Self {
        Self { at: use_.at, holder: use_.holder.unwrap_or(NO_LEAF), number: use_.number, expires, more: None }
    }

    /// The row again from its parts; nothing where there is no use.
    pub(crate) fn restored(uses: impl IntoIterator<Item = Use>, expires: u32) -> Option<Self> {
        let mut uses = uses.into_iter();
        let first = uses.next()?;
        let more: Vec<Use> = uses.collect();
        let more = Some(Box::new(more)).filter(|more| !more.is_empty());
        Some(Self { more, ..Self::new(first, expires) })
    }

    fn first(&self) -> Use {
        Use { at: self.at, number: self.number, holder: Some(self.holder).filter(|holder| *holder != NO_LEAF) }
    }

    /// Every use, in the order of `at`.
    pub(crate) fn uses(&self) -> impl Iterator<Item = Use> {
        std::iter::once(self.first()).chain(self.more.iter().flat_map(|more| more.iter().copied()))
    }

    /// Seconds of Unix time when it ends.
    pub(crate) fn expires(&self) -> u32 {
        self.expires
    }

    /// Whether its uses count no longer.
    pub(crate) fn is_over(&self, at: Timestamp) -> bool {
        let kept = at.saturating_sub(KEPT).map_or(0, Timestamp::as_second);
        i64::from(self.expires) < kept
    }

    /// Adds a use. What was used of a consent that was over by then counts no more.
    pub(crate) fn add(&mut self, use_: Use, expires: u32) {
        if Timestamp::from_microsecond(use_.at).is_ok_and(|at| self.is_over(at)) {
            *self = Self::new(use_, expires);
            return;
        }
        self.expires = self.expires.max(expires);
        let first = self.first();
        if use_ == first {
            return;
        }
        let more = self.more.get_or_insert_default();
        let mut later = use_;
        if use_ < first {
            (self.at, self.number, self.holder) = (use_.at, use_.number, use_.holder.unwrap_or(NO_LEAF));
            later = first;
        }
        // Nearly always the last one.
        if let Err(place) = more.binary_search(&later) {
            more.insert(place, later);
        }
    }

    /// Whether a use that names an earlier leaf is one of this consent: it still counts then, and that leaf has its token.
    pub(crate) fn takes(&self, use_: &Use) -> bool {
        Timestamp::from_microsecond(use_.at).is_ok_and(|at| !self.is_over(at))
            && self.uses().any(|known| known.holder == use_.holder)
    }

    /// The first leaf of this log that has the token.
    pub(crate) fn holder(&self) -> Option<u64> {
        self.uses().filter_map(|use_| use_.holder).min()
    }

    /// The use that a repeat of a query names: one that this log knows, or else any.
    pub(crate) fn known_use(&self) -> Use {
        let holder = self.holder();
        self.uses().find(|use_| use_.holder == holder).unwrap_or_else(|| self.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(at: i64, number: u32, holder: Option<u64>) -> Use {
        Use { at: at * 1_000_000, number, holder }
    }

    #[test]
    fn a_row_of_one_use_is_small() {
        assert_eq!(size_of::<Consent>(), 32);
    }

    #[test]
    fn uses_stand_in_order_whoever_comes_first() {
        let uses = [used(10, 1, Some(7)), used(20, 2, Some(7)), used(20, 3, Some(9)), used(30, 4, None)];
        for first in 0..uses.len() {
            let mut order = uses;
            order.rotate_left(first);
            let mut consent = Consent::new(order[0], 100);
            for use_ in &order[1..] {
                consent.add(*use_, 100);
            }
            assert!(consent.uses().eq(uses), "{first}");
            assert_eq!(consent.holder(), Some(7));
            assert_eq!(consent.known_use(), uses[0]);
        }
    }

    #[test]
    fn uses_of_a_consent_that_is_over_do_not_count_for_a_later_one_of_its_name() {
        let mut consent = Consent::new(used(10, 1, Some(7)), 100);
        consent.add(used(100 + 3_600, 2, Some(7)), 100);
        assert_eq!(consent.uses().count(), 2);
        consent.add(used(100 + 3_601, 1, Some(8)), 9_000);
        assert_eq!(consent.uses().collect::<Vec<_>>(), [used(100 + 3_601, 1, Some(8))]);
    }
}
