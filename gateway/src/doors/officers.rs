//! What officers do on 8445: JSON in, JSON out. Each act is on the record by the officer's id and certificate.

use std::{sync::Arc, time::Duration};

use credit_audit::{leaf::Base64, monthly::is_month};
use credit_policy::{CitizenNumber, Code, Duty, InstitutionId, Language};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    callers::{register::Institution, suspension::Part, trust::CertificateStatus},
    changes::{self, Account, Change, ChangeError, Destruction, Made, Month, Number, Warrant, Whose, apply},
    doors::{
        console::{self, Viewer, form},
        persons::evidence,
        problems::{fixed, in_words},
    },
    gateway::Gateway,
    settings::Role,
    state::{
        about::About,
        approvals::{DESTROY, EXPORT, PRUNE, REINSTATE, RESUME, UNSEAL},
    },
    transport::{Body, body::RequestBody, incoming::Incoming, whole},
};

/// Longest body: a reason, and names.
const BODY_BYTES: usize = 32 * 1024;

/// A path at which an officer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Stop,
    Resume,
    Unseals,
    Suspensions,
    Proposals,
    Approvals,
    Destructions,
    Prunings,
    Exports,
    Reviews,
    Objections,
    Coverage,
}

impl Path {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/officers/stop" => Some(Self::Stop),
            "/officers/resume" => Some(Self::Resume),
            "/officers/unseals" => Some(Self::Unseals),
            "/officers/suspensions" => Some(Self::Suspensions),
            "/officers/proposals" => Some(Self::Proposals),
            "/officers/approvals" => Some(Self::Approvals),
            "/officers/destructions" => Some(Self::Destructions),
            "/officers/prunings" => Some(Self::Prunings),
            "/officers/exports" => Some(Self::Exports),
            "/officers/reviews" => Some(Self::Reviews),
            "/officers/objections" => Some(Self::Objections),
            "/officers/coverage" => Some(Self::Coverage),
            _ => None,
        }
    }

    /// Whether this role acts here; on what it decides, the act itself says.
    fn is_for(self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Officer) => true,
            (Self::Reviews, Role::Reviewer) => true,
            (
                Self::Proposals | Self::Approvals | Self::Unseals | Self::Destructions | Self::Exports,
                Role::Custodian,
            ) => true,
            (_, Role::Reviewer | Role::Custodian) => false,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::Unseals => "unseals",
            Self::Suspensions => "suspensions",
            Self::Proposals => "proposals",
            Self::Approvals => "approvals",
            Self::Destructions => "destructions",
            Self::Prunings => "prunings",
            Self::Exports => "exports",
            Self::Objections => "objections",
            Self::Coverage => "coverage",
            Self::Reviews => "reviews",
        }
    }
}

/// `POST /officers/stop`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stopping {
    scenario: Option<String>,
    reason: String,
}

/// `POST /officers/resume`; where two officers are needed, with one of the last two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resuming {
    scenario: Option<String>,
    reason: String,
    proposal: Option<Uuid>,
    #[serde(default)]
    emergency: bool,
}

/// `POST /officers/unseals`: by a proposal that was approved, or in an emergency.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsealing {
    entry: u64,
    reason: String,
    proposal: Option<Uuid>,
    #[serde(default)]
    emergency: bool,
}

/// `POST /officers/suspensions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspending {
    institution: InstitutionId,
    #[serde(rename = "operator")]
    staff: Option<String>,
    scenario: Option<String>,
    suspended: bool,
    reason: String,
    /// To let an officer or the supervisor act again: what another officer approved.
    proposal: Option<Uuid>,
    /// That who acts means to be suspended.
    #[serde(default)]
    confirmed: bool,
}

/// `POST /officers/objections`: the decision, as an institution makes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deciding {
    objection: Uuid,
    result: Decided,
    reason: String,
}

/// `POST /officers/coverage`: the list of missed cases, of a month or of all, to be handed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    month: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Decided {
    Upheld,
    Rejected,
}

/// `POST /officers/proposals`: the digest, or what is to be done.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposing {
    act: String,
    digest: Option<Base64<[u8; 32]>>,
    destroy: Option<Destroying>,
    export: Option<Handing>,
    entry: Option<u64>,
    until: Option<u64>,
    institution: Option<InstitutionId>,
    scenario: Option<String>,
    reason: Option<String>,
}

