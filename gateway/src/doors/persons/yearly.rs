//! Which report of the year one is: some a year are free (credit-reporting regulation, art. 17; Shanghai, art. 34). Each stands on the
//! record as a self-query, in whichever log; those that were made to check an objection count for nothing.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use jiff::{Timestamp, civil::Date};
use serde_json::json;

use super::{
    page::{self, Frame, Words},
    range,
    sessions::LoggedIn,
};
use crate::{
    doors::{elsewhere::Others, latest::of_index},
    gateway::Gateway,
    transport::Body,
};

/// What another gateway is told where they cannot be counted.
const NOT_COUNTED: Words = Words {
    zh: "日志仍在编入索引，请稍后再试。",
    en: "The index is behind the log. Please try again in a moment.",
};

/// Which report of the year it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    /// Of this year, as far as logs came.
    pub(super) number: u64,
    /// So many are free.
    pub(super) free: u16,
    /// Logs of other gateways that did not come: it may be a later one.
    pub(super) missing: usize,
}

/// Counts the reports of this year; nothing where the index is behind.
pub(super) async fn yearly(gateway: &Arc<Gateway>, person: &LoggedIn, others: &Others) -> Option<Yearly> {
    let free = gateway.settings.persons.as_ref()?.free_reports_a_year;
    let (own, (there, missing)) = tokio::join!(own(gateway, person), others.reports(person));
    // Objections are known of every gateway.
    let (from, objections) = (year(gateway)?, gateway.standing.objections(&gateway.standing.person(&person.person)));
    let objected = objections.iter().filter(|objection| objection.made >= from).count() as u64;
    let number = own?.saturating_add(there).saturating_sub(objected).max(1);
    Some(Yearly { number, free, missing })
}

/// How many stand in this log, for another gateway: that it was asked is on the record.
pub(super) async fn of_this_log(gateway: &Arc<Gateway>, person: &LoggedIn, frame: &Frame) -> Response<Body> {
    let Some(reports) = own(gateway, person).await else {
        return page::problem(frame, NOT_COUNTED.of(frame.language()), StatusCode::SERVICE_UNAVAILABLE);
    };
    let body = json!({ "log": gateway.settings.log.origin, "reports": reports }).to_string();
    page::answer(frame, "application/json; charset=utf-8", body.into_bytes(), StatusCode::OK)
}

async fn own(gateway: &Arc<Gateway>, person: &LoggedIn) -> Option<u64> {
    let (from, number) = (year(gateway)?, Arc::clone(&person.person));
    let own = of_index(gateway, move |_, index, _| {
        index.count_own(&number.disclose(|number| index.person(number.as_str())), from.as_microsecond())
    });
    own.await.ok()
}

/// When the year began: whatever the offset of the jurisdiction, to the hour, its days turn where those of the catalogue do.
fn year(gateway: &Gateway) -> Option<Timestamp> {
    let first = Date::new(gateway.today().year(), 1, 1).ok()?;
    Some(range::begin(&gateway.catalogue(), first))
}
