//! What a person asks and is answered, as the journey reads and writes it: the whole of the self-query, as JSON. A page is
//! made of the recorded JSON afterwards, so that both say the same.

use credit_policy::{Code, Language, consent::TokenId};
use serde::ser::Error;
use uuid::Uuid;

use super::reasons::no_report;
use crate::{
    doors::problems::problem_said,
    journey::{
        exchange::{AnswerView, Ended, Exchange, Question, Request},
        refusal::Refusal,
    },
};

/// The scenario on which a person sees what there is of himself or herself (PIPL art. 45).
const SELF_QUERY: &str = "self-query";

/// One self-query.
pub(super) struct OwnReport(pub(super) Language);

impl Exchange for OwnReport {
    fn language(&self) -> Language {
        self.0
    }

    fn wants_proof(&self) -> bool {
        false
    }

    async fn request(&mut self) -> Result<Request, Refusal> {
        // The person is the one who logged in, whatever else is said.
        Ok(Request::Query(Question::of_door(SELF_QUERY)))
    }

    fn consent(&self) -> Result<&str, Refusal> {
        Err(Code::ConsentRequired.into())
    }

    async fn ended(&mut self) -> Ended {
        Ended::Complete
    }

    fn answer(&self, answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(answer)
    }

    fn problem(&self, refusal: &Refusal, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        // The person's own words; a detail is about members that no person sends.
        problem_said(refusal, &no_report(refusal.code, self.0), None, query)
    }

    fn withdrawn(&self, _: Uuid, _: &TokenId) -> Result<Vec<u8>, serde_json::Error> {
        Err(serde_json::Error::custom("no withdrawal is asked for here"))
    }
}
