//! `store check` of a database: every value of its tables, or of the first rows of each, on a connection of its own.

use std::{pin::pin, sync::Arc, time::Duration};

use deadpool::managed::Manager;
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use super::{
    OpenError, PostgresFault,
    sessions::{Session, Sessions},
    tables::{self, Values},
};
use crate::{
    settings,
    stores::{
        StoreError, StoreFault,
        examine::{Domain, Tally, check_row},
        layout::TABLES,
        map::{Examined, Found, Map, examine_row},
    },
};

/// What was found.
pub(crate) enum Checked {
    /// In the gateway's own tables, with how many rows each has.
    Own(Tally, Vec<(&'static str, u64)>),
    /// In tables that a map describes.
    Mapped(Examined),
}

/// Connects as look-ups do, with all that is looked at then, and reads every row, or the first `most` of each table.
///
/// # Errors
/// Why it cannot be read.
pub(crate) async fn examine(
    settings: &settings::Store,
    map: Option<Arc<Map>>,
    domain: &Domain,
    most: Option<u64>,
) -> Result<Checked, OpenError> {
    let read = async {
        // A whole table takes longer than any look-up; nobody waits for it but the operator.
        let session = Sessions::of(settings, map, Duration::ZERO)?.create().await?;
        match &session.bound {
            Some(_) => mapped(&session, most).await.map(Checked::Mapped),
            None => own(&session, domain, most).await,
        }
    };
    read.await.map_err(|cause| OpenError { name: settings.name.clone(), cause })
}

async fn own(session: &Session, domain: &Domain, most: Option<u64>) -> Result<Checked, PostgresFault> {
    let (mut tally, mut counts) = (Tally::default(), Vec::new());
    for table in TABLES {
        let statement = tables::all(table, most);
        let count = each(session, &statement, |nr, row| {
            match Values::read(row, table) {
                Ok(values) => check_row(table, &values, nr, domain, &mut |fault, _| tally.add(&fault)),
                // Its types were looked at when it was connected.
                Err(_) => return Err(PostgresFault::Layout(table.name.to_owned())),
            }
            Ok(())
        });
        counts.push((table.name, count.await?));
    }
    Ok(Checked::Own(tally, counts))
}

async fn mapped(session: &Session, most: Option<u64>) -> Result<Examined, PostgresFault> {
    let mut examined = Examined::default();
    let Some(bound) = &session.bound else { return Ok(examined) };
    for select in bound.map().everything() {
        let source = select.source().name();
        let statement = bound.all(&select, most);
        let count = each(session, &statement, |nr, row| {
            let read = bound.cells(&select, row, |cells| {
                examine_row(bound.map(), &select, cells, &mut |found| match found {
                    Found::Unfit(unfit, _) => examined.faults.add(&unfit, nr),
                    Found::PublishedOtherwise(column) => {
                        let place = format!("{source}.{}", column.name());
                        *examined.published_otherwise.entry(place).or_default() += 1;
                    }
                });
            });
            match read {
                Err(StoreError::Failed(StoreFault::Mapped(unfit))) => examined.faults.add(&unfit, nr),
                Err(StoreError::Failed(StoreFault::Postgres(fault))) => return Err(fault),
                Ok(()) | Err(_) => {}
            }
            Ok(())
        });
        let count = count.await?;
        examined.rows.push((source.to_owned(), count));
    }
    Ok(examined)
}

/// Gives each row, counted from 1, and how many there were.
async fn each(
    session: &Session,
    sql: &str,
    mut take: impl FnMut(u64, &Row) -> Result<(), PostgresFault>,
) -> Result<u64, PostgresFault> {
    let of = |error: tokio_postgres::Error| PostgresFault::of(&error);
    let none: [&str; 0] = [];
    let mut rows = pin!(session.client.query_raw(sql, none).await.map_err(of)?);
    let mut count = 0;
    while let Some(row) = rows.try_next().await.map_err(of)? {
        count += 1;
        take(count, &row)?;
    }
    Ok(count)
}
