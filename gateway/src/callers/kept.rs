//! Certificates of institutions as they were registered. Leaves have only their thumbprints, so those that were registered by
//! command are kept beside the log; whether one is registered still is for the register to say, and whether it is trusted
//! for [`trust`](super::trust).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::PathBuf,
};

use super::{
    chain::Chain,
    thumbprint::{Thumbprint, certificates_of_file},
};
use crate::settings::Settings;

/// By fingerprint in hexadecimal digits.
type ByFingerprint = BTreeMap<String, Chain>;

/// Every certificate that is known: those that were registered by command, then those that the configuration names. A file
/// that cannot be read has none.
#[must_use]
pub(crate) fn all(settings: &Settings) -> Vec<Chain> {
    let configured = settings.institutions.iter().flat_map(|entry| &entry.certificates);
    let configured = configured.filter_map(|path| Chain::new(certificates_of_file(path).ok()?));
    by_command(settings).unwrap_or_default().into_iter().chain(configured).collect()
}

/// What tells the public key of a certificate from others: SHA-256 of it in hexadecimal digits; nothing where the certificate
/// is not known.
#[must_use]
pub(crate) fn public_key(settings: &Settings, certificate: Thumbprint) -> Option<String> {
    let chain = all(settings).into_iter().find(|chain| chain.thumbprint() == certificate)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(chain.certificates().first()?).ok()?;
    Some(Thumbprint::of(parsed.public_key().raw).hex())
}

/// Those that were registered by command.
///
/// # Errors
/// When the file is there and cannot be read.
pub(crate) fn by_command(settings: &Settings) -> io::Result<Vec<Chain>> {
    read(settings).map(|kept| kept.into_values().collect())
}

/// Keeps these beside the log, under the settings' folder.
///
/// # Errors
/// When the file cannot be read or written; if the process dies meanwhile, those before are kept.
pub(crate) fn keep(settings: &Settings, news: &[Chain]) -> io::Result<()> {
    let mut all = read(settings)?;
    all.extend(news.iter().map(|chain| (chain.thumbprint().hex(), chain.clone())));
    let path = path(settings);
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(&all)?)?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn read(settings: &Settings) -> io::Result<ByFingerprint> {
    let path = path(settings);
    let fault = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| fault(error.into())),
        // A folder that is none is told of by those who need it.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(BTreeMap::new()),
        Err(error) => Err(fault(error)),
    }
}

fn path(settings: &Settings) -> PathBuf {
    settings.data.dir.join("certificates.json")
}
