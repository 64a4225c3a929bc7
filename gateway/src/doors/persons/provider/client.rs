//! HTTP towards the identity service: one request, one answer, bounded in bytes and time. Redirects are not followed.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{HOST, HeaderValue},
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use openidconnect::{HttpRequest, HttpResponse};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::settings::is_secure;

/// Largest answer: a set of keys is the longest.
const ANSWER_BYTES: usize = 256 * 1024;
/// Time for one request, from the connection to the end of its answer.
const TIME: Duration = Duration::from_secs(5);

/// Why the identity service gave no answer. It names nothing that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientError {
    /// An address of its own that is not secure.
    Address,
    /// It cannot be reached, or not in time.
    Unreachable,
    /// Its certificate is not one that we trust.
    Tls,
    /// What came is no HTTP answer, or too long.
    Answer,
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Address => "the identity service names an address that is not https",
            Self::Unreachable => "the identity service cannot be reached in time",
            Self::Tls => "the identity service's certificate is not trusted; see persons.authorities",
            Self::Answer => "the identity service's answer breaks off, or is longer than it may be",
        })
    }
}

impl std::error::Error for ClientError {}

/// The client.
#[derive(Clone)]
pub(super) struct Client {
    tls: Option<Arc<ClientConfig>>,
}

impl Client {
    /// With the authorities to trust, where the service is reached over TLS.
    pub(super) fn new(tls: Option<Arc<ClientConfig>>) -> Self {
        Self { tls }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ClientError> {
        tokio::time::timeout(TIME, self.send_unbounded(request)).await.map_err(|_| ClientError::Unreachable)?
    }

    async fn send_unbounded(&self, request: HttpRequest) -> Result<HttpResponse, ClientError> {
        let uri = request.uri().clone();
        let host = uri.host().filter(|_| is_secure(&uri)).ok_or(ClientError::Address)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|_| ClientError::Unreachable)?;
        let request = relative(request, &uri)?;
        if !is_tls {
            return exchange(TokioIo::new(stream), request).await;
        }
        let config = self.tls.clone().ok_or(ClientError::Address)?;
        let name = ServerName::try_from(host).map_err(|_| ClientError::Address)?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|_| ClientError::Tls)?;
        exchange(TokioIo::new(stream), request).await
    }
}

/// The request in the form of a server's: path in the first line, host in a header.
fn relative(request: HttpRequest, uri: &Uri) -> Result<Request<Full<Bytes>>, ClientError> {
    let (mut head, body) = request.into_parts();
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    head.headers.insert(HOST, host.ok_or(ClientError::Address)?);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|_| ClientError::Address)?;
    Ok(Request::from_parts(head, Full::new(Bytes::from(body))))
}

async fn exchange(
    io: impl Read + Write + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<HttpResponse, ClientError> {
    let (mut sender, connection) = http1::handshake(io).await.map_err(|_| ClientError::Unreachable)?;
    // What ended it is told to whoever waits for the answer.
    let driver = tokio::spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await.map_err(|_| ClientError::Answer);
    let read = match response {
        Ok(response) => whole(response).await,
        Err(error) => Err(error),
    };
    driver.abort();
    read
}

async fn whole(response: hyper::Response<Incoming>) -> Result<HttpResponse, ClientError> {
    let (head, body) = response.into_parts();
    let read = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|_| ClientError::Answer)?;
    Ok(HttpResponse::from_parts(head, read.to_bytes().to_vec()))
}
