//! The personal part of a leaf, as it stands before it is sealed (formats.md §4 `sealed`).
//!
//! Opened by an officer, under the data key of its period, it tells who was asked about and everything of the person on
//! which the decision rested.

use credit_keys::SealedBytes;
use credit_policy::{History, Scenario};
use jiff::civil::Date;
use serde::Serialize;
use zeroize::Zeroizing;

use super::evidence::Evidence;

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
pub(super) fn plaintext(evidence: &Evidence, opening: &str) -> Option<Zeroizing<Vec<u8>>> {
    let person = evidence.recognised.person.as_ref()?;
    let write = |pseudonym: Option<&str>, told: Option<&str>| {
        person.disclose(|number| {
            serde_json::to_vec(&Wire {
                number: number.as_str(),
                pseudonym,
                opening,
                counts: evidence.counts,
                told: told.and_then(|told| serde_json::from_str(told).ok()),
            })
        })
    };
    let with_pseudonym = |told: Option<&str>| match &evidence.pseudonym {
        Some(pseudonym) => pseudonym.disclose(|pseudonym| write(Some(pseudonym), told)),
        None => write(None, told),
    };
    let plain = match &evidence.store_summary {
        Some(told) => told.disclose(|told| with_pseudonym(Some(told))),
        None => with_pseudonym(None),
    };
    plain.ok().map(Zeroizing::new)
}

/// The length of the sealed part, which is the scenario's and nobody's own.
#[must_use]
pub(super) fn bytes(scenario: Option<&Scenario>) -> SealedBytes {
    scenario.and_then(|scenario| SealedBytes::of(scenario.sealed_bytes())).unwrap_or(SealedBytes::B1024)
}

/// At most this long are number, pseudonym, opening and counts, and what closes a list of rows.
const REST_BYTES: usize = 351;

/// What the store told, compact: `{"records":[[class, severity, act, determined, sentence end, effect end, repaired,
/// repair revoked, disputed], …],"listings":[[list, from, until, disputed], …],"attributes":[[field, value], …]}`, and
/// `"left_out":n` where a history is so long that the last `n` of these do not fit. `counts` tells them all.
#[must_use]
pub(super) fn store_summary(history: &History, sealed_bytes: SealedBytes) -> String {
    let date = |date: Option<Date>| date.map(|date| date.to_string());
    let records = history.records.iter().map(|r| {
        let (act, determined) = (r.act.to_string(), r.determined.to_string());
        let (sentence, effect) = (date(r.sentence_end), date(r.effect_end));
        let (repaired, revoked) = (date(r.repaired), date(r.repair_revoked));
        json(&(r.class.as_str(), r.severity.as_str(), act, determined, sentence, effect, repaired, revoked, r.disputed))
    });
    let listings =
        history.listings.iter().map(|l| json(&(l.list.as_str(), l.from.to_string(), date(l.until), l.disputed)));
    let attributes = history.attributes.iter().map(|a| json(&(a.field.as_str(), &a.value)));
    let room = sealed_bytes.plaintext() - REST_BYTES;
    let mut told = Told { text: String::with_capacity(256), room, left_out: 0 };
    told.part("{\"records\":[", records);
    told.part("],\"listings\":[", listings);
    told.part("],\"attributes\":[", attributes);
    told.text.push(']');
    if told.left_out > 0 {
        told.text.push_str(&format!(",\"left_out\":{}", told.left_out));
    }
    told.text.push('}');
    told.text
}

struct Told {
    text: String,
    room: usize,
    left_out: usize,
}

impl Told {
    fn part(&mut self, open: &str, rows: impl Iterator<Item = String>) {
        self.text.push_str(open);
        let mut first = true;
        for row in rows {
            if self.text.len() + row.len() > self.room {
                self.left_out += 1;
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text.push(',');
            }
            self.text.push_str(&row);
        }
    }
}

fn json(row: &impl Serialize) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use credit_policy::Value;
    use credit_policy::{Attribute, ClassName, FieldName, List, Listing, Record, Severity};
    use jiff::civil::date;

    use super::*;

    fn history(records: usize) -> History {
        let day = date(2026, 1, 2);
        let record = || Record {
            class: ClassName::parse("administrative-penalty").unwrap(),
            severity: Severity::General,
            act: day,
            determined: day,
            sentence_end: None,
            effect_end: None,
            repaired: Some(day),
            repair_revoked: None,
            disputed: true,
        };
        History {
            records: (0..records).map(|_| record()).collect(),
            listings: vec![Listing { list: List::Red, from: day, until: None, disputed: false }],
            attributes: vec![Attribute { field: FieldName::parse("housing").unwrap(), value: Value::Int(3) }],
        }
    }

    #[test]
    fn nobody_s_history_is_too_long_to_be_recorded() {
        // 30 bytes of number, 58 of pseudonym, 57 of opening, 105 of counts, 10 of names and braces.
        let others = 260;
        for (sealed_bytes, least) in [(SealedBytes::B1024, 5), (SealedBytes::B2048, 15)] {
            let summary = store_summary(&history(1_000), sealed_bytes);
            assert!(summary.len() + others <= sealed_bytes.plaintext(), "{}", summary.len());
            let told: serde_json::Value = serde_json::from_str(&summary).unwrap();
            let kept = ["records", "listings", "attributes"].map(|part| told[part].as_array().unwrap().len());
            assert!(kept[0] >= least, "{kept:?}");
            assert_eq!(told["left_out"].as_u64().unwrap() as usize, 1_002 - kept.iter().sum::<usize>());
        }
    }

    #[test]
    fn a_history_is_told_whole() {
        assert_eq!(
            store_summary(&history(1), SealedBytes::B1024),
            r#"{"records":[["administrative-penalty","general","2026-01-02","2026-01-02",null,null,"2026-01-02",null,true]],"listings":[["red","2026-01-02",null,false]],"attributes":[["housing",3]]}"#
        );
        assert_eq!(
            store_summary(&History::default(), SealedBytes::B1024),
            r#"{"records":[],"listings":[],"attributes":[]}"#
        );
    }
}
