//! HTTP/1.1 and 1.0 on one connection, by hyper.

use std::{sync::Arc, time::Duration};

use hyper::{Request, Response, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Body,
    alarm::Alarm,
    body::discard,
    head::{expects_continue, look},
    http1_guard::GuardHandle,
    incoming::{Incoming, Source},
    listener::ListenerConfig,
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
    let time = door.request;
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (head, body, seen) = look(request, gate.as_ref());
        let waits = expects_continue(&head);
        let (body, unread) = Incoming::new(Source::Http1(body), seen, None, waits);
        let answer = service(Request::from_parts(head, body));
        async move {
            let response = answer.await?;
            drop(discard(unread, None, time).await);
            Ok::<_, E>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(alarm)
        .header_read_timeout(wait)
        .max_headers(HEAD_LINES)
        .max_buf_size(HEAD_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = door.drained() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
