//! 8445: officers and auditors. The whole published log; each read of an entry bundle is on the record before its first
//! byte leaves. What officers do here is in `officers.rs`.

use std::sync::Arc;

use credit_audit::leaf::{Act, Actor, Read};
use credit_policy::{Code, Duty, Language};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    header::{self, HeaderMap, HeaderValue},
    http::request::Parts,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    callers::{
        register::Institution,
        trust::{CertificateStatus, Trust},
    },
    doors::console::{self, Barred, View, Viewer, asked, elsewhere},
    doors::elsewhere::Others,
    doors::files::{LogFile, plain, serve},
    doors::officers,
    doors::persons::{Portal, counter},
    doors::problems::{accepted, closing, fixed, not_of_role},
    gateway::Gateway,
    recorder::NotRecorded,
    settings::Role,
    transport::{Body, head::verdict, http1_guard::HeadVerdict, incoming::Incoming},
};

/// Whether one more connection of this caller may be open: only so many are for those who are to be told that this
/// door is not theirs.
pub(crate) fn place(gateway: &Gateway, standing: Option<&Arc<CertificateStatus>>) -> Option<Place> {
    let caller = standing.and_then(|standing| gateway.register.by_certificate(standing.thumbprint()));
    match caller.is_some_and(|caller| is_auditor(&caller)) {
        true => Some(Place { _of_strangers: None }),
        false => gateway.register.strangers_place().map(|place| Place { _of_strangers: Some(place) }),
    }
}

/// The place of a connection, as long as it is kept.
pub(crate) struct Place {
    _of_strangers: Option<OwnedSemaphorePermit>,
}

fn is_auditor(institution: &Institution) -> bool {
    matches!(institution.record.kind.duty(), Some(Duty::Officer | Duty::CreditSupervisor))
}

/// Answers an auditor.
pub(crate) async fn answer(
    (gateway, portal): (Arc<Gateway>, Option<Arc<Portal>>),
    trust: &Trust,
    standing: Option<Arc<CertificateStatus>>,
    request: Request<Incoming>,
) -> Response<Body> {
    let language = accepted(request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    match verdict(&request) {
        HeadVerdict::Sound => {}
        HeadVerdict::Ambiguous => return closing(fixed(Code::MalformedRequest, language)),
        HeadVerdict::TooLarge => return closing(fixed(Code::HeadersTooLarge, language)),
    }
    let caller = standing
        .filter(|standing| standing.is_valid())
        .and_then(|standing| Some((gateway.register.by_certificate(standing.thumbprint())?, standing)));
    let Some((auditor, standing)) = caller else {
        return fixed(Code::CertificateUnknown, language);
    };
    let role = role(&gateway, &auditor);
    let barred = |why| {
        let at = (request.uri(), request.headers());
        console::barred(&gateway, why, at, Viewer::new(&auditor, &standing, role), language)
    };
    // The style of the page that says so tells nothing.
    if auditor.is_suspended() && View::of(request.uri().path()) != Some(View::Style) {
        let said = if is_auditor(&auditor) { barred(Barred::Suspended) } else { None };
        return said.unwrap_or_else(|| fixed(Code::InstitutionSuspended, language));
    }
    if !is_auditor(&auditor) {
        return plain(StatusCode::FORBIDDEN, "this listener is for officers and auditors\n");
    }
    let (path, is_get) = (request.uri().path(), *request.method() == Method::GET);
    let posted = Posted::at(path, is_get);
    let only = if posted.is_some() { Method::POST } else { Method::GET };
    if *request.method() != only {
        return not_allowed(posted.is_some(), View::of(path).is_some());
    }
    if let Some(posted) = posted {
        let here = (&gateway, portal.as_deref(), trust);
        return take(here, (&auditor, &standing), posted, request, language).await;
    }
    if let Some(view) = View::of(request.uri().path()) {
        if role.is_some_and(|role| !view.is_for(role)) {
            // That it was tried is on the record.
            let tried = format!("{}/none/refused/role", request.uri().path().trim_matches('/'));
            if !record_read(&gateway, &standing, &auditor, &tried).await {
                return fixed(Code::NotRecordable, language);
            }
            return barred(Barred::Role).unwrap_or_else(|| not_of_role(language));
        }
        let at = (request.uri(), request.headers());
        let (alone, others) = (Others::default(), portal.as_deref().map(Portal::others));
        let gateways = (&gateway, trust, others.unwrap_or(&alone));
        return look(gateways, view, (&auditor, &standing, role), at, language).await;
    }
    match LogFile::of(request.uri().path()) {
        // The whole log is for who decides, and for who supervises.
        Some(LogFile::Entries(_)) if role.is_some_and(|role| role != Role::Officer) => not_of_role(language),
        Some(file @ LogFile::Entries(_)) if !record_read(&gateway, &standing, &auditor, file.path()).await => {
            fixed(Code::NotRecordable, language)
        }
        Some(file) => serve(&gateway.log_folder(), &file).await,
        None => barred(Barred::Missing).unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "not found\n")),
    }
}

