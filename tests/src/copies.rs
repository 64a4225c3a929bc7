//! Whoever keeps second copies of write-ahead logs (`credit-gateway copy keep`).

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Authority, Folder, Program, Wish, binaries, scratch};

/// Whoever keeps copies, and what is needed to be let in.
pub struct Keeper {
    authority: Authority,
    /// Where it keeps them, and its certificate.
    pub folder: PathBuf,
    /// Where it listens.
    pub port: u16,
    program: Option<Program>,
}

impl Keeper {
    /// One that runs.
    #[must_use]
    pub fn start() -> Self {
        let authority = Authority::new("copies");
        let folder = scratch::folder("copies");
        let (certificate, key) = authority.server(&["127.0.0.1", "localhost"]);
        put(&folder.join("keeper.pem"), &certificate);
        put(&folder.join("keeper.key"), &key);
        put(&folder.join("ca.pem"), &authority.pem());
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a folder of our own")
            .local_addr()
            .expect("a folder of our own")
            .port();
        let mut keeper = Self { authority, folder, port, program: None };
        keeper.run();
        keeper
    }

    /// Runs again.
    pub fn run(&mut self) {
        let mut command = Command::new(binaries::credit_gateway());
        let at = |name: &str| self.folder.join(name);
        command.args(["copy", "keep", "--listen", &format!("127.0.0.1:{}", self.port)]);
        for (flag, name) in
            [("--dir", "kept"), ("--certificate", "keeper.pem"), ("--key", "keeper.key"), ("--authorities", "ca.pem")]
        {
            command.arg(flag).arg(at(name));
        }
        let program = Program::start(command);
        assert!(program.out().wait(|said| said.contains("ready ")), "{}", program.err().text());
        self.program = Some(program);
    }

    /// Ends; what it keeps stays.
    pub fn end(&mut self) {
        self.program = None;
    }

    /// Lets a folder's gateway in, which reaches it at a port.
    pub fn copies(&self, folder: &Folder, port: u16) {
        self.shows(folder, port, &self.authority);
    }

    /// The same, with a certificate of an authority.
    pub fn shows(&self, folder: &Folder, port: u16, issuer: &Authority) {
        let (certificate, key) = issuer.certify(&Wish::caller("gateway", 7));
        put(&folder.join("copy.pem"), &certificate);
        put(&folder.join("copy.key"), &key);
        put(&folder.join("copy-ca.pem"), &self.authority.pem());
        folder.replace_in_config("copies = 1", "copies = 2");
        folder.edit_config(|config| {
            format!(
                "{config}\n[log.copy]\naddress = \"localhost:{port}\"\nauthorities = \"copy-ca.pem\"\ncertificate = \"copy.pem\"\nkey = \"copy.key\"\n"
            )
        });
    }

    /// The copy of the one log that is kept.
    #[must_use]
    pub fn copy(&self) -> PathBuf {
        let mut all = fs::read_dir(self.folder.join("kept"))
            .expect("a folder of our own")
            .map(|entry| entry.expect("a folder of our own").path());
        let one = all.next().expect("a folder of our own");
        assert!(all.next().is_none());
        one
    }
}

fn put(path: &Path, text: &str) {
    fs::write(path, text).expect("a folder of our own");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a folder of our own");
}
