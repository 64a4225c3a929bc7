//! A caller with one of the demo's certificates: what the tour speaks with, over real mutual TLS.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Largest answer.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
#[error("the gateway could not be asked: {0}")]
pub(crate) struct ClientError(String);

impl ClientError {
    fn of(error: impl std::fmt::Display) -> Self {
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
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(dir.join("ca.pem")).map_err(ClientError::of)?)
            .map_err(ClientError::of)?;
        let certificate =
            CertificateDer::from_pem_file(dir.join(format!("institutions/{name}.pem"))).map_err(ClientError::of)?;
        let key =
            PrivateKeyDer::from_pem_file(dir.join(format!("institutions/{name}.key"))).map_err(ClientError::of)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(ClientError::of)?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .map_err(ClientError::of)?;
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), address })
    }

    /// Posts a body, with the consent where there is one, and gives back what was answered.
    ///
    /// # Errors
    /// When no whole JSON answer comes.
    pub(crate) async fn post(&self, path: &str, body: &str, consent: Option<&str>) -> Result<Reply, ClientError> {
        let (status, text) = self.send(Method::POST, path, body.to_owned(), consent).await?;
        let json = serde_json::from_str(&text).map_err(ClientError::of)?;
        Ok(Reply { status: status.as_u16(), json, text })
    }

    /// Reads what is published within two seconds.
    ///
    /// # Errors
    /// When it is not there after five.
    pub(crate) async fn read_when_there(&self, path: &str) -> Result<String, ClientError> {
        for _ in 0..50 {
            let (status, body) = self.send(Method::GET, path, String::new(), None).await?;
            if status == StatusCode::OK {
                return Ok(body);
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
    ) -> Result<(StatusCode, String), ClientError> {
        let stream = TcpStream::connect(self.address).await.map_err(ClientError::of)?;
        let name = ServerName::from(self.address.ip());
        let stream = self.tls.connect(name, stream).await.map_err(ClientError::of)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::of)?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, crate::terminal::language().as_str());
        if let Some(consent) = consent {
            request = request.header(header::AUTHORIZATION, format!("Bearer {consent}"));
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(ClientError::of)?;
        let response = sender.send_request(request).await.map_err(ClientError::of)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(ClientError::of)?;
        connection.abort();
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }
}