/// What is posted here.
enum Posted {
    Counter,
    /// By another gateway.
    Elsewhere,
    Act(officers::Path),
}

impl Posted {
    /// At a path. Some paths are looked at, and acted at.
    fn at(path: &str, is_get: bool) -> Option<Self> {
        match path {
            counter::PATH => Some(Self::Counter),
            elsewhere::PATH => Some(Self::Elsewhere),
            path => officers::Path::of(path).filter(|_| !(is_get && View::of(path).is_some())).map(Self::Act),
        }
    }
}

/// Does what is posted.
async fn take(
    (gateway, portal, trust): (&Arc<Gateway>, Option<&Portal>, &Trust),
    (auditor, standing): (&Institution, &CertificateStatus),
    posted: Posted,
    request: Request<Incoming>,
    language: Language,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    match posted {
        Posted::Counter => counter::answer(gateway, (portal, auditor, standing), &head.headers, body, language).await,
        Posted::Elsewhere => asked::answer((gateway, trust), (auditor, standing), &head.headers, body, language).await,
        Posted::Act(path) => {
            let host = host(&head);
            officers::act((gateway, portal), (auditor, standing), (path, &head.headers, &host), body, language).await
        }
    }
}

/// Shows a view, once the look is on the record.
async fn look(
    (gateway, trust, others): (&Arc<Gateway>, &Trust, &Others),
    view: View,
    (auditor, standing, role): (&Institution, &CertificateStatus, Option<Role>),
    at: (&Uri, &HeaderMap),
    language: Language,
) -> Response<Body> {
    if let Some(read) = view.read()
        && !record_read(gateway, standing, auditor, &read).await
    {
        return fixed(Code::NotRecordable, language);
    }
    console::answer((gateway, trust, others), view, at, Viewer::new(auditor, standing, role), language).await
}

fn not_allowed(is_posted: bool, is_both: bool) -> Response<Body> {
    let (allowed, said) = match is_posted {
        true if is_both => ("GET, POST", "only POST\n"),
        true => ("POST", "only POST\n"),
        false => ("GET", "only GET\n"),
    };
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, said);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// What an officer may do; nothing for the supervisor.
fn role(gateway: &Gateway, auditor: &Institution) -> Option<Role> {
    let is_officer = auditor.record.kind.duty() == Some(Duty::Officer);
    is_officer.then(|| gateway.rules().beside.role(auditor.id()))
}

/// The host that a request names: over HTTP/2 beside the headers.
fn host(head: &Parts) -> String {
    let sent = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    head.uri.authority().map_or_else(|| sent.to_owned(), ToString::to_string)
}

async fn record_read(gateway: &Gateway, standing: &CertificateStatus, auditor: &Institution, path: &str) -> bool {
    let (id, certificate) = (auditor.id().to_owned(), standing.thumbprint().to_string());
    let actor = match auditor.record.kind.duty() == Some(Duty::Officer) {
        true => Actor::Officer { officer: id, certificate },
        false => Actor::Institution { institution: id, certificate },
    };
    let read = Read { path: path.to_owned() };
    // Each read is a leaf: an auditor waits its turn, so that a hasty one does not fill the log and nobody is refused.
    while let Err(wait) = auditor.rates.turn().await {
        tokio::time::sleep(wait).await;
    }
    // A certificate is verified outside of the log's queue; there is at most one new list a second, so this ends.
    loop {
        let Ok(entry) = read.entry(gateway.new_id(), actor.clone()) else { return false };
        let may_read = || !auditor.is_suspended() && auditor.has_certificate(standing.thumbprint());
        let still = || may_read() && standing.is_still_valid();
        match gateway.recorder.record_while(entry, still).await {
            Err(NotRecorded::Overtaken) if may_read() && standing.is_valid() => {}
            recorded => return recorded.is_ok(),
        }
    }
}
