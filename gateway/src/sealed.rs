//! The personal part of a leaf, as it stands before it is sealed (formats.md §4 `sealed`).
//!
//! Opened by an officer, under the data key of its period, it tells who was asked about and everything of the person on
//! which the decision rested.

use credit_policy::{History, Value};
use jiff::civil::Date;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::draft::Draft;

#[derive(Serialize)]
struct Wire<'a> {
    number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<&'a str>,
    opening: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<credit_policy::Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<&'a serde_json::value::RawValue>,
}

/// The plain personal part; nothing where no person is known.
#[must_use]
pub fn plaintext(draft: &Draft, opening: &str) -> Option<Zeroizing<Vec<u8>>> {
    let person = draft.person.as_ref()?;
    let write = |pseudonym: Option<&str>, told: Option<&str>| {
        person.disclose(|number| {
            serde_json::to_vec(&Wire {
                number: number.as_str(),
                pseudonym,
                opening,
                counts: draft.counts,
                told: told.and_then(|told| serde_json::from_str(told).ok()),
            })
        })
    };
    let with_pseudonym = |told: Option<&str>| match &draft.pseudonym {
        Some(pseudonym) => pseudonym.disclose(|pseudonym| write(Some(pseudonym), told)),
        None => write(None, told),
    };
    let plain = match &draft.told {
        Some(told) => told.disclose(|told| with_pseudonym(Some(told))),
        None => with_pseudonym(None),
    };
    plain.ok().map(Zeroizing::new)
}

/// What the store told, compact: `{"records":[[class, severity, act, determined, sentence end, effect end, repaired,
/// repair revoked, disputed], …],"listings":[[list, from, until, disputed], …],"attributes":[[field, value], …]}`.
#[must_use]
pub fn told(history: &History) -> String {
    let date = |date: Option<Date>| date.map(|date| date.to_string());
    let records: Vec<_> = history
        .records
        .iter()
        .map(|r| {
            (
                r.class.as_str(),
                r.severity.as_str(),
                r.act.to_string(),
                r.determined.to_string(),
                date(r.sentence_end),
                date(r.effect_end),
                date(r.repaired),
                date(r.repair_revoked),
                r.disputed,
            )
        })
        .collect();
    let listings: Vec<_> =
        history.listings.iter().map(|l| (l.list.as_str(), l.from.to_string(), date(l.until), l.disputed)).collect();
    let attributes: Vec<(&str, &Value)> = history.attributes.iter().map(|a| (a.field.as_str(), &a.value)).collect();
    #[derive(Serialize)]
    struct Told<R, L, A> {
        records: R,
        listings: L,
        attributes: A,
    }
    serde_json::to_string(&Told { records, listings, attributes }).unwrap_or_default()
}
