//! The record of a query: what the gateway writes ([`QueryRecord`]) and what a reader gets back ([`QueryLeaf`]).

use std::borrow::Cow;
use std::fmt;

use credit_policy::{Code, Facts, FieldName, RuleId, ScenarioName};
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::encoded::Base64;
use super::entry::{Entry, LeafError, render};
use super::kind::Kind;

/// Whether the asker got an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did.
    Answered,
    /// It was refused, with the leaf's `code`.
    Refused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
        })
    }
}

/// The legal ground that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum GroundRecord<'a> {
    /// The first use of a consent.
    Consent {
        /// The issuer-signed JWT, without the disclosure.
        consent: Cow<'a, str>,
        /// 1.
        #[serde(rename = "use")]
        use_: u64,
    },
    /// A later use of a consent.
    ConsentAgain {
        /// Index of the leaf that has the token.
        first: u64,
        /// Which use this is.
        #[serde(rename = "use")]
        use_: u64,
    },
    /// A statute, with the case that it is used for.
    Statute {
        /// The citation.
        statute: Cow<'a, str>,
        /// The rank of that instrument, where the catalogue names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<Cow<'a, str>>,
        /// The case number.
        case: Cow<'a, str>,
        /// True where the rule wants the applicant's written consent in the institution's file.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        consent_on_file: bool,
    },
    /// The person.
    Person {
        /// Always true.
        #[serde(rename = "self")]
        self_: bool,
    },
    /// Anyone.
    Public {
        /// Always true.
        public: bool,
    },
}

impl GroundRecord<'_> {
    /// The same, without a copy of its texts.
    #[must_use]
    pub fn borrowed(&self) -> GroundRecord<'_> {
        match self {
            Self::Consent { consent, use_ } => GroundRecord::Consent { consent: (&**consent).into(), use_: *use_ },
            Self::ConsentAgain { first, use_ } => GroundRecord::ConsentAgain { first: *first, use_: *use_ },
            Self::Statute { statute, rank, case, consent_on_file } => GroundRecord::Statute {
                statute: (&**statute).into(),
                rank: rank.as_deref().map(Cow::from),
                case: (&**case).into(),
                consent_on_file: *consent_on_file,
            },
            Self::Person { self_ } => GroundRecord::Person { self_: *self_ },
            Self::Public { public } => GroundRecord::Public { public: *public },
        }
    }
}

/// Of a query that another gateway asks: for whom (formats.md §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalf {
    /// The end institution's id at the other gateway.
    pub institution: String,
    /// Its kind.
    pub kind: String,
    /// x5t#S256 of its certificate.
    pub certificate: String,
    /// The other gateway's log.
    pub origin: String,
    /// The query's id there.
    pub query: Uuid,
}

impl OnBehalf {
    /// Whom a query counts for that a gateway asks for an end institution: `<gateway>/<institution>`, which is no id, so
    /// that neither meets an institution of the register (`FORMAT.md` §5).
    #[must_use]
    pub fn counted_for(gateway: &str, institution: &str) -> String {
        format!("{gateway}/{institution}")
    }
}

/// Of a query that was answered from another gateway: the leaf there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteLeaf {
    /// The other gateway's log.
    pub origin: String,
    /// Index of the leaf.
    pub index: u64,
    /// Its hash.
    pub leaf: Base64<[u8; 32]>,
}

/// The record of one query, in the order of its keys (`FORMAT.md` §3). What is not known is left out.
#[derive(Debug, Clone, Serialize)]
pub struct QueryRecord<'a> {
    /// Member of staff who asks, once its form was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<&'a str>,
    /// The certificate used: base64url without padding of its SHA-256 (x5t#S256, RFC 8705 §3.1). An institution has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<&'a str>,
    /// For whom another gateway asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<&'a OnBehalf>,
    /// The scenario, once it was found in the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<&'a ScenarioName>,
    /// The ground, once it was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<GroundRecord<'a>>,
    /// The first query that this one repeats under its idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Uuid>,
    /// Keyed digest that identifies the first ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Base64<&'a [u8]>>,
    /// The catalogue's label.
    pub catalogue: &'a str,
    /// Ids of the rules that decided.
    pub rules: &'a [RuleId],
    /// Every non-personal input of the decision.
    pub inputs: &'a Facts,
    /// Answered or refused.
    pub outcome: Outcome,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Names of the fields released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<&'a [FieldName]>,
    /// Notice to the person: `owed`, `deferred until …`, `exempt by …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<&'a str>,
    /// The leaf of the other gateway that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<&'a RemoteLeaf>,
    /// Commitment to the response's bytes, of an answer or a refusal, under the opening that the asker got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Base64<[u8; 32]>>,
    /// Tag of the person under the data key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Base64<[u8; 32]>>,
    /// Id of the data key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// The personal part, sealed.
    #[serde(skip)]
    pub sealed: Option<Base64<&'a [u8]>>,
    /// Commitment to the personal part.
    #[serde(skip)]
    pub commit: Option<Base64<[u8; 32]>>,
}

