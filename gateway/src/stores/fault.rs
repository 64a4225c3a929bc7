//! Why a look-up brings nothing.

use std::sync::Arc;

use credit_policy::ClassName;

use super::{
    copy_fault::CopyFault,
    examine::RowFault,
    http::{
        HttpFault,
        gateway::{GatewayFault, Refused},
    },
    map::Unfit,
    postgres::PostgresFault,
};

/// Why a look-up brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No reader was free, or the look-up was interrupted at its deadline.
    #[error("the store did not answer in time")]
    Timeout,
    /// The store failed, or what it holds is no answer.
    #[error("the store failed: {0}")]
    Failed(StoreFault),
}

/// What is wrong with a store. It names table, column and row, never a value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreFault {
    /// A value outside of its type.
    #[error("`{0}` contains a value that is not of its type; run `credit-gateway store check`")]
    Untyped(&'static str),
    /// A value outside of the domain that the data list gives its field, by its class.
    #[error("a value of class `{0}` lies outside its domain in the data list; run `credit-gateway store check`")]
    Domain(ClassName),
    /// A value that is not as the store's map says.
    #[error("{0}; run `credit-gateway store check`")]
    Mapped(Unfit),
    /// A row about this person that cannot be relied on.
    #[error("{0}; run `credit-gateway store check`")]
    Row(RowFault),
    /// What a store behind HTTP answered, or why it did not.
    #[error("{0}")]
    Http(#[from] HttpFault),
    /// What another gateway answered, that cannot be used.
    #[error("{0}")]
    Gateway(#[from] GatewayFault),
    /// Another gateway refused.
    #[error("another gateway refused with `{}`", .0.code.as_str())]
    Refused(Refused),
    /// Fields of one query are in two other gateways: a record names one leaf of another log.
    #[error(
        "fields of one query are at two other gateways; leave those of one out of the query, or let one of them have both"
    )]
    TwoGateways,
    /// A value about this person that cannot be relied on, where no row has a number.
    #[error("`{}.{}` is {}", .0.table, .0.column, .0.what)]
    Value(RowFault),
    /// A class, list or attribute that is asked for and that no store has.
    #[error("no store has `{0}`; name it in the map of one, or leave the fields that rest on it out of the catalogue")]
    Nowhere(String),
    /// A route that stands before a store without an interface, which its settings do not let happen.
    #[error("it has no interface that a route can ask")]
    NoRoutes,
    /// By a route it was asked for a number that ends in a letter, in both spellings, and both brought something.
    #[error(
        "it has one thing under a number with `X` and another under the same number with `x`: the rows of this person need mending"
    )]
    TwoSpellings,
    /// Look-ups in it fail one after the other, so it is not asked.
    #[error("it is away: look-ups failed one after the other, and no probe was answered since")]
    Away,
    /// The file as a whole.
    #[error("{0}")]
    File(Arc<CopyFault>),
    /// SQLite's code alone: its messages may quote a value.
    #[error("SQLite says {0:?}")]
    Sqlite(Option<rusqlite::ErrorCode>),
    /// A PostgreSQL database.
    #[error("{0}")]
    Postgres(#[from] PostgresFault),
    /// The thread that reads has ended.
    #[error("its reader ended")]
    ReaderEnded,
    /// The thread that watches the file does not go on.
    #[error("its file cannot be looked at: the disk does not answer")]
    Stuck,
}

impl StoreError {
    /// Whether the store answered, and what it answered is at fault.
    pub(super) fn is_of_data(&self) -> bool {
        matches!(self, Self::Failed(fault) if fault.is_of_data())
    }
}

impl StoreFault {
    /// Whether asking again cannot help before somebody mends the data.
    #[must_use]
    pub fn is_of_data(&self) -> bool {
        match self {
            Self::Untyped(_) | Self::Domain(_) | Self::Mapped(_) | Self::Row(_) | Self::Value(_) | Self::Nowhere(_) => {
                true
            }
            Self::TwoGateways | Self::Refused(_) => true,
            Self::Http(fault) => fault.is_of_data(),
            Self::Gateway(fault) => matches!(fault, GatewayFault::Domain(_)),
            Self::Postgres(fault) => matches!(fault, PostgresFault::TooMany { .. } | PostgresFault::TooLarge(_)),
            Self::TwoSpellings => true,
            Self::NoRoutes | Self::Away | Self::File(_) | Self::Sqlite(_) | Self::ReaderEnded | Self::Stuck => false,
        }
    }
}
