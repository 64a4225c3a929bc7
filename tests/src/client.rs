//! Callers over real TLS: HTTP/1.1, HTTP/2, and bare bytes for what no client would send.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Bytes,
    client::conn::{http1, http2},
    header::{self, HeaderName},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Longest time for one exchange.
const TIME: Duration = Duration::from_secs(30);

/// Runs something asynchronous to its end, on a runtime of its own.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// The pieces of a TLS client, for those who put one together themselves.
pub struct Tls {
    /// Whom it trusts, PEM.
    pub authority: Vec<u8>,
    /// Its certificate chain and key, PEM; nothing where it has none.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Protocol versions that it offers.
    pub versions: &'static [&'static SupportedProtocolVersion],
}

impl Tls {
    /// Trusts the folder's authority, has no certificate.
    #[must_use]
    pub fn nobody(folder: &Path) -> Self {
        let authority = std::fs::read(folder.join("ca.pem")).expect("ca.pem");
        Self { authority, identity: None, versions: rustls::ALL_VERSIONS }
    }

    /// Trusts the folder's authority, has the certificate of `institutions/<name>.pem`.
    #[must_use]
    pub fn institution(folder: &Path, name: &str) -> Self {
        let read = |end: &str| std::fs::read(folder.join(format!("institutions/{name}.{end}"))).expect(name);
        Self { identity: Some((read("pem"), read("key"))), ..Self::nobody(folder) }
    }

    /// A caller at a port of this machine.
    #[must_use]
    pub fn caller(&self, port: u16) -> Caller {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.authority).expect("PEM")).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain).map(|der| der.expect("PEM")).collect();
                let key = PrivateKeyDer::from_pem_slice(key).expect("PEM");
                builder.with_client_auth_cert(chain, key).expect("a certificate and its key")
            }
        };
        Caller { config, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Caller {
    config: ClientConfig,
    address: SocketAddr,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, byte for byte.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Problem code; empty where it is no problem document.
    #[must_use]
    pub fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The index that the receipt names.
    #[must_use]
    #[track_caller]
    pub fn index(&self) -> u64 {
        let json = self.json();
        json.pointer("/receipt/index").and_then(Value::as_u64).unwrap_or_else(|| panic!("no receipt: {json}"))
    }
}

/// Reads one answer from bare bytes; gives what follows it too. A body ends by its `Content-Length`.
#[must_use]
#[track_caller]
pub fn parse_reply(bytes: &[u8]) -> (Reply, &[u8]) {
    let (mut reply, rest) = parse_head(bytes);
    let length = reply.header("content-length").map_or(0, |value| value.parse().expect("a length"));
    let (body, rest) = rest.split_at(length);
    reply.body = body.to_vec();
    (reply, rest)
}

/// Reads the head of an answer; gives what follows it.
#[track_caller]
pub(crate) fn parse_head(bytes: &[u8]) -> (Reply, &[u8]) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII");
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        headers.append(HeaderName::from_bytes(name.as_bytes()).expect(name), value.parse().expect(value));
    }
    (Reply { status: status.parse().expect("a status"), headers, body: Vec::new() }, &bytes[end..])
}

/// Why nothing came back.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

impl Caller {
    /// The demo's institution `name`, at a port.
    #[must_use]
    pub fn of(folder: &Path, name: &str, port: u16) -> Self {
        Tls::institution(folder, name).caller(port)
    }

    /// The same caller at another port.
    #[must_use]
    pub fn at(&self, port: u16) -> Self {
        Self { config: self.config.clone(), address: SocketAddr::new(self.address.ip(), port) }
    }

    /// Where it calls.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A TLS connection.
    ///
    /// # Errors
    /// When the other side is not there or refuses.
    pub async fn stream(&self, protocol: &str) -> Result<TlsStream<TcpStream>, Broken> {
        let mut config = self.config.clone();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        Ok(tokio::time::timeout(TIME, TlsConnector::from(Arc::new(config)).connect(name, stream)).await??)
    }

