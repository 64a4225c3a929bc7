//! The personal part of a leaf, as it stands before it is sealed (formats.md §4 `sealed`).
//!
//! Opened by an officer, under the data key of its period, it tells who was asked about and everything of the person on
//! which the decision rested.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::Base64;
use credit_keys::{SealedBytes, answer_commitment, frame::framed};
use credit_policy::Scenario;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::evidence::Evidence;

/// The length of the sealed part, which is the scenario's and nobody's own (`audit/FORMAT.md` §5).
#[must_use]
pub(super) fn bytes(scenario: Option<&Scenario>) -> SealedBytes {
    scenario.and_then(|scenario| SealedBytes::of(scenario.sealed_bytes())).unwrap_or(SealedBytes::B1024)
}

#[derive(Serialize)]
struct Wire<'a> {
    number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<&'a str>,
    opening: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<Base64<[u8; 32]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<credit_policy::Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_digest: Option<Base64<[u8; 32]>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
    /// Whether what was returned are the entries themselves, of which a later correction must know.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    entries: bool,
}

/// Of a personal part that was opened: what a repeat is compared with.
#[derive(Deserialize)]
struct Told<'a> {
    opening: &'a str,
    repeat: Base64<[u8; 32]>,
}

/// An answer, of which a repeat must say the same about the person.
#[derive(Clone, Copy)]
pub(in crate::journey) struct Said<'a> {
    pub(in crate::journey) body: &'a [u8],
    /// Whether it is a store's own answer: then all of it is about the person.
    pub(in crate::journey) is_report: bool,
}

/// What an answer of the gateway's own form said about the person.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    marks: &'a RawValue,
}

/// The plain personal part; nothing where no person is known. `said` is the response up to its receipt, and `opening`
/// what its commitment opens with.
#[must_use]
pub(super) fn plaintext(
    evidence: &Evidence,
    opening: &[u8; 32],
    said: Said<'_>,
    sealed_bytes: SealedBytes,
) -> Option<Zeroizing<Vec<u8>>> {
    let person = evidence.recognised.person.as_ref()?;
    // Only what was asked under an idempotency key can be repeated.
    let repeated = evidence.idempotency.map(|_| said);
    let with_all = |pseudonym: Option<&str>, told: Option<&str>| {
        person.disclose(|number| {
            let Evidence { counts, is_blocked, .. } = *evidence;
            let known =
                Known { number: number.as_str(), pseudonym, counts, is_blocked, is_report: said.is_report, told };
            known.write(opening, repeated, sealed_bytes)
        })
    };
    let with_told = |told: Option<&str>| match &evidence.pseudonym {
        Some(pseudonym) => pseudonym.disclose(|pseudonym| with_all(Some(pseudonym), told)),
        None => with_all(None, told),
    };
    let plain = match &evidence.store_summary {
        Some(told) => told.disclose(|told| with_told(Some(told))),
        None => with_told(None),
    };
    plain.ok()
}

const TOLD: &[u8] = b",\"told\":";

/// What is known of the person.
struct Known<'a> {
    number: &'a str,
    pseudonym: Option<&'a str>,
    counts: Option<credit_policy::Counts>,
    is_blocked: bool,
    is_report: bool,
    told: Option<&'a str>,
}

impl Known<'_> {
    /// With all that the store told, or with a digest of it where that does not fit.
    fn write(
        &self,
        opening: &[u8; 32],
        said: Option<Said<'_>>,
        sealed_bytes: SealedBytes,
    ) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let text = Zeroizing::new(STANDARD.encode(opening));
        let repeat = said.and_then(|said| repeat(opening, said));
        let write = |told_digest| {
            let Self { number, pseudonym, counts, is_blocked: blocked, is_report: entries, told: _ } = *self;
            let wire = Wire { number, pseudonym, opening: &text, repeat, counts, told_digest, blocked, entries };
            // With room for all of it: a vector that grew would leave a copy behind that nobody zeroes.
            let mut plain = Zeroizing::new(Vec::with_capacity(sealed_bytes.plaintext()));
            serde_json::to_writer(&mut *plain, &wire).map(|()| plain)
        };
        let mut plain = write(None)?;
        let Some(told) = self.told else { return Ok(plain) };
        if plain.len() + TOLD.len() + told.len() > sealed_bytes.plaintext() {
            let digest = answer_commitment(opening, &framed("credit/told", &[told.as_bytes()]));
            return write(Some(Base64(digest)));
        }
        // An object and a value that were both written here: the value becomes the last member.
        plain.pop();
        plain.extend_from_slice(TOLD);
        plain.extend_from_slice(told.as_bytes());
        plain.push(b'}');
        Ok(plain)
    }
}

/// The keyed digest of what an answer says about the person: a repeat is answered only while it is the same. Nothing
/// for a refusal.
fn repeat(opening: &[u8; 32], Said { body, is_report }: Said<'_>) -> Option<Base64<[u8; 32]>> {
    if is_report {
        return Some(Base64(answer_commitment(opening, &framed("credit/repeat", &[body]))));
    }
    let said: Members<'_> = serde_json::from_slice(body).ok()?;
    let parts = [said.data.get().as_bytes(), said.marks.get().as_bytes()];
    Some(Base64(answer_commitment(opening, &framed("credit/repeat", &parts))))
}

