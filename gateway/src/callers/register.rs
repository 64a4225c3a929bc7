//! The register of institutions: who may call, by which certificates, how fast, and whether it is suspended.
//!
//! Read on every query without a lock; written by the configuration at start and by recorded changes after it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    num::NonZeroU32,
    sync::Arc,
};

use arc_swap::ArcSwap;
use credit_policy::{Catalogue, InstitutionId, UnknownKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    flood::Floods,
    institution::InstitutionRecord,
    lease::Lender,
    limits::Rates,
    offences::Offences,
    rate::Rate,
    refusals::SharedRefusals,
    suspension::Suspensions,
    thumbprint::{CertificateError, Thumbprint},
};
use crate::settings::Limits;

/// An institution that may call.
#[derive(Debug)]
pub struct Institution {
    /// What the record says of it.
    pub record: InstitutionRecord,
    /// How fast it and its staff may ask.
    pub rates: Arc<Rates>,
    /// What it sent that has no record of its own.
    pub floods: Arc<Floods>,
    /// How its refusals that name nobody get on the record.
    pub refusals: Arc<SharedRefusals>,
    /// SHA-256 of its certificates, as consents name them.
    digests: Vec<[u8; 32]>,
    /// How it may read its own receipts and records.
    pub reads: Arc<Reads>,
    /// Its queries under way.
    pub journeys: Arc<Semaphore>,
    /// The place of its batch.
    pub batch: Arc<Semaphore>,
    /// Its open connections to the institutions' listener.
    connections: Arc<Semaphore>,
    /// What of it is suspended.
    pub(crate) suspensions: Arc<Suspensions>,
    /// Refusals that may suspend it or its staff.
    pub(crate) offences: Arc<Offences>,
    /// Its certificates now: a query that began before the last change asks here.
    certified: Arc<ArcSwap<Vec<Thumbprint>>>,
}

/// How one institution reads its own receipts and records: as fast as it may ask, so many waiting at once, one after the
/// other. What it reads takes nothing of what it may ask, nor of what another institution may read.
#[derive(Debug)]
pub struct Reads {
    /// Reads a second and at once: the institution's own rate, counted apart from its queries.
    pub rates: Rates,
    /// Places for reads that wait or are under way.
    pub waiting: Semaphore,
    /// The one turn of the institution.
    pub turn: Semaphore,
}

/// So many reads of one institution may wait or be under way; each takes a few KiB.
const READS_WAITING: usize = 128;

