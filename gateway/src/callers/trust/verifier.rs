//! What callers' certificates are checked by: one of the authorities, and revocation lists that are in force.

use std::sync::Arc;

use rustls::{
    CertRevocationListError, CertificateError, DistinguishedName, Error, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime},
    server::{
        VerifierBuilderError, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use super::{
    authorities::{Authorities, Authority},
    lists::Lists,
};

/// Certificates of a chain above the caller's own. A chain is checked again with each new list, so a caller must not make
/// it long; public authorities issue through one or two.
pub(super) const MOST_INTERMEDIATES: usize = 4;

/// A verifier for each group of authorities in which no two keys have one name: the first, and those for keys that an
/// authority has besides.
pub(super) struct Callers {
    first: Arc<dyn ClientCertVerifier>,
    others: Vec<Arc<dyn ClientCertVerifier>>,
}

impl Callers {
    pub(super) fn new(authorities: &Authorities, lists: &Lists) -> Result<Self, VerifierBuilderError> {
        let groups = authorities.groups(&lists.revoked);
        let mut verifiers = groups.iter().map(|group| of_group(group, lists)).collect::<Result<Vec<_>, _>>()?;
        if verifiers.is_empty() {
            return Err(VerifierBuilderError::NoRootAnchors);
        }
        let others = verifiers.split_off(1);
        let first = verifiers.pop().ok_or(VerifierBuilderError::NoRootAnchors)?;
        Ok(Self { first, others })
    }

    /// For what is the same with each: the signatures of a handshake.
    pub(super) fn any(&self) -> &Arc<dyn ClientCertVerifier> {
        &self.first
    }

    /// The names of the authorities, as callers are told them.
    pub(super) fn hints(&self) -> Vec<DistinguishedName> {
        let mut hints = self.first.root_hint_subjects().to_vec();
        for hint in self.others.iter().flat_map(|verifier| verifier.root_hint_subjects()) {
            if !hints.iter().any(|known| known.as_ref() == hint.as_ref()) {
                hints.push(hint.clone());
            }
        }
        hints
    }

    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut refused = match self.first.verify_client_cert(leaf, intermediates, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        for verifier in &self.others {
            match verifier.verify_client_cert(leaf, intermediates, now) {
                Ok(verified) => return Ok(verified),
                Err(error) if is_of_another(&refused) => refused = error,
                Err(_) => {}
            }
        }
        Err(refused)
    }
}

/// Whether a certificate was refused because it is not by these keys: then another key's verifier knows more.
fn is_of_another(error: &Error) -> bool {
    use CertificateError as E;
    matches!(
        error,
        Error::InvalidCertificate(
            E::UnknownIssuer | E::BadSignature | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
        )
    )
}

/// The lists of other keys with the name of one of the group are left out. A verifier without any list would not ask
/// whether a certificate is revoked: where none is left it gets all, and by a list of another key it refuses.
fn of_group(group: &[&Authority], lists: &Lists) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    let is_of_other_key = |name: &[u8], key: &[u8]| {
        let mut named = group.iter().filter(|authority| authority.name == name).peekable();
        named.peek().is_some() && named.all(|authority| authority.key != key)
    };
    let mut own: Vec<_> = lists.all.iter().filter(|list| !is_of_other_key(&list.name, &list.key)).collect();
    if own.is_empty() {
        own = lists.all.iter().collect();
    }
    let roots = roots(group.iter().map(|authority| authority.der().clone()))?;
    verifier(Arc::new(roots), own.into_iter().map(|list| list.der.clone()))
}

fn verifier(
    roots: Arc<RootCertStore>,
    lists: impl IntoIterator<Item = CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    WebPkiClientVerifier::builder_with_provider(roots, Arc::new(default_provider()))
        .with_crls(lists)
        .enforce_revocation_expiration()
        .build()
}

fn roots(authorities: impl Iterator<Item = CertificateDer<'static>>) -> Result<RootCertStore, VerifierBuilderError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(|_| VerifierBuilderError::NoRootAnchors)?;
    }
    Ok(roots)
}

/// Why there is no verifier, for somebody who does not know our libraries.
pub(super) fn plain(error: &VerifierBuilderError) -> String {
    use CertRevocationListError as E;
    let VerifierBuilderError::InvalidCrl(list) = error else {
        return "no authority is left: all are revoked by these lists".to_owned();
    };
    match list {
        E::UnsupportedDeltaCrl => "it contains a delta list: only complete ones are read",
        E::UnsupportedIndirectCrl => "it contains an indirect list: each authority must sign its own",
        E::UnsupportedRevocationReason => "it contains a list for some reasons only: lists for all reasons are read",
        E::UnsupportedCriticalExtension => "a list in it has a critical extension that is not supported",
        E::UnsupportedCrlVersion => "a list in it is not of version 2",
        _ => "a list in it is damaged: fetch it again from the authority",
    }
    .to_owned()
}

/// A verifier of its parts: for what is checked from outside.
///
/// # Errors
/// When they do not fit together.
#[doc(hidden)]
pub fn callers_verifier(
    authorities: &[CertificateDer<'static>],
    list: CertificateRevocationListDer<'static>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    verifier(Arc::new(roots(authorities.iter().cloned())?), [list])
}
