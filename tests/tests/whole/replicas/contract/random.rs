//! Random queries over three gateways, step by step compared with the memory of one: the same is granted, the same is refused.
//!
//! What goes wrong on purpose: queries that are refused or not recorded, and gateways that are killed with reservations under way,
//! which their logs settle when they come back. What does not: clocks differ nowhere, nothing waits while a day turns, and the database
//! stays. The same seed makes the same run.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use credit_gateway::for_tests::{
    Claim, ConsentClaim, CountLimits, IdempotencyClaim, IdempotencyEntry, Refused, RepeatWindow, SharedCounts,
};
use credit_policy::{Code, consent::Frequency};
use credit_tests::{figures, run};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use uuid::Uuid;

use super::{super::TIME, CATALOGUE, Held, Place, State, id_of, settlement};

const GATEWAYS: usize = 3;

/// Seconds of a quarter of a day.
const QUARTER: i64 = 21_600;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// What one query asks, with all that its claim borrows.
#[derive(Clone)]
struct Asks {
    institution: &'static str,
    group: &'static str,
    staff: &'static str,
    subject: String,
    earlier: Vec<String>,
    case: Option<&'static str>,
    consent: Option<ConsentClaim>,
    idempotency: Option<IdempotencyClaim>,
    limits: CountLimits,
}

/// Numbers that differ, so that a refusal says which limit it was.
const STAFF: [u32; 2] = [9, 17];
const PERSON: [u32; 2] = [4, 8];

impl Asks {
    fn new(random: &mut Random, now: Timestamp) -> Self {
        let group = random.of(&["housing", "work"]);
        let month = now.to_zoned(TimeZone::UTC).date().first_of_month();
        let person = random.below(4);
        let tag = |month: Date| format!("{group}-{person}-{month}");
        let (mut case, mut consent) = (None, None);
        match random.below(3) {
            0 => case = Some(random.of(&["case-1", "case-2"])),
            1 => consent = Some(consent_of(random, now)),
            _ => {}
        }
        let key = [u8::try_from(100 + random.below(6)).unwrap(); 16];
        let identity = [u8::try_from(random.below(8)).unwrap() / 7; 16];
        let window = random.of(&[RepeatWindow::Query, RepeatWindow::WhileKnown]);
        let keyed = IdempotencyClaim { entry: IdempotencyEntry { key, identity }, earlier: None, window };
        Self {
            institution: random.of(&["bank", "school"]),
            group,
            staff: random.of(&["staff-1", "staff-2"]),
            subject: tag(month),
            earlier: vec![tag(month.saturating_sub(1.month()))],
            case,
            consent,
            idempotency: random.one_in(3).then_some(keyed),
            limits: CountLimits {
                case: random.of(&[2, 5]),
                person_a_day: random.of(&PERSON),
                distinct_a_day: random.of(&[2, 3]),
                // Look-ups of staff are counted together where they are limited.
                staff_a_day: Some(random.of(&STAFF)),
            },
        }
    }

    fn claim(&self, id: Uuid, now: Timestamp) -> Claim<'_> {
        Claim {
            id,
            asker: self.institution,
            institution: self.institution,
            group: self.group,
            now,
            day: CATALOGUE.today(now),
            staff: self.staff,
            subject: &self.subject,
            earlier_subjects: &self.earlier,
            case: self.case,
            consent: self.consent,
            idempotency: self.idempotency,
            limits: self.limits,
        }
    }

    /// The same without the limit that was named.
    fn without(&self, refused: Refused) -> Self {
        let mut asks = self.clone();
        match refused {
            Refused::UnderWay | Refused::Final(Code::AnswerChanged | Code::IdempotencyConflict) => {
                asks.idempotency = None
            }
            Refused::Final(Code::ConsentUsedUp) => asks.consent = None,
            Refused::Final(Code::CaseAlreadyUsed) => asks.limits.case = u32::MAX,
            Refused::OfTheDay(Code::RateLimited, limit) if STAFF.contains(&limit) => asks.limits.staff_a_day = None,
            Refused::OfTheDay(Code::RateLimited, _) => asks.limits.person_a_day = u32::MAX,
            Refused::OfTheDay(Code::DistinctSubjectsExceeded, _) => asks.limits.distinct_a_day = u32::MAX,
            other => panic!("{other:?} is no limit"),
        }
        asks
    }
}

