//! The register of institutions: who may call, by which certificates, how fast, and whether it is suspended.
//!
//! Read on every query without a lock; written by the configuration at start and by recorded changes after it.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroU32,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::{InstitutionId, InstitutionKind};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    callers::{
        flood::Floods,
        limits::{Rate, Rates},
    },
    settings::InstitutionEntry,
};

/// `x5t#S256` of a certificate (RFC 8705 §3.1): SHA-256 of its DER form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref());
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Reads its text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What the record says of an institution: the payload of an `institution` leaf.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InstitutionRecord {
    /// Its id.
    pub id: InstitutionId,
    /// Its kind.
    pub kind: InstitutionKind,
    /// Thumbprints of its certificates.
    pub certificates: Vec<String>,
    /// Requests a second.
    pub rate_per_s: u32,
    /// Requests at once.
    pub burst: u32,
    /// Different persons a day.
    pub distinct_subjects_a_day: u32,
    /// Look-ups on one person a day.
    pub look_ups_a_person_a_day: u32,
    /// Look-ups a second by one operator, where operators have a rate of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_rate_per_s: Option<u32>,
    /// Look-ups at once by one operator; there if the rate is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_burst: Option<u32>,
    /// Look-ups by one operator a day, where that has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_ups_an_operator_a_day: Option<u32>,
}

impl InstitutionRecord {
    /// The rates; nothing where a limit is not usable.
    fn rates(&self, flood_multiple: NonZeroU32) -> Option<Rates> {
        let own = Rate::new(self.rate_per_s, self.burst)?;
        let operator = match (self.operator_rate_per_s, self.operator_burst) {
            (None, None) => None,
            (Some(per_s), Some(burst)) => Some(Rate::new(per_s, burst)?),
            (Some(_), None) | (None, Some(_)) => return None,
        };
        Some(Rates::new(own, flood_multiple, operator))
    }
}

/// An institution that may call.
#[derive(Debug)]
pub struct Institution {
    /// What the record says of it.
    pub record: InstitutionRecord,
    /// How fast it and its operators may ask.
    pub rates: Rates,
    /// What it sent that has no record of its own.
    pub floods: Floods,
    /// SHA-256 of its certificates, as consents name them.
    digests: Vec<[u8; 32]>,
    /// Its queries under way.
    pub journeys: Arc<Semaphore>,
    /// Its open connections to the institutions' listener.
    connections: Arc<Semaphore>,
    suspended: AtomicBool,
}

impl Institution {
    /// Whether it is suspended now.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::SeqCst)
    }

    /// SHA-256 of each of its certificates (`x5t#S256`).
    #[must_use]
    pub fn certificates(&self) -> &[[u8; 32]] {
        &self.digests
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.record.id.as_str()
    }
}

/// Why an institution cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The id is taken.
    #[error(
        "institution `{0}` is registered already: choose another id; if it was added by command and stands otherwise in \
         the configuration, take it out of there"
    )]
    IdTaken(String),
    /// The certificate belongs to another.
    #[error(
        "certificate `{certificate}` of `{id}` is registered for `{other}`: give each institution certificates of its own"
    )]
    CertificateTaken {
        /// The new institution.
        id: String,
        /// The thumbprint.
        certificate: String,
        /// Who has it.
        other: String,
    },
    /// No such institution.
    #[error("institution `{0}` is not in the register: see `institution list`")]
    Unknown(String),
    /// A certificate file cannot be read.
    #[error("cannot read the certificate `{path}`: {why}")]
    Certificate {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A limit or thumbprint is not usable.
    #[error(
        "institution `{0}`: every limit must be at least 1, an operator's rate and burst go together, and every certificate \
         must be a SHA-256 thumbprint"
    )]
    Unusable(String),
}

#[derive(Default, Clone)]
struct Table {
    by_certificate: HashMap<Thumbprint, Arc<Institution>>,
    by_id: BTreeMap<InstitutionId, Arc<Institution>>,
}

/// The register.
pub struct Register {
    table: ArcSwap<Table>,
    journeys_per_institution: usize,
    connections_per_institution: usize,
    /// Open connections of those who have no business at a door.
    strangers: Arc<Semaphore>,
    flood_multiple: NonZeroU32,
}

/// So many connections have those together who have no business at a door: in no register, or no auditors.
const STRANGERS: usize = 64;

