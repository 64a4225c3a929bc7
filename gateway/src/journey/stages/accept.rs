//! What is asked: head and body → a bounded, strictly parsed request. From here on the citizen number is `Personal`.
//!
//! Everything that the caller wrote and that is not recognised stays out of the draft: it never reaches the record.

use std::sync::Arc;

use credit_keys::StateDigest;
use credit_policy::{CaseNumber, Catalogue, CitizenNumber, Code, FieldName, Ground, Personal, StaffId};
use hyper::{Method, Version, header, http::request::Parts};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    doors::institutions::OwnRecord,
    gateway::Gateway,
    journey::{evidence::Draft, refusal::Refusal, stages::identify::Identified},
    transport::body::RequestBody,
};

/// Largest body of a query.
pub const BODY_BYTES: usize = 16 * 1024;

/// The path of a query.
pub const PATH: &str = "/v1/queries";

/// The head of a request.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// As hyper read it.
    pub parts: &'a Parts,
    /// False where two parties might read it differently.
    pub sound: bool,
}

/// PROOF: the request is whole, of the known form, and names a scenario of the catalogue.
#[must_use]
pub struct Asked {
    _proof: (),
}

/// The body of a query (formats.md §2). Unknown and duplicate keys are refused by the derived reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    scenario: String,
    #[serde(default, deserialize_with = "there")]
    subject: Option<Zeroizing<String>>,
    #[serde(default, deserialize_with = "there")]
    operator: Option<String>,
    #[serde(default, deserialize_with = "there")]
    case: Option<String>,
    #[serde(default, deserialize_with = "there")]
    fields: Option<Vec<String>>,
}

/// A member that is there has its value: `null` is not another way to leave it out.
fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Parses head and body; the first fault wins, in the order of formats.md §2.
///
/// # Errors
/// `not-found`, `method-not-allowed`, `unsupported-media-type`, `payload-too-large`, `malformed-request`,
/// `request-timeout`, `unknown-scenario`, `operator-required`, `case-required`, `invalid-citizen-number`,
/// `unknown-field`.
pub async fn accept(
    gateway: &Gateway,
    _identified: Identified,
    head: Head<'_>,
    body: &mut RequestBody,
    draft: &mut Draft,
) -> Result<Asked, Refusal> {
    check_head(head, PATH)?;
    let bytes = Zeroizing::new(body.read(BODY_BYTES).await?);
    draft.idempotency = idempotency(gateway, head.parts, &bytes)?;
    read(&gateway.catalogue, &bytes, draft)?;
    Ok(Asked { _proof: () })
}

/// Reads a body into the draft; apart from [`accept`] so that it can be fed without a gateway.
///
/// # Errors
/// As for [`accept`], of what stands in the body.
#[doc(hidden)]
pub fn read(catalogue: &Catalogue, body: &[u8], draft: &mut Draft) -> Result<(), Refusal> {
    let wire: Wire = object(body)?;
    let scenario = catalogue.scenario(&wire.scenario).ok_or(Code::UnknownScenario)?;
    draft.scenario = Some(Arc::clone(scenario));
    operator(wire.operator.as_deref(), draft)?;
    case(wire.case.as_deref(), scenario.ground(), draft)?;
    subject(wire.subject.as_ref().map(|subject| subject.as_str()), scenario.ground(), draft)?;
    fields(catalogue, wire.fields, draft)
}

/// Reads a body that must be one object. A derived reader alone would take an array for one, its values in the order
/// of the members.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::because(Code::MalformedRequest, "the body is no JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Refusal::because(Code::MalformedRequest, place(&error)))
}

/// Checks the head of a request that is to be a JSON body posted to `path`.
pub(super) fn check_head(Head { parts: head, sound }: Head<'_>, path: &str) -> Result<(), Refusal> {
    if !sound {
        return Err(Refusal {
            closes: true,
            ..Refusal::because(Code::MalformedRequest, "two parties might read the head differently")
        });
    }
    let headers = &head.headers;
    let once = |name| headers.get_all(name).iter().count() == 1;
    if head.uri.path() != path {
        return Err(match OwnRecord::at(head.uri.path()) {
            None => Code::NotFound.into(),
            Some(_) if head.method != Method::GET => Refusal::method("GET"),
            // Without one it is read before a journey begins.
            Some(_) => Refusal::because(Code::MalformedRequest, "a query string is not taken"),
        });
    }
    if head.method != Method::POST {
        return Err(Refusal::method("POST"));
    }
    if head.uri.query().is_some() {
        return Err(Refusal::because(Code::MalformedRequest, "a query string is not taken"));
    }
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json);
    if !json || !once(header::CONTENT_TYPE) || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Code::UnsupportedMediaType.into());
    }
    Ok(())
}