/// A token has one end; those of a quarter of a day later have other names.
fn consent_of(random: &mut Random, now: Timestamp) -> ConsentClaim {
    let quarter = now.as_second() / QUARTER;
    let which = random.below(4);
    let minutes = [1, 30, 600, 6_000][usize::try_from(which).unwrap()];
    let mut key = [u8::try_from(which).unwrap(); 16];
    key[..8].copy_from_slice(&quarter.to_be_bytes());
    ConsentClaim {
        key,
        uses: random.of(&[1, 2, 5]),
        frequency: Frequency::parse(random.of(&["1/PT1H", "2/PT1H", "3/P1D", "9/P1D"])).unwrap(),
        expires: Timestamp::from_second((quarter + 1) * QUARTER + 60 * minutes).unwrap(),
    }
}

/// The same query under way in the memory of one, and at one of the gateways.
struct Pair<'s> {
    model: Held<'s>,
    shared: Held<'s>,
    /// It is the first under this key.
    first: Option<[u8; 16]>,
}

struct World<'s> {
    random: Random,
    now: Timestamp,
    model: &'s State<'s>,
    shared: &'s State<'s>,
    held: Vec<Pair<'s>>,
    /// Where the first query under a key was answered, and when it was asked.
    firsts: BTreeMap<[u8; 16], (usize, Timestamp)>,
    said: BTreeMap<String, usize>,
    steps: u64,
}

impl<'s> World<'s> {
    fn say(&mut self, what: impl Into<String>) {
        *self.said.entry(what.into()).or_default() += 1;
    }

    /// What the contract lets the gateway say where the memory of one says this.
    fn expected(&self, asks: &Asks, at: usize, model: &Result<Held<'s>, Refused>) -> Option<Refused> {
        let (where_, asked) = self.firsts.get(&asks.idempotency?.entry.key)?;
        let is_elsewhere = *where_ != at && self.now.duration_since(*asked) < SignedDuration::from_hours(24);
        let conflict = Refused::Final(Code::IdempotencyConflict);
        (is_elsewhere && model.as_ref().err() != Some(&conflict)).then_some(Refused::Final(Code::AnswerChanged))
    }

    fn ask(&mut self) {
        let at = usize::try_from(self.random.below(GATEWAYS as u64)).unwrap();
        let asks = Asks::new(&mut self.random, self.now);
        let id = id_of(self.now);
        let claim = asks.claim(id, self.now);
        let model = held_at(self.model, 0, claim);
        let shared = held_at(self.shared, at, claim);
        let expected = self.expected(&asks, at, &model);
        let why = format!("step {}, at {at}, {}: {claim:?}", self.steps, self.now);
        match (model, shared) {
            (model, Err(refused)) if expected.is_some() => {
                let expected = expected.unwrap_or(refused);
                drop(model);
                self.same_refusal(&asks, id, (expected, refused), &why);
                self.say("answer-changed elsewhere");
            }
            (Ok(model), Ok(shared)) => self.granted(&asks, model, shared, &why),
            (Err(model), Err(shared)) => {
                self.same_refusal(&asks, id, (model, shared), &why);
                self.say(format!("{model:?}").split(',').next().unwrap_or_default());
            }
            (model, shared) => panic!("{why}\none: {:?}\nthree: {:?}", model.err(), shared.err()),
        }
    }

