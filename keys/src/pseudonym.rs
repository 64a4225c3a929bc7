//! Pseudonyms: what an institution sees in place of the citizen number.
//!
//! `psn1` and 39 characters of base32 of body (16 bytes) ‖ tag (8 bytes). The body is keyed with the epoch's pseudonym
//! key over institution, purpose group and citizen number: stable for one institution and purpose group within an
//! epoch, worth nothing elsewhere, and not to be found by trying all numbers. The tag is keyed with the epoch's
//! tag key over institution, purpose group, epoch and *body*: it names the leaker of a leaked file, and cannot be
//! copied to another body to frame somebody else.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::{
    base32,
    mac::{MacKey, first},
};

const PREFIX: &str = "psn1";
const BODY_BYTES: usize = 16;
const TAG_BYTES: usize = 8;
const TEXT_BYTES: usize = PREFIX.len() + 39;

/// A pseudonym as it stands in an answer. It has no `Debug`: a pseudonym belongs in the answer and under the seal
/// of a record, never in a log line.
#[must_use]
pub struct Pseudonym(String);

impl Pseudonym {
    /// `psn1` and 39 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is issued for one person to one institution for one purpose group.
#[must_use]
pub struct Issued {
    /// The pseudonym of the epoch in force.
    pub current: Pseudonym,
    /// During an overlap also the pseudonym of the epoch before, letter for letter as it was issued then, so that
    /// the institution can carry its files over.
    pub previous: Option<Pseudonym>,
}

/// Issues pseudonyms: a snapshot of the ring at one instant. Cloning is cheap; issuing takes no lock, reads
/// nothing and begins from prepared key states. It keeps its keys alive until it is dropped: take a new one after
/// any change of the ring and outside of [`Ring::steady`](crate::Ring::steady).
#[derive(Clone)]
pub struct Pseudonyms(Arc<Epochs>);

struct Epochs {
    current: EpochKeys,
    previous: Option<EpochKeys>,
}

impl Pseudonyms {
    pub(crate) fn new(current: EpochKeys, previous: Option<EpochKeys>) -> Self {
        Self(Arc::new(Epochs { current, previous }))
    }

    /// The pseudonyms of the person with this citizen number for an institution (its register id) and a purpose
    /// group of the catalogue.
    pub fn issue(&self, institution: &str, purpose_group: &str, number: &str) -> Issued {
        let issue = |keys: &EpochKeys| keys.issue(institution, purpose_group, number);
        Issued { current: issue(&self.0.current), previous: self.0.previous.as_ref().map(issue) }
    }
}

/// The two keys of an epoch.
pub(crate) struct EpochKeys {
    body: MacKey,
    tag: TagKey,
}

impl EpochKeys {
    pub(crate) fn new(epoch: u32, body: &[u8; 32], tag: &[u8; 32]) -> Self {
        Self { body: MacKey::new(body), tag: TagKey::new(epoch, tag) }
    }

    fn issue(&self, institution: &str, purpose_group: &str, number: &str) -> Pseudonym {
        let parts = [institution.as_bytes(), purpose_group.as_bytes(), number.as_bytes()];
        let body: [u8; BODY_BYTES] = first(self.body.framed("credit/pseudonym", &parts));
        let tag = self.tag.tag(institution, purpose_group, &body);
        let mut bytes = [0_u8; BODY_BYTES + TAG_BYTES];
        for (to, from) in bytes.iter_mut().zip(body.iter().chain(&tag)) {
            *to = *from;
        }
        let mut text = String::with_capacity(TEXT_BYTES);
        text.push_str(PREFIX);
        base32::encode(&bytes, &mut text);
        Pseudonym(text)
    }
}

/// The tag key of an epoch: all that tracing needs.
pub(crate) struct TagKey {
    epoch: u32,
    key: MacKey,
}

impl TagKey {
    pub(crate) fn new(epoch: u32, key: &[u8; 32]) -> Self {
        Self { epoch, key: MacKey::new(key) }
    }

