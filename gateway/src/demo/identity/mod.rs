//! The demo's identity service: a small OpenID provider of the demo alone. Whoever opens it picks one of the made-up people
//! of `persons.csv` and is logged in as that person, without a password. It serves loopback, and is marked on its page.

mod answer;
mod issued;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use credit_audit::clock::Clock;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use openidconnect::url::form_urlencoded;
use tokio::{net::TcpListener, sync::Semaphore};

use crate::settings::Persons;
use answer::{html, json, page, redirect};
use issued::{ACR, CLIENT, Issued};

const FORM_BYTES: usize = 16 * 1024;
const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(10);

/// Where the demo's configuration says that it is.
pub(crate) fn issuer(port: u16) -> String {
    // Another name than the gateway's own address: two sites, as in life.
    format!("http://localhost:{port}")
}

/// The port of the service that a configuration names; nothing where it names another one.
pub(crate) fn port_of(persons: &Persons) -> Option<u16> {
    let port = persons.issuer.rsplit_once(':').and_then(|(_, port)| port.parse().ok())?;
    (issuer(port) == persons.issuer).then_some(port)
}

/// The service.
pub(crate) struct Identity {
    issuer: String,
    /// Where the browser goes back to after a login, and after a logout.
    callback: String,
    home: String,
    /// Number and note of each person.
    people: Vec<(String, String)>,
    issued: Issued,
}

impl Identity {
    /// For the door at `address` and the people of a `persons.csv`; nothing where the system gives no randomness.
    pub(crate) fn new(port: u16, address: &str, persons_csv: &str, clock: Arc<dyn Clock>) -> Option<Self> {
        let people = persons_csv.lines().skip(1).filter_map(|line| line.split_once(','));
        Some(Self {
            issuer: issuer(port),
            callback: format!("{address}/login/callback"),
            home: format!("{address}/"),
            people: people.map(|(number, note)| (number.to_owned(), note.to_owned())).collect(),
            issued: Issued::new(clock)?,
        })
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When the port is taken.
    pub(crate) async fn listen(self, port: u16) -> io::Result<()> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let (shared, places) = (Arc::new(self), Arc::new(Semaphore::new(CONNECTIONS)));
        tokio::spawn(async move {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let shared = Arc::clone(&shared);
                        async move { Ok::<_, Infallible>(shared.answer(request).await) }
                    });
                    let mut server = http1::Builder::new();
                    server.timer(TokioTimer::new()).header_read_timeout(TIME);
                    // What ended a connection of the demo is nobody's business.
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                    drop(place);
                });
            }
        });
        Ok(())
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let path = head.uri.path().to_owned();
        match (head.method, path.as_str()) {
            (Method::GET, "/.well-known/openid-configuration") => json(self.metadata()),
            (Method::GET, "/jwks") => json(self.issued.keys()),
            (Method::GET, "/authorize") => self.ask(&members(query.as_bytes())),
            (Method::GET, "/userinfo") => {
                let bearer = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                self.userinfo(bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default())
            }
            (Method::GET, "/end") => self.end(&members(query.as_bytes())),
            (Method::POST, "/chosen") => match form(body).await {
                Some(form) => self.chosen(&form),
                None => refuse(),
            },
            (Method::POST, "/token") => match form(body).await {
                Some(form) => self.token(&form),
                None => refuse(),
            },
            _ => answer::text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    fn metadata(&self) -> serde_json::Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        serde_json::json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "end_session_endpoint": at("/end"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [ACR],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Asks who logs in; asked without asking anybody, says that nobody is.
    fn ask(&self, asked: &Members) -> Response<Full<Bytes>> {
        let is_known = get(asked, "client_id") == Some(CLIENT)
            && get(asked, "redirect_uri") == Some(&self.callback)
            && get(asked, "response_type") == Some("code")
            && get(asked, "code_challenge_method") == Some("S256");
        let begun = || {
            let (state, nonce) = (get(asked, "state")?, get(asked, "nonce")?);
            self.issued.begin(state, nonce, get(asked, "code_challenge")?)
        };
        if is_known && get(asked, "prompt") == Some("none") {
            // Nothing of a session is kept here: whoever comes is asked.
            return self.back(("error", "login_required"), get(asked, "state").unwrap_or_default());
        }
        match Some(()).filter(|()| is_known).and_then(|()| begun()) {
            Some(login) => html(page(&login, &self.people)),
            None => refuse(),
        }
    }

    /// Sends the browser back with a code.
    fn chosen(&self, form: &Members) -> Response<Full<Bytes>> {
        let chosen = || {
            let place: usize = get(form, "person")?.parse().ok()?;
            self.people.get(place)?;
            self.issued.code(get(form, "login")?, place)
        };
        let Some((state, code)) = chosen() else { return refuse() };
        self.back(("code", &code), &state)
    }

    /// Back to the client.
    fn back(&self, answer: (&str, &str), state: &str) -> Response<Full<Bytes>> {
        redirect(&format!("{}?{}", self.callback, written(&[answer, ("state", state), ("iss", &self.issuer)])))
    }

    fn token(&self, form: &Members) -> Response<Full<Bytes>> {
        let is_known = get(form, "grant_type") == Some("authorization_code")
            && get(form, "client_id") == Some(CLIENT)
            && get(form, "redirect_uri") == Some(&self.callback);
        let redeemed = || self.issued.redeem(get(form, "code")?, get(form, "code_verifier")?, &self.issuer);
        match Some(()).filter(|()| is_known).and_then(|()| redeemed()) {
            Some(tokens) => json(tokens),
            None => {
                let mut response = json(serde_json::json!({ "error": "invalid_grant" }));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
            }
        }
    }

    fn userinfo(&self, access: &str) -> Response<Full<Bytes>> {
        let known = self.issued.holder(access).and_then(|place| Some((place, self.people.get(place)?)));
        match known {
            Some((place, (number, _))) => {
                json(serde_json::json!({ "sub": issued::subject(place), "citizen_number": number }))
            }
            None => answer::text(StatusCode::UNAUTHORIZED, "no such token\n"),
        }
    }

    /// Nothing of a session is kept here, so there is nothing to end.
    fn end(&self, asked: &Members) -> Response<Full<Bytes>> {
        let is_known = get(asked, "post_logout_redirect_uri") == Some(&self.home);
        if is_known { redirect(&self.home) } else { refuse() }
    }
}

type Members = Vec<(String, String)>;

fn members(text: &[u8]) -> Members {
    form_urlencoded::parse(text).into_owned().collect()
}

fn get<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn written(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn form(body: Incoming) -> Option<Members> {
    let read = tokio::time::timeout(TIME, Limited::new(body, FORM_BYTES).collect()).await.ok()?.ok()?;
    Some(members(&read.to_bytes()))
}

fn refuse() -> Response<Full<Bytes>> {
    let mut response =
        answer::text(StatusCode::BAD_REQUEST, "the demo's identity service does not take this request\n");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
