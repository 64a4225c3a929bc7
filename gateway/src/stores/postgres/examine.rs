//! The rows of a database, looked at on a connection of its own: every value of its tables, of the first rows of each (`store
//! check`), or of some of them (the daily look).

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use deadpool::managed::Manager;
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use super::{
    fault::{OpenError, PostgresFault},
    mapped::Bound,
    sessions::{Session, Sessions},
    tables::{self, Values},
};
use crate::{
    settings,
    stores::{
        StoreError, StoreFault,
        examine::{Domain, Tally, check_row},
        layout::TABLES,
        map::{Examination, Examined, Found, Map},
    },
};

/// What was found.
pub(crate) enum Checked {
    /// In the gateway's own tables, with how many rows each has.
    Own(Tally, Vec<(&'static str, u64)>),
    /// In tables that a map describes.
    Mapped(Examined),
}

/// Which rows of each table.
#[derive(Clone, Copy)]
pub(crate) enum Rows {
    /// Every one.
    All,
    /// So many from the beginning.
    First(u64),
    /// About so many from anywhere, other ones each time; of a view the first.
    Sample(u64),
}

impl Checked {
    /// How many values do not fit.
    pub(super) fn total(&self) -> u64 {
        match self {
            Self::Own(tally, _) => tally.total(),
            Self::Mapped(examined) => examined.faults.total(),
        }
    }

    /// How many rows were read.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Own(_, rows) => rows.iter().map(|(_, rows)| rows).sum(),
            Self::Mapped(examined) => examined.rows.iter().map(|(_, rows)| rows).sum(),
        }
    }

    /// One text a place and kind, with how many.
    pub(super) fn kinds(&self) -> Vec<String> {
        let kind = |place: &str, count: u64, what: &dyn fmt::Display| format!("`{place}`: {count} with {what}");
        match self {
            Self::Own(tally, _) => tally.each().map(|(place, count, what, _)| kind(&place, count, &what)).collect(),
            Self::Mapped(examined) => {
                examined.faults.each().map(|(place, count, what, _)| kind(place, count, &what)).collect()
            }
        }
    }
}

/// Connects as look-ups do, with all that is looked at then, and reads rows.
///
/// # Errors
/// Why it cannot be read.
pub(crate) async fn examine(
    settings: &settings::Store,
    map: Option<Arc<Map>>,
    domain: &Domain,
    rows: Rows,
) -> Result<Checked, OpenError> {
    let read = async {
        // A whole table takes longer than any look-up; nobody waits for it but the operator.
        let session = Sessions::of(settings, map, Duration::ZERO)?.create().await?;
        examine_on(&session, domain, rows).await
    };
    read.await.map_err(|cause| OpenError { name: settings.name.clone(), cause })
}

/// Reads rows over this connection.
///
/// # Errors
/// What the server says.
pub(super) async fn examine_on(session: &Session, domain: &Domain, rows: Rows) -> Result<Checked, PostgresFault> {
    match &session.bound {
        Some(bound) => mapped(session, bound, domain, rows).await.map(Checked::Mapped),
        None => own(session, domain, rows).await,
    }
}

/// What stands behind the name of a table in a statement that reads these rows of it: what is drawn, and how many at most.
async fn part(session: &Session, table: &str, rows: Rows) -> Result<[String; 2], PostgresFault> {
    const SIZE: &str = "SELECT c.relkind::text, c.reltuples::float8 FROM pg_catalog.pg_class c \
         WHERE c.oid = pg_catalog.to_regclass($1::text)";
    /// Pages are drawn, not rows, so a little more of them.
    const MORE: f64 = 1.2;
    let most = match rows {
        Rows::All => return Ok([String::new(), String::new()]),
        Rows::First(most) => return Ok([String::new(), format!(" LIMIT {most}")]),
        Rows::Sample(most) => most,
    };
    let of = |error: tokio_postgres::Error| PostgresFault::of(&error);
    let found = session.client.query_opt(SIZE, &[&table]).await.map_err(of)?;
    let size = found.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose().map_err(of)?;
    let (kind, all): (String, f64) = size.unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a share, which need not be exact")]
    let share = 100.0 * MORE * most as f64 / all;
    // Ordinary and partitioned tables, and materialised views, of which more is known to be there.
    let is_drawn = ["r", "p", "m"].contains(&kind.as_str()) && share > 0.0 && share < 100.0;
    let drawn = if is_drawn { format!(" TABLESAMPLE SYSTEM ({share:.6})") } else { String::new() };
    Ok([drawn, format!(" LIMIT {most}")])
}

async fn own(session: &Session, domain: &Domain, rows: Rows) -> Result<Checked, PostgresFault> {
    let (mut tally, mut counts) = (Tally::default(), Vec::new());
    for table in TABLES {
        let statement = tables::all(table) + &part(session, table.name, rows).await?.concat();
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

async fn mapped(session: &Session, bound: &Bound, domain: &Domain, rows: Rows) -> Result<Examined, PostgresFault> {
    let (mut examined, on) = (Examined::default(), domain.day());
    for select in bound.map().everything() {
        let source = select.source().name();
        let [drawn, most] = part(session, &select.table(), rows).await?;
        // What is drawn is not cut off at one end of the order.
        let order = if matches!(rows, Rows::Sample(_)) { String::new() } else { select.order() };
        let statement = [bound.all(&select), drawn, order, most].concat();
        let mut examination = Examination::new(bound.map(), &select, on);
        let count = each(session, &statement, |nr, row| {
            let read = bound.cells(&select, row, |cells| {
                examination.row(cells, &mut |found| match found {
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
