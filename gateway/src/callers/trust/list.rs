//! Revocation lists (RFC 5280 §5) as they are read from a file: whose they are, until when they hold, and which of two
//! is the newer one.
//!
//! What they revoke is for the verifier to say; it looks at signatures only when a certificate is asked about. A list
//! that it could not use then would turn everybody away, so it is refused here.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject};
use x509_parser::{
    certificate::X509Certificate, parse_x509_certificate, prelude::FromDer, revocation_list::CertificateRevocationList,
};

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

/// The lists of one file.
#[derive(Clone)]
pub(super) struct Lists {
    pub(super) der: Vec<CertificateRevocationListDer<'static>>,
    /// The first of their next updates.
    pub(super) next_update: Timestamp,
    numbers: Vec<Numbered>,
}

/// An issuer's name and the number of its list (RFC 5280 §5.2.3), where it has one.
#[derive(Clone)]
struct Numbered {
    issuer: Vec<u8>,
    number: Option<Vec<u8>>,
}

/// Reads the lists of a file and checks each: an authority's own, signed by it, and not past its next update.
pub(super) fn read(path: &Path, authorities: &[CertificateDer<'static>], now: Timestamp) -> Result<Lists, ListError> {
    let unusable = |why: &dyn std::fmt::Display| ListError::unusable(path, why);
    let der: Vec<_> = CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(&error))?;
    let mut next_update = Timestamp::MAX;
    let mut numbers = Vec::new();
    for list in &der {
        let (rest, list) = CertificateRevocationList::from_der(list).map_err(|_| unusable(&"it is no X.509 list"))?;
        if !rest.is_empty() {
            return Err(unusable(&"something follows the list"));
        }
        signed_by_one_of(authorities, &list).map_err(|why| unusable(&why))?;
        let due = stated_next_update(&list).map_err(|why| unusable(&why))?;
        if due <= now {
            let why = format!(
                "its next update was due at {due}; fetch the newest one from the authority (of a demo: make a new folder)"
            );
            return Err(ListError { has_ended: true, ..unusable(&why) });
        }
        next_update = next_update.min(due);
        let number = list.crl_number().map(|number| number.to_bytes_be());
        numbers.push(Numbered { issuer: list.issuer().as_raw().to_vec(), number });
    }
    if der.is_empty() {
        return Err(unusable(&"it contains no list in PEM; convert it with `openssl crl -inform DER`"));
    }
    Ok(Lists { der, next_update, numbers })
}

impl Lists {
    /// Whether these may take the place of `before`: an authority's older list would let in what it revoked since.
    pub(super) fn follow(&self, before: &Self, path: &Path) -> Result<(), ListError> {
        for old in &before.numbers {
            let newer = self.numbers.iter().find(|new| new.issuer == old.issuer);
            let Some(newer) = newer else {
                return Err(ListError::unusable(path, "an authority that had a list has none any more"));
            };
            // Big-endian and without leading zeros, so that the longer one is the greater.
            let rank = |numbered: &Numbered| numbered.number.clone().map(|number| (number.len(), number));
            if rank(newer) < rank(old) {
                return Err(ListError::unusable(path, "its number is below that of the list in force: it is older"));
            }
        }
        Ok(())
    }
}

fn signed_by_one_of(
    authorities: &[CertificateDer<'static>],
    list: &CertificateRevocationList<'_>,
) -> Result<(), String> {
    let issuer = list.issuer();
    let parsed = authorities.iter().filter_map(|der| parse_x509_certificate(der).ok()).map(|(_, parsed)| parsed);
    let named: Vec<_> = parsed.filter(|authority| authority.subject().as_raw() == issuer.as_raw()).collect();
    if named.is_empty() {
        return Err(format!("it is by `{issuer}`, which is none of `tls.authorities`"));
    }
    let signed = |authority: &&X509Certificate<'_>| list.verify_signature(authority.public_key()).is_ok();
    let Some(signer) = named.iter().find(signed) else {
        return Err(format!("its signature is not by the key of `{issuer}`; fetch it again from the authority"));
    };
    // RFC 5280 §6.3.3 (f).
    match signer.key_usage() {
        Ok(Some(usage)) if !usage.value.crl_sign() => Err(format!("`{issuer}` may not sign revocation lists")),
        Ok(_) => Ok(()),
        Err(_) => Err(format!("the certificate of `{issuer}` states its key usage twice")),
    }
}

fn stated_next_update(list: &CertificateRevocationList<'_>) -> Result<Timestamp, String> {
    let next_update = list.next_update().ok_or("it does not state its next update")?;
    Timestamp::from_second(next_update.timestamp()).map_err(|error| error.to_string())
}
