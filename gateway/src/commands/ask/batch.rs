//! A batch, asked until every line has its answer, over as many connections as it takes.

use std::{path::Path, time::Duration};

use http_body_util::BodyExt as _;
use hyper::{
    Response, StatusCode,
    body::{Bytes, Incoming},
    header,
};
use ring::digest::{SHA256, digest};

use super::{
    answers::{Answers, AnswersError, Head, Of},
    connection::Gateway,
    input::read,
    progress::Progress,
};
use crate::{
    commands::failure::Failure,
    terminal::{said, words},
};

/// Attempts in a row that bring no line, before it is given up.
const ATTEMPTS: u32 = 8;

/// As many where nothing ever answered at the address: a slip in it, or a gateway that is down, is no slow batch.
const ATTEMPTS_UNANSWERED: u32 = 5;

/// Between two attempts, doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest wait for a next line.
const STILL: Duration = Duration::from_secs(120);

/// The code of a line that is under way for another request.
const UNDER_WAY: &str = "idempotency-conflict";

/// Asks the lines of a file that have no answer yet.
pub(super) async fn ask(gateway: &Gateway, queries: &Path, out: &Path, is_json: bool) -> Result<(), Failure> {
    let (lines, count) = numbered(&read(queries)?);
    let mark: String = digest(&SHA256, &lines).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut progress = Progress::new(count, is_json);
    let of = Of { queries, digest: &mark, count };
    let mut answers =
        Answers::open(out, &of, |head| progress.line(head.status == 200)).map_err(AnswersError::failure)?;
    let (mut attempts, mut why, mut has_answered) = (0, String::new(), false);
    while answers.last < count {
        if attempts == if has_answered { ATTEMPTS } else { ATTEMPTS_UNANSWERED } {
            return Err(gave_up(why, answers.last, count));
        }
        if attempts > 0 {
            let pause = PAUSE * 2_u32.pow(attempts - 1);
            progress.waits(&why, pause);
            tokio::time::sleep(pause).await;
        }
        attempts += 1;
        let before = answers.last;
        let sent = gateway.batch(&answers.id, before, lines.clone()).await;
        has_answered |= sent.is_ok();
        match sent {
            Ok(response) if response.status() == StatusCode::OK => {
                why = receive(response, &mut answers, &mut progress).await?;
            }
            Ok(response) => why = refused(response).await?,
            Err(error) => why = error,
        }
        if answers.last > before {
            attempts = 0;
        }
    }
    answers.sync().map_err(AnswersError::failure)?;
    let refused = progress.refused;
    progress.end();
    match refused {
        0 => Ok(()),
        _ => Err(Failure::new(
            1,
            said(|| format!("有 {refused} 行被拒绝"), || format!("lines that were refused: {refused}")),
        )),
    }
}

/// Why nothing comes any more, and how to go on.
fn gave_up(why: String, last: usize, count: usize) -> Failure {
    let mut failure = Failure::unavailable(why);
    failure.lines.push(said(
        || format!("已有 {last}/{count} 行得到应答；再次执行同一命令即可续传"),
        || format!("{last} of {count} lines have their answers: run the same command again to go on"),
    ));
    failure
}

/// The lines with their numbers, where they have none; and how many there are.
fn numbered(text: &[u8]) -> (Bytes, usize) {
    let mut all = Vec::with_capacity(text.len() + text.len() / 4);
    let mut count = 0;
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        count += 1;
        match line.strip_prefix(b"{") {
            Some(rest) if !has_number(line) => {
                let comma = if rest.trim_ascii_start().starts_with(b"}") { "" } else { "," };
                all.extend_from_slice(format!("{{\"line\":{count}{comma}").as_bytes());
                all.extend_from_slice(rest);
            }
            Some(_) | None => all.extend_from_slice(line),
        }
        all.push(b'\n');
    }
    (all.into(), count)
}

fn has_number(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Line {
        line: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Line>(line).is_ok_and(|line| line.line.is_some())
}

/// Keeps the lines that come. Says why it ended before the last.
async fn receive(
    response: Response<Incoming>,
    answers: &mut Answers,
    progress: &mut Progress,
) -> Result<String, Failure> {
    let mut body = response.into_body();
    let mut rest = Vec::new();
    loop {
        let frame = match tokio::time::timeout(STILL, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Ok(error.to_string()),
            Ok(None) => return Ok(words("应答提前结束", "the answer ended early").to_owned()),
            Err(_) => return Ok(words("网关没有应答", "the gateway does not answer").to_owned()),
        };
        let Ok(data) = frame.into_data() else { continue };
        rest.extend_from_slice(&data);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let head = serde_json::from_slice::<Head>(&line).ok().filter(|head| head.line == answers.last + 1);
            let Some(head) = head else {
                return Ok(words("收到的不是下一行的应答", "what came is no answer to the next line").to_owned());
            };
            // Without a receipt nothing is on the record; and under this id the same line alone can be under way, as it was asked
            // for before: it is asked again.
            if head.receipt.is_none() || head.code.as_deref() == Some(UNDER_WAY) {
                return Ok(String::from_utf8_lossy(line.trim_ascii()).into_owned());
            }
            answers.add(&line).map_err(AnswersError::failure)?;
            progress.line(head.status == 200);
        }
    }
}

/// A batch that was refused: worth another attempt where it was for want of room or of a record.
async fn refused(response: Response<Incoming>) -> Result<String, Failure> {
    let (status, retry) = (response.status(), response.headers().get(header::RETRY_AFTER).is_some());
    let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body).into_owned();
    if retry || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Ok(text);
    }
    Err(Failure::new(1, text))
}
