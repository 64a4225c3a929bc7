//! Accounts at the identity service that are bound to a citizen number: one account to one number, and one number to one
//! account. They outlive a data key like what stands in [`standing`](super::standing); accounts that logged in without one wait
//! here for a while, in memory only.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::key::StandingKey;

/// How long an account that logged in waits for an officer, and how many do; of more the oldest is forgotten.
const WAITS: Duration = Duration::from_secs(30 * 60);
const MOST: usize = 10_000;

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
    waiting: HashMap<String, LoginId>,
    in_order: VecDeque<(Duration, String)>,
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

    /// An account logged in that is bound to nobody: `code` stands for it. A code that it was given before is over.
    pub(crate) fn wait(&self, code: String, id: LoginId, now: Duration) {
        let mut known = self.lock();
        let known = &mut *known;
        known.waiting.retain(|_, other| *other != id);
        let is_over = |began: Duration| now.saturating_sub(began) >= WAITS;
        while known.in_order.len() >= MOST || known.in_order.front().is_some_and(|(began, _)| is_over(*began)) {
            let oldest = known.in_order.pop_front();
            oldest.and_then(|(_, code)| known.waiting.remove(&code));
        }
        known.in_order.push_back((now, code.clone()));
        known.waiting.insert(code, id);
    }

    /// The account that waits under a code.
    pub(crate) fn waiting(&self, code: &str, now: Duration) -> Option<LoginId> {
        let known = self.lock();
        let (began, _) = known.in_order.iter().rfind(|(_, other)| other == code)?;
        known.waiting.get(code).filter(|_| now.saturating_sub(*began) < WAITS).cloned()
    }

    /// A code is used.
    pub(crate) fn forget(&self, code: &str) {
        self.lock().waiting.remove(code);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sub: &str) -> LoginId {
        LoginId { iss: "https://id.example".to_owned(), sub: sub.to_owned() }
    }

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

    #[test]
    fn who_waits_is_found_by_the_last_code_in_time_and_until_it_is_used() {
        let all = BoundIds::default();
        all.wait("one".to_owned(), of("a"), Duration::ZERO);
        all.wait("two".to_owned(), of("a"), Duration::ZERO);
        assert_eq!((all.waiting("one", Duration::ZERO), all.waiting("two", Duration::ZERO)), (None, Some(of("a"))));
        assert_eq!(all.waiting("two", WAITS), None, "over");
        all.forget("two");
        assert_eq!(all.waiting("two", Duration::ZERO), None, "used");
        for place in 0..=MOST {
            all.wait(place.to_string(), of(&place.to_string()), WAITS);
        }
        assert_eq!((all.waiting("0", WAITS), all.waiting("1", WAITS)), (None, Some(of("1"))));
    }
}