    fn granted(&mut self, asks: &Asks, model: Held<'s>, shared: Held<'s>, why: &str) {
        let number = |held: &Held<'_>| held.reservation().consent_use().map(|use_| use_.number);
        assert_eq!(number(&model), number(&shared), "{why}");
        let repeats = model.reservation().repeats();
        assert_eq!(repeats, shared.reservation().repeats(), "{why}");
        let first = asks.idempotency.filter(|_| repeats.is_none()).map(|claimed| claimed.entry.key);
        self.say(if repeats.is_some() { "repeated" } else { "granted" });
        self.held.push(Pair { model, shared, first });
    }

    /// Where a query is beyond two limits, either may be named.
    fn same_refusal(&self, asks: &Asks, id: Uuid, (mut model, shared): (Refused, Refused), why: &str) {
        let mut asks = asks.clone();
        while model != shared {
            asks = asks.without(model);
            let again = held_at(self.model, 0, asks.claim(id, self.now));
            model = again.err().unwrap_or_else(|| panic!("only three gateways say {shared:?}: {why}"));
        }
    }

    fn settle(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let which = usize::try_from(self.random.below(self.held.len() as u64)).unwrap();
        let pair = self.held.swap_remove(which);
        if self.random.one_in(4) {
            return;
        }
        self.answered(&pair);
        let (at, index) = (self.now, self.steps);
        pair.model.spent_at(index, at);
        pair.shared.spent_at(index, at);
    }

    fn answered(&mut self, pair: &Pair<'_>) {
        if let Some(first) = pair.first {
            let asked = pair.shared.id.get_timestamp().unwrap().to_unix();
            let asked = Timestamp::new(i64::try_from(asked.0).unwrap(), i32::try_from(asked.1).unwrap()).unwrap();
            self.firsts.insert(first, (pair.shared.at, asked));
        }
    }

    fn settle_all(&mut self) {
        while !self.held.is_empty() {
            self.settle();
        }
    }

    /// Time goes on: by a moment, or over the end of whatever counts.
    fn wait(&mut self) {
        let seconds = match self.random.below(12) {
            0 => 86_400 * i64::try_from(1 + self.random.below(20)).unwrap(),
            1 | 2 => 3_600 * i64::try_from(1 + self.random.below(12)).unwrap(),
            3..6 => i64::try_from(60 * self.random.below(20)).unwrap(),
            _ => 1,
        };
        let later = self.now + SignedDuration::from_secs(seconds);
        if CATALOGUE.today(later) != CATALOGUE.today(self.now) {
            self.settle_all();
        }
        self.now = later;
    }

    fn step(&mut self) {
        self.steps += 1;
        match self.random.below(10) {
            0..6 => self.ask(),
            6..9 => self.settle(),
            _ => self.wait(),
        }
    }
}

fn held_at<'s>(state: &'s State<'s>, at: usize, claim: Claim<'_>) -> Result<Held<'s>, Refused> {
    let began = Instant::now();
    loop {
        match run(state.counts(at).reserve(claim)) {
            // A machine that does much else may keep one from hearing of the others for a moment: then it refuses, and rightly.
            Err(Refused::Unavailable) if began.elapsed() < TIME => std::thread::sleep(Duration::from_millis(50)),
            reserved => {
                return reserved.map(|reservation| Held { state, at, id: claim.id, reservation: Some(reservation) });
            }
        }
    }
}

