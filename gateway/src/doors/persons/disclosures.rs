//! `POST /public/disclosures`: what a statute publishes, to anyone who knows name and number of the person, masked. For
//! everything else there is one answer, in bytes and in time: whether somebody has a file, or another name, is told nobody.
//! Each question that could be asked of a store is on the record.

use std::{sync::Arc, time::Duration};

use credit_policy::{CitizenNumber, Code, Language, Personal, Value, consent::TokenId};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
    http::request::Parts,
};
use serde::{Deserialize, Serialize, ser::Error};
use tokio::sync::Semaphore;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::page::{self, Frame, Words};
use crate::{
    gateway::Gateway,
    journey::{
        caller::{Caller, Named},
        exchange::{AnswerView, Ended, Exchange, Question, Request},
        journey,
        refusal::Refusal,
    },
    transport::{Body, body::RequestBody, incoming::Incoming},
};

/// Where it is asked.
pub(super) const PATH: &str = "/public/disclosures";

/// The scenario on which anyone may ask.
const SCENARIO: &str = "public-disclosure";

/// The one answer for all that is not published under this name and number.
const NOTHING: &[u8] = b"{\"published\":false}";

/// Largest question.
const BYTES: usize = 1024;

/// Answers leave at the end of such a span only, so that a look-up that finds somebody takes as long as one that does not.
const SPAN: Duration = Duration::from_millis(250);

const MALFORMED: Words = Words {
    zh: "请求须为 JSON 对象，且只含 name 与 number 两项文本。",
    en: "The request must be a JSON object with the texts name and number, and nothing else.",
};
const TOO_OFTEN: Words = Words {
    zh: "查询过于频繁，请一分钟后再试。",
    en: "You ask too often. Please try again in a minute.",
};
const NOT_NOW: Words = Words {
    zh: "目前无法记录查询，因此不能答复，请稍后再试。",
    en: "Nothing can be recorded at present, so nothing is answered. Please try again later.",
};

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: Zeroizing<String>,
    number: Zeroizing<String>,
}

/// What a statute publishes of a person.
#[derive(Serialize)]
struct Published<'a> {
    published: bool,
    name: &'a Value,
    number: &'a Value,
    list: &'static str,
}

/// Answers a question of anybody.
pub(super) async fn disclose(
    gateway: Arc<Gateway>,
    frame: Frame,
    head: &Parts,
    body: Incoming,
    may_ask: bool,
) -> Response<Body> {
    let begun = gateway.clock.monotonic();
    let say = |words: Words, status| page::problem(&frame, words.of(frame.language()), status);
    if !may_ask {
        let mut response = say(TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let Some(asked) = read(head, body, time).await else {
        return say(MALFORMED, StatusCode::BAD_REQUEST);
    };
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return say(NOT_NOW, StatusCode::SERVICE_UNAVAILABLE);
    }
    let Ok(permit) = Semaphore::try_acquire_owned(Arc::clone(&gateway.journeys)) else {
        gateway.metrics.overloaded();
        return say(NOT_NOW, StatusCode::SERVICE_UNAVAILABLE);
    };
    let number: Option<Personal<CitizenNumber>> = CitizenNumber::parse(&asked.number).ok();
    let answer = match number {
        // There is nobody of whom it could be recorded.
        None => Ok(NOTHING.to_vec()),
        Some(number) => {
            let (shared, language) = (Arc::clone(&gateway), frame.language());
            let caller = Caller::public(Named::new(number, asked.name));
            let asked = tokio::spawn(async move {
                let mut exchange = Disclosure(language);
                let reply = |recorded: crate::journey::record::Recorded, _| recorded.into_parts().0;
                journey(&shared, caller, vec![permit], &mut exchange, reply).await
            });
            asked.await.unwrap_or(Err(crate::journey::Dropped::NotRecordable)).map_err(drop)
        }
    };
    let taken = gateway.clock.monotonic().saturating_sub(begun);
    tokio::time::sleep(rest_of_span(taken)).await;
    match answer {
        Ok(body) => page::answer(&frame, "application/json; charset=utf-8", body, StatusCode::OK),
        Err(()) => {
            gateway.metrics.unrecorded();
            say(NOT_NOW, StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

async fn read(head: &Parts, body: Incoming, time: Duration) -> Option<Asked> {
    let kind = head.headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
    let bytes = Zeroizing::new(RequestBody::new(body, time).read(BYTES).await.ok()?.to_vec());
    if kind != "application/json" { None } else { serde_json::from_slice(&bytes).ok() }
}

/// How long it is until the span is over.
fn rest_of_span(taken: Duration) -> Duration {
    let spans = taken.as_nanos() / SPAN.as_nanos() + 1;
    SPAN.saturating_mul(u32::try_from(spans).unwrap_or(u32::MAX)).saturating_sub(taken)
}

/// One question, as the journey reads and answers it.
struct Disclosure(Language);

impl Exchange for Disclosure {
    fn language(&self) -> Language {
        self.0
    }

    fn wants_proof(&self) -> bool {
        false
    }

    async fn request(&mut self) -> Result<Request, Refusal> {
        // The caller has the person, with the name by which it was asked for.
        Ok(Request::Query(Question::of_door(SCENARIO)))
    }

    fn consent(&self) -> Result<&str, Refusal> {
        Err(Code::ConsentRequired.into())
    }

    async fn ended(&mut self) -> Ended {
        Ended::Complete
    }

    fn answer(&self, answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error> {
        let value =
            |name: &str| answer.data.data.iter().find(|(field, _)| field.as_str() == name).map(|(_, value)| value);
        let is_listed = matches!(value("black_listed"), Some(Value::Bool(true)));
        match (value("masked_name"), value("masked_citizen_number")) {
            (Some(name), Some(number)) if answer.is_named && is_listed => {
                serde_json::to_vec(&Published { published: true, name, number, list: "black-list" })
            }
            _ => Ok(NOTHING.to_vec()),
        }
    }

    /// A refusal is for the record alone: why one was refused may say something of the person.
    fn problem(&self, _: &Refusal, _: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        Ok(NOTHING.to_vec())
    }

    fn withdrawn(&self, _: Uuid, _: &TokenId) -> Result<Vec<u8>, serde_json::Error> {
        Err(serde_json::Error::custom("no withdrawal is asked for here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_at_the_end_of_a_span() {
        let at = Duration::from_millis;
        for (taken, rest) in [(0, 250), (1, 249), (249, 1), (250, 250), (251, 249), (999, 1)] {
            assert_eq!(rest_of_span(at(taken)), at(rest), "{taken}");
        }
    }
}
