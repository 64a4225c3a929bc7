//! One revocation list (RFC 5280 §5): whose it is, until when it holds, and its number.
//!
//! What lists revoke of callers is for the verifier to say; it looks at signatures only when a certificate is asked about.
//! A list that it could not use then would turn everybody away, so it is refused here.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::CertificateRevocationListDer;
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::authorities::{Authorities, Authority};

/// Why a revocation list is not taken.
#[derive(Debug, thiserror::Error)]
#[error("the revocation list `{path}` cannot be used: {why}")]
pub struct ListError {
    path: String,
    why: String,
    /// It was due to be followed by a newer one.
    pub(super) has_ended: bool,
}

impl ListError {
    pub(super) fn unusable(path: &Path, why: impl std::fmt::Display) -> Self {
        Self { path: path.display().to_string(), why: why.to_string(), has_ended: false }
    }
}

impl ListError {
    /// Of a list that is past its next update.
    pub(super) fn ended(path: &Path, why: String) -> Self {
        Self { has_ended: true, ..Self::unusable(path, why) }
    }
}

/// The list of one issuer: of one name and one key.
#[derive(Clone)]
pub(super) struct List {
    pub(super) der: CertificateRevocationListDer<'static>,
    pub(super) name: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// Its issuer, for people.
    pub(super) issuer: String,
    /// Big-endian and without leading zeros (RFC 5280 §5.2.3), where it has one.
    pub(super) number: Option<Vec<u8>>,
    pub(super) next_update: Timestamp,
    /// Of the serial numbers in it, as they stand there, those that an authority has.
    pub(super) revoked: Vec<Vec<u8>>,
}

impl List {
    pub(super) fn read(der: &CertificateRevocationListDer<'static>, authorities: &Authorities) -> Result<Self, String> {
        let (rest, list) = CertificateRevocationList::from_der(der).map_err(|_| "it is no X.509 list")?;
        if !rest.is_empty() {
            return Err("something follows the list".to_owned());
        }
        let signer = signer(authorities, &list)?;
        let serials = list.iter_revoked_certificates().map(|revoked| revoked.raw_serial());
        let of_authority = |serial: &&[u8]| authorities.0.iter().any(|authority| authority.serial == *serial);
        Ok(Self {
            name: signer.name.clone(),
            key: signer.key.clone(),
            issuer: list.issuer().to_string(),
            number: list.crl_number().map(|number| number.to_bytes_be()),
            next_update: stated_next_update(&list)?,
            revoked: serials.filter(of_authority).map(<[u8]>::to_vec).collect(),
            der: der.clone(),
        })
    }

    /// Whether it is by this name and key.
    pub(super) fn is_by(&self, authority: &Authority) -> bool {
        self.name == authority.name && self.key == authority.key
    }

    /// What is compared of two of one issuer: the longer number is the greater.
    pub(super) fn rank(&self) -> Option<(usize, &[u8])> {
        self.number.as_deref().map(|number| (number.len(), number))
    }

    pub(super) fn is_of_issuer(&self, other: &Self) -> bool {
        self.name == other.name && self.key == other.key
    }
}

/// Of the authorities with the list's issuer as their name, the one whose key signed it.
fn signer<'a>(authorities: &'a Authorities, list: &CertificateRevocationList<'_>) -> Result<&'a Authority, String> {
    let issuer = list.issuer();
    let mut named = authorities.named(issuer.as_raw()).peekable();
    if named.peek().is_none() {
        return Err(format!("it is by `{issuer}`, which is none of `tls.authorities`"));
    }
    let mut signed = named.filter_map(|authority| {
        let parsed = authority.parsed()?;
        list.verify_signature(parsed.public_key()).is_ok().then_some((authority, parsed))
    });
    let Some((signer, parsed)) = signed.next() else {
        return Err(format!("its signature is not by the key of `{issuer}`; fetch it again from the authority"));
    };
    // RFC 5280 §6.3.3 (f).
    match parsed.key_usage() {
        Ok(Some(usage)) if !usage.value.crl_sign() => Err(format!("`{issuer}` may not sign revocation lists")),
        Ok(_) => Ok(signer),
        Err(_) => Err(format!("the certificate of `{issuer}` states its key usage twice")),
    }
}

fn stated_next_update(list: &CertificateRevocationList<'_>) -> Result<Timestamp, String> {
    let next_update = list.next_update().ok_or("it does not state its next update")?;
    Timestamp::from_second(next_update.timestamp()).map_err(|error| error.to_string())
}
