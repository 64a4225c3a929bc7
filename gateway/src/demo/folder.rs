//! The demo's folder, made once.
//!
//! A marker file stands in it, locked, from before the first file to after the last. So a folder whose making was cut
//! short is known for one, and made anew: nobody was ever served from it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use credit_keys::{ChangeError, Kek, KekError, Ring, SystemEntropy};
use credit_policy::{
    Personal,
    consent::{Algorithm, SigningKey, new_jwk},
};
use jiff::{Timestamp, civil::Date};
use ring::rand::SystemRandom;
use rusqlite::Connection;

use super::{Note, certificates, certificates::Pair, people};

pub use super::ports::PORTS;

/// The name of the demo's log.
pub const ORIGIN: &str = "credit-gateway.example/demo/r1";

const MARKER: &str = ".making";
/// Its configuration.
pub(super) const CONFIG: &str = "config.toml";
const PERSONS: &str = "persons.csv";
/// Whom tours are about: nobody of those, since what their notes say must stay true.
const TOUR: &str = "data/tour.csv";
/// The demo's consent authority, as its tokens name it.
pub(super) const ISSUER: &str = "https://consent.example";
/// The private keys of the demo's consent authority.
pub(super) const AUTHORITY: &str = "consent-authority.jwk";
pub(super) const AUTHORITY_ES256: &str = "consent-authority-es256.jwk";
/// Their public halves, as one JWK Set.
const AUTHORITY_KEYS: &str = "keys/consent-authority.jwks";
const TEMPLATE: &str = include_str!("config.toml.in");

/// Readable by everybody, and by nobody but us.
const OPEN: u32 = 0o644;
pub(super) const OURS: u32 = 0o600;

/// Whether a folder was made, or found as an earlier call left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Made by this call.
    Made,
    /// Found whole; not touched.
    Found,
}

