//! An object store of the tests' own, which can be as bad as a test wants: slow, full, refusing, forgetful, lying.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::stores::http::service::{read, reply};

/// Who may read and write, and by which secret, which this store does not know.
pub(super) const ACCESS: (&str, &str) = ("AKIDOFTHETESTS", "made/for+tests=");

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Sound,
    /// Hears everything and says nothing, until it is another.
    Hangs,
    /// Answers everything so.
    Refuses(&'static str, &'static str),
    /// Reads go on, and nothing can be written.
    Full,
    /// Says that it took what it throws away.
    Forgets,
    /// Takes something else than it was given.
    Spoils,
    /// Does not look at conditions.
    Unconditional,
    /// Answers whoever asks.
    Public,
    /// Its buckets cannot lock.
    NoLock,
}

#[derive(Default)]
struct Shared {
    mode: Mutex<Option<Mode>>,
    changed: Condvar,
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    puts: Mutex<Vec<String>>,
    /// Requests that were heard while it hung.
    held: Mutex<usize>,
}

/// The store. Its thread ends with the test process.
pub(super) struct Store {
    port: u16,
    shared: Arc<Shared>,
}

impl Store {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&ours);
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { port, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn set(&self, mode: Mode) {
        *lock(&self.shared.mode) = Some(mode);
        self.shared.changed.notify_all();
    }

    /// Requests that it heard while it hung.
    pub(super) fn held(&self) -> usize {
        *lock(&self.shared.held)
    }

    /// Buckets and keys of all objects.
    pub(super) fn keys(&self) -> Vec<String> {
        lock(&self.shared.objects).keys().cloned().collect()
    }

    pub(super) fn body(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.shared.objects).get(path).cloned()
    }

    /// Heads of all PUTs that were heard so far.
    pub(super) fn puts(&self) -> Vec<String> {
        lock(&self.shared.puts).clone()
    }

    /// Loses an object.
    pub(super) fn lose(&self, path: &str) {
        lock(&self.shared.objects).remove(path).expect("it was there");
    }

    /// A later version of an object.
    pub(super) fn cover(&self, path: &str, body: &[u8]) {
        lock(&self.shared.objects).insert(path.to_owned(), body.to_owned()).expect("it was there");
    }

    /// What both buckets have of a log, as files.
    pub(super) fn copy(&self, origin: &str, to: &Path) {
        for (path, body) in &*lock(&self.shared.objects) {
            let name = path.split_once('/').unwrap().1.strip_prefix(origin).unwrap().trim_start_matches('/');
            let file = to.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fault(status: &str, code: &str) -> Vec<u8> {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no word of this is read</Message></Error>");
    reply(status, "Content-Type: application/xml\r\n", body.as_bytes())
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", STANDARD.encode(Sha256::digest(body)))
}

impl Shared {
    fn mode(&self) -> Mode {
        lock(&self.mode).unwrap_or(Mode::Sound)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read(&mut reader) {
            if self.mode() == Mode::Hangs {
                *lock(&self.held) += 1;
                let hangs = |mode: &mut Option<Mode>| *mode == Some(Mode::Hangs);
                drop(self.changed.wait_while(lock(&self.mode), hangs));
                return;
            }
            let answer = self.answer(&head, &body);
            if (&*stream).write_all(&answer).is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &str, body: &[u8]) -> Vec<u8> {
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
        };
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_start_matches('/').to_owned();
        if method == "PUT" {
            lock(&self.puts).push(head.to_owned());
        }
        let mode = self.mode();
        if let Mode::Refuses(status, code) = mode {
            return fault(status, code);
        }
        let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
        let is_signed = header("authorization")
            .is_some_and(|said| said.starts_with(&format!("AWS4-HMAC-SHA256 Credential={}/", ACCESS.0)));
        match is_signed {
            true if header("x-amz-content-sha256").as_deref() != Some(&hash) => {
                return fault("400 Bad Request", "XAmzContentSHA256Mismatch");
            }
            false if mode != Mode::Public => return fault("403 Forbidden", "AccessDenied"),
            true | false => {}
        }
        if !["log", "log-entries"].contains(&path.split('/').next().unwrap_or_default()) {
            return fault("404 Not Found", "NoSuchBucket");
        }
        let there = lock(&self.objects).get(&path).cloned();
        match (method, query) {
            ("GET", "object-lock=") if mode == Mode::NoLock => {
                fault("404 Not Found", "ObjectLockConfigurationNotFoundError")
            }
            ("GET", "object-lock=") => {
                let said = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
                reply("200 OK", "", said)
            }
            ("GET", "") => match there {
                Some(body) => reply("200 OK", &format!("ETag: {}\r\n", etag(&body)), &body),
                None => fault("404 Not Found", "NoSuchKey"),
            },
            ("PUT", "") => self.put(mode, path, body, there.as_deref(), &header),
            _ => fault("405 Method Not Allowed", "MethodNotAllowed"),
        }
    }

    fn put(
        &self,
        mode: Mode,
        path: String,
        body: &[u8],
        there: Option<&[u8]>,
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<u8> {
        assert_eq!(header("x-amz-checksum-sha256"), Some(STANDARD.encode(Sha256::digest(body))));
        let holds = match (header("if-none-match"), header("if-match"), there) {
            (Some(any), None, None) => any == "*",
            (None, Some(etag_of), Some(there)) => etag_of == etag(there),
            // Two S3s answer this with two statuses.
            (None, Some(_), None) if mode != Mode::Unconditional => return fault("404 Not Found", "NoSuchKey"),
            (None, None, _) => true,
            _ => false,
        };
        if !holds && mode != Mode::Unconditional {
            return fault("412 Precondition Failed", "PreconditionFailed");
        }
        let mut objects = lock(&self.objects);
        match mode {
            Mode::Full => return fault("507 Insufficient Storage", "XMinioStorageFull"),
            Mode::Forgets => {}
            Mode::Spoils => drop(objects.insert(path, [body, b"more"].concat())),
            _ => drop(objects.insert(path, body.to_owned())),
        }
        reply("200 OK", "", b"")
    }
}