/// Steps until the next kill, from a world that begins with what the last one left.
fn walk(random: Random, begins: Timestamp, states: (&State<'_>, &State<'_>), left: Left, steps: u64) -> Left {
    let (model, shared) = states;
    let Left { firsts, said, .. } = left;
    let mut world = World { random, now: begins, model, shared, held: Vec::new(), firsts, said, steps: left.steps };
    for _ in 0..steps {
        world.step();
    }
    // One of them is killed, with all that it has under way; the others settle theirs.
    let lost = usize::try_from(world.random.below(GATEWAYS as u64)).unwrap();
    let (dead, living): (Vec<_>, Vec<_>) =
        std::mem::take(&mut world.held).into_iter().partition(|pair| pair.shared.at == lost);
    world.held = living;
    world.settle_all();
    for pair in dead {
        let at = (!world.random.one_in(3)).then_some(world.now);
        if at.is_some() {
            world.answered(&pair);
        }
        world.say(if at.is_some() { "lost and answered" } else { "lost" });
        let Pair { model, shared, .. } = pair;
        model.lost(at);
        shared.left_behind(at);
    }
    Left { random: world.random, now: world.now, firsts: world.firsts, said: world.said, steps: world.steps, lost }
}

/// What goes on after a kill.
struct Left {
    random: Random,
    now: Timestamp,
    firsts: BTreeMap<[u8; 16], (usize, Timestamp)>,
    said: BTreeMap<String, usize>,
    steps: u64,
    lost: usize,
}

fn runs(place: &Place, seed: u64, rounds: u64, steps: u64) -> BTreeMap<String, usize> {
    let begins: Timestamp = "2096-11-26T23:00:00Z".parse().unwrap();
    let model = State::embedded();
    let mut shared = State::shared(place, GATEWAYS);
    let mut left =
        Left { random: Random(seed), now: begins, firsts: BTreeMap::new(), said: BTreeMap::new(), steps: 0, lost: 0 };
    for _ in 0..rounds {
        let (random, now) = (Random(left.random.0), left.now);
        left = walk(random, now, (&model, &shared), left, steps);
        shared.comes_back(left.lost);
    }
    assert_eq!(place.number("SELECT count(*) FROM credit_claim"), 0, "something stays reserved");
    assert_eq!(place.number("SELECT count(*) FROM credit_repeat WHERE NOT answered"), 0, "a key stays under way");
    assert_eq!(place.number("SELECT count(*) FROM credit_count WHERE n < 0"), 0, "fewer than none");
    let pending = format!("SELECT count(*) FROM credit_use WHERE at = {}", i64::MAX);
    assert_eq!(place.number(&pending), 0, "a use stays under way");
    left.said
}

impl Held<'_> {
    /// Its gateway is killed before the books hear of it; its log says that it was answered then, or does not.
    fn left_behind(mut self, at: Option<Timestamp>) {
        let reservation = self.reservation.take().unwrap();
        if let Some(at) = at {
            self.state.logs.lock().unwrap().insert(self.id, at);
        }
        self.state.forgotten.borrow_mut().push((self.at, self.id, reservation, at));
    }
}

impl State<'_> {
    /// A gateway is killed, and comes back with a memory that is as its log says.
    fn comes_back(&mut self, at: usize) {
        let gateway: &mut SharedCounts = &mut self.gateways[at];
        gateway.kill();
        for (_, id, reservation, answered) in self.forgotten.take() {
            run(reservation.settle(settlement(id, 7, answered)));
        }
        gateway.join_again().unwrap_or_else(|why| panic!("{why}"));
        run(gateway.flush());
    }
}

#[test]
fn random_queries_over_three_gateways_are_granted_and_refused_as_by_one() {
    let place = Place::new(GATEWAYS);
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=4 {
        for (what, times) in runs(&place, seed, 4, 90) {
            *said.entry(what).or_default() += times;
        }
    }
    figures(format_args!("1440 steps over three gateways as over one: {said:?}"));
    let all = ["granted", "repeated", "lost", "lost and answered", "answer-changed elsewhere", "UnderWay"];
    let codes = [
        "ConsentUsedUp",
        "CaseAlreadyUsed",
        "RateLimited",
        "DistinctSubjectsExceeded",
        "IdempotencyConflict",
        "AnswerChanged",
    ];
    for what in all.into_iter().chain(codes) {
        assert!(said.keys().any(|said| said.contains(what)), "{what} was never tried: {said:?}");
    }
}
