//! Consents opened again from the leaves that have them: whether the issuer signed them, whether the decision rested on
//! what they say, and whether they were presented by whom they were given to, while they were in force.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credit_policy::consent::{ConsentFault, IssuerKeys, RecordedConsent};
use credit_policy::{Catalogue, ConsentFacts};
use jiff::{SignedDuration, Timestamp};

use crate::leaf::{GroundRecord, IssuerKey, IssuerKeyState, Outcome, QueryLeaf};

/// How far clocks may differ; and how long before its record a consent may have been verified.
const AHEAD: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_QUERY: SignedDuration = SignedDuration::from_mins(5);

/// What is wrong with a consent in a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentMismatch {
    /// It is none, or its signature is not by a key of its issuer that was in force.
    #[error("the consent in it is not valid: {0}")]
    Invalid(ConsentFault),
    /// The leaf to which it points has no consent.
    #[error("entry {0}, to which it points, has no consent")]
    First(u64),
    /// The scenario, or what the person agreed to, is not what the decision rested on.
    #[error("`inputs.consent` and `scenario` are not what the consent says")]
    Terms,
    /// It was given to the holder of another institution's certificate.
    #[error("the consent was given to the holder of another institution's certificate")]
    Certificate,
    /// It was asked for somebody with the certificate of an institution of this log's own register.
    #[error("`on_behalf` has the certificate of an institution that this log's gateway knows itself")]
    OnBehalf,
    /// It was not in force.
    #[error("the consent was not in force at `at`")]
    Time,
    /// More uses than it allows.
    #[error("the consent allows {allowed} uses, and this is number {found}")]
    Uses {
        /// By its terms.
        allowed: u64,
        /// In the leaf.
        found: u64,
    },
}

/// Opens the consents of a log, leaf by leaf.
#[derive(Default)]
pub(crate) struct Consents {
    /// A regulator's own key sets, in the place of the keys on the record; and each issuer's keys by them.
    given: Option<Vec<String>>,
    given_by: HashMap<String, IssuerKeys>,
    /// The keys on the record, by `kid`.
    recorded: HashMap<String, Vec<Recorded>>,
    has_record: bool,
    /// Of the leaves before this one some were let go.
    pub(crate) let_go: u64,
    /// By the leaf that has it.
    opened: HashMap<u64, RecordedConsent>,
    /// Who holds a certificate, as far as leaves tell.
    holders: HashMap<[u8; 32], String>,
    unverified: u64,
    verified: u64,
}

/// A key of an issuer, and since when it is accepted no longer.
struct Recorded {
    keys: IssuerKeys,
    retired: Option<Timestamp>,
}

impl Consents {
    /// Verifies by these key sets (JWK or JWK Set) and not by the keys on the record.
    pub(crate) fn by(sets: Vec<String>) -> Self {
        Self { given: Some(sets), ..Self::default() }
    }

