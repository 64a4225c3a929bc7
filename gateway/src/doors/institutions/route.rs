//! A request that came by a route: where its words are, and what it may not have.

use std::{fmt, sync::Arc};

use credit_policy::{Code, FieldName, Obligations};
use hyper::{header::HeaderMap, http::request::Parts};
use serde::{
    Serialize,
    de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::json_body::object;
use crate::{
    journey::{
        detail::Detail,
        exchange::{AnswerView, GroundView, Question, RepeatKey, RepeatWindow},
        refusal::Refusal,
    },
    rules::RouteQuery,
    settings::RouteSource,
    stores::routes::{Mismatch, Route, Said},
};

/// A question, and the consent token where the route says from where it comes.
pub(super) struct Routed {
    pub(super) question: Question,
    pub(super) consent: Option<Zeroizing<String>>,
}

/// Reads a request whose method and path are those of a route. Of its headers only those are looked at that the route
/// takes something from: a condition, a range or a cookie changes nothing.
///
/// # Errors
/// `malformed-request`.
pub(super) fn routed(
    route: &Arc<Route>,
    head: &Parts,
    body: &Zeroizing<Vec<u8>>,
    key: Option<String>,
) -> Result<Routed, Refusal> {
    let refuse = |mismatch| match mismatch {
        Mismatch::Query => malformed("the query string is not that of the route", Detail::RouteQuery),
        Mismatch::Body => malformed("the body is not that of the route", Detail::RouteBody),
    };
    let sources = [&route.sources.staff, &route.sources.case, &route.sources.consent];
    let names = |name: fn(&RouteSource) -> Option<&String>| -> Vec<&str> {
        sources.iter().filter_map(|source| name(source)).map(String::as_str).collect()
    };
    let sent = match (route.takes_body(), body.is_empty()) {
        (false, true) => None,
        (false, false) => return Err(malformed("a request of the route has no body", Detail::RouteBody)),
        (true, _) => Some(object::<Strict>(body, |_| Detail::RouteBody)?.0),
    };
    let template = route.template();
    let in_path = template.path(head.uri.path()).flatten().map(|number| Zeroizing::new(number.to_owned()));
    let (in_query, of_query) =
        template.query(head.uri.query(), &names(|source| source.parameter.as_ref())).map_err(refuse)?;
    let (in_body, of_body) = template.body(sent, &names(|source| source.member.as_ref())).map_err(refuse)?;
    let number = in_path.or(in_query).or(in_body);
    let find = |source: &RouteSource| -> Result<Option<Zeroizing<String>>, Refusal> {
        if let Some(name) = &source.header {
            return header(&head.headers, name);
        }
        let named = |said: &Said, name: &Option<String>| {
            let name = name.as_ref()?;
            said.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        Ok(named(&of_query, &source.parameter).or_else(|| named(&of_body, &source.member)))
    };
    let (staff, case) = (find(&route.sources.staff)?, find(&route.sources.case)?);
    let consent = if route.takes_bearer() { None } else { find(&route.sources.consent)? };
    let idempotency = key.map(|key| {
        let text = |text: &Option<Zeroizing<String>>| text.as_ref().map_or(String::new(), |text| text.to_string());
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let begin = Zeroizing::new(format!("{}\n{}\n{target}\n{}\n", route.name(), text(&staff), text(&case)));
        let question = Zeroizing::new([begin.as_bytes(), body].concat());
        RepeatKey { key, question, window: RepeatWindow::Query }
    });
    let question = Question {
        scenario: route.scenario().to_owned(),
        subject: number,
        staff: staff.map(|text| text.to_string()),
        case: case.map(|text| text.to_string()),
        fields: Some(route.fields().iter().map(ToString::to_string).collect()),
        on_behalf: None,
        idempotency,
        route: Some(RouteQuery { route: Arc::clone(route) }),
    };
    Ok(Routed { question, consent })
}

/// What is told of an answer beside a store's own JSON, in the header `Credit-Answer`.
#[derive(Serialize)]
pub(super) struct Beside<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<Uuid>,
    scenario: &'a str,
    ground: &'a GroundView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_previous: Option<&'a str>,
    catalogue: &'a str,
    marks: &'a [FieldName],
    obligations: &'a Obligations,
}

impl<'a> Beside<'a> {
    pub(super) fn of(answer: &'a AnswerView<'_>) -> Self {
        let AnswerView {
            query: _,
            on_behalf: _,
            repeats,
            scenario,
            ground,
            subject,
            subject_previous,
            catalogue,
            data: _,
            marks,
            obligations,
            is_named: _,
            records: _,
        } = answer;
        let (repeats, subject, subject_previous) = (*repeats, *subject, *subject_previous);
        Self { repeats, scenario, ground, subject, subject_previous, catalogue, marks, obligations }
    }
}

/// The same JSON in ASCII, as a header takes it.
pub(super) fn in_ascii(json: &[u8]) -> Vec<u8> {
    let mut ascii = Vec::with_capacity(json.len());
    for letter in String::from_utf8_lossy(json).chars() {
        if letter.is_ascii() {
            ascii.extend(u8::try_from(letter));
        } else {
            let units = &mut [0; 2];
            ascii.extend(letter.encode_utf16(units).iter().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()));
        }
    }
    ascii
}

fn malformed(cause: &str, detail: Detail) -> Refusal {
    Refusal::because(Code::MalformedRequest, cause).with(detail)
}

/// A header that may be there once, in UTF-8: case numbers have letters of any script.
fn header(headers: &HeaderMap, name: &str) -> Result<Option<Zeroizing<String>>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).ok().filter(|_| second.is_none());
    let text =
        text.ok_or_else(|| malformed("a header of the route is there twice, or is no text", Detail::RouteHeader))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// JSON in which no object has a name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(value)) = elements.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(Value::Object(all))
    }
}
