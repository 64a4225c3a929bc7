//! Samples of what runs the gateway.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::leaf::bodies::{
    Carried, CatalogueSet, Definitions, Flood, InstitutionChange, IssuerKey, IssuerKeyState, KeyEvent, KeyState,
    ListedLog, Prune, Read, Refusals, RegisterChange, Revocation, Stop, Suspension,
};
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::event::Event as _;
use crate::leaf::kind::Kind;

use super::world::{INSTITUTIONS, World};
use crate::note::VerifierKey;

type Made = Result<Entry, LeafError>;

pub(super) fn catalogue(world: &mut World) -> Made {
    let label = format!("2026.{}@sha256:{:064x}", world.random.below(20), world.random.next());
    world.catalogues.push(label.clone());
    CatalogueSet { label, files: Vec::new() }.entry(world.id())
}

pub(super) fn definitions(world: &mut World) -> Made {
    let catalogue = world.random.one_of(&world.catalogues.clone()).cloned().unwrap_or_default();
    let fields = ["score", "tax_exists"].map(|field| (field.to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned()));
    Definitions { catalogue, fields: fields.into() }.entry(world.id())
}

pub(super) fn new_data_key(world: &mut World) -> Made {
    let key = format!("data-2026-11-{}", world.keys.len() + 1);
    world.keys.push((key.clone(), 0));
    key_event(world, key, KeyState::Active)
}

/// A new key, or a later state of one; the key in use is never destroyed in the same leaf that needs it.
pub(super) fn key(world: &mut World) -> Made {
    let known = world.random.below(world.keys.len() as u64 + 1);
    let known = usize::try_from(known).unwrap_or_default();
    match world.keys.get_mut(known) {
        Some((key, state)) if *state < 3 => {
            *state += 1;
            let (key, state) = (key.clone(), *state);
            let state = [KeyState::Accepted, KeyState::Retired, KeyState::Destroyed]
                .into_iter()
                .nth(usize::from(state) - 1)
                .unwrap_or(KeyState::Destroyed);
            key_event(world, key, state)
        }
        Some(_) | None => new_data_key(world),
    }
}

fn key_event(world: &mut World, key: String, state: KeyState) -> Made {
    let event = KeyEvent {
        fingerprint: Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        key,
        use_: "data".to_owned(),
        state,
        activates: world.random.once_in(3).then_some(world.at),
        part: None,
    };
    world.act(&event)
}

pub(super) fn institution(world: &mut World) -> Made {
    let (name, kind) = world.random.one_of(&INSTITUTIONS).copied().unwrap_or(("bank", "bank"));
    let certificates: Vec<_> = (0..=world.random.below(2)).map(|_| world.thumbprint()).collect();
    let removes = world.random.once_in(4);
    let standing = world.standings.entry(name).or_default();
    let change = match (standing.removed, standing.registered, standing.acted) {
        (true, ..) | (false, false, false) => RegisterChange::Added,
        (false, ..) if removes => RegisterChange::Removed,
        (false, ..) => RegisterChange::Changed,
    };
    standing.registered = true;
    standing.removed = change == RegisterChange::Removed;
    standing.certificates.clone_from(&certificates);
    let paced = world.random.once_in(2);
    let body = InstitutionChange {
        institution: name.to_owned(),
        change,
        institution_kind: kind.to_owned(),
        certificates,
        rate_per_s: 100,
        burst: 200,
        distinct_subjects_a_day: 1_000,
        look_ups_a_person_a_day: 10,
        operator_rate_per_s: paced.then_some(5),
        operator_burst: paced.then_some(10),
        look_ups_an_operator_a_day: paced.then_some(300),
        name: world.random.once_in(2).then(|| "一家机构".to_owned()),
        issuers: Vec::new(),
        on_behalf_of: Vec::new(),
    };
    world.act(&body)
}

pub(super) fn suspension(world: &mut World) -> Made {
    let (name, _) = world.random.one_of(&INSTITUTIONS).copied().unwrap_or(("bank", "bank"));
    let suspended = world.random.once_in(2);
    let part = world.random.below(3);
    let (operator, scenario) = (world.staff().to_owned(), world.scenario().to_owned());
    let standing = world.standings.entry(name).or_default();
    let (operator, scenario) = match part {
        0 => (Some(operator), None),
        1 => (None, Some(scenario)),
        _ => (None, None),
    };
    if let Some(operator) = &operator {
        set(&mut standing.staff, operator, suspended);
    } else if let Some(scenario) = &scenario {
        set(&mut standing.scenarios, scenario, suspended);
    } else {
        standing.suspended = suspended;
    }
    let reason = world.random.once_in(2).then(|| "a drill \"演练\"".to_owned());
    world.act(&Suspension { institution: name.to_owned(), operator, scenario, suspended, reason })
}