    /// How many signatures were verified, and how many could not be since no key of any issuer is on the record.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.verified, self.unverified)
    }

    /// A key of an issuer is accepted from this time on, or no longer. One that is no key of the profile verifies nothing.
    pub(crate) fn key(&mut self, key: &IssuerKey, at: Timestamp) {
        self.has_record = true;
        let of_kid = self.recorded.entry(key.kid.clone()).or_default();
        for before in of_kid.iter_mut() {
            before.retired.get_or_insert(at);
        }
        if key.state == IssuerKeyState::Active {
            let named = key.jwk.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let jwk: BTreeMap<_, _> = named.chain([("kid", key.kid.as_str())]).collect();
            let mut keys = IssuerKeys::default();
            if keys.add(&key.iss, &serde_json::to_string(&jwk).unwrap_or_default()).is_ok() {
                of_kid.push(Recorded { keys, retired: None });
            }
        }
    }

    /// An institution has these certificates.
    pub(crate) fn holds(&mut self, institution: &str, certificates: &[String]) {
        for certificate in certificates {
            if let Some(digest) = digest(certificate) {
                self.holders.insert(digest, institution.to_owned());
            }
        }
    }

    /// Opens the consent of a query, or the one to which it points; and sees for whom it was asked.
    pub(crate) fn query(
        &mut self,
        index: u64,
        catalogue: &Catalogue,
        query: &QueryLeaf,
    ) -> Result<(), ConsentMismatch> {
        if let (Some(institution), Some(certificate)) = (&query.institution, &query.certificate) {
            self.holds(institution, std::slice::from_ref(certificate));
        }
        if query.outcome == Outcome::Answered
            && let Some(on_behalf) = &query.on_behalf
            && digest(&on_behalf.certificate).is_none_or(|end| self.holders.contains_key(&end))
        {
            return Err(ConsentMismatch::OnBehalf);
        }
        let (holder, number) = match &query.ground {
            Some(GroundRecord::Consent { consent, use_ }) => {
                let consent = RecordedConsent::parse(consent).map_err(ConsentMismatch::Invalid)?;
                self.verify(&consent, query.at).map_err(ConsentMismatch::Invalid)?;
                self.opened.insert(index, consent);
                (index, *use_)
            }
            Some(GroundRecord::ConsentAgain { first, use_ }) => (*first, *use_),
            Some(_) | None => return Ok(()),
        };
        let consent = match self.opened.get(&holder) {
            None if holder < self.let_go => {
                self.unverified += 1;
                return Ok(());
            }
            consent => consent.ok_or(ConsentMismatch::First(holder))?,
        };
        let terms = consent.terms();
        let facts = ConsentFacts::of_recorded(catalogue, consent);
        if query.inputs.consent.as_ref() != Some(&facts) || query.scenario.as_ref() != Some(&terms.scenario) {
            return Err(ConsentMismatch::Terms);
        }
        let is_another_s = match &query.on_behalf {
            Some(on_behalf) => digest(&on_behalf.certificate).as_ref() != Some(consent.certificate()),
            None => {
                self.holders.get(consent.certificate()).is_some_and(|holder| Some(holder) != query.institution.as_ref())
            }
        };
        if is_another_s {
            return Err(ConsentMismatch::Certificate);
        }
        let earliest = query.at.checked_sub(LONGEST_QUERY).unwrap_or(Timestamp::MIN);
        if !consent.is_in_force(earliest, query.at, AHEAD) {
            return Err(ConsentMismatch::Time);
        }
        if number == 0 || number > terms.uses {
            return Err(ConsentMismatch::Uses { allowed: terms.uses, found: number });
        }
        Ok(())
    }

    fn verify(&mut self, consent: &RecordedConsent, at: Timestamp) -> Result<(), ConsentFault> {
        match (&self.given, self.has_record) {
            (Some(sets), _) => {
                let iss = &consent.id().iss;
                let keys = self.given_by.entry(iss.clone()).or_insert_with(|| keys_of(iss, sets));
                consent.verify(keys)?;
            }
            (None, true) => {
                // A query that was under way when its key was retired stands after that leaf.
                let earliest = at.checked_sub(LONGEST_QUERY).unwrap_or(Timestamp::MIN);
                let known = self.recorded.get(consent.kid()).map(Vec::as_slice).unwrap_or_default();
                let in_force = known.iter().filter(|key| key.retired.is_none_or(|retired| retired >= earliest));
                let tried = in_force.map(|key| consent.verify(&key.keys));
                tried.reduce(Result::or).unwrap_or(Err(ConsentFault::UnknownKey))?;
            }
            (None, false) => {
                self.unverified += 1;
                return Ok(());
            }
        }
        self.verified += 1;
        Ok(())
    }
}

/// What of the sets can be used, as keys of this issuer: a set does not say whose it is.
fn keys_of(iss: &str, sets: &[String]) -> IssuerKeys {
    let mut keys = IssuerKeys::default();
    for set in sets {
        drop(keys.add(iss, set));
    }
    keys
}

fn digest(thumbprint: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(thumbprint).ok()?.try_into().ok()
}
