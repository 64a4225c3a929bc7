//! What the logs of the operator's other gateways have about a person. Each of them finds it, records that it was shown, and
//! answers for its own log: here it is passed on as it came, apart from the list of this log, or said to be missing.

use std::{collections::BTreeMap, sync::Arc};

use credit_audit::leaf::Actor;
use credit_policy::CitizenNumber;
use futures_util::future::join_all;
use hyper::StatusCode;
use openidconnect::url::form_urlencoded::{Serializer, byte_serialize};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    places::COUNTER,
    range::Range,
    request::Members,
    sessions::{LoggedIn, Through},
};
use crate::{
    callers::thumbprint::Thumbprint,
    doors::elsewhere::{Fault, Other, Others},
};

/// What is asked of another gateway, about a person.
pub(super) struct Asked {
    act: &'static str,
    more: BTreeMap<&'static str, String>,
}

/// What one of them answered.
#[derive(Serialize)]
pub(super) struct Part {
    /// The name of its log.
    pub(super) log: String,
    /// The list, as its log commits to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) list: Option<Box<RawValue>>,
    /// Where that stands in its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<Box<RawValue>>,
    /// Whether it could not be had.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) missing: bool,
}

/// What a program gets that named the log.
#[derive(Serialize)]
pub(super) struct OfLogs<'a> {
    pub(super) others: &'a [Part],
}

/// Another gateway could not be asked; a line of the log says why.
pub(super) struct Unasked;

impl Others {
    /// Whether there is one with this log.
    pub(super) fn has(&self, log: &str) -> bool {
        self.find(log).is_some()
    }

    /// The names of their logs.
    pub(super) fn logs(&self) -> impl Iterator<Item = &str> {
        self.all().map(Other::log)
    }

    /// The lists of all of them, or of one alone, each as it is or missing.
    pub(super) async fn lists(&self, session: &LoggedIn, asked: &Asked, only: Option<&str>) -> Vec<Part> {
        let wanted = self.all().filter(|other| only.is_none_or(|only| only == other.log()));
        join_all(wanted.map(async |other| match list(other, session, asked).await {
            Ok(part) => part,
            Err(error) => {
                report(other, &error);
                Part { log: other.log().to_owned(), list: None, statement: None, missing: true }
            }
        }))
        .await
    }

    /// How many reports of this year stand in their logs together, and how many of them could not be asked. Nobody is shown one there:
    /// it is asked for the person, whoever acts.
    pub(super) async fn reports(&self, session: &LoggedIn) -> (u64, usize) {
        let session = LoggedIn { through: None, ..session.clone() };
        let asked = Asked::of(REPORTS);
        let counts = join_all(self.all().map(async |other| {
            let count = reports(other, &session, &asked).await;
            count.map_err(|error| report(other, &error)).ok()
        }))
        .await;
        let missing = counts.iter().filter(|count| count.is_none()).count();
        (counts.into_iter().flatten().fold(0, u64::saturating_add), missing)
    }

    /// Whether one of them did it: what it says of it, or nothing where none has such a thing.
    ///
    /// # Errors
    /// Where one cannot be asked, and none of the others did it.
    pub(super) async fn done(&self, session: &LoggedIn, asked: &Asked) -> Result<Option<Map<String, Value>>, Unasked> {
        let mut done = Ok(None);
        for other in self.all() {
            let error = match ask(other, session, asked).await {
                Ok((StatusCode::OK, bytes)) => return serde_json::from_slice(&bytes).map(Some).map_err(|_| Unasked),
                Ok((StatusCode::NOT_FOUND, _)) => continue,
                Ok((status, _)) => Fault::Refused(status),
                Err(error) => error,
            };
            report(other, &error);
            done = Err(Unasked);
        }
        done
    }

    /// The export of one of them as it is.
    pub(super) async fn export(&self, session: &LoggedIn, asked: &Asked, log: &str) -> Option<Zeroizing<Vec<u8>>> {
        let other = self.find(log)?;
        let error = match ask(other, session, asked).await {
            Ok((StatusCode::OK, bytes)) if is_export_of(log, &bytes) => return Some(bytes),
            Ok((StatusCode::OK, _)) => other.no_list(),
            Ok((status, _)) => Fault::Refused(status),
            Err(error) => error,
        };
        report(other, &error);
        None
    }
}

/// How another gateway is asked how many reports of the year its log has.
const REPORTS: &str = "reports";

async fn reports(other: &Other, session: &LoggedIn, asked: &Asked) -> Result<u64, Fault> {
    #[derive(Deserialize)]
    struct Answer {
        log: String,
        reports: u64,
    }
    let (status, bytes) = ask(other, session, asked).await?;
    if status != StatusCode::OK {
        return Err(Fault::Refused(status));
    }
    let Answer { log, reports } = serde_json::from_slice(&bytes).map_err(|_| other.no_list())?;
    if log == other.log() { Ok(reports) } else { Err(other.no_list()) }
}

fn report(other: &Other, error: &Fault) {
    tracing::error!(peer = %other.log(), %error, "what another gateway has about a person could not be had");
}

