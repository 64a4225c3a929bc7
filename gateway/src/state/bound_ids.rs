//! Accounts at the identity service that are bound to a citizen number: one account to one number, and one number to one
//! account. They outlive a data key like what stands in [`standing`](super::standing); accounts that logged in without one wait
//! among the [`visits`](super::visits).

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::key::StandingKey;

/// An account of an identity service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginId {
    /// Its issuer.
    pub(crate) iss: String,
    /// The account's id there.
    pub(crate) sub: String,
}

/// A binding that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoundId {
    /// What stands for the account.
    pub(crate) id: StandingKey,
    /// What stands for the person.
    pub(crate) person: StandingKey,
    /// The leaf that says so.
    pub(crate) leaf: u64,
}

/// All of them.
#[derive(Default)]
pub(crate) struct BoundIds(Mutex<Known>);

#[derive(Default)]
struct Known {
    bound: Vec<BoundId>,
    /// Accounts that were freed: what a log before says of them is over.
    freed: HashSet<StandingKey>,
}

impl BoundIds {
    /// Takes in a binding.
    pub(crate) fn bind(&self, new: BoundId) {
        let mut known = self.lock();
        known.bound.retain(|bound| bound.id != new.id && bound.person != new.person);
        known.bound.push(new);
    }

    /// Ends the binding of a person, from this call on; gives it.
    pub(crate) fn unbind(&self, person: &StandingKey) -> Option<BoundId> {
        let mut known = self.lock();
        let place = known.bound.iter().position(|bound| bound.person == *person)?;
        let freed = known.bound.swap_remove(place);
        known.freed.insert(freed.id);
        Some(freed)
    }

    /// Whether an account is bound, or was freed.
    pub(crate) fn is_known(&self, id: &StandingKey) -> bool {
        self.of_id(id).is_some() || self.lock().freed.contains(id)
    }

    /// The binding of an account.
    pub(crate) fn of_id(&self, id: &StandingKey) -> Option<BoundId> {
        self.lock().bound.iter().find(|bound| bound.id == *id).copied()
    }

    /// The binding of a person.
    pub(crate) fn of_person(&self, person: &StandingKey) -> Option<BoundId> {
        self.lock().bound.iter().find(|bound| bound.person == *person).copied()
    }

    /// All of them, the one said first at the beginning.
    pub(crate) fn all(&self) -> Vec<BoundId> {
        let mut all = self.lock().bound.clone();
        all.sort_by_key(|bound| bound.leaf);
        all
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_person_and_a_person_one_account() {
        let all = BoundIds::default();
        let binding = |id, person, leaf| BoundId { id: [id; 32], person: [person; 32], leaf };
        all.bind(binding(1, 2, 7));
        all.bind(binding(3, 4, 8));
        assert_eq!(all.of_id(&[1; 32]), Some(binding(1, 2, 7)));
        assert_eq!((all.of_id(&[2; 32]), all.of_person(&[1; 32])), (None, None));
        all.bind(binding(1, 5, 9));
        assert_eq!(all.all(), [binding(3, 4, 8), binding(1, 5, 9)]);
        assert_eq!(all.unbind(&[5; 32]), Some(binding(1, 5, 9)));
        assert_eq!((all.unbind(&[5; 32]), all.of_id(&[1; 32])), (None, None));
        assert!(all.is_known(&[1; 32]) && all.is_known(&[3; 32]) && !all.is_known(&[9; 32]));
    }
}
