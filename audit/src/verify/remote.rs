//! A log read over HTTP: one connection, kept open, one request at a time.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use super::names::longest;
use super::violation::{CheckError, Violation};

/// How long one request may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Longest file of certificates or of a key: more than all authorities that a system trusts.
const LONGEST_PEM: u64 = 2 << 20;

/// A connection on which requests can be sent.
type Sender = SendRequest<Full<Bytes>>;

/// The files of a TLS client, as PEM.
#[derive(Debug, Clone, Default)]
pub struct ClientFiles {
    /// Certificates of the authorities that the server's may come from.
    pub authorities: Option<PathBuf>,
    /// The client's own certificate with its chain, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A server that shows a log.
pub struct Remote {
    /// Made with the first request: one that was never used may be dropped anywhere.
    runtime: Option<Runtime>,
    scheme: Scheme,
    host: String,
    port: u16,
    prefix: String,
    connection: Option<Sender>,
}

enum Scheme {
    Http,
    Https(TlsConnector),
}

/// An address or a client file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Not an address of a log.
    #[error("`{0}` is no address of the form http://host:port/path or https://…")]
    Address(String),
    /// HTTPS without authorities.
    #[error("an https address needs --ca FILE with the certificates to trust")]
    NoAuthorities,
    /// A file that is no certificate or key.
    #[error("`{file}` cannot be used: {why}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// The system gave no resources.
    #[error("no connection can be made: {0}")]
    System(String),
}

impl Remote {
    /// Prepares to read the log below `address`; nothing is sent yet.
    ///
    /// # Errors
    /// As [`RemoteError`] says.
    pub fn new(address: &str, files: &ClientFiles) -> Result<Self, RemoteError> {
        let wrong = || RemoteError::Address(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let (scheme, port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            Some("https") => (Scheme::Https(connector(files)?), 443),
            _ => return Err(wrong()),
        };
        if uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            runtime: None,
            scheme,
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(port),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            connection: None,
        })
    }

    /// The address of a file of the log, for messages.
    pub(super) fn address(&self, path: &str) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https(_) => "https",
        };
        format!("{scheme}://{}:{}{}/{path}", self.host, self.port, self.prefix)
    }

    /// Reads a file into an empty buffer; `false` when the server has none of that name.
    pub(super) fn read(&mut self, path: &str, buffer: &mut Vec<u8>) -> Result<bool, CheckError> {
        let (status, body) = self.ask(path, None, longest(path))?;
        match status {
            StatusCode::OK => buffer.extend_from_slice(&body),
            StatusCode::NOT_FOUND => return Ok(false),
            other => return Err(CheckError::unavailable(self.address(path), &format!("it answers {other}"))),
        }
        Ok(true)
    }

    /// Sends a body; gives the status and the answer's body.
    ///
    /// # Errors
    /// When nobody answers in time, or at greater length.
    pub fn post(&mut self, path: &str, body: Vec<u8>, longest: usize) -> Result<(u16, Vec<u8>), CheckError> {
        let (status, body) = self.ask(path, Some(body.into()), longest)?;
        Ok((status.as_u16(), body.into()))
    }

    fn ask(&mut self, path: &str, body: Option<Bytes>, longest: usize) -> Result<(StatusCode, Bytes), CheckError> {
        let what = What { path, body, longest };
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| CheckError::unavailable(self.address(path), &error))?,
        };
        // A kept connection may have been closed by the server meanwhile; only a new one's failure counts.
        let kept = self.connection.take().map(|sender| self.exchange(&runtime, Some(sender), &what));
        let answer = match kept {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) | None => self.exchange(&runtime, None, &what),
        };
        self.runtime = Some(runtime);
        let (answer, sender) = answer.map_err(|failure| match failure {
            Failure::Unavailable(why) => CheckError::unavailable(self.address(path), &why),
            Failure::TooLong => Violation::Length { path: path.to_owned() }.into(),
        })?;
        self.connection = Some(sender);
        Ok(answer)
    }

    /// One request on this connection, or on a new one. Gives the answer, and the connection for the next.
    fn exchange(
        &self,
        runtime: &Runtime,
        sender: Option<Sender>,
        what: &What<'_>,
    ) -> Result<((StatusCode, Bytes), Sender), Failure> {
        let exchange = async {
            let mut sender = match sender {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            Ok((self.send(&mut sender, what).await?, sender))
        };
        runtime.block_on(async {
            tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| Err(Failure::from("it does not answer")))
        })
    }

    async fn connect(&self) -> Result<Sender, Failure> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.scheme {
            Scheme::Http => drive(TokioIo::new(stream)).await,
            Scheme::Https(connector) => {
                let name = ServerName::try_from(host.to_owned())?;
                drive(TokioIo::new(connector.connect(name, stream).await?)).await
            }
        }
    }

    async fn send(&self, sender: &mut Sender, what: &What<'_>) -> Result<(StatusCode, Bytes), Failure> {
        sender.ready().await?;
        let method = if what.body.is_some() { Method::POST } else { Method::GET };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{}", self.prefix, what.path))
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::USER_AGENT, "credit-audit")
            .body(Full::new(what.body.clone().unwrap_or_default()))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), what.longest).collect().await;
        let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
            Ok(_) if status == StatusCode::OK => Failure::TooLong,
            Ok(error) => Failure::from(error),
            Err(error) => Failure::from(error),
        });
        match (status, body) {
            (StatusCode::OK, body) => Ok((status, body?.to_bytes())),
            // What else it says is of no use where it broke off.
            (status, body) => Ok((status, body.map(|body| body.to_bytes()).unwrap_or_default())),
        }
    }
}

