//! A second gateway that is slow, gone or hostile: somebody stands between the two who has its certificate, and alters what
//! it answers. Nothing that is not as it must be is believed, and what is in order again is answered.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use credit_tests::{Caller, Folder, Gateway, checked, query::look_up};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};

use super::{PEER, Pair, asks, known_as_gateway};
use crate::{
    doors::foreign_origin,
    faults::within,
    stores::{
        failed,
        http::service::{Asked, Service, Step, reply},
        readiness, ready,
    },
};

/// In no answer, line or leaf.
const CANARY: &str = "不可外泄之人";

type Alter = Arc<dyn Fn(Value) -> Vec<Step> + Send + Sync>;

/// Two gateways and who stands between them.
pub(super) struct Between {
    pub(super) pair: Pair,
    alter: Arc<Mutex<Alter>>,
    pub(super) number: String,
    /// What it was sent.
    pub(super) service: Service,
}

pub(super) fn as_it_is(answer: Value) -> Vec<Step> {
    answered("200 OK", answer.to_string().as_bytes())
}

fn answered(status: &str, body: &[u8]) -> Vec<Step> {
    vec![Step::Send(reply(status, "Content-Type: application/json; charset=utf-8\r\n", body))]
}

impl Between {
    pub(super) fn new(first: impl FnOnce(&Folder)) -> Self {
        Self::serving(|folder| {
            first(&folder);
            Gateway::serve(folder)
        })
    }

    /// With a first gateway that a test starts.
    pub(super) fn serving(first: impl FnOnce(Folder) -> Gateway) -> Self {
        let folder = foreign_origin();
        known_as_gateway(&folder);
        let second = Gateway::serve(folder);
        let alter: Arc<Mutex<Alter>> = Arc::new(Mutex::new(Arc::new(as_it_is)));
        let (caller, ours) = (second.folder().caller(PEER), Arc::clone(&alter));
        let service = Service::over_tls(certificate_of(second.folder()), move |asked| {
            let answer = pass_on(&caller, asked);
            let alter = Arc::clone(&*ours.lock().unwrap());
            alter(answer)
        });
        let folder = Folder::new();
        fs::copy(second.folder().log().join("log.vkey"), folder.join("second.vkey")).unwrap();
        asks(&folder, service.port());
        let pair = Pair { first: first(folder), second };
        let number = pair.first.folder().person("clean", 20);
        Self { pair, alter, number, service }
    }

    pub(super) fn alter(&self, alter: impl Fn(Value) -> Vec<Step> + Send + Sync + 'static) {
        *self.alter.lock().unwrap() = Arc::new(alter);
    }

    /// A refusal of the first, on its record and without a link.
    #[track_caller]
    fn refused(&self, what: &str, status: u16, code: &str) {
        let folder = self.pair.first.folder();
        let told = folder.caller("housing").ask(&look_up(&self.number));
        assert_eq!(told.code(), code, "{what}: {}", told.text());
        let leaf = checked::refusal(folder, "housing", &told, status, code);
        assert!(leaf.json.get("remote").is_none(), "{what}");
        assert!(!told.text().contains(CANARY), "{what}");
    }

    #[track_caller]
    fn answers(&self, what: &str) -> Value {
        let folder = self.pair.first.folder();
        let told = folder.caller("housing").ask(&look_up(&self.number));
        assert_eq!(told.status.as_u16(), 200, "{what}: {}", told.text());
        let leaf = checked::answer(folder, "housing", &told);
        assert!(leaf.json.get("remote").is_some() && !told.text().contains(CANARY), "{what}");
        told.json()
    }
}

