//! The authorities and the revocation list in force, and what was found of certificates by it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use credit_audit::clock::Clock;
use jiff::Timestamp;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tokio::sync::watch;

use super::{
    authorities::{Authorities, AuthoritiesFault},
    cause::{Cause, LIST_ENDED},
    files::Files,
    hints::Hints,
    known::Known,
    list::ListError,
    lists::{self, Lists},
    remembered::Remembered,
    shown::note_shown,
    verifier::{Callers, MOST_INTERMEDIATES},
};
use crate::{
    callers::{chain::Chain, thumbprint::Thumbprint},
    settings::Tls,
};

/// Why nobody can be trusted. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of the authorities.
    #[error("cannot read `{path}`: {why}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: AuthoritiesFault,
    },
    /// The revocation list.
    #[error(transparent)]
    List(#[from] ListError),
}

impl TrustError {
    /// The authorities of a file.
    pub(super) fn authorities(path: &Path) -> Result<Authorities, Self> {
        Authorities::read(path).map_err(|why| Self::Authorities { path: path.to_owned(), why })
    }

    /// Whether it is so only at this time: a list that has ended, or a clock that is wrong.
    pub(crate) fn is_of_time(&self) -> bool {
        matches!(self, Self::List(error) if error.has_ended)
    }
}

/// The authorities and the revocation list in force.
pub struct Trust {
    pub(super) files: Files,
    hints: Hints,
    pub(super) clock: Arc<dyn Clock>,
    in_force: ArcSwap<InForce>,
    /// That of `in_force`, once a list took the place of the one before: what the queue of the log compares.
    generation: AtomicU64,
    changed: watch::Sender<u64>,
    known: Arc<Known>,
    remembered: Mutex<Remembered>,
}

/// Authorities and lists in force, and what was found of certificates by them.
pub(super) struct InForce {
    /// Counts up with each; a verdict is of one of them.
    pub(super) generation: u64,
    pub(super) authorities: Arc<Authorities>,
    pub(super) lists: Lists,
    callers: Arc<Callers>,
    verdicts: Mutex<HashMap<Thumbprint, bool>>,
}

impl Trust {
    /// Reads the authorities and their revocation lists; `data` is the folder where the numbers of the newest are kept.
    ///
    /// # Errors
    /// When a file is missing or unusable, or a list is past its next update, or older than one that was in force.
    pub fn read(tls: &Tls, data: &Path, clock: Arc<dyn Clock>) -> Result<Arc<Self>, TrustError> {
        // Before their contents: what is written in between is looked at again.
        let files = Files::new(tls);
        let authorities = TrustError::authorities(&tls.authorities)?;
        let path = &tls.revocation_list;
        let lists = lists::read(path, &authorities, clock.now())?;
        let remembered = Remembered::read(data)?;
        lists.follow_remembered(&remembered, path)?;
        let first = InForce::new(0, Arc::new(authorities), lists, path)?;
        Ok(Arc::new(Self {
            files,
            hints: Hints::new(first.callers.hints()),
            clock,
            in_force: ArcSwap::from_pointee(first),
            generation: AtomicU64::new(0),
            changed: watch::Sender::new(0),
            known: Arc::default(),
            remembered: Mutex::new(remembered),
        }))
    }

