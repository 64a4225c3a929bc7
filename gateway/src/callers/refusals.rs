//! How refusals of one institution that name nobody get on the record: the first of them each in a leaf of its own, and
//! once those have used up their bytes, all of a time slot in one leaf. So whatever an institution sends, its refusals add
//! about ten leaves a second to a log from which nothing can be removed (`docs/0016`).

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use credit_audit::log::{Durable, NotRecordable};
use credit_policy::Code;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::watch;
use uuid::Uuid;

/// Bytes of leaves of their own that may come at once: about two hundred refusals.
const BURST: u32 = 131_072;
/// Bytes of leaves of their own a second: about one refusal.
const BYTES_PER_S: u32 = 512;

/// What becomes of a shared leaf; nothing until that is known.
type Outcome = Option<Result<Arc<Durable>, NotRecordable>>;

/// The refusals of one institution that name nobody.
#[derive(Debug)]
pub struct SharedRefusals {
    own: DefaultDirectRateLimiter,
    open: Mutex<Option<Open>>,
}

/// The leaf that refusals can still join.
#[derive(Debug)]
struct Open {
    leaf: Uuid,
    counts: BTreeMap<String, u64>,
    with_proof: bool,
    outcome: watch::Receiver<Outcome>,
}

/// A refusal's place in a shared leaf.
#[must_use]
pub struct Place {
    /// The id of the leaf.
    pub leaf: Uuid,
    /// What its holder has to do.
    pub role: Role,
}

/// What the holder of a place has to do.
pub enum Role {
    /// It was the first: it waits for others, closes the leaf and records it for all.
    Records(Recording),
    /// It waits until the leaf is recorded.
    Waits(watch::Receiver<Outcome>),
}

/// The duty to record a shared leaf. If it is dropped, nobody else gets an answer.
#[must_use]
pub struct Recording(watch::Sender<Outcome>);

/// What a closed leaf says.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    /// How many refusals share it, by code.
    pub counts: BTreeMap<String, u64>,
    /// Whether one of them asks for the whole proof.
    pub with_proof: bool,
}

impl SharedRefusals {
    /// With all bytes to use.
    #[must_use]
    pub fn new() -> Self {
        let [per_s, burst] = [BYTES_PER_S, BURST].map(|bytes| NonZeroU32::new(bytes).unwrap_or(NonZeroU32::MIN));
        Self { own: RateLimiter::direct(Quota::per_second(per_s).allow_burst(burst)), open: Mutex::new(None) }
    }

    /// Takes the bytes of a leaf of its own; false where the refusal shares one.
    #[must_use]
    pub fn has_its_own(&self, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).ok().and_then(NonZeroU32::new);
        bytes.is_some_and(|bytes| matches!(self.own.check_n(bytes), Ok(Ok(()))))
    }

    /// Counts one refusal in the leaf that is open, or opens one.
    pub fn join(&self, code: Code, with_proof: bool, new_id: impl FnOnce() -> Uuid) -> Place {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Whose recorder is gone is closed by nobody.
        if let Some(open) = open.as_mut().filter(|open| open.outcome.has_changed().is_ok()) {
            open.count(code, with_proof);
            return Place { leaf: open.leaf, role: Role::Waits(open.outcome.clone()) };
        }
        let (sender, outcome) = watch::channel(None);
        let leaf = new_id();
        let mut opened = Open { leaf, counts: BTreeMap::new(), with_proof: false, outcome };
        opened.count(code, with_proof);
        *open = Some(opened);
        Place { leaf, role: Role::Records(Recording(sender)) }
    }

    /// Closes the leaf that is open: the next refusal opens another.
    pub fn close(&self, _recording: &Recording) -> Option<Closed> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        open.map(|Open { counts, with_proof, .. }| Closed { counts, with_proof })
    }
}

impl Default for SharedRefusals {
    fn default() -> Self {
        Self::new()
    }
}

impl Open {
    fn count(&mut self, code: Code, with_proof: bool) {
        *self.counts.entry(code.as_str().to_owned()).or_default() += 1;
        self.with_proof |= with_proof;
    }
}

impl Recording {
    /// Wakes all who wait.
    pub fn end(self, recorded: Result<Arc<Durable>, NotRecordable>) {
        self.0.send_replace(Some(recorded));
    }
}

/// Waits until the leaf of a place is recorded.
///
/// # Errors
/// When it is not.
pub(crate) async fn ended(mut outcome: watch::Receiver<Outcome>) -> Result<Arc<Durable>, NotRecordable> {
    let outcome = outcome.wait_for(Option::is_some).await.map_err(|_| NotRecordable)?;
    outcome.clone().unwrap_or(Err(NotRecordable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> impl FnMut() -> Uuid {
        let mut last = 0;
        move || {
            last += 1;
            Uuid::from_u128(last)
        }
    }

    fn durable() -> Durable {
        Durable { index: 7, at: jiff::Timestamp::UNIX_EPOCH, leaf_hash: [0; 32], leaf: Arc::from([0]), proof: None }
    }

    fn recording(place: Place) -> Recording {
        match place.role {
            Role::Records(recording) => recording,
            Role::Waits(_) => panic!("it is not the first"),
        }
    }

    fn waiting(place: Place) -> watch::Receiver<Outcome> {
        match place.role {
            Role::Records(_) => panic!("it is the first"),
            Role::Waits(outcome) => outcome,
        }
    }

    #[test]
    fn a_burst_has_leaves_of_its_own_and_no_more() {
        let refusals = SharedRefusals::new();
        let own = (0..1_000).filter(|_| refusals.has_its_own(600)).count();
        assert!((200..=230).contains(&own), "{own}");
        assert!(!SharedRefusals::new().has_its_own(131_073), "what is longer than a burst is never within it");
    }

    #[tokio::test]
    async fn all_of_a_slot_are_counted_in_one_leaf_and_get_its_receipt() {
        let (refusals, mut id) = (SharedRefusals::new(), ids());
        let first = refusals.join(Code::RateLimited, false, &mut id);
        let others = [(Code::MalformedRequest, true), (Code::RateLimited, false)]
            .map(|(code, proof)| refusals.join(code, proof, &mut id));
        assert!(others.iter().all(|place| place.leaf == first.leaf));
        let (others, recording) = (others.map(waiting), recording(first));
        let counts = [("malformed-request".to_owned(), 1), ("rate-limited".to_owned(), 2)].into();
        assert_eq!(refusals.close(&recording), Some(Closed { counts, with_proof: true }));
        let next = refusals.join(Code::NotFound, false, &mut id);
        assert_eq!(next.leaf, Uuid::from_u128(2), "who comes later is in another leaf");
        recording.end(Ok(Arc::new(durable())));
        for outcome in others {
            assert_eq!(ended(outcome).await.unwrap().index, 7);
        }
    }

    #[tokio::test]
    async fn nobody_is_answered_whose_leaf_was_not_recorded_and_the_next_begin_anew() {
        let (refusals, mut id) = (SharedRefusals::new(), ids());
        for end in [Recording::fails, drop] {
            let first = refusals.join(Code::NotFound, false, &mut id);
            let outcome = waiting(refusals.join(Code::NotFound, false, &mut id));
            // Not closed: as if its recorder were gone.
            end(recording(first));
            assert!(ended(outcome).await.is_err());
        }
        let next = refusals.join(Code::NotFound, false, &mut id);
        assert_eq!(next.leaf, Uuid::from_u128(3));
        assert_eq!(refusals.close(&recording(next)).unwrap().counts["not-found"], 1);
    }

    impl Recording {
        fn fails(self) {
            self.end(Err(NotRecordable));
        }
    }
}
