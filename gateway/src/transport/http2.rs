//! HTTP/2 on one connection, by h2: hyper's server sends no 100 (Continue) over HTTP/2, answers a head that is too large
//! without a body and uncounted, and resets the stream of whoever is answered before the request is read.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use h2::{Reason, SendStream, server::SendResponse};
use http_body_util::{BodyExt as _, Either};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body as _, Bytes},
    header::{self, HeaderValue},
};
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
};

use super::{
    Body,
    body::discard,
    delayed_eof::DelayedEof,
    head::{expects_continue, look},
    http2_guard::{CloseReason, FrameBudget, Http2Guard},
    incoming::{Incoming, Source},
    lines::Lines,
    listener::ListenerConfig,
    turns::Line,
};

/// What a head may have before h2 refuses it without a word: far more than ours, so that we can.
const HEAD_BYTES: u32 = 128 * 1024;

/// Windows, of a stream and of a connection: what a caller may send before somebody reads it.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// A caller who was answered and still sends is let be for so long: a reset that comes with the answer makes clients
/// lose it.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection.
pub(super) async fn serve<I, S, T, E>(
    stream: I,
    door: &ListenerConfig,
    reason: CloseReason,
    line: &Line,
    service: S,
) -> Result<(), h2::Error>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Fn(Request<Incoming>) -> T,
    T: Future<Output = Result<Response<Body>, E>> + Send + 'static,
    E: Send + 'static,
{
    let patience = FrameBudget {
        idle: door.idle,
        // As long as head, body and answer may take over HTTP/1.1.
        stream: 3 * door.request,
        reason,
    };
    let stream = DelayedEof::new(Http2Guard::new(stream, patience));
    let mut connection = h2::server::Builder::new()
        .max_concurrent_streams(door.streams)
        .max_header_list_size(HEAD_BYTES)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake::<_, Bytes>(stream)
        .await?;
    let mut draining = pin!(door.drained());
    let mut is_draining = false;
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = draining.as_mut(), if !is_draining => {
                is_draining = true;
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted?;
        let (head, body, seen) = look(request, None);
        let expects = expects_continue(&head) && !body.is_end_stream();
        let (is_head, wanted) = (head.method == Method::HEAD, expects.then(Arc::<Notify>::default));
        let (body, unread) = Incoming::new(Source::Http2(body), seen, wanted.clone(), expects);
        let answer = service(Request::from_parts(head, body));
        let (time, clock) = (door.request, Arc::clone(&door.clock));
        let again = wanted.clone();
        let answer = async move {
            let response = answer.await?;
            Ok::<_, E>((response, discard(unread, again, time).await))
        };
        line.spawn(Exchange { respond, wanted, is_head, clock }.answer(answer));
    }
}

/// One request and its answer.
struct Exchange {
    respond: SendResponse<Bytes>,
    /// Told when the body is wanted, where the caller waits for that.
    wanted: Option<Arc<Notify>>,
    is_head: bool,
    clock: Arc<dyn Clock>,
}

impl Exchange {
    async fn answer<E>(mut self, answer: impl Future<Output = Result<(Response<Body>, Option<Source>), E>>) {
        let mut answer = pin!(answer);
        let answered = loop {
            tokio::select! {
                biased;
                answered = answer.as_mut() => break answered,
                // Whatever the reason is: the caller is gone.
                _ = poll_fn(|context| self.respond.poll_reset(context)) => return,
                () = is_wanted(self.wanted.as_deref()) => {
                    self.wanted = None;
                    let mut interim = Response::new(());
                    *interim.status_mut() = StatusCode::CONTINUE;
                    if self.respond.send_informational(interim).is_err() {
                        return;
                    }
                }
            }
        };
        let Ok((response, rest)) = answered else {
            return self.respond.send_reset(Reason::INTERNAL_ERROR);
        };
        if self.send(response).await.is_ok()
            && let Some(Source::Http2(mut rest)) = rest
        {
            // The window stays as it is, so that nothing much comes.
            let ended = async { while rest.data().await.is_some_and(|data| data.is_ok()) {} };
            drop(tokio::time::timeout(LINGER, ended).await);
        }
    }

    async fn send(&mut self, response: Response<Body>) -> Result<(), h2::Error> {
        let (mut head, body) = response.into_parts();
        let length = body.size_hint().exact();
        // A header of HTTP/1.1 alone (RFC 9113 §8.2.2).
        head.headers.remove(header::CONNECTION);
        if let Some(length) = length.filter(|length| *length > 0) {
            head.headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.clock.now());
        if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
            head.headers.entry(header::DATE).or_insert(date);
        }
        let is_empty = self.is_head || length == Some(0);
        let mut stream = self.respond.send_response(Response::from_parts(head, ()), is_empty)?;
        if is_empty {
            return Ok(());
        }
        match body {
            Either::Left(whole) => {
                let Ok(body) = whole.collect().await;
                stream.send_data(body.to_bytes(), true)
            }
            Either::Right(lines) => send_lines(stream, lines).await,
        }
    }
}

/// Sends lines as fast as the caller opens its window, and no faster: h2 would keep any number of them.
async fn send_lines(mut stream: SendStream<Bytes>, mut lines: Lines) -> Result<(), h2::Error> {
    while let Some(Ok(frame)) = lines.frame().await {
        let Ok(mut line) = frame.into_data() else { continue };
        while !line.is_empty() {
            stream.reserve_capacity(line.len());
            let Some(room) = poll_fn(|context| stream.poll_capacity(context)).await else { return Ok(()) };
            let room = room?.min(line.len());
            stream.send_data(line.split_to(room), false)?;
        }
    }
    stream.send_data(Bytes::new(), true)
}

/// Waits until somebody begins to read the body of a caller who waits for that; else for ever.
async fn is_wanted(wanted: Option<&Notify>) {
    match wanted {
        Some(wanted) => wanted.notified().await,
        None => std::future::pending().await,
    }
}