fn set(parts: &mut Vec<String>, part: &str, suspended: bool) {
    parts.retain(|known| known != part);
    if suspended {
        parts.push(part.to_owned());
    }
}

pub(super) fn stop(world: &mut World) -> Made {
    let stopped = world.random.once_in(2);
    let scenario = world.random.once_in(2).then(|| world.scenario().to_owned());
    match &scenario {
        Some(scenario) => set(&mut world.stopped_scenarios, scenario, stopped),
        None => world.stopped = stopped,
    }
    world.act(&Stop { scenario, stopped, reason: None })
}

pub(super) fn revocation(world: &mut World) -> Made {
    let place = usize::try_from(world.random.below(world.consents.len() as u64 + 1)).unwrap_or_default();
    let body = match world.consents.get_mut(place) {
        Some(consent) => {
            consent.revoked = true;
            Revocation { issuer: consent.iss.clone(), jti: consent.jti.clone() }
        }
        None => {
            let jti = format!("never-seen-{}", world.random.below(1_000));
            Revocation { issuer: "https://consent.example".to_owned(), jti }
        }
    };
    if world.random.once_in(2) { world.own(&body) } else { world.act(&body) }
}

pub(super) fn flood(world: &mut World) -> Made {
    let (name, _) = world.random.one_of(&INSTITUTIONS).copied().unwrap_or(("bank", "bank"));
    let counts = BTreeMap::from([
        ("cut-off".to_owned(), 1 + world.random.below(1_000)),
        ("overloaded".to_owned(), 1 + world.random.below(9)),
    ]);
    Flood { institution: name.to_owned(), since: world.at, counts }.entry(world.id())
}

pub(super) fn refusals(world: &mut World) -> Made {
    let Some(institution) = world.institution() else { return flood(world) };
    let (limited, malformed) = (1 + world.random.below(100), 1 + world.random.below(3));
    let first = world.next_seq(institution);
    world.taken = limited + malformed;
    world.standings.entry(institution).or_default().acted = true;
    let counts = BTreeMap::from([("malformed-request".to_owned(), malformed), ("rate-limited".to_owned(), limited)]);
    let body = Refusals { counts, seqs: (first, first + world.taken - 1) };
    Entry::new(Kind::Refusals, world.id(), Some(institution), &body)
}

pub(super) fn read(world: &mut World) -> Made {
    let path = format!("tile/entries/{:03}", world.random.below(1_000));
    world.act(&Read { path })
}

pub(super) fn issuer_key(world: &mut World) -> Made {
    let state = if world.random.once_in(2) { IssuerKeyState::Active } else { IssuerKeyState::Retired };
    let kid = format!("key-{}", world.random.below(5));
    let jwk = [("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", world.thumbprint())];
    let jwk = jwk.map(|(name, value)| (name.to_owned(), value)).into();
    world.act(&IssuerKey { iss: "https://consent.example".to_owned(), kid, jwk, state })
}

pub(super) fn prune(world: &mut World) -> Made {
    let from = world.random.below(10) * 256;
    let until = from + 256 * (1 + world.random.below(10));
    let proposal = world.random.once_in(2).then(|| world.id());
    world.act(&Prune { from, until, proposal })
}

pub(super) fn listed_log(world: &mut World) -> Made {
    let origin = format!("credit-gateway.example/samples/replica-{}", world.random.below(9));
    let vkey = VerifierKey::new(&origin, world.random.bytes()).map(|key| key.to_string()).unwrap_or_default();
    let until = world.random.once_in(2).then_some(world.at);
    world.act(&ListedLog { origin, vkey, from: world.at, until })
}

pub(super) fn carried(world: &mut World) -> Made {
    let (name, _) = world.random.one_of(&INSTITUTIONS).copied().unwrap_or(("bank", "bank"));
    let key = STANDARD.encode(world.random.bytes::<16>());
    let (day, count) = (world.day(), u32::try_from(1 + world.random.below(9)).unwrap_or(1));
    let body = match world.random.below(6) {
        0 => Carried { revoked: vec![key], ..Carried::default() },
        1 => Carried { uses: vec![(key, 1 + world.random.below(3), world.at, u32::MAX - count)], ..Carried::default() },
        2 => Carried { cases: vec![(day.first_of_month(), key, count)], ..Carried::default() },
        3 => Carried { people: vec![(day, name.to_owned(), "housing".to_owned(), key, count)], ..Carried::default() },
        4 => Carried { operators: vec![(day, name.to_owned(), key, count)], ..Carried::default() },
        _ => {
            let identity = STANDARD.encode(world.random.bytes::<16>());
            Carried { idempotency: vec![(key, identity, world.id(), count)], ..Carried::default() }
        }
    };
    body.entry(world.id())
}
