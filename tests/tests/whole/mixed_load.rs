//! A mixed run: every kind of answer, refusal and change, with citizen numbers where none belong, against a gateway that
//! logs as much as there is to log. What is left of it is looked at by several tests.

use std::sync::{LazyLock, Mutex};

use credit_tests::{
    Caller, Folder, Gateway, Reply, gateway, parse_reply, plain,
    query::{SCENARIO, look_up, look_up_under, new_case, with, without, wrong_check},
    request, run,
};
use hyper::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::{
    collector::{Collector, Posted},
    consents,
};

/// What is left of the run. The gateway has ended.
pub(crate) struct Mixed {
    /// Its folder.
    pub(crate) folder: Folder,
    /// All of its standard output.
    pub(crate) out: String,
    /// All of its standard error, with `RUST_LOG=trace`.
    pub(crate) err: String,
    /// Its metrics, shortly before its end.
    pub(crate) metrics: String,
    /// Every trace that it sent.
    pub(crate) traces: Vec<u8>,
    /// The same, request by request.
    pub(crate) posted: Vec<Posted>,
    /// Everything that it answered: heads and bodies.
    pub(crate) replies: Vec<String>,
    /// Every citizen number that was sent, and its old form of 15 digits.
    pub(crate) numbers: Vec<String>,
}

/// The run, made once.
pub(crate) fn mixed() -> &'static Mixed {
    static MIXED: LazyLock<Mixed> = LazyLock::new(|| {
        let folder = Folder::new();
        folder.replace_in_config("segment_mib = 16", "segment_mib = 1");
        let collector = Collector::new();
        collector.of(&folder);
        // A store that tells a number where a severity belongs: the complaint must not repeat it.
        let damaged = folder.person("late", 0);
        let store = Connection::open(folder.join("data/store.sqlite")).unwrap();
        store.pragma_update(None, "ignore_check_constraints", true).unwrap();
        store.execute("UPDATE record SET severity = number WHERE number = ?1", [&damaged]).unwrap();
        drop(store);
        let tour = Run { gateway: Gateway::talkative_demo(folder), collector, replies: Mutex::default() };
        tour.answers();
        tour.refusals();
        tour.consents();
        tour.numbers_in_wrong_places();
        tour.changes();
        tour.end()
    });
    &MIXED
}

struct Run {
    gateway: Gateway,
    collector: Collector,
    replies: Mutex<Vec<String>>,
}

impl Run {
    fn folder(&self) -> &Folder {
        self.gateway.folder()
    }

    fn heard(&self, reply: Reply) -> Reply {
        let text = format!("{} {:?}\n{}", reply.status, reply.headers, reply.text());
        self.replies.lock().unwrap().push(text);
        reply
    }

    fn ask(&self, who: &str, body: &Value) -> Reply {
        self.heard(self.folder().caller(who).ask(body))
    }

    /// Everybody, over both protocols, with and without the proof; receipts and records read.
    fn answers(&self) {
        let caller = self.folder().caller("housing");
        run(async {
            let mut first = caller.http1().await.unwrap();
            let mut second = caller.http2().await.unwrap();
            for (number, person) in self.folder().persons().into_iter().enumerate() {
                let connection = if number % 2 == 0 { &mut first } else { &mut second };
                let headers = [("content-type", "application/json"), ("prefer", "receipt=proof")];
                let headers = &headers[..1 + number % 2];
                let body = look_up(&person.number).to_string();
                let reply = connection.send(request(Method::POST, "/v1/queries", headers, body)).await.unwrap();
                let id = self.heard(reply).json()["query"].as_str().unwrap().to_owned();
                if number % 10 == 0 {
                    for path in [format!("/v1/receipts/{id}"), format!("/v1/queries/{id}/record")] {
                        let reply = connection.send(request(Method::GET, &path, &[], "")).await.unwrap();
                        drop(self.heard(reply));
                    }
                }
            }
        });
    }

    fn refusals(&self) {
        let folder = self.folder();
        let number = folder.person("clean", 1);
        let body = look_up(&number);
        for (who, body) in [
            ("bank", body.clone()),
            ("bank", with(body.clone(), "fields", json!(["religion"]))),
            ("bank", with(body.clone(), "fields", json!([]))),
            ("bank", without(body.clone(), "case")),
            ("bank", look_up(&wrong_check(&number))),
            ("housing", with(without(body.clone(), "operator"), "scenario", "curiosity")),
            ("housing", with(look_up(&folder.person("minor", 0)), "fields", json!(["red_listed"]))),
            ("housing", without(body.clone(), "case")),
            ("housing", without(body.clone(), "operator")),
            ("housing", with(body.clone(), "scenario", "curiosity")),
            ("housing", with(body.clone(), "fields", json!(["religion"]))),
            ("housing", with(body.clone(), "fields", json!(["red_listed"]))),
            ("housing", look_up(&wrong_check(&number))),
        ] {
            drop(self.ask(who, &body));
        }
        let case = new_case();
        for _ in 0..4 {
            drop(self.ask("housing", &look_up_under(&number, &case)));
        }
        for _ in 0..15 {
            drop(self.ask("employer", &body));
        }
        let caller = folder.caller("housing");
        for (method, path, content_type) in [
            (Method::GET, "/v1/queries", "application/json"),
            (Method::POST, "/v1/nothing", "application/json"),
            (Method::POST, "/v1/queries", "text/plain"),
        ] {
            drop(self.heard(caller.send(method, path, &[("content-type", content_type)], body.to_string())));
        }
    }

