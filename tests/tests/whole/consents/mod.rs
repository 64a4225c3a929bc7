//! Consents from outside: which tokens are taken, what each refusal spends (nothing), what an answer leaves on the record;
//! uses, withdrawals and repeats, at once, under load and over restarts.
//!
//! Tokens are issued with the demo authority's private keys: by the policy's own issuer, whose every term a test may alter,
//! by a script with nothing of ours ([`issuer`]), and by the libraries that issuers use ([`libraries`]).

mod answered;
mod at_once;
mod catalogues;
mod issuer;
mod issuer_keys;
mod kills;
mod libraries;
pub(crate) mod new_log;
mod refused;
mod repeats;
mod revocations;
mod sd_jwt_issuers;
mod sisters;
mod withdrawn;

use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
};

use credit_audit::{
    clock::{Clock, SystemClock},
    leaf::QueryLeaf,
    replay::decide_again,
};
use credit_policy::{
    Catalogue, CitizenNumber, FieldName, ScenarioName, catalogue,
    consent::{Frequency, Grant, Period, SigningKey, Terms, TokenId, issue},
};
use credit_tests::{Caller, Connection, Folder, Leaf, Reply, audit, request};
use hyper::{Method, Request, body::Bytes};
use ring::rand::SystemRandom;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The scenario of the demo's bank.
const SCENARIO: &str = "commercial-loan";
/// The authority's Ed25519 key.
pub(crate) const EDDSA: &str = "consent-authority.jwk";
/// The authority's P-256 key.
const ES256: &str = "consent-authority-es256.jwk";

/// A `jti` that no other token has.
pub(crate) fn new_jti() -> String {
    static USED: AtomicU32 = AtomicU32::new(0);
    // Of one length, so that leaves differ in nothing but digits.
    format!("consent-{:06}", USED.fetch_add(1, Ordering::Relaxed))
}

/// What the demo's bank is granted where a test says nothing else: everything within the maxima, one use, for an hour.
pub(crate) fn grant(folder: &Folder, jti: &str) -> Grant {
    let now = SystemClock::new().now();
    Grant {
        iss: "https://consent.example".to_owned(),
        jti: TokenId::parse(jti).expect("a jti"),
        issued_at: now,
        not_before: now,
        expires_at: now + jiff::SignedDuration::from_hours(1),
        certificate: thumbprint(folder, "bank"),
        terms: Terms {
            scenario: scenario(SCENARIO),
            fields: None,
            look_back: period("P5Y"),
            uses: 1,
            frequency: frequency("10/P1D"),
            data_life: period("P1M"),
        },
    }
}

/// SHA-256 over the DER of `institutions/<name>.pem`.
pub(crate) fn thumbprint(folder: &Folder, name: &str) -> [u8; 32] {
    let der = CertificateDer::from_pem_file(folder.join(format!("institutions/{name}.pem"))).expect("PEM");
    Sha256::digest(&der).into()
}

pub(crate) fn scenario(name: &str) -> ScenarioName {
    ScenarioName::parse(name).expect("a name")
}

pub(crate) fn period(text: &str) -> Period {
    Period::parse(text).expect("a period")
}

pub(crate) fn frequency(text: &str) -> Frequency {
    Frequency::parse(text).expect("a frequency")
}

pub(crate) fn fields(names: &[&str]) -> Option<Vec<FieldName>> {
    Some(names.iter().map(|name| FieldName::parse(name).expect("a name")).collect())
}

/// Signs a grant about a person with one of the authority's keys.
pub(crate) fn sign(folder: &Folder, key: &str, grant: &Grant, number: &str) -> String {
    let random = SystemRandom::new();
    let jwk = fs::read_to_string(folder.join(key)).expect("a private JWK");
    let key = SigningKey::from_jwk(&jwk, &random).expect("a key");
    let person = CitizenNumber::parse(number).expect("a citizen number");
    issue(&key, grant, &person, &random).expect("a token").to_string()
}

/// A token for the demo's bank, altered by the test.
pub(crate) fn altered(folder: &Folder, jti: &str, number: &str, alter: impl FnOnce(&mut Grant)) -> String {
    let mut grant = grant(folder, jti);
    alter(&mut grant);
    sign(folder, EDDSA, &grant, number)
}

/// A token for the demo's bank, good for some uses.
pub(crate) fn token(folder: &Folder, number: &str, uses: u64) -> String {
    altered(folder, &new_jti(), number, |grant| grant.terms.uses = uses)
}

/// A token for the demo's bank by this name, good for one use.
pub(crate) fn of_one_use(folder: &Folder, jti: &str, number: &str) -> String {
    altered(folder, jti, number, |_| {})
}

