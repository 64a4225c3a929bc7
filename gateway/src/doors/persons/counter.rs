//! The counter: `POST /officers/counter` on 8445, where an officer acts for a person who is present or records who may act for
//! another. What is done there is on the record with the officer as who acts, and the person reads it in the own list.

use std::{sync::Arc, time::Duration};

use credit_audit::{leaf::Actor, log::Durable};
use credit_policy::{CitizenNumber, Code, Duty, Language};
use hyper::{Response, StatusCode, header::HeaderMap};
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{
    acting, acts, blocks, consents, elsewhere, export, objections,
    of_log::{self, Wanted},
    outcome::Outcome,
    page::{self, Frame, Words},
    places::Page,
    portal::Portal,
    queries::{self, Shape},
    range::{ListOf, Range},
    recipients::{self, RecordName},
    report::{self, NOT_RECORDABLE},
    request::{self, Members},
    sessions::{LoggedIn, Through},
    visit::{IS_OVER, MALFORMED},
    yearly,
};
use crate::{
    callers::{register::Institution, thumbprint::Thumbprint, trust::CertificateStatus},
    changes::{self, ChangeError, NewMandate, Number},
    doors::{
        elsewhere::Others,
        problems::{fixed, not_of_role},
    },
    gateway::Gateway,
    settings::Role,
    state::mandates::{Mandate, MandateKind},
    transport::{Body, incoming::Incoming},
};

pub(crate) use super::places::COUNTER as PATH;

const NOT_SO: Words = Words {
    zh: "代理权限须指另一人，期限不早于今日、不超过五年；终止的须为此人现有的权限。",
    en: "A mandate is of another person, and its last day is today or later and at most five years ahead; only one in force for this person ends.",
};

const NO_CODE: Words = Words {
    zh: "没有等待此绑定码的登录：已使用或已过期；请本人重新登录，取得新的绑定码。",
    en: "No login waits under this code: it is used or over. The person logs in again and gets another one.",
};
const BOUND: Words = Words {
    zh: "该账号或此人已有绑定，请先解除。",
    en: "This account or this person is bound already; end that binding first.",
};
const UNREACHED_CODE: Words = Words {
    zh: "目前无法确认哪次登录在等待此绑定码（各网关的共享状态暂不可用，state-unavailable），未予办理，请稍后再试。",
    en: "Which login waits under this code cannot be made sure of at present (state-unavailable: what the gateways know together cannot be reached), so nothing was done. Please try again later.",
};
const UNBOUND: Words = Words { zh: "此人没有绑定的账号。", en: "No account is bound to this person." };

/// What an officer does for a person.
#[derive(Clone, Copy)]
enum Deed {
    Report,
    Reports,
    Queries,
    Consents,
    Recipients,
    Export,
    Withdraw,
    Blocks,
    Block,
    Objections,
    Object,
    Mandates,
    Mandate,
    EndMandate,
    Bind,
    Unbind,
}

impl Deed {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "report" => Self::Report,
            "reports" => Self::Reports,
            "queries" => Self::Queries,
            "consents" => Self::Consents,
            "recipients" => Self::Recipients,
            "export" => Self::Export,
            "withdraw" => Self::Withdraw,
            "blocks" => Self::Blocks,
            "block" => Self::Block,
            "objections" => Self::Objections,
            "object" => Self::Object,
            "mandates" => Self::Mandates,
            "mandate" => Self::Mandate,
            "end-mandate" => Self::EndMandate,
            "bind" => Self::Bind,
            "unbind" => Self::Unbind,
            _ => return None,
        })
    }

    /// Whether it is a record by itself: a mandate, a binding, or the end of one.
    fn is_record(self) -> bool {
        matches!(self, Self::Mandate | Self::EndMandate | Self::Bind | Self::Unbind)
    }

    /// Whether who has this role does it here: an officer for who is present, another gateway for who is logged in there.
    fn is_for(self, role: Role) -> bool {
        match role {
            Role::Officer => !matches!(self, Self::Recipients | Self::Export | Self::Reports),
            Role::Gateway => {
                let reads = matches!(self, Self::Queries | Self::Consents | Self::Recipients | Self::Export);
                reads || matches!(self, Self::Reports | Self::Withdraw)
            }
            Role::Reviewer | Role::Custodian => false,
        }
    }
}

/// A mandate that is in force.
#[derive(Serialize)]
struct InForce {
    mandate: Uuid,
    #[serde(rename = "as")]
    kind: MandateKind,
    until: Date,
}