    /// The bytes that begin a handshake.
    #[must_use]
    pub fn hello(&self) -> Vec<u8> {
        let name = ServerName::from(self.address.ip());
        let mut tls = ClientConnection::new(Arc::new(self.config.clone()), name).expect("a client");
        let mut bytes = Vec::new();
        tls.write_tls(&mut bytes).expect("into memory");
        bytes
    }

    /// A connection that speaks HTTP/1.1.
    ///
    /// # Errors
    /// When the other side is not there or refuses.
    pub async fn http1(&self) -> Result<Connection, Broken> {
        let (sender, connection) = http1::handshake(TokioIo::new(self.stream("http/1.1").await?)).await?;
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender: Sender::Http1(sender), task, host: self.address.to_string() })
    }

    /// A connection that speaks HTTP/2.
    ///
    /// # Errors
    /// When the other side is not there or refuses.
    pub async fn http2(&self) -> Result<Connection, Broken> {
        let io = TokioIo::new(self.stream("h2").await?);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender: Sender::Http2(sender), task, host: self.address.to_string() })
    }

    /// One request over a connection of its own, HTTP/1.1.
    #[must_use]
    #[track_caller]
    pub fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let request = request(method, path, headers, body);
        match run(async { self.http1().await?.send(request).await }) {
            Ok(reply) => reply,
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// A query.
    #[must_use]
    #[track_caller]
    pub fn ask(&self, body: &Value) -> Reply {
        self.ask_with(body, &[])
    }

    /// A query with more headers.
    #[must_use]
    #[track_caller]
    pub fn ask_with(&self, body: &Value, more: &[(&str, &str)]) -> Reply {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend_from_slice(more);
        self.send(Method::POST, "/v1/queries", &headers, body.to_string())
    }

    /// Reads a path.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], "")
    }

    /// Reads a path until it is there.
    #[must_use]
    #[track_caller]
    pub fn get_when_there(&self, path: &str) -> Reply {
        let began = std::time::Instant::now();
        loop {
            let reply = self.get(path);
            if reply.status == StatusCode::OK {
                return reply;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "`{path}` is not there");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Bare bytes in, all bytes out until the other side closes.
    ///
    /// # Errors
    /// When the other side refuses the connection or breaks it.
    pub fn raw(&self, bytes: &[u8]) -> Result<Vec<u8>, Broken> {
        run(async {
            let mut stream = self.stream("http/1.1").await?;
            stream.write_all(bytes).await?;
            let mut answer = Vec::new();
            let read = tokio::time::timeout(TIME, stream.read_to_end(&mut answer)).await?;
            match read {
                Ok(_) => Ok(answer),
                // Closed without the farewell of TLS: what came, came.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(answer),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// A request to a path. HTTP/1.1 gets its `Host` when it is sent.
#[must_use]
pub fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).expect("a request")
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// An open connection. Closed when dropped.
pub struct Connection {
    sender: Sender,
    task: JoinHandle<()>,
    host: String,
}

impl Connection {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Broken> {
        let (mut head, body) = request.into_parts();
        let answer = match &mut self.sender {
            Sender::Http1(sender) => {
                head.headers.entry(header::HOST).or_insert(self.host.parse()?);
                sender.ready().await?;
                tokio::time::timeout(TIME, sender.send_request(Request::from_parts(head, body))).await??
            }
            Sender::Http2(sender) => {
                let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
                head.uri = format!("https://{}{path}", self.host).parse()?;
                sender.ready().await?;
                tokio::time::timeout(TIME, sender.send_request(Request::from_parts(head, body))).await??
            }
        };
        let (head, body) = answer.into_parts();
        let body = tokio::time::timeout(TIME, body.collect()).await??.to_bytes().to_vec();
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    /// Sends a query and reads the whole answer.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn ask(&mut self, body: &Value) -> Result<Reply, Broken> {
        let headers = [("content-type", "application/json")];
        self.send(request(Method::POST, "/v1/queries", &headers, body.to_string())).await
    }

    /// Another handle on the same connection, where the protocol shares one (HTTP/2).
    #[must_use]
    pub fn share(&self) -> Option<http2::SendRequest<Full<Bytes>>> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(sender.clone()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