impl Register {
    /// An empty register: how many queries under way and open connections each may have, and up to `flood_multiple` (at
    /// least 1) times its rate the refusals of each are recorded.
    #[must_use]
    pub fn new(journeys_per_institution: usize, connections_per_institution: usize, flood_multiple: u32) -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::default()),
            journeys_per_institution,
            connections_per_institution,
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            flood_multiple: NonZeroU32::new(flood_multiple).unwrap_or(NonZeroU32::MIN),
        }
    }

    /// A place for one more connection with this certificate; nothing where its institution has as many as it may have.
    #[must_use]
    pub fn place(&self, thumbprint: Thumbprint) -> Option<OwnedSemaphorePermit> {
        match self.by_certificate(thumbprint) {
            Some(institution) => Arc::clone(&institution.connections).try_acquire_owned().ok(),
            None => self.strangers_place(),
        }
    }

    /// A place for one more connection of somebody who has no business here, and is to be told so.
    #[must_use]
    pub fn strangers_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.strangers).try_acquire_owned().ok()
    }

    /// Who calls with this certificate.
    #[must_use]
    pub fn by_certificate(&self, thumbprint: Thumbprint) -> Option<Arc<Institution>> {
        self.table.load().by_certificate.get(&thumbprint).cloned()
    }

    /// The institution with this id.
    ///
    /// # Errors
    /// [`RegisterError::Unknown`].
    pub fn by_id(&self, id: &str) -> Result<Arc<Institution>, RegisterError> {
        let table = self.table.load();
        table
            .by_id
            .values()
            .find(|institution| institution.id() == id)
            .cloned()
            .ok_or_else(|| RegisterError::Unknown(id.to_owned()))
    }

    /// All institutions, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Institution>> {
        self.table.load().by_id.values().cloned().collect()
    }

    /// Says whether `particulars` could be added.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, particulars: &InstitutionRecord) -> Result<(), RegisterError> {
        self.with(particulars).map(drop)
    }

    /// Adds an institution. Called once its leaf is durable (or at start, from the file and from the record).
    ///
    /// # Errors
    /// When its id or a certificate is taken, or a value is unusable.
    pub fn add(&self, particulars: &InstitutionRecord) -> Result<(), RegisterError> {
        let table = self.with(particulars)?;
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// Suspends or resumes; holds from this call on for every query not yet on its way into the log.
    pub fn set_suspended(&self, institution: &Institution, suspended: bool) {
        institution.suspended.store(suspended, Ordering::SeqCst);
    }

    /// Registers an institution in the place of the one with its id; its certificates are nobody else's from here on.
    ///
    /// # Errors
    /// When a value is unusable.
    pub fn replace(&self, record: &InstitutionRecord) -> Result<(), RegisterError> {
        let institution = self.made_of(record)?;
        let mut table = Table::clone(&self.table.load());
        table.remove(record.id.as_str());
        let thumbprints = institution.digests.iter().map(|digest| Thumbprint(*digest));
        table.by_certificate.extend(thumbprints.map(|thumbprint| (thumbprint, Arc::clone(&institution))));
        table.by_id.insert(record.id.clone(), institution);
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// Takes an institution out, if it is there.
    pub fn remove(&self, id: &str) {
        let mut table = Table::clone(&self.table.load());
        table.remove(id);
        self.table.store(Arc::new(table));
    }

    fn with(&self, particulars: &InstitutionRecord) -> Result<Table, RegisterError> {
        let institution = self.made_of(particulars)?;
        let id = particulars.id.as_str();
        let mut table = Table::clone(&self.table.load());
        if table.by_id.contains_key(&particulars.id) {
            return Err(RegisterError::IdTaken(id.to_owned()));
        }
        for digest in &institution.digests {
            let thumbprint = Thumbprint(*digest);
            if let Some(other) = table.by_certificate.insert(thumbprint, Arc::clone(&institution))
                && !Arc::ptr_eq(&other, &institution)
            {
                return Err(RegisterError::CertificateTaken {
                    id: id.to_owned(),
                    certificate: thumbprint.to_string(),
                    other: other.id().to_owned(),
                });
            }
        }
        table.by_id.insert(particulars.id.clone(), institution);
        Ok(table)
    }

    fn made_of(&self, record: &InstitutionRecord) -> Result<Arc<Institution>, RegisterError> {
        let unusable = || RegisterError::Unusable(record.id.as_str().to_owned());
        let rates = record.rates(self.flood_multiple).ok_or_else(unusable)?;
        if record.distinct_subjects_a_day == 0
            || record.look_ups_a_person_a_day == 0
            || record.look_ups_an_operator_a_day == Some(0)
            || record.certificates.is_empty()
        {
            return Err(unusable());
        }
        let digests: Option<Vec<_>> = record.certificates.iter().map(|text| Thumbprint::parse(text)).collect();
        Ok(Arc::new(Institution {
            digests: digests.ok_or_else(unusable)?.into_iter().map(Thumbprint::into_bytes).collect(),
            record: record.clone(),
            rates,
            floods: Floods::default(),
            journeys: Arc::new(Semaphore::new(self.journeys_per_institution)),
            connections: Arc::new(Semaphore::new(self.connections_per_institution)),
            suspended: AtomicBool::new(false),
        }))
    }
}

impl Table {
    fn remove(&mut self, id: &str) {
        self.by_id.retain(|_, institution| institution.id() != id);
        self.by_certificate.retain(|_, institution| institution.id() != id);
    }
}

/// Reads the certificates of an entry of the configuration.
///
/// # Errors
/// [`RegisterError::Certificate`] with the file's name.
pub fn institution_record(entry: &InstitutionEntry) -> Result<InstitutionRecord, RegisterError> {
    Ok(InstitutionRecord {
        id: entry.id.clone(),
        kind: entry.kind,
        certificates: entry
            .certificates
            .iter()
            .map(|path| thumbprint_of_file(path).map(|thumbprint| thumbprint.to_string()))
            .collect::<Result<_, _>>()?,
        rate_per_s: entry.rate_per_s,
        burst: entry.burst,
        distinct_subjects_a_day: entry.distinct_subjects_a_day,
        look_ups_a_person_a_day: entry.look_ups_a_person_a_day,
        operator_rate_per_s: entry.operator_rate_per_s,
        operator_burst: entry.operator_burst,
        look_ups_an_operator_a_day: entry.look_ups_an_operator_a_day,
    })
}

/// The thumbprint of the first certificate in a PEM file.
///
/// # Errors
/// [`RegisterError::Certificate`] with the file's name.
pub fn thumbprint_of_file(path: &Path) -> Result<Thumbprint, RegisterError> {
    CertificateDer::from_pem_file(path)
        .map(|certificate| Thumbprint::of(&certificate))
        .map_err(|error| RegisterError::Certificate { path: path.display().to_string(), why: error.to_string() })
}