    /// Remembers the numbers of the lists in force beyond a restart, where they are not yet. Not for a gateway that only
    /// checks.
    ///
    /// # Errors
    /// When the file in the data folder cannot be written.
    pub fn remember(&self) -> io::Result<()> {
        let in_force = self.in_force.load_full();
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).keep(&in_force.lists.all)
    }

    /// The lists in force: issuer, and when the next is due.
    #[must_use]
    pub fn lists(&self) -> Vec<(String, Timestamp)> {
        self.in_force.load().lists.all.iter().map(|list| (list.issuer.clone(), list.next_update)).collect()
    }

    /// Authorities that are trusted no more, because the list of the authority above has revoked them.
    #[must_use]
    pub fn revoked_authorities(&self) -> Vec<String> {
        let in_force = self.in_force.load();
        let all = in_force.authorities.0.iter().zip(&in_force.lists.revoked);
        all.filter(|(_, is_out)| **is_out).map(|(authority, _)| authority.subject.clone()).collect()
    }

    /// Authorities that have no list, so that everybody whom they certified is refused.
    #[must_use]
    pub fn authorities_without_list(&self) -> Vec<String> {
        let in_force = self.in_force.load();
        let lists = &in_force.lists;
        let in_use = in_force.authorities.0.iter().zip(&lists.revoked).filter(|(_, is_out)| !**is_out);
        let without = in_use.filter(|(authority, _)| !lists.all.iter().any(|list| list.is_by(authority)));
        without.map(|(authority, _)| authority.subject.clone()).collect()
    }

    /// Whether a certificate, with those between it and its authority, will be let in now.
    ///
    /// # Errors
    /// Why not.
    pub fn examine(&self, chain: &[CertificateDer<'static>]) -> Result<(), Cause> {
        let (leaf, intermediates) = chain.split_first().ok_or(Cause::NoCertificate)?;
        if let Some(cause) = Cause::of_itself(leaf) {
            return Err(cause);
        }
        let verified = self.verify_client_cert(leaf, intermediates, unix_time(self.clock.now()));
        verified.map(drop).map_err(|error| Cause::of(&error))
    }

    /// When the list in force ought to be followed by the next.
    #[must_use]
    pub fn next_update(&self) -> Timestamp {
        self.in_force.load().lists.next_update
    }

    /// Whether the list in force is past its next update: then nobody is trusted.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.clock.now() >= self.next_update()
    }

    /// Checks every open connection again: certificates end by themselves, too, and so does a list.
    pub fn check_again(&self) {
        let before = self.in_force.load();
        self.put(InForce {
            generation: before.generation + 1,
            authorities: Arc::clone(&before.authorities),
            lists: before.lists.clone(),
            callers: Arc::clone(&before.callers),
            verdicts: Mutex::default(),
        });
    }

    pub(super) fn put(&self, next: InForce) {
        let generation = next.generation;
        self.hints.follow(next.callers.hints());
        self.in_force.store(Arc::new(next));
        self.generation.store(generation, Ordering::SeqCst);
        self.changed.send_replace(generation);
    }

    /// The generation of the list in force: one atomic load.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Told of each list that takes the place of the one before.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The certificates that are known.
    pub(crate) fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Whether a certificate that is known is trusted by the list in force, whoever presents it. One that is not known is
    /// not: the list says nothing of it.
    pub(super) fn trusts_known(&self, thumbprint: Thumbprint) -> bool {
        let now = self.clock.now();
        self.known.get(thumbprint).is_some_and(|chain| self.in_force.load().verify_chain(&chain, now))
    }

    /// Whether `list` trusts a certificate now. Verifies it once a list; no lock is held meanwhile, so that one chain
    /// that takes its time makes nobody else wait.
    pub(super) fn trusts(&self, list: &InForce, chain: &Chain) -> bool {
        if let Some(known) = list.verdicts().get(&chain.thumbprint()) {
            return *known;
        }
        let valid = list.verify_chain(chain, self.clock.now());
        list.verdicts().insert(chain.thumbprint(), valid);
        valid
    }
}

impl InForce {
    /// From the file of the lists at `path`.
    pub(super) fn new(
        generation: u64,
        authorities: Arc<Authorities>,
        lists: Lists,
        path: &Path,
    ) -> Result<Self, ListError> {
        let callers = Callers::new(&authorities, &lists).map_err(|error| ListError::unusable(path, error))?;
        Ok(Self { generation, authorities, lists, callers: Arc::new(callers), verdicts: Mutex::default() })
    }

    fn verdicts(&self) -> MutexGuard<'_, HashMap<Thumbprint, bool>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verify_chain(&self, chain: &Chain, now: Timestamp) -> bool {
        let split = chain.certificates().split_first();
        split.is_some_and(|(leaf, intermediates)| self.verify(leaf, intermediates, unix_time(now)).is_ok())
    }

    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if intermediates.len() > MOST_INTERMEDIATES {
            return Err(rustls::Error::General("the certificate chain is too long".to_owned()));
        }
        self.callers.verify(leaf, intermediates, now)
    }
}

