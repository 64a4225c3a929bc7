//! What the logs of the operator's other gateways have, for one page: each gateway finds it, records who asked and for whom, and
//! answers for its own log. What is too much, has another form, or names another log is not believed, and the page says so first.

use futures_util::future::join_all;
use hyper::StatusCode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    page::Frame,
    span::{MissingLog, Why},
    view::View,
};
use crate::{
    doors::elsewhere::{Fault, Other, Others},
    settings::Role,
};

/// Where another gateway asks.
pub(in crate::doors) const PATH: &str = "/officers/elsewhere";

/// Rows of a list, members of an object, and bytes of a text that another gateway answers, at most.
const ROWS: usize = 20_000;
const TEXT_BYTES: usize = 2_048;
/// Lists and objects within each other, at most.
const DEPTH: usize = 8;
/// The largest number: what is counted is added up and drawn, and no log has so many leaves.
const MOST: u64 = 1 << 53;

/// What is asked of another gateway.
pub(super) enum Asking {
    /// What the view has there, under these conditions.
    For(Vec<(&'static str, String)>),
    /// Nothing: its list is over.
    Nothing,
    /// Nothing: it did not come with an earlier page.
    LeftOut,
}

/// What it answers: the same that it would show the officer at its own port, of its own log.
#[derive(Deserialize, Serialize)]
pub(super) struct Answer<T> {
    pub(super) log: String,
    pub(super) shown: T,
}

/// What one of the others has.
pub(super) struct There<T> {
    pub(super) log: String,
    pub(super) shown: T,
}

/// As what somebody looks, for who asks on somebody's behalf.
pub(super) fn looks_as(role: Option<Role>) -> &'static str {
    match role {
        None => "supervisor",
        Some(Role::Officer) => "officer",
        Some(Role::Reviewer) => "reviewer",
        Some(Role::Custodian) => "custodian",
        Some(Role::Gateway) => "gateway",
    }
}

/// Asks all of them at once. The frame knows afterwards which came; what is not sound by `is_sound` did not.
pub(super) async fn ask<T: DeserializeOwned>(
    others: &Others,
    frame: &mut Frame,
    view: &View,
    asking: impl Fn(&str) -> Asking,
    is_sound: impl Fn(&str, &T) -> bool,
) -> Vec<There<T>> {
    let Some(name) = view.elsewhere() else { return Vec::new() };
    let asked: Vec<_> = others.all().map(|other| (other, asking(other.log()))).collect();
    let answers = join_all(asked.into_iter().map(async |(other, asking)| {
        let came = match asking {
            Asking::For(conditions) => {
                let shown = one::<T>(other, frame, (name, conditions)).await;
                shown.and_then(|shown| is_sound(other.log(), &shown).then_some(shown).ok_or_else(|| other.no_list()))
            }
            Asking::Nothing => return (other, Ok(None)),
            Asking::LeftOut => return (other, Err(Why::SinceAnEarlierPage)),
        };
        let why = came.map(Some).map_err(|error| {
            tracing::error!(peer = %other.log(), %error, "what another gateway has for an officer could not be had");
            why(&error)
        });
        (other, why)
    }))
    .await;
    let mut all = Vec::new();
    let (mut came, mut missing) = (Vec::new(), Vec::new());
    for (other, answer) in answers {
        let (log, address) = (other.log().to_owned(), other.url().to_owned());
        match answer {
            Ok(shown) => {
                all.extend(shown.map(|shown| There { log: log.clone(), shown }));
                came.push((log, address));
            }
            Err(why) => missing.push(MissingLog { log, why, address: Some(address) }),
        }
    }
    // Gateways that count together with this one, and of which the configuration says nothing.
    let unknown = frame.others.iter().filter(|other| others.find(&other.replica.log).is_none());
    missing.extend(unknown.map(|other| MissingLog {
        log: other.replica.log.clone(),
        why: Why::NotConfigured,
        address: None,
    }));
    if let Some(span) = &mut frame.span {
        (span.came, span.missing) = (came, missing);
    }
    all
}

fn why(error: &Fault) -> Why {
    match error {
        Fault::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Why::Refused,
        Fault::NotAList(_) => Why::NotAList,
        Fault::Http(_) | Fault::Late | Fault::Refused(_) | Fault::Unaskable => Why::Away,
    }
}

async fn one<T: DeserializeOwned>(
    other: &Other,
    frame: &Frame,
    (view, conditions): (&'static str, Vec<(&'static str, String)>),
) -> Result<T, Fault> {
    let viewer = &frame.viewer;
    let own = [
        ("view", view),
        ("officer", viewer.id.as_str()),
        ("certificate", viewer.certificate.as_str()),
        ("as", looks_as(viewer.role)),
    ];
    let own = own.map(|(name, value)| (name, value.to_owned()));
    let members: Map<String, Value> =
        own.into_iter().chain(conditions).map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    let body = serde_json::to_vec(&members).map_err(|_| Fault::Unaskable)?;
    let (status, bytes) = other.ask(PATH, Zeroizing::new(body), frame.language()).await?;
    if status != StatusCode::OK {
        return Err(Fault::Refused(status));
    }
    read(&bytes, other.log()).ok_or_else(|| other.no_list())
}