/// Does what an officer asks: `number`, `act`, and what the act takes. Who is asked by another gateway asks no further one.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    (portal, officer, standing): (Option<&Portal>, &Institution, &CertificateStatus),
    headers: &HeaderMap,
    body: Incoming,
    language: Language,
) -> Response<Body> {
    let role = gateway.rules().beside.role(officer.id());
    if officer.record.kind.duty() != Some(Duty::Officer) || !matches!(role, Role::Officer | Role::Gateway) {
        return not_of_role(language);
    }
    if !request::is_json(headers) {
        return fixed(Code::UnsupportedMediaType, language);
    }
    if officer.rates.turn().await.is_err() {
        return fixed(Code::Overloaded, language);
    }
    let frame = Frame::new(language, None, "".into(), false);
    let say = |words: Words, status| page::problem(&frame, words.of(language), status);
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let Some(members) = Members::of_json(body, time).await else { return say(MALFORMED, StatusCode::BAD_REQUEST) };
    let name = members.get("act").unwrap_or_default();
    let number = members.get("number").and_then(|number| CitizenNumber::parse(number).ok());
    let Some((deed, person)) = Deed::of(name).zip(number) else { return say(MALFORMED, StatusCode::BAD_REQUEST) };
    let by = Actor::Officer { officer: officer.id().to_owned(), certificate: standing.thumbprint().to_string() };
    let through = match role {
        Role::Gateway => elsewhere::through(&members),
        _ => Some(Some(Through::Officer(by.clone()))),
    };
    let Some(through) = through else { return say(MALFORMED, StatusCode::BAD_REQUEST) };
    if !deed.is_for(role) || !is_officer_here(gateway, deed, through.as_ref()) {
        return not_of_role(language);
    }
    let session = session(gateway, Arc::new(person), through, language);
    if !acting::is_allowed(gateway, &session) {
        return say(IS_OVER, StatusCode::FORBIDDEN);
    }
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return say(NOT_RECORDABLE, StatusCode::SERVICE_UNAVAILABLE);
    }
    if !deed.is_record() && recorded(gateway, &session, (role, name, &by)).await.is_err() {
        gateway.metrics.unrecorded();
        return say(NOT_RECORDABLE, StatusCode::SERVICE_UNAVAILABLE);
    }
    let (alone, all) = (Others::default(), portal.map(|portal| &portal.others));
    let others = all.filter(|_| role == Role::Officer).unwrap_or(&alone);
    let outcome = match deed {
        Deed::Report => return report::report(Arc::clone(gateway), session, frame, true, others).await,
        Deed::Reports => return yearly::of_this_log(gateway, &session, &frame).await,
        Deed::Queries | Deed::Consents | Deed::Recipients | Deed::Export => {
            return list(Arc::clone(gateway), session, frame, (deed, &members), others).await;
        }
        Deed::Blocks => return blocks::blocks(gateway, &session, &frame, true),
        Deed::Objections => return objections::objections(gateway, &session, &frame, true, None).await,
        Deed::Mandates => return in_force(gateway, &session, &frame),
        Deed::Withdraw => consents::withdraw(gateway, &session, &members, others).await,
        Deed::Block => blocks::set(gateway, &session, &members, false).await,
        Deed::Object => objections::object(gateway, &session, &members, language).await,
        Deed::Mandate => begin(gateway, &session, &members, by).await,
        Deed::EndMandate => end(gateway, &session, &members, by).await,
        Deed::Bind => match members.get("code") {
            Some(code) => bound(changes::bind(gateway, &session.person, code, by).await),
            None => Outcome::Malformed,
        },
        Deed::Unbind => bound(changes::unbind(gateway, &session.person, by).await),
    };
    acts::settled(gateway, &frame, outcome, say)
}

/// Puts on the record who asks: an officer or a deputy, and for whom; or which gateway.
async fn recorded(
    gateway: &Arc<Gateway>,
    session: &LoggedIn,
    (role, act, by): (Role, &str, &Actor),
) -> Result<(), ChangeError> {
    if role == Role::Gateway {
        changes::asked_by_gateway(gateway, format!("officers/counter/{act}"), by.clone()).await?;
    }
    acting::record(gateway, session, act).await
}

/// A session of one request.
fn session(gateway: &Gateway, person: Number, through: Option<Through>, language: Language) -> LoggedIn {
    let began = gateway.log.accepted_now();
    LoggedIn { person, through, account: None, form: "".into(), language, began }
}

/// Whether an officer for whom another gateway asks is one here too, by this certificate, and does such a thing.
fn is_officer_here(gateway: &Gateway, deed: Deed, through: Option<&Through>) -> bool {
    let Some(Through::Officer(Actor::Officer { officer, certificate })) = through else { return true };
    let known = gateway.register.by_id(officer).ok().filter(|known| !known.is_suspended());
    let has_it = |known: &Institution| Thumbprint::parse(certificate).is_some_and(|one| known.has_certificate(one));
    let is_officer = |known: &Institution| {
        known.record.kind.duty() == Some(Duty::Officer) && gateway.rules().beside.role(known.id()) == Role::Officer
    };
    deed.is_for(Role::Officer) && known.is_some_and(|known| is_officer(&known) && has_it(&known))
}