/// What is asked of a server.
struct What<'a> {
    path: &'a str,
    /// With one it is a POST.
    body: Option<Bytes>,
    /// The most that is read of an answer.
    longest: usize,
}

/// Why a request came to nothing.
enum Failure {
    /// The server does not answer, or with something else.
    Unavailable(String),
    /// The file is longer than any of its name.
    TooLong,
}

impl<E: ToString> From<E> for Failure {
    fn from(why: E) -> Self {
        Self::Unavailable(why.to_string())
    }
}

/// Begins HTTP/1.1 on a stream; the connection runs as a task of the same runtime.
async fn drive<S>(stream: S) -> Result<Sender, Failure>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(stream).await?;
    // An error of the connection reaches the request that is under way.
    drop(tokio::spawn(connection));
    Ok(sender)
}

fn connector(files: &ClientFiles) -> Result<TlsConnector, RemoteError> {
    let authorities = files.authorities.as_ref().ok_or(RemoteError::NoAuthorities)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate).map_err(|error| unusable(authorities, error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RemoteError::System(error.to_string()))?
        .with_root_certificates(roots);
    let config = match &files.identity {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let secret = PrivateKeyDer::from_pem_slice(&pem(key)?).map_err(|error| unusable(key, error))?;
            config.with_client_auth_cert(certificates(chain)?, secret).map_err(|error| unusable(chain, error))?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, RemoteError> {
    let bytes = pem(file)?;
    let read = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let certificates = read.map_err(|error| unusable(file, error))?;
    if certificates.is_empty() { Err(unusable(file, "it contains no certificate")) } else { Ok(certificates) }
}

/// The bytes of a file that the user named; it may be a pipe.
fn pem(file: &Path) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(LONGEST_PEM + 1).read_to_end(&mut bytes));
    read.map_err(|error| unusable(file, error))?;
    let is_short = bytes.len() as u64 <= LONGEST_PEM;
    if is_short { Ok(bytes) } else { Err(unusable(file, format!("it is longer than {LONGEST_PEM} bytes"))) }
}

fn unusable(file: &Path, why: impl ToString) -> RemoteError {
    RemoteError::File { file: file.to_owned(), why: why.to_string() }
}
