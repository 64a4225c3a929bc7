//! `credit-audit witness`: the witness's keys, its folder and its listener.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use credit_audit::clock::{Clock as _, SystemClock};
use credit_audit::cosigner::Cosigner;
use credit_audit::verify::CheckError;
use credit_audit::witness::{MAX_REQUEST_BYTES, StateError, Verdict, Witness};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::arguments::WitnessArguments;
use super::stop::{Stop, read, read_key};
use super::words::Language;

/// Connections at a time; those beyond wait to be accepted.
const CONNECTIONS: usize = 128;

/// How long a head, a body and an idle connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until it is ended; gives what is to be printed where it only shows its keys.
pub(super) fn run(arguments: &WitnessArguments, language: Language) -> Result<String, Stop> {
    let mut cosigners = Vec::new();
    for file in &arguments.key {
        let cosigner = Cosigner::from_pem(&arguments.name, &read(file)?);
        cosigners.push(cosigner.map_err(|error| {
            Stop::Usage(format!("`{}`{}{}", file.display(), language.colon(), language.fault(&error.to_string())))
        })?);
    }
    let keys: String = cosigners.iter().map(|cosigner| format!("{}\n", cosigner.key())).collect();
    let Some(folder) = arguments.state.as_deref().filter(|_| !arguments.print_keys) else { return Ok(keys) };
    let logs = arguments.log.iter().map(|file| read_key(file, language)).collect::<Result<Vec<_>, _>>()?;
    let witness = Witness::open(folder, arguments.new, cosigners, logs).map_err(|error| state(&error, language))?;
    let unavailable = |error: std::io::Error| {
        Stop::Check(CheckError::Unavailable { what: arguments.listen.to_string(), why: error.to_string() })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await.map_err(unavailable)?;
        say(&format!("{keys}{}", language.witness_serves(listener.local_addr().map_err(unavailable)?)));
        serve(&listener, Arc::new(witness)).await
    })
}

fn state(error: &StateError, language: Language) -> Stop {
    match error {
        StateError::NotNew(_) | StateError::Missing(_) | StateError::InUse(_) => {
            Stop::Usage(language.fault(&error.to_string()))
        }
        StateError::Damaged { file, .. } | StateError::Io { file, .. } => {
            CheckError::Unavailable { what: file.display().to_string(), why: error.to_string() }.into()
        }
    }
}

/// A line for whoever watches the process, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Who does not read it has the folder and the answers.
    drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
}

async fn serve<T>(listener: &TcpListener, witness: Arc<Witness>) -> Result<T, Stop> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                drop(tokio::spawn(connection(stream, Arc::clone(&witness), place.ok())));
            }
            // Out of descriptors, for example: what is open ends within the bounds above.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(stream: TcpStream, witness: Arc<Witness>, _place: Option<OwnedSemaphorePermit>) {
    let service = service_fn(move |request| {
        let witness = Arc::clone(&witness);
        async move { Ok::<_, Infallible>(answer(request, &witness).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(16 * 1024);
    // A broken connection is its caller's matter.
    drop(builder.serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(request: Request<Incoming>, witness: &Witness) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == "/add-checkpoint" {
        return match parts.method {
            Method::POST => submitted(body, witness).await,
            _ => method_not_allowed("POST"),
        };
    }
    let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
    match (hash, parts.method) {
        (Some(hash), Method::GET | Method::HEAD) => match witness.latest(hash) {
            Some(note) => text(StatusCode::OK, note),
            None => text(StatusCode::NOT_FOUND, "nothing was cosigned for this log\n".to_owned()),
        },
        (Some(_), _) => method_not_allowed("GET, HEAD"),
        (None, _) => text(StatusCode::NOT_FOUND, "there is /add-checkpoint and /<origin hash>/checkpoint\n".to_owned()),
    }
}

async fn submitted(body: Incoming, witness: &Witness) -> Response<Full<Bytes>> {
    let body = match tokio::time::timeout(PATIENCE, Limited::new(body, MAX_REQUEST_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return text(
                StatusCode::BAD_REQUEST,
                format!("the body is above {MAX_REQUEST_BYTES} bytes, or broke off\n"),
            );
        }
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 seconds\n".to_owned()),
    };
    let now = u64::try_from(SystemClock::new().now().as_second()).unwrap_or_default();
    match witness.add_checkpoint(&body, now) {
        Ok(Verdict::Cosigned(lines)) => text(StatusCode::OK, lines),
        Ok(Verdict::Malformed(why)) => text(StatusCode::BAD_REQUEST, format!("{why}\n")),
        Ok(Verdict::NotSigned) => {
            text(StatusCode::FORBIDDEN, "no valid signature of a trusted key of this log\n".to_owned())
        }
        Ok(Verdict::UnknownLog) => text(StatusCode::NOT_FOUND, "this log is not watched here\n".to_owned()),
        Ok(Verdict::OtherSize(size)) => {
            let mut response = text(StatusCode::CONFLICT, format!("{size}\n"));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
            response
        }
        Ok(Verdict::Inconsistent(why)) => {
            complain(&why.to_string());
            text(StatusCode::UNPROCESSABLE_ENTITY, format!("{why}\n"))
        }
        Err(error) => {
            complain(&error.to_string());
            text(StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot write its state\n".to_owned())
        }
    }
}

/// What the operator of the witness should know.
fn complain(why: &str) {
    let line = format!("credit-audit: {}\n", super::escape::escaped(why));
    drop(std::io::stderr().lock().write_all(line.as_bytes()));
}

fn method_not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("use {allowed}\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
