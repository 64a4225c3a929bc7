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
    /// Of kinds `http` and `gateway`: largest answer, in bytes.
    #[serde(default = "answer_bytes")]
    #[schemars(range(min = 1_024, max = 67_108_864))]
    pub answer_bytes: usize,
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

impl Store {
    /// The file of an SQLite store.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
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
        match self.kind {
            StoreKind::Sqlite if self.path.is_none() => {
                faults.push(format!("store `{name}`: kind sqlite needs `path`, the file"));
            }
            StoreKind::Sqlite => {}
            StoreKind::Http => faults.extend(self.http_faults()),
            StoreKind::Gateway => faults.extend(self.gateway_faults()),
            StoreKind::Postgres => {
                if self.map.is_some() {
                    faults
                        .push(format!("store `{name}`: kind postgres takes no map: its tables are the gateway's own"));
                }
                faults.extend(self.server().err().map(|fault| format!("store `{name}`: {fault}")));
            }
        }
        if self.connections.is_some_and(|connections| !(1..=1_024).contains(&connections)) {
            faults.push(format!("store `{name}`: connections must be between 1 and 1024"));
        }
        if !(1_024..=64 * 1_024 * 1_024).contains(&self.answer_bytes) {
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
        if self.map.is_some() || self.probe.is_some() {
            faults.push(format!("store `{name}`: kind gateway takes no `map` and no `probe`"));
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
fn answer_bytes() -> usize {
    1_024 * 1_024
}
fn timeout_ms() -> u64 {
    1_000
}
