//! The contract of what is kept of who visits the persons' door: one suite over the memory of one gateway, and over what several
//! share in PostgreSQL, where each step may be made at another one.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_audit::clock::Clock;
use credit_gateway::for_tests::{Said, SharedCounts, Step, Visits, VisitsInMemory, Word};
use credit_policy::Language;
use credit_tests::{figures, postgres::Server, run};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Logs, Place};

type Key = [u8; 16];

/// A clock that is set by the test.
#[derive(Default)]
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Visits, however they are kept.
struct Kept<'p> {
    at: Vec<Arc<dyn Visits>>,
    next: Cell<usize>,
    clock: Arc<Set>,
    place: Option<&'p Place>,
    /// The threads of those that share them.
    _running: Vec<SharedCounts>,
}

impl<'p> Kept<'p> {
    fn embedded() -> Self {
        let clock = Arc::new(Set::default());
        let memory: Arc<dyn Visits> = Arc::new(VisitsInMemory::new(Arc::clone(&clock) as _));
        Self { at: vec![memory], next: Cell::new(0), clock, place: None, _running: Vec::new() }
    }

    fn shared(place: &'p Place, gateways: usize) -> Self {
        let running = place.begins(gateways, &Logs::default());
        let at = running.iter().map(SharedCounts::visits).collect();
        Self { at, next: Cell::new(0), clock: Arc::default(), place: Some(place), _running: running }
    }

    /// At one gateway after the other.
    fn make(&self, step: Step) -> Said {
        let at = self.next.get();
        self.next.set((at + 1) % self.at.len());
        run(self.at[at].make(step)).unwrap()
    }

    /// All at once, in turn over the gateways: how many are answered so.
    fn at_once(&self, count: usize, step: &Step, wanted: impl Fn(&Said) -> bool) -> usize {
        let all = run(async {
            let mut all = JoinSet::new();
            for nr in 0..count {
                let (at, step) = (Arc::clone(&self.at[nr % self.at.len()]), step.clone());
                all.spawn(async move { at.make(step).await.unwrap() });
            }
            all.join_all().await
        });
        all.iter().filter(|said| wanted(said)).count()
    }

    /// So much time goes by.
    fn wait(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
        if let Some(place) = self.place {
            let gone = format!("- interval '{seconds} seconds'");
            let sql = format!(
                "UPDATE credit_session SET began = began {gone}, used = used {gone}, minute = minute {gone};
                 UPDATE credit_word SET until = until {gone}; UPDATE credit_asked SET minute = minute {gone};"
            );
            drop(Server::shared().sql(&place.database, &sql).held());
        }
    }

    fn begin(&self, session: u8, person: &[u8]) -> Said {
        let person = person.iter().map(|one| key(*one)).collect();
        self.make(Step::Begin { session: key(session), person, sealed: vec![session; 9], language: Language::Zh })
    }

    fn is_in_use(&self, session: u8) -> bool {
        let used = self.make(Step::Use(key(session), None));
        assert!(matches!(used, Said::Nothing | Said::InUse { .. }), "{used:?}");
        used != Said::Nothing
    }

    fn keep(&self, word: Word, name: u8, instead: &[u8]) -> Said {
        let instead = instead.iter().map(|one| key(*one)).collect();
        self.make(Step::Keep { word, key: key(name), proof: key(name + 100), instead, sealed: vec![name] })
    }

    fn take(&self, word: Word, names: &[u8], proof: u8) -> Option<u8> {
        let keys = names.iter().map(|one| key(*one)).collect();
        match self.make(Step::Take { word, keys, proof: key(proof) }) {
            Said::Taken(sealed) => Some(sealed[0]),
            other => {
                assert_eq!(other, Said::Nothing);
                None
            }
        }
    }
}

fn key(of: u8) -> Key {
    [of; 16]
}

const IDLE_S: u64 = 900;
const LONGEST_S: u64 = 8 * 60 * 60;

fn what_never_was_is_not_there(kept: &Kept<'_>) {
    assert!(!kept.is_in_use(1));
    for step in [Step::Change(key(1), vec![1]), Step::Record(key(1)), Step::End(key(1))] {
        assert_eq!(kept.make(step), Said::Nothing);
    }
    assert_eq!(kept.take(Word::Login, &[1], 101), None);
}

