//! How fast something may be asked.

use std::num::NonZeroU32;

use governor::Quota;

/// Requests a second and at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second.
    pub per_s: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate; nothing where a number is 0.
    #[must_use]
    pub fn new(per_s: u32, burst: u32) -> Option<Self> {
        Some(Self { per_s: NonZeroU32::new(per_s)?, burst: NonZeroU32::new(burst)? })
    }

    /// As a bucket of tokens.
    pub(super) fn quota(self) -> Quota {
        Quota::per_second(self.per_s).allow_burst(self.burst)
    }

    /// So many times as much.
    pub(super) fn times(self, multiple: NonZeroU32) -> Self {
        Self { per_s: self.per_s.saturating_mul(multiple), burst: self.burst.saturating_mul(multiple) }
    }
}
