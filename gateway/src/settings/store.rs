//! `[[store]]`: the data that the gateway answers from.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Deserialize;

/// One store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Its name in messages and figures: up to 32 lower-case letters, digits and hyphens.
    pub name: String,
    /// What it is.
    pub kind: StoreKind,
    /// Of kind `sqlite`: the file; opened read-only.
    pub path: Option<PathBuf>,
    /// Of kind `http`: its address, `https://store.example/credit`; plain `http` on this machine alone. Of kind `postgres`:
    /// `postgresql://user@host:5432/database`, never with a password; of several hosts, with commas between, each is tried.
    /// Of kind `gateway`: the address of its institutions' listener, `https://gateway.example:8443`.
    pub url: Option<String>,
    /// Of kind `postgres`: the file of the user's password, mode 0600; read again for each new connection.
    pub password_file: Option<PathBuf>,
    /// The authorities that its certificate must be of, in PEM. Of kind `postgres` it may be left out on this machine alone.
    pub authorities: Option<PathBuf>,
    /// The certificate that the gateway shows to it, in PEM.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM; of kind `postgres` of mode 0600.
    pub key: Option<PathBuf>,
    /// Of kind `gateway`: the file with the verifier key of the other gateway's log, its `log.vkey`; before a rotation of
    /// that key also the next one, a line each.
    pub vkey: Option<PathBuf>,
    /// Of kind `http`: a path at which it answers 2xx to a GET while it works; left out = it is up while it takes connections.
    pub probe: Option<String>,
    /// Connections at the same time; left out = 32 of kinds `http` and `gateway`, 16 of kind `postgres`.
    #[schemars(range(min = 1, max = 1_024))]
    pub connections: Option<usize>,
    /// Of kinds `http`, `gateway` and `postgres`: largest answer, in bytes; left out = 1 MiB.
    #[schemars(range(min = 1_024, max = 67_108_864))]
    pub answer_bytes: Option<usize>,
    /// What its tables are, where they are not the gateway's own: the name of a shipped map, or a file that ends in
    /// `.toml` (`docs/stores.md`).
    pub map: Option<PathBuf>,
    /// The classes of the data list that it has; left out = all of them, or all that its map has.
    pub classes: Option<Vec<String>>,
    /// Of kind `sqlite`: reader threads, each with a connection of its own; left out = one a core.
    #[schemars(range(min = 1, max = 256))]
    pub readers: Option<usize>,
    /// Look-ups that may wait in it or be under way; beyond, a query is refused as `store-timeout`.
    #[serde(default = "queue")]
    #[schemars(range(min = 1, max = 100_000))]
    pub queue: usize,
    /// A look-up that takes longer is interrupted and refused as `store-timeout`, in milliseconds.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: u64,
}

/// The kinds of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// An SQLite file, of which the gateway reads a private copy.
    Sqlite,
    /// A service that speaks JSON over HTTP/1.1 (`docs/formats.md`).
    Http,
    /// A PostgreSQL database, version 15 or later.
    Postgres,
    /// Another gateway, which decides and records too (`docs/stores.md`).
    Gateway,
}

impl StoreKind {
    /// Its name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Http => "http",
            Self::Postgres => "postgres",
            Self::Gateway => "gateway",
        }
    }
}

impl Store {
    /// The file of an SQLite store.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// The largest answer that is read, in bytes.
    pub(crate) fn largest_answer(&self) -> usize {
        self.answer_bytes.unwrap_or(1_024 * 1_024)
    }