async fn list(other: &Other, session: &LoggedIn, asked: &Asked) -> Result<Part, Fault> {
    #[derive(Deserialize)]
    struct Answer {
        list: Box<RawValue>,
        statement: Box<RawValue>,
    }
    #[derive(Deserialize)]
    struct Statement {
        log: String,
    }
    let (status, bytes) = ask(other, session, asked).await?;
    if status != StatusCode::OK {
        return Err(Fault::Refused(status));
    }
    let Answer { list, statement } = serde_json::from_slice(&bytes).map_err(|_| other.no_list())?;
    let Statement { log } = serde_json::from_str(statement.get()).map_err(|_| other.no_list())?;
    if log != other.log() {
        return Err(other.no_list());
    }
    Ok(Part { log, list: Some(list), statement: Some(statement), missing: false })
}

async fn ask(other: &Other, session: &LoggedIn, asked: &Asked) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Fault> {
    let body = asked.body(session).ok_or(Fault::Unaskable)?;
    other.ask(COUNTER, body, session.language).await
}

impl Asked {
    pub(super) fn of(act: &'static str) -> Self {
        Self { act, more: BTreeMap::new() }
    }

    /// With one member more.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.more.insert(name, value.to_string());
        self
    }

    /// Its days, as a page's address has them.
    pub(super) fn days(&self) -> String {
        let mut days = Serializer::new(String::new());
        let named = ["from", "to"].into_iter().filter_map(|name| Some((name, self.more.get(name)?)));
        days.extend_pairs(named).finish()
    }

    /// For these days.
    pub(super) fn within(self, range: &Range) -> Self {
        self.with("from", range.from).with("to", range.to)
    }

    /// The members that [`through`] and the act read there.
    fn body(&self, session: &LoggedIn) -> Option<Zeroizing<Vec<u8>>> {
        #[derive(Serialize)]
        struct Body<'a> {
            number: &'a str,
            act: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            mandate: Option<Uuid>,
            #[serde(skip_serializing_if = "Option::is_none")]
            deputy: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            officer: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            certificate: Option<&'a str>,
            #[serde(flatten)]
            more: &'a BTreeMap<&'static str, String>,
        }
        let of = |mandate, deputy: Option<&str>, (officer, certificate)| {
            session.person.disclose(|number| {
                let (number, act, more) = (number.as_str(), self.act, &self.more);
                serde_json::to_vec(&Body { number, act, mandate, deputy, officer, certificate, more })
            })
        };
        let body = match &session.through {
            None => of(None, None, (None, None)),
            Some(Through::Deputy(mandate, deputy)) => {
                deputy.disclose(|deputy| of(Some(*mandate), Some(deputy.as_str()), (None, None)))
            }
            Some(Through::Officer(Actor::Officer { officer, certificate })) => {
                of(None, None, (Some(officer.as_str()), Some(certificate.as_str())))
            }
            Some(Through::Officer(_)) => return None,
        };
        body.ok().map(Zeroizing::new)
    }
}

/// Whether a file is an export of this log.
fn is_export_of(log: &str, file: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct File {
        export: Export,
    }
    #[derive(Deserialize)]
    struct Export {
        origin: String,
    }
    serde_json::from_slice::<File>(file).is_ok_and(|file| file.export.origin == log)
}

/// Who acts for the person at another gateway: nobody, who has a mandate, or an officer at its counter; nothing where a member has not
/// its form.
pub(super) fn through(members: &Members) -> Option<Option<Through>> {
    match (members.get("mandate"), members.get("deputy")) {
        (None, None) => match (members.get("officer"), members.get("certificate")) {
            (None, None) => Some(None),
            (Some(officer), Some(certificate)) => {
                let certificate = Thumbprint::parse(certificate)?.to_string();
                Some(Some(Through::Officer(Actor::Officer { officer: officer.to_owned(), certificate })))
            }
            (Some(_), None) | (None, Some(_)) => None,
        },
        (Some(_), Some(_)) if members.get("officer").is_some() => None,
        (Some(mandate), Some(deputy)) => {
            let (mandate, deputy) = (Uuid::parse_str(mandate).ok()?, CitizenNumber::parse(deputy).ok()?);
            Some(Some(Through::Deputy(mandate, Arc::new(deputy))))
        }
        (Some(_), None) | (None, Some(_)) => None,
    }
}

/// What a page shows of one of them.
pub(super) struct Elsewhere<T> {
    /// The name of its log.
    pub(super) log: String,
    /// The same, as a page's address has it.
    pub(super) address: String,
    /// Nothing where it is missing, or has not the form of this release.
    pub(super) list: Option<T>,
}

/// What a page shows of them.
pub(super) fn shown<T: DeserializeOwned>(parts: Vec<Part>) -> Vec<Elsewhere<T>> {
    let read = |list: Box<RawValue>| serde_json::from_str(list.get()).ok();
    let of = |Part { log, list, .. }: Part| {
        let address = byte_serialize(log.as_bytes()).collect();
        Elsewhere { log, address, list: list.and_then(read) }
    };
    parts.into_iter().map(of).collect()
}
