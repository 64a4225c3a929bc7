//! A person's browser as far as the tour needs one: it keeps cookies, follows a login, and asks for JSON.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use hyper::{
    HeaderMap, Method, Request, StatusCode,
    header::{self, HeaderName},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::{Answered, ClientError, Reply, connector, exchange, secured};

/// The browser of one person.
pub(crate) struct Browser {
    tls: TlsConnector,
    door: SocketAddr,
    identity: SocketAddr,
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// For the persons' door of the demo in `dir`, and the demo's identity service at this port.
    ///
    /// # Errors
    /// When the demo's authority cannot be read.
    pub(crate) fn new(dir: &Path, door: SocketAddr, identity: u16) -> Result<Self, ClientError> {
        let identity = SocketAddr::from((Ipv4Addr::LOCALHOST, identity));
        Ok(Self { tls: connector(dir, None)?, door, identity, cookies: Vec::new() })
    }

    /// Logs in as the person at this place of `persons.csv`.
    ///
    /// # Errors
    /// When a step of the login does not come.
    pub(crate) async fn log_in(&mut self, place: usize) -> Result<(), ClientError> {
        let begun = self.send(Method::GET, "/login", "", "").await?;
        let page = self.at_service(Method::GET, path_of(&location(&begun.headers)), "").await?;
        let login = page.text.split_once("name=\"login\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        let chosen = format!("login={}&person={place}", login.unwrap_or_default());
        let back = self.at_service(Method::POST, "/chosen", &chosen).await?;
        let done = self.send(Method::GET, path_of(&location(&back.headers)), "", "").await?;
        match done.status {
            StatusCode::SEE_OTHER => Ok(()),
            other => Err(ClientError::of(format_args!("the login ended with {other}"))),
        }
    }

    /// Reads a path as JSON.
    ///
    /// # Errors
    /// When no whole JSON answer comes.
    pub(crate) async fn read(&mut self, path: &str) -> Result<Reply, ClientError> {
        self.send(Method::GET, path, "application/json", "").await?.json()
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// When no whole JSON answer comes.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Result<Reply, ClientError> {
        self.send(Method::POST, path, "application/json", body).await?.json()
    }

    async fn send(&mut self, method: Method, path: &str, kind: &str, body: &str) -> Result<Answered, ClientError> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let accept = if kind.is_empty() { "text/html" } else { kind };
        let headers: [(HeaderName, &str); 3] =
            [(header::ACCEPT, accept), (header::CONTENT_TYPE, kind), (header::COOKIE, &cookies.join("; "))];
        let request = request(method, path, &self.door.to_string(), &headers, body)?;
        let answered = exchange(secured(&self.tls, self.door).await?, request).await?;
        for line in answered.headers.get_all(header::SET_COOKIE) {
            let Some((name, rest)) = line.to_str().ok().and_then(|line| line.split_once('=')) else { continue };
            let value = rest.split(';').next().unwrap_or_default().to_owned();
            self.cookies.retain(|(known, _)| known != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value));
            }
        }
        Ok(answered)
    }

    async fn at_service(&self, method: Method, path: &str, form: &str) -> Result<Answered, ClientError> {
        let kind = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let request = request(method, path, &format!("localhost:{}", self.identity.port()), &kind, form)?;
        exchange(TcpStream::connect(self.identity).await.map_err(ClientError::of)?, request).await
    }
}

fn request(
    method: Method,
    path: &str,
    host: &str,
    headers: &[(HeaderName, &str)],
    body: &str,
) -> Result<Request<String>, ClientError> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(name, *value);
    }
    request.body(body.to_owned()).map_err(ClientError::of)
}

fn location(headers: &HeaderMap) -> String {
    headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Path and query of an address.
fn path_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_path() {
        for (address, path) in [("http://localhost:1/a?b=c", "/a?b=c"), ("/x", "/x"), ("https://h", "/"), ("", "/")] {
            assert_eq!(path_of(address), path);
        }
    }
}
