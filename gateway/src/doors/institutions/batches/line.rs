//! One line of a batch, as the journey reads and answers it.

use credit_policy::{Code, Language, consent::TokenId};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::lines::Numbered;
use crate::{
    doors::{
        institutions::{
            query_body::{self, Line},
            reply::{rendered, with_receipt},
        },
        problems::{problem, problem_about},
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
        rendered(answer)
    }

    fn problem(&self, refusal: &Refusal, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        // What a line repeats is known by the batch: no key was sent.
        let detail = match refusal.code {
            Code::IdempotencyConflict => Some(Detail::BatchConflict),
            Code::AnswerChanged => Some(Detail::BatchAnswerChanged),
            _ => refusal.told(),
        };
        problem_about(refusal, detail, self.language, query)
    }

    fn withdrawn(&self, query: Uuid, _: &TokenId) -> Result<Vec<u8>, serde_json::Error> {
        problem(&Code::InternalError.into(), self.language, query)
    }
}

/// What a line is answered with.
pub(super) struct LineAnswer {
    /// A problem document says itself which status it has.
    is_answer: bool,
    body: Vec<u8>,
}

impl LineAnswer {
    /// Of what was recorded.
    pub(super) fn of(recorded: Recorded, origin: &str) -> Self {
        let (body, refusal, receipt) = recorded.into_parts();
        Self { is_answer: refusal.is_none(), body: with_receipt(body, origin, &receipt) }
    }

    /// A problem document.
    pub(super) fn problem(body: Vec<u8>) -> Self {
        Self { is_answer: false, body }
    }

    /// Writes the line of that number behind others.
    pub(super) fn write(&self, number: usize, text: &mut Vec<u8>) {
        let status = if self.is_answer { "\"status\":200," } else { "" };
        // It is an object that this program wrote: its first byte is its opening brace.
        let rest = self.body.strip_prefix(b"{").unwrap_or(&self.body);
        for part in [format!("{{\"line\":{number},{status}").as_bytes(), rest, b"\n"] {
            text.extend_from_slice(part);
        }
    }
}
