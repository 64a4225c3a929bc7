//! The month through the doors: departments with certificates of their own register cases and appointments, ask and decide, over
//! TLS; the gateway's clock is moved on from one event to the next; the supervisor commits to a nonce before the month and shows
//! it after it.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    os::unix::fs::FileExt,
    time::Duration,
};

use credit_audit::{
    clock::{Clock, SystemClock},
    leaf::{Body, Peek, Review, ReviewState, parse},
    review::{Period, ReviewPolicy, Reviews, Word, commitment},
    verify::{self, CheckError, Visitor},
};
use credit_policy::{
    CitizenNumber,
    consent::{SigningKey, issue},
};
use credit_tests::{Authority, Connection, Folder, Gateway, Wish, metric, request, scratch};
use hyper::{Method, StatusCode};
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, date},
    tz::Offset,
};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{act, at_door},
    chosen::Work,
    judged::{Found, Known, counted},
    misuse::MADE_UP,
    work::{DAY, DEPARTMENTS, DESKS, Event, What, department},
};
use crate::{consents, faults::preload::preload};

const STATUTE: &str = "administrative-licence";
const CONSENT: &str = "administrative-filing";
const NONCE: [u8; 32] = [7; 32];

/// The month after next; a longer one than February.
fn month() -> Date {
    let today = Offset::constant(8).to_datetime(SystemClock::new().now()).date();
    let month = today.first_of_month().checked_add(2.months()).unwrap();
    if month.days_in_month() < 30 { month.checked_add(1.month()).unwrap() } else { month }
}

/// Somebody's number, made up: an adult's, or a minor's.
pub(crate) fn number(person: u64, is_minor: bool) -> String {
    let (first, days) = if is_minor { (date(2012, 1, 1), 2_000) } else { (date(1950, 1, 1), 15_000) };
    let born = first.checked_add(i64::try_from(person % days).unwrap().days()).unwrap();
    let body = format!("990077{}{:03}", born.strftime("%Y%m%d"), person / days);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    body + ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11]
}

/// The gateway's clock: ahead by what stands in a file.
struct Ahead {
    file: File,
    seconds: i64,
}