    /// Consents, used, used up and repeated over both protocols; and tokens where none belong.
    fn consents(&self) {
        let caller = self.folder().caller("bank");
        run(async {
            let mut first = caller.http1().await.unwrap();
            let mut second = caller.http2().await.unwrap();
            for (nr, person) in self.folder().persons().into_iter().step_by(4).enumerate() {
                let token = consents::token(self.folder(), &person.number, 1);
                let connection = if nr % 2 == 0 { &mut first } else { &mut second };
                let key = [("idempotency-key", person.number.as_str())];
                for more in [&key[..], &key, &[]] {
                    let reply = connection.send(consents::query(&token, more)).await.unwrap();
                    drop(self.heard(reply));
                }
                let broken = format!("{token}{}", person.number);
                drop(self.heard(connection.send(consents::query(&broken, &[])).await.unwrap()));
            }
        });
        let number = self.folder().person("clean", 2);
        let token = consents::token(self.folder(), &number, 1);
        drop(self.ask("bank", &consents::loan()));
        drop(self.ask("bank", &with(consents::loan(), "operator", token.as_str())));
        drop(self.ask("bank", &with(consents::loan(), "consent", token.as_str())));
        for jti in [token, number, consents::new_jti()] {
            let reply = consents::withdraw(self.folder(), &jti);
            drop(self.heard(reply));
        }
    }

    /// Callers who write a number where none belongs.
    fn numbers_in_wrong_places(&self) {
        let folder = self.folder();
        let number = folder.person("grey-listed", 2);
        let old = format!("{}{}", &number[..6], &number[8..17]);
        let caller = folder.caller("housing");
        let body = look_up(&number);
        for text in [number.clone(), old, number.to_lowercase(), format!("x{number}y")] {
            for key in ["operator", "case", "scenario", "subject"] {
                drop(self.ask("housing", &with(body.clone(), key, text.as_str())));
            }
            drop(self.ask("housing", &with(body.clone(), &text, 1)));
            drop(self.ask("housing", &with(body.clone(), "fields", json!([text]))));
            for broken in [
                format!("{{\"scenario\":\"{SCENARIO}\",\"subject\":\"{text}"),
                format!("{{\"{text}\" 1}}"),
                text.clone(),
            ] {
                let headers = [("content-type", "application/json")];
                drop(self.heard(caller.send(Method::POST, "/v1/queries", &headers, broken)));
            }
            for path in
                [format!("/v1/queries/{text}"), format!("/v1/queries?subject={text}"), format!("/v1/receipts/{text}")]
            {
                for http2 in [false, true] {
                    let request = request(Method::GET, &path, &[], "");
                    let reply = run(async {
                        let mut connection = if http2 { caller.http2().await? } else { caller.http1().await? };
                        connection.send(request).await
                    });
                    drop(self.heard(reply.unwrap()));
                }
            }
            let headers = [
                ("content-type", "application/json"),
                ("accept-language", &text),
                ("prefer", &text),
                ("idempotency-key", &text),
                ("user-agent", &text),
                ("x-subject", &text),
            ];
            drop(self.heard(caller.send(Method::POST, "/v1/queries", &headers, look_up(&number).to_string())));
            let headers = [("content-type", text.as_str())];
            drop(self.heard(caller.send(Method::POST, "/v1/queries", &headers, look_up(&number).to_string())));
            self.broken_off(&caller, &text);
            for (port, path) in [(3, format!("/{text}")), (4, format!("/{text}"))] {
                drop(self.heard(plain(folder.port_base() + port, "GET", &path)));
            }
            drop(self.heard(folder.caller("officer").at(folder.port_base() + 2).get(&format!("/log/{text}"))));
        }
    }

    /// Heads and bodies that hold a number and break off, or are no HTTP.
    fn broken_off(&self, caller: &Caller, text: &str) {
        let heads = [
            format!("POST /v1/queries HTTP/1.1\r\nHost: {text}\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
            format!("{text}\r\n\r\n"),
            format!("GET /{text}\nHost: x\n\n"),
        ];
        for head in heads {
            if let Some(answer) = caller.raw(head.as_bytes()).ok().filter(|answer| !answer.is_empty()) {
                drop(self.heard(parse_reply(&answer).0));
            }
        }
        run(async {
            let mut stream = caller.stream("http/1.1").await.unwrap();
            let head =
                "POST /v1/queries HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n";
            stream.write_all(format!("{head}{{\"subject\":\"{text}\"").as_bytes()).await.unwrap();
        });
    }

    fn changes(&self) {
        let config = self.folder().config();
        let config = config.to_str().unwrap();
        for arguments in [
            &["institution", "suspend", "supervisor", "--reason", "a drill"][..],
            &["institution", "resume", "supervisor"],
            &["keys", "rotate", "pseudonym"],
            &["keys", "rotate", "data"],
        ] {
            drop(gateway(&[arguments, &["--config", config]].concat()).held());
        }
        for number in self.folder().noted("clean").iter().take(3) {
            drop(self.ask("housing", &look_up(number)));
        }
        let officer = self.folder().caller("officer").at(self.folder().port_base() + 2);
        drop(self.heard(officer.get("/log/checkpoint")));
    }

    fn end(self) -> Mixed {
        let metrics = plain(self.folder().port_base() + 4, "GET", "/metrics").text();
        let (out, err) = (self.gateway.out().clone(), self.gateway.err().clone());
        let folder = self.gateway.stop();
        let mut numbers: Vec<String> = folder.persons().into_iter().map(|person| person.number).collect();
        let person = folder.person("grey-listed", 2);
        numbers.push(format!("{}{}", &person[..6], &person[8..17]));
        numbers.push(wrong_check(&folder.person("clean", 1)));
        let (traces, posted) = (self.collector.got(), self.collector.requests());
        Mixed {
            folder,
            out: out.all(),
            err: err.all(),
            metrics,
            traces,
            posted,
            replies: self.replies.into_inner().unwrap(),
            numbers,
        }
    }
}