pub(crate) fn certificate_of(folder: &Folder) -> Arc<ServerConfig> {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&read("server.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&read("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

fn pass_on(caller: &Caller, asked: &Asked) -> Value {
    let header = |name: &str| {
        let lines = asked.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned());
        found.next()
    };
    let kept: Vec<_> = ["prefer", "idempotency-key", "authorization"]
        .into_iter()
        .filter_map(|name| Some((name, header(name)?)))
        .collect();
    let headers: Vec<_> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
    caller.ask_with(&asked.body, &headers).json()
}

#[test]
fn an_answer_that_is_altered_is_not_believed() {
    let between = Between::new(|_| ());
    assert_eq!(between.answers("as it is")["data"]["clean_three_years"], true);
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 26] = [
        ("of another query", |it| it["on_behalf"]["query"] = json!("019aa1b0-0000-7000-8000-000000000001")),
        ("of another log", |it| it["on_behalf"]["origin"] = json!("third.example/r1")),
        ("of nobody", |it| drop(it.as_object_mut().unwrap().remove("on_behalf"))),
        ("of another scenario", |it| it["scenario"] = json!("employment")),
        ("another index", |it| it["receipt"]["index"] = json!(it["receipt"]["index"].as_u64().unwrap() + 1)),
        ("an index as a text", |it| it["receipt"]["index"] = json!("1")),
        ("another leaf", |it| it["receipt"]["leaf"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        ("no leaf", |it| it["receipt"]["leaf"] = json!("AAAA")),
        ("another log's receipt", |it| it["receipt"]["log"] = json!("third.example/r1")),
        ("no proof", |it| drop(it["receipt"].as_object_mut().unwrap().remove("tlog_proof"))),
        ("no proof in it", |it| it["receipt"]["tlog_proof"] = json!("c2sp.org/tlog-proof@v1\nindex 0\n\n")),
        ("a signature that is altered", |it| {
            let proof = it["receipt"]["tlog_proof"].as_str().unwrap().to_owned();
            it["receipt"]["tlog_proof"] = json!(format!("{}AAAA\n", proof.trim_end().get(..proof.len() - 6).unwrap()));
        }),
        ("no receipt", |it| drop(it.as_object_mut().unwrap().remove("receipt"))),
        ("a field is missing", |it| drop(it["data"].as_object_mut().unwrap().remove("black_listed"))),
        ("a text for yes or no", |it| it["data"]["black_listed"] = json!("no")),
        ("a number for yes or no", |it| it["data"]["black_listed"] = json!(0)),
        ("a list for yes or no", |it| it["data"]["black_listed"] = json!([true])),
        ("an object for yes or no", |it| it["data"]["black_listed"] = json!({"name": CANARY})),
        ("a person's name for yes or no", |it| it["data"]["clean_three_years"] = json!(CANARY)),
        ("data that are a list", |it| it["data"] = json!([true, true, true])),
        ("no data", |it| drop(it.as_object_mut().unwrap().remove("data"))),
        ("marks that are a text", |it| it["marks"] = json!("black_listed")),
        ("marks that are no names", |it| it["marks"] = json!([1])),
        ("no obligations", |it| drop(it.as_object_mut().unwrap().remove("obligations"))),
        ("a last day that is none", |it| it["obligations"]["keep_until"] = json!("for ever")),
        ("a notice that is none", |it| it["obligations"]["automated_decision_notice"] = json!("yes")),
    ];
    for (what, change) in cases {
        between.alter(move |mut answer| {
            change(&mut answer);
            as_it_is(answer)
        });
        between.refused(what, 502, "store-failed");
        between.alter(as_it_is);
        drop(between.answers(what));
    }
    for folder in [between.pair.first.folder(), between.pair.second.folder()] {
        assert!(folder.leaves().iter().all(|leaf| !leaf.json.to_string().contains(CANARY)));
    }
    // What was answered there and not believed here is told, and no fault.
    let links = between.pair.sound();
    assert_eq!((links["refused_here"].as_u64(), links["linked"].as_u64()), (Some(26), Some(27)), "{links}");
}

#[test]
fn what_was_not_asked_is_passed_over_and_the_stricter_obligation_holds() {
    let between = Between::new(|_| ());
    between.alter(|mut answer| {
        answer["name"] = json!(CANARY);
        answer["data"]["name"] = json!(CANARY);
        answer["marks"] = json!(["name", "grey_listed"]);
        answer["obligations"]["keep_until"] = json!("2026-01-01");
        answer["obligations"]["more"] = json!({"name": CANARY});
        as_it_is(answer)
    });
    let told = between.answers("with more");
    let keys: Vec<_> = told["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["black_listed", "clean_three_years", "grey_listed"]);
    assert_eq!((&told["marks"], &told["obligations"]["keep_until"]), (&json!(["grey_listed"]), &json!("2026-01-01")));
    assert!(told.get("name").is_none() && told["obligations"].get("more").is_none());
    let subject = told["subject"].as_str().unwrap();
    assert!(between.pair.there().iter().all(|leaf| !leaf.json.to_string().contains(subject)));
}

#[test]
fn bytes_that_are_no_answer_and_refusals_that_are_none_are_store_failed() {
    let between = Between::new(|_| ());
    let problem = |code: &str, status: u16| json!({"code": code, "title": CANARY, "status": status, "detail": CANARY});
    let cases: Vec<(&str, Vec<Step>)> = vec![
        ("nothing", answered("200 OK", b"")),
        ("no JSON", answered("200 OK", CANARY.as_bytes())),
        ("cut off", vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{".to_vec()), Step::Close]),
        ("deep", answered("200 OK", format!("{{\"data\":{}{}}}", "[".repeat(40), "]".repeat(40)).as_bytes())),
        ("twice", answered("200 OK", br#"{"data":{},"data":{}}"#)),
        ("large", answered("200 OK", &vec![b' '; 2 * 1024 * 1024])),
        ("a reset", vec![Step::Reset]),
        ("a redirect", vec![Step::Send(reply("302 Found", "Location: https://127.0.0.1/\r\n", b""))]),
        ("a page", answered("403 Forbidden", format!("<h1>{CANARY}</h1>").as_bytes())),
        ("an unknown code", answered("403 Forbidden", problem("consent-eaten", 403).to_string().as_bytes())),
        ("a code of another status", answered("409 Conflict", problem("consent-revoked", 403).to_string().as_bytes())),
        (
            "a limit without its numbers",
            answered("429 Too Many Requests", problem("rate-limited", 429).to_string().as_bytes()),
        ),
        (
            "a bound that is none",
            answered("403 Forbidden", problem("consent-exceeds-bound", 403).to_string().as_bytes()),
        ),
        (
            "what is not for the institution",
            answered("403 Forbidden", problem("institution-suspended", 403).to_string().as_bytes()),
        ),
        (
            "it cannot record",
            answered("503 Service Unavailable", problem("not-recordable", 503).to_string().as_bytes()),
        ),
    ];
    for (what, steps) in cases {
        between.alter(move |_| steps.clone());
        between.refused(what, 502, "store-failed");
        between.alter(as_it_is);
        drop(between.answers(what));
    }
    // What is one has its code, and no word of the other gateway.
    between.alter(move |_| answered("403 Forbidden", problem("subject-minor", 403).to_string().as_bytes()));
    between.refused("a minor there", 403, "subject-minor");
    for leaf in between.pair.first.folder().leaves() {
        assert!(!leaf.json.to_string().contains(CANARY));
    }
}

#[test]
fn one_that_is_slow_or_gone_refuses_and_is_named_by_readiness() {
    let between = Between::new(|folder| folder.replace_in_config("timeout_ms = 10000", "timeout_ms = 1500"));
    drop(between.answers("in time"));
    between.alter(|answer| [vec![Step::Wait(Duration::from_secs(3))], as_it_is(answer)].concat());
    between.refused("slow", 504, "store-timeout");
    between.alter(as_it_is);
    drop(between.answers("in time again"));

    let Pair { first, second } = Pair::new();
    let number = first.folder().person("clean", 21);
    let folder = second.stop();
    assert!(
        within(Duration::from_secs(10), || readiness(first.folder()) == failed()),
        "{:?}",
        readiness(first.folder())
    );
    let told = first.folder().caller("housing").ask(&look_up(&number));
    checked::refusal(first.folder(), "housing", &told, 502, "store-failed");
    let pair = Pair { first, second: Gateway::serve(folder) };
    let back = || readiness(pair.first.folder()) == ready();
    assert!(within(Duration::from_secs(10), back), "{:?}", readiness(pair.first.folder()));
    checked::answer(pair.first.folder(), "housing", &pair.look_up(&number));
}

#[test]
fn an_answer_that_comes_after_the_suspension_of_who_asked_is_not_passed_on() {
    let between = Between::new(|_| ());
    between.alter(|answer| [vec![Step::Wait(Duration::from_secs(2))], as_it_is(answer)].concat());
    let folder = between.pair.first.folder();
    let (config, number) = (folder.config(), between.number.clone());
    let caller = folder.caller("housing");
    let asked = std::thread::spawn(move || caller.ask(&look_up(&number)));
    assert!(within(Duration::from_secs(10), || between.pair.there().len() == 1), "it is asked there");
    let suspend = ["institution", "suspend", "housing", "--config", config.to_str().unwrap()];
    drop(credit_tests::gateway(&suspend).held());
    let leaf = checked::refusal(folder, "housing", &asked.join().unwrap(), 403, "institution-suspended");
    assert!(leaf.json.get("remote").is_none());
    let links = between.pair.sound();
    assert_eq!((&links["refused_here"], &links["linked"]), (&json!(1), &json!(0)), "{links}");
}
