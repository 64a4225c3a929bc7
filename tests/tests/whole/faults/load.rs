//! Callers who ask at once, over HTTP/1.1 and HTTP/2, and what they hold in the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use credit_tests::{Caller, Connection, Folder, Reply, checked, request, run};
use hyper::{Method, Request, body::Bytes};
use serde_json::json;
use tokio::task::JoinSet;

use super::{query, within};

/// Connections of each protocol.
const EACH: u32 = 3;
/// Bounds of one connection.
const MOST: u32 = 3_000;
const TIME: Duration = Duration::from_secs(60);

/// Queries under way in a thread of their own.
pub(super) struct Load {
    signs: Arc<Signs>,
    thread: JoinHandle<Outcome>,
}

#[derive(Default)]
struct Signs {
    stop: AtomicBool,
    answers: AtomicU32,
}

/// What came of a load.
#[derive(Default)]
pub(super) struct Outcome {
    /// Replies, in no order.
    pub(super) replies: Vec<Timed>,
    /// Requests that were sent, perhaps, and got no reply.
    pub(super) unanswered: u32,
}

/// A reply, and when its request was begun.
pub(super) struct Timed {
    pub(super) began: Instant,
    pub(super) reply: Reply,
}

impl Outcome {
    /// The replies that must be on the record; the others must be the fixed body of `but_for`.
    #[track_caller]
    pub(super) fn recorded(self, but_for: &str) -> Vec<Reply> {
        let (held, fixed): (Vec<_>, Vec<_>) =
            self.replies.into_iter().map(|timed| timed.reply).partition(|reply| reply.json().get("receipt").is_some());
        for reply in fixed {
            checked::fixed(&reply, 503, but_for);
        }
        held
    }
}

impl Load {
    /// Asks as the housing department until it is stopped or its connections end. `name` makes cases unique.
    pub(super) fn start(folder: &Folder, name: &str) -> Self {
        let (caller, numbers) = (folder.caller("housing"), folder.noted("clean"));
        let signs = Arc::new(Signs::default());
        let (shared, name) = (Arc::clone(&signs), name.to_owned());
        let thread = std::thread::spawn(move || {
            run(async {
                let mut connections = JoinSet::new();
                for nr in 0..2 * EACH {
                    let asks =
                        Asks { name: format!("{name}-{nr}"), numbers: numbers.clone(), signs: Arc::clone(&shared) };
                    connections.spawn(asks.over(caller.clone(), nr % 2 == 0));
                }
                connections.join_all().await.into_iter().fold(Outcome::default(), |mut all, one| {
                    all.replies.extend(one.replies);
                    all.unanswered += one.unanswered;
                    all
                })
            })
        });
        Self { signs, thread }
    }

    /// Waits until so many more replies came than are here now.
    #[track_caller]
    pub(super) fn goes_on(&self, more: u32) {
        let answers = || self.signs.answers.load(Ordering::SeqCst);
        let wanted = answers() + more;
        assert!(within(Duration::from_secs(20), || answers() >= wanted), "{} of {wanted} replies", answers());
    }

    /// Waits until the load ended by itself, stopping it after a while.
    pub(super) fn end(self) -> Outcome {
        within(Duration::from_secs(20), || self.thread.is_finished());
        self.stop()
    }

    /// Stops asking; gives what came of it.
    pub(super) fn stop(self) -> Outcome {
        self.signs.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("the load does not panic")
    }
}

/// What one connection asks.
struct Asks {
    name: String,
    numbers: Vec<String>,
    signs: Arc<Signs>,
}

impl Asks {
    async fn over(self, caller: Caller, http2: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let connected = if http2 { caller.http2().await } else { caller.http1().await };
        // Killed before it could shake hands: nothing was asked.
        let Ok(mut connection) = connected else { return outcome };
        self.ask(&mut connection, &mut outcome).await;
        outcome
    }

    async fn ask(&self, connection: &mut Connection, outcome: &mut Outcome) {
        let until = Instant::now() + TIME;
        for nr in 0..MOST {
            if self.signs.stop.load(Ordering::SeqCst) || Instant::now() > until {
                return;
            }
            let began = Instant::now();
            match connection.send(self.request(nr)).await {
                Ok(reply) => {
                    outcome.replies.push(Timed { began, reply });
                    self.signs.answers.fetch_add(1, Ordering::SeqCst);
                }
                Err(_) => {
                    outcome.unanswered += 1;
                    return;
                }
            }
        }
    }

    /// Answers and refusals in turn, some of each with the whole proof.
    fn request(&self, nr: u32) -> Request<http_body_util::Full<Bytes>> {
        let number = &self.numbers[nr as usize % self.numbers.len()];
        let case = format!("{}-{nr}", self.name);
        let mut body = query(number, "staff-0017", &case);
        let mut path = "/v1/queries";
        match nr % 8 {
            3 => body["scenario"] = json!("curiosity"),
            5 => body["subject"] = json!(format!("{}1234", &number[..14])),
            6 => path = "/v1/nothing",
            7 => drop(body.as_object_mut().and_then(|body| body.remove("case"))),
            _ => {}
        }
        let mut headers = vec![("content-type", "application/json")];
        if nr % 4 == 1 {
            headers.push(("prefer", "receipt=proof"));
        }
        request(Method::POST, path, &headers, body.to_string())
    }
}
