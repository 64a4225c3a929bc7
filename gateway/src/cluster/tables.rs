//! Whether the tables of this release are there, and the role may write them.

use tokio_postgres::Client;

use super::fault::StateFault;

/// The release of the tables. Later ones have more, and nothing less.
const VERSION: i32 = 7;
const TABLES: &str = "SELECT version FROM credit_schema";
/// A table that is not there is an error of its own.
const MAY_WRITE: &str = "SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(t, p)) \
     FROM unnest(ARRAY['credit_replica', 'credit_act', 'credit_once', 'credit_count', 'credit_use', 'credit_repeat', 'credit_claim', \
     'credit_key', 'credit_session', 'credit_word', 'credit_asked']) AS t (t), \
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (p)";

/// Looks for the tables of this release or a later one, and whether all that is written may be.
///
/// # Errors
/// [`StateFault`].
pub(super) async fn are_there(client: &Client) -> Result<(), StateFault> {
    let version = client.query_opt(TABLES, &[]).await?;
    let version = version.map(|row| row.try_get::<_, i32>(0)).transpose()?;
    if version.is_none_or(|version| version < VERSION) {
        return Err(StateFault::Tables);
    }
    let may_write = client.query_one(MAY_WRITE, &[]).await?.try_get::<_, Option<bool>>(0)?;
    if may_write == Some(true) { Ok(()) } else { Err(StateFault::Tables) }
}
