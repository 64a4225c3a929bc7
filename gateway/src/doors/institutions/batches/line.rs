//! One line of a batch, as the journey reads and answers it.

use credit_policy::{Code, Language, consent::TokenId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::lines::Numbered;
use crate::{
    doors::{
        institutions::{
            query_body::{self, Line},
            reply::with_receipt,
        },
        problems::problem,
    },
    journey::{
        detail::Detail,
        exchange::{AnswerView, Ended, Exchange, Question, RepeatKey, RepeatWindow, Request},
        record::Recorded,
        refusal::Refusal,
    },
    stores::together::Seat,
};

/// A line.
pub(super) struct LineExchange {
    language: Language,
    /// Taken once.
    question: Option<Result<Question, Refusal>>,
    consent: Option<Zeroizing<String>>,
    /// Until it is looked up, or over.
    seat: Option<Seat>,
}

impl LineExchange {
    pub(super) fn new(lines: &Numbered, batch: Uuid, number: usize, language: Language, seat: Seat) -> Self {
        let (question, consent) = match read(lines, batch, number) {
            Ok((question, consent)) => (Ok(question), consent),
            Err(refusal) => (Err(refusal), None),
        };
        Self { language, question: Some(question), consent, seat: Some(seat) }
    }
}

/// Longest line: the body of a query, and a consent token.
const LINE_BYTES: usize = 32 * 1024;

fn read(lines: &Numbered, batch: Uuid, number: usize) -> Result<(Question, Option<Zeroizing<String>>), Refusal> {
    let bytes = lines.line(number);
    if bytes.len() > LINE_BYTES {
        return Err(Refusal::from(Code::PayloadTooLarge).with(Detail::BatchLineTooLarge));
    }
    let Line { number: said, mut question, consent } = query_body::line(bytes)?;
    if said != number {
        let refusal = Refusal::because(Code::MalformedRequest, "`line` is not the number of the line");
        return Err(refusal.with(Detail::BatchLineNumber));
    }
    // No header can be this key: it has spaces. The digest binds it to the other lines.
    let key = format!("batch {batch} {number}");
    let asked = Zeroizing::new([lines.digest(), bytes].concat());
    question.idempotency = Some(RepeatKey { key, question: asked, window: RepeatWindow::WhileKnown });
    Ok((question, consent))
}

impl Exchange for LineExchange {
    fn language(&self) -> Language {
        self.language
    }

    fn wants_proof(&self) -> bool {
        false
    }

    async fn request(&mut self) -> Result<Request, Refusal> {
        let question = self.question.take();
        question.unwrap_or_else(|| Err(Code::InternalError.into())).map(Request::Query)
    }

    fn consent(&self) -> Result<&str, Refusal> {
        let consent = self.consent.as_ref().map(|consent| consent.as_str());
        consent.ok_or_else(|| Refusal::from(Code::ConsentRequired).with(Detail::BatchConsent))
    }

    fn seat(&mut self) -> Option<Seat> {
        self.seat.take()
    }

    async fn ended(&mut self) -> Ended {
        self.seat = None;
        Ended::Complete
    }

    fn answer(&self, answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(answer)
    }

    fn problem(&self, refusal: &Refusal, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        problem(refusal, self.language, query)
    }

    fn withdrawn(&self, query: Uuid, _: &TokenId) -> Result<Vec<u8>, serde_json::Error> {
        problem(&Code::InternalError.into(), self.language, query)
    }
}

/// The line of what was recorded.
pub(super) fn answered(number: usize, recorded: Recorded, origin: &str) -> Vec<u8> {
    let (body, refusal, receipt) = recorded.into_parts();
    let body = with_receipt(body, origin, &receipt);
    match refusal {
        None => numbered(&format!("{{\"line\":{number},\"status\":200,"), &body),
        Some(_) => unanswered(number, &body),
    }
}

/// The line of a problem document.
pub(super) fn unanswered(number: usize, problem: &[u8]) -> Vec<u8> {
    numbered(&format!("{{\"line\":{number},"), problem)
}

/// Both are objects that this program wrote: the first byte of the body is its opening brace.
fn numbered(begin: &str, body: &[u8]) -> Vec<u8> {
    let rest = body.strip_prefix(b"{").unwrap_or(body);
    [begin.as_bytes(), rest, b"\n"].concat()
}
