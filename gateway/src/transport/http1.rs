//! HTTP/1.1 and 1.0 on one connection, by hyper.

use std::{sync::Arc, time::Duration};

use hyper::{
    Request, Response,
    header::{self, HeaderValue},
    server::conn::http1::Builder,
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use super::{
    Body,
    alarm::Alarm,
    body::discard,
    head::{expects_continue, look},
    http1_guard::GuardHandle,
    incoming::{Incoming, Source},
    listener::ListenerConfig,
    resting::{Doing, HeadTimer, REST, Resting, until_rest},
};

/// Request head: bytes and lines; behind a gate its bounds are narrower.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 72;

/// Serves a connection; `wait` is the time until the head of a request must be there, by the connection's own `alarm`.
pub(super) async fn serve<I, S, T, E>(
    stream: I,
    door: &ListenerConfig,
    (wait, alarm): (Duration, Alarm),
    gate: Option<Arc<GuardHandle>>,
    service: S,
) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Fn(Request<Incoming>) -> T,
    T: Future<Output = Result<Response<Body>, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (time, rests) = (door.request, gate.is_some());
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (head, body, seen) = look(request, gate.as_ref());
        let waits = expects_continue(&head);
        let (body, unread) = Incoming::new(Source::Http1(body), seen, None, waits);
        let answer = service(Request::from_parts(head, body));
        async move {
            let response = answer.await?;
            drop(discard(unread, None, time).await);
            Ok::<_, E>(last_where(&door.draining, response))
        }
    });
    run((stream, service), (wait, alarm), rests.then_some(door.idle), || door.drained()).await
}

