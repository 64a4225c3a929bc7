//! What must hold of a connection before a look-up uses it: it goes to the server itself, to a database that is read right,
//! as a role that can do nothing but read. Looked at on each new connection, so that a server that takes over for another
//! is looked at too.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join4;
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

/// A table, view or sequence of the database that this role, or one that it may become, can write; and what takes that from it,
/// where it has it by a grant, be it to everybody. Who may make triggers writes through them.
const CAN_WRITE: &str = "SELECT c.relname::text, (SELECT pg_catalog.format('REVOKE %s ON %s%I.%I FROM %s', \
     CASE c.relkind WHEN 'S' THEN 'USAGE, UPDATE' ELSE 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER' END, \
     CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, n.nspname, c.relname, \
     CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) FROM \
     (SELECT t.grantee, t.privilege_type FROM pg_catalog.aclexplode(c.relacl) t \
     UNION ALL SELECT t.grantee, t.privilege_type FROM pg_catalog.pg_attribute k, pg_catalog.aclexplode(k.attacl) t \
     WHERE k.attrelid = c.oid) a WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'USAGE') \
     AND a.grantee <> c.relowner \
     AND CASE a.grantee WHEN 0 THEN true ELSE pg_catalog.pg_has_role(session_user, a.grantee, 'MEMBER') END LIMIT 1) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
     AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
     AND (r.oid = c.relowner OR CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(r.oid, c.oid, 'USAGE, UPDATE') \
     ELSE pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER') \
     OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE') END)) LIMIT 1";

/// A schema in which this role, or one that it may become, can make tables, or the database where it can make schemas; and what
/// takes that from it. A database that comes from release 14 lets everybody make tables in `public`. What is temporary (everybody
/// may make such tables, unless that was revoked) is seen by nobody else and gone with its connection.
const CAN_MAKE: &str = "SELECT p.name, (SELECT pg_catalog.format('REVOKE CREATE ON %s %I FROM %s', p.kind, p.name, \
     CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) \
     FROM pg_catalog.aclexplode(p.acl) a WHERE a.privilege_type = 'CREATE' AND a.grantee <> p.owner \
     AND CASE a.grantee WHEN 0 THEN true ELSE pg_catalog.pg_has_role(session_user, a.grantee, 'MEMBER') END LIMIT 1) \
     FROM (SELECT 'SCHEMA' AS kind, n.nspname::text AS name, n.nspacl AS acl, n.nspowner AS owner, \
     EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
     AND (r.oid = n.nspowner OR pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE'))) AS may_create \
     FROM pg_catalog.pg_namespace n WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
     UNION ALL SELECT 'DATABASE', d.datname::text, d.datacl, d.datdba, \
     EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
     AND (r.oid = d.datdba OR pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE'))) \
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) p WHERE p.may_create LIMIT 1";

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
        let (mark, mighty, can_write, can_make) = try_join4(
            first(session, &mark),
            first(session, MIGHTY),
            first(session, CAN_WRITE),
            first(session, CAN_MAKE),
        )
        .await?;
        if mark.and_then(|[mark, _]| mark).as_deref() != Some(&self.mark) {
            return Err(PostgresFault::Pooler);
        }
        if mighty.and_then(|[mighty, _]| mighty).as_deref() != Some("f") {
            return Err(PostgresFault::Mighty);
        }
        if let Some([name, revoke]) = can_write {
            let name = name.unwrap_or_default();
            return Err(match revoke {
                Some(revoke) => PostgresFault::CanWriteBy { name, revoke },
                None => PostgresFault::CanWrite(name),
            });
        }
        if let Some([name, revoke]) = can_make {
            let name = name.unwrap_or_default();
            return Err(match revoke {
                Some(revoke) => PostgresFault::CanMakeBy { name, revoke },
                None => PostgresFault::CanMake(name),
            });
        }
        match (&self.map, encoding) {
            (None, "UTF8") => tables::prepare(session).await.map(|()| None),
            (Some(map), "UTF8" | "EUC_CN" | "SQL_ASCII") => mapped::bind(session, map, encoding).await.map(Some),
            (None | Some(_), other) => Err(PostgresFault::Encoding(other.to_owned())),
        }
    }
}

/// The first two values of the first row.
async fn first(session: &ClientWrapper, query: &str) -> Result<Option<[Option<String>; 2]>, PostgresFault> {
    let messages = session.simple_query(query).await.map_err(|error| match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => PostgresFault::Mighty,
        _ => PostgresFault::of(&error),
    })?;
    Ok(messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            Some([0, 1].map(|at| row.try_get(at).ok().flatten().map(str::to_owned)))
        }
        _ => None,
    }))
}
