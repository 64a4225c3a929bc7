//! The contract of the counts, whoever keeps them: one suite over the memory of one gateway, and over what several share in
//! PostgreSQL.
//!
//! Two differences are a part of it, and what is compared allows for them. An answer stands sealed in one log, so a query is repeated
//! under its key where it was answered, and is `answer-changed` elsewhere. And where a query is beyond two limits at once, whichever is
//! found first is named: a gateway's own memory is asked before the books of all.

mod at_once;
mod cases;
mod random;
mod visits;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, LazyLock, Mutex},
};

use credit_gateway::for_tests::{Answered, Claim, CountLimits, Counts, Refused, Reservation, Settlement, SharedCounts};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, postgres::Server, run};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use super::{database, member};

static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::load(&catalogue::shipped()).ok().unwrap()));

/// When queries were answered, as the logs of all gateways say.
type Logs = Arc<Mutex<HashMap<Uuid, Timestamp>>>;

/// A database, and the gateways that count in it.
struct Place {
    database: String,
    folders: Vec<Folder>,
}

impl Place {
    fn new(gateways: usize) -> Self {
        let server = Server::shared();
        let database = database(server);
        let folders = (0..gateways).map(|nr| member(server, &database, &format!("c{nr}"))).collect();
        Self { database, folders }
    }

    /// So many of its gateways, with nothing counted yet.
    fn begins(&self, gateways: usize, logs: &Logs) -> Vec<SharedCounts> {
        let all = "credit_replica, credit_act, credit_once, credit_count, credit_use, credit_repeat, credit_claim, credit_session, credit_word, credit_asked";
        drop(Server::shared().sql(&self.database, &format!("TRUNCATE {all}")).held());
        let join = |folder: &Folder| {
            let logs = Arc::clone(logs);
            let answered: Answered = Arc::new(move |id| logs.lock().unwrap().get(&id).copied());
            SharedCounts::join(&folder.config(), Arc::clone(&CATALOGUE), answered).unwrap_or_else(|why| panic!("{why}"))
        };
        self.folders[..gateways].iter().map(join).collect()
    }

    /// What stands on the books, each with its number.
    fn number(&self, sql: &str) -> usize {
        super::number_in(Server::shared(), &self.database, sql)
    }
}

/// Counts, however they are kept.
struct State<'p> {
    embedded: Option<Counts>,
    gateways: Vec<SharedCounts>,
    next: Cell<usize>,
    logs: Logs,
    /// What gateways that are killed have under way.
    forgotten: RefCell<Vec<Forgotten>>,
    place: PhantomData<&'p Place>,
}

/// Where, which query, and when it was answered.
type Forgotten = (usize, Uuid, Reservation, Option<Timestamp>);

/// A reservation, with the query that has it.
struct Held<'s> {
    state: &'s State<'s>,
    at: usize,
    id: Uuid,
    reservation: Option<Reservation>,
}

impl<'p> State<'p> {
    fn embedded() -> Self {
        let counts = Some(Counts::empty(Arc::clone(&CATALOGUE)));
        Self::of(counts, Vec::new(), Logs::default())
    }

    fn shared(place: &'p Place, gateways: usize) -> Self {
        let logs = Logs::default();
        let gateways = place.begins(gateways, &logs);
        Self::of(None, gateways, logs)
    }

    fn of(embedded: Option<Counts>, gateways: Vec<SharedCounts>, logs: Logs) -> Self {
        Self { embedded, gateways, next: Cell::new(0), logs, forgotten: RefCell::default(), place: PhantomData }
    }

    fn counts(&self, at: usize) -> &Counts {
        self.embedded.as_ref().unwrap_or_else(|| &self.gateways[at].counts)
    }

    /// Reserves, at one gateway after the other.
    fn reserve(&self, claim: Claim<'_>) -> Result<Held<'_>, Refused> {
        let at = self.next.get();
        self.next.set((at + 1) % self.gateways.len().max(1));
        let id = id_of(claim.now);
        let reserved = run(self.counts(at).reserve(Claim { id, ..claim }));
        reserved.map(|reservation| Held { state: self, at, id, reservation: Some(reservation) })
    }

    /// Reserves and spends.
    fn spend(&self, claim: Claim<'_>) -> Result<Uuid, Refused> {
        let at = claim.now;
        self.reserve(claim).map(|held| held.spent_at(7, at))
    }

    fn refusal(&self, claim: Claim<'_>) -> Refused {
        self.reserve(claim).map(drop).unwrap_err()
    }

    /// What one gateway settled is on the books of all.
    fn flush(&self, at: usize) {
        if let Some(gateway) = self.gateways.get(at) {
            run(gateway.flush());
        }
    }
}

impl Held<'_> {
    fn reservation(&self) -> &Reservation {
        self.reservation.as_ref().unwrap()
    }

    fn settle(mut self, settlement: Settlement) {
        if let Settlement::Spent { id, at, .. } = settlement {
            self.state.logs.lock().unwrap().insert(id, at);
        }
        run(self.reservation.take().unwrap().settle(settlement));
    }

    fn spent_at(self, index: u64, at: Timestamp) -> Uuid {
        let id = self.id;
        self.settle(Settlement::Spent { index, id, at });
        id
    }

    /// It was answered then, or was not.
    fn lost(self, at: Option<Timestamp>) {
        let id = self.id;
        self.settle(settlement(id, 7, at));
    }
}

fn settlement(id: Uuid, index: u64, answered: Option<Timestamp>) -> Settlement {
    answered.map_or(Settlement::GivenBack, |at| Settlement::Spent { index, id, at })
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.reservation.take());
        self.state.flush(self.at);
    }
}

/// The id of a query that was asked then; ids count milliseconds.
fn id_of(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap();
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

/// Noon in the jurisdiction.
fn noon(day: Date) -> Timestamp {
    day.at(4, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
}

const LIMITS: CountLimits = CountLimits { case: 3, person_a_day: 5, distinct_a_day: 2, staff_a_day: None };
const NO_LIMITS: CountLimits =
    CountLimits { case: u32::MAX, person_a_day: u32::MAX, distinct_a_day: u32::MAX, staff_a_day: None };

fn claim<'a>(subject: &'a str, case: &'a str, day: Date) -> Claim<'a> {
    Claim {
        id: Uuid::nil(),
        asker: "housing",
        institution: "housing",
        group: "housing",
        now: noon(day),
        day,
        staff: "staff-1",
        subject,
        earlier_subjects: &[],
        case: Some(case),
        consent: None,
        idempotency: None,
        limits: LIMITS,
    }
}

/// Far ahead: what is over by the clock of this machine is swept out of the books, and nothing of a test is.
fn today() -> Date {
    jiff::civil::date(2096, 11, 22)
}