/// A token for another institution of the demo and its scenario, good for one use.
pub(crate) fn token_for(folder: &Folder, institution: &str, scenario_name: &str, number: &str) -> String {
    altered(folder, &new_jti(), number, |grant| {
        grant.certificate = thumbprint(folder, institution);
        grant.terms.scenario = scenario(scenario_name);
        grant.terms.frequency = frequency("1/P1M");
    })
}

/// The token without its disclosure: what a leaf may hold.
fn issuer_signed(token: &str) -> &str {
    token.split('~').next().expect("a first part")
}

/// The disclosure of a token.
fn disclosure(token: &str) -> &str {
    token.split('~').nth(1).expect("a disclosure")
}

/// The query that a token stands for.
pub(crate) fn loan() -> Value {
    json!({"scenario": SCENARIO, "operator": "staff-0017"})
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(crate) fn ask(caller: &Caller, token: &str) -> Reply {
    ask_for(caller, token, &loan())
}

fn ask_for(caller: &Caller, token: &str, body: &Value) -> Reply {
    caller.ask_with(body, &[("authorization", &bearer(token))])
}

fn ask_under(caller: &Caller, token: &str, key: &str) -> Reply {
    caller.ask_with(&loan(), &[("authorization", &bearer(token)), ("idempotency-key", key)])
}

/// The request of a query with a token, for a connection of the test's own.
pub(crate) fn query(token: &str, more: &[(&str, &str)]) -> Request<http_body_util::Full<Bytes>> {
    let bearer = bearer(token);
    let headers = [&[("content-type", "application/json"), ("authorization", &bearer)], more].concat();
    request(Method::POST, "/v1/queries", &headers, loan().to_string())
}

/// So many connections, every other one HTTP/2.
async fn connections(caller: &Caller, count: usize) -> Vec<Connection> {
    let mut connections = Vec::new();
    for nr in 0..count {
        let connected = if nr % 2 == 0 { caller.http1().await } else { caller.http2().await };
        connections.push(connected.expect("a connection"));
    }
    connections
}

/// The answered leaves that rest on a token: the one that holds it, and those that name that one.
fn answered<'a>(leaves: &'a [Leaf], token: &str) -> Vec<&'a Leaf> {
    let holds = |leaf: &&Leaf| leaf.json["ground"]["consent"] == issuer_signed(token);
    let holders: Vec<u64> = leaves.iter().filter(holds).map(|leaf| leaf.index).collect();
    let rests = |leaf: &&Leaf| {
        holds(leaf) || leaf.json["ground"]["first"].as_u64().is_some_and(|first| holders.contains(&first))
    };
    leaves.iter().filter(rests).filter(|leaf| leaf.text("outcome") == "answered").collect()
}

/// A log of the whole that anybody may look at: it verifies, every decision is made again from leaf and catalogue alone, by
/// the audit's own command too, and no leaf names a person or holds a disclosure.
#[track_caller]
pub(crate) fn assert_sound(folder: &Folder) {
    let rules = Catalogue::load(&catalogue::shipped()).expect("the shipped catalogue");
    let numbers: Vec<String> = folder.persons().into_iter().map(|person| person.number).collect();
    for leaf in folder.leaves() {
        let text = String::from_utf8_lossy(&leaf.bytes);
        assert!(!text.contains('~'), "a disclosure in {leaf:?}");
        assert!(!numbers.iter().any(|number| text.contains(number.as_str())), "a number in {leaf:?}");
        if leaf.text("kind") == "query" {
            let query = QueryLeaf::parse(&leaf.bytes).unwrap_or_else(|error| panic!("{error}: {leaf:?}"));
            decide_again(&rules, &query).unwrap_or_else(|mismatch| panic!("{mismatch}: {leaf:?}"));
        }
    }
    let (data, vkey, shipped) = (folder.join("data"), folder.log().join("log.vkey"), folder.join("shipped"));
    for (path, text) in catalogue::shipped() {
        let path = shipped.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let [data, vkey, shipped] = [&data, &vkey, &shipped].map(|path| path.as_os_str());
    drop(audit(&["verify".as_ref(), data, "--vkey".as_ref(), vkey]).held());
    drop(audit(&["replay".as_ref(), data, "--catalogue".as_ref(), shipped, "--vkey".as_ref(), vkey]).held());
}

/// Withdraws a token as the authority does.
pub(crate) fn withdraw(folder: &Folder, jti: &str) -> Reply {
    let headers = [("content-type", "application/json")];
    folder.caller("authority").send(Method::POST, "/v1/revocations", &headers, json!({"jti": jti}).to_string())
}

/// The log and nothing else: what a restored backup has.
fn forget_state(folder: &Folder) {
    drop(fs::remove_file(folder.join("data/state.snapshot")));
}
