//! Callers that cost little: bytes that are ready, over connections that are open, on one thread.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use credit_tests::{Broken, Caller, request, run};
use hyper::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::client::TlsStream;

use crate::{
    figures::Round,
    servers::{Side, Times},
};

struct Line {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(caller: &Caller) -> Result<Self, Broken> {
        let stream = caller.stream("http/1.1").await?;
        Ok(Self { stream, buffer: vec![0; 32 * 1024] })
    }

    /// Sends a request, reads its answer. Anything but 200 ends the run: what is refused costs less.
    async fn ask(&mut self, request: &[u8]) -> Result<(), Broken> {
        self.stream.write_all(request).await?;
        let mut read = 0;
        loop {
            let got = self.stream.read(&mut self.buffer[read..]).await?;
            read += got;
            let so_far = &self.buffer[..read];
            if whole_length(so_far).is_some_and(|length| length <= read) {
                let ok = so_far.starts_with(b"HTTP/1.1 200 ");
                return ok.then_some(()).ok_or_else(|| String::from_utf8_lossy(so_far).into_owned().into());
            }
            if got == 0 {
                return Err("closed before the answer".into());
            }
        }
    }
}

/// Head and body, once the head is there.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    })?;
    Some(head + length)
}

async fn open(side: &Side, connections: usize, requests: &[Vec<u8>]) -> Vec<Line> {
    let consents = requests.first().is_some_and(|first| first.windows(7).any(|seven| seven == b"Bearer "));
    let mut lines = Vec::new();
    for nr in 0..connections {
        let caller = &side.callers[nr % side.callers.len()][usize::from(consents)];
        lines.push(Line::open(caller).await.expect("a connection"));
    }
    lines
}

/// Each connection asks once it has its answer.
pub(crate) fn one_after_the_other(side: &Side, connections: usize, requests: Vec<Vec<u8>>) -> Round {
    run(async {
        let lines = open(side, connections, &requests).await;
        let count = requests.len();
        let requests = Arc::new(Mutex::new(requests.into_iter()));
        let (rest, before, began) = (side.idle(), side.cpu(), Instant::now());
        let mut all = JoinSet::new();
        for mut line in lines {
            let requests = Arc::clone(&requests);
            all.spawn(async move {
                let mut times = Vec::new();
                loop {
                    let Some(request) = requests.lock().expect("no panic").next() else { return times };
                    let asked = Instant::now();
                    line.ask(&request).await.expect("an answer");
                    times.push(asked.elapsed());
                }
            });
        }
        let times = all.join_all().await.concat();
        round(side, count, (rest, before, began), times)
    })
}

/// So many a second, whether or not earlier ones are answered; a request waits where all connections are busy.
pub(crate) fn at_a_rate(side: &Side, connections: usize, rate: u32, requests: Vec<Vec<u8>>) -> Round {
    run(async {
        let idle = Arc::new(tokio::sync::Mutex::new(open(side, connections, &requests).await));
        let count = requests.len();
        let (rest, before, began) = (side.idle(), side.cpu(), Instant::now());
        let places = Arc::new(tokio::sync::Semaphore::new(connections));
        let mut all = JoinSet::new();
        for (nr, request) in (0..).zip(requests) {
            let due = began + Duration::from_secs(1) * nr / rate;
            tokio::time::sleep_until(due.into()).await;
            let (idle, places) = (Arc::clone(&idle), Arc::clone(&places));
            all.spawn(async move {
                let _place = places.acquire().await.expect("never closed");
                let mut line = idle.lock().await.pop().expect("as many as places");
                line.ask(&request).await.expect("an answer");
                idle.lock().await.push(line);
                due.elapsed()
            });
        }
        let times = all.join_all().await;
        round(side, count, (rest, before, began), times)
    })
}

/// Opens connections, has one query answered on each, and gives what `look` finds while all of them are idle.
pub(crate) fn idle<T>(side: &Side, requests: Vec<Vec<u8>>, look: impl FnOnce() -> T) -> T {
    run(async {
        let mut held = Vec::new();
        for request in requests {
            let mut line = Line::open(&side.callers[0][0]).await.expect("a connection");
            line.ask(&request).await.expect("an answer");
            line.buffer = Vec::new();
            held.push(line);
        }
        look()
    })
}

/// Connections that are opened and closed, eight at once.
pub(crate) fn handshakes(side: &Side, count: usize) -> Round {
    run(async {
        let (rest, before, began) = (side.idle(), side.cpu(), Instant::now());
        let mut times = Vec::new();
        for _ in 0..count / 8 {
            let eight = (0..8).map(|_| {
                let caller = side.callers[0][0].clone();
                async move {
                    let began = Instant::now();
                    let mut stream = caller.stream("http/1.1").await.expect("a connection");
                    drop(stream.shutdown().await);
                    began.elapsed()
                }
            });
            times.extend(eight.collect::<JoinSet<_>>().join_all().await);
        }
        round(side, count, (rest, before, began), times)
    })
}

/// One batch.
pub(crate) fn batch(side: &Side, lines: String, count: usize) -> Round {
    run(async {
        let mut connection = side.callers[0][0].http1().await.expect("a connection");
        let id = uuid::Uuid::now_v7().to_string();
        let headers = [("content-type", "application/x-ndjson"), ("batch-id", &id)];
        let (rest, before, began) = (side.idle(), side.cpu(), Instant::now());
        let reply = connection.send(request(Method::POST, "/v1/batches", &headers, lines)).await.expect("answers");
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let text = reply.text();
        let answered = text.lines().filter(|line| line.contains("\"status\":200,")).count();
        assert_eq!(answered, count, "{}", text.lines().last().unwrap_or_default());
        round(side, count, (rest, before, began), vec![began.elapsed()])
    })
}

fn round(
    side: &Side,
    requests: usize,
    (rest, before, began): (Times, Times, Instant),
    mut times: Vec<Duration>,
) -> Round {
    times.sort_unstable();
    let wall = began.elapsed();
    let taken = side.cpu_at_rest(&rest).since(&before);
    Round { side: side.name, requests, cpu: taken.all(), others: taken.others, wall, times }
}
