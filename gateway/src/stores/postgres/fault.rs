//! What is wrong with a PostgreSQL store. Of the server's own texts nothing comes out: they may quote a value.

use std::{error::Error as _, io, path::PathBuf};

use tokio_postgres::error::SqlState;

/// Why a PostgreSQL store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the store `{name}`: {cause}")]
pub(crate) struct OpenError {
    pub(super) name: String,
    pub(super) cause: PostgresFault,
}

impl OpenError {
    /// Whether a later start may succeed with the same configuration.
    pub(crate) fn may_pass(&self) -> bool {
        self.cause.may_pass()
    }
}

/// Why a PostgreSQL store cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PostgresFault {
    /// The server is not there.
    #[error("cannot reach its server: {0}")]
    Unreachable(io::ErrorKind),
    /// The server's certificate, or that it has none.
    #[error("no TLS connection to its server: {0}")]
    Tls(String),
    /// The server closed the connection.
    #[error("its server closed the connection")]
    Closed,
    /// User or password.
    #[error("its server does not let this user in ({0}): see `url`, `password_file` and the server's pg_hba.conf")]
    NotLetIn(String),
    /// Neither.
    #[error("its server does not ask for a password by SCRAM-SHA-256: set `password_encryption` and pg_hba.conf so")]
    NoScram,
    /// A file of its settings.
    #[error("cannot use `{path}`: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Something between the gateway and the server.
    #[error(
        "a pooler such as PgBouncer stands between, which gives one connection to several programs: name the server itself in `url`"
    )]
    Pooler,
    /// A database whose texts could be read wrongly.
    #[error(
        "its database has the encoding {0}: UTF8 is read, and through a map EUC_CN and SQL_ASCII; give the gateway a database of such an encoding"
    )]
    Encoding(String),
    /// Bytes that would be read as another encoding than the database has.
    #[error("its database has the encoding EUC_CN, so source `{0}` of its map needs `encoding = \"gb18030\"`")]
    EncodingOfMap(String),
    /// A map that does not fit the tables.
    #[error("the map does not fit: {0}")]
    Unmapped(String),
    /// A column of a type that no form reads.
    #[error("`{column}` has the type {live}, which its form does not read: a citizen number must be a text")]
    Type {
        /// Source and column.
        column: String,
        /// Its type.
        live: String,
    },
    /// Columns that were not granted.
    #[error("its role may not read all columns that the map names in `{0}`: grant SELECT on them")]
    MayNotRead(String),
    /// More than is read.
    #[error("its answer is larger than {0} bytes: see `answer_bytes`")]
    TooLarge(usize),
    /// A role that is more than a reader.
    #[error(
        "its role is a superuser, may make roles or may become a role that can: use one that may do nothing but read"
    )]
    Mighty,
    /// A role that can write.
    #[error("its role can write `{0}`: use one that has been granted SELECT and nothing else")]
    CanWrite(String),
    /// The same, by a grant to it or to everybody.
    #[error("its role can write `{name}`: `{revoke}`, or use one that has been granted SELECT and nothing else")]
    CanWriteBy {
        /// What.
        name: String,
        /// What takes that from it.
        revoke: String,
    },
    /// A role that can make tables, or schemas for them.
    #[error(
        "its role can make tables in `{0}`: use one that owns nothing and has been granted SELECT and nothing else"
    )]
    CanMake(String),
    /// The same, by a grant to it or to everybody.
    #[error(
        "its role can make tables in `{name}`: `{revoke}`, or use one that has been granted SELECT and nothing else"
    )]
    CanMakeBy {
        /// The schema or database.
        name: String,
        /// What takes that from it.
        revoke: String,
    },
    /// A table or column that is not as it must be.
    #[error(
        "`{0}` is missing, has another type or may not be read by its role; see gateway/src/stores/postgres/schema.sql"
    )]
    Layout(String),
    /// Look-ups that would read a whole table.
    #[error("`{0}` has no index on its citizen numbers: each look-up would read all of it")]
    NoIndex(String),
    /// Too many rows about one person.
    #[error("`{table}` has more than {most} rows about one person")]
    TooMany {
        /// Where.
        table: String,
        /// How many are read at most.
        most: usize,
    },
    /// PostgreSQL's code alone.
    #[error("PostgreSQL says {0}")]
    Sqlstate(String),
    /// What the client library says.
    #[error("its server does not speak as PostgreSQL does")]
    Protocol,
}

impl PostgresFault {
    /// Whether a later start with the same configuration may succeed.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Closed | Self::Sqlstate(_) => true,
            Self::Tls(_)
            | Self::NotLetIn(_)
            | Self::NoScram
            | Self::File { .. }
            | Self::Pooler
            | Self::Encoding(_)
            | Self::EncodingOfMap(_)
            | Self::Unmapped(_)
            | Self::Type { .. }
            | Self::MayNotRead(_)
            | Self::TooLarge(_)
            | Self::Mighty
            | Self::CanWrite(_)
            | Self::CanWriteBy { .. }
            | Self::CanMake(_)
            | Self::CanMakeBy { .. }
            | Self::Layout(_)
            | Self::NoIndex(_)
            | Self::TooMany { .. }
            | Self::Protocol => false,
        }
    }

    /// Of a connection that could not be made.
    pub(crate) fn of_connecting(error: &tokio_postgres::Error) -> Self {
        let cause = error.source();
        match error.code() {
            // PgBouncer knows no `options`, and says so by this code.
            Some(code) if *code == SqlState::PROTOCOL_VIOLATION => Self::Pooler,
            Some(code) if code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME => {
                Self::NotLetIn(code.code().to_owned())
            }
            Some(_) => Self::of(error),
            None => match (cause.and_then(|cause| cause.downcast_ref::<io::Error>()), error.to_string().as_str()) {
                (_, text) if text.contains("TLS") => Self::Tls(cause.map_or_else(String::new, ToString::to_string)),
                (Some(io), _) => Self::Unreachable(io.kind()),
                (None, text) if text.contains("authentication") || text.contains("configuration") => Self::NoScram,
                (None, text) if text.contains("timeout") => Self::Unreachable(io::ErrorKind::TimedOut),
                (None, _) => Self::of(error),
            },
        }
    }

    /// Of a statement.
    pub(crate) fn of(error: &tokio_postgres::Error) -> Self {
        match (error.code(), error.source().and_then(|cause| cause.downcast_ref::<io::Error>())) {
            (Some(code), _) => Self::Sqlstate(code.code().to_owned()),
            (None, Some(io)) => Self::Unreachable(io.kind()),
            (None, None) if error.is_closed() => Self::Closed,
            (None, None) => Self::Protocol,
        }
    }
}