impl QueryRecord<'_> {
    /// The entry of an institution's query, numbered among its acts.
    ///
    /// # Errors
    /// When it is longer than a leaf may be, or an id is malformed.
    pub fn entry(&self, id: Uuid, institution: &str) -> Result<Entry, LeafError> {
        Entry::new(Kind::Query, id, Some(institution), self)?.with_bytes(self.sealed_members())
    }

    /// The entry of a query by a person or the public: it has no number.
    ///
    /// # Errors
    /// When it is longer than a leaf may be, or the id is malformed.
    pub fn entry_of_person(&self, id: Uuid) -> Result<Entry, LeafError> {
        Entry::new(Kind::Query, id, None, self)?.with_bytes(self.sealed_members())
    }

    /// Most of a leaf: the last members, which are written without a look at each of their characters.
    fn sealed_members(&self) -> [(&'static str, Option<&[u8]>); 2] {
        let commit = self.commit.as_ref().map(|commit| &commit.0[..]);
        [("sealed", self.sealed.as_ref().map(|sealed| sealed.0)), ("commit", commit)]
    }
}

/// A leaf of kind `query`, read whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the keys are those of `QueryRecord`, after the header's")]
pub struct QueryLeaf {
    pub v: u8,
    pub kind: String,
    pub id: Uuid,
    pub at: Timestamp,
    pub institution: Option<String>,
    pub seq: Option<u64>,
    pub operator: Option<String>,
    pub certificate: Option<String>,
    pub on_behalf: Option<OnBehalf>,
    pub scenario: Option<ScenarioName>,
    pub ground: Option<GroundRecord<'static>>,
    pub repeats: Option<Uuid>,
    pub idempotency: Option<Base64<Vec<u8>>>,
    pub catalogue: String,
    pub rules: Vec<RuleId>,
    pub inputs: Facts,
    pub outcome: Outcome,
    pub code: Option<Code>,
    pub fields: Option<Vec<FieldName>>,
    pub notice: Option<String>,
    pub remote: Option<RemoteLeaf>,
    pub answer: Option<Base64<[u8; 32]>>,
    pub subject: Option<Base64<[u8; 32]>>,
    pub key: Option<String>,
    pub sealed: Option<Base64<Vec<u8>>>,
    pub commit: Option<Base64<[u8; 32]>>,
}

impl QueryLeaf {
    /// Reads a leaf of kind `query`.
    ///
    /// # Errors
    /// When it is of another kind or version, or lacks a key or has one too many.
    pub fn parse(leaf: &[u8]) -> Result<Self, serde_json::Error> {
        let query: Self = serde_json::from_slice(leaf)?;
        if query.v == 1 && query.kind == Kind::Query.as_str() {
            Ok(query)
        } else {
            Err(serde_json::Error::custom("another kind or version"))
        }
    }

    /// Whether these bytes are what a writer makes of it.
    #[must_use]
    pub fn is_written_so(&self, leaf: &[u8]) -> bool {
        let record = QueryRecord {
            operator: self.operator.as_deref(),
            certificate: self.certificate.as_deref(),
            on_behalf: self.on_behalf.as_ref(),
            scenario: self.scenario.as_ref(),
            ground: self.ground.clone(),
            repeats: self.repeats,
            idempotency: self.idempotency.as_ref().map(|claim| Base64(claim.0.as_slice())),
            catalogue: &self.catalogue,
            rules: &self.rules,
            inputs: &self.inputs,
            outcome: self.outcome,
            code: self.code,
            fields: self.fields.as_deref(),
            notice: self.notice.as_deref(),
            remote: self.remote.as_ref(),
            answer: self.answer,
            subject: self.subject,
            key: self.key.as_deref(),
            sealed: self.sealed.as_ref().map(|sealed| Base64(sealed.0.as_slice())),
            commit: self.commit,
        };
        let entry = Entry::as_written(Kind::Query, self.id, self.institution.as_deref(), &record)
            .and_then(|entry| entry.with_bytes(record.sealed_members()));
        entry.is_ok_and(|entry| render(&entry, self.at, self.seq.unwrap_or_default()) == leaf)
    }
}
