//! What is reserved and not durable yet: it counts as used, and is given back without a trace.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use super::key::Key;

/// Reservations under way; as many as queries are.
#[derive(Default)]
pub(super) struct Pending {
    cases: HashMap<Key, u32>,
    people: HashMap<Key, u32>,
    staff: HashMap<Key, u32>,
    /// By scope and person.
    scopes: BTreeMap<(Key, Key), u32>,
    uses: HashMap<Key, Vec<u32>>,
    idempotency: HashSet<Key>,
}

/// One reservation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reserved {
    pub(super) scope: Key,
    pub(super) person: Key,
    pub(super) staff: Key,
    pub(super) case: Option<Key>,
    pub(super) consent: Option<(Key, u32)>,
    pub(super) idempotency: Option<Key>,
}

impl Pending {
    pub(super) fn add(&mut self, reserved: &Reserved) {
        *self.people.entry(reserved.person).or_default() += 1;
        *self.scopes.entry((reserved.scope, reserved.person)).or_default() += 1;
        *self.staff.entry(reserved.staff).or_default() += 1;
        if let Some(case) = reserved.case {
            *self.cases.entry(case).or_default() += 1;
        }
        if let Some((consent, number)) = reserved.consent {
            self.uses.entry(consent).or_default().push(number);
        }
        self.idempotency.extend(reserved.idempotency);
    }

    pub(super) fn remove(&mut self, reserved: &Reserved) {
        take_one(&mut self.people, reserved.person);
        take_one(&mut self.staff, reserved.staff);
        let in_scope = (reserved.scope, reserved.person);
        match self.scopes.get_mut(&in_scope) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.scopes.remove(&in_scope)),
        }
        if let Some(case) = reserved.case {
            take_one(&mut self.cases, case);
        }
        if let Some((consent, number)) = reserved.consent
            && let Entry::Occupied(mut uses) = self.uses.entry(consent)
        {
            uses.get_mut().retain(|reserved| *reserved != number);
            if uses.get().is_empty() {
                uses.remove();
            }
        }
        if let Some(key) = reserved.idempotency {
            self.idempotency.remove(&key);
        }
    }

    pub(super) fn look_ups_of(&self, case: &Key) -> u32 {
        self.cases.get(case).copied().unwrap_or_default()
    }

    pub(super) fn look_ups_on(&self, person: &Key) -> u32 {
        self.people.get(person).copied().unwrap_or_default()
    }

    pub(super) fn look_ups_by(&self, staff: &Key) -> u32 {
        self.staff.get(staff).copied().unwrap_or_default()
    }

    pub(super) fn persons(&self, scope: Key) -> impl Iterator<Item = &Key> {
        self.scopes.range((scope, [0; 16])..=(scope, [0xff; 16])).map(|((_, person), _)| person)
    }

    pub(super) fn uses_of(&self, consent: &Key) -> &[u32] {
        self.uses.get(consent).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_under_way(&self, idempotency: &Key) -> bool {
        self.idempotency.contains(idempotency)
    }
}

fn take_one(counts: &mut HashMap<Key, u32>, key: Key) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        if *count.get() > 1 {
            *count.get_mut() -= 1;
        } else {
            count.remove();
        }
    }
}
