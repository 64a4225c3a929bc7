//! 8444: persons, about themselves. They log in at an identity service ([`provider`]); what they see is recorded before it
//! leaves. Pages need no script, and programs get the same as JSON.
//!
//! No path, query, header or line of the log has a citizen number: who asks is known by the session alone.

mod acting;
mod acts;
mod blocks;
mod consents;
mod cookies;
pub(crate) mod counter;
mod disclosures;
mod elsewhere;
pub(super) mod entries;
pub(crate) mod evidence;
mod exchange;
mod export;
mod fault;
mod found;
mod login;
mod logins;
mod logout;
mod looks;
mod mandates;
mod objections;
mod of_log;
mod outcome;
pub(super) mod page;
mod places;
mod portal;
pub(crate) mod provider;
mod queries;
mod range;
mod reasons;
mod recipients;
mod report;
pub(super) mod request;
mod sentence;
mod sessions;
mod statement;
mod token;
mod visit;
mod visitors;
mod yearly;

use std::{net::IpAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};

use crate::{
    gateway::Gateway,
    state::visits::Unreached,
    transport::{Body, head::verdict, http1_guard::HeadVerdict, incoming::Incoming},
};
use of_log::Wanted;
use places::Page;
pub(crate) use portal::Portal;
use queries::Shape;
use range::{ListOf, Range};
use recipients::RecordName;
use report::NOT_RECORDABLE;
use request::{Members, is_from_here};
use sessions::LoggedIn;
use visit::{FORGED, IS_OVER, MALFORMED, NOT_FOUND, TOO_OFTEN, Visit};

/// Answers a person.
pub(crate) async fn answer(
    portal: Option<Arc<Portal>>,
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
    address: IpAddr,
) -> Response<Body> {
    let Some(portal) = portal else {
        return crate::doors::public::nothing_here();
    };
    let is_sound = matches!(verdict(&request), HeadVerdict::Sound);
    let (head, body) = request.into_parts();
    let visit = Visit::new(&portal, &gateway, head).await;
    if !is_sound {
        return visit.say(MALFORMED, StatusCode::BAD_REQUEST);
    }
    let path = visit.head.uri.path().to_owned();
    if visit.is_unreached && path != "/style.css" {
        return visit.unreached();
    }
    let method = visit.head.method.clone();
    match (path.as_str(), &method) {
        ("/", &Method::GET) => logout::home(&portal, &gateway, &visit).await,
        ("/style.css", &Method::GET) => page::style(),
        ("/login", &Method::GET) => login::begin(&portal, &gateway, &visit.head).await,
        ("/login/callback", &Method::GET) => login::finish(&portal, &gateway, &visit.head).await,
        ("/logout", &Method::POST) => log_out(&portal, &gateway, &visit, body).await,
        (disclosures::PATH, &Method::POST) => {
            let Ok(may_ask) = visitors::may_ask(&gateway, &portal.visitors, address).await else {
                return visit.unreached();
            };
            disclosures::disclose(gateway, visit.frame, &visit.head, body, may_ask).await
        }
        ("/" | "/style.css" | "/login" | "/login/callback", _) => visit.only("GET"),
        ("/logout" | disclosures::PATH, _) => visit.only("POST"),
        (path, method) if acts::methods(path).is_some_and(|(methods, _)| methods.contains(method)) => {
            acts::act(&portal, &gateway, &visit, (path, method.clone()), body).await
        }
        (path, &Method::GET) => match Page::named(path) {
            Some(page) => own(&portal, gateway, visit, page).await,
            None if path == acts::WITHDRAWALS => visit.only("POST"),
            None => visit.say(NOT_FOUND, StatusCode::NOT_FOUND),
        },
        (path, _) if acts::methods(path).is_some() => {
            visit.only(acts::methods(path).map_or("GET", |(_, allowed)| allowed))
        }
        (path, _) if Page::named(path).is_some() => visit.only("GET"),
        _ => visit.say(NOT_FOUND, StatusCode::NOT_FOUND),
    }
}