/// Why there is no demo folder.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder holds something else.
    #[error("`{0}` is no demo folder and not empty: name another one with --dir")]
    Foreign(PathBuf),
    /// Another process is at it.
    #[error("another process is making `{0}`: wait until it is done, then try again")]
    Busy(PathBuf),
    /// Not enough ports from this one on.
    #[error("no six ports from {0} on: take a --port-base of at most {max}", max = u16::MAX - PORTS + 1)]
    Ports(u16),
    /// A file or folder cannot be read or written.
    #[error("cannot use `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Keys and certificates cannot be made.
    #[error("cannot make certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// The system gives no randomness.
    #[error("cannot make keys: the system gives no randomness")]
    Randomness,
    /// The key file of the ring cannot be made.
    #[error(transparent)]
    KeyFile(#[from] KekError),
    /// The key ring cannot be made.
    #[error(transparent)]
    Ring(#[from] ChangeError),
    /// The store cannot be filled.
    #[error("cannot fill the store: {0}")]
    Store(#[from] rusqlite::Error),
    /// The file of people has nobody with a note.
    #[error("`persons.csv` names nobody who is `{0}`: delete the demo folder, and it is made again")]
    Nobody(&'static str),
}

/// Makes the demo folder `dir` for the ports `port_base` to `port_base + 5`, unless it is there already. Its keys are in
/// force from `now` on; its people's histories end on `today`, the jurisdiction's date then.
///
/// # Errors
/// [`DemoError`]; what was made so far is cleared away by the next call.
pub fn make(dir: &Path, port_base: u16, now: Timestamp, today: Date) -> Result<Folder, DemoError> {
    let config = config(port_base)?;
    let root = Root(dir);
    root.folder("")?;
    let marker = root.path(MARKER);
    if !marker.exists() {
        if root.path(CONFIG).exists() {
            return Ok(Folder::Found);
        } else if !root.entries()?.is_empty() {
            return Err(DemoError::Foreign(dir.to_owned()));
        }
    }
    // From here on a crash leaves the marker without its lock, and the next call begins anew.
    let _lock = root.lock(&marker)?;
    if !marker.exists() {
        // Another process ended its making between our look and our lock.
        return Ok(Folder::Found);
    }
    root.clear(&marker)?;
    certify(&root, today)?;
    root.folder("keys")?;
    consent_authority(&root)?;
    let kek = Kek::create_key_file(&root.path("keys/ring.key"), &SystemEntropy::new())?;
    Ring::create(&root.path("keys"), &kek, now, ORIGIN, true, &SystemEntropy::new())?;
    populate(&root, today)?;
    root.file(CONFIG, OPEN, &config)?;
    fs::remove_file(&marker).map_err(|source| DemoError::File { path: marker, source })?;
    Ok(Folder::Made)
}

/// Whether a demo folder is there, made to its end.
pub(crate) fn is_made(dir: &Path) -> bool {
    dir.join(CONFIG).exists() && !dir.join(MARKER).exists()
}

/// The first person with a note in the `persons.csv` of a demo folder.
///
/// # Errors
/// When the file cannot be read, or names nobody with that note.
pub fn person(dir: &Path, note: Note) -> Result<Personal<String>, DemoError> {
    let first = noted(dir, note)?.into_iter().next();
    first.map(|(_, person)| person).ok_or(DemoError::Nobody(note.as_str()))
}

/// All who can log in at the demo's identity service: the rows of `persons.csv`, then those whom tours are about.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn people(dir: &Path) -> Result<String, DemoError> {
    Ok(read(dir, PERSONS)? + &read_tours(dir)?)
}

fn read(dir: &Path, name: &str) -> Result<String, DemoError> {
    let path = dir.join(name);
    fs::read_to_string(&path).map_err(|source| DemoError::File { path, source })
}

/// A folder that was made before tours had persons of their own has none.
fn read_tours(dir: &Path) -> Result<String, DemoError> {
    if dir.join(TOUR).exists() { read(dir, TOUR) } else { Ok(String::new()) }
}

/// Those whom tours are about, each with the place among all who can log in.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn of_tours(dir: &Path) -> Result<Vec<(usize, Personal<String>)>, DemoError> {
    let (first, rows) = (read(dir, PERSONS)?.lines().skip(1).count(), read_tours(dir)?);
    let numbers = rows.lines().filter_map(|line| line.split_once(','));
    Ok((first..).zip(numbers).map(|(place, (number, _))| (place, Personal::new(number.to_owned()))).collect())
}

/// Each person with a note in the `persons.csv` of a demo folder, with the place among all of the file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn noted(dir: &Path, note: Note) -> Result<Vec<(usize, Personal<String>)>, DemoError> {
    let text = read(dir, PERSONS)?;
    let people = text.lines().skip(1).filter_map(|line| line.split_once(',')).enumerate();
    let noted = people.filter(|(_, (_, word))| *word == note.as_str());
    Ok(noted.map(|(place, (number, _))| (place, Personal::new(number.to_owned()))).collect())
}

fn certify(root: &Root<'_>, today: Date) -> Result<(), DemoError> {
    let made = certificates::make(today)?;
    root.file("ca.pem", OPEN, &made.authority)?;
    root.file("crl.pem", OPEN, &made.revocation_list)?;
    root.pair("server", &made.server)?;
    root.folder("institutions")?;
    for (name, pair) in &made.institutions {
        root.pair(&format!("institutions/{name}"), pair)?;
    }
    Ok(())
}

/// The authority's two private keys, and the set of their public halves: all that the gateway knows of it.
fn consent_authority(root: &Root<'_>) -> Result<(), DemoError> {
    let mut public = Vec::new();
    let keys = [(AUTHORITY, Algorithm::EdDsa, "demo-eddsa"), (AUTHORITY_ES256, Algorithm::Es256, "demo-es256")];
    for (name, algorithm, kid) in keys {
        let key = new_jwk(algorithm, kid).map_err(|_| DemoError::Randomness)?;
        let pair = SigningKey::from_jwk(&key, &SystemRandom::new()).map_err(|_| DemoError::Randomness)?;
        public.push(pair.public_jwk());
        root.file(name, OURS, &key)?;
    }
    root.file(AUTHORITY_KEYS, OURS, &format!("{{\"keys\":[{}]}}\n", public.join(",\n")))
}

