//! What officers do on 8445: JSON in, JSON out; or a form of the console's pages. Each act is on the record by the officer's id and
//! certificate.

mod asked;
mod path;

use std::{sync::Arc, time::Duration};

use credit_policy::{Code, Duty, Language};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use zeroize::Zeroizing;

use crate::{
    callers::{register::Institution, suspension::Part, trust::CertificateStatus},
    changes::{self, Account, Change, ChangeError, Made, Whose, apply},
    doors::{
        console::{self, Said, Viewer, form},
        look_ups,
        persons::{Portal, evidence},
        problems::{fixed, in_words, not_of_role},
    },
    gateway::Gateway,
    transport::{Body, body::RequestBody, incoming::Incoming, whole},
};
use asked::{change, is_confirmed};
pub(super) use path::Path;

/// Longest body: a reason, and names.
const BODY_BYTES: usize = 32 * 1024;

fn json(text: String) -> Response<Body> {
    let mut response = Response::new(whole(text.into_bytes()));
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Does what an officer asks.
pub(super) async fn act(
    (gateway, portal): (&Arc<Gateway>, Option<&Portal>),
    (officer, standing): (&Institution, &CertificateStatus),
    (path, headers, host): (Path, &HeaderMap, &str),
    body: Incoming,
    language: Language,
) -> Response<Body> {
    let (id, certificate) = (officer.id().to_owned(), standing.thumbprint().to_string());
    let role = gateway.rules().beside.role(&id);
    let viewer = || Viewer::new(officer, standing, (officer.record.kind.duty() == Some(Duty::Officer)).then_some(role));
    let account = match (officer.record.kind.duty(), path) {
        (Some(Duty::Officer), _) => Account::officer(id, certificate, role),
        (Some(Duty::CreditSupervisor), Path::Reviews) => Account::supervisor(id, certificate),
        _ => return not_of_role(language),
    };
    let is_form = is_kind(headers, "application/x-www-form-urlencoded");
    // A page of another site cannot send JSON here: a browser asks first, and gets no permission.
    if !is_form && !is_kind(headers, "application/json") {
        return fixed(Code::UnsupportedMediaType, language);
    }
    if officer.rates.turn().await.is_err() {
        return fixed(Code::Overloaded, language);
    }
    if officer.record.kind.duty() == Some(Duty::Officer) && !path.is_for(role) {
        // That it was tried is on the record.
        let tried = changes::refused_by_role(gateway, path.as_str(), &account).await;
        return if tried.is_ok() { not_of_role(language) } else { fixed(Code::NotRecordable, language) };
    }
    let time = Duration::from_millis(gateway.settings.bounds.request_ms);
    let Ok(bytes) = RequestBody::new(body, time).read(BODY_BYTES).await else {
        return fixed(Code::MalformedRequest, language);
    };
    let filled = match is_form {
        true => match form::read((headers, host), &bytes, &standing.thumbprint().to_string()) {
            Some((json, next)) => Some((Zeroizing::new(json), next)),
            None => return fixed(Code::MalformedRequest, language),
        },
        false => None,
    };
    let asked: &[u8] = filled.as_ref().map_or(&bytes, |(json, _)| json);
    let change = match change(path, asked) {
        Some(change) if suspends_itself(&change, officer) && !is_confirmed(asked) => Err(ChangeError::Yourself),
        Some(change) => Ok(change),
        None if is_form => Err(ChangeError::Form),
        None => return fixed(Code::MalformedRequest, language),
    };
    // A page says which of its fields it is.
    let field = change.as_ref().is_err().then(|| console::wrong_field(path.as_str(), asked)).flatten();
    let next = filled.map(|(_, next)| next);
    let done = match change {
        Ok(change) => make((gateway, portal), change, account, language).await,
        Err(error) => Err(error),
    };
    match (done, next) {
        (Ok(Answer::Whole(response)), _) => response,
        (Ok(Answer::Made(Made::CoverageListed { list, .. })), Some(_)) => download(list),
        (Ok(Answer::Made(Made::Unsealed { index, entry, opened })), Some(next)) => {
            console::unsealed(gateway, viewer(), (index, entry, &opened), (language, &next))
        }
        (Ok(Answer::Made(made)), Some(next)) => see(&form::after(&standing.thumbprint().to_string(), &next, &made)),
        (Ok(Answer::Made(made)), None) => json(made.to_string()),
        (Err(error), Some(next)) => {
            let status = if matches!(error, ChangeError::Form) { StatusCode::BAD_REQUEST } else { status(&error) };
            let said = field.map_or(Said::Fault(&error), Said::Words);
            console::refused(gateway, viewer(), (status, said), (language, &next))
        }
        (Err(error), None) => in_words(status(&error), &error, language),
    }
}

/// What is answered.
enum Answer {
    /// By what was done.
    Made(Made),
    /// As it is.
    Whole(Response<Body>),
}

async fn make(
    (gateway, portal): (&Arc<Gateway>, Option<&Portal>),
    change: Change,
    account: Account,
    language: Language,
) -> Result<Answer, ChangeError> {
    match change {
        Change::Export { number: Whose(number), proposal, .. } => {
            evidence::hand_over(gateway, number, proposal, account, language).await.map(Answer::Whole)
        }
        Change::CoverageList { .. } => {
            // So that as much is in it as all of them know by now.
            look_ups::ask(gateway, portal).await;
            apply(gateway, change, account).await.map(Answer::Made)
        }
        change => apply(gateway, change, account).await.map(Answer::Made),
    }
}

/// Whether who acts would be shut out by it.
fn suspends_itself(change: &Change, officer: &Institution) -> bool {
    matches!(change, Change::InstitutionSuspend { id, part: Part::Whole, .. } if id.as_str() == officer.id())
}

/// A file that a browser saves.
fn download(list: String) -> Response<Body> {
    let mut response = Response::new(whole(list.into_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"missed-cases.txt\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Sends a browser on to where the result is shown.
fn see(next: &str) -> Response<Body> {
    let mut response = Response::new(whole(Vec::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(next) = HeaderValue::from_str(next) {
        response.headers_mut().insert(header::LOCATION, next);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_kind(headers: &HeaderMap, wanted: &str) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    kinds.next().is_none() && media.eq_ignore_ascii_case(wanted)
}

/// What cannot be recorded now is asked again later; everything else is the request's own fault.
fn status(error: &ChangeError) -> StatusCode {
    match error {
        ChangeError::NotMade | ChangeError::NotOnRecord(_) | ChangeError::BrokenOff => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}
