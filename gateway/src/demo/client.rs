//! A caller with one of the demo's certificates: what the tour speaks with, over real mutual TLS.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{HeaderMap, Method, Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Largest answer.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
#[error("the gateway could not be asked: {0}")]
pub(crate) struct ClientError(String);

impl ClientError {
    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What was answered.
pub(crate) struct Reply {
    /// The status.
    pub status: u16,
    /// The body, parsed.
    pub json: Value,
    /// The body, byte for byte.
    pub text: String,
}

impl Reply {
    /// The text at a JSON pointer; empty where there is none.
    #[must_use]
    pub(crate) fn at(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Who calls.
pub(crate) struct Caller {
    tls: TlsConnector,
    address: SocketAddr,
}

impl Caller {
    /// The institution `name` of the demo folder `dir`, calling `address`.
    ///
    /// # Errors
    /// When its certificate or key cannot be read.
    pub(crate) fn new(dir: &Path, name: &str, address: SocketAddr) -> Result<Self, ClientError> {
        Ok(Self { tls: connector(dir, Some(name))?, address })
    }

    /// Posts a body, with the consent where there is one, and gives back what was answered.
    ///
    /// # Errors
    /// When no whole JSON answer comes.
    pub(crate) async fn post(&self, path: &str, body: &str, consent: Option<&str>) -> Result<Reply, ClientError> {
        self.send(Method::POST, path, body.to_owned(), consent).await?.json()
    }

    /// Reads a path.
    ///
    /// # Errors
    /// When no whole JSON answer comes.
    pub(crate) async fn read(&self, path: &str) -> Result<Reply, ClientError> {
        self.send(Method::GET, path, String::new(), None).await?.json()
    }

    /// Reads what is published within two seconds.
    ///
    /// # Errors
    /// When it is not there after five.
    pub(crate) async fn read_when_there(&self, path: &str) -> Result<String, ClientError> {
        for _ in 0..50 {
            let answered = self.send(Method::GET, path, String::new(), None).await?;
            if answered.status == StatusCode::OK {
                return Ok(answered.text);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(ClientError(format!("`{path}` is not there after five seconds")))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        consent: Option<&str>,
    ) -> Result<Answered, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, crate::terminal::language().as_str());
        if let Some(consent) = consent {
            request = request.header(header::AUTHORIZATION, format!("Bearer {consent}"));
        }
        let request = request.body(body).map_err(ClientError::of)?;
        exchange(secured(&self.tls, self.address).await?, request).await
    }
}

/// What came back.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answered {
    /// As JSON.
    pub(super) fn json(self) -> Result<Reply, ClientError> {
        let json = serde_json::from_str(&self.text).map_err(ClientError::of)?;
        Ok(Reply { status: self.status.as_u16(), json, text: self.text })
    }
}

/// TLS that trusts the demo's authority, with the certificate of an institution or none.
pub(super) fn connector(dir: &Path, institution: Option<&str>) -> Result<TlsConnector, ClientError> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(dir.join("ca.pem")).map_err(ClientError::of)?;
    roots.add(authority).map_err(ClientError::of)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::of)?
        .with_root_certificates(roots);
    let config = match institution {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let file = |end: &str| dir.join(format!("institutions/{name}.{end}"));
            let certificate = CertificateDer::from_pem_file(file("pem")).map_err(ClientError::of)?;
            let key = PrivateKeyDer::from_pem_file(file("key")).map_err(ClientError::of)?;
            builder.with_client_auth_cert(vec![certificate], key).map_err(ClientError::of)?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A TLS connection.
pub(super) async fn secured(tls: &TlsConnector, address: SocketAddr) -> Result<TlsStream<TcpStream>, ClientError> {
    let stream = TcpStream::connect(address).await.map_err(ClientError::of)?;
    tls.connect(ServerName::from(address.ip()), stream).await.map_err(ClientError::of)
}

/// One request over a connection of its own.
pub(super) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<String>,
) -> Result<Answered, ClientError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::of)?;
    let connection = tokio::spawn(connection);
    let request = request.map(|body| Full::new(Bytes::from(body)));
    let (head, body) = sender.send_request(request).await.map_err(ClientError::of)?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(ClientError::of)?;
    connection.abort();
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Answered { status: head.status, headers: head.headers, text })
}
