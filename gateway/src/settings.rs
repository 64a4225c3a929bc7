//! The configuration file: TOML → [`Settings`], once, at the edge.
//!
//! Every relative path is taken from the folder of the file. Unknown keys are refused, so that a typing error never
//! silently falls back to a default. The doc comments of the fields are the configuration reference.

mod approval;
mod bounds;
mod catalogue;
mod consent_issuer;
mod copy;
mod figures;
mod floods;
mod institution;
mod limits;
mod log;
mod objects;
mod persons;
mod postgres;
mod rates;
mod review;
mod route;
mod state;
mod store;
mod suspend_after;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use approval::{Approval, beside, to_follow};
pub(crate) use bounds::Bounds;
pub(crate) use catalogue::CatalogueSource;
pub(crate) use consent_issuer::ConsentIssuer;
pub(crate) use copy::CopySettings;
pub(crate) use figures::FigureSettings;
pub(crate) use floods::FloodSettings;
pub(crate) use institution::{
    EndInstitutionEntry, EndInstitutionError, InstitutionEntry, Role, SourceDepartment, ends_faults, name_fault,
};
pub use limits::Limits;
pub(crate) use log::{LogSettings, is_origin};
pub(crate) use objects::{LockMode, ObjectSettings};
pub(crate) use persons::{IdentifiedBy, Notices, OtherGateway, Persons, is_secure};
pub(crate) use rates::SharedRates;
pub(crate) use review::Review;
pub(crate) use route::{Route, RouteMember, RouteMethod, RouteSource};
pub(crate) use state::{SharedState, Standby};
pub(crate) use store::{Store, StoreKind};
pub(crate) use suspend_after::SuspendAfter;

/// A whole configuration, parsed and with its paths made absolute.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(
    title = "Configuration of credit-gateway",
    description = "Relative paths are taken from the folder of the file."
)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// True only for the folder that `credit-gateway demo` makes. Demo keys are refused without it, and with it every
    /// listener must be on loopback.
    #[serde(default)]
    pub demo: bool,
    /// Addresses of the five listeners.
    pub listen: Listen,
    /// Certificates of the server and of those who may call.
    pub tls: Tls,
    /// Where the record, the state and the admin socket live.
    pub data: Data,
    /// The log's name and timing.
    pub log: LogSettings,
    /// The key ring.
    pub keys: Keys,
    /// The data stores.
    #[serde(rename = "store", default)]
    pub stores: Vec<Store>,
    /// Interfaces that clients ask already, and that the gateway stands before.
    #[serde(rename = "route", default)]
    pub routes: Vec<Route>,
    /// Where several gateways count together; left out = this one counts alone.
    pub(crate) state: Option<SharedState>,
    /// The catalogue; left out = the one that is built in.
    #[serde(default)]
    pub catalogue: CatalogueSource,
    /// Bounds of the process.
    #[serde(default)]
    pub bounds: Bounds,
    /// What becomes of an institution that asks faster than it may and does not stop.
    #[serde(default)]
    pub floods: FloodSettings,
    /// Figures that are published.
    #[serde(default)]
    pub figures: FigureSettings,
    /// When the gateway suspends by itself.
    #[serde(default)]
    pub suspend_after: SuspendAfter,
    /// Which queries are reviewed.
    #[serde(default)]
    pub review: Review,
    /// What two officers approve.
    #[serde(default)]
    pub approval: Approval,
    /// How persons log in at their door; left out = the door is empty.
    pub persons: Option<Persons>,
    /// Notices that persons are owed.
    #[serde(default)]
    pub notices: Notices,
    /// What the process reports to its operator besides the log on standard error.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// Who may issue consents.
    #[serde(default, rename = "consent_issuer")]
    pub consent_issuers: Vec<ConsentIssuer>,
    /// Which department made the records of a class, and so decides objections to them.
    #[serde(default, rename = "source_department")]
    pub source_departments: Vec<SourceDepartment>,
    /// The register of institutions; more can be added to a running gateway (`institution add`).
    #[serde(default, rename = "institution")]
    pub institutions: Vec<InstitutionEntry>,
    /// The file that it was read from.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Addresses of the listeners.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Institutions, mutual TLS.
    pub institutions: SocketAddr,
    /// Persons, TLS; every path is answered 404 where there is no `persons`.
    pub persons: SocketAddr,
    /// Officers and auditors, mutual TLS.
    pub auditors: SocketAddr,
    /// The public: checkpoint, verifier key, hash tiles. Plain HTTP, nothing personal.
    pub public: SocketAddr,
    /// Metrics, health, readiness: loopback only.
    pub operations: SocketAddr,
    /// Health and readiness alone, never metrics, for a load balancer on another machine; left out = on `operations` only.
    pub readiness: Option<SocketAddr>,
}

