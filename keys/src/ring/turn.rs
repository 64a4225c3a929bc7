//! The keys before and after a turn: pure functions on the list of keys.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    entry::{Ends, Entry, Key, KeyState, Stored},
    error::ChangeError,
    fingerprint::fingerprint,
};
use crate::{
    entropy::{Entropy, EntropyError},
    id::{KeyId, KeyUse},
    secret::Material,
};

/// The overlap to use where nobody asks for another, in days.
pub const DEFAULT_OVERLAP_DAYS: u16 = 30;

/// The keys of a new ring.
pub(super) fn first_keys(now: Timestamp, origin: &str, entropy: &dyn Entropy) -> Result<Vec<Key>, ChangeError> {
    let origin = parse_origin(origin)?;
    let mut keys = Vec::new();
    for key_use in [KeyUse::Pseudonym, KeyUse::Tag, KeyUse::State, KeyUse::Index, KeyUse::Log] {
        push_epoch(&mut keys, key_use, now, entropy)?;
    }
    if let Some(log) = keys.last_mut() {
        log.entry.origin = Some(origin);
    }
    push_data(&mut keys, now, DEFAULT_OVERLAP_DAYS, entropy)?;
    Ok(keys)
}

/// Supersedes the active key of a use and makes the next.
pub(super) fn next_epoch(
    keys: &mut Vec<Key>,
    key_use: KeyUse,
    now: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    supersede(keys, key_use, ends(now, overlap_days)?)?;
    push_epoch(keys, key_use, now, entropy)
}

/// Ends the active key of a use.
pub(super) fn supersede(keys: &mut [Key], key_use: KeyUse, ends: Ends) -> Result<(), ChangeError> {
    for key in keys.iter_mut().filter(|key| key.entry.key_use == key_use) {
        if key.entry.activates >= ends.superseded {
            return Err(ChangeError::ClockBehind(key.entry.id.clone()));
        }
        match &mut key.entry.ends {
            None => key.entry.ends = Some(ends),
            // Only the key just before is accepted: an overlap still under way ends here.
            Some(earlier) => earlier.accepted_until = earlier.accepted_until.min(ends.superseded),
        }
    }
    Ok(())
}

fn push_epoch(
    keys: &mut Vec<Key>,
    key_use: KeyUse,
    activates: Timestamp,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let id = KeyId::of_epoch(key_use, next_number(keys, key_use));
    Ok(push(keys, id, key_use, Life { activates, ends: None }, entropy)?)
}

/// Supersedes the data key in force within its month.
pub(super) fn next_in_month(
    keys: &mut Vec<Key>,
    now: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    supersede_data(keys, ends(now, overlap_days)?);
    push_data(keys, now, overlap_days, entropy)
}

/// Ends the data key that is active then.
pub(super) fn supersede_data(keys: &mut [Key], ends: Ends) {
    for key in keys.iter_mut().filter(|key| key.entry.key_use == KeyUse::Data) {
        if key.entry.state(ends.superseded) == KeyState::Active {
            key.entry.ends = Some(ends);
        }
    }
}

/// Makes a data key for the rest of the month of `at`; the first of a month is in force from its beginning.
pub(super) fn push_data(
    keys: &mut Vec<Key>,
    at: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let month = month_of(at);
    let next_month = month.checked_add(1.month()).map_err(|_| ChangeError::Time)?;
    let mut made = 0;
    for Key { entry, .. } in keys.iter() {
        if entry.key_use == KeyUse::Data && month_of(entry.activates) == month {
            if entry.activates >= at {
                return Err(ChangeError::ClockBehind(entry.id.clone()));
            }
            made += 1;
        }
    }
    let life = Life {
        activates: if made == 0 { start_of(month)? } else { at },
        ends: Some(ends(start_of(next_month)?, overlap_days)?),
    };
    Ok(push(keys, KeyId::of_month(month, made + 1), KeyUse::Data, life, entropy)?)
}

struct Life {
    activates: Timestamp,
    ends: Option<Ends>,
}

fn push(
    keys: &mut Vec<Key>,
    id: KeyId,
    key_use: KeyUse,
    life: Life,
    entropy: &dyn Entropy,
) -> Result<KeyId, EntropyError> {
    let material = Material::make(|key| entropy.fill(key))?;
    let entry = Entry {
        id: id.clone(),
        key_use,
        fingerprint: fingerprint(key_use, &id, &material),
        epoch: next_number(keys, key_use),
        origin: None,
        activates: life.activates,
        ends: life.ends,
        punctured: None,
        destroyed: None,
    };
    keys.push(Key { entry, stored: Stored::Whole(Arc::new(material)) });
    Ok(id)
}

pub(super) fn next_number(keys: &[Key], key_use: KeyUse) -> u32 {
    let of_use = keys.iter().filter(|key| key.entry.key_use == key_use);
    of_use.map(|key| key.entry.epoch).max().unwrap_or(0) + 1
}

fn ends(superseded: Timestamp, overlap_days: u16) -> Result<Ends, ChangeError> {
    let overlap = SignedDuration::from_hours(24 * i64::from(overlap_days));
    let accepted_until = superseded.checked_add(overlap).map_err(|_| ChangeError::Time)?;
    Ok(Ends { superseded, accepted_until })
}

/// First day of the calendar month, UTC: data keys turn everywhere at the same instant.
pub(super) fn month_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date().first_of_month()
}

pub(super) fn start_of(day: Date) -> Result<Timestamp, ChangeError> {
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|_| ChangeError::Time)?;
    Ok(midnight.timestamp())
}

/// An origin is the name of a signed note's key: visible ASCII without `+`.
pub(super) fn parse_origin(origin: &str) -> Result<String, ChangeError> {
    let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
    if (1..=255).contains(&origin.len()) && origin.bytes().all(visible) && !origin.ends_with('/') {
        Ok(origin.to_owned())
    } else {
        Err(ChangeError::Origin { origin: origin.chars().take(255).collect() })
    }
}