impl Ahead {
    fn set(&mut self, seconds: i64) {
        self.seconds = seconds;
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    /// Moves it on to an instant, unless it is there already; says whether another month began in UTC, as data keys have it.
    fn reach(&mut self, at: Timestamp) -> bool {
        let real = SystemClock::new().now().as_second();
        let month = |second: i64| Timestamp::from_second(second).unwrap().strftime("%Y-%m").to_string();
        let (before, ahead) = (real + self.seconds, at.as_second() - real);
        if ahead > self.seconds {
            self.set(ahead);
        }
        month(before) != month(real + self.seconds)
    }
}

/// A folder with the departments, and persons about whom nobody may ask.
fn folder(policy: &ReviewPolicy) -> Folder {
    let folder = Folder::new();
    let authority = Authority::new("departments");
    let mut more = String::new();
    for nr in 0..DEPARTMENTS {
        let name = department(nr);
        let serial = u8::try_from(nr + 1).unwrap();
        authority.put(&folder, &Wish { valid_s: (-DAY, 200 * DAY), ..Wish::caller(&name, serial) });
        more += &format!(
            "\n[[institution]]\nid = \"{name}\"\nkind = \"approving-department\"\ncertificates = [\"institutions/{name}.pem\"]\nrate_per_s = 2000\nburst = 4000\ndistinct_subjects_a_day = 100000\nlook_ups_a_person_a_day = 100000\n"
        );
    }
    for (file, pem) in [("ca.pem", authority.pem()), ("crl.pem", authority.list(1, &[], 200 * DAY))] {
        let both = fs::read_to_string(folder.join(file)).unwrap() + &pem;
        fs::write(folder.join(format!("both-{file}")), both).unwrap();
        folder.replace_in_config(&format!(" = \"{file}\""), &format!(" = \"both-{file}\""));
    }
    let ReviewPolicy { round_the_clock, weekends, one_window, .. } = policy;
    folder.replace_in_config(
        "# round_the_clock = [\"police\"]",
        &format!("round_the_clock = {round_the_clock:?}\nweekends = {weekends:?}\none_window = {one_window:?}\nmade_up = \"made-up\""),
    );
    let made_up: Vec<_> = MADE_UP.map(|person| number(person, false)).collect();
    fs::write(folder.join("made-up"), made_up.join("\n")).unwrap();
    folder.replace_in_config("at_once = false", "at_once = true");
    folder.edit_config(|config| config + &more);
    // Connections outlive nights.
    folder.replace_in_config("idle_s = 600", "idle_s = 3000000");
    folder
}

/// What is sent for an event.
enum Step<'e> {
    Registers { event: &'e Event, staff: u64 },
    Appoints { event: &'e Event, day: i64 },
    Asks(&'e Event),
    Decides(&'e Event),
}

/// One in ten who were registered at the desk comes by an appointment instead, and the clerk registers the case.
fn steps(events: &[Event]) -> Vec<(i64, Step<'_>)> {
    let mut asked: HashMap<&str, &Event> = HashMap::new();
    for event in events.iter().filter(|event| matches!(event.what, What::Asked { .. })) {
        asked.entry(&event.case).or_insert(event);
    }
    let mut steps = Vec::new();
    for event in events {
        let by = asked.get(event.case.as_str()).filter(|by| by.at > event.at && by.person == event.person);
        let is_honest = by.is_some_and(|by| matches!(by.what, What::Asked { misuse: None, .. }));
        match (event.what, by) {
            (What::Opened, Some(by)) if is_honest && event.staff < DESKS && event.person % 10 == 0 => {
                steps.push((event.at, Step::Appoints { event, day: by.at.div_euclid(DAY) }));
                steps.push((by.at - 60, Step::Registers { event, staff: by.staff }));
            }
            (What::Opened, _) => steps.push((event.at, Step::Registers { event, staff: event.staff })),
            (What::Decided, _) => steps.push((event.at, Step::Decides(event))),
            (What::Asked { .. }, _) => steps.push((event.at, Step::Asks(event))),
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// A month that is being worked.
struct Worked<'g> {
    folder: &'g Folder,
    month: Date,
    begin: Timestamp,
    connections: HashMap<u64, Connection>,
    key: SigningKey,
    known: Vec<Known>,
}

impl Worked<'_> {
    fn at(&self, at: i64) -> Timestamp {
        self.begin.checked_add(SignedDuration::from_secs(at)).unwrap()
    }

    fn day(&self, at: i64) -> String {
        self.month.checked_add(at.div_euclid(DAY).days()).unwrap().to_string()
    }

    /// A consent of a person to one department, from now on for an hour.
    fn consent(&self, event: &Event, number: &str) -> String {
        let mut grant = consents::grant(self.folder, &consents::new_jti());
        let now = self.at(event.at);
        (grant.issued_at, grant.not_before) = (now, now);
        grant.expires_at = now.checked_add(1.hour()).unwrap();
        grant.certificate = consents::thumbprint(self.folder, &department(event.department));
        grant.terms.scenario = consents::scenario(CONSENT);
        (grant.terms.look_back, grant.terms.frequency) = (consents::period("P3Y"), consents::frequency("2/P1D"));
        let person = CitizenNumber::parse(number).unwrap();
        issue(&self.key, &grant, &person, &SystemRandom::new()).unwrap().to_string()
    }

    async fn send(&mut self, event: &Event, path: &str, body: &Value, consent: Option<String>) -> (StatusCode, Value) {
        let bearer = consent.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        for _ in 0..3_000 {
            if !self.connections.contains_key(&event.department) {
                let opened = self.folder.caller(&department(event.department)).http1().await.unwrap();
                self.connections.insert(event.department, opened);
            }
            let connection = self.connections.get_mut(&event.department).unwrap();
            match connection.send(request(Method::POST, path, &headers, body.to_string())).await {
                // What was recorded before time passed is not published yet.
                Ok(reply) if reply.status == StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(reply) => return (reply.status, reply.json()),
                Err(error) => panic!("{path}: {error}"),
            }
        }
        panic!("{path} is not available");
    }

    async fn make(&mut self, at: i64, step: &Step<'_>) {
        let (Step::Registers { event, .. } | Step::Appoints { event, .. } | Step::Asks(event) | Step::Decides(event)) =
            step;
        let is_minor = matches!(event.what, What::Asked { is_minor: true, .. });
        let (number, staff) = (number(event.person, is_minor), format!("s-{}", event.staff));
        let body = json!({"case": event.case, "scenario": STATUTE, "subject": number, "operator": staff});
        let with = |mut body: Value, name: &str, value: String| {
            body[name] = value.into();
            body
        };
        let (status, said) = match step {
            Step::Registers { staff, .. } => {
                let body = with(with(body, "opened", self.day(at)), "operator", format!("s-{staff}"));
                self.send(event, "/v1/cases", &body, None).await
            }
            Step::Appoints { day, .. } => {
                let body =
                    json!({"scenario": STATUTE, "subject": number, "operator": staff, "on": self.day(day * DAY)});
                self.send(event, "/v1/appointments", &body, None).await
            }
            Step::Decides(_) => {
                self.send(event, "/v1/cases/decisions", &with(body, "decided", self.day(at)), None).await
            }
            Step::Asks(Event { what: What::Asked { by_consent: true, .. }, .. }) => {
                let token = self.consent(event, &number);
                let body = json!({"scenario": CONSENT, "operator": staff});
                self.send(event, "/v1/queries", &body, Some(token)).await
            }
            Step::Asks(_) => self.send(event, "/v1/queries", &body, None).await,
        };
        let code = said["code"].as_str().unwrap_or_default();
        assert!(status == StatusCode::OK || is_minor && code == "subject-minor", "{status} {code}");
        if let What::Asked { misuse, .. } = event.what {
            let id = said["query"].as_str().unwrap().parse().unwrap();
            self.known.push(Known { id, misuse, person: event.person });
        }
    }
}

/// Waits until keys have turned to those of the gateway's month.
fn keys_turn(folder: &Folder, ahead: &Ahead) {
    let then = u64::try_from(SystemClock::new().now().as_second() + ahead.seconds).unwrap();
    let done = || metric(folder.port_base(), "credit_gateway_duty_last_success_seconds{duty=\"keys\"}") > then;
    for _ in 0..1_200 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the keys do not turn");
}

/// Works the month, lets the supervisor draw it, and says what the record has of it.
pub(super) fn through(work: Work, seed: u64, queries: u64, misuses: usize) -> Found {
    let (month, offset) = (month(), Offset::constant(8));
    let period = Period::parse(&month.strftime("%Y-%m").to_string(), offset).unwrap();
    let first_day = i64::from(month.weekday().to_sunday_zero_offset());
    let plan = work.plan(seed, first_day, queries, misuses);
    let (policy, folder) = (plan.policy(), folder(&plan.policy()));
    let path = scratch::folder("clock").join("ahead");
    fs::write(&path, [0; 8]).unwrap();
    let mut ahead = Ahead { file: File::options().write(true).open(&path).unwrap(), seconds: 0 };
    let _ = ahead.reach(period.from.checked_sub((6 * 24).hours()).unwrap());
    let mut command = Gateway::serve_command(&folder);
    command.env("LD_PRELOAD", preload()).env("CLOCK_AHEAD_FILE", &path);
    let gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    let name = month.strftime("%Y-%m").to_string();
    let base64 = |bytes: [u8; 32]| serde_json::to_value(credit_audit::leaf::Base64(bytes)).unwrap();
    let commit = json!({"state": "committed", "period": name, "digest": base64(commitment(&name, &NONCE))});
    assert_eq!(act(folder, "supervisor", "/officers/reviews", &commit).status, StatusCode::OK);
    let jwk = fs::read_to_string(folder.join(consents::EDDSA)).unwrap();
    let key = SigningKey::from_jwk(&jwk, &SystemRandom::new()).unwrap();
    let mut worked = Worked { folder, month, begin: period.from, connections: HashMap::new(), key, known: Vec::new() };
    credit_tests::run(async {
        for (at, step) in steps(&plan.events) {
            if ahead.reach(worked.at(at)) {
                keys_turn(folder, &ahead);
            }
            worked.make(at, &step).await;
        }
        worked.connections.clear();
    });
    let known = worked.known;
    // Something is recorded after the month; twenty days later it is drawn.
    let _ = ahead.reach(period.until.checked_add((20 * 24 + 1).hours()).unwrap());
    keys_turn(folder, &ahead);
    let show = json!({"state": "shown", "period": name, "nonce": base64(NONCE)});
    for _ in 0..600 {
        if act(folder, "supervisor", "/officers/reviews", &show).status == StatusCode::OK {
            break;
        }
        // The first record after the month is what the last try left.
        std::thread::sleep(Duration::from_millis(100));
    }
    let counts = drawn(folder);
    let folder = gateway.stop();
    let (words, at_once) = on_the_record(&folder, &period, &policy);
    credit_tests::figures(format_args!("{counts}; {at_once} put before reviewers within the month"));
    assert!(at_once > 0, "nothing was put before reviewers before it was drawn");
    counted(&of_all(words, &known), &known)
}

/// What the queue has, once the draw is whole and nothing more comes.
fn drawn(folder: &Folder) -> Value {
    let mut last = Value::Null;
    for _ in 0..600 {
        let now = at_door(folder, "officer").get("/officers/reviews").json()["periods"][0].clone();
        if now["drawn"].as_u64() > Some(0) && now["faults"] == json!([]) && now == last {
            return now;
        }
        last = now;
        // Longer than it takes until what became suspicious is put before reviewers.
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("what is drawn is not put before reviewers");
}

fn of_all(mut words: HashMap<Uuid, Word>, known: &[Known]) -> HashMap<Uuid, Word> {
    known.iter().map(|one| (one.id, words.remove(&one.id).unwrap_or(Word::Explained))).collect()
}

/// Reads the log as an auditor does.
struct Reader {
    reviews: Reviews,
    suspicious: HashSet<Uuid>,
    until: Timestamp,
    at_once: usize,
}

impl Visitor for Reader {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        self.reviews.leaf(index, *peek, bytes).unwrap();
        if let Some(Body::Review(Review { query, state: ReviewState::Queued, verdict, .. })) =
            parse(bytes).unwrap().map(|leaf| leaf.body)
            && verdict.as_deref() == Some("suspicious")
        {
            self.suspicious.insert(query);
            self.at_once += usize::from(peek.at < self.until);
        }
        Ok(())
    }
}

/// The word of each query that nothing explains, with what the gateway called suspicious; and how many of these stood in the
/// queue before the month was over.
fn on_the_record(folder: &Folder, period: &Period, policy: &ReviewPolicy) -> (HashMap<Uuid, Word>, usize) {
    let key = folder.vkey();
    let reviews = Reviews::new(key.name(), Offset::constant(8));
    let mut reader = Reader { reviews, suspicious: HashSet::new(), until: period.until, at_once: 0 };
    verify::directory(&folder.join("data"), &key, &[], &mut reader).unwrap();
    let at = period.until.checked_add((20 * 24 + 1).hours()).unwrap();
    let mut words: HashMap<Uuid, Word> =
        reader.reviews.words(period, policy, at).into_iter().map(|(_, id, word)| (id, word)).collect();
    let counted: HashSet<Uuid> =
        words.iter().filter(|(_, word)| **word == Word::Suspicious).map(|(id, _)| *id).collect();
    let missing = counted.difference(&reader.suspicious).count();
    assert_eq!(missing, 0, "suspicious by the record, and not in the queue");
    words.extend(reader.suspicious.into_iter().map(|id| (id, Word::Suspicious)));
    (words, reader.at_once)
}