    /// Keys that are given and belong to another kind: who wrote one expects something of it that does not happen.
    fn keys_of_other_kinds(&self) -> impl Iterator<Item = &'static str> {
        use StoreKind::{Gateway, Http, Postgres, Sqlite};
        let keys: [(&str, bool, &[StoreKind]); 12] = [
            ("path", self.path.is_some(), &[Sqlite]),
            ("readers", self.readers.is_some(), &[Sqlite]),
            ("url", self.url.is_some(), &[Http, Postgres, Gateway]),
            ("password_file", self.password_file.is_some(), &[Postgres]),
            ("authorities", self.authorities.is_some(), &[Http, Postgres, Gateway]),
            ("certificate", self.certificate.is_some(), &[Http, Postgres, Gateway]),
            ("key", self.key.is_some(), &[Http, Postgres, Gateway]),
            ("vkey", self.vkey.is_some(), &[Gateway]),
            ("probe", self.probe.is_some(), &[Http]),
            ("map", self.map.is_some(), &[Sqlite, Http, Postgres]),
            ("connections", self.connections.is_some(), &[Http, Postgres, Gateway]),
            ("answer_bytes", self.answer_bytes.is_some(), &[Http, Postgres, Gateway]),
        ];
        let kind = self.kind;
        keys.into_iter().filter(move |(_, is_given, kinds)| *is_given && !kinds.contains(&kind)).map(|(key, ..)| key)
    }

    /// The files that it names; a shipped map is none.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let map = self.map.as_mut().filter(|map| map.extension().is_some());
        let files = [
            &mut self.path,
            &mut self.password_file,
            &mut self.authorities,
            &mut self.certificate,
            &mut self.key,
            &mut self.vkey,
        ];
        files.into_iter().filter_map(Option::as_mut).chain(map)
    }

    /// What is wrong with it, a line each.
    fn faults(&self) -> Vec<String> {
        let (mut faults, name) = (Vec::new(), &self.name);
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(is_name) {
            faults.push(format!("store `{name}`: its name must be 1 to 32 lower-case letters, digits and hyphens"));
        }
        faults.extend(
            self.keys_of_other_kinds()
                .map(|key| format!("store `{name}`: kind {} does not know `{key}`: leave it out", self.kind.as_str())),
        );
        match self.kind {
            StoreKind::Sqlite if self.path.is_none() => {
                faults.push(format!("store `{name}`: kind sqlite needs `path`, the file"));
            }
            StoreKind::Sqlite => {}
            StoreKind::Http => faults.extend(self.http_faults()),
            StoreKind::Gateway => faults.extend(self.gateway_faults()),
            StoreKind::Postgres => {
                faults.extend(self.server().err().map(|fault| format!("store `{name}`: {fault}")));
            }
        }
        if self.connections.is_some_and(|connections| !(1..=1_024).contains(&connections)) {
            faults.push(format!("store `{name}`: connections must be between 1 and 1024"));
        }
        if self.answer_bytes.is_some_and(|bytes| !(1_024..=64 * 1_024 * 1_024).contains(&bytes)) {
            faults.push(format!("store `{name}`: answer_bytes must be between 1024 and 67108864"));
        }
        if !(1..=100_000).contains(&self.queue) {
            faults.push(format!("store `{name}`: queue must be between 1 and 100000"));
        }
        if !(1..=60_000).contains(&self.timeout_ms) {
            faults.push(format!("store `{name}`: timeout_ms must be between 1 and 60000"));
        }
        if self.readers.is_some_and(|readers| !(1..=256).contains(&readers)) {
            faults.push(format!("store `{name}`: readers must be between 1 and 256; leave it out for one a core"));
        }
        faults
    }

    fn gateway_faults(&self) -> Vec<String> {
        let (mut faults, name) = (Vec::new(), &self.name);
        let is_address = self.url.as_ref().is_some_and(|url| {
            let rest = url.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
        });
        if !is_address {
            faults.push(format!(
                "store `{name}`: kind gateway needs `url`, the address of its institutions' listener, such as https://gateway.example:8443"
            ));
        }
        if [&self.authorities, &self.certificate, &self.key, &self.vkey].iter().any(|file| file.is_none()) {
            faults.push(format!(
                "store `{name}`: kind gateway needs `authorities`, `certificate`, `key` and `vkey`, the key of its log"
            ));
        }
        faults
    }

    fn http_faults(&self) -> Vec<String> {
        let (mut faults, name) = (Vec::new(), &self.name);
        match &self.url {
            None => faults.push(format!("store `{name}`: kind http needs `url`, its address")),
            Some(url) if url.starts_with("https:") && self.authorities.is_none() => {
                faults.push(format!("store `{name}`: https needs `authorities`, which its certificate must be of"));
            }
            Some(_) => {}
        }
        if self.certificate.is_some() != self.key.is_some() {
            faults.push(format!("store `{name}`: give both `certificate` and `key`, or neither"));
        }
        if self.probe.as_ref().is_some_and(|path| !is_path(path)) {
            faults.push(format!("store `{name}`: probe must be a path such as /health"));
        }
        faults
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.parse::<hyper::http::uri::PathAndQuery>().is_ok()
}

/// What is wrong with the stores, a line each.
pub(super) fn faults(stores: &[Store]) -> Vec<String> {
    let mut faults: Vec<_> = stores.iter().flat_map(Store::faults).collect();
    let mut names = BTreeSet::new();
    for store in stores {
        if !names.insert(&store.name) {
            faults.push(format!("store `{}`: another store has this name", store.name));
        }
    }
    if stores.is_empty() {
        faults.push("there is no [[store]]: the gateway would have nothing to answer from".to_owned());
    }
    faults
}

fn queue() -> usize {
    1_024
}
fn timeout_ms() -> u64 {
    1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_kind_is_a_fault_that_names_key_and_kind() {
        for (key, value, kinds) in [
            ("path", "\"store.sqlite\"", &["sqlite"] as &[_]),
            ("readers", "2", &["sqlite"]),
            ("url", "\"http://127.0.0.1/\"", &["http", "postgres", "gateway"]),
            ("password_file", "\"word\"", &["postgres"]),
            ("authorities", "\"ca.pem\"", &["http", "postgres", "gateway"]),
            ("certificate", "\"c.pem\"", &["http", "postgres", "gateway"]),
            ("key", "\"k.pem\"", &["http", "postgres", "gateway"]),
            ("vkey", "\"other.vkey\"", &["gateway"]),
            ("probe", "\"/health\"", &["http"]),
            ("connections", "3", &["http", "postgres", "gateway"]),
            ("answer_bytes", "4096", &["http", "postgres", "gateway"]),
            ("map", "\"keyed\"", &["sqlite", "http", "postgres"]),
            ("classes", "[\"tax\"]", &["sqlite", "http", "postgres", "gateway"]),
            ("queue", "7", &["sqlite", "http", "postgres", "gateway"]),
            ("timeout_ms", "70", &["sqlite", "http", "postgres", "gateway"]),
        ] {
            for kind in ["sqlite", "http", "postgres", "gateway"] {
                let text = format!("name = \"own\"\nkind = \"{kind}\"\n{key} = {value}\n");
                let store: Store = toml::from_str(&text).unwrap();
                let told = format!("store `own`: kind {kind} does not know `{key}`: leave it out");
                assert_eq!(store.faults().contains(&told), !kinds.contains(&kind), "{kind} {key}");
            }
        }
    }
}
