//! When certificates of the register end: those that the configuration names are read, of those that were registered by
//! command it is kept beside the log. Only for lists and warnings: whether a certificate is trusted is for
//! [`trust`](super::trust) alone to say.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use jiff::Timestamp;

use super::{
    register::{Institution, Register},
    thumbprint::{Thumbprint, certificates_of_file},
};
use crate::settings::Settings;

/// By fingerprint in hexadecimal digits.
pub(crate) type Expiries = BTreeMap<String, Timestamp>;

/// When a certificate in DER ends.
#[must_use]
pub(crate) fn of(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// All that is known. What cannot be read is not known.
#[must_use]
pub(crate) fn known(settings: &Settings) -> Expiries {
    let mut known = kept(settings);
    for path in settings.institutions.iter().flat_map(|entry| &entry.certificates) {
        if let Some(first) = certificates_of_file(path).ok().and_then(|chain| chain.into_iter().next())
            && let Some(ends) = of(&first)
        {
            known.insert(Thumbprint::of(&first).hex(), ends);
        }
    }
    known
}

/// When each institution is without a certificate that has not ended. One with a certificate of which the end is not
/// known is left out.
#[must_use]
pub(crate) fn of_institutions(settings: &Settings, register: &Register) -> Vec<(String, Timestamp)> {
    let known = known(settings);
    let last = |institution: &Institution| {
        let ends = institution.record.certificates.iter().map(|certificate| known.get(&certificate.hex()).copied());
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    };
    let all = register.all().into_iter();
    all.filter_map(|institution| Some((institution.id().to_owned(), last(&institution)?))).collect()
}

/// Keeps when these certificates end.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn keep(settings: &Settings, news: &Expiries) -> io::Result<()> {
    let mut all = kept(settings);
    all.extend(news.iter().map(|(fingerprint, ends)| (fingerprint.clone(), *ends)));
    let path = path(settings);
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(&all)?)?;
    fs::rename(new, path)
}

/// Of those that were registered by command.
#[must_use]
pub(crate) fn kept(settings: &Settings) -> Expiries {
    fs::read(path(settings)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn path(settings: &Settings) -> PathBuf {
    settings.data.dir.join("certificates.json")
}
