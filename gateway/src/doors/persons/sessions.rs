//! Who is logged in. What is kept of it is sealed under the key of a name that the browser alone has, so nobody reads it where it is
//! kept; at which of several gateways somebody logged in makes no difference.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::leaf::Actor;
use credit_keys::{EntropyError, SealError, StateKey};
use credit_policy::{CitizenNumber, Language, Personal};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::token;
use crate::{
    changes::{self, Number},
    gateway::Gateway,
    state::{
        bound_ids::LoginId,
        visits::{LONGEST, Said, Step, Unreached, keyed, unguessable},
    },
};

/// What the name and the content of a session are of.
const SESSION: &str = "session";
/// By how much clocks of gateways may differ.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// Who acts for a person.
#[derive(Clone)]
pub(super) enum Through {
    /// An officer at the counter.
    Officer(Actor),
    /// Who has this mandate.
    Deputy(Uuid, Arc<Personal<CitizenNumber>>),
}

/// A session as one request sees it.
#[derive(Clone)]
pub(super) struct LoggedIn {
    /// Whom it is about.
    pub(super) person: Arc<Personal<CitizenNumber>>,
    /// Who acts, where it is not the person.
    pub(super) through: Option<Through>,
    /// The account by which the person logged in, where that must be bound.
    pub(super) account: Option<LoginId>,
    /// What every form must bring with it.
    pub(super) form: Arc<str>,
    pub(super) language: Language,
    /// When the person logged in.
    pub(super) began: Timestamp,
}

/// Why there is no new session.
pub(super) enum NotBegun {
    /// As many as may be, or the system gives no randomness.
    Full,
    /// It cannot be kept.
    Unreached,
}

impl From<EntropyError> for NotBegun {
    fn from(_: EntropyError) -> Self {
        Self::Full
    }
}

impl From<SealError> for NotBegun {
    fn from(_: SealError) -> Self {
        Self::Full
    }
}

impl From<Unreached> for NotBegun {
    fn from(_: Unreached) -> Self {
        Self::Unreached
    }
}

/// What is sealed of a session.
#[derive(Deserialize, Serialize)]
struct Content<'a> {
    /// Who is logged in.
    #[serde(borrow)]
    number: Cow<'a, str>,
    /// Issuer and id of the account.
    #[serde(borrow)]
    account: Option<(Cow<'a, str>, Cow<'a, str>)>,
    /// For whom the person acts, and by which mandate.
    #[serde(borrow)]
    acting: Option<(Uuid, Cow<'a, str>)>,
    #[serde(borrow)]
    form: Cow<'a, str>,
    /// Of the gateway that began it: whoever puts a row back from a copy makes no session longer.
    began: Timestamp,
}

impl LoggedIn {
    /// By what the person's lists go on; known to neither the person nor another gateway's operator.
    pub(super) fn lists(&self, gateway: &Gateway) -> String {
        match changes::person_actor(gateway, &self.person) {
            Actor::Person(tag) => STANDARD.encode(tag.0),
            Actor::Officer { .. } | Actor::Institution { .. } | Actor::Account(_) | Actor::System(_) => String::new(),
        }
    }
}

/// Begins a session and returns its name, which goes into the cookie.
///
/// # Errors
/// [`NotBegun`].
pub(super) async fn begin(
    gateway: &Gateway,
    person: Personal<CitizenNumber>,
    account: Option<LoginId>,
    language: Language,
) -> Result<String, NotBegun> {
    let (name, form) = (token::draw(&gateway.entropy)?, token::draw(&gateway.entropy)?);
    let key = gateway.visits_key();
    let of_person = person.disclose(|number| keyed(key.digest("credit/session", &[number.as_str().as_bytes()])));
    let began = gateway.log.accepted_now();
    let session = LoggedIn { person: Arc::new(person), through: None, account, form: form.into(), language, began };
    let sealed = sealed(gateway, &key, &name, &session, None)?;
    let session = unguessable(SESSION, &name);
    match gateway.visits.make(Step::Begin { session, person: of_person, sealed, language }).await? {
        Said::Yes => Ok(name),
        Said::No | Said::Nothing | Said::InUse { .. } | Said::Taken(_) => Err(NotBegun::Full),
    }
}

