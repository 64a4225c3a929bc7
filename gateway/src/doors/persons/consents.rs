//! `GET /me/consents`: the consents on which queries about the person were answered, and what became of each; and their
//! withdrawal (PIPL art. 15), which holds at once, for queries under way too.

use std::sync::Arc;

use askama::Template;
use credit_audit::leaf::{GroundRecord, QueryLeaf};
use credit_policy::{
    Language,
    consent::{RecordedConsent, TokenId},
};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    acting,
    elsewhere::{self, Asked, Elsewhere, Part},
    outcome::Outcome,
    page::{self, Frame, Words},
    range::EARLIEST,
    report::{NOT_RECORDABLE, OwnReceipt},
    request::Members,
    sessions::LoggedIn,
    statement::{self, Shown},
};
use crate::{
    changes,
    doors::{elsewhere::Others, latest::of_index},
    gateway::Gateway,
    index::{IndexError, leaf_at, read_leaf},
    state::consent_key,
    transport::Body,
};

/// Consents of one page: the ids of their last queries fit a sealed member.
const MOST: u32 = 40;
/// Consents among which one that is to be withdrawn is looked for.
const KNOWN: u32 = 10_000;

const TITLE: Words = Words { zh: "我的授权", en: "My consents" };
const UNKNOWN: Words = Words {
    zh: "没有这项授权。未曾用于查询的授权，请向授权机构撤回，或在“关闭场景”中关闭该场景。",
    en: "There is no such consent. One that was never used for a query is withdrawn where it was given, or by closing its scenario.",
};

/// A consent.
#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    iss: String,
    jti: String,
    scenario: String,
    /// The scenario's title.
    title: String,
    /// Who used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    issued: Timestamp,
    expires: Timestamp,
    /// How many answers it is good for.
    uses: u64,
    /// How many there were.
    used: u64,
    /// The last of them.
    last: LastUse,
    state: State,
}

/// What became of a consent.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Withdrawn,
    Expired,
    UsedUp,
    /// Its scenario is closed.
    Blocked,
    InForce,
}

impl Entry {
    fn can_be_withdrawn(&self) -> bool {
        !matches!(self.state, State::Withdrawn | State::Expired)
    }

    fn state_in_words(&self, frame: &Frame) -> &'static str {
        match self.state {
            State::Withdrawn => frame.say("已撤回", "withdrawn"),
            State::Expired => frame.say("已到期", "expired"),
            State::UsedUp => frame.say("已用完", "used up"),
            State::Blocked => frame.say("场景已由您关闭", "you closed its scenario"),
            State::InForce => frame.say("有效", "in force"),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct LastUse {
    query: Uuid,
    at: Timestamp,
}

/// The list, as it is committed to.
#[derive(Serialize)]
struct List<'a> {
    covers: u64,
    consents: &'a [Entry],
}

#[derive(Serialize)]
struct Answer<'a> {
    list: &'a serde_json::value::RawValue,
    statement: &'a OwnReceipt,
    /// What stands in the logs of other gateways.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    others: &'a [Part],
}

/// What the page shows of another log's list.
#[derive(Deserialize)]
struct ThereList {
    consents: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "persons/consents.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'a str,
    entries: &'a [Entry],
    statement: &'a OwnReceipt,
    others: &'a [Elsewhere<ThereList>],
}

/// Finds, records, then answers.
pub(super) async fn consents(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    json: bool,
    others: &Others,
) -> Response<Body> {
    let language = frame.language();
    let refuse = || match json {
        true => page::problem(&frame, NOT_RECORDABLE.of(language), StatusCode::SERVICE_UNAVAILABLE),
        false => page::notice(&frame, NOT_RECORDABLE.of(language), StatusCode::SERVICE_UNAVAILABLE),
    };
    let number = Arc::clone(&person.person);
    let found = of_index(&gateway, move |gateway, index, covers| {
        let key = number.disclose(|number| index.person(number.as_str()));
        let standing = gateway.standing.person(&number);
        let found = index.consents(&key, MOST, gateway.today())?;
        let entries = found.into_iter().map(|found| {
            let last = read_leaf(&gateway.log_folder(), found.last)?;
            let is_blocked = |scenario: &str| gateway.standing.is_blocked(&standing, scenario);
            entry(gateway, &last, is_blocked, language)
        });
        let entries: Vec<_> = entries.collect::<Result<_, IndexError>>()?;
        Ok((covers, entries.into_iter().flatten().collect::<Vec<_>>()))
    });
    let (covers, entries) = match found.await {
        Ok(found) => found,
        Err(cause) => {
            tracing::error!(cause, "the list of consents could not be made");
            return refuse();
        }
    };
    let list = serde_json::value::to_raw_value(&List { covers, consents: &entries });
    let Ok(list) = list else { return refuse() };
    let shown = Shown {
        from: EARLIEST,
        to: gateway.today(),
        covers,
        list: list.get().as_bytes(),
        ids: entries.iter().map(|entry| entry.last.query).collect(),
        told: Vec::new(),
    };
    let Ok(record) = statement::record(&gateway, &person, shown).await else {
        gateway.metrics.unrecorded();
        return refuse();
    };
    let statement = record.receipt(&gateway);
    let others = others.lists(&person, &Asked::of("consents"), None).await;
    if json {
        let body = serde_json::to_vec(&Answer { list: &list, statement: &statement, others: &others });
        let body = body.unwrap_or_default();
        return page::answer(&frame, "application/json; charset=utf-8", body, StatusCode::OK);
    }
    let (entries, statement, others) = (&entries, &statement, &elsewhere::shown(others));
    let page = Page { frame: &frame, title: TITLE.of(language), entries, statement, others };
    page::html(&frame, &page, StatusCode::OK)
}