/// Whether two parties might read this head differently: a `Transfer-Encoding`, two lengths, no host, or more than one.
#[must_use]
pub fn is_ambiguous(head: &Parts) -> bool {
    let headers = &head.headers;
    if headers.contains_key(header::TRANSFER_ENCODING) || headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 {
        return true;
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let elsewhere = host
        .zip(head.uri.authority())
        .is_some_and(|(host, authority)| host.as_bytes() != authority.as_str().as_bytes());
    // HTTP/2 names the host in `:authority`, which hyper keeps in the URI.
    let named = host.is_some() || (head.version >= Version::HTTP_2 && head.uri.authority().is_some());
    second.is_some() || elsewhere || !named
}

/// `application/json`, with no parameter but `charset=utf-8`.
fn is_json(value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| parameter.eq_ignore_ascii_case("charset=utf-8"))
}

/// Where a JSON fault stands; the parser's own words may quote the caller.
fn place(error: &serde_json::Error) -> String {
    format!("the body does not have its form: line {}, column {}", error.line(), error.column())
}

fn operator(text: Option<&str>, draft: &mut Draft) -> Result<(), Refusal> {
    let text = text.ok_or(Code::OperatorRequired)?;
    let operator =
        StaffId::parse(text).map_err(|error| Refusal::because(Code::MalformedRequest, format!("operator: {error}")))?;
    draft.operator = Some(operator);
    draft.facts.operator = true;
    Ok(())
}

fn case(text: Option<&str>, ground: Ground, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(text) = text else {
        return if ground == Ground::Statute { Err(Code::CaseRequired.into()) } else { Ok(()) };
    };
    let case =
        CaseNumber::parse(text).map_err(|error| Refusal::because(Code::MalformedRequest, format!("case: {error}")))?;
    draft.case = Some(case);
    draft.facts.case = true;
    Ok(())
}

/// `Idempotency-Key`: 1 to 64 visible ASCII characters; kept with a keyed digest of the body.
fn idempotency(gateway: &Gateway, head: &Parts, body: &[u8]) -> Result<Option<(String, StateDigest)>, Refusal> {
    let mut values = head.headers.get_all("idempotency-key").iter();
    let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
    let visible = value.to_str().ok().filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
    match visible.filter(|key| (1..=64).contains(&key.len()) && second.is_none()) {
        Some(key) => {
            let digest = gateway.keys.current().state.digest("credit/body", &[body]);
            Ok(Some((key.to_owned(), digest)))
        }
        None => Err(Refusal::because(Code::MalformedRequest, "Idempotency-Key is not 1 to 64 visible characters")),
    }
}

/// A query on consent takes its person from the token; the body may only repeat who that is.
fn subject(text: Option<&str>, ground: Ground, draft: &mut Draft) -> Result<(), Refusal> {
    let text = match text {
        Some(text) => text,
        None if ground == Ground::Consent => return Ok(()),
        None => return Err(Refusal::because(Code::MalformedRequest, "the body names no subject")),
    };
    let person: Personal<CitizenNumber> = CitizenNumber::parse(text).map_err(|_| Code::InvalidCitizenNumber)?;
    if ground == Ground::Consent {
        draft.claimed = Some(person);
        return Ok(());
    }
    draft.facts.minor = Some(!person.disclose(|number| number.is_adult_on(draft.facts.on)));
    draft.person = Some(Arc::new(person));
    Ok(())
}

fn fields(catalogue: &Catalogue, names: Option<Vec<String>>, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(names) = names else { return Ok(()) };
    if names.is_empty() {
        return Err(Refusal::because(Code::MalformedRequest, "`fields` is empty"));
    }
    let mut known = names
        .iter()
        .map(|name| FieldName::parse(name).ok().filter(|name| catalogue.field(name.as_str()).is_some()))
        .collect::<Option<Vec<_>>>();
    let Some(mut known) = known.take() else {
        // Its place in the order of faults is behind others that are still to be looked for.
        draft.facts.observed = Some(Code::UnknownField);
        return Ok(());
    };
    known.sort();
    if known.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Refusal::because(Code::MalformedRequest, "`fields` names a field twice"));
    }
    draft.facts.fields = Some(known);
    Ok(())
}
