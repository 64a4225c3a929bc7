//! Who acts for a person at this door or at the counter: it is on the record before anything is shown or done, and the person
//! reads it beside the list of who asked.

use std::sync::Arc;

use credit_audit::{leaf, leaf::Actor};
use credit_policy::Language;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{
    page::Words,
    sessions::{LoggedIn, Through},
};
use crate::{
    changes::{self, ActedFor, ChangeError, Number},
    doors::latest::of_index,
    gateway::Gateway,
    index::read_leaf,
    state::mandates::MandateKind,
};

/// Acts that are listed on a page: the newest.
pub(super) const LISTED: u32 = 40;

/// What officers did who handed over a person's evidence.
pub(super) const EVIDENCE: &str = "evidence";

/// Who acts, where it is not the person.
pub(super) fn actor(gateway: &Gateway, session: &LoggedIn) -> Option<Actor> {
    Some(match session.through.as_ref()? {
        Through::Officer(officer) => officer.clone(),
        Through::Deputy(_, number) => changes::person_actor(gateway, number),
    })
}

/// For whom something is done, and who does it where that is somebody else.
pub(super) fn whose<'a>(gateway: &Gateway, session: &'a LoggedIn) -> (&'a Number, Option<Actor>) {
    (&session.person, actor(gateway, session))
}

/// Whether the session may go on: a mandate may have ended since it was chosen.
pub(super) fn is_allowed(gateway: &Gateway, session: &LoggedIn) -> bool {
    let Some(Through::Deputy(id, deputy)) = &session.through else { return true };
    let mandate = gateway.standing.mandates.find(*id);
    let deputy = gateway.standing.person(deputy);
    mandate.is_some_and(|mandate| mandate.deputy == deputy && mandate.is_in_force(gateway.today()))
}

/// Records what is about to be shown or done, where it is not the person's own doing.
///
/// # Errors
/// [`ChangeError`]: then it is neither shown nor done.
pub(super) async fn record(gateway: &Arc<Gateway>, session: &LoggedIn, act: &str) -> Result<(), ChangeError> {
    let Some(by) = actor(gateway, session) else { return Ok(()) };
    let mandate = match &session.through {
        Some(Through::Deputy(id, _)) => gateway.standing.mandates.find(*id),
        Some(Through::Officer(_)) | None => None,
    };
    changes::acted_for(gateway, &session.person, by, mandate.as_ref(), act).await.map(drop)
}

/// What somebody did for the person.
#[derive(Clone, Serialize)]
pub(super) struct DoneFor {
    /// The leaf's number.
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) day: Date,
    /// `counter`, `guardian`, `heir`, or `gateway` for a binding that is said again.
    by: &'static str,
    /// The officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    officer: Option<String>,
    /// What was done; left out where a mandate began or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
    /// All of it in one sentence.
    pub(super) says: String,
}

/// What was done for the person, with the leaves that say so: the newest `most`, newest first.
///
/// # Errors
/// What the operator reads.
pub(super) async fn done_for(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    most: u32,
    language: Language,
) -> Result<Vec<(DoneFor, Vec<u8>)>, &'static str> {
    let number = Arc::clone(&person.person);
    let found = of_index(gateway, move |gateway, index, _| {
        let person = number.disclose(|number| index.person(number.as_str()));
        let places = index.acts(&person, most)?;
        places.into_iter().map(|place| Ok((place.leaf, read_leaf(&gateway.log_folder(), place)?))).collect()
    });
    let leaves: Vec<(u64, Vec<u8>)> = found.await?;
    let done = |(index, leaf): (u64, Vec<u8>)| Some((done(gateway, index, &leaf, language)?, leaf));
    Ok(leaves.into_iter().filter_map(done).collect())
}

fn done(gateway: &Gateway, index: u64, bytes: &[u8], language: Language) -> Option<DoneFor> {
    let leaf = leaf::parse(bytes).ok()??;
    let what = ActedFor::of(&gateway.keys, &gateway.settings.log.origin, &leaf)?;
    let officer = match &leaf.actor {
        Some(Actor::Officer { officer, .. }) => Some(officer.clone()),
        Some(Actor::Person(_) | Actor::Institution { .. } | Actor::Account(_) | Actor::System(_)) | None => None,
    };
    let by = match (&officer, what.kind) {
        (None, Some(MandateKind::Guardian)) => "guardian",
        (None, Some(MandateKind::Heir)) => "heir",
        (Some(_), _) => "counter",
        // Said again in a log that continues another.
        (None, None) => "gateway",
    };
    let says = says(&what, officer.as_deref(), language);
    let (at, day) = (leaf.head.at, gateway.catalogue().today(leaf.head.at));
    Some(DoneFor { index, at, day, by, officer, act: what.act, says })
}

fn kind(kind: MandateKind, language: Language) -> &'static str {
    let words = match kind {
        MandateKind::Guardian => Words { zh: "监护人", en: "guardian" },
        MandateKind::Heir => Words { zh: "继承人", en: "heir" },
    };
    words.of(language)
}

fn says(what: &ActedFor, officer: Option<&str>, language: Language) -> String {
    let officer = officer.unwrap_or("credit-gateway");
    if what.is_login {
        return match (language, what.ended) {
            (Language::Zh, false) => format!("{officer} 登记：您的登录账号与您绑定。"),
            (Language::En, false) => format!("{officer} recorded that the account by which you log in is yours."),
            (Language::Zh, true) => format!("{officer} 解除了您的登录账号的绑定。"),
            (Language::En, true) => format!("{officer} freed the account by which you logged in."),
        };
    }
    let role = what.kind.map(|known| kind(known, language)).unwrap_or_default();
    match (language, &what.act, what.ended, what.until) {
        (Language::Zh, Some(act), ..) if act == EVIDENCE => {
            format!("经两名管理人员决定，工作人员 {officer} 移交了有关您的查询的记录及证明。")
        }
        (Language::En, Some(act), ..) if act == EVIDENCE => {
            format!(
                "Two officers decided to hand over the records of the queries about you, with their proofs; {officer} did so."
            )
        }
        (Language::Zh, Some(act), ..) if what.kind.is_none() => {
            format!("工作人员 {officer} 在服务窗口为您办理：{act}。")
        }
        (Language::En, Some(act), ..) if what.kind.is_none() => {
            format!("The officer {officer} did this for you at the counter: {act}.")
        }
        (Language::Zh, Some(act), ..) => format!("您的{role}代为办理：{act}。"),
        (Language::En, Some(act), ..) => format!("Your {role} did this for you: {act}."),
        (Language::Zh, None, true, _) => format!("{officer} 终止了{role}的代理权限。"),
        (Language::En, None, true, _) => format!("{officer} ended the mandate of a {role}."),
        (Language::Zh, None, false, Some(until)) => {
            format!("{officer} 登记：{role}可代您查看和办理，至 {until} 止。")
        }
        (Language::En, None, false, Some(until)) => {
            format!("{officer} recorded that a {role} may see and act for you until {until}.")
        }
        (_, None, false, None) => String::new(),
    }
}
