//! The revocation lists of one file: the newest of each issuer, and whether they may follow those before.

use std::path::Path;

use jiff::Timestamp;
use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject};

use super::{
    anchors,
    authorities::Authorities,
    list::{List, ListError},
    remembered::Remembered,
};
use crate::callers::thumbprint::plain;

/// The lists of one file, the newest of each issuer, and which authorities are no anchors by them.
#[derive(Clone)]
pub(super) struct Lists {
    pub(super) all: Vec<List>,
    /// The first of their next updates.
    pub(super) next_update: Timestamp,
    /// By the places of the authorities.
    pub(super) revoked: Vec<bool>,
}

/// Reads the lists of a file and checks each: an authority's own, signed by it. Of two of one issuer the one with the
/// higher number counts; one that counts may not be past its next update.
pub(super) fn read(path: &Path, authorities: &Authorities, now: Timestamp) -> Result<Lists, ListError> {
    let unusable = |why: &dyn std::fmt::Display| ListError::unusable(path, why);
    let der: Vec<_> = CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(&plain(&error)))?;
    if der.is_empty() {
        return Err(unusable(&"it contains no list in PEM; convert it with `openssl crl -inform DER`"));
    }
    let mut all: Vec<List> = Vec::new();
    for list in &der {
        let list = List::read(list, authorities).map_err(|why| unusable(&why))?;
        match all.iter_mut().find(|known| known.is_of_issuer(&list)) {
            Some(known) if known.rank() < list.rank() => *known = list,
            Some(_) => {}
            None => all.push(list),
        }
    }
    let revoked = anchors::revoked(authorities, &all);
    // An authority that is revoked issues no more lists; nobody waits for its next.
    all.retain(|list| !anchors::is_out(authorities, &revoked, list));
    let mut next_update = Timestamp::MAX;
    for List { issuer, next_update: due, .. } in &all {
        if *due <= now {
            let why = format!(
                "the list of `{issuer}`: its next update was due at {due}; fetch the newest one from the authority (of a demo: \
                 make a new folder)"
            );
            return Err(ListError::ended(path, why));
        }
        next_update = next_update.min(*due);
    }
    Ok(Lists { all, next_update, revoked })
}

impl Lists {
    /// Whether these may take the place of `before`: an authority's older list would let in what it revoked since.
    pub(super) fn follow(&self, before: &Self, authorities: &Authorities, path: &Path) -> Result<(), ListError> {
        // One that is revoked now needs none.
        for old in before.all.iter().filter(|old| !anchors::is_out(authorities, &self.revoked, old)) {
            let Some(newer) = self.all.iter().find(|new| new.is_of_issuer(old)) else {
                let why = format!("`{}`, an authority that had a list, has none any more", old.issuer);
                return Err(ListError::unusable(path, why));
            };
            if newer.rank() < old.rank() {
                let why =
                    format!("the list of `{}`: its number is below that of the list in force: it is older", old.issuer);
                return Err(ListError::unusable(path, why));
            }
        }
        Ok(())
    }

    /// Whether none of them is older than the one that was in force last, also before a restart.
    pub(super) fn follow_remembered(&self, before: &Remembered, path: &Path) -> Result<(), ListError> {
        for list in &self.all {
            let Some(number) = before.number(list) else { continue };
            if list.rank() < Some((number.len(), &number)) {
                let why = format!(
                    "the list of `{}`: its number is below that of a list that was in force before: it is older; fetch the \
                     newest one, or, where the authority counts from the beginning again, remove `{}`",
                    list.issuer,
                    before.path().display()
                );
                return Err(ListError::unusable(path, why));
            }
        }
        Ok(())
    }

    /// Whether they are the same, to the byte.
    pub(super) fn are_those(&self, other: &Self) -> bool {
        self.all.iter().map(|list| &list.der).eq(other.all.iter().map(|list| &list.der))
    }
}