/// Whether an answer says about the person what the one said whose opened personal part is `plain`.
#[must_use]
pub(in crate::journey) fn tells_the_same(plain: &[u8], said: Said<'_>) -> bool {
    let Ok(told) = serde_json::from_slice::<Told<'_>>(plain) else { return false };
    let opening = STANDARD.decode(told.opening).map(Zeroizing::new).ok();
    let opening = opening.and_then(|opening| <[u8; 32]>::try_from(opening.as_slice()).ok().map(Zeroizing::new));
    opening.and_then(|opening| repeat(&opening, said)).is_some_and(|digest| digest == told.repeat)
}

#[cfg(test)]
mod tests {
    use credit_policy::Value;
    use credit_policy::{Attribute, ClassName, Counts, FieldName, History, List, Listing, Record, Severity};
    use jiff::civil::date;

    use super::*;
    use crate::journey::record::summary::store_summary;

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
            performed: None,
            amount: None,
            disputed: true,
        };
        History {
            records: (0..records).map(|_| record()).collect(),
            listings: vec![Listing { list: List::Red, from: day, until: None, disputed: false }],
            attributes: vec![Attribute { field: FieldName::parse("housing").unwrap(), value: Value::Int(3) }],
        }
    }

    const OPENING: [u8; 32] = [9; 32];
    const BODY: &[u8] = br#"{"query":"q","data":{"housing":3},"marks":["housing"],"obligations":{}}"#;

    fn said(body: &[u8]) -> Said<'_> {
        Said { body, is_report: false }
    }

    /// The plain part of a query about somebody with so many records.
    fn plain(records: usize, body: &[u8]) -> (usize, serde_json::Value) {
        let told = store_summary(&history(records), &[]);
        let pseudonym = "p".repeat(64);
        let counts = Some(Counts { considered: 999, expired: 999, repaired: 999, disputed: 999 });
        let known = Known {
            number: "990101199001010019",
            pseudonym: Some(&pseudonym),
            counts,
            is_blocked: true,
            is_report: true,
            told: Some(&told),
        };
        let plain = known.write(&OPENING, Some(said(body)), SealedBytes::B1024).unwrap();
        (plain.len(), serde_json::from_slice(&plain).unwrap())
    }

    #[test]
    fn nobody_s_history_makes_the_sealed_part_longer() {
        for records in [0, 1, 2, 3, 4, 5, 50, 10_000] {
            let (length, plain) = plain(records, BODY);
            assert!(length <= SealedBytes::B1024.plaintext(), "{records}: {length}");
            assert_ne!(plain.get("told").is_some(), plain.get("told_digest").is_some(), "{records}");
            assert_eq!(plain["counts"]["considered"], 999);
        }
        assert!(plain(1, BODY).1.get("told").is_some());
        let message = framed("credit/told", &[store_summary(&history(10_000), &[]).as_bytes()]);
        let digest = STANDARD.encode(answer_commitment(&OPENING, &message));
        assert_eq!(plain(10_000, BODY).1["told_digest"], digest);
    }

    #[test]
    fn an_answer_that_says_another_thing_has_another_digest_and_a_refusal_has_none() {
        let repeat = |body: &[u8]| plain(1, body).1.get("repeat").cloned();
        let told = framed("credit/repeat", &[br#"{"housing":3}"#, br#"["housing"]"#]);
        assert_eq!(repeat(BODY), Some(STANDARD.encode(answer_commitment(&OPENING, &told)).into()));
        let same = br#"{"query":"another","data":{"housing":3},"marks":["housing"],"obligations":{"x":1}}"#;
        assert_eq!(repeat(same), repeat(BODY));
        for other in [&br#"{"data":{"housing":4},"marks":["housing"]}"#[..], br#"{"data":{"housing":3},"marks":[]}"#] {
            assert!(repeat(other).is_some() && repeat(other) != repeat(BODY));
        }
        assert_eq!(repeat(br#"{"code":"store-failed","status":502}"#), None);
        let opened = plain(1, BODY).1.to_string();
        for (body, expected) in [(BODY, true), (same, true), (br#"{"data":{"housing":4},"marks":["housing"]}"#, false)]
        {
            assert_eq!(tells_the_same(opened.as_bytes(), said(body)), expected, "{}", String::from_utf8_lossy(body));
        }
        assert!(!tells_the_same(plain(1, b"{}").1.to_string().as_bytes(), said(BODY)), "a part without a digest");
    }

    #[test]
    fn a_history_is_told_whole() {
        assert_eq!(
            store_summary(&history(1), &[]),
            r#"{"records":[["administrative-penalty","general","2026-01-02","2026-01-02",null,null,"2026-01-02",null,true]],"listings":[["red","2026-01-02",null,false]],"attributes":[["housing",3]]}"#
        );
        assert_eq!(store_summary(&History::default(), &[]), r#"{"records":[],"listings":[],"attributes":[]}"#);
    }
}