impl Proposing {
    /// What is proposed; nothing where more than one thing is named.
    fn change(self) -> Option<Change> {
        let Self { act, digest, destroy, export, entry, until, institution, scenario, reason } = self;
        if let Some(institution) = institution {
            let others = [digest.is_some(), destroy.is_some(), export.is_some(), entry.is_some(), until.is_some()];
            let is_one = act == REINSTATE && !others.contains(&true) && scenario.is_none() && reason.is_none();
            let about = About::Reinstate { institution: institution.as_str().to_owned() };
            return is_one.then_some(Change::ProposeInWords(about));
        }
        if let Some(until) = until {
            let others = [digest.is_some(), destroy.is_some(), export.is_some(), entry.is_some()];
            let is_one = act == PRUNE && !others.contains(&true) && scenario.is_none() && reason.is_none();
            return is_one.then_some(Change::ProposeInWords(About::Prune { until }));
        }
        if let Some(export) = export {
            let is_alone = [digest.is_some(), destroy.is_some(), entry.is_some(), scenario.is_some(), reason.is_some()];
            let is_one = act == EXPORT && !is_alone.contains(&true);
            return is_one.then(|| export.of_step().map(Whose).map(Change::ProposeExport)).flatten();
        }
        Some(match (act.as_str(), digest, destroy, entry, scenario, reason) {
            (_, Some(digest), None, None, None, None) => Change::Propose { act, digest },
            (DESTROY, None, Some(destroy), None, None, None) => Change::ProposeDestruction(destroy.of_step()?),
            (RESUME, None, None, None, scenario, Some(reason)) => {
                Change::ProposeInWords(About::Resume { scenario, reason })
            }
            (UNSEAL, None, None, Some(entry), None, Some(reason)) => {
                Change::ProposeInWords(About::Unseal { entry, reason })
            }
            _ => return None,
        })
    }
}

/// `POST /officers/approvals`: the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approving {
    proposal: Uuid,
    digest: Option<Base64<[u8; 32]>>,
    destroy: Option<Destroying>,
    export: Option<Handing>,
    until: Option<u64>,
}

/// `POST /officers/prunings`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pruning {
    until: u64,
    proposal: Option<Uuid>,
}

/// `POST /officers/exports`: of a person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handing {
    person: String,
    proposal: Option<Uuid>,
}

impl Handing {
    /// Whose, and by which proposal.
    fn read(self) -> Option<(Number, Option<Uuid>)> {
        let person = Zeroizing::new(self.person);
        Some((Arc::new(CitizenNumber::parse(&person).ok()?), self.proposal))
    }

    /// Whose, where it names no proposal.
    fn of_step(self) -> Option<Number> {
        self.read().filter(|(_, proposal)| proposal.is_none()).map(|(number, _)| number)
    }
}

/// `POST /officers/destructions`: a month, a person, or a person in a month.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destroying {
    month: Option<String>,
    person: Option<String>,
    proposal: Option<Uuid>,
}

impl Destroying {
    /// What it is, and by which proposal.
    fn read(self) -> Option<(Destruction, Option<Uuid>)> {
        let Self { month, person, proposal } = self;
        let person = person.map(Zeroizing::new);
        let month = month.map(|month| Month::parse(&month).ok_or(())).transpose().ok()?;
        let destruction = match (month, person) {
            (month, Some(number)) => Destruction::Person(Arc::new(CitizenNumber::parse(&number).ok()?), month),
            (Some(month), None) => Destruction::Month(month),
            (None, None) => return None,
        };
        Some((destruction, proposal))
    }

    /// What it is, where it names no proposal.
    fn of_step(self) -> Option<Destruction> {
        self.read().filter(|(_, proposal)| proposal.is_none()).map(|(destruction, _)| destruction)
    }
}