/// A page behind the login.
async fn own(portal: &Portal, gateway: Arc<Gateway>, visit: Visit, page: Page) -> Response<Body> {
    let (Some(session), Some(name)) = (visit.session.clone(), visit.name.as_deref()) else {
        return visit.log_in(&format!("/login?next={}", page.path()));
    };
    if visit.is_over {
        return visit.say(IS_OVER, StatusCode::FORBIDDEN);
    }
    let Ok(may_record) = sessions::may_record(&gateway, name).await else { return visit.unreached() };
    if !may_record {
        let mut response = visit.refuse(TOO_OFTEN, StatusCode::TOO_MANY_REQUESTS);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    if acting::record(&gateway, &session, page.path()).await.is_err() {
        gateway.metrics.unrecorded();
        return visit.say(NOT_RECORDABLE, StatusCode::SERVICE_UNAVAILABLE);
    }
    let members = Members::of_query(&visit.head);
    if let Some(unknown) = page.parameters().and_then(|known| members.as_ref()?.unknown(known)) {
        return visit.no_parameter(&unknown);
    }
    let others = &portal.others;
    let is_named = match (Wanted::of(&gateway, others, &session, page, members.as_ref()), &members) {
        (Wanted::There(log, is_named), Some(members)) => {
            return of_log::show(others, &visit, &session, page, (log, is_named, members)).await;
        }
        (Wanted::Own(is_named), _) => is_named,
        (Wanted::There(..), None) => false,
    };
    let lists = session.lists(&gateway);
    let origin = gateway.settings.log.origin.clone();
    let list_of = ListOf { person: &lists, log: &origin };
    match page {
        Page::Mandates => mandates::mandates(&gateway, &session, &visit.frame, visit.json).await,
        Page::Report => report::report(gateway, session, visit.frame, visit.json, others).await,
        Page::Recipients => {
            let members = members.filter(|members| members.get("cursor").is_none());
            let range = members.as_ref().and_then(|members| Range::of(members, list_of, gateway.today()));
            let record = members.as_ref().and_then(|members| members.get("record"));
            if record.is_none() && !visit.json {
                // A link that only changes the language names none.
                return page::redirect(Page::Report.path());
            }
            let record = record.and_then(|record| RecordName::parse(record, &gateway.catalogue()));
            match record.zip(range) {
                Some(asked) => recipients::recipients(gateway, session, visit.frame, visit.json, asked, others).await,
                None => visit.refuse(MALFORMED, StatusCode::BAD_REQUEST),
            }
        }
        Page::Consents => consents::consents(gateway, session, visit.frame, visit.json, others).await,
        Page::Blocks => blocks::blocks(&gateway, &session, &visit.frame, visit.json),
        Page::Objections => {
            objections::objections(&gateway, &session, &visit.frame, visit.json, members.as_ref()).await
        }
        Page::Queries | Page::Export => {
            let range = members.as_ref().and_then(|members| Range::of(members, list_of, gateway.today()));
            match range {
                Some(range) if page == Page::Queries => {
                    let shape = Shape::of(visit.json, is_named);
                    queries::queries(gateway, session, visit.frame, shape, range, others).await
                }
                // Of all days, so that nothing can be cut off at their edges.
                Some(range) if range.is_of_all_days(gateway.today()) => {
                    export::export(gateway, session, visit.frame, visit.json, range).await
                }
                Some(_) | None => visit.refuse(MALFORMED, StatusCode::BAD_REQUEST),
            }
        }
    }
}

/// Ends a session, if a form of ours asks for it.
async fn log_out(portal: &Portal, gateway: &Gateway, visit: &Visit, body: Incoming) -> Response<Body> {
    let (Some(session), Some(name)) = (&visit.session, &visit.name) else {
        return page::redirect("/");
    };
    if !is_own_form(portal, gateway, visit, session, body).await {
        return visit.say(FORGED, StatusCode::FORBIDDEN);
    }
    logout::end(portal, gateway, name, session.language).await.unwrap_or_else(|Unreached| visit.unreached())
}

/// Whether a form comes from a page that this session was shown.
async fn is_own_form(portal: &Portal, gateway: &Gateway, visit: &Visit, session: &LoggedIn, body: Incoming) -> bool {
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let members = Members::of_form(&visit.head, body, time).await;
    let token = members.as_ref().and_then(|members| members.get("form"));
    let is_own = is_from_here(&visit.head.headers, &portal.address)
        && token.is_some_and(|token| token::is_same(token, &session.form));
    if !is_own {
        tracing::info!(cause = "it did not come from a page of ours", "a form at the persons' door was refused");
    }
    is_own
}