/// The session of this name, which is used now; `language` is what its pages are in from here on.
///
/// # Errors
/// Where it cannot be told whether there is one.
pub(super) async fn find(
    gateway: &Gateway,
    name: &str,
    language: Option<Language>,
) -> Result<Option<LoggedIn>, Unreached> {
    let said = gateway.visits.make(Step::Use(unguessable(SESSION, name), language)).await?;
    let Said::InUse { sealed, language } = said else { return Ok(None) };
    let opened = gateway.visits_key().open((SESSION, name.as_bytes()), &sealed);
    let now = gateway.log.accepted_now();
    Ok(opened.and_then(|content| read(&content, language)).filter(|session| is_in_time(session.began, now)))
}

/// From here on the session acts for this person by this mandate; for nobody else where there is none.
///
/// # Errors
/// Where it cannot be told whether it does.
pub(super) async fn act_for(
    gateway: &Gateway,
    name: &str,
    session: &LoggedIn,
    acting: Option<(Uuid, Number)>,
) -> Result<(), Unreached> {
    let sealed = sealed(gateway, &gateway.visits_key(), name, session, acting).map_err(|_| Unreached)?;
    gateway.visits.make(Step::Change(unguessable(SESSION, name), sealed)).await.map(drop)
}

/// Takes one of the records that a session may make in a minute.
///
/// # Errors
/// Where it cannot be told.
pub(super) async fn may_record(gateway: &Gateway, name: &str) -> Result<bool, Unreached> {
    Ok(gateway.visits.make(Step::Record(unguessable(SESSION, name))).await? == Said::Yes)
}

/// Ends a session.
///
/// # Errors
/// Where it cannot be told that it is over.
pub(super) async fn end(gateway: &Gateway, name: &str) -> Result<(), Unreached> {
    gateway.visits.make(Step::End(unguessable(SESSION, name))).await.map(drop)
}

/// Who is logged in, for whomever the session acts.
pub(super) fn own(session: &LoggedIn) -> &Number {
    match &session.through {
        Some(Through::Deputy(_, number)) => number,
        Some(Through::Officer(_)) | None => &session.person,
    }
}

fn is_in_time(began: Timestamp, now: Timestamp) -> bool {
    let longest = SignedDuration::try_from(LONGEST).unwrap_or_default();
    now.duration_since(began) <= longest.saturating_add(CLOCKS)
}

fn sealed(
    gateway: &Gateway,
    key: &StateKey,
    name: &str,
    session: &LoggedIn,
    acting: Option<(Uuid, Number)>,
) -> Result<Vec<u8>, SealError> {
    let content = Zeroizing::new(own(session).disclose(|number| {
        let written = |acting: Option<(Uuid, &str)>| {
            let content = Content {
                number: number.as_str().into(),
                account: session.account.as_ref().map(|id| (id.iss.as_str().into(), id.sub.as_str().into())),
                acting: acting.map(|(mandate, other)| (mandate, other.into())),
                form: (&*session.form).into(),
                began: session.began,
            };
            serde_json::to_vec(&content).unwrap_or_default()
        };
        match &acting {
            Some((mandate, other)) => other.disclose(|other| written(Some((*mandate, other.as_str())))),
            None => written(None),
        }
    }));
    key.seal((SESSION, name.as_bytes()), &content, &gateway.entropy)
}

fn read(content: &[u8], language: Language) -> Option<LoggedIn> {
    let Content { number, account, acting, form, began } = serde_json::from_slice(content).ok()?;
    let number = Arc::new(CitizenNumber::parse(&number).ok()?);
    let account = account.map(|(iss, sub)| LoginId { iss: iss.into_owned(), sub: sub.into_owned() });
    let (person, through) = match acting {
        Some((mandate, other)) => {
            (Arc::new(CitizenNumber::parse(&other).ok()?), Some(Through::Deputy(mandate, number)))
        }
        None => (number, None),
    };
    Some(LoggedIn { person, through, account, form: form.as_ref().into(), language, began })
}
