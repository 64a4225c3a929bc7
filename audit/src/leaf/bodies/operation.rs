//! What runs the gateway: keys, register, suspensions, withdrawals, floods, reads.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::event::{Act, Event, impl_kind};
use crate::leaf::kind::Kind;

/// `key`: a key of the ring changed its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEvent {
    /// The key's id in the ring.
    pub key: String,
    /// What it is for: `pseudonym`, `tag`, `state`, `data`, `log`, `ring`.
    #[serde(rename = "use")]
    pub use_: String,
    /// The state it has now.
    pub state: KeyState,
    /// What tells two keys of one id apart: base64url of 16 bytes (`FORMAT.md` §5). Absent only where the ring has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// From when it is used, where that is later than the leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activates: Option<Timestamp>,
    /// Where only one person's part of a data key was destroyed: a random name of this destruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Base64<[u8; 16]>>,
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// It is used.
    Active,
    /// It makes nothing new; what it made still counts.
    Accepted,
    /// What it made counts no longer, but can be opened.
    Retired,
    /// It is gone for good.
    Destroyed,
}

/// `institution`: the register changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstitutionChange {
    /// The institution's id.
    pub institution: String,
    /// What happened to it.
    pub change: RegisterChange,
    /// Its kind in the vocabulary of the catalogue, e.g. `housing-department`.
    pub institution_kind: String,
    /// Its certificates from now on: base64url of the SHA-256 of each (x5t#S256).
    pub certificates: Vec<String>,
    /// Requests a second.
    pub rate_per_s: u32,
    /// Requests at once.
    pub burst: u32,
    /// Different persons a day.
    pub distinct_subjects_a_day: u32,
    /// Look-ups on one person a day.
    pub look_ups_a_person_a_day: u32,
    /// Look-ups a second by one member of staff, where staff have a rate of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one member of staff; there if the rate is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_burst: Option<u32>,
    /// Look-ups by one member of staff a day, where that has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_ups_an_operator_a_day: Option<u32>,
    /// What persons read as its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Issuers of consents that it acts for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// Of a gateway: the institutions that it may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<String>,
}

/// What happened to an institution in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterChange {
    /// It is new.
    Added,
    /// Its kind, certificates or limits changed.
    Changed,
    /// It is no longer in the register.
    Removed,
}

/// `suspension`: an institution, one of its staff or its use of a scenario suspended, or resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The institution's id.
    pub institution: String,
    /// Only this member of its staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Only its use of this scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Whether it is suspended from here on.
    pub suspended: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `stop`: the stop switch thrown, or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Only this scenario, for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Whether every such query is refused from here on.
    pub stopped: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `revocation`: a consent withdrawn, by the authority that issued it (then the leaf is its own act, with `institution`
/// and `seq`), by an officer on its behalf, or by the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `jti`.
    pub jti: String,
}

/// `issuer-key`: from here on a key of an issuer of consents is accepted, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerKey {
    /// The issuer.
    pub iss: String,
    /// The key's id at the issuer.
    pub kid: String,
    /// The public key (RFC 7517), public members only, in alphabetical order.
    pub jwk: BTreeMap<String, String>,
    /// Whether it is accepted.
    pub state: IssuerKeyState,
}

/// Where an issuer's key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerKeyState {
    /// Tokens that it signed are accepted.
    Active,
    /// They are not.
    Retired,
}

/// `flood`: what was answered or cut off without a record of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flood {
    /// The institution it came from.
    pub institution: String,
    /// Beginning of the time counted.
    pub since: Timestamp,
    /// How many, by problem code (`overloaded`, `draining`, …) or `cut-off` for connections closed without an answer.
    pub counts: BTreeMap<String, u64>,
}

/// `refusals`: refusals of one institution that share a leaf. It is the institution's own act: its `seq` is the last of
/// the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// How many, by problem code.
    pub counts: BTreeMap<String, u64>,
    /// The first and the last number of the institution that they have; as many as the counts say.
    pub seqs: (u64, u64),
}

impl Refusals {
    /// The entry of refusals that share a leaf; their numbers are given by the writer. `None` where there are none.
    ///
    /// # Errors
    /// As [`Entry::new`].
    pub fn shared(id: Uuid, institution: &str, counts: BTreeMap<String, u64>) -> Result<Option<Entry>, LeafError> {
        #[derive(Serialize)]
        struct Unnumbered {
            counts: BTreeMap<String, u64>,
        }
        let Some(shared) = NonZeroU64::new(counts.values().sum()) else { return Ok(None) };
        let entry = Entry::new(Kind::Refusals, id, Some(institution), &Unnumbered { counts })?;
        Ok(Some(Entry { shared: Some(shared), ..entry }))
    }
}

/// `read`: an officer or auditor read entries, or looked at a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What was read, e.g. `tile/entries/000`.
    pub path: String,
}

impl_kind! {
    Act KeyEvent = Key;
    Act InstitutionChange = Institution;
    Act Suspension = Suspension;
    Act Stop = Stop;
    Act Revocation = Revocation;
    Act IssuerKey = IssuerKey;
    Event Flood = Flood;
    Event Refusals = Refusals;
    Act Read = Read;
}