/// How many listeners there are. They have as many ports in a row in demos and tests.
pub const LISTENERS: u16 = 5;

impl Listen {
    /// Each address that is opened.
    pub(crate) fn all(&self) -> Vec<SocketAddr> {
        let Self { institutions, persons, auditors, public, operations, readiness } = *self;
        [institutions, persons, auditors, public, operations].into_iter().chain(readiness).collect()
    }

    /// Two listeners cannot share an address, nor one of them have a port on all addresses that another has on one.
    fn clashes(&self) -> Vec<String> {
        let all = self.all();
        let clash = |one: &SocketAddr, other: &SocketAddr| {
            one.port() == other.port()
                && one.port() != 0
                && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
        };
        let pairs = all.iter().enumerate().flat_map(|(at, one)| all.iter().skip(at + 1).map(move |other| (one, other)));
        pairs
            .filter(|(one, other)| clash(one, other))
            .map(|(one, other)| format!("listen: two listeners are at {one} and {other}: give each a port of its own"))
            .collect()
    }

    fn are_loopback(&self) -> bool {
        let Self { institutions, persons, auditors, public, operations, readiness } = self;
        let always = [institutions, persons, auditors, public, operations];
        always.into_iter().chain(readiness).all(|address| address.ip().is_loopback())
    }
}

/// PEM files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificates of the authorities whose client certificates are trusted (PEM, one after the other). The file is read
    /// again when it changes and on SIGHUP; where it cannot be used, those before stay in force.
    pub authorities: PathBuf,
    /// The server's certificate chain.
    pub certificate: PathBuf,
    /// The server's private key, mode 0600.
    pub key: PathBuf,
    /// Revocation lists of the authorities (PEM, one after the other), each signed by one of them. The file is read again
    /// when it changes and on SIGHUP; past the next update of one of its lists nobody is served.
    pub revocation_list: PathBuf,
}

/// The data folder.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folder of `log/`, `wal/`, `state.snapshot` and `admin.sock`; made with mode 0700 if it is missing.
    pub dir: PathBuf,
    /// Whether an index of the log is kept, so that officers can search the record; with `persons` it is kept in any case.
    #[serde(default)]
    pub index: bool,
}

/// The key ring.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Folder of the ring.
    pub dir: PathBuf,
    /// File with the 32-byte key that encrypts the ring, mode 0600.
    pub key_file: Option<PathBuf>,
    /// File with a passphrase for it instead, mode 0600.
    pub passphrase_file: Option<PathBuf>,
}

/// What the process reports to its operator.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Address of an OpenTelemetry collector (OTLP over HTTP), for example `http://127.0.0.1:4318/v1/traces`; left out =
    /// no traces.
    pub traces: Option<String>,
}

fn is_http(address: &str) -> bool {
    let parsed = address.parse::<hyper::Uri>();
    parsed.is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()))
}

/// Why a configuration is not taken. Each is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML of the known shape; the text holds line and column.
    #[error("`{path}` is not a configuration: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Parser's text with line and column.
        message: String,
    },
    /// A value that cannot be right.
    #[error("`{path}`: {message}")]
    Value {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to write instead.
        message: String,
    },
}

