//! Many claims at once, so that they go in one batch and stand in one row, of which each is settled by itself.

use std::sync::Arc;

use credit_gateway::for_tests::{Answered, Claim, ConsentClaim, CountLimits, Refused, Reservation, SharedCounts};
use credit_policy::{Code, consent::Frequency};
use credit_tests::{postgres::Server, relay::Relay, run};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{CATALOGUE, Held, Logs, NO_LIMITS, Place, State, claim, id_of, noon, today};
use crate::{
    faults::within,
    replicas::{TIME, database, member_of},
};

/// Claims on persons of these names, in turn over the gateways, all at once.
fn at_once<'s>(
    state: &'s State<'_>,
    names: &[String],
    each: impl Fn(usize) -> Claim<'static>,
) -> Vec<(usize, Result<Held<'s>, Refused>)> {
    let asked = run(async {
        let mut all = JoinSet::new();
        for (nr, name) in names.iter().enumerate() {
            let (at, base, name) = (nr % state.gateways.len(), each(nr), name.clone());
            let counts = state.gateways[at].counts.clone();
            let id = id_of(base.now);
            all.spawn(async move { (nr, at, id, counts.reserve(Claim { id, subject: &name, ..base }).await) });
        }
        all.join_all().await
    });
    let held = asked.into_iter().map(|(nr, at, id, reserved)| {
        (nr, reserved.map(|reservation| Held { state, at, id, reservation: Some(reservation) }))
    });
    held.collect()
}

#[test]
fn of_many_that_ask_at_once_as_many_are_granted_as_there_may_be() {
    let place = Place::new(2);
    let state = State::shared(&place, 2);
    // Twenty look-ups of each of twelve persons; six of a person, and four persons.
    let limits = CountLimits { case: 9, person_a_day: 6, distinct_a_day: 4, staff_a_day: None };
    let names: Vec<_> = (0..240).map(|nr| format!("person-{}", nr % 12)).collect();
    let mut granted = vec![0; 12];
    let mut held = Vec::new();
    for (nr, reserved) in at_once(&state, &names, |_| Claim { limits, ..claim("", "c1", today()) }) {
        match reserved {
            Ok(reservation) => {
                granted[nr % 12] += 1;
                held.push((nr, reservation));
            }
            Err(Refused::OfTheDay(Code::RateLimited | Code::DistinctSubjectsExceeded, _)) => {}
            Err(refused) => panic!("{refused:?}"),
        }
    }
    granted.sort_unstable();
    assert_eq!(granted, [vec![0; 8], vec![6; 4]].concat());
    // A case, a person's day; and four different persons.
    let counted = "SELECT sum(n) FROM credit_count";
    assert_eq!(place.number(counted), 24 * 2 + 4);
    // Of every person the first three look-ups are answered, but for one person.
    let (mut seen, mut of_person) = (0, [0; 12]);
    let gone = held[0].0 % 12;
    for (nr, reservation) in held {
        of_person[nr % 12] += 1;
        if nr % 12 != gone && of_person[nr % 12] <= 3 {
            seen += 1;
            reservation.lost(Some(noon(today())));
        }
    }
    (0..2).for_each(|at| state.flush(at));
    assert_eq!(place.number("SELECT count(*) FROM credit_claim"), 0, "something stays reserved");
    assert_eq!((seen, place.number(counted)), (9, 9 * 2 + 3));
    // So there is room for one person more, and for no two.
    let names: Vec<_> = (0..40).map(|nr| format!("later-{}", nr % 4)).collect();
    let later = at_once(&state, &names, |_| Claim { limits, ..claim("", "c1", today()) });
    let mut granted: Vec<_> = later.iter().filter(|(_, reserved)| reserved.is_ok()).map(|(nr, _)| nr % 4).collect();
    assert_eq!(granted.len(), 6);
    granted.dedup();
    assert_eq!(granted.len(), 1);
}

const USES: u64 = 2;

