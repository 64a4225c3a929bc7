//! `/me/mandates`: for whom the person may act, and the choice of one. From then on the session's pages are that person's, until
//! another choice or the end of the mandate.

use std::sync::Arc;

use askama::Template;
use hyper::{Response, StatusCode};
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{
    page::{self, Frame, Words},
    request::Members,
    sessions::{self, LoggedIn, own},
};
use crate::{
    changes::mandate_of,
    gateway::Gateway,
    state::{
        mandates::{Mandate, MandateKind},
        visits::Unreached,
    },
    transport::Body,
};

const TITLE: Words = Words { zh: "代他人办理", en: "Act for another person" };
pub(super) const UNKNOWN: Words = Words {
    zh: "没有登记这项权限，或已终止。",
    en: "No such mandate is recorded for you, or it has ended.",
};

/// A mandate.
#[derive(Serialize)]
struct Entry {
    mandate: Uuid,
    #[serde(rename = "as")]
    kind: MandateKind,
    until: Date,
    /// The last four characters of the number.
    number: String,
    #[serde(skip)]
    as_in_words: &'static str,
}

#[derive(Serialize)]
struct Answer<'a> {
    mandates: &'a [Entry],
}

#[derive(Template)]
#[template(path = "persons/mandates.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
}

/// For whom the person may act.
pub(super) async fn mandates(gateway: &Arc<Gateway>, session: &LoggedIn, frame: &Frame, json: bool) -> Response<Body> {
    let language = frame.language();
    let mut entries = Vec::new();
    for mandate in gateway.standing.mandates.of_deputy(&gateway.standing.person(own(session)), gateway.today()) {
        let Some(number) = opened(gateway, mandate.clone()).await else { continue };
        let number = number.disclose(|number| number.as_str().chars().skip(14).collect::<String>());
        let words = match mandate.kind {
            MandateKind::Guardian => Words { zh: "监护", en: "as guardian" },
            MandateKind::Heir => Words { zh: "继承", en: "as heir" },
        };
        let Mandate { id, kind, until, .. } = mandate;
        let number = format!("…{number}");
        entries.push(Entry { mandate: id, kind, until, number, as_in_words: words.of(language) });
    }
    if json {
        let body = serde_json::to_vec(&Answer { mandates: &entries }).unwrap_or_default();
        return page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    page::html(frame, &Page { frame, title: TITLE.of(language), entries: &entries }, StatusCode::OK)
}

/// Chooses a mandate, or none. False where the person has none of this id that is in force.
///
/// # Errors
/// Where it cannot be told for whom the session acts from then on.
pub(super) async fn choose(
    gateway: &Arc<Gateway>,
    session: &LoggedIn,
    name: &str,
    members: &Members,
) -> Result<bool, Unreached> {
    let Some(wanted) = members.get("mandate").filter(|wanted| !wanted.is_empty()) else {
        return sessions::act_for(gateway, name, session, None).await.map(|()| true);
    };
    let deputy = gateway.standing.person(own(session));
    let all = gateway.standing.mandates.of_deputy(&deputy, gateway.today());
    let Some(mandate) = all.into_iter().find(|mandate| mandate.id.to_string() == wanted) else { return Ok(false) };
    let id = mandate.id;
    let Some(number) = opened(gateway, mandate).await else { return Ok(false) };
    sessions::act_for(gateway, name, session, Some((id, Arc::new(number)))).await.map(|()| true)
}

/// For whom it is: out of the record, since nothing else has the number.
async fn opened(
    gateway: &Arc<Gateway>,
    mandate: Mandate,
) -> Option<credit_policy::Personal<credit_policy::CitizenNumber>> {
    mandate_of(gateway, &mandate).await
}