/// The consent of the query that a leaf records; nothing where its token cannot be read.
fn entry(
    gateway: &Gateway,
    last: &[u8],
    is_blocked: impl FnOnce(&str) -> bool,
    language: Language,
) -> Result<Option<Entry>, IndexError> {
    let Ok(leaf) = QueryLeaf::parse(last) else { return Ok(None) };
    let (token, used) = match &leaf.ground {
        Some(GroundRecord::Consent { consent, use_ }) => (consent.clone().into_owned(), *use_),
        Some(GroundRecord::ConsentAgain { first, use_ }) => {
            let first = leaf_at(&gateway.log_folder(), *first)?;
            let token = QueryLeaf::parse(&first).ok().and_then(|leaf| match leaf.ground {
                Some(GroundRecord::Consent { consent, .. }) => Some(consent.into_owned()),
                _ => None,
            });
            let Some(token) = token else { return Ok(None) };
            (token, *use_)
        }
        _ => return Ok(None),
    };
    let Ok(consent) = RecordedConsent::parse(&token) else { return Ok(None) };
    let (id, terms) = (consent.id(), consent.terms());
    let is_withdrawn = gateway.state.is_revoked(&consent_key(&id.iss, id.jti.as_str()));
    let scenario = terms.scenario.as_str();
    let state = if is_withdrawn {
        State::Withdrawn
    } else if consent.expires_at() <= gateway.clock.now() {
        State::Expired
    } else if used >= terms.uses {
        State::UsedUp
    } else if is_blocked(scenario) {
        State::Blocked
    } else {
        State::InForce
    };
    Ok(Some(Entry {
        iss: id.iss.clone(),
        jti: id.jti.as_str().to_owned(),
        scenario: scenario.to_owned(),
        title: gateway.catalogue().scenario(scenario).map_or(scenario, |known| known.title(language)).to_owned(),
        institution: leaf.institution,
        issued: consent.issued_at(),
        expires: consent.expires_at(),
        uses: terms.uses,
        used,
        last: LastUse { query: leaf.id, at: leaf.at },
        state,
    }))
}

/// Withdraws one of the person's own consents; one that was used at another gateway alone, there.
pub(super) async fn withdraw(
    gateway: &Arc<Gateway>,
    session: &LoggedIn,
    members: &Members,
    others: &Others,
) -> Outcome {
    let (Some(iss), Some(jti)) = (members.get("iss"), members.get("jti").and_then(TokenId::parse)) else {
        return Outcome::Malformed;
    };
    let (key, number) = (consent_key(iss, jti.as_str()), Arc::clone(&session.person));
    let found = of_index(gateway, move |gateway, index, _| {
        let person = number.disclose(|number| index.person(number.as_str()));
        let all = index.consents(&person, KNOWN, gateway.today())?;
        Ok(all.into_iter().any(|consent| consent.key == key))
    });
    match found.await {
        Ok(true) => Outcome::of(changes::withdraw(gateway, acting::whose(gateway, session), iss.to_owned(), jti).await),
        Ok(false) => {
            let asked = Asked::of("withdraw").with("iss", iss).with("jti", jti.as_str());
            match others.done(session, &asked).await {
                Ok(Some(done)) => Outcome::Done(None, done),
                // One that is somebody else's is none.
                Ok(None) => Outcome::Unknown(UNKNOWN),
                Err(elsewhere::Unasked) => Outcome::Later(NOT_RECORDABLE),
            }
        }
        Err(cause) => {
            tracing::error!(cause, "whose consent it is could not be found");
            Outcome::Later(NOT_RECORDABLE)
        }
    }
}
