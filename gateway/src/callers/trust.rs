//! Whose certificates are trusted now: those of the authorities, but for what the revocation list in force has revoked.
//!
//! The list is read again when its file changes and on SIGHUP, and a new one holds at once: for handshakes, since this is
//! the verifier that rustls asks; for open connections, which are dropped; and for queries under way, which are asked
//! about once more in the queue of the log (like a suspension). What cannot be decided is refused: once the list in force
//! is past its next update, nobody is trusted.

mod list;
mod status;

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use credit_audit::clock::Clock;
use jiff::Timestamp;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tokio::sync::watch;

pub use list::ListError;
pub use status::CertificateStatus;

use crate::{callers::register::Thumbprint, transport::tls};

/// The authorities and the revocation list in force.
pub struct Trust {
    path: PathBuf,
    authorities: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
    hints: Vec<DistinguishedName>,
    clock: Arc<dyn Clock>,
    held: ArcSwap<ListInForce>,
    changed: watch::Sender<u64>,
    stamp: Mutex<Option<Stamp>>,
}

/// A list in force, and what was found of certificates by it.
struct ListInForce {
    /// Counts up with each; a verdict is of one of them.
    generation: u64,
    lists: list::Lists,
    verifier: Arc<dyn ClientCertVerifier>,
    verdicts: Mutex<HashMap<Thumbprint, bool>>,
}

/// What tells that a file is another one than before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp([i128; 5]);

impl Stamp {
    fn of(path: &std::path::Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        let instant = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Ok(Self([
            file.dev().into(),
            file.ino().into(),
            file.size().into(),
            instant(file.mtime(), file.mtime_nsec()),
            instant(file.ctime(), file.ctime_nsec()),
        ]))
    }
}

/// What came of a look at the file.
#[derive(Debug)]
pub enum Reload {
    /// It is the one that was looked at before.
    Same,
    /// A new list is in force.
    Taken,
    /// It cannot be used; the list before stays in force.
    Refused(ListError),
}

impl Trust {
    /// Reads the authorities' revocation list.
    ///
    /// # Errors
    /// [`ListError`] with the file and what to do.
    pub fn read(
        path: PathBuf,
        authorities: Vec<CertificateDer<'static>>,
        roots: RootCertStore,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, ListError> {
        let roots = Arc::new(roots);
        // Before the list itself: what is written in between is looked at again.
        let stamp = Stamp::of(&path).ok();
        let lists = list::read(&path, &authorities, clock.now())?;
        let held = ListInForce::new(0, lists, &path, &roots)?;
        let hints = held.verifier.root_hint_subjects().to_vec();
        Ok(Arc::new(Self {
            path,
            authorities,
            roots,
            hints,
            clock,
            held: ArcSwap::from_pointee(held),
            changed: watch::Sender::new(0),
            stamp: Mutex::new(stamp),
        }))
    }

    /// When the list in force ought to be followed by the next.
    #[must_use]
    pub fn next_update(&self) -> Timestamp {
        self.held.load().lists.next_update
    }

    /// Whether the list in force is past its next update: then nobody is trusted.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.clock.now() >= self.next_update()
    }