/// Says of an answer that the connection ends with it, where the gateway drains: its caller would else ask on a connection that is
/// being closed.
fn last_where(draining: &watch::Receiver<bool>, mut response: Response<Body>) -> Response<Body> {
    if *draining.borrow() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Serves one request after the other; a connection that is to rest between them is idle for so long at most.
async fn run<I, S, D>(
    (stream, mut service): (I, S),
    (mut wait, alarm): (Duration, Alarm),
    idle: Option<Duration>,
    drained: impl Fn() -> D,
) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<hyper::body::Incoming, ResBody = Body>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    D: Future<Output = ()>,
{
    let doing = Doing::default();
    let mut stream = Resting::new(stream, doing.clone());
    loop {
        let mut connection = Builder::new()
            .timer(HeadTimer::new(alarm.clone(), doing.clone()))
            .header_read_timeout(wait)
            .max_headers(HEAD_LINES)
            .max_buf_size(HEAD_BYTES)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        let ended = tokio::select! {
            ended = until_rest(&mut connection, &alarm, &doing, idle.is_some()) => ended,
            () = drained() => {
                Pin::new(&mut connection).graceful_shutdown();
                return connection.await;
            }
        };
        if let Some(ended) = ended {
            return ended;
        }
        let parts = connection.into_parts();
        (stream, service) = (parts.io.into_inner(), parts.service);
        stream.put_back(parts.read_buf);
        let idle = idle.unwrap_or_default();
        tokio::select! {
            () = stream.first_byte() => {}
            // As where it never asked: its time is over.
            () = tokio::time::sleep(idle.saturating_sub(REST)) => wait = Duration::from_millis(1),
            () = drained() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;
    use crate::transport::whole;

    const LENGTH: usize = 5_000;
    const IDLE: Duration = Duration::from_secs(60);

    /// The caller's end of a connection that answers every request with so many bytes.
    fn served(may_hold: usize, drained: tokio::sync::watch::Receiver<bool>) -> DuplexStream {
        let (caller, stream) = duplex(may_hold);
        let answer =
            |_: Request<hyper::body::Incoming>| async { Ok::<_, Infallible>(Response::new(whole(vec![b'x'; LENGTH]))) };
        tokio::spawn(async move {
            let drained = || {
                let mut drained = drained.clone();
                async move { drop(drained.wait_for(|drained| *drained).await) }
            };
            drop(run((stream, service_fn(answer)), (IDLE, Alarm::default()), Some(IDLE), drained).await);
        });
        caller
    }

    async fn answer(caller: &mut DuplexStream) {
        answer_of(caller).await;
    }

    /// Reads one answer; gives its head.
    async fn answer_of(caller: &mut DuplexStream) -> String {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(caller.read_u8().await.unwrap());
        }
        assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"));
        let mut body = vec![0; LENGTH];
        caller.read_exact(&mut body).await.unwrap();
        assert!(body.iter().all(|byte| *byte == b'x'));
        String::from_utf8(read).unwrap()
    }

    async fn rest(times: u32) {
        tokio::time::sleep(REST * times + Duration::from_millis(100)).await;
    }

    const ASKED: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn whoever_rests_is_answered_again_and_closed_when_its_time_is_over() {
        let (_open, drained) = tokio::sync::watch::channel(false);
        let mut caller = served(64 * 1024, drained);
        for times in [1, 3, 0] {
            caller.write_all(ASKED).await.unwrap();
            answer(&mut caller).await;
            rest(times).await;
        }
        let since = Instant::now();
        assert_eq!(caller.read(&mut [0]).await.unwrap(), 0);
        let closed = since.elapsed();
        assert!((IDLE - REST..=IDLE + REST).contains(&closed), "{closed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_half_said_before_a_rest_is_not_forgotten() {
        let (_open, drained) = tokio::sync::watch::channel(false);
        let mut caller = served(64 * 1024, drained);
        for at in [1, 10, ASKED.len() - 1] {
            // The first half of the second request comes with the first one.
            let (begin, end) = ASKED.split_at(at);
            caller.write_all(&[ASKED, begin].concat()).await.unwrap();
            answer(&mut caller).await;
            rest(2).await;
            caller.write_all(end).await.unwrap();
            answer(&mut caller).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_is_whole() {
        let (_open, drained) = tokio::sync::watch::channel(false);
        // All but the last bytes are held back where the caller reads nothing.
        for may_hold in [64, LENGTH, LENGTH + 60] {
            let mut caller = served(may_hold, drained.clone());
            for _ in 0..2 {
                caller.write_all(ASKED).await.unwrap();
                rest(3).await;
                answer(&mut caller).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_rests_is_closed_when_the_gateway_drains() {
        let (drain, drained) = tokio::sync::watch::channel(false);
        let mut caller = served(64 * 1024, drained);
        caller.write_all(ASKED).await.unwrap();
        answer(&mut caller).await;
        rest(1).await;
        drain.send(true).unwrap();
        let since = Instant::now();
        assert_eq!(caller.read(&mut [0]).await.unwrap(), 0);
        assert!(since.elapsed() < REST);
    }

    #[tokio::test]
    async fn an_answer_after_the_drain_began_says_that_it_is_the_last() {
        let (mut caller, stream) = duplex(64 * 1024);
        let (drain, draining) = watch::channel(false);
        let answer = |request: Request<hyper::body::Incoming>| {
            // Between the answer and the end of the connection nothing else need happen.
            drain.send(request.uri().path() == "/last").unwrap();
            let response = last_where(&draining, Response::new(whole(vec![b'x'; LENGTH])));
            async { Ok::<_, Infallible>(response) }
        };
        let asked = async {
            let mut both = Vec::new();
            for path in ["/", "/last"] {
                let ask = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
                caller.write_all(ask.as_bytes()).await.unwrap();
                both.push(answer_of(&mut caller).await.contains("connection: close\r\n"));
            }
            assert_eq!(caller.read(&mut [0]).await.unwrap(), 0);
            both
        };
        let served = run((stream, service_fn(answer)), (IDLE, Alarm::default()), Some(IDLE), std::future::pending);
        let (ended, both) = tokio::join!(served, asked);
        ended.unwrap();
        assert_eq!(both, [false, true]);
    }

    /// Connections in a wave.
    const MANY: usize = 1_000;

    /// Memory of this process that is no part of a file, in KiB.
    fn own_kib() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    async fn wave(drained: &tokio::sync::watch::Receiver<bool>, count: usize) -> Vec<DuplexStream> {
        let mut all = Vec::new();
        for _ in 0..count {
            let mut caller = served(512, drained.clone());
            caller.write_all(ASKED).await.unwrap();
            answer(&mut caller).await;
            all.push(caller);
        }
        all
    }

    #[test]
    fn what_a_connection_gives_back_is_there_for_others() {
        const ALONE: &str = "CREDIT_TESTS_ALONE";
        if std::env::var_os(ALONE).is_none() {
            // In a process of its own: other tests take memory too.
            let name = format!("{}::what_a_connection_gives_back_is_there_for_others", module_path!());
            let name = name.split_once("::").unwrap().1;
            let own = std::env::current_exe().unwrap();
            let mut alone = std::process::Command::new(own);
            let done = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
            let said = String::from_utf8_lossy(&done.stdout);
            assert!(
                done.status.success() && said.contains("1 passed"),
                "{said}{}",
                String::from_utf8_lossy(&done.stderr)
            );
            return;
        }
        let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        paused.block_on(async {
            let (_open, drained) = tokio::sync::watch::channel(false);
            // The first of all takes what every process takes once.
            let mut waves = vec![wave(&drained, 1).await];
            let mut took = Vec::new();
            for _ in 0..2 {
                let before = own_kib();
                waves.push(wave(&drained, MANY).await);
                took.push((own_kib() - before) / MANY);
                rest(1).await;
            }
            // The buffers of the second wave are those that the first one had: two of 8 KiB, and not all of them was written on.
            assert!(took[1] + 5 <= took[0], "a connection took {took:?} KiB");
        });
    }
}
