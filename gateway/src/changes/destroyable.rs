//! Data keys that two officers may destroy: of months of which the law wants nothing any longer, the oldest first.

use credit_keys::{KeyStatus, KeyUse};

use super::{
    destruction::{Destruction, Month},
    error::ChangeError,
};
use crate::gateway::Gateway;

/// Months whose keys may be destroyed now: one at a time, since what is older goes first.
pub(crate) fn next_month(gateway: &Gateway) -> Option<Month> {
    let status = gateway.keys.with(|ring| ring.status(gateway.log.accepted_now()));
    let months = status.iter().filter(|key| key.destroyed.is_none()).filter_map(|key| Month::of(&key.id));
    let oldest = months.min_by_key(Month::first)?;
    keys_of(gateway, &Destruction::Month(oldest.clone())).ok().map(|_| oldest)
}

/// The keys, of which nothing must be kept any longer.
pub(super) fn keys_of(gateway: &Gateway, destruction: &Destruction) -> Result<Vec<KeyStatus>, ChangeError> {
    let now = gateway.log.accepted_now();
    let status = gateway.keys.with(|ring| ring.status(now)).into_iter().filter(|key| key.key_use == KeyUse::Data);
    // What the log says is destroyed is destroyed, even while the ring cannot be written.
    let status = status.filter(|key| !gateway.keys.is_marked_destroyed(&key.id));
    let data: Vec<_> = status.filter_map(|key| Some((Month::of(&key.id)?, key))).collect();
    let retention = gateway.catalogue().retention().ok_or(ChangeError::NoRetention)?;
    // From the end of the month on: its last record may be of its last day.
    let kept_until = |month: &Month| retention.last_day(month.last());
    let is_there = |key: &KeyStatus| match destruction.number() {
        Some(number) => number.disclose(|number| gateway.keys.with(|ring| ring.opens_for(&key.id, number.as_str()))),
        None => key.destroyed.is_none(),
    };
    let is_past = |month: &Month| kept_until(month) < gateway.today();
    if let Some(month) = destruction.month()
        && !is_past(month)
    {
        return Err(ChangeError::Retained { month: month.as_str().to_owned(), until: kept_until(month) });
    }
    let is_wanted = |month: &Month| destruction.month().map_or(is_past(month), |wanted| wanted == month);
    let keys: Vec<_> = data.iter().filter(|(month, key)| is_wanted(month) && is_there(key)).collect();
    let (Some(first), Some((_, _))) = (keys.iter().map(|(month, _)| month.first()).min(), keys.first()) else {
        return Err(ChangeError::NothingToDestroy);
    };
    // What an older key seals may need what a younger one does: which notices were given, for one.
    let older =
        data.iter().filter(|(month, key)| month.first() < first && is_there(key)).map(|(month, _)| month.as_str());
    match older.min() {
        Some(older) => Err(ChangeError::OlderFirst(older.to_owned())),
        None => Ok(keys.into_iter().map(|(_, key)| key.clone()).collect()),
    }
}
