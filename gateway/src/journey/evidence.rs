//! The leaf under construction: one a journey, filled in by the stages, read by `record`.
//!
//! A stage that fails loses nothing that the record needs: what it learned stands here already.

use std::sync::Arc;

use credit_audit::leaf::GroundRecord;
use credit_keys::StateDigest;
use credit_policy::{
    CaseNumber, CitizenNumber, Counts, Facts, Language, Personal, Scenario, StaffId, consent::ConsentId,
};
use jiff::civil::Date;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::{
    callers::{
        register::Institution,
        thumbprint::Thumbprint,
        trust::CertificateStatus,
    },
    state::{AskClaim, ConsentClaim},
};

/// A consent that was verified, as far as the record and the state need it.
pub struct HeldConsent {
    /// What stands for it in the state, and how often it may be used.
    pub claim: ConsentClaim,
    /// The issuer-signed part, for the leaf.
    pub issuer_signed: String,
    /// The token's `iss` and `jti`.
    pub id: ConsentId,
}

/// What the stages learned so far.
pub struct Draft {
    /// The query's id, UUIDv7.
    pub id: Uuid,
    /// The caller's certificate.
    pub certificate: Thumbprint,
    /// How it stands; without one it is not trusted.
    pub standing: Option<Arc<CertificateStatus>>,
    /// Who asks; known from `identify` on.
    pub institution: Arc<Institution>,
    /// Language of a refusal's sentence.
    pub language: Language,
    /// Whether the whole proof is wanted in the answer (`Prefer: receipt=proof`).
    pub wants_proof: bool,
    /// The member of staff.
    pub operator: Option<StaffId>,
    /// The case of a look-up by statute.
    pub case: Option<CaseNumber>,
    /// The scenario, once recognised.
    pub scenario: Option<Arc<Scenario>>,
    /// The ground, once verified.
    pub ground: Option<GroundRecord<'static>>,
    /// Who is asked about.
    pub person: Option<Arc<Personal<CitizenNumber>>>,
    /// Of a query on consent: the person whom the body names, who may only be the token's.
    pub claimed: Option<Personal<CitizenNumber>>,
    /// The consent, once verified.
    pub consent: Option<HeldConsent>,
    /// The idempotency key, and a keyed digest of the body that it came with.
    pub idempotency: Option<(String, StateDigest)>,
    /// Institution and key, and everything that was asked, as the state knows them.
    pub ask: Option<AskClaim>,
    /// The first query that this one repeats.
    pub repeats: Option<Uuid>,
    /// Every non-personal input of the decision.
    pub facts: Facts,
    /// What the store told, in numbers; sealed.
    pub counts: Option<Counts>,
    /// What the store told, compact; sealed.
    pub told: Option<Personal<String>>,
    /// The pseudonym that the answer carries; sealed.
    pub pseudonym: Option<Personal<String>>,
    /// Held until the journey is recorded, whatever the caller does.
    pub permits: Vec<OwnedSemaphorePermit>,
}

impl Draft {
    /// Whether the certificate is trusted now.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.standing.as_ref().is_some_and(|standing| standing.is_valid())
    }

    /// The draft of a query that `institution` makes on the civil day `on`; nothing else is known yet.
    #[must_use]
    pub fn begin(id: Uuid, certificate: Thumbprint, institution: Arc<Institution>, on: Date) -> Self {
        Self {
            id,
            certificate,
            standing: None,
            language: Language::Zh,
            wants_proof: false,
            operator: None,
            case: None,
            scenario: None,
            ground: None,
            person: None,
            claimed: None,
            consent: None,
            idempotency: None,
            ask: None,
            repeats: None,
            facts: Facts::new(institution.record.kind, on),
            institution,
            counts: None,
            told: None,
            pseudonym: None,
            permits: Vec::new(),
        }
    }
}
