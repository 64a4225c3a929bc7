//! Whether look-ups find a person by an index.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::SimpleQueryMessage;

/// Nobody's number, by which a condition is found again in a plan.
pub(super) const NOBODY: &str = "nobody-of-the-credit-gateway";

/// Whether no step of the statement's plan compares the number with every row it reads. The statement has [`NOBODY`] where
/// the number is; a plan that reads a whole table is not taken while there is another.
///
/// # Errors
/// What the server says of the statement: a role that may not read one of its columns is found here.
pub(super) async fn is_indexed(session: &ClientWrapper, statement: &str) -> Result<bool, tokio_postgres::Error> {
    let explain = format!(
        "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; EXPLAIN {statement}; COMMIT"
    );
    let plan = session.simple_query(&explain).await;
    if plan.is_err() {
        // The transaction ended with the statement that failed, and is still open in the session.
        session.simple_query("ROLLBACK").await?;
    }
    Ok(plan?.iter().all(|line| match line {
        SimpleQueryMessage::Row(row) => row.get(0).is_none_or(|line| !is_compared_with_each(line)),
        _ => true,
    }))
}

fn is_compared_with_each(line: &str) -> bool {
    line.contains(NOBODY) && line.contains("Filter:")
}
