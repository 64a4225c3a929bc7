//! Why a gateway does not start.

use std::{net::SocketAddr, path::PathBuf};

use credit_audit::leaf::LeafError;
use credit_audit::log::{RecoverError, StartError as LogStartError};
use credit_keys::{KekError, KeyError, RingError};
use credit_policy::Fault;
use jiff::civil::Date;

use super::not_listed::NotListed;
use crate::{
    callers::{issuers::IssuerError, register::RegisterError, trust::TrustError},
    cluster::{KeysFault, MoveFault, RatesFault, StateFault},
    doors::persons::provider::ProviderError,
    index::IndexError,
    keyring::KeyringError,
    objects::ObjectFault,
    process::witnesses::UnusablePolicy,
    recorder::NotRecorded,
    state::{FoldError, NoKey},
    stores::{
        all::ScopeError,
        http::{HttpOpenError, gateway::GatewayOpenError},
        map::MapError,
        postgres,
        routes::RouteError,
        sqlite::OpenError,
        tls::ClientTlsError,
    },
    transport::tls::TlsError,
};

/// Why a gateway does not start. Each is one line for the operator: what, where, and what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A file or folder.
    #[error("cannot {doing} `{path}`: {source}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The catalogue has faults.
    #[error("the catalogue does not load: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Catalogue(Vec<Fault>),
    /// The key that opens the ring.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The keys in force.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Demo keys outside the demo.
    #[error(
        "the key ring in `{0}` is the demo's, which anybody can have: make your own with `credit-gateway keys init`"
    )]
    DemoKeys(String),
    /// The identity service of the persons' door.
    #[error(transparent)]
    Identity(#[from] ProviderError),
    /// What several gateways count together.
    #[error(transparent)]
    State(#[from] StateFault),
    /// A log that counts together is not counted alone.
    #[error(
        "`{0}` counts together with others, and there is no [state]: what they count would be forgotten here. Write [state] again, or take the log out of it with `credit-gateway state leave`"
    )]
    CountsTogether(String),
    /// Counts that could not be moved.
    #[error(transparent)]
    Moving(#[from] MoveFault),
    /// The index of the log.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The log's folder.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The log's threads.
    #[error(transparent)]
    Log(#[from] LogStartError),
    /// A leaf that cannot be read.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A data folder of the first release.
    #[error(
        "`{0}` is of the first release, whose records are not read any more: name a new folder in data.dir and keep this one"
    )]
    FirstRelease(String),
    /// The ring has not the key that the log names.
    #[error(
        "the log names the key `{key}` with the fingerprint {recorded}, and the ring {has}: this is an older ring or that of \
         another gateway; restore the ring that was in use last"
    )]
    OtherKey {
        /// The key's id.
        key: String,
        /// As its leaf says.
        recorded: String,
        /// What the ring has in its place.
        has: String,
    },
    /// The catalogue follows the law of no place.
    #[error("{0}")]
    Jurisdiction(String),
    /// The catalogue rests on what is no law.
    #[error(
        "the catalogue rests on `{0}`, which is made up or a draft, for the demo alone: name in catalogue.jurisdiction whose \
         law this gateway follows, for example CN-SD, and no draft in least_rank"
    )]
    DemoLaw(String),
    /// Two officers did not approve what would be loaded.
    #[error(
        "what the configuration has as {parts} is not what two officers approved last: start with the one before, let one officer \
         propose it with `credit-gateway catalogue propose` and another approve it with `credit-gateway catalogue approve`"
    )]
    NotApproved {
        /// Of `catalogue`, `register` and `limits` those that are not, each between backticks.
        parts: String,
    },
    /// A day that is still to come.
    #[error(
        "what the configuration has holds from {day}: keep the one before as it is until then, and name this one after it, with \
         `.next` at the end"
    )]
    HoldsFrom {
        /// The day.
        day: Date,
    },
    /// A label that is none.
    #[error("the label `{0}` of the catalogue has no digest")]
    Label(String),
    /// The state knows more leaves than the log has.
    #[error(
        "the state covers {state} leaves, the log has {log}: records were lost; restore the log, or start as a new one"
    )]
    LogShort {
        /// Leaves that the state covers.
        state: u64,
        /// Leaves of the log.
        log: u64,
    },
    /// The clock is far ahead of the last record.
    #[error(
        "the clock says {now}, and the last record is of {last}, more than {days} days ago: correct the clock; or, if the gateway \
         was off for so long and the clock is right, set log.clock_ahead_days to a larger number"
    )]
    ClockAhead {
        /// The clock.
        now: jiff::Timestamp,
        /// When the last record was made.
        last: jiff::Timestamp,
        /// `log.clock_ahead_days`.
        days: u32,
    },
    /// The log was sealed.
    #[error("the log in `{0}` is sealed: a new one continues it under the next origin and in a folder of its own")]
    Sealed(String),
    /// The log that a new one continues does not hold.
    #[error(
        "log.continues `{path}`: {why}; nothing of it is taken over: restore the folder of that log from another copy and its \
         key ring, and see `credit-audit verify`"
    )]
    ContinuesDamaged {
        /// The checkpoint's file.
        path: String,
        /// What is wrong with the log.
        why: String,
    },
    /// Two logs of one name would contradict each other.
    #[error(
        "log.continues `{path}` has the same origin as this log, `{origin}`: a log that continues another has a name of its \
         own; run `credit-gateway keys rotate log --origin <name>` and write that name into log.origin"
    )]
    ContinuesItself {
        /// The checkpoint's file.
        path: String,
        /// The origin of both.
        origin: String,
    },
    /// The checkpoint that a new log continues.
    #[error("log.continues `{path}` is no checkpoint: {why}")]
    Continues {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// An issuer of consents.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The directory that lists the logs of all replicas.
    #[error(transparent)]
    NotListed(#[from] NotListed),
    /// The witnesses' policy.
    #[error(transparent)]
    TrustPolicy(#[from] UnusablePolicy),
    /// The object store of the log.
    #[error(transparent)]
    Objects(#[from] ObjectFault),
    /// Who keeps the second copy of the log.
    #[error("[log.copy]: {0}")]
    Copy(#[from] ClientTlsError),
    /// Where rates are kept together.
    #[error(transparent)]
    Rates(#[from] RatesFault),
    /// Nobody could withdraw the consents of an issuer.
    #[error(
        "consent issuer `{iss}`: its institution `{institution}` {why}; name an institution of kind `consent-authority`, which \
         can withdraw its consents"
    )]
    Acting {
        /// The issuer.
        iss: String,
        /// What the configuration names.
        institution: String,
        /// What is wrong with it.
        why: String,
    },
    /// A source department that is nobody.
    #[error("source department `{0}` is not in the register")]
    SourceDepartment(String),
    /// A class that there is not.
    #[error("source department `{institution}`: `{class}` is no class of the data list")]
    SourceClass {
        /// The department.
        institution: String,
        /// What the configuration names.
        class: String,
    },
    /// Certificates and key of the listeners.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Whose certificates are trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The folder of the rollback guard.
    #[error("log.second_place: the folder `{}` is not there; mount or make it", .0.display())]
    SecondPlace(PathBuf),
    /// The admin socket.
    #[error(
        "the path of the admin socket `{}` is too long for a socket, which may have 107 bytes: choose a shorter data.dir", .0.display()
    )]
    LongSocket(PathBuf),
    /// A port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A store behind HTTP.
    #[error(transparent)]
    HttpStore(#[from] HttpOpenError),
    /// Another gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayOpenError),
    /// A PostgreSQL store.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// What the stores are said to have.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A store's map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A route.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The metrics.
    #[error("metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    /// What persons said in the log before cannot be said again.
    #[error("what persons said in the log before cannot be recorded again: {0}")]
    Said(String),
    /// The first leaves.
    #[error("the start could not be recorded: {0}")]
    NotRecorded(#[from] NotRecorded),
    /// What the log before amounts to.
    #[error("the start could not be recorded: {0}")]
    Carried(#[from] NoKey),
    /// One of the first leaves.
    #[error("the start could not be recorded: {0}")]
    Leaf(#[from] LeafError),
}

impl From<KeysFault> for StartError {
    fn from(fault: KeysFault) -> Self {
        match fault {
            KeysFault::State(fault) => Self::State(fault),
            KeysFault::Ring(fault) => Self::Keyring(fault.into()),
        }
    }
}

impl StartError {
    /// Whether officers did not approve what would be loaded, or not from today on.
    pub(crate) fn is_of_approval(&self) -> bool {
        matches!(self, Self::NotApproved { .. } | Self::HoldsFrom { .. })
    }

    /// Whether a later start with the same configuration may succeed: a clock that is wrong at boot is put right, a port is
    /// given back, a device comes. A service manager should try again then, and only then.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Key(error) | Self::Keyring(KeyringError::Missing(error)) => {
                matches!(error, KeyError::NotInForce { .. })
            }
            Self::Tls(error) => matches!(error, TlsError::NotValidNow { .. }),
            Self::Trust(error) => error.is_of_time(),
            Self::NotListed(error) => error.may_pass(),
            Self::Store(error) => error.may_pass(),
            Self::Postgres(error) => error.may_pass(),
            Self::State(fault) | Self::Moving(MoveFault::State(fault)) => fault.may_pass(),
            Self::Moving(MoveFault::Log(_)) => true,
            Self::Objects(fault) => fault.may_pass(),
            Self::Recover(_)
            | Self::Log(_)
            | Self::Fold(_)
            | Self::LogShort { .. }
            | Self::ClockAhead { .. }
            | Self::Metrics(_)
            | Self::NotRecorded(_)
            | Self::Said(_)
            | Self::Carried(_)
            | Self::SecondPlace(_)
            | Self::Listen { .. }
            | Self::Leaf(_) => true,
            Self::File { .. }
            | Self::CountsTogether(_)
            | Self::Moving(
                MoveFault::Other(_)
                | MoveFault::NotEmpty
                | MoveFault::Elsewhere
                | MoveFault::NeverTogether
                | MoveFault::NoState
                | MoveFault::Ring(_),
            )
            | Self::HttpStore(_)
            | Self::TrustPolicy(_)
            | Self::Identity(_)
            | Self::Index(_)
            | Self::Gateway(_)
            | Self::Scope(_)
            | Self::Map(_)
            | Self::Rates(_)
            | Self::Copy(_)
            | Self::Route(_)
            | Self::Catalogue(_)
            | Self::Jurisdiction(_)
            | Self::DemoLaw(_)
            | Self::Kek(_)
            | Self::Ring(_)
            | Self::Keyring(_)
            | Self::DemoKeys(_)
            | Self::Continues { .. }
            | Self::ContinuesDamaged { .. }
            | Self::ContinuesItself { .. }
            | Self::FirstRelease(_)
            | Self::OtherKey { .. }
            | Self::Sealed(_)
            | Self::Register(_)
            | Self::Issuer(_)
            | Self::Acting { .. }
            | Self::SourceDepartment(_)
            | Self::SourceClass { .. }
            | Self::NotApproved { .. }
            | Self::HoldsFrom { .. }
            | Self::Label(_)
            | Self::LongSocket(_) => false,
        }
    }
}