fn a_session_ends_when_it_is_idle_and_after_eight_hours_at_most(kept: &Kept<'_>) {
    assert_eq!(kept.begin(1, &[7]), Said::Yes);
    kept.wait(IDLE_S - 30);
    assert!(kept.is_in_use(1));
    kept.wait(IDLE_S - 30);
    // What is recorded or changed is no use.
    assert_eq!(kept.make(Step::Record(key(1))), Said::Yes);
    kept.wait(30);
    assert!(!kept.is_in_use(1), "idle");
    for step in [Step::Change(key(1), vec![1]), Step::Record(key(1))] {
        assert_eq!(kept.make(step), Said::Nothing);
    }
    assert_eq!(kept.begin(2, &[7]), Said::Yes);
    let mut gone = 0;
    while gone + IDLE_S - 60 < LONGEST_S {
        kept.wait(IDLE_S - 60);
        gone += IDLE_S - 60;
        assert!(kept.is_in_use(2), "{gone}");
    }
    kept.wait(LONGEST_S - gone);
    assert!(!kept.is_in_use(2), "the longest");
}

fn an_end_holds_for_all_at_once(kept: &Kept<'_>) {
    assert_eq!(kept.begin(1, &[7]), Said::Yes);
    assert!(kept.is_in_use(1));
    assert_eq!(kept.make(Step::End(key(1))), Said::Yes);
    for _ in &kept.at {
        assert!(!kept.is_in_use(1));
        assert_eq!(kept.make(Step::Change(key(1), vec![1])), Said::Nothing);
    }
}

fn content_and_language_are_those_of_the_last_change(kept: &Kept<'_>) {
    assert_eq!(kept.begin(1, &[7]), Said::Yes);
    let used = |chosen| kept.make(Step::Use(key(1), chosen));
    let of = |sealed: &[u8], language| Said::InUse { sealed: sealed.to_vec(), language };
    assert_eq!(used(None), of(&[1; 9], Language::Zh));
    assert_eq!(used(Some(Language::En)), of(&[1; 9], Language::En));
    assert_eq!(kept.make(Step::Change(key(1), vec![8; 4])), Said::Yes);
    assert_eq!(used(None), of(&[8; 4], Language::En));
    assert_eq!(used(Some(Language::Zh)), of(&[8; 4], Language::Zh));
}

fn one_person_has_five_sessions_by_each_key_and_the_oldest_gives_way(kept: &Kept<'_>) {
    for nr in 1..=3 {
        assert_eq!(kept.begin(nr, &[7]), Said::Yes);
        kept.wait(1);
    }
    // Under the key after it, and the one before is still used beside it.
    for nr in 4..=6 {
        assert_eq!(kept.begin(nr, &[8, 7]), Said::Yes);
        kept.wait(1);
    }
    assert_eq!(kept.begin(20, &[9]), Said::Yes, "another person");
    let live: Vec<_> = (1..=6).filter(|nr| kept.is_in_use(*nr)).collect();
    assert_eq!(live, [2, 3, 4, 5, 6]);
    assert!(kept.is_in_use(20));
    // What is over makes no room: it takes none.
    kept.wait(IDLE_S);
    for nr in 31..=35 {
        assert_eq!(kept.begin(nr, &[8, 7]), Said::Yes);
    }
    assert!((31..=35).all(|nr| kept.is_in_use(nr)));
}

fn a_session_makes_so_many_records_a_minute_over_all(kept: &Kept<'_>) {
    assert_eq!(kept.begin(1, &[7]), Said::Yes);
    assert_eq!(kept.begin(2, &[7]), Said::Yes);
    assert_eq!(kept.at_once(50, &Step::Record(key(1)), |said| *said == Said::Yes), 30);
    assert_eq!(kept.make(Step::Record(key(1))), Said::No);
    assert_eq!(kept.make(Step::Record(key(2))), Said::Yes, "another one");
    kept.wait(60);
    assert_eq!(kept.make(Step::Record(key(1))), Said::Yes);
}

fn a_word_is_taken_once_in_time_and_by_whoever_proves_it(kept: &Kept<'_>) {
    for (word, lasts) in [(Word::Login, 600), (Word::Code, 1_800)] {
        assert_eq!(kept.keep(word, 1, &[]), Said::Yes);
        assert_eq!(kept.take(word, &[2], 101), None);
        assert_eq!(kept.take(word, &[1], 102), None);
        let other = if word == Word::Login { Word::Code } else { Word::Login };
        assert_eq!(kept.take(other, &[1], 101), None, "of another kind");
        kept.wait(lasts - 30);
        assert_eq!(kept.take(word, &[3, 1], 101), Some(1), "others did not use it up");
        assert_eq!(kept.take(word, &[1], 101), None);
        assert_eq!(kept.keep(word, 1, &[]), Said::Yes);
        kept.wait(lasts);
        assert_eq!(kept.take(word, &[1], 101), None, "over");
        assert_eq!(kept.keep(word, 1, &[]), Said::Yes);
        let take = Step::Take { word, keys: vec![key(1)], proof: key(101) };
        assert_eq!(kept.at_once(40, &take, |said| *said == Said::Taken(vec![1])), 1);
    }
}