    /// Looks at the file, if it changed since the last look; `force` even if not.
    pub fn reload(&self, force: bool) -> Reload {
        let now = Stamp::of(&self.path).ok();
        let before = std::mem::replace(&mut *self.stamp.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now == before && !force {
            return Reload::Same;
        }
        match self.take_new() {
            Ok(()) => Reload::Taken,
            Err(error) => Reload::Refused(error),
        }
    }

    fn take_new(&self) -> Result<(), ListError> {
        let lists = list::read(&self.path, &self.authorities, self.clock.now())?;
        let held = self.held.load();
        lists.follow(&held.lists, &self.path)?;
        let next = ListInForce::new(held.generation + 1, lists, &self.path, &self.roots)?;
        self.put(next);
        Ok(())
    }

    /// Asks about every open connection anew: certificates end by themselves, too, and so does a list.
    pub fn ask_anew(&self) {
        let held = self.held.load();
        self.put(ListInForce {
            generation: held.generation + 1,
            lists: held.lists.clone(),
            verifier: Arc::clone(&held.verifier),
            verdicts: Mutex::default(),
        });
    }

    fn put(&self, held: ListInForce) {
        let generation = held.generation;
        self.held.store(Arc::new(held));
        self.changed.send_replace(generation);
    }

    /// Whether a certificate is trusted by the list in force, now.
    fn trusts(&self, held: &ListInForce, thumbprint: Thumbprint, chain: &[CertificateDer<'static>]) -> bool {
        let mut verdicts = held.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        *verdicts.entry(thumbprint).or_insert_with(|| {
            let now = Duration::from_secs(u64::try_from(self.clock.now().as_second()).unwrap_or_default());
            let Some((leaf, intermediates)) = chain.split_first() else { return false };
            held.verifier.verify_client_cert(leaf, intermediates, UnixTime::since_unix_epoch(now)).is_ok()
        })
    }
}

impl ListInForce {
    fn new(
        generation: u64,
        lists: list::Lists,
        path: &std::path::Path,
        roots: &Arc<RootCertStore>,
    ) -> Result<Self, ListError> {
        let verifier = tls::verifier(Arc::clone(roots), lists.der.iter().cloned())
            .map_err(|error| ListError::unusable(path, error))?;
        Ok(Self { generation, lists, verifier, verdicts: Mutex::default() })
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What rustls asks: all of it is the verifier's of the list in force.
impl ClientCertVerifier for Trust {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.held.load().verifier.verify_client_cert(end_entity, intermediates, now).map_err(|error| match error {
            // Of our list, not of the caller's certificate: rustls would tell the caller of an unknown authority.
            rustls::Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext { .. }) => {
                rustls::Error::General("the revocation list is past its next update".to_owned())
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.held.load().verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.held.load().verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.held.load().verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
        ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
    };
    use rustls::pki_types::pem::PemObject;

    use super::*;
    use crate::demo::scratch::Scratch;

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
        let authority = CertificateDer::from_pem_slice(issuer.pem().as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let clock = Arc::clone(clock);
        let trust = Trust::read(path, vec![authority], roots, clock).unwrap();
        let standing = CertificateStatus::new(&trust, &[leaf.der().clone()]).unwrap();
        (folder, trust, standing)
    }

    fn at(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().unwrap()
    }

    #[tokio::test]
    async fn a_certificate_that_ends_while_its_connection_is_open_is_trusted_no_more() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, standing) = trust(&clock, 2, 9);
        assert!(standing.is_valid());
        let waiting = tokio::spawn({
            let standing = Arc::clone(&standing);
            async move { standing.revoked().await }
        });
        *clock.0.lock().unwrap() = at("2030-01-02");
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && standing.is_valid(), "it is asked about once a minute");
        trust.ask_anew();
        assert!(!standing.is_valid());
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }

    #[test]
    fn past_its_next_update_a_list_lets_nobody_in() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, standing) = trust(&clock, 9, 4);
        assert!(!trust.is_expired() && standing.is_valid());
        *clock.0.lock().unwrap() = at("2030-01-04");
        assert!(trust.is_expired());
        trust.ask_anew();
        assert!(!standing.is_valid());
        assert!(matches!(trust.reload(false), Reload::Same));
        let Reload::Refused(why) = trust.reload(true) else { panic!("it was taken") };
        assert!(why.to_string().contains("2030-01-04T00:00:00Z"), "{why}");
    }

    #[test]
    fn a_caller_without_a_certificate_has_no_standing() {
        let clock = Arc::new(Stepped(Mutex::new(at("2030-01-01"))));
        let (_folder, trust, _) = trust(&clock, 9, 4);
        assert!(CertificateStatus::new(&trust, &[]).is_none());
    }
}