impl Institution {
    /// Whether all of it is suspended now.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspensions.is_whole()
    }

    /// Whether it may call with this certificate now, also where it began to ask before its certificates changed.
    #[must_use]
    pub fn has_certificate(&self, certificate: Thumbprint) -> bool {
        self.certified.load().contains(&certificate)
    }

    /// It as it is with other certificates: what it asked so far, and whether it is suspended, stay as they are.
    fn with_certificates(&self, certificates: &[Thumbprint]) -> Self {
        Self {
            record: InstitutionRecord { certificates: certificates.to_vec(), ..self.record.clone() },
            digests: certificates.iter().map(|certificate| certificate.into_bytes()).collect(),
            rates: Arc::clone(&self.rates),
            floods: Arc::clone(&self.floods),
            refusals: Arc::clone(&self.refusals),
            reads: Arc::clone(&self.reads),
            journeys: Arc::clone(&self.journeys),
            batch: Arc::clone(&self.batch),
            connections: Arc::clone(&self.connections),
            suspensions: Arc::clone(&self.suspensions),
            offences: Arc::clone(&self.offences),
            certified: Arc::clone(&self.certified),
        }
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

/// Whether the kind of an institution, and those of the institutions for which it may ask, are of the catalogue.
///
/// # Errors
/// [`RegisterError::Kind`]: the first that is not.
pub(crate) fn has_known_kinds(record: &InstitutionRecord, catalogue: &Catalogue) -> Result<(), RegisterError> {
    let ends = record.on_behalf_of.iter().map(|end| end.kind);
    let unknown = std::iter::once(record.kind).chain(ends).find_map(|kind| catalogue.kind(kind.as_str()).err());
    unknown.map_or(Ok(()), |why| Err(RegisterError::Kind { id: record.id.as_str().to_owned(), why }))
}

/// Why an institution cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The id is taken.
    #[error(
        "institution `{0}` is registered already: give it another certificate with `institution add-certificate`, or \
         choose another id"
    )]
    IdTaken(String),
    /// The certificate belongs to another.
    #[error(
        "certificate `{}` of `{id}` is registered for `{other}`: give each institution certificates of its own",
        certificate.hex()
    )]
    CertificateTaken {
        /// The new institution.
        id: String,
        /// The thumbprint.
        certificate: Thumbprint,
        /// Who has it.
        other: String,
    },
    /// It has this certificate already.
    #[error("institution `{id}` has the certificate `{}` already", certificate.hex())]
    AlreadyHas {
        /// The institution.
        id: String,
        /// The thumbprint.
        certificate: Thumbprint,
    },
    /// It does not have this certificate.
    #[error("institution `{id}` does not have the certificate `{}`: see `institution list`", certificate.hex())]
    HasNot {
        /// The institution.
        id: String,
        /// The thumbprint.
        certificate: Thumbprint,
    },
    /// Without this certificate it could not call, and could not be given its answers.
    #[error(
        "`{}` is the only certificate of `{id}`: add the next one first, or suspend the institution with \
         `institution suspend`", certificate.hex()
    )]
    LastCertificate {
        /// The institution.
        id: String,
        /// The thumbprint.
        certificate: Thumbprint,
    },
    /// No such institution.
    #[error("institution `{0}` is not in the register: see `institution list`")]
    Unknown(String),
    /// A certificate file cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The catalogue does not know its kind.
    #[error("institution `{id}`: {why}")]
    Kind {
        /// The institution.
        id: String,
        /// Which kinds there are.
        why: UnknownKind,
    },
    /// It has no certificate, or a limit that is none.
    #[error("institution `{id}`: {why}")]
    Unusable {
        /// The institution.
        id: String,
        /// What to write instead.
        why: &'static str,
    },
}

#[derive(Default, Clone)]
struct Table {
    by_certificate: HashMap<Thumbprint, Arc<Institution>>,
    by_id: BTreeMap<InstitutionId, Arc<Institution>>,
    /// Every certificate that an institution has or had.
    ever: HashSet<Thumbprint>,
}