/// On the consent of the person of that number.
fn on_consent_of(nr: usize, now: Timestamp) -> Claim<'static> {
    let consent = Some(ConsentClaim {
        key: [u8::try_from(nr).unwrap(); 16],
        uses: USES,
        frequency: Frequency::parse("1000/P1D").unwrap(),
        expires: "2097-01-01T00:00:00Z".parse().unwrap(),
    });
    Claim { now, case: None, consent, limits: NO_LIMITS, ..claim("", "", CATALOGUE.today(now)) }
}

#[test]
fn what_stands_in_one_row_is_settled_apart_and_what_a_kill_left_of_it_by_the_log() {
    let place = Place::new(1);
    let mut state = State::shared(&place, 1);
    let now = noon(today());
    let names: Vec<_> = (0..60).map(|nr| format!("person-{}", nr % 20)).collect();
    let mut left = Vec::new();
    {
        let asked = at_once(&state, &names, |nr| on_consent_of(nr % 20, now));
        assert!(place.number("SELECT count(*) FROM credit_claim") < 20, "they stand together");
        // Of three that ask for two uses one is refused. One of them is given back, or used, or lost with the gateway.
        let granted: Vec<_> = asked.into_iter().filter_map(|(nr, reserved)| Some((nr % 20, reserved.ok()?))).collect();
        assert_eq!(granted.len(), 40);
        let (mut of_person, mut settled) = ([0; 20], Vec::new());
        for (nr, held) in granted {
            of_person[nr] += 1;
            match (of_person[nr], nr % 4) {
                (1, 0) => settled.push((held, None)),
                (1, 1) => settled.push((held, Some(now))),
                (_, 2) => left.push((held.into_reservation(), Some(now))),
                _ => left.push((held.into_reservation(), None)),
            }
        }
        for (held, at) in settled {
            held.lost(at);
            state.flush(0);
        }
    }
    assert_eq!(place.number("SELECT sum(n) FROM credit_count"), 35 + 20);
    assert!(place.number("SELECT count(*) FROM credit_claim") > 0);
    let pending = format!("SELECT count(*) FROM credit_use WHERE at = {}", i64::MAX);
    assert_eq!(place.number(&pending), 30);
    // Its log has what it had answered.
    let of_log = left.iter().filter_map(|((id, _), answered)| Some((*id, (*answered)?)));
    state.logs.lock().unwrap().extend(of_log);
    state.gateways[0].kill();
    drop(left);
    state.gateways[0].join_again().unwrap_or_else(|why| panic!("{why}"));
    state.flush(0);
    assert_eq!(place.number("SELECT count(*) FROM credit_claim"), 0, "something stays reserved");
    // Answered: five before, and ten that were lost with the gateway, of five persons each.
    assert_eq!(place.number("SELECT sum(n) FROM credit_count"), 15 + 10);
    assert_eq!(place.number("SELECT count(*) FROM credit_count WHERE n < 0"), 0, "fewer than none");
    assert_eq!((place.number("SELECT count(*) FROM credit_use"), place.number(&pending)), (15, 0));
}