impl Settings {
    /// Reads and checks a configuration file. All faults of values are told together.
    ///
    /// # Errors
    /// One [`SettingsError`] a fault.
    pub fn read(path: &Path) -> Result<Self, Vec<SettingsError>> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| vec![SettingsError::Read { path: path.to_owned(), source }])?;
        let mut settings: Self = toml::from_str(&text).map_err(|error| vec![unreadable(path, &text, &error)])?;
        let base =
            std::path::absolute(path).ok().and_then(|file| file.parent().map(Path::to_owned)).unwrap_or_default();
        settings.rebase(&base);
        settings.file = base.join(path.file_name().unwrap_or_default());
        let faults: Vec<_> = settings
            .faults()
            .into_iter()
            .map(|message| SettingsError::Value { path: path.to_owned(), message })
            .collect();
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// The file of the last signed size and root.
    #[must_use]
    pub fn second_place(&self) -> PathBuf {
        self.log.second_place.clone().unwrap_or_else(|| self.data.dir.join("wal/second-place"))
    }

    /// The socket over which commands change a running gateway.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.data.dir.join("admin.sock")
    }

    fn rebase(&mut self, base: &Path) {
        let mut paths = vec![
            &mut self.tls.authorities,
            &mut self.tls.certificate,
            &mut self.tls.key,
            &mut self.tls.revocation_list,
            &mut self.data.dir,
            &mut self.keys.dir,
        ];
        paths.extend(self.log.paths_mut());
        paths.extend(self.keys.key_file.as_mut());
        paths.extend(self.keys.passphrase_file.as_mut());
        paths.extend(self.catalogue.dir.as_mut());
        paths.extend(self.review.made_up.as_mut());
        paths.extend(self.persons.iter_mut().flat_map(Persons::paths_mut));
        paths.extend(self.stores.iter_mut().flat_map(Store::paths_mut));
        paths.extend(self.state.iter_mut().flat_map(SharedState::paths_mut));
        paths.extend(self.routes.iter_mut().filter_map(|route| route.map.as_mut()));
        paths.extend(self.consent_issuers.iter_mut().flat_map(|issuer| issuer.keys.iter_mut()));
        paths.extend(self.institutions.iter_mut().flat_map(|entry| entry.certificates.iter_mut()));
        for path in paths {
            *path = base.join(&*path);
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.catalogue.faults();
        faults.extend(self.log.faults());
        if self.keys.key_file.is_some() == self.keys.passphrase_file.is_some() {
            faults.push("keys needs exactly one of key_file and passphrase_file".to_owned());
        }
        if !self.listen.operations.ip().is_loopback() {
            faults.push(
                "listen.operations must be a loopback address: metrics and readiness are for this machine".to_owned(),
            );
        }
        if self.demo && !self.listen.are_loopback() {
            faults.push("demo = true allows loopback addresses only: its keys are known to everybody".to_owned());
        }
        faults.extend(self.listen.clashes());
        if let Some(traces) = self.telemetry.traces.as_ref().filter(|traces| !is_http(traces)) {
            faults.push(format!(
                "telemetry.traces `{traces}` must be an http address such as http://127.0.0.1:4318/v1/traces"
            ));
        }
        faults.extend(self.institutions.iter().flat_map(InstitutionEntry::faults));
        faults.extend(self.persons.iter().flat_map(|persons| persons.faults(&self.log.origin)));
        faults.extend(self.floods.fault().into_iter().chain(self.figures.fault()));
        faults.extend(self.suspend_after.fault());
        faults.extend(self.review.fault());
        faults.extend(self.notices.fault());
        faults.extend(self.bounds.faults());
        faults.extend(store::faults(&self.stores));
        faults.extend(route::faults(&self.routes));
        faults.extend(self.state.iter().flat_map(SharedState::faults));
        faults
    }
}