/// A list of this log and of the others, or of the one that is named.
async fn list(
    gateway: Arc<Gateway>,
    session: LoggedIn,
    frame: Frame,
    (deed, members): (Deed, &Members),
    others: &Others,
) -> Response<Body> {
    let page = if matches!(deed, Deed::Queries) { Page::Queries } else { Page::Consents };
    let mut shape = Shape::Json;
    match Wanted::of(&gateway, others, &session, page, Some(members)) {
        Wanted::There(log, is_named) if matches!(deed, Deed::Queries) => {
            return of_log::at_counter(others, &session, &frame, (log, is_named, members)).await;
        }
        Wanted::Own(true) => shape = Shape::JsonOfLog,
        Wanted::Own(false) | Wanted::There(..) => {}
    }
    let (alone, today) = (Others::default(), gateway.today());
    let person = session.lists(&gateway);
    let range = Range::of(members, ListOf { person: &person, log: &gateway.settings.log.origin }, today);
    let record = members.get("record").and_then(|record| RecordName::parse(record, &gateway.catalogue()));
    match (deed, range, record) {
        (Deed::Consents, _, _) => consents::consents(gateway, session, frame, true, others).await,
        (Deed::Queries, Some(range), _) => queries::queries(gateway, session, frame, shape, range, others).await,
        (Deed::Recipients, Some(range), Some(record)) if range.before.is_none() => {
            recipients::recipients(gateway, session, frame, true, (record, range), &alone).await
        }
        (Deed::Export, Some(range), _) if range.is_of_all_days(today) => {
            export::export(gateway, session, frame, true, range).await
        }
        _ => page::problem(&frame, MALFORMED.of(frame.language()), StatusCode::BAD_REQUEST),
    }
}

fn in_force(gateway: &Gateway, session: &LoggedIn, frame: &Frame) -> Response<Body> {
    let person = gateway.standing.person(&session.person);
    let all = gateway.standing.mandates.for_person(&person, gateway.today());
    let all: Vec<_> =
        all.into_iter().map(|Mandate { id, kind, until, .. }| InForce { mandate: id, kind, until }).collect();
    let body = serde_json::to_vec(&serde_json::json!({ "mandates": all })).unwrap_or_default();
    page::answer(frame, "application/json; charset=utf-8", body, StatusCode::OK)
}

async fn begin(gateway: &Arc<Gateway>, session: &LoggedIn, members: &Members, by: Actor) -> Outcome {
    let kind = match members.get("as") {
        Some("guardian") => MandateKind::Guardian,
        Some("heir") => MandateKind::Heir,
        Some(_) | None => return Outcome::Malformed,
    };
    let deputy = members.get("deputy").and_then(|number| CitizenNumber::parse(number).ok());
    let until = members.get("until").and_then(|day| day.parse::<Date>().ok());
    let Some((deputy, until)) = deputy.zip(until) else { return Outcome::Malformed };
    let new = NewMandate { number: Arc::clone(&session.person), deputy: Arc::new(deputy), kind, until };
    match changes::begin_mandate(gateway, new, by).await {
        Ok((id, durable)) => {
            let more = [("mandate".to_owned(), id.to_string().into())];
            Outcome::Done(Some(durable), more.into_iter().collect())
        }
        Err(ChangeError::Mandate) => Outcome::Refused(NOT_SO),
        Err(error) => Outcome::failed(&error),
    }
}

/// What came of binding the person's account, or freeing it.
fn bound(made: Result<Durable, ChangeError>) -> Outcome {
    match made {
        Ok(durable) => Outcome::Done(Some(durable), serde_json::Map::new()),
        Err(ChangeError::UnknownCode) => Outcome::Unknown(NO_CODE),
        Err(ChangeError::Bound) => Outcome::Refused(BOUND),
        Err(ChangeError::Unbound) => Outcome::Unknown(UNBOUND),
        Err(ChangeError::Unreached) => Outcome::Later(UNREACHED_CODE),
        Err(error) => Outcome::failed(&error),
    }
}

async fn end(gateway: &Arc<Gateway>, session: &LoggedIn, members: &Members, by: Actor) -> Outcome {
    let Some(id) = members.get("mandate").and_then(|id| Uuid::parse_str(id).ok()) else { return Outcome::Malformed };
    match changes::end_mandate(gateway, &session.person, id, by).await {
        Ok(durable) => Outcome::Done(Some(durable), serde_json::Map::new()),
        Err(ChangeError::UnknownMandate) => Outcome::Unknown(NOT_SO),
        Err(error) => Outcome::failed(&error),
    }
}