fn a_word_replaces_the_one_before_of_the_same(kept: &Kept<'_>) {
    assert_eq!(kept.keep(Word::Code, 1, &[50]), Said::Yes);
    assert_eq!(kept.keep(Word::Code, 2, &[51, 50]), Said::Yes);
    assert_eq!(kept.keep(Word::Code, 3, &[60]), Said::Yes);
    let of = |name: u8| kept.take(Word::Code, &[name], name + 100);
    assert_eq!((of(1), of(2), of(3)), (None, Some(2), Some(3)));
}

fn a_network_asks_ten_times_a_minute_and_all_together_six_hundred_times(kept: &Kept<'_>) {
    // A minute of the server's may turn meanwhile.
    for _ in 0..3 {
        let asked = kept.at_once(25, &Step::Ask(key(200)), |said| *said == Said::Yes);
        assert!(asked == 10 || asked > 10 && kept.place.is_some(), "{asked}");
        let others = (1..=59).map(|of| kept.at_once(11, &Step::Ask(key(of)), |said| *said == Said::Yes));
        let all = others.sum::<usize>() + asked;
        let more = kept.make(Step::Ask(key(100)));
        kept.wait(120);
        assert_eq!(kept.make(Step::Ask(key(200))), Said::Yes, "a minute later");
        kept.wait(120);
        if all == 600 && more == Said::No {
            return;
        }
        assert!(kept.place.is_some(), "{all} {more:?}");
    }
    panic!("more than may be were answered in each of three minutes");
}

type Case = fn(&Kept<'_>);

macro_rules! cases {
    ($($name:ident),+ $(,)?) => { [$((stringify!($name), $name as Case)),+] };
}

const ALL: [(&str, Case); 9] = cases![
    what_never_was_is_not_there,
    a_session_ends_when_it_is_idle_and_after_eight_hours_at_most,
    an_end_holds_for_all_at_once,
    content_and_language_are_those_of_the_last_change,
    one_person_has_five_sessions_by_each_key_and_the_oldest_gives_way,
    a_session_makes_so_many_records_a_minute_over_all,
    a_word_is_taken_once_in_time_and_by_whoever_proves_it,
    a_word_replaces_the_one_before_of_the_same,
    a_network_asks_ten_times_a_minute_and_all_together_six_hundred_times,
];

fn each_holds<'p>(how: &str, kept: impl Fn() -> Kept<'p>) {
    for (name, case) in ALL {
        let kept = kept();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(&kept))) {
            figures(format_args!("{name} does not hold: {how}"));
            resume_unwind(panic);
        }
    }
}

#[test]
fn each_case_of_visits_holds_in_memory_and_over_two_gateways() {
    each_holds("in memory", Kept::embedded);
    let place = Place::new(2);
    each_holds("over two gateways", || Kept::shared(&place, 2));
}

#[test]
fn of_too_many_words_the_oldest_is_forgotten_however_they_are_kept() {
    const WORDS: u32 = 10_000;
    let of = |nr: u32| {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&nr.to_be_bytes());
        key
    };
    let keep = |nr| Step::Keep { word: Word::Login, key: of(nr), proof: key(1), instead: Vec::new(), sealed: vec![1] };
    let take = |nr| Step::Take { word: Word::Login, keys: vec![of(nr)], proof: key(1) };
    let memory = Kept::embedded();
    (0..WORDS).for_each(|nr| assert_eq!(memory.make(keep(nr)), Said::Yes));
    let place = Place::new(1);
    let shared = Kept::shared(&place, 1);
    // The later of them will be over the later.
    let fill = format!(
        "INSERT INTO credit_word SELECT pg_catalog.int4send(nr) || decode(repeat('00', 12), 'hex'), 1, decode(repeat('01', 16), 'hex'), NULL,
         '\\x01', pg_catalog.clock_timestamp() + interval '500 seconds' + nr * interval '1 millisecond' FROM generate_series(0, {}) AS nr",
        WORDS - 1
    );
    drop(Server::shared().sql(&place.database, &fill).held());
    for kept in [memory, shared] {
        assert_eq!(kept.make(keep(WORDS)), Said::Yes);
        assert_eq!(kept.make(take(0)), Said::Nothing);
        assert_eq!(kept.make(take(1)), Said::Taken(vec![1]));
        assert_eq!(kept.make(take(WORDS)), Said::Taken(vec![1]));
    }
}
