//! What stands among the arguments of programs: every account of the machine can read it.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use credit_policy::CitizenNumber;

/// Programs in a folder that note their arguments and then run those of the same name.
pub struct Watched(PathBuf);

impl Watched {
    /// For every program of `/usr/bin` that some lines of shell name; the folder is to come first in their `PATH`.
    #[must_use]
    pub fn new(folder: &Path, lines: &str) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let watched = Self(folder.to_owned());
        let words = lines.split(|c: char| !c.is_ascii_alphanumeric() && !"_.-+".contains(c));
        for name in words.filter(|word| !word.is_empty()).collect::<BTreeSet<_>>() {
            let program = Path::new("/usr/bin").join(name);
            if program.is_file() {
                watched.add(&folder.join(name), &format!("exec {} \"$@\"", program.display()));
            }
        }
        watched
    }

    /// Puts a program at a path that notes its arguments and does what a line says.
    pub fn add(&self, path: &Path, line: &str) {
        let noted = self.noted();
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >> {}\n{line}\n", noted.display());
        drop(fs::remove_file(path));
        fs::write(path, script).expect("a script");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn noted(&self) -> PathBuf {
        self.0.join("arguments.noted")
    }

    /// Checks that no program was started with a citizen number or a token among its arguments.
    #[track_caller]
    pub fn are_impersonal(&self) {
        let noted = fs::read_to_string(self.noted()).unwrap_or_default();
        assert!(noted.contains("curl "), "nothing was watched: {noted}");
        for line in noted.lines() {
            let is_number = |part: &[u8]| str::from_utf8(part).is_ok_and(|part| CitizenNumber::parse(part).is_ok());
            // A token begins with base64 of `{"`.
            let is_personal = line.as_bytes().windows(18).any(is_number) || line.contains("eyJ");
            assert!(!is_personal, "among a program's arguments: {line}");
        }
    }
}
