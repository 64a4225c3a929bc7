//! What must hold of a connection before a look-up uses it: it goes to the server itself, to a database that is read right,
//! as a role that can do nothing but read. Looked at on each new connection, so that a server that takes over for another
//! is looked at too.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join3;
use tokio_postgres::error::SqlState;

use super::{
    fault::PostgresFault,
    mapped::{self, Bound},
    tables,
};
use crate::stores::map::Map;

/// A setting of our own, by which a connection is known again: a pooler that takes our settings for another's, or drops
/// them, has not this one.
pub(super) const MARK: &str = "credit_gateway.connection";

/// Whether this role, or one that it may become, is above all grants.
const MIGHTY: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
     AND (r.rolsuper OR r.rolcreaterole OR r.rolname IN ('pg_write_server_files', 'pg_execute_server_program')))";

/// A table or view of the database that this role, or one that it may become, can write.
const CAN_WRITE: &str = "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
     AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
     AND (r.oid = c.relowner OR pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') \
     OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE'))) LIMIT 1";

/// What is looked at.
pub(super) struct Fence {
    /// What the tables are, where they are not the gateway's own.
    pub(super) map: Option<Arc<Map>>,
    /// The value of [`MARK`] in this process.
    pub(super) mark: String,
}

impl Fence {
    /// Looks at a new connection; with what its tables are, where a map describes them.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) async fn check(&self, session: &ClientWrapper, encoding: &str) -> Result<Option<Bound>, PostgresFault> {
        let mark = format!("SELECT pg_catalog.current_setting('{MARK}', true)");
        let (mark, mighty, can_write) =
            try_join3(text(session, &mark), text(session, MIGHTY), text(session, CAN_WRITE)).await?;
        if mark.as_deref() != Some(&self.mark) {
            return Err(PostgresFault::Pooler);
        }
        if mighty.as_deref() != Some("f") {
            return Err(PostgresFault::Mighty);
        }
        if let Some(table) = can_write {
            return Err(PostgresFault::CanWrite(table));
        }
        match (&self.map, encoding) {
            (None, "UTF8") => tables::prepare(session).await.map(|()| None),
            (Some(map), "UTF8" | "EUC_CN" | "SQL_ASCII") => mapped::bind(session, map, encoding).await.map(Some),
            (None | Some(_), other) => Err(PostgresFault::Encoding(other.to_owned())),
        }
    }
}

/// The first value of the first row.
async fn text(session: &ClientWrapper, query: &str) -> Result<Option<String>, PostgresFault> {
    let messages = session.simple_query(query).await.map_err(|error| match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => PostgresFault::Mighty,
        _ => PostgresFault::of(&error),
    })?;
    Ok(messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