    fn tag(&self, institution: &str, purpose_group: &str, body: &[u8]) -> [u8; TAG_BYTES] {
        let epoch = self.epoch.to_be_bytes();
        let parts = [institution.as_bytes(), purpose_group.as_bytes(), &epoch, body];
        first(self.key.framed("credit/pseudonym-tag", &parts))
    }
}

/// To whom a pseudonym was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Register id of the institution.
    pub institution: String,
    /// Purpose group of the catalogue.
    pub purpose_group: String,
    /// Epoch in which it was issued.
    pub epoch: u32,
}

/// Tries every epoch, institution and purpose group on a candidate. A candidate that is not written as a
/// pseudonym, or whose tag is not the tag of its own body, is traced to nobody.
pub(crate) fn trace(
    keys: &[TagKey],
    candidate: &str,
    institutions: &[&str],
    purpose_groups: &[&str],
) -> Option<Traced> {
    let bytes = base32::decode::<{ BODY_BYTES + TAG_BYTES }>(candidate.strip_prefix(PREFIX)?)?;
    let (body, tag) = bytes.split_at_checked(BODY_BYTES)?;
    for key in keys {
        for institution in institutions {
            for purpose_group in purpose_groups {
                if bool::from(key.tag(institution, purpose_group, body).ct_eq(tag)) {
                    return Some(Traced {
                        institution: (*institution).to_owned(),
                        purpose_group: (*purpose_group).to_owned(),
                        epoch: key.epoch,
                    });
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERSON: &str = "990001199003071012";

    /// Keys of the vectors: `bytes(range(32))` and `bytes(range(32, 64))`.
    fn keys(epoch: u32) -> EpochKeys {
        EpochKeys::new(epoch, &counting(0), &counting(32))
    }

    fn counting(from: u8) -> [u8; 32] {
        std::array::from_fn(|place| from + u8::try_from(place).expect("small"))
    }

    fn tag_keys(epochs: &[u32]) -> Vec<TagKey> {
        let key = |epoch: &u32| TagKey::new(*epoch, &counting(32));
        epochs.iter().map(key).collect()
    }

    fn issued(institution: &str, purpose_group: &str, number: &str) -> String {
        keys(1).issue(institution, purpose_group, number).0
    }

    /// Made with Python, where `framed` joins `len(part).to_bytes(4, "big") + part`:
    /// `body = hmac.new(K, framed(b"credit/pseudonym", institution, group, number), hashlib.sha256).digest()[:16]`,
    /// `tag = hmac.new(T, framed(b"credit/pseudonym-tag", institution, group, epoch.to_bytes(4, "big"), body), …)[:8]`,
    /// `"psn1" + base64.b32encode(body + tag).decode().lower().rstrip("=")`.
    const VECTORS: [(&str, &str, &str, u32, &str); 5] = [
        ("housing-hz", "housing", PERSON, 1, "psn1rl3mojrrqznakuucokt646l2z73cjktphtr5zlq"),
        ("housing-hz", "housing", PERSON, 2, "psn1rl3mojrrqznakuucokt646l2z7nfjdvyrqmjazq"),
        ("bank-1", "housing", PERSON, 1, "psn12cqxjwsx3gg2ks7izdaa7cjy5ywwdsyovzmci2a"),
        ("housing-hz", "lending", PERSON, 1, "psn1wijag73izouycoaoqs4evd5xxm4ynrteva23afi"),
        ("housing-hz", "housing", "990028195512310087", 258, "psn17hqsgrn6zlwkfvwbx2cpqgw46zfkh2qi5ghoswa"),
    ];

    #[test]
    fn pseudonyms_are_written_as_the_vectors_say() {
        for (institution, purpose_group, number, epoch, expected) in VECTORS {
            let pseudonym = keys(epoch).issue(institution, purpose_group, number);
            assert_eq!(pseudonym.as_str(), expected);
            assert_eq!(pseudonym.as_str().len(), TEXT_BYTES);
        }
    }

    #[test]
    fn what_is_no_pseudonym_is_traced_to_nobody() {
        let good = issued("housing-hz", "housing", PERSON);
        let tail = good.strip_prefix(PREFIX).expect("the prefix");
        for candidate in [
            String::new(),
            "psn1".to_owned(),
            tail.to_owned(),
            format!("psn2{tail}"),
            format!("PSN1{tail}"),
            format!("psn1{}", tail.to_uppercase()),
            format!("{good}="),
            format!("{good}a"),
            format!("{good}\n"),
            format!(" {good}"),
            good.chars().take(42).collect(),
            PERSON.to_owned(),
            "psn1日本日本日本日本日本日本日".to_owned(),
        ] {
            let traced = trace(&tag_keys(&[1]), &candidate, &["housing-hz"], &["housing"]);
            assert_eq!(traced, None, "{candidate}");
        }
        assert!(trace(&tag_keys(&[1]), &good, &["housing-hz"], &["housing"]).is_some());
    }

    #[test]
    fn one_altered_character_anywhere_is_traced_to_nobody() {
        let good = issued("housing-hz", "housing", PERSON);
        let keys = tag_keys(&[1]);
        let mut tried = 0;
        for place in 0..good.len() {
            for character in (b'!'..=b'~').filter(|other| good.as_bytes()[place] != *other) {
                let mut altered = good.clone();
                altered.replace_range(place..=place, &char::from(character).to_string());
                let traced = trace(&keys, &altered, &["housing-hz"], &["housing"]);
                assert_eq!(traced, None, "{altered}");
                tried += 1;
            }
        }
        assert_eq!(tried, 43 * 93);
    }

    #[test]
    fn a_tag_cannot_be_copied_to_frame_another() {
        let of = |number| {
            let pseudonym = issued("housing-hz", "housing", number);
            base32::decode::<24>(pseudonym.strip_prefix(PREFIX).expect("the prefix")).expect("base32")
        };
        let (mine, victim) = (of(PERSON), of("990028195512310087"));
        let mut framed = [0; 24];
        framed[..16].copy_from_slice(&mine[..16]);
        framed[16..].copy_from_slice(&victim[16..]);
        let mut text = PREFIX.to_owned();
        base32::encode(&framed, &mut text);
        assert_eq!(trace(&tag_keys(&[1]), &text, &["housing-hz"], &["housing"]), None);
    }

    #[test]
    fn a_leak_is_traced_among_all_institutions_groups_and_epochs() {
        let institutions = ["bank-1", "employer-1", "housing-hz"];
        let purpose_groups = ["lending", "employment", "housing"];
        for institution in institutions {
            for purpose_group in purpose_groups {
                for epoch in [1, 2, 3] {
                    let leaked = keys(epoch).issue(institution, purpose_group, PERSON);
                    let try_epochs =
                        |epochs: &[u32]| trace(&tag_keys(epochs), leaked.as_str(), &institutions, &purpose_groups);
                    let expected =
                        Traced { institution: institution.to_owned(), purpose_group: purpose_group.to_owned(), epoch };
                    assert_eq!(try_epochs(&[1, 2, 3]), Some(expected));
                    assert_eq!(try_epochs(&[4]), None);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn different_askers_share_no_pseudonym(
            one in ("[ab-]{1,3}", "[ab-]{1,3}", "99[0-9]{2}"),
            two in ("[ab-]{1,3}", "[ab-]{1,3}", "99[0-9]{2}"),
        ) {
            let first = issued(&one.0, &one.1, &one.2);
            let second = issued(&two.0, &two.1, &two.2);
            prop_assert_eq!(first == second, one == two);
            // Not even a part of it: neither the body nor the tag is shared.
            if one != two {
                prop_assert_ne!(first.get(4..29), second.get(4..29));
                prop_assert_ne!(first.get(31..), second.get(31..));
            }
        }
    }
}