/// What a gateway answers for its log; nothing where it is too much, has another form, or names another log.
fn read<T: DeserializeOwned>(bytes: &[u8], log: &str) -> Option<T> {
    let answer: Answer<Value> = serde_json::from_slice(bytes).ok()?;
    let is_its_own = answer.log == log && is_bounded(&answer.shown, log, DEPTH);
    is_its_own.then(|| serde_json::from_value(answer.shown).ok()).flatten()
}

fn is_bounded(value: &Value, log: &str, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else { return false };
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(number) => number.as_u64().is_none_or(|number| number <= MOST),
        Value::String(text) => text.len() <= TEXT_BYTES,
        Value::Array(all) => all.len() <= ROWS && all.iter().all(|one| is_bounded(one, log, below)),
        Value::Object(all) => {
            let is_named = |name: &str, value: &Value| name != "log" || value.as_str().is_none_or(|named| named == log);
            all.len() <= ROWS
                && all.iter().all(|(name, value)| {
                    name.len() <= TEXT_BYTES && is_named(name, value) && is_bounded(value, log, below)
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_too_much_or_of_another_log_is_not_read() {
        let of = |answer: Value| read::<Value>(answer.to_string().as_bytes(), "r1").is_some();
        let rows = |count: usize| json!({"log": "r1", "shown": {"rows": vec![1; count]}});
        let text = |bytes: usize| json!({"log": "r1", "shown": {"rows": [{"a": "x".repeat(bytes)}]}});
        let deep = |depth: usize| {
            let value = (1..depth).fold(json!(1), |inner, _| json!([inner]));
            json!({"log": "r1", "shown": value})
        };
        assert!(of(rows(ROWS)) && of(text(TEXT_BYTES)) && of(deep(DEPTH)));
        let number = |number: u64| json!({"log": "r1", "shown": {"rows": [{"count": number}]}});
        assert!(of(number(MOST)) && !of(number(MOST + 1)));
        assert!(!of(rows(ROWS + 1)) && !of(text(TEXT_BYTES + 1)) && !of(deep(DEPTH + 1)));
        assert!(of(json!({"log": "r1", "shown": {"log": {"origin": "r1"}, "rows": [{"log": "r1"}]}})));
        for wrong in [
            json!({"log": "r2", "shown": {}}),
            json!({"shown": {}}),
            json!({"log": "r1"}),
            json!({"log": "r1", "shown": {"rows": [{"log": "r1"}, {"log": "r2"}]}}),
            json!([]),
        ] {
            assert!(!of(wrong.clone()), "{wrong}");
        }
        assert_eq!(read::<Value>(b"{", "r1"), None);
    }
}