/// The register.
pub struct Register {
    table: ArcSwap<Table>,
    journeys_per_institution: usize,
    connections_per_institution: usize,
    /// Open connections of those who have no business at a door.
    strangers: Arc<Semaphore>,
    flood_multiple: NonZeroU32,
    /// Where rates are kept together with other gateways.
    lender: Option<Arc<Lender>>,
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
            lender: None,
        }
    }

    /// The same, which keeps the rates of institutions together with other gateways.
    #[must_use]
    pub(crate) fn lent_by(self, lender: Option<Arc<Lender>>) -> Self {
        Self { lender, ..self }
    }

    /// Who lends it rates, where they are kept together.
    pub(crate) fn lender(&self) -> Option<&Arc<Lender>> {
        self.lender.as_ref()
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

    /// Whether a certificate is one of an institution here, or was: then it speaks for nobody else.
    #[must_use]
    pub fn ever_had(&self, certificate: Thumbprint) -> bool {
        self.table.load().ever.contains(&certificate)
    }

    /// Takes in certificates that institutions had, whoever has them now.
    pub(crate) fn remember(&self, certificates: impl IntoIterator<Item = Thumbprint>) {
        let mut table = Table::clone(&self.table.load());
        table.ever.extend(certificates);
        self.table.store(Arc::new(table));
    }

    /// The institution with this id.
    ///
    /// # Errors
    /// [`RegisterError::Unknown`].
    pub fn by_id(&self, id: &str) -> Result<Arc<Institution>, RegisterError> {
        let found = InstitutionId::parse(id).ok().and_then(|id| self.table.load().by_id.get(&id).cloned());
        found.ok_or_else(|| RegisterError::Unknown(id.to_owned()))
    }

    /// All institutions, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Institution>> {
        self.table.load().by_id.values().cloned().collect()
    }

    /// Says whether `record` could be added.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, record: &InstitutionRecord) -> Result<(), RegisterError> {
        self.with(record).map(drop)
    }

    /// Adds an institution. Called once its leaf is durable (or at start, from the file and from the record).
    ///
    /// # Errors
    /// When its id or a certificate is taken, or a value is unusable.
    pub fn add(&self, record: &InstitutionRecord) -> Result<(), RegisterError> {
        let table = self.with(record)?;
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// What an institution is with one more certificate.
    ///
    /// # Errors
    /// When there is no such institution, or the certificate is somebody's already.
    pub(crate) fn with_one_more(&self, id: &str, certificate: Thumbprint) -> Result<InstitutionRecord, RegisterError> {
        let known = self.by_id(id)?;
        if let Some(other) = self.by_certificate(certificate) {
            let id = id.to_owned();
            return Err(match other.id() == id {
                true => RegisterError::AlreadyHas { id, certificate },
                false => RegisterError::CertificateTaken { id, certificate, other: other.id().to_owned() },
            });
        }
        let mut record = known.record.clone();
        record.certificates.push(certificate);
        Ok(record)
    }

    /// What an institution is without one of its certificates.
    ///
    /// # Errors
    /// When there is no such institution, it does not have the certificate, or has no other.
    pub(crate) fn without(&self, id: &str, certificate: Thumbprint) -> Result<InstitutionRecord, RegisterError> {
        let mut record = self.by_id(id)?.record.clone();
        let id = id.to_owned();
        if !record.certificates.contains(&certificate) {
            return Err(RegisterError::HasNot { id, certificate });
        }
        record.certificates.retain(|known| *known != certificate);
        if record.certificates.is_empty() {
            Err(RegisterError::LastCertificate { id, certificate })
        } else {
            Ok(record)
        }
    }

    /// Gives an institution these certificates from here on. Who calls with another is nobody's from the next query on,
    /// and what is under way with it is refused in the queue of the log.
    ///
    /// # Errors
    /// [`RegisterError::Unknown`].
    pub(crate) fn set_certificates(&self, id: &str, certificates: &[Thumbprint]) -> Result<(), RegisterError> {
        let known = self.by_id(id)?;
        let changed = Arc::new(known.with_certificates(certificates));
        let mut table = Table::clone(&self.table.load());
        table.remove(id);
        table.by_certificate.extend(certificates.iter().map(|certificate| (*certificate, Arc::clone(&changed))));
        table.ever.extend(certificates);
        table.by_id.insert(changed.record.id.clone(), Arc::clone(&changed));
        self.table.store(Arc::new(table));
        changed.certified.store(Arc::new(certificates.to_vec()));
        Ok(())
    }

    /// Registers an institution in the place of the one with its id; its certificates are nobody else's from here on.
    ///
    /// # Errors
    /// When a value is unusable.
    pub(crate) fn replace(&self, record: &InstitutionRecord) -> Result<(), RegisterError> {
        let institution = self.made_of(record)?;
        let mut table = Table::clone(&self.table.load());
        table.remove(record.id.as_str());
        let certificates = record.certificates.iter().map(|certificate| (*certificate, Arc::clone(&institution)));
        table.by_certificate.extend(certificates);
        table.ever.extend(&record.certificates);
        table.by_id.insert(record.id.clone(), institution);
        self.table.store(Arc::new(table));
        Ok(())
    }

    /// Registers what an institution is from here on, or a new one. What it asked so far, and whether it is suspended, stay
    /// as they are; how fast it may ask begins anew where that changed.
    ///
    /// # Errors
    /// When a value is unusable, or a certificate is another's.
    pub(crate) fn change(&self, record: &InstitutionRecord) -> Result<(), RegisterError> {
        let Ok(known) = self.by_id(record.id.as_str()) else { return self.add(record) };
        let made = self.made_of(record)?;
        let is_as_fast =
            known.record.limits == record.limits && known.record.on_behalf_of.len() == record.on_behalf_of.len();
        let (rates, reads) = if is_as_fast { (&known.rates, &known.reads) } else { (&made.rates, &made.reads) };
        let changed = Institution {
            record: record.clone(),
            rates: Arc::clone(rates),
            reads: Arc::clone(reads),
            ..known.with_certificates(&record.certificates)
        };
        let mut table = Table::clone(&self.table.load());
        table.put(Arc::new(changed))?;
        self.table.store(Arc::new(table));
        known.certified.store(Arc::new(record.certificates.clone()));
        Ok(())
    }

    /// Takes an institution out, if it is there; what is under way of it is refused in the queue of the log.
    pub(crate) fn remove(&self, id: &str) {
        if let Ok(known) = self.by_id(id) {
            known.certified.store(Arc::default());
        }
        let mut table = Table::clone(&self.table.load());
        table.remove(id);
        self.table.store(Arc::new(table));
    }

    fn with(&self, record: &InstitutionRecord) -> Result<Table, RegisterError> {
        let institution = self.made_of(record)?;
        let mut table = Table::clone(&self.table.load());
        if table.by_id.contains_key(&record.id) {
            return Err(RegisterError::IdTaken(record.id.as_str().to_owned()));
        }
        table.put(institution)?;
        Ok(table)
    }

    fn made_of(&self, record: &InstitutionRecord) -> Result<Arc<Institution>, RegisterError> {
        let unusable = |why| RegisterError::Unusable { id: record.id.as_str().to_owned(), why };
        let ends = u32::try_from(record.on_behalf_of.len()).ok().and_then(NonZeroU32::new);
        let rates = |limits: &Limits| rates(limits, self.flood_multiple, ends).map_err(unusable);
        let reads =
            Reads { rates: rates(&record.limits)?, waiting: Semaphore::new(READS_WAITING), turn: Semaphore::new(1) };
        if record.certificates.is_empty() {
            return Err(unusable("it has no certificate: name at least one"));
        }
        Ok(Arc::new(Institution {
            digests: record.certificates.iter().map(|certificate| certificate.into_bytes()).collect(),
            record: record.clone(),
            rates: Arc::new(match &self.lender {
                Some(lender) => rates(&record.limits)?.together(lender, record.id.as_str()),
                None => rates(&record.limits)?,
            }),
            reads: Arc::new(reads),
            floods: Arc::new(Floods::default()),
            refusals: Arc::new(SharedRefusals::new()),
            journeys: Arc::new(Semaphore::new(self.journeys_per_institution)),
            batch: Arc::new(Semaphore::new(1)),
            connections: Arc::new(Semaphore::new(self.connections_per_institution)),
            suspensions: Arc::default(),
            offences: Arc::default(),
            certified: Arc::new(ArcSwap::from_pointee(record.certificates.clone())),
        }))
    }
}