fn populate(root: &Root<'_>, today: Date) -> Result<(), DemoError> {
    let people = people::generate(today);
    root.file(PERSONS, OURS, &people.persons_csv())?;
    root.folder("data")?;
    root.file(TOUR, OURS, &people.tour_csv())?;
    // Made by us first, because SQLite would make it readable by everybody.
    root.file("data/store.sqlite", OURS, "")?;
    let mut store = Connection::open(root.path("data/store.sqlite"))?;
    store.execute_batch(crate::stores::SCHEMA)?;
    people.fill(&mut store)?;
    Ok(())
}

pub(super) fn config(port_base: u16) -> Result<String, DemoError> {
    (0..PORTS).try_fold(TEMPLATE.replace("@ORIGIN@", ORIGIN), |text, offset| {
        let port = port_base.checked_add(offset).ok_or(DemoError::Ports(port_base))?;
        Ok(text.replace(&format!("@PORT+{offset}@"), &port.to_string()))
    })
}

/// The folder, with the errors of all that is done in it.
struct Root<'a>(&'a Path);

impl Root<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn folder(&self, name: &str) -> Result<(), DemoError> {
        let path = self.path(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|source| DemoError::File { path, source })
    }

    fn file(&self, name: &str, mode: u32, text: &str) -> Result<(), DemoError> {
        let path = self.path(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|source| DemoError::File { path, source })
    }

    fn pair(&self, name: &str, pair: &Pair) -> Result<(), DemoError> {
        self.file(&format!("{name}.pem"), OPEN, &pair.certificate)?;
        self.file(&format!("{name}.key"), OURS, &pair.key)
    }

    fn entries(&self) -> Result<Vec<PathBuf>, DemoError> {
        let listed: io::Result<Vec<_>> =
            fs::read_dir(self.0).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        listed.map_err(|source| DemoError::File { path: self.0.to_owned(), source })
    }

    /// Makes the marker if it is missing, and locks it until the file is dropped.
    fn lock(&self, marker: &Path) -> Result<File, DemoError> {
        let fault = |source| DemoError::File { path: marker.to_owned(), source };
        let mut open = OpenOptions::new();
        let file = open.write(true).create(true).truncate(false).mode(OURS).open(marker).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(DemoError::Busy(self.0.to_owned())),
            Err(TryLockError::Error(source)) => Err(fault(source)),
        }
    }

    /// Removes all that an unfinished making left, but for the marker.
    fn clear(&self, marker: &Path) -> Result<(), DemoError> {
        for path in self.entries()?.into_iter().filter(|path| path != marker) {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|source| DemoError::File { path, source })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::civil::date;

    use super::*;
    use crate::{scratch::Scratch, settings::Settings};

    const TODAY: Date = date(2026, 11, 22);

    fn now() -> Timestamp {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_and_left_alone() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("thesis.txt"), "mine").unwrap();
        let refused = make(scratch.path(), 8443, now(), TODAY);
        assert!(matches!(refused, Err(DemoError::Foreign(_))));
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_port_base_without_room_for_six_is_refused_before_anything_is_made() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("demo");
        assert!(matches!(make(&dir, 65_531, now(), TODAY), Err(DemoError::Ports(65_531))));
        assert!(!dir.exists());
        assert!(config(65_530).is_ok());
    }

    #[test]
    fn a_folder_that_another_process_is_making_is_refused_and_left_alone() {
        let scratch = Scratch::new();
        let dir = scratch.path();
        let marker = File::create(dir.join(MARKER)).unwrap();
        marker.lock().unwrap();
        fs::write(dir.join("ca.pem"), "half").unwrap();
        assert!(matches!(make(dir, 8443, now(), TODAY), Err(DemoError::Busy(_))));
        assert_eq!(fs::read_to_string(dir.join("ca.pem")).unwrap(), "half");
        drop(marker);
        // Another test's child process may hold the lock between its fork and its exec: not for long.
        let made = (0..100).find_map(|_| match make(dir, 8443, now(), TODAY) {
            Err(DemoError::Busy(_)) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
                None
            }
            made => Some(made.unwrap()),
        });
        assert_eq!(made, Some(Folder::Made));
    }

    #[test]
    fn a_making_cut_short_anywhere_is_made_anew() {
        let scratch = Scratch::new();
        let dir = scratch.path();
        for left in [&[][..], &["server.pem"], &["institutions/bank.key", "data/store.sqlite", CONFIG]] {
            for entry in Root(dir).entries().unwrap() {
                if entry.is_dir() { fs::remove_dir_all(entry).unwrap() } else { fs::remove_file(entry).unwrap() }
            }
            fs::write(dir.join(MARKER), "").unwrap();
            for name in left {
                fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
                fs::write(dir.join(name), "half").unwrap();
            }
            assert_eq!(make(dir, 8443, now(), TODAY).unwrap(), Folder::Made);
            assert!(!dir.join(MARKER).exists());
            assert!(fs::read_to_string(dir.join("server.pem")).unwrap().starts_with("-----BEGIN"));
            assert!(fs::metadata(dir.join("data/store.sqlite")).unwrap().len() > 100_000);
        }
    }

    /// Files that stand open to others; every other file is the owner's alone.
    const READABLE: [&str; 4] = ["ca.pem", CONFIG, "crl.pem", "server.pem"];

    #[test]
    fn it_holds_what_the_formats_say_and_nothing_else_with_the_modes_of_secrets() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("made/on/the/way");
        assert_eq!(make(&dir, 9000, now(), TODAY).unwrap(), Folder::Made);
        let listed = |folder: &str| {
            let entries = fs::read_dir(dir.join(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<std::collections::BTreeSet<_>>()
        };
        // formats.md §6, name by name.
        let root = "config.toml ca.pem server.pem server.key crl.pem institutions consent-authority.jwk \
                    consent-authority-es256.jwk persons.csv keys data";
        assert_eq!(listed(""), root.split_whitespace().map(str::to_owned).collect());
        let institutions = certificates::INSTITUTIONS;
        let pairs = institutions.iter().flat_map(|name| [format!("{name}.pem"), format!("{name}.key")]);
        assert_eq!(listed("institutions"), pairs.collect());
        for name in listed("").iter().filter(|name| dir.join(name).is_file()) {
            let expected = if READABLE.contains(&name.as_str()) { OPEN } else { OURS };
            assert_eq!(mode(&dir.join(name)), expected, "{name}");
        }
        for name in institutions {
            assert_eq!(mode(&dir.join(format!("institutions/{name}.pem"))), OPEN);
            assert_eq!(mode(&dir.join(format!("institutions/{name}.key"))), OURS);
        }
        for folder in ["keys", "data"] {
            for name in listed(folder) {
                assert_eq!(mode(&dir.join(folder).join(&name)), OURS, "{folder}/{name}");
            }
        }
        for name in ["", "institutions", "data", "keys"] {
            assert_eq!(mode(&dir.join(name)), 0o700, "{name}");
        }
    }

    #[test]
    fn its_configuration_knows_the_authority_by_public_keys_alone() {
        let scratch = Scratch::new();
        make(scratch.path(), 8443, now(), TODAY).unwrap();
        let issuers = Settings::read(&scratch.path().join(CONFIG)).unwrap().consent_issuers;
        let [issuer] = &issuers[..] else { panic!("{} issuers", issuers.len()) };
        assert_eq!((issuer.iss.as_str(), issuer.keys.len()), (ISSUER, 1));
        let mut known = credit_policy::consent::IssuerKeys::default();
        let mut kids = known.add(ISSUER, &fs::read_to_string(&issuer.keys[0]).unwrap()).unwrap();
        kids.sort();
        assert_eq!(kids, ["demo-eddsa", "demo-es256"]);
    }

    #[test]
    fn its_key_ring_opens_with_its_key_file_and_is_marked_as_the_demo_s() {
        let scratch = Scratch::new();
        make(scratch.path(), 8443, now(), TODAY).unwrap();
        let keys = scratch.path().join("keys");
        let kek = Kek::from_key_file(&keys.join("ring.key")).ok().unwrap();
        let ring = Ring::open(&keys, &kek).ok().unwrap();
        assert!(ring.is_demo());
        assert!(ring.log_signer(ORIGIN).is_ok());
    }

    #[test]
    fn a_whole_folder_is_found_and_not_touched() {
        let scratch = Scratch::new();
        let dir = scratch.path();
        make(dir, 8443, now(), TODAY).unwrap();
        let key = fs::read(dir.join("server.key")).unwrap();
        fs::write(dir.join(CONFIG), "# mine").unwrap();
        assert_eq!(make(dir, 9000, now(), date(2027, 1, 1)).unwrap(), Folder::Found);
        assert_eq!(fs::read(dir.join("server.key")).unwrap(), key);
        assert_eq!(fs::read_to_string(dir.join(CONFIG)).unwrap(), "# mine");
    }

    #[test]
    fn the_first_person_with_a_note_is_read_from_the_file() {
        let scratch = Scratch::new();
        let file = scratch.path().join(PERSONS);
        fs::write(file, "citizen_number,note\n1,clean\n2,late\n3,clean\n").unwrap();
        let named = |note| person(scratch.path(), note);
        assert!(matches!(named(Note::Minor), Err(DemoError::Nobody("minor"))));
        assert!(named(Note::Clean).unwrap().disclose(|number| number == "1"));
        assert!(named(Note::Late).unwrap().disclose(|number| number == "2"));
    }

    #[test]
    fn the_configuration_is_toml_with_the_ports_in_their_places() {
        let table: toml::Table = config(9000).unwrap().parse().unwrap();
        let listen = table["listen"].as_table().unwrap();
        for (name, port) in
            [("institutions", 9000), ("persons", 9001), ("auditors", 9002), ("public", 9003), ("operations", 9004)]
        {
            assert_eq!(listen[name].as_str(), Some(&*format!("127.0.0.1:{port}")));
        }
    }

    #[test]
    fn the_configuration_is_complete_and_its_values_are_the_defaults() {
        let scratch = Scratch::new();
        let read = |text: &str| {
            let file = scratch.path().join(CONFIG);
            fs::write(&file, text).unwrap();
            format!("{:#?}", Settings::read(&file).unwrap())
        };
        let text = config(8443).unwrap();
        let settings = read(&text);
        // The limits are a struct of the program; their keys stand among the institution's. And a file does not name itself.
        let is_key = |(key, _): &(&str, &str)| !["limits", "file"].contains(key);
        let keys = settings.lines().filter_map(|line| line.trim().split_once(": ")).filter(is_key);
        for (key, _) in keys {
            let one = key.trim_end_matches('s');
            let forms = [
                format!("\n{key} = "),
                format!("\n# {key} = "),
                format!("\n[{key}]\n"),
                format!("\n# [{key}]\n"),
                format!("\n# [log.{key}]\n"),
                format!("\n[[{one}]]\n"),
                format!("\n# [[{one}]]\n"),
            ];
            assert!(forms.iter().any(|form| text.contains(form)), "`{key}` is missing");
        }
        let mut bare: toml::Table = text.parse().unwrap();
        bare.remove("catalogue");
        bare.remove("bounds");
        bare.remove("floods");
        let defaulted = ["segment_mib", "linger_us", "publish_every_ms", "witness_every_s"];
        bare["log"].as_table_mut().unwrap().retain(|key, _| !defaulted.contains(&key));
        let store = bare["store"][0].as_table_mut().unwrap();
        store.retain(|key, _| !["queue", "timeout_ms"].contains(&key));
        assert_eq!(read(&bare.to_string()), settings);
    }
}
