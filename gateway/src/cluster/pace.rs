//! How large a batch is: what comes at once where few queries are under way, and more where many are.

use std::time::Duration;

/// Claims of the largest batch.
pub(super) const MOST: usize = 256;
/// So many queries under way are few.
const FEW: usize = 16;
/// A claim waits so long for others, where many are under way.
const GATHERS: Duration = Duration::from_millis(4);

/// How long claims that wait do so for others: a batch costs the servers and this gateway nearly as much whether it is small or large,
/// and where many queries are under way each waits longer for its turn than for this.
pub(super) fn gathers(claims: usize, under_way: usize) -> Duration {
    let is_few = claims + under_way < FEW;
    let is_enough = claims >= MOST || claims >= under_way / 2;
    if is_few || is_enough { Duration::ZERO } else { GATHERS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_or_among_few_waits_for_nobody_and_half_as_many_as_are_under_way_are_enough() {
        for (claims, under_way, waits) in [
            (1, 0, false),
            (1, FEW - 2, false),
            (1, FEW - 1, true),
            (19, 40, true),
            (20, 40, false),
            (200, 0, false),
            (MOST - 1, 4_000, true),
            (MOST, 4_000, false),
        ] {
            assert_eq!(!gathers(claims, under_way).is_zero(), waits, "{claims} of {under_way}");
        }
    }
}
