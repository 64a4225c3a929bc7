//! A request of an institution over HTTP, as the journey reads and answers it.

use std::sync::Arc;

use credit_policy::{Code, Language, consent::TokenId};
use hyper::{
    Method, Version,
    header::{self, HeaderMap},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    json_body::{object, present},
    on_behalf::without,
    own::OwnRecord,
    query_body::question,
    reply::rendered,
    reports::Report,
    route::{Beside, Routed, in_ascii, routed},
};
use crate::{
    doors::problems::{accepted, problem, problem_said, title},
    journey::{
        detail::Detail,
        exchange::{AnswerView, Ended, Exchange, RepeatKey, RepeatWindow, Request},
        refusal::Refusal,
    },
    stores::routes::{At, Route, Routes},
    transport::body::{Finished, ReadError, RequestBody},
};

/// Largest body of a query.
const BODY_BYTES: usize = 16 * 1024;

const QUERIES: &str = "/v1/queries";
/// Where batches are posted.
pub(super) const BATCHES: &str = "/v1/batches";
const WITHDRAWALS: &str = "/v1/revocations";

/// One request and its answer.
pub struct HttpExchange {
    head: Parts,
    /// False where two parties might read the head differently.
    sound: bool,
    body: RequestBody,
    at: At,
    /// The consent that a route takes from elsewhere than the header.
    consent: Option<Zeroizing<String>>,
    /// Why it is refused, whatever else it says.
    refusal: Option<Refusal>,
}

impl HttpExchange {
    /// Of a head, and a body that is not yet read. `sound` is false where two parties might read the head differently.
    #[must_use]
    pub fn new(head: Parts, sound: bool, body: RequestBody) -> Self {
        Self { head, sound, body, at: At::Nothing, consent: None, refusal: None }
    }

    /// A request that is refused, whatever else it says.
    pub(super) fn refused(head: Parts, body: RequestBody, refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::new(head, true, body) }
    }

    /// With what the routes have at its path.
    #[must_use]
    pub(super) fn by(mut self, routes: &Routes) -> Self {
        self.at = routes.at(&self.head.method, self.head.uri.path());
        self
    }

    /// The protocol's version.
    pub(super) fn version(&self) -> Version {
        self.head.version
    }

    async fn by_route(&mut self, route: Arc<Route>) -> Result<Request, Refusal> {
        unambiguous(self.sound)?;
        if route.takes_body() {
            is_of_kind(&self.head.headers, BodyKind::Json)?;
        }
        let bytes = self.read().await?;
        let key = idempotency_key(&self.head.headers)?;
        let Routed { question, consent } = routed(&route, &self.head, &bytes, key)?;
        self.consent = consent;
        Ok(Request::Query(question))
    }

    async fn read(&mut self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let read = self.body.read(BODY_BYTES).await;
        read.map(Zeroizing::new).map_err(|error| match error {
            ReadError::TooLarge => Code::PayloadTooLarge.into(),
            ReadError::Unusable => Refusal::from(Code::MalformedRequest).with(Detail::AmbiguousHead),
        })
    }
}

impl Exchange for HttpExchange {
    fn language(&self) -> Language {
        language(&self.head.headers)
    }

    /// `Prefer: receipt=proof` (RFC 7240).
    fn wants_proof(&self) -> bool {
        let values = self.head.headers.get_all("prefer").iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|preference| preference.trim().eq_ignore_ascii_case("receipt=proof"))
    }

    async fn request(&mut self) -> Result<Request, Refusal> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        match &self.at {
            At::Nothing => {}
            At::Method(allow) => {
                unambiguous(self.sound)?;
                return Err(Refusal::method(allow));
            }
            At::Route(route) => return self.by_route(Arc::clone(route)).await,
        }
        if self.head.uri.path() == WITHDRAWALS {
            check_head(&self.head, self.sound, WITHDRAWALS, BodyKind::Json)?;
            let bytes = self.read().await?;
            return withdrawal(&bytes).map(|(jti, iss)| Request::Withdrawal { jti, iss });
        }
        if let Some((path, report)) = Report::at(self.head.uri.path()) {
            check_head(&self.head, self.sound, path, BodyKind::Json)?;
            return report.read(&self.read().await?);
        }
        check_head(&self.head, self.sound, QUERIES, BodyKind::Json)?;
        let bytes = self.read().await?;
        let key = idempotency_key(&self.head.headers)?;
        let mut question = question(&bytes)?;
        let bytes = match &question.on_behalf {
            Some(on_behalf) => without(bytes, &on_behalf.query),
            None => bytes,
        };
        question.idempotency = key.map(|key| RepeatKey { key, question: bytes, window: RepeatWindow::Query });
        Ok(Request::Query(question))
    }

    fn consent(&self) -> Result<&str, Refusal> {
        if let Some(token) = &self.consent {
            return Ok(token);
        }
        if matches!(&self.at, At::Route(route) if !route.takes_bearer()) {
            return Err(Code::ConsentRequired.into());
        }
        let mut values = self.head.headers.get_all(header::AUTHORIZATION).iter();
        let (value, second) = (values.next().ok_or(Code::ConsentRequired)?, values.next());
        let token = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start_matches(' '))
        });
        token
            .filter(|_| second.is_none())
            .ok_or_else(|| Refusal::from(Code::ConsentInvalid).with(Detail::Authorization))
    }

    async fn ended(&mut self) -> Ended {
        match self.body.finish().await {
            Finished::Complete => Ended::Complete,
            Finished::TooLong => Ended::TooLong,
            Finished::Broken => Ended::Broken,
        }
    }

    fn answer(&self, answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error> {
        match &self.at {
            At::Route(_) => serde_json::to_vec(&Beside::of(answer)).map(|json| in_ascii(&json)),
            At::Nothing | At::Method(_) => rendered(answer),
        }
    }

    fn problem(&self, refusal: &Refusal, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        let language = self.language();
        match &self.at {
            At::Route(_) => {
                let told = match refusal.code {
                    Code::ConsentRequired => Some(Detail::RouteConsent),
                    _ => refusal.told(),
                };
                let detail = told.map(|detail| detail.sentence_by_route(language));
                problem_said(refusal, title(refusal.code, language), detail, query)
            }
            At::Nothing | At::Method(_) => problem(refusal, language, query),
        }
    }

    fn withdrawn(&self, query: Uuid, jti: &TokenId) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Withdrawn { query, jti: jti.as_str(), revoked: true })
    }
}