fn json(text: String) -> Response<Body> {
    let mut response = Response::new(whole(text.into_bytes()));
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Does what an officer asks.
pub(super) async fn act(
    gateway: &Arc<Gateway>,
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
        _ => return fixed(Code::ScenarioNotAllowed, language),
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
        return fixed(if tried.is_ok() { Code::ScenarioNotAllowed } else { Code::NotRecordable }, language);
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
    let Some(change) = change(path, asked) else {
        return match filled {
            Some((_, next)) => {
                console::refused(gateway, viewer(), (StatusCode::BAD_REQUEST, &ChangeError::Form), (language, &next))
            }
            None => fixed(Code::MalformedRequest, language),
        };
    };
    if suspends_itself(&change, officer) && !is_confirmed(asked) {
        let error = ChangeError::Yourself;
        return match filled {
            Some((_, next)) => console::refused(gateway, viewer(), (StatusCode::CONFLICT, &error), (language, &next)),
            None => in_words(StatusCode::CONFLICT, &error, language),
        };
    }
    if let Change::Export { number: Whose(number), proposal, .. } = change {
        let handed = evidence::hand_over(gateway, number, proposal, account, language).await;
        return handed.unwrap_or_else(|error| in_words(refusal_status(&error), &error, language));
    }
    match (apply(gateway, change, account).await, filled.map(|(_, next)| next)) {
        (Ok(Made::CoverageListed { list, .. }), Some(_)) => download(list),
        (Ok(made), Some(next)) => see(&form::after(&standing.thumbprint().to_string(), &next, made.index())),
        (Ok(made), None) => json(made.to_string()),
        (Err(error), Some(next)) => {
            console::refused(gateway, viewer(), (refusal_status(&error), &error), (language, &next))
        }
        (Err(error), None) => in_words(refusal_status(&error), &error, language),
    }
}

/// Whether who acts would be shut out by it.
fn suspends_itself(change: &Change, officer: &Institution) -> bool {
    matches!(change, Change::InstitutionSuspend { id, part: Part::Whole, .. } if id.as_str() == officer.id())
}

/// Whether who acts said so.
fn is_confirmed(asked: &[u8]) -> bool {
    read::<Suspending>(asked).is_some_and(|asked| asked.confirmed)
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

/// What is asked; nothing where the body does not have its form.
fn change(path: Path, bytes: &[u8]) -> Option<Change> {
    Some(match path {
        Path::Stop => {
            let Stopping { scenario, reason } = read(bytes)?;
            Change::Stop { scenario, reason: Some(reason) }
        }
        Path::Resume => {
            let Resuming { scenario, reason, proposal, emergency } = read(bytes)?;
            Change::Resume { scenario, reason: Some(reason), by: Warrant { proposal, emergency } }
        }
        Path::Unseals => {
            let Unsealing { entry, reason, proposal, emergency } = read(bytes)?;
            Change::Unseal { entry, reason, by: Warrant { proposal, emergency } }
        }
        Path::Reviews => Change::Review(read(bytes)?),
        Path::Proposals => {
            return read::<Proposing>(bytes)?.change();
        }
        Path::Approvals => {
            let Approving { proposal, digest, destroy, export, until } = read(bytes)?;
            match (digest, destroy, export, until) {
                (None, None, None, Some(until)) => Change::ApprovePruning { proposal, until },
                (Some(digest), None, None, None) => Change::Approve { proposal, digest },
                (None, Some(destroy), None, None) => {
                    Change::ApproveDestruction { proposal, destruction: destroy.of_step()? }
                }
                (None, None, Some(export), None) => {
                    Change::ApproveExport { proposal, number: Whose(export.of_step()?) }
                }
                (_, _, _, _) => return None,
            }
        }
        Path::Exports => {
            let (number, proposal) = read::<Handing>(bytes)?.read()?;
            Change::Export { number: Whose(number), proposal, is_made: false }
        }
        Path::Prunings => {
            let Pruning { until, proposal } = read(bytes)?;
            Change::Prune { until, proposal }
        }
        Path::Destructions => {
            let (destruction, proposal) = read::<Destroying>(bytes)?.read()?;
            Change::Destroy { destruction, proposal }
        }
        Path::Objections => {
            let Deciding { objection, result, reason } = read(bytes)?;
            Change::ObjectionDecide { objection, upheld: result == Decided::Upheld, reason }
        }
        Path::Coverage => {
            let Listing { month } = read(bytes)?;
            if month.as_deref().is_some_and(|month| !is_month(month)) {
                return None;
            }
            Change::CoverageList { month }
        }
        Path::Suspensions => {
            let asked: Suspending = read(bytes)?;
            let Suspending { institution: id, staff, scenario, suspended, reason, proposal, .. } = asked;
            if staff.is_some() && scenario.is_some() || suspended && proposal.is_some() {
                return None;
            }
            let (part, reason) = (Part::new(staff.as_deref(), scenario.as_deref()), Some(reason));
            match suspended {
                true => Change::InstitutionSuspend { id, part, reason },
                false => Change::InstitutionResume { id, part, reason, proposal },
            }
        }
    })
}

/// One object; an array would be read as its values in order.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    (bytes.trim_ascii_start().first() == Some(&b'{')).then(|| serde_json::from_slice(bytes).ok()).flatten()
}

fn is_kind(headers: &HeaderMap, wanted: &str) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    kinds.next().is_none() && media.eq_ignore_ascii_case(wanted)
}

/// What cannot be recorded now is asked again later; everything else is the request's own fault.
fn refusal_status(error: &ChangeError) -> StatusCode {
    match error {
        ChangeError::NotMade | ChangeError::NotOnRecord(_) | ChangeError::BrokenOff => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}
