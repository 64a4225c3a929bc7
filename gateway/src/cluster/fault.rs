//! What is wrong with the shared state.

use credit_keys::HandedError;

use crate::stores::postgres::PostgresFault;

/// Why the shared state cannot be used. Of the server's own texts nothing comes out.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StateFault {
    /// The server, a table or a statement.
    #[error("cannot use the shared state (`[state]`): {0}")]
    Postgres(#[from] PostgresFault),
    /// Tables that are not there, or not as they must be.
    #[error(
        "the shared state has not the tables of this release, or its role may not write them: run what `credit-gateway state schema` prints as the owner of the database, and grant its role the tables"
    )]
    Tables,
    /// What must be seen of standbys is not shown to this role.
    #[error(
        "the role of the shared state may not see its standbys: GRANT pg_read_all_stats to it, or write `standby = \"none\"` where there are none"
    )]
    Unseen,
    /// No standby has what was written.
    #[error(
        "no synchronous standby of the shared state has what was written: see synchronous_standby_names and its standbys"
    )]
    NoStandby,
    /// It took too long.
    #[error("the shared state does not answer in time (`state.timeout_ms`)")]
    Late,
    /// Another ring.
    #[error(
        "the key ring is not that of `{0}`, with which this gateway counts together: copy the folder of the ring from there, and start again"
    )]
    OtherRing(String),
    /// A key that is in force at another one.
    #[error(
        "the key `{key}` is in force at `{origin}`, with which this gateway counts together, and not in its ring: see why it was not \
         taken (`keys`); where that log is gone for good, set `keys` of its row of `credit_replica` to NULL"
    )]
    Lacks {
        /// The key.
        key: String,
        /// The log of the other one.
        origin: String,
    },
    /// One that takes no keys ahead of their time.
    #[error("`{0}` is of an earlier release, which takes no keys ahead of their time: upgrade it first")]
    Earlier(String),
    /// A turn that another gateway began.
    #[error("the key `{0}` was handed out already: see `keys handed-out`")]
    HandedOutBefore(String),
    /// Not everybody has what was handed out.
    #[error(
        "the key `{key}` was handed out, and `{origin}` does not have it yet: see `keys handed-out`, and ask again once all have it; \
         where that log is gone for good, set `keys` of its row of `credit_replica` to NULL"
    )]
    NotTaken {
        /// The key.
        key: String,
        /// The log of the one that lacks it.
        origin: String,
    },
    /// The ring's own key is another one elsewhere.
    #[error(
        "the ring of `{0}` has another key of its own (`ring`) than this one, so one would not take what the other hands out: copy the \
         folder of the ring from where it was rotated to each of the others first"
    )]
    OtherRingKey(String),
    /// Other keys.
    #[error(transparent)]
    Handed(#[from] HandedError),
    /// A log that was counted in memory.
    #[error(
        "`{0}` was counted by one gateway alone, and the shared state does not know what: move it there with `credit-gateway state join` and its configuration, or begin a new log (`log.origin`, `data.dir`) to count together"
    )]
    CountedAlone(String),
    /// Another process has the log.
    #[error(
        "another gateway serves `{0}` and counts in this shared state: each has a log of its own (`log.origin`, `data.dir`); stop that one, or begin a new log here"
    )]
    Served(String),
    /// Another data folder has the log.
    #[error(
        "the shared state knows `{0}` by another data folder, which went on with it: start the gateway there; where that folder is gone for good and this one has all of the log (`copy restore`), run `credit-gateway state join` here first"
    )]
    OtherFolder(String),
    /// Fewer leaves than are known.
    #[error(
        "the shared state knows {known} leaves of `{origin}`, and this data folder has {leaves}: it is an older state of that log, or a new log of its name; restore all of it, or begin a new log under another name (`log.origin`, `data.dir`)"
    )]
    Shorter {
        /// The log.
        origin: String,
        /// Leaves that are known there.
        known: u64,
        /// Leaves here.
        leaves: u64,
    },
    /// The state knows less than it did.
    #[error(
        "the shared state knows {knows} leaves of `{origin}`, and knew {had} before: it was put back to what it was earlier, or is another one, and uses and counts since then are missing in it; stop all gateways, make its tables in an empty database, and run `credit-gateway state join --after-loss` with the configuration of each"
    )]
    PutBack {
        /// The log.
        origin: String,
        /// Leaves that it knew.
        had: i64,
        /// Leaves that it knows.
        knows: i64,
    },
    /// The state was made anew, and a log is not in it yet.
    #[error(
        "`{0}` counted together with this gateway, and the shared state does not know it yet: run `credit-gateway state join --after-loss` with its configuration first; where that log is gone for good, take its line out of `state.told` in the data folder of each"
    )]
    NotJoined(String),
    /// Another history of a log.
    #[error(
        "leaf {index} of `{origin}` is another one in the shared state: two gateways wrote this log; see `credit-audit verify`, and begin a new log (`log.origin`, `data.dir`)"
    )]
    OtherLeaf {
        /// The log.
        origin: String,
        /// Its leaf.
        index: u64,
    },
    /// What the data folder knows of itself.
    #[error(
        "cannot read or write `{place}`, by which this data folder and the shared state know each other: {why}; mend what is wrong with the file or its disk, and start again"
    )]
    Owner {
        /// The file.
        place: String,
        /// Why.
        why: String,
    },
}

impl StateFault {
    /// Whether a later start may succeed with the same configuration.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Postgres(fault) => fault.may_pass(),
            Self::NoStandby | Self::Late | Self::Lacks { .. } | Self::Served(_) | Self::NotJoined(_) => true,
            Self::Tables
            | Self::Unseen
            | Self::OtherRing(_)
            | Self::Earlier(_)
            | Self::HandedOutBefore(_)
            | Self::NotTaken { .. }
            | Self::OtherRingKey(_)
            | Self::Handed(_)
            | Self::CountedAlone(_)
            | Self::OtherFolder(_)
            | Self::Shorter { .. }
            | Self::PutBack { .. }
            | Self::OtherLeaf { .. }
            | Self::Owner { .. } => false,
        }
    }

    /// Whether the log is another process's, or was written twice, or the state lacks what it had: then this one has ended, whatever it
    /// did.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::OtherFolder(_)
                | Self::OtherLeaf { .. }
                | Self::Owner { .. }
                | Self::PutBack { .. }
                | Self::NotJoined(_)
        )
    }
}

impl From<tokio_postgres::Error> for StateFault {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        match error.code() {
            Some(code)
                if [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INSUFFICIENT_PRIVILEGE]
                    .contains(code) =>
            {
                Self::Tables
            }
            _ => Self::Postgres(PostgresFault::of(&error)),
        }
    }
}
