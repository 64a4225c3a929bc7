//! Keeps second copies of write-ahead logs: one folder a log, a thread a connection.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use credit_audit::log::CopyFolder;
use ring::digest::{SHA256, digest};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::wire::{Answer, HEAD, Hello, PART, Place, invalid, line, of_head};
use crate::stores::tls::{ClientTlsError, certificates, refuse_open_key};

/// Who connects has so long for the handshake and the first line.
const FIRST: Duration = Duration::from_secs(10);
/// A sender says something each second; one that has said nothing for so long is gone.
const SILENT: Duration = Duration::from_secs(30);
/// So many connections at once.
const MOST: usize = 64;

/// What a keeper shows, and whom it trusts.
pub(crate) struct Keeper {
    pub(crate) folder: PathBuf,
    pub(crate) authorities: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Keeper {
    fn tls(&self) -> Result<Arc<ServerConfig>, ClientTlsError> {
        let unusable = |error: &dyn std::fmt::Display| ClientTlsError::Unusable(error.to_string());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authorities)? {
            roots.add(certificate).map_err(|error| unusable(&error))?;
        }
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        refuse_open_key(&self.key)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable(&error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?
            .with_client_cert_verifier(verifier.map_err(|error| unusable(&error))?)
            .with_single_cert(certificates(&self.certificate)?, key)
            .map_err(|error| unusable(&error))?;
        // Each connection shows its certificate anew.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

/// The copies that are open. One connection goes on with each: the last one that did.
#[derive(Default)]
struct Open(Mutex<HashMap<String, Arc<Mutex<Copy>>>>);

struct Copy {
    folder: Option<CopyFolder>,
    /// The connection that goes on with it.
    turn: u64,
}

/// Keeps copies until the process ends. `said` hears a line when a log goes on, and when one is refused or ends.
///
/// # Errors
/// When the files cannot be used, or nobody can connect any more.
pub(crate) fn keep(keeper: &Keeper, listener: &TcpListener, said: fn(&str)) -> Result<(), ClientTlsError> {
    drop(keeper.tls()?);
    let open = Arc::new(Open::default());
    let places = Arc::new(());
    for socket in listener.incoming() {
        let Ok(socket) = socket else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        // Read anew, so that a certificate that was renewed is shown.
        let (Ok(tls), true) = (keeper.tls(), Arc::strong_count(&places) <= MOST) else { continue };
        let (open, folder, place) = (Arc::clone(&open), keeper.folder.clone(), Arc::clone(&places));
        let serve = move || {
            let ended = serve(&open, &folder, tls, socket, said);
            if let Err(error) = ended {
                said(&error.to_string());
            }
            drop(place);
        };
        if let Err(error) = std::thread::Builder::new().name("copy".to_owned()).spawn(serve) {
            said(&error.to_string());
        }
    }
    Ok(())
}

fn serve(open: &Open, folder: &Path, tls: Arc<ServerConfig>, socket: TcpStream, said: fn(&str)) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(FIRST))?;
    socket.set_write_timeout(Some(FIRST))?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, socket);
    let Hello { copy: 1, origin, folders } = serde_json::from_slice(&line(&mut stream)?)? else {
        return Err(invalid("another form of copies"));
    };
    let copy = open.copy(&origin);
    let begun = begin(&copy, (&place_of(folder, &origin), &origin), &folders);
    let answer = match &begun {
        Ok((_, place)) => Answer::Reached(place.as_ref().map(|place| Place { ..*place })),
        Err(error) => Answer::Refused(error.to_string()),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    stream.flush()?;
    let (turn, _) = begun?;
    said(&format!("{origin}: goes on"));
    stream.sock.set_read_timeout(Some(SILENT))?;
    let done = go_on(&mut stream, &copy, turn);
    said(&format!("{origin}: the connection ended"));
    done
}

impl Open {
    fn copy(&self, origin: &str) -> Arc<Mutex<Copy>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = all.entry(origin.to_owned()).or_insert_with(|| Arc::new(Mutex::new(Copy { folder: None, turn: 0 })));
        Arc::clone(copy)
    }
}

/// The folder of a log: its name may have any character.
fn place_of(folder: &Path, origin: &str) -> PathBuf {
    let mut name = String::new();
    let sum = digest(&SHA256, origin.as_bytes());
    sum.as_ref().iter().take(16).for_each(|byte| write!(name, "{byte:02x}").unwrap_or_default());
    folder.join(name)
}

fn begin(
    copy: &Mutex<Copy>,
    (folder, origin): (&Path, &str),
    [before, own]: &[[u8; 16]; 2],
) -> io::Result<(u64, Option<Place>)> {
    let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
    // After a fault nobody knows what is on the disk: it is opened again.
    let mut opened = match copy.folder.take() {
        Some(opened) => opened,
        None => CopyFolder::open(folder, origin)?,
    };
    let begun = opened.begin(before, own);
    let reached = begun.and_then(|()| {
        opened.sync()?;
        opened.reached()
    });
    copy.folder = Some(opened);
    let reached = reached?;
    copy.turn += 1;
    Ok((copy.turn, reached.map(Place::from)))
}

/// Takes part after part, and says after each how many are durable.
fn go_on(stream: &mut (impl Read + Write), copy: &Mutex<Copy>, turn: u64) -> io::Result<()> {
    let (mut taken, mut bytes) = (0_u64, Vec::new());
    loop {
        let mut head = [0; HEAD];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let (first, at, length) = of_head(&head);
        if length > PART {
            return Err(invalid("a part is too long"));
        }
        bytes.resize(length as usize, 0);
        stream.read_exact(&mut bytes)?;
        {
            let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            if copy.turn != turn {
                return Err(invalid("another connection goes on with this copy"));
            }
            let mut folder = copy.folder.take().ok_or_else(|| invalid("the copy failed"))?;
            if length > 0 {
                folder.write(first, at, &bytes)?;
                folder.sync()?;
            }
            copy.folder = Some(folder);
        }
        taken += 1;
        stream.write_all(&taken.to_be_bytes())?;
        stream.flush()?;
    }
}