fn unix_time(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default()))
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What rustls asks: all of it is the verifier's of the list in force.
impl ClientCertVerifier for Trust {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.hints.names()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.in_force.load().verify(end_entity, intermediates, now).map_err(|error| match error {
            // Of our list, not of the caller's certificate: rustls would tell the caller of an unknown authority.
            rustls::Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext { .. }) => {
                rustls::Error::General(LIST_ENDED.to_owned())
            }
            error => error,
        });
        note_shown(end_entity);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.in_force.load().callers.any().verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.in_force.load().callers.any().verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.in_force.load().callers.any().supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{callers::trust::CertificateStatus, scratch::Scratch};
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
        ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
    };

    struct Stepped(Mutex<Timestamp>);

    impl Clock for Stepped {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    /// An authority, a certificate and a list that end on these days of January 2030.
    fn trust(clock: &Arc<Stepped>, leaf_ends: u8, list_ends: u8) -> (Scratch, Arc<Trust>, Arc<CertificateStatus>) {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2029, 12, 30), date_time_ymd(2030, 1, leaf_ends));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2029, 12, 30),
            next_update: date_time_ymd(2030, 1, list_ends),
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let folder = Scratch::new();
        let path = folder.path().join("crl.pem");
        fs::write(&path, list.signed_by(&issuer).unwrap().pem().unwrap()).unwrap();
        let authorities = folder.path().join("ca.pem");
        fs::write(&authorities, issuer.pem()).unwrap();
        let tls = Tls { authorities, certificate: PathBuf::new(), key: PathBuf::new(), revocation_list: path };
        let clock = Arc::clone(clock);
        let trust = Trust::read(&tls, folder.path(), clock).unwrap();
        let status = CertificateStatus::new(&trust, &[leaf.der().clone()]).unwrap();
        (folder, trust, status)
    }

    fn at(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[tokio::test]
    async fn a_certificate_that_ends_while_its_connection_is_open_is_trusted_no_more() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, status) = trust(&clock, 2, 9);
        assert!(status.is_valid());
        let waiting = tokio::spawn({
            let status = Arc::clone(&status);
            async move { status.revoked().await }
        });
        *clock.0.lock().unwrap() = at("2030-01-02");
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && status.is_valid(), "it is asked about once a minute");
        trust.check_again();
        assert!(!status.is_valid());
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }

    #[test]
    fn past_its_next_update_a_list_lets_nobody_in() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, status) = trust(&clock, 9, 4);
        assert!(!trust.is_expired() && status.is_valid());
        *clock.0.lock().unwrap() = at("2030-01-04");
        assert!(trust.is_expired());
        trust.check_again();
        assert!(!status.is_valid());
        assert!(trust.reload(false).is_none());
        let why = trust.reload(true).unwrap().list.unwrap_err();
        assert!(why.to_string().contains("2030-01-04T00:00:00Z"), "{why}");
    }

    #[test]
    fn another_certificate_is_trusted_while_it_is_known_and_in_its_time() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, status) = trust(&clock, 3, 9);
        assert!(status.trusts_also(status.thumbprint()) && !status.trusts_also(Thumbprint::of(b"unknown")));
        let foreign = rcgen::generate_simple_self_signed([]).unwrap().cert.der().clone();
        let foreign = Chain::new(vec![foreign]).unwrap();
        trust.known().register(foreign.clone());
        assert!(!status.trusts_also(foreign.thumbprint()));
        *clock.0.lock().unwrap() = at("2030-01-03");
        assert!(!status.trusts_also(status.thumbprint()));
    }

    #[test]
    fn callers_are_told_the_names_of_new_authorities() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (folder, trust, _) = trust(&clock, 9, 9);
        assert_eq!(trust.root_hint_subjects().len(), 1);
        let path = folder.path().join("ca.pem");
        let other = rcgen::generate_simple_self_signed([]).unwrap().cert.pem();
        fs::write(&path, fs::read_to_string(&path).unwrap() + &other).unwrap();
        let looked = trust.reload(false).unwrap();
        assert!(looked.authorities.unwrap() && !looked.list.unwrap());
        assert_eq!(trust.root_hint_subjects().len(), 2);
    }

    #[test]
    fn a_caller_without_a_certificate_has_no_status() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, _) = trust(&clock, 9, 4);
        assert!(CertificateStatus::new(&trust, &[]).is_none());
    }

    #[test]
    fn a_newer_list_that_was_not_asked_about_a_certificate_does_not_let_it_through_the_queue() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, status) = trust(&clock, 9, 20);
        assert!(!status.is_still_valid(), "nobody asked yet");
        assert!(status.is_valid() && status.is_still_valid());
        trust.check_again();
        assert!(!status.is_still_valid(), "the newest list was not asked");
        assert!(status.is_valid() && status.is_still_valid());
        *clock.0.lock().unwrap() = at("2030-01-09");
        trust.check_again();
        assert!(!status.is_valid() && !status.is_still_valid());
    }

    #[test]
    fn a_chain_that_is_too_long_is_not_even_verified() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, status) = trust(&clock, 9, 20);
        let now = unix_time(at("2030-01-01"));
        let leaf = status.chain().first().unwrap();
        let padded = |count| trust.verify_client_cert(leaf, &vec![leaf.clone(); count], now);
        assert!(padded(MOST_INTERMEDIATES).is_ok());
        let refused = padded(MOST_INTERMEDIATES + 1).unwrap_err();
        assert!(refused.to_string().contains("too long"), "{refused}");
    }
}
