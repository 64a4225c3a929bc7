//! What a store promises, whatever it is.

use std::{pin::Pin, sync::Arc};

use credit_policy::{CitizenNumber, FetchPlan, History, Personal, ScenarioName};
use hyper::{
    Method,
    header::{HeaderName, HeaderValue},
};
use jiff::civil::Date;
use zeroize::Zeroizing;

use super::{
    fault::{StoreError, StoreFault},
    figures::Figures,
};

/// What is asked of a store.
#[derive(Clone)]
pub(crate) struct Asked {
    /// The person.
    pub(crate) person: Arc<Personal<CitizenNumber>>,
    /// The classes, lists and attributes.
    pub(crate) plan: Arc<FetchPlan>,
    /// The purpose: rows may be limited to some.
    pub(crate) scenario: ScenarioName,
    /// The day of the query: nothing was determined after it.
    pub(crate) on: Date,
}

/// What a route asks of a store: a request for an answer of the store's own form.
pub(crate) struct Passed {
    pub(crate) method: Method,
    /// Path and query string below the store's address.
    pub(crate) path: Zeroizing<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
    pub(crate) headers: Arc<[(HeaderName, HeaderValue)]>,
}

/// The text of a store's own answer; nothing where the store says that it has none about the person.
pub(crate) type Report = Option<Zeroizing<String>>;

/// A request of a route under way.
pub(crate) type Passing<'a> = Pin<Box<dyn Future<Output = Result<Report, StoreError>> + Send + 'a>>;

/// A look-up under way.
pub(crate) type LookUp<'a> = Pin<Box<dyn Future<Output = Result<History, StoreError>> + Send + 'a>>;

/// Look-ups about several persons under way: each with what it brought, or what failed for all of them.
pub(crate) type LookUps<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Result<History, StoreError>>, StoreError>> + Send + 'a>>;

/// A probe under way.
pub(crate) type Probe<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// A store of credit records, asked by [`super::all::Stores`] alone.
///
/// **What is asked.** One person, and the classes, lists and attributes of a plan: never more of the person than the plan
/// names, never another person, nothing without a plan. What the plan does not name does not leave the store where the
/// store can be told so, and else not this module.
///
/// **What is answered.** All that the store has of it, of one moment, or an error. Never a part: an answer that was cut off,
/// of which a row or a value cannot be read, whose values lie outside their forms, or in which another person stands, is an
/// error. Nothing found is an empty history, and means that the store was read and has nothing. An error names places and
/// rows, never a value, nobody's number, no text of the store itself.
///
/// **Deadlines.** A look-up ends by the store's `timeout_ms`, counted from the call, whatever hangs: waiting for a connection
/// is part of it. A look-up that ran out of time, or whose future was dropped, is given up at the store too where it can be,
/// and no later look-up waits for what it left behind. A probe ends by the same time.
///
/// **What may never happen.** A write. A second try of a look-up: the first may have been counted, and the caller's time is
/// spent. An answer out of a cache. A person's number in an address, a log line, a metric or an error. A panic. A blocked
/// thread of the runtime.
pub(crate) trait Store: Send + Sync {
    /// Looks up what is asked.
    ///
    /// # Errors
    /// [`StoreError::Timeout`] when no connection is free or the deadline passes, else [`StoreError::Failed`].
    fn look_up(&self, asked: Asked) -> LookUp<'_>;

    /// Looks up the same plan for the same purpose about several persons with one question to the store: everything that
    /// this trait says of a look-up is true of it as a whole, and what is wrong with the data of one person fails that
    /// person's alone. Gives back the questions where the store has to be asked about one person at a time.
    fn look_up_all(&self, asked: Vec<Asked>) -> Result<LookUps<'_>, Vec<Asked>> {
        Err(asked)
    }

    /// Whether a look-up waits for nobody, so that nothing is gained by asking for several at once.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// Asks for the store's own answer, which a route reduces. Everything that this trait says of look-ups is true of it.
    ///
    /// # Errors
    /// As [`Self::look_up`]; [`StoreFault::NoRoutes`] of a store that has no answers of its own.
    fn pass(&self, _: Passed) -> Passing<'_> {
        Box::pin(async { Err(StoreError::Failed(StoreFault::NoRoutes)) })
    }

    /// Whether look-ups would be answered now; asks about nobody. Due every second.
    ///
    /// # Errors
    /// As [`Self::look_up`].
    fn probe(&self) -> Probe<'_>;

    /// What is counted of it. Look-ups and probes are counted by who asks, what waits in it by the store.
    fn figures(&self) -> &Figures;
}
