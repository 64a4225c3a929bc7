//! Which report of the year one is: some a year are free (credit-reporting regulation, art. 17; Shanghai, art. 34). Each stands on the
//! record as a self-query; those that were made to check an objection count for nothing.

use std::sync::Arc;

use jiff::civil::Date;

use super::{range, sessions::LoggedIn};
use crate::{doors::latest::of_index, gateway::Gateway};

/// Which report of the year it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    /// Of this year.
    pub(super) number: u64,
    /// So many are free.
    pub(super) free: u16,
}

/// Counts the reports of this year; nothing where the index is behind.
pub(super) async fn yearly(gateway: &Arc<Gateway>, person: &LoggedIn) -> Option<Yearly> {
    let free = gateway.settings.persons.as_ref()?.free_reports_a_year;
    let today = gateway.today();
    let first = Date::new(today.year(), 1, 1).ok()?;
    // Whatever the offset of the jurisdiction, to the hour: its days turn where those of the catalogue do.
    let from = range::begin(&gateway.catalogue(), first);
    let number = Arc::clone(&person.person);
    let own = of_index(gateway, move |_, index, _| {
        index.count_own(&number.disclose(|number| index.person(number.as_str())), from.as_microsecond())
    });
    let own = own.await.ok()?;
    let objections = gateway.standing.objections(&gateway.standing.person(&person.person));
    let objected = objections.iter().filter(|objection| objection.made >= from).count() as u64;
    Some(Yearly { number: own.saturating_sub(objected).max(1), free })
}
