//! Statements under way: prepared once a connection, all sent before the first is answered, their answers bounded.

use std::pin::pin;

use deadpool_postgres::ClientWrapper;
use futures_util::{
    TryStreamExt,
    future::{join3, try_join_all},
};
use tokio_postgres::{Row, Statement, types::ToSql};

use super::fault::PostgresFault;
use crate::stores::StoreError;

/// Rows about one person that are read of a table; nobody has so many.
pub(super) const MOST: usize = 10_000;

/// Rows about several persons together, whatever their number.
pub(super) const MOST_OF_ALL: usize = 8 * MOST;

/// How much of a table is read.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Most {
    /// Of look-ups about so many persons. The statement says how many rows, and is one of two: each is prepared once.
    pub(super) fn of(persons: usize, bytes: usize) -> Self {
        Self { rows: if persons > 1 { MOST_OF_ALL } else { MOST }, bytes }
    }

    /// That one person has no more rows of a table than are read of one who is asked about alone.
    ///
    /// # Errors
    /// [`PostgresFault::TooMany`].
    pub(super) fn of_one(rows: usize, place: &str) -> Result<(), StoreError> {
        if rows > MOST { Err(PostgresFault::TooMany { table: place.to_owned(), most: MOST }.into()) } else { Ok(()) }
    }

    /// The end of the statement: one row more shows that there are too many.
    pub(super) fn limit(self) -> String {
        format!(" LIMIT {}", self.rows + 1)
    }
}

/// One statement of a look-up.
pub(super) struct Question<'a> {
    pub(super) sql: String,
    pub(super) parameters: Vec<&'a (dyn ToSql + Sync)>,
    /// The table or source, for faults.
    pub(super) place: &'a str,
}

/// Runs the statements of a look-up. Where there are several, a transaction makes them of one moment; one alone is.
///
/// # Errors
/// What the server says; [`PostgresFault::TooMany`] and [`PostgresFault::TooLarge`] where an answer is beyond its bounds.
pub(super) async fn of_one_moment(
    session: &ClientWrapper,
    asked: &[Question<'_>],
    most: Most,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let mut statements = Vec::with_capacity(asked.len());
    for question in asked {
        statements.push(session.prepare_cached(&question.sql).await?);
    }
    let queries = statements.iter().zip(asked).map(|(statement, question)| rows(session, statement, question, most));
    if asked.len() < 2 {
        return try_join_all(queries).await;
    }
    let begin = session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    let (begun, found, ended) = join3(begin, try_join_all(queries), session.batch_execute("COMMIT")).await;
    begun?;
    let found = found?;
    ended?;
    Ok(found)
}

async fn rows(
    session: &ClientWrapper,
    statement: &Statement,
    question: &Question<'_>,
    most: Most,
) -> Result<Vec<Row>, StoreError> {
    let mut stream = pin!(session.query_raw(statement, question.parameters.iter().copied()).await?);
    let (mut rows, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = stream.try_next().await? {
        bytes = bytes.saturating_add(row.raw_size_bytes());
        if bytes > most.bytes {
            return Err(PostgresFault::TooLarge(most.bytes).into());
        }
        if rows.len() == most.rows {
            return Err(PostgresFault::TooMany { table: question.place.to_owned(), most: most.rows }.into());
        }
        rows.push(row);
    }
    Ok(rows)
}