fn unreadable(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    let path = path.to_owned();
    // The form of the first release, which had one store: the parser would say only that a table is no array.
    if toml::from_str::<toml::Table>(text).is_ok_and(|all| all.get("store").is_some_and(toml::Value::is_table)) {
        let message = "[store] is the form of the first release; write [[store]] with name, kind = \"sqlite\" and path";
        return SettingsError::Value { path, message: message.to_owned() };
    }
    SettingsError::Parse { path, message: error.to_string().trim().replace('\n', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const SOUND: &str = r#"
[listen]
institutions = "127.0.0.1:1"
persons = "127.0.0.1:2"
auditors = "127.0.0.1:3"
public = "127.0.0.1:4"
operations = "127.0.0.1:5"
[tls]
authorities = "ca.pem"
certificate = "server.pem"
key = "server.key"
revocation_list = "/etc/crl.pem"
[data]
dir = "data"
[log]
origin = "credit-gateway.example/test/r1"
[keys]
dir = "keys"
key_file = "keys/ring.key"
[[store]]
name = "own"
kind = "sqlite"
path = "store.sqlite"
[[institution]]
id = "bank"
kind = "bank"
certificates = ["bank.pem"]
rate_per_s = 1
burst = 1
distinct_subjects_a_day = 1
look_ups_a_person_a_day = 1
"#;

    fn read(text: &str) -> (Scratch, Result<Settings, Vec<SettingsError>>) {
        let folder = Scratch::new();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let settings = Settings::read(&file);
        (folder, settings)
    }

    #[test]
    fn every_fault_is_told_with_what_to_write_instead() {
        for (right, wrong, told) in [
            ("[data]", "[data]\ncolour = 1", "colour"),
            ("origin = \"credit-gateway.example/test/r1\"", "origin = \"a b\"", "log.origin"),
            ("origin = \"credit-gateway.example/test/r1\"", "origin = \"a/\"", "log.origin"),
            ("[keys]", "publish_every_ms = 2000\n[keys]", "publish_every_ms"),
            ("[keys]", "segment_mib = 0\n[keys]", "segment_mib"),
            ("key_file = \"keys/ring.key\"", "", "exactly one of key_file"),
            ("[[store]]", "passphrase_file = \"p\"\n[[store]]", "exactly one of key_file"),
            ("operations = \"127.0.0.1:5\"", "operations = \"0.0.0.0:5\"", "listen.operations"),
            ("burst = 1", "burst = 0", "`bank`"),
            ("certificates = [\"bank.pem\"]", "certificates = []", "`bank`: it has no certificate"),
            ("id = \"bank\"", "id = \"Bank\"", "id"),
            ("kind = \"bank\"", "kind = \"Pawn shop\"", "kind of institution"),
            ("burst = 1", "burst = 1\ncolour = 1", "colour"),
            ("burst = 1", "burst = -1", "burst"),
            ("[[store]]", "[bounds]\njourneys = 0\n[[store]]", "bounds"),
            ("[[store]]", "[suspend_after]\nstaff_refusals = 0\nwithin_s = 60\n[[store]]", "suspend_after"),
            ("[[store]]", "[suspend_after]\nwithin_s = 0\n[[store]]", "within_s"),
            ("[[store]]", "[[store]]\nqueue = -1", "queue"),
            ("[[store]]\nname = \"own\"\nkind = \"sqlite\"\npath = \"store.sqlite\"\n", "", "there is no [[store]]"),
            ("[[store]]\nname = \"own\"\nkind = \"sqlite\"\npath", "[store]\nsqlite", "write [[store]]"),
        ] {
            assert!(SOUND.contains(right), "{right}");
            let faults = read(&SOUND.replacen(right, wrong, 1)).1.unwrap_err();
            assert!(faults.iter().any(|fault| fault.to_string().contains(told)), "{wrong}: {faults:?}");
        }
    }

    #[test]
    fn the_demo_stays_on_loopback() {
        let abroad = SOUND.replace("public = \"127.0.0.1:4\"", "public = \"0.0.0.0:4\"");
        assert!(read(&abroad).1.is_ok());
        let faults = read(&format!("demo = true\n{abroad}")).1.unwrap_err();
        assert!(faults[0].to_string().contains("loopback"));
    }

    #[test]
    fn several_faults_are_told_together() {
        let wrong = SOUND.replace("burst = 1", "burst = 0").replace("key_file = \"keys/ring.key\"", "");
        assert_eq!(read(&wrong).1.unwrap_err().len(), 2);
    }

    #[test]
    fn relative_paths_are_taken_from_the_folder_of_the_file() {
        let (folder, settings) = read(SOUND);
        let settings = settings.unwrap();
        let base = std::path::absolute(folder.path()).unwrap();
        assert_eq!(settings.tls.key, base.join("server.key"));
        assert_eq!(settings.tls.revocation_list, Path::new("/etc/crl.pem"));
        assert_eq!(settings.institutions[0].certificates[0], base.join("bank.pem"));
        assert_eq!(settings.second_place(), base.join("data/wal/second-place"));
        assert_eq!(settings.keys.key_file, Some(base.join("keys/ring.key")));
    }
}
