//! The TLS settings of the listeners; read before anything is opened.

use std::{fs::File, sync::Arc};

use credit_audit::clock::Clock;
use jiff::Timestamp;
use rustls::ServerConfig;

use super::StartError;
use crate::{
    callers::trust::Trust,
    doors::{elsewhere::Others, persons::provider::Provider},
    settings::{Settings, Tls},
    transport::tls::{self, Callers, TlsError},
};

/// Whom the listeners trust and what they show.
pub(crate) struct TlsSettings {
    pub(crate) trust: Arc<Trust>,
    pub(crate) certified: Arc<ServerConfig>,
    pub(crate) anyone: Arc<ServerConfig>,
    /// When the first certificate of the server's chain expires.
    pub(crate) expiry: Timestamp,
    /// The identity service of the persons' door, where there is one.
    pub(crate) identity: Option<Provider>,
    /// The operator's other gateways, which persons' pages ask.
    pub(crate) others: Others,
}

/// Which of the files are not there or cannot be opened: each is named, so that whoever brings them sees what is left.
pub(super) fn missing(tls: &Tls) -> Vec<StartError> {
    let Tls { authorities, certificate, key, revocation_list } = tls;
    let missing = [authorities, revocation_list, certificate, key].into_iter().filter_map(|path| {
        let source = File::open(path).err()?;
        Some(StartError::File { doing: "read", path: path.display().to_string(), source })
    });
    missing.collect()
}

impl TlsSettings {
    /// Reads certificates, key and revocation list.
    ///
    /// # Errors
    /// When a file is missing or unusable, and when the server's certificate is not valid now: no caller would connect.
    /// Each error names the file.
    pub(crate) fn read(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let tls = &settings.tls;
        let trust = Trust::read(tls, &settings.data.dir, Arc::clone(clock))?;
        let certified = tls::server_config(tls, Callers::Certified(Arc::clone(&trust) as _))?;
        let (begins, expiry) = tls::validity(tls)?;
        let now = clock.now();
        if now < begins || expiry <= now {
            return Err(TlsError::NotValidNow { path: tls.certificate.display().to_string(), begins, expiry }.into());
        }
        Ok(Self {
            certified,
            anyone: tls::server_config(tls, Callers::Anyone)?,
            trust,
            expiry,
            identity: None,
            others: Others::default(),
        })
    }
}