/// The language that `Accept-Language` asks for.
pub(super) fn language(headers: &HeaderMap) -> Language {
    accepted(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithdrawalBody {
    jti: String,
    #[serde(default, deserialize_with = "present")]
    iss: Option<String>,
}

#[derive(Serialize)]
struct Withdrawn<'a> {
    query: Uuid,
    jti: &'a str,
    revoked: bool,
}

fn withdrawal(body: &[u8]) -> Result<(TokenId, Option<String>), Refusal> {
    let WithdrawalBody { jti, iss } = object(body, |_| Detail::WithdrawalMembers)?;
    let jti = TokenId::parse(&jti).ok_or_else(|| {
        Refusal::because(Code::MalformedRequest, "`jti` is no token id").with(Detail::WithdrawalMembers)
    })?;
    Ok((jti, iss))
}

/// What a body is.
#[derive(Clone, Copy)]
pub(super) enum BodyKind {
    Json,
    Lines,
}

impl BodyKind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
        }
    }

    fn detail(self) -> Detail {
        match self {
            Self::Json => Detail::ContentType,
            Self::Lines => Detail::BatchContentType,
        }
    }
}

/// Checks the head of a request that is to be a body of this kind posted to `path`.
pub(super) fn check_head(head: &Parts, sound: bool, path: &str, kind: BodyKind) -> Result<(), Refusal> {
    unambiguous(sound)?;
    if head.uri.path() != path {
        return Err(match OwnRecord::at(head.uri.path()) {
            None => Code::NotFound.into(),
            Some(_) if head.method != Method::GET => Refusal::method("GET"),
            // Without one it is read before a journey begins.
            Some(_) => {
                Refusal::because(Code::MalformedRequest, "a query string is not taken").with(Detail::QueryString)
            }
        });
    }
    if head.method != Method::POST {
        return Err(Refusal::method("POST"));
    }
    if head.uri.query().is_some() {
        return Err(Refusal::because(Code::MalformedRequest, "a query string is not taken").with(Detail::QueryString));
    }
    is_of_kind(&head.headers, kind)
}

/// That two parties would read the head alike.
pub(super) fn unambiguous(sound: bool) -> Result<(), Refusal> {
    if sound {
        return Ok(());
    }
    let refusal = Refusal::because(Code::MalformedRequest, "two parties might read the head differently");
    Err(Refusal { closes: true, ..refusal.with(Detail::AmbiguousHead) })
}

fn is_of_kind(headers: &HeaderMap, kind: BodyKind) -> Result<(), Refusal> {
    let once = headers.get_all(header::CONTENT_TYPE).iter().count() == 1;
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_right = sent.is_some_and(|sent| is_of_type(sent, kind.media_type()));
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::from(Code::UnsupportedMediaType).with(Detail::ContentEncoding));
    }
    if !is_right || !once {
        return Err(Refusal::from(Code::UnsupportedMediaType).with(kind.detail()));
    }
    Ok(())
}

/// This media type, with no parameter but the charset UTF-8, however it is spelt. Between semicolons there may be nothing
/// (RFC 9110, section 5.6.6).
fn is_of_type(value: &str, media_type: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(media_type))
        && parts.filter(|parameter| !parameter.is_empty()).all(|parameter| {
            let value = parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
            value.is_some_and(|(_, charset)| {
                let bare = charset.strip_prefix('"').and_then(|charset| charset.strip_suffix('"')).unwrap_or(charset);
                bare.eq_ignore_ascii_case("utf-8") || bare.eq_ignore_ascii_case("utf8")
            })
        })
}

/// `Idempotency-Key`: 1 to 64 visible ASCII characters.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all("idempotency-key").iter();
    let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
    let visible = value.to_str().ok().filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
    match visible.filter(|key| (1..=64).contains(&key.len()) && second.is_none()) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let cause = "Idempotency-Key is not 1 to 64 visible characters";
            Err(Refusal::because(Code::MalformedRequest, cause).with(Detail::IdempotencyKey))
        }
    }
}
