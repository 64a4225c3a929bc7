//! How leaves of other gateways' logs are named here, beside those of the own log, which are named by their index.

/// From here on a place is none of the own log.
const OTHERS: u64 = 1 << 63;

/// The place of an act of another log, by its number among the acts of all gateways: in the order in which they hold.
pub(crate) fn place_of(act: i64) -> u64 {
    OTHERS | act.unsigned_abs()
}

/// Whether a leaf stands in another log.
pub(crate) fn is_elsewhere(place: u64) -> bool {
    place >= OTHERS
}

/// The number of an act of another log; nothing where the place is one of the own log.
pub(crate) fn act_at(place: u64) -> Option<i64> {
    i64::try_from(place.checked_sub(OTHERS)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_of_other_logs_stand_behind_every_leaf_of_the_own_one_and_in_their_order() {
        assert!(!is_elsewhere(0) && !is_elsewhere(OTHERS - 1) && act_at(OTHERS - 1).is_none());
        for act in [0, 1, 7, i64::MAX] {
            assert!(is_elsewhere(place_of(act)));
            assert_eq!(act_at(place_of(act)), Some(act));
        }
        assert!(place_of(7) < place_of(8));
    }
}
