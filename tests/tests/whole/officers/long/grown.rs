//! A long log in little time: leaves as a gateway writes them, written straight into its log by the same library.

use std::{collections::HashMap, sync::Arc, time::Duration};

use credit_audit::{
    clock::{Clock, SystemClock},
    leaf::{Actor, Base64, Entry, Kind, peek},
    log::{self, Log, Signer},
};
use credit_keys::{Kek, LogSigner, Person, Ring, SealedBytes, Sealer, SystemEntropy};
use credit_tests::{Folder, Leaf};
use uuid::Uuid;

use crate::officers::month::{Random, number};

const ORIGIN: &str = "credit-gateway.example/demo/r1";
/// Departments, staff of each, and persons who are asked about.
const DEPARTMENTS: u64 = 40;
const STAFF: u64 = 20;
const PERSONS: u64 = 2_000;
/// What is asked for: the first by nearly all.
const SCENARIOS: [&str; 4] = ["public-rental-housing", "talent-housing", "employment", "commercial-loan"];
/// Why some are refused.
const CODES: [&str; 3] = ["case-limit", "field-not-allowed", "subject-minor"];
/// Cases that wait for their decision.
const WAITING: usize = 1_000;
/// A sealed part makes most of a leaf: one query of so many has one, else ten million leaves would need thirty gigabytes.
const SEALED: u64 = 5;
/// Leaves that may wait for the log's writer.
const AHEAD: u64 = 8_192;

/// The ring's log key.
struct OfRing(LogSigner);

impl Signer for OfRing {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
}

/// A leaf that a gateway wrote, with the texts that are another's in each that is made of it.
pub(super) struct Model {
    kind: Kind,
    actor: Option<Actor>,
    tail: String,
}

impl Model {
    pub(super) fn new(kind: Kind, leaf: &Leaf) -> Self {
        let head = peek(&leaf.bytes).unwrap();
        let (_, tail) = head.text.split_once(&format!(r#""seq":{}"#, head.seq.unwrap())).unwrap();
        let actor = head.actor.map(|actor| Actor::parse(actor).unwrap());
        // What is sealed is long, and not opened: each query that has a sealed part gets its own.
        let short = |tail: String, member: &str| match leaf.text(member) {
            "" => tail,
            text => tail.replace(&format!("\"{text}\""), "\"AAAA\""),
        };
        let tail = short(tail.strip_suffix('}').unwrap().to_owned(), "sealed");
        Self { kind, actor, tail }
    }

    /// With these texts in place of others.
    fn made(&self, id: Uuid, of: &str, texts: &[(&str, &str)]) -> Entry {
        let tail = texts.iter().fold(self.tail.clone(), |tail, (from, to)| tail.replace(from, to));
        let actor = self.actor.clone().map(|actor| match actor {
            Actor::Institution { certificate, .. } => Actor::Institution { institution: of.to_owned(), certificate },
            other => other,
        });
        let institution = Some(of.to_owned());
        Entry { kind: self.kind, id, actor: actor.map(Box::new), institution, tail: tail.into_bytes(), shared: None }
    }
}

/// What leaves are made of.
pub(super) struct Models {
    pub(super) asked: Model,
    pub(super) opened: Model,
    pub(super) decided: Model,
    /// What stands in them for member of staff, case and person, and in a query as its commitment.
    pub(super) staff: String,
    pub(super) case: String,
    pub(super) tag: String,
    pub(super) commit: String,
}

/// A query that was made.
pub(super) struct Query {
    pub(super) index: u64,
    pub(super) institution: String,
    pub(super) staff: String,
    pub(super) scenario: &'static str,
    pub(super) code: Option<&'static str>,
}

/// A case that waits.
struct Case {
    department: u64,
    number: String,
    person: u64,
}

/// Makes the log so many leaves longer; gives each query to `seen`.
pub(super) fn grow(folder: &Folder, models: &Models, (seed, leaves): (u64, u64), mut seen: impl FnMut(&Query)) {
    let mut seqs: HashMap<String, u64> = HashMap::new();
    for leaf in folder.leaves() {
        let head = peek(&leaf.bytes).unwrap();
        seqs.extend(head.institution.map(str::to_owned).zip(head.seq));
    }
    let clock = Arc::new(SystemClock::new());
    let kek = Kek::from_key_file(&folder.join("keys/ring.key")).ok().unwrap();
    let ring = Ring::open(&folder.join("keys"), &kek).ok().unwrap();
    let recovered = log::recover(log::Settings::new(folder.join("data"), ORIGIN), clock.clone()).unwrap();
    let log = recovered.start(Box::new(OfRing(ring.log_signer(ORIGIN).unwrap())), seqs).unwrap();
    let sealer = ring.sealer(clock.now(), ORIGIN).unwrap();
    let begun = log.size();
    let mut work = Work::new(models, &sealer, seed);
    for nth in 0..leaves {
        let id = id(clock.now().as_millisecond(), nth);
        let (entry, query) = work.next(id, begun + nth, nth);
        query.iter().for_each(&mut seen);
        while begun + nth - log.size() > AHEAD {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(log.submit(entry, false, || true).unwrap());
        if nth.is_multiple_of(500_000) {
            release(&log);
        }
    }
    log.close();
    assert_eq!(log.published(), begun + leaves);
}

/// What is published needs no second place.
fn release(log: &Log) {
    while log.release_segments(log.published()).unwrap().segments > 0 {}
}

fn id(millis: i64, nth: u64) -> Uuid {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&nth.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap(), &random).into_uuid()
}

/// Departments at work: cases are registered, looked up by others, and decided.
struct Work<'a> {
    models: &'a Models,
    persons: Vec<(Person, String)>,
    tags: Vec<String>,
    random: Random,
    waiting: Vec<Case>,
    entropy: SystemEntropy,
}

impl<'a> Work<'a> {
    fn new(models: &'a Models, sealer: &Sealer, seed: u64) -> Self {
        let numbers = (0..PERSONS).map(|person| number(person, false));
        let persons: Vec<_> = numbers.map(|number| (sealer.person(&number), number)).collect();
        let tag = |person: &Person| text(Base64(person.subject_tag("d", "g")));
        let tags = persons.iter().map(|(person, _)| tag(person)).collect();
        Self { models, persons, tags, random: Random(seed), waiting: Vec::new(), entropy: SystemEntropy::new() }
    }

