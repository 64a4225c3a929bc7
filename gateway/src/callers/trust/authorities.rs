//! The authorities of the configuration: which of them certified which, and which have the same name.

use std::{fs, path::Path};

use rustls::{
    RootCertStore,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate};

use crate::callers::thumbprint::plain;

/// What is wrong with the file of the authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesFault {
    /// It is missing, or no PEM.
    #[error("{}", plain(.0))]
    Pem(#[from] pem::Error),
    /// It is PEM without a certificate.
    #[error("it contains no certificate")]
    Empty,
    /// A certificate of it is no authority's.
    #[error(transparent)]
    Unusable(#[from] rustls::Error),
    /// A certificate of it is none.
    #[error("it contains a certificate that is no X.509")]
    Certificate,
}

/// A certificate of `tls.authorities`.
pub(super) struct Authority {
    der: CertificateDer<'static>,
    /// Its subject and its public key in DER: who issues by this name and key.
    pub(super) name: Vec<u8>,
    pub(super) key: Vec<u8>,
    issuer: Vec<u8>,
    pub(super) serial: Vec<u8>,
    /// Its subject, for people.
    pub(super) subject: String,
}

/// All of them, in the order of the file.
pub(super) struct Authorities(pub(super) Vec<Authority>);

impl Authorities {
    pub(super) fn read(path: &Path) -> Result<Self, AuthoritiesFault> {
        // Of all others the reader of PEM says what is wrong, and not of a file that is none.
        fs::metadata(path).map_err(pem::Error::Io)?;
        let all: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect)?;
        if all.is_empty() {
            return Err(AuthoritiesFault::Empty);
        }
        all.into_iter().map(Authority::new).collect::<Result<_, _>>().map(Self)
    }

    /// Whether they are the same, to the byte.
    pub(super) fn are_those(&self, other: &Self) -> bool {
        self.0.iter().map(|authority| &authority.der).eq(other.0.iter().map(|authority| &authority.der))
    }

    /// Those of a name.
    pub(super) fn named<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = &'a Authority> {
        self.0.iter().filter(move |authority| authority.name == name)
    }

    /// The places of those whose key signed this one's certificate; its own key is none of them.
    pub(super) fn above<'a>(&'a self, authority: &'a Authority) -> impl Iterator<Item = usize> + 'a {
        let is_above = move |other: &Authority| {
            other.name == authority.issuer && other.key != authority.key && authority.is_signed_by(other)
        };
        self.0.iter().enumerate().filter(move |(_, other)| is_above(other)).map(|(nr, _)| nr)
    }

    /// Anchors in groups: within one, no two keys have the same name. A verifier finds a list by the name of its issuer
    /// alone, so an authority that turns its key needs a verifier for each.
    pub(super) fn groups(&self, out: &[bool]) -> Vec<Vec<&Authority>> {
        let mut groups: Vec<Vec<&Authority>> = Vec::new();
        for (authority, _) in self.0.iter().zip(out).filter(|(_, is_out)| !**is_out) {
            let fits = |group: &&mut Vec<&Authority>| {
                group.iter().all(|other| other.name != authority.name || other.key == authority.key)
            };
            match groups.iter_mut().find(fits) {
                Some(group) => group.push(authority),
                None => groups.push(vec![authority]),
            }
        }
        groups
    }
}

impl Authority {
    fn new(der: CertificateDer<'static>) -> Result<Self, AuthoritiesFault> {
        // As the verifier reads it, so that a certificate that it does not take is found now.
        RootCertStore::empty().add(der.clone())?;
        let (_, parsed) = parse_x509_certificate(&der).map_err(|_| AuthoritiesFault::Certificate)?;
        let (name, key) = (parsed.subject().as_raw().to_vec(), parsed.public_key().raw.to_vec());
        let (issuer, serial) = (parsed.issuer().as_raw().to_vec(), parsed.raw_serial().to_vec());
        let subject = parsed.subject().to_string();
        Ok(Self { name, key, issuer, serial, subject, der })
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Its certificate, which was read before.
    pub(super) fn parsed(&self) -> Option<X509Certificate<'_>> {
        parse_x509_certificate(&self.der).ok().map(|(_, parsed)| parsed)
    }

    fn is_signed_by(&self, other: &Self) -> bool {
        self.parsed()
            .zip(other.parsed())
            .is_some_and(|(own, other)| own.verify_signature(Some(other.public_key())).is_ok())
    }
}
