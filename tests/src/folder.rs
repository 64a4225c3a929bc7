//! Demo folders.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};

use credit_audit::{
    clock::{Clock, SystemClock},
    note::VerifierKey,
};
use credit_gateway::for_tests::folder::{self, PORTS};
use credit_policy::{Catalogue, catalogue};
use jiff::{civil::Date, tz::Offset};

use crate::{Caller, Leaf, Person, metric, persons, ports, scratch};

/// A demo folder of a test's own: a copy of one that is made once a process and month (same certificates, keys and people), with an
/// empty log, published often, and ports of its own in its `config.toml`. Removed when dropped.
pub struct Folder {
    path: PathBuf,
    port_base: u16,
}

const READY_MADE_PORTS: u16 = 8443;

/// Of the present month: when that turned, one from before would have the keys of two.
fn ready_made() -> PathBuf {
    static MADE: Mutex<Option<(Date, PathBuf)>> = Mutex::new(None);
    let mut made = MADE.lock().expect("a demo folder");
    let now = SystemClock::new().now();
    let month = Offset::UTC.to_datetime(now).date().first_of_month();
    let path = match made.take() {
        Some((of, path)) if of == month => path,
        _ => {
            let path = scratch::folder("ready-made").join("demo");
            let catalogue = Catalogue::load(&catalogue::shipped()).expect("the shipped catalogue");
            folder::make(&path, READY_MADE_PORTS, now, catalogue.today(now)).expect("a demo folder");
            path
        }
    };
    *made = Some((month, path.clone()));
    path
}

impl Folder {
    /// A new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a folder on disk is no default")]
    pub fn new() -> Self {
        let path = scratch::folder("folder").join("demo");
        let copied = Command::new("cp").arg("-a").args([&ready_made(), &path]).status().expect("cp");
        assert!(copied.success());
        let folder = Self { path, port_base: ports() };
        folder.edit_config(|config| {
            (0..PORTS).fold(config, |config, offset| {
                let (from, to) = (READY_MADE_PORTS + offset, folder.port_base + offset);
                config.replace(&format!(":{from}\""), &format!(":{to}\""))
            })
        });
        // Ten times as often as configured: tests wait for their leaves.
        folder.replace_in_config("publish_every_ms = 500", "publish_every_ms = 50");
        // At night and on weekends nearly everything that tests ask would be put before reviewers: leaves that nobody counts on.
        folder.replace_in_config("at_once = true", "at_once = false");
        folder
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// The first of its six ports.
    #[must_use]
    pub fn port_base(&self) -> u16 {
        self.port_base
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.join("config.toml")
    }

    /// Rewrites its configuration.
    pub fn edit_config(&self, edit: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config()).expect("config.toml");
        fs::write(self.config(), edit(text)).expect("config.toml");
    }

    /// Replaces a text that stands in its configuration.
    pub fn replace_in_config(&self, from: &str, to: &str) {
        self.edit_config(|text| {
            assert!(text.contains(from), "config.toml has no `{from}`");
            text.replace(from, to)
        });
    }

    /// Takes an institution out of its register.
    pub fn unregister(&self, id: &str) {
        self.edit_config(|text| {
            let mut tables: Vec<&str> = text.split("[[institution]]").collect();
            let before = tables.len();
            tables.retain(|table| !table.contains(&format!("\nid = \"{id}\"\n")));
            assert_eq!(tables.len() + 1, before, "`{id}` is registered once");
            tables.join("[[institution]]")
        });
    }

    /// A setting of one institution of its register.
    pub fn set_of_institution(&self, id: &str, from: &str, to: &str) {
        self.edit_config(|text| {
            let mut tables: Vec<String> = text.split("[[institution]]").map(str::to_owned).collect();
            let table = tables.iter_mut().find(|table| table.contains(&format!("\nid = \"{id}\"\n")));
            let table = table.expect("registered");
            assert!(table.contains(from), "`{id}` has no `{from}`");
            *table = table.replace(from, to);
            tables.join("[[institution]]")
        });
    }

    /// A caller with the certificate of `institutions/<name>.pem`, at the institutions' port.
    #[must_use]
    pub fn caller(&self, name: &str) -> Caller {
        Caller::of(&self.path, name, self.port_base)
    }

    /// All its people.
    #[must_use]
    pub fn persons(&self) -> Vec<Person> {
        persons(&self.path)
    }

    /// The numbers of those with a note.
    #[must_use]
    pub fn noted(&self, note: &str) -> Vec<String> {
        let found: Vec<_> = self.persons().into_iter().filter(|person| person.note == note).collect();
        assert!(!found.is_empty(), "nobody is `{note}`");
        found.into_iter().map(|person| person.number).collect()
    }

    /// The `nr`th person with a note: tests that share an instance take different ones.
    #[must_use]
    pub fn person(&self, note: &str, nr: usize) -> String {
        self.noted(note).swap_remove(nr)
    }

    /// The folder of its published log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.join("data/log")
    }

    /// The key that checkpoints of its log verify by.
    #[must_use]
    pub fn vkey(&self) -> VerifierKey {
        let text = fs::read_to_string(self.log().join("log.vkey")).expect("log.vkey");
        VerifierKey::parse(&text).expect("a verifier key")
    }

    /// Every leaf. Of a running gateway once all that was durable when this was called is published: a gateway under load
    /// never stands still.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let began = Instant::now();
        let figure = |what: &str| metric(self.port_base, &format!("credit_gateway_log_{what}_leaves"));
        let serves = || TcpStream::connect(("127.0.0.1", self.port_base + 4)).is_ok();
        if serves() {
            let durable = figure("durable");
            while serves() && figure("published") < durable {
                assert!(began.elapsed() < Duration::from_secs(30), "of {durable} leaves not all are published");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Leaf::all(&self.log())
    }

    /// The leaf at an index, waited for. That it is published within two seconds is a test of its own: this wait is for
    /// machines that are busy with other tests.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Leaf {
        let began = Instant::now();
        loop {
            if let Some(leaf) = Leaf::at(&self.log(), index) {
                return leaf;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "leaf {index} is not published");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(own) = self.path.parent() {
            // Left to the janitor where a process still writes into it.
            drop(fs::remove_dir_all(own));
        }
    }
}
