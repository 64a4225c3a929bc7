//! Who acted when, as far as it matters: a query is explained by what somebody else did.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::mark::Mark;

/// Something that a member of staff did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    /// The place in the list of members of staff.
    pub(super) staff: usize,
}

/// The first act, and the first one by another: so the first one by anybody else than a given member of staff is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acts {
    first: Act,
    second: Option<Act>,
}

impl Acts {
    /// Takes in an act about what the mark stands for.
    pub(super) fn note(all: &mut HashMap<Mark, Self>, mark: Mark, act: Act) {
        all.entry(mark).and_modify(|acts| acts.add(act)).or_insert(Self { first: act, second: None });
    }

    fn add(&mut self, act: Act) {
        let mut all = [Some(self.first), self.second, Some(act)];
        all.sort_by_key(|act| act.map_or(u64::MAX, |act| act.index));
        let mut all = all.into_iter().flatten();
        if let Some(first) = all.next() {
            *self = Self { first, second: all.find(|act| act.staff != first.staff) };
        }
    }

    /// The first act by anybody.
    pub(super) fn by_anybody(&self) -> Act {
        self.first
    }

    /// The first act by anybody else.
    pub(super) fn by_another(&self, staff: usize) -> Option<Act> {
        if self.first.staff == staff { self.second } else { Some(self.first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_act_by_anybody_else_is_known_in_every_order() {
        let act = |index, staff| Act { index, at: Timestamp::MIN, staff };
        for order in [[(1, 7), (2, 7), (3, 8)], [(3, 8), (1, 7), (2, 7)], [(2, 7), (3, 8), (1, 7)]] {
            let mut all = HashMap::new();
            order.into_iter().for_each(|(index, staff)| Acts::note(&mut all, [0; 16], act(index, staff)));
            let by = |staff| all[&[0; 16]].by_another(staff).map(|act| act.index);
            assert_eq!((by(7), by(8), by(9)), (Some(3), Some(1), Some(1)), "{order:?}");
        }
        let mut alone = HashMap::new();
        Acts::note(&mut alone, [0; 16], act(1, 7));
        assert!(alone[&[0; 16]].by_another(7).is_none());
    }
}
