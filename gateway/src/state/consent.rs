//! Uses of consents and idempotency keys: what the tally says of them, and what is reserved beside it.

use std::collections::{HashMap, HashSet};

use credit_policy::{Code, consent::Frequency};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Unreserved,
    tally::{Key, Tally},
};

/// How often a first may be asked anew under its idempotency key.
const REPEATS: u32 = 5;

/// The consent that a query rests on.
#[derive(Clone, Copy, Debug)]
pub struct ConsentClaim {
    /// Stands for issuer and token.
    pub key: Key,
    /// Uses in all.
    pub uses: u64,
    /// Uses in a time.
    pub frequency: Frequency,
}

/// The idempotency key of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskClaim {
    /// Stands for institution and key.
    pub slot: Key,
    /// Stands for everything that was asked.
    pub identity: Key,
}

/// Which use of a consent a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentUse {
    /// From 1.
    pub number: u64,
    /// The leaf that holds the token, if there is one already.
    pub first: Option<u64>,
}

/// What is reserved beside the tally.
#[derive(Default)]
pub(super) struct Reserved {
    uses: HashMap<Key, Vec<u64>>,
    under_way: HashSet<Key>,
}

impl Reserved {
    /// The next use of a consent, if there is one left now.
    pub(super) fn next_use(&self, tally: &Tally, claim: &ConsentClaim, now: Timestamp) -> Result<ConsentUse, Code> {
        let holders = tally.consents.get(&claim.key).map_or(&[][..], Vec::as_slice);
        let before = tally.before.get(&claim.key);
        let here = holders.iter().filter_map(|holder| tally.uses.get(holder));
        let spent: Vec<(u64, Timestamp)> = before.into_iter().chain(here).flatten().copied().collect();
        let reserved = self.uses.get(&claim.key).map_or(&[][..], Vec::as_slice);
        let total = (spent.len() + reserved.len()) as u64;
        let since = claim.frequency.per.start_to(now);
        let lately = spent.iter().filter(|(_, at)| *at > since).count() + reserved.len();
        if total >= claim.uses || lately as u64 >= claim.frequency.uses {
            return Err(Code::ConsentUsedUp);
        }
        let taken = |number: &u64| reserved.contains(number) || spent.iter().any(|(used, _)| used == number);
        let number = (1..=total + 1).find(|number| !taken(number)).unwrap_or(total + 1);
        Ok(ConsentUse { number, first: holders.first().copied() })
    }

    /// A use that was made of the consent. Where that was in a log before, no leaf of this one holds its token.
    pub(super) fn a_use(&self, tally: &Tally, claim: &ConsentClaim) -> Option<ConsentUse> {
        let here = || {
            let holder = *tally.consents.get(&claim.key)?.first()?;
            Some(ConsentUse { number: tally.uses.get(&holder)?.first()?.0, first: Some(holder) })
        };
        let before = || Some(ConsentUse { number: tally.before.get(&claim.key)?.first()?.0, first: None });
        here().or_else(before)
    }

    pub(super) fn take_use(&mut self, key: Key, number: u64) {
        self.uses.entry(key).or_default().push(number);
    }

    pub(super) fn give_use(&mut self, key: Key, number: u64) {
        if let Some(uses) = self.uses.get_mut(&key) {
            uses.retain(|reserved| *reserved != number);
            if uses.is_empty() {
                self.uses.remove(&key);
            }
        }
    }

    /// Whether the query repeats an answered one; then which.
    pub(super) fn ask(&self, tally: &Tally, claim: &AskClaim, now: Timestamp) -> Result<Option<Uuid>, Unreserved> {
        let first = match tally.asks.get(&claim.slot).filter(|ask| ask.is_remembered(now)) {
            None => None,
            Some(ask) if ask.identity == claim.identity && ask.repeats < REPEATS => Some(ask.first),
            Some(_) => return Err(Unreserved::Refused(Code::IdempotencyConflict)),
        };
        // What is under way may be refused yet, and spends nothing then: whether the key is taken shows when it is over.
        if self.under_way.contains(&claim.slot) { Err(Unreserved::UnderWay) } else { Ok(first) }
    }

    /// Whether the first query under a key is under way or answered.
    pub(super) fn knows(&self, tally: &Tally, slot: &Key, now: Timestamp) -> bool {
        self.under_way.contains(slot) || tally.asks.get(slot).is_some_and(|ask| ask.is_remembered(now))
    }

    pub(super) fn begin(&mut self, slot: Key) {
        self.under_way.insert(slot);
    }

    pub(super) fn end(&mut self, slot: Key) {
        self.under_way.remove(&slot);
    }
}