#[test]
fn what_the_release_before_had_under_way_is_settled_by_the_log() {
    let place = Place::new(1);
    let (logs, at) = (Logs::default(), noon(today()));
    drop(place.begins(1, &logs));
    let ids: Vec<_> = (0..3).map(|_| id_of(at)).collect();
    logs.lock().unwrap().insert(ids[1], at);
    let hex = |byte: u8| format!("decode(repeat('{byte:02x}', 16), 'hex')");
    for (nr, id) in (10..).zip(&ids) {
        let key = |byte: u8| format!("{:?}", [byte; 16]);
        let held = format!(
            r#"{{"institution":"housing","staff":null,"case":null,"person":{},"persons":{},"use_":[{},1],"first":null,"repeats":null,"until":4000000000}}"#,
            key(nr),
            key(1),
            key(nr + 10),
        );
        let sql = format!(
            "INSERT INTO credit_count VALUES ({person}, 1, 4000000000);
             INSERT INTO credit_count VALUES ({scope}, 1, 4000000000) ON CONFLICT (key) DO UPDATE SET n = credit_count.n + 1;
             INSERT INTO credit_use VALUES ({consent}, 1, {pending}, 4000000000);
             INSERT INTO credit_claim SELECT decode('{id}', 'hex'), origin, convert_to('{held}', 'UTF8') FROM credit_replica;",
            person = hex(nr),
            scope = hex(1),
            consent = hex(nr + 10),
            pending = i64::MAX,
            id = id.simple(),
        );
        drop(Server::shared().sql(&place.database, &sql).held());
    }
    let answered: Answered = Arc::new(move |id| logs.lock().unwrap().get(&id).copied());
    let counts = SharedCounts::join(&place.folders[0].config(), Arc::clone(&CATALOGUE), answered);
    run(counts.unwrap_or_else(|why| panic!("{why}")).flush());
    assert_eq!(place.number("SELECT count(*) FROM credit_claim"), 0, "something stays reserved");
    assert_eq!(place.number("SELECT sum(n) FROM credit_count"), 2, "one person, who is the only one");
    let used = format!("SELECT count(*) FROM credit_use WHERE at = {}", at.as_microsecond());
    assert_eq!((place.number("SELECT count(*) FROM credit_use"), place.number(&used)), (1, 1));
}

#[test]
fn what_was_committed_unheard_is_refused_and_given_back() {
    let server = Server::shared();
    let (database, relay) = (database(server), Relay::to(server.port()));
    let folder = member_of(&[server], &database, "unheard");
    let (straight, behind) = (format!("127.0.0.1:{}", server.port()), format!("127.0.0.1:{}", relay.port()));
    folder.replace_in_config(&straight, &behind);
    let answered: Answered = Arc::new(|_| None);
    let joined = SharedCounts::join(&folder.config(), Arc::clone(&CATALOGUE), answered);
    let counts = joined.unwrap_or_else(|why| panic!("{why}"));
    let number = |sql: &str| crate::replicas::number_in(server, &database, sql);
    let limits = CountLimits { case: 1, ..NO_LIMITS };
    let reserve = || {
        let now = noon(today());
        run(counts.counts.reserve(Claim { id: id_of(now), limits, ..claim("a", "c1", today()) })).map(drop)
    };
    let is_free = || number("SELECT sum(n) FROM credit_count") == 0 && number("SELECT count(*) FROM credit_claim") == 0;
    assert_eq!(reserve(), Ok(()));
    assert!(within(TIME, is_free));
    // The server has counted, and waits before it writes what is reserved; from then on nothing of what it says comes through.
    let waits_here = "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
        CREATE TRIGGER waits BEFORE INSERT ON credit_claim EXECUTE FUNCTION waits();";
    drop(server.sql(&database, waits_here).held());
    let waits = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE NOT granted AND datname = current_database()";
    std::thread::scope(|scope| {
        let mut asking = None;
        server.session(&database, "DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$;", || {
            asking = Some(scope.spawn(reserve));
            assert!(within(TIME, || number(waits) > 0), "it does not come so far");
            relay.cut_answers();
        });
        assert_eq!(asking.unwrap().join().unwrap(), Err(Refused::Unavailable));
    });
    assert_eq!(number("SELECT sum(n) FROM credit_count"), 3, "it is on the books");
    assert_eq!(number("SELECT count(*) FROM credit_claim"), 1);
    relay.pass();
    assert!(within(TIME, is_free), "what nobody was told of stays reserved");
    assert!(within(TIME, || reserve() == Ok(())));
}

impl Held<'_> {
    /// Without the state: what is to be lost.
    fn into_reservation(mut self) -> (Uuid, Option<Reservation>) {
        (self.id, self.reservation.take())
    }
}
