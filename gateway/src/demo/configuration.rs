//! The configuration of a demo folder that is there, changed: other ports, another store.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    folder::{CONFIG, DemoError, OURS},
    ports,
};

/// The store of a new folder.
pub(super) const EMBEDDED: &str = "kind = \"sqlite\"\npath = \"data/store.sqlite\"\n";
/// A second officer, a reviewer and a custodian of keys.
const OFFICERS: &str = include_str!("officers.toml.in");
const PASSWORD: &str = "postgres.password";

fn fault(path: PathBuf) -> impl FnOnce(io::Error) -> DemoError {
    |source| DemoError::File { path, source }
}

/// Its text.
///
/// # Errors
/// When it cannot be read.
pub(super) fn text(dir: &Path) -> Result<String, DemoError> {
    let path = dir.join(CONFIG);
    fs::read_to_string(&path).map_err(fault(path))
}

/// Whether a gateway has written records into the folder.
pub(super) fn has_records(dir: &Path) -> bool {
    dir.join("data/log").exists()
}

/// Renamed into place, so that a crash leaves the one or the other.
fn write(dir: &Path, text: &str) -> Result<(), DemoError> {
    let (path, new) = (dir.join(CONFIG), dir.join("config.toml.new"));
    fs::write(&new, text).map_err(fault(new.clone()))?;
    fs::rename(&new, &path).map_err(fault(path))
}

/// Writes the ports `port_base` to `port_base + 5` into the configuration of a folder that was made for others.
///
/// # Errors
/// When there are no six ports, or the file cannot be changed.
pub(crate) fn set_ports(dir: &Path, port_base: u16) -> Result<(), DemoError> {
    let before = text(dir)?;
    let text = ports::moved(&before, port_base).ok_or(DemoError::Ports(port_base))?;
    if text == before { Ok(()) } else { write(dir, &text) }
}

/// Writes more officers into the configuration, unless they stand there.
///
/// # Errors
/// When the file cannot be changed.
pub(crate) fn add_officers(dir: &Path) -> Result<(), DemoError> {
    let before = text(dir)?;
    if before.contains("\nid = \"officer2\"\n") {
        return Ok(());
    }
    write(dir, &(before.replacen("# unit = \"security\"", "unit = \"security\"", 1) + OFFICERS))
}

/// Lets a folder answer from a database, with the password in a file that is ours alone, and no longer from its own store.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn answer_from(dir: &Path, url: &str, password: &str) -> Result<(), DemoError> {
    let path = dir.join(PASSWORD);
    let mut ours = OpenOptions::new();
    let file = ours.write(true).create(true).truncate(true).mode(OURS).open(&path);
    file.and_then(|mut file| file.write_all(format!("{password}\n").as_bytes())).map_err(fault(path))?;
    let store = format!("kind = \"postgres\"\nurl = \"{url}\"\npassword_file = \"{PASSWORD}\"\n");
    write(dir, &text(dir)?.replacen(EMBEDDED, &store, 1))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        demo::folder::{config, make},
        scratch::Scratch,
        settings::Settings,
    };

    #[test]
    fn more_officers_are_written_once_with_their_units_and_roles() {
        let scratch = Scratch::new();
        make(scratch.path(), 8443, "2026-11-22T02:00:00Z".parse().unwrap(), date(2026, 11, 22)).unwrap();
        add_officers(scratch.path()).unwrap();
        let once = text(scratch.path()).unwrap();
        add_officers(scratch.path()).unwrap();
        assert_eq!(text(scratch.path()).unwrap(), once);
        let settings = Settings::read(&scratch.path().join(CONFIG)).unwrap();
        let of = |id: &str| settings.institutions.iter().find(|one| one.id.as_str() == id).unwrap();
        assert_ne!(of("officer").unit, of("officer2").unit);
        assert!(of("officer2").role.is_none() && of("reviewer").role.is_some() && of("custodian").role.is_some());
        let files =
            ["officer2", "reviewer", "custodian"].map(|id| scratch.path().join(format!("institutions/{id}.pem")));
        assert!(files.iter().all(|file| file.exists()));
    }

    #[test]
    fn other_ports_are_written_into_a_folder_that_is_there() {
        let scratch = Scratch::new();
        make(scratch.path(), 8443, "2026-11-22T02:00:00Z".parse().unwrap(), date(2026, 11, 22)).unwrap();
        let read = || Settings::read(&scratch.path().join(CONFIG)).unwrap().listen;
        assert!(matches!(set_ports(scratch.path(), 65_531), Err(DemoError::Ports(65_531))));
        assert_eq!(read().institutions.port(), 8443);
        set_ports(scratch.path(), 9000).unwrap();
        let ports: Vec<u16> = read().all().iter().map(std::net::SocketAddr::port).collect();
        assert_eq!(ports, [9000, 9001, 9002, 9003, 9004]);
        assert_eq!(text(scratch.path()).unwrap(), config(9000).unwrap());
        set_ports(scratch.path(), 65_530).unwrap();
        assert_eq!(text(scratch.path()).unwrap(), config(65_530).unwrap());
    }
}
