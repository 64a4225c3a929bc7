//! Requests, as bytes: each with a case or a token of its own.

use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{
    CitizenNumber, ScenarioName,
    consent::{Frequency, Grant, Period, SigningKey, Terms, TokenId, issue},
};
use credit_tests::{Folder, query::look_up_under};
use jiff::SignedDuration;
use ring::rand::SystemRandom;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use sha2::{Digest, Sha256};

pub(crate) struct Questions {
    people: Vec<String>,
    key: SigningKey,
    certificate: [u8; 32],
    asked: usize,
}

impl Questions {
    pub(crate) fn of(folder: &Folder) -> Self {
        let jwk = std::fs::read_to_string(folder.join("consent-authority.jwk")).expect("a private JWK");
        let der = CertificateDer::from_pem_file(folder.join("institutions/bank.pem")).expect("PEM");
        Self {
            people: folder.noted("clean"),
            key: SigningKey::from_jwk(&jwk, &SystemRandom::new()).expect("a key"),
            certificate: Sha256::digest(&der).into(),
            asked: 0,
        }
    }

    fn next(&mut self) -> (String, String) {
        self.asked += 1;
        (self.people[self.asked % self.people.len()].clone(), format!("LOAD-{:08}", self.asked))
    }

    /// Look-ups by statute.
    pub(crate) fn must_checks(&mut self, count: usize) -> Vec<Vec<u8>> {
        let ask = |_| {
            let (person, case) = self.next();
            request("", &look_up_under(&person, &case).to_string())
        };
        (0..count).map(ask).collect()
    }

    /// Look-ups by statute through a route.
    pub(crate) fn routed(&mut self, count: usize) -> Vec<Vec<u8>> {
        let ask = |_| {
            let (person, case) = self.next();
            let headers = format!("Host: localhost\r\nCredit-Operator: staff-0017\r\nCredit-Case: {case}");
            format!("GET /reports/{person} HTTP/1.1\r\n{headers}\r\n\r\n").into_bytes()
        };
        (0..count).map(ask).collect()
    }

    /// Queries on a consent, of one use each.
    pub(crate) fn consents(&mut self, count: usize) -> Vec<Vec<u8>> {
        let (random, now) = (SystemRandom::new(), SystemClock::new().now());
        let body = json!({"scenario": "commercial-loan", "operator": "staff-0017"}).to_string();
        let ask = |_| {
            let (person, jti) = self.next();
            let grant = Grant {
                iss: "https://consent.example".to_owned(),
                jti: TokenId::parse(&jti).expect("a jti"),
                issued_at: now,
                not_before: now,
                expires_at: now + SignedDuration::from_hours(1),
                certificate: self.certificate,
                terms: Terms {
                    scenario: ScenarioName::parse("commercial-loan").expect("a name"),
                    fields: None,
                    look_back: Period::parse("P5Y").expect("a period"),
                    uses: 1,
                    frequency: Frequency::parse("10/P1D").expect("a frequency"),
                    data_life: Period::parse("P1M").expect("a period"),
                },
            };
            let person = CitizenNumber::parse(&person).expect("a citizen number");
            let token = issue(&self.key, &grant, &person, &random).expect("a token");
            request(&format!("Authorization: Bearer {}\r\n", &*token), &body)
        };
        (0..count).map(ask).collect()
    }

    /// The body of a batch of look-ups.
    pub(crate) fn lines(&mut self, count: usize) -> String {
        let line = |nr| {
            let (person, case) = self.next();
            let mut line = look_up_under(&person, &case);
            line["line"] = json!(nr);
            format!("{line}\n")
        };
        (1..=count).map(line).collect()
    }
}

fn request(header: &str, body: &str) -> Vec<u8> {
    let head = "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    format!("{head}{header}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