impl Table {
    /// Puts it in the place of the one with its id.
    fn put(&mut self, institution: Arc<Institution>) -> Result<(), RegisterError> {
        let InstitutionRecord { id, certificates, .. } = &institution.record;
        self.remove(id.as_str());
        for certificate in certificates {
            if let Some(other) = self.by_certificate.insert(*certificate, Arc::clone(&institution))
                && other.id() != id.as_str()
            {
                return Err(RegisterError::CertificateTaken {
                    id: id.as_str().to_owned(),
                    certificate: *certificate,
                    other: other.id().to_owned(),
                });
            }
        }
        self.ever.extend(certificates);
        self.by_id.insert(id.clone(), institution);
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.by_id.retain(|_, institution| institution.id() != id);
        self.by_certificate.retain(|_, institution| institution.id() != id);
    }
}

fn rates(limits: &Limits, flood_multiple: NonZeroU32, ends: Option<NonZeroU32>) -> Result<Rates, &'static str> {
    if let Some(fault) = limits.faults().first() {
        return Err(fault);
    }
    let own = Rate::new(limits.rate_per_s, limits.burst).ok_or("its rate must be at least 1")?;
    let staff =
        limits.operator_rate_per_s.zip(limits.operator_burst).and_then(|(per_s, burst)| Rate::new(per_s, burst));
    let rates = Rates::new(own, flood_multiple, staff);
    Ok(match ends {
        None => rates,
        Some(ends) => rates.for_ends(own, flood_multiple, ends),
    })
}
