//! One connection after the other to a gateway, over mutual TLS.

use std::{path::Path, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    commands::failure::Failure,
    terminal::{language, said, words},
};

/// Longest wait for the first byte of an answer.
const WAIT: Duration = Duration::from_secs(150);

/// Longest wait for a connection: one round of packets and a handshake.
const CONNECT: Duration = Duration::from_secs(10);

/// Largest answer to one query.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Largest answer to an officer: a person's evidence.
const EVIDENCE_BYTES: usize = 64 * 1024 * 1024;

/// Why nothing came; said to the person at the terminal.
type Broken = String;

fn silent() -> Broken {
    words("网关没有应答", "the gateway does not answer").to_owned()
}

/// An error and what caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A gateway and who asks it.
pub(in crate::commands) struct Gateway {
    tls: TlsConnector,
    host: String,
    authority: String,
    port: u16,
}

impl Gateway {
    /// # Errors
    /// When the address is none, or a file cannot be used.
    pub(in crate::commands) fn new(
        url: &str,
        authority: &Path,
        certificate: &Path,
        key: &Path,
    ) -> Result<Self, Failure> {
        let address = url.parse::<Uri>().ok().filter(|url| url.scheme_str() == Some("https") && url.path() == "/");
        let address = address.and_then(|url| Some((url.host()?.to_owned(), url.port_u16().unwrap_or(443))));
        let Some((host, port)) = address else {
            return Err(Failure::usage(format!("`{url}` is no address such as https://localhost:8443")));
        };
        let of = |path: &Path| {
            let path = path.display().to_string();
            move |error: &dyn std::fmt::Display| {
                Failure::usage(said(
                    || format!("无法使用 `{path}`：{error}"),
                    || format!("cannot use `{path}`: {error}"),
                ))
            }
        };
        let mut roots = RootCertStore::empty();
        let fault = of(authority);
        for root in CertificateDer::pem_file_iter(authority).map_err(|error| fault(&error))? {
            roots.add(root.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
        }
        let fault = of(certificate);
        let chain = CertificateDer::pem_file_iter(certificate).map_err(|error| fault(&error))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| fault(&error))?;
        let fault = of(key);
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| fault(&error))?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Failure::unavailable)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| fault(&error))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), host, authority, port })
    }

    /// Asks one query; its status and body.
    ///
    /// # Errors
    /// When no whole answer came.
    pub(super) async fn query(&self, body: Vec<u8>, consent: Option<&str>) -> Result<(u16, Vec<u8>), Broken> {
        let mut request = self.request("/v1/queries", "application/json", body)?;
        if let Some(token) = consent {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| error.to_string())?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let body =
            Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes().to_vec()))
    }

    /// Sends JSON to a path, or reads it where there is none to send; status and body.
    ///
    /// # Errors
    /// When no whole answer came.
    pub(in crate::commands) async fn json(&self, path: &str, body: Option<Vec<u8>>) -> Result<(u16, Vec<u8>), Broken> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.request(path, "application/json", body.unwrap_or_default())?;
        *request.method_mut() = method;
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let body =
            Limited::new(response.into_body(), EVIDENCE_BYTES).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes().to_vec()))
    }

    /// Reports something; its status, its body, and after how many seconds to come again.
    ///
    /// # Errors
    /// When no whole answer came.
    pub(in crate::commands) async fn report(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>, Option<u64>), Broken> {
        let response = self.send(self.request(path, "application/json", body)?).await?;
        let (status, headers) = (response.status().as_u16(), response.headers());
        let wait = headers.get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let body =
            Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes().to_vec(), wait))
    }

    /// Sends a batch; its answer is on its way.
    ///
    /// # Errors
    /// When no answer begins.
    pub(super) async fn batch(&self, id: &str, after: usize, lines: Bytes) -> Result<Response<Incoming>, Broken> {
        let mut request = self.request("/v1/batches", "application/x-ndjson", lines)?;
        let headers = request.headers_mut();
        headers.insert("batch-id", HeaderValue::try_from(id).map_err(|error| error.to_string())?);
        headers.insert("batch-after", HeaderValue::from(after));
        self.send(request).await
    }

    fn request(&self, path: &str, kind: &'static str, body: impl Into<Bytes>) -> Result<Request<Full<Bytes>>, Broken> {
        Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT_LANGUAGE, language().as_str())
            .body(Full::new(body.into()))
            .map_err(|error| error.to_string())
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, Broken> {
        let name = ServerName::try_from(self.host.clone()).map_err(|error| error.to_string())?;
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| error.to_string())?;
        self.tls.connect(name, stream).await.map_err(|error| with_causes(&error))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Broken> {
        let sent = async {
            let connected = tokio::time::timeout(CONNECT, self.connect()).await;
            let stream = connected.unwrap_or_else(|_| Err(silent()))?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(|error| with_causes(&error))?;
            tokio::spawn(connection);
            // Over TLS 1.3 a certificate that is refused is known only now.
            sender.send_request(request).await.map_err(|error| with_causes(&error))
        };
        let sent = tokio::time::timeout(WAIT, sent).await;
        let sent = sent.unwrap_or_else(|_| Err(silent()));
        let address = &self.authority;
        sent.map_err(|error| {
            said(|| format!("无法查询 {address}：{error}"), || format!("cannot ask {address}: {error}"))
        })
    }
}