    fn next(&mut self, id: Uuid, index: u64, nth: u64) -> (Entry, Option<Query>) {
        match self.random.below(100) {
            ..30 => (self.open(id, nth), None),
            30..60 if self.waiting.len() > WAITING => (self.decide(id), None),
            _ => {
                let (entry, query) = self.ask(id, index, nth);
                (entry, Some(query))
            }
        }
    }

    fn open(&mut self, id: Uuid, nth: u64) -> Entry {
        let department = self.random.below(DEPARTMENTS);
        let case = Case { department, number: format!("C-{nth:09}"), person: self.random.below(PERSONS) };
        let staff = self.random.below(2);
        let entry = self.of_case(&self.models.opened, id, &case, staff);
        self.waiting.push(case);
        entry
    }

    fn decide(&mut self, id: Uuid) -> Entry {
        let place = usize::try_from(self.random.below(self.waiting.len() as u64)).unwrap();
        let (case, staff) = (self.waiting.swap_remove(place), self.random.below(2));
        self.of_case(&self.models.decided, id, &case, staff)
    }

    fn of_case(&self, model: &Model, id: Uuid, case: &Case, staff: u64) -> Entry {
        let (of, staff) = (department(case.department), format!("\"s-{staff}\""));
        let Models { staff: s, case: c, tag, .. } = self.models;
        let number = format!("\"{}\"", case.number);
        model.made(id, &of, &[(s, &staff), (c, &number), (tag, &self.tags[case.person as usize])])
    }

    fn ask(&mut self, id: Uuid, index: u64, nth: u64) -> (Entry, Query) {
        let known = self.random.below(self.waiting.len().max(1) as u64);
        let known = self.waiting.get(usize::try_from(known).unwrap()).filter(|_| !nth.is_multiple_of(10));
        let (case, person) = match known {
            Some(case) => (case.number.clone(), case.person),
            None => (format!("N-{nth:09}"), self.random.below(PERSONS)),
        };
        let of = known.map_or_else(|| nth % DEPARTMENTS, |case| case.department);
        let staff = format!("s-{}", 2 + self.random.below(STAFF));
        // One department asks once, early, for what only others ask for; nobody but the first three is ever refused for a minor.
        let scenario = match (nth, of) {
            (_, 7) if nth > 1_000 => 0,
            _ => usize::try_from(self.random.below(100).saturating_sub(96)).unwrap(),
        };
        let code = (self.random.below(20) == 0).then(|| {
            let code = usize::try_from(self.random.below(100) / 49).unwrap();
            CODES[if of < 3 { code } else { code.min(1) }]
        });
        let (of, scenario) = (department(of), SCENARIOS[scenario]);
        let outcome = code.map_or_else(|| r#""answered""#.to_owned(), |code| format!(r#""refused","code":"{code}""#));
        let Models { staff: s, case: c, tag, commit, .. } = self.models;
        let texts = [
            (s.as_str(), format!("\"{staff}\"")),
            (c, format!("\"{case}\"")),
            (tag, self.tags[person as usize].clone()),
            ("\"public-rental-housing\"", format!("\"{scenario}\"")),
            (r#""answered""#, outcome),
        ];
        let mut texts: Vec<_> = texts.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let sealed = nth.is_multiple_of(SEALED).then(|| self.sealed(id, person));
        texts.extend(sealed.iter().flat_map(|(sealed, of)| [("\"AAAA\"", sealed.as_str()), (commit, of.as_str())]));
        let entry = self.models.asked.made(id, &of, &texts);
        (entry, Query { index, institution: of, staff, scenario, code })
    }

    fn sealed(&self, id: Uuid, person: u64) -> (String, String) {
        let (person, number) = &self.persons[person as usize];
        let plain = format!(r#"{{"number":"{number}"}}"#);
        let sealed = person.seal(&id.to_string(), plain.as_bytes(), SealedBytes::B1024, &self.entropy).ok().unwrap();
        (text(Base64(sealed.ciphertext)), text(Base64(sealed.commit)))
    }
}

/// The id of a department.
pub(super) fn department(number: u64) -> String {
    format!("d-{number:02}")
}

fn text<T: AsRef<[u8]>>(bytes: Base64<T>) -> String {
    serde_json::to_string(&bytes).unwrap()
}
