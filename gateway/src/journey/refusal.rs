//! The wire contract of refusals: every code, its status and its sentence in two languages, in one table.
//!
//! A refusal is `application/problem+json` (RFC 9457). It tells the caller what to mend and nothing about the person;
//! the cause, where there is more to say, goes to the operator's log and not here.

use credit_policy::{Code, Language, RuleId, consent::Bound};
use hyper::StatusCode;

use crate::callers::limits::Reached;

/// The language of sentences that `Accept-Language` asks for (RFC 9110 §12.5.4): of those that we have, the one of the
/// highest weight, else Chinese.
#[must_use]
pub fn accepted(header: Option<&str>) -> Language {
    let mut best = (Language::Zh, 0.0_f32);
    for range in header.unwrap_or_default().split(',') {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        let language = match tag.split('-').next() {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            Some(_) | None => continue,
        };
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// A refusal: what a stage returns instead of its proof. Small; the wire form is made from [`Refusal::code`] alone.
#[derive(Debug)]
#[must_use]
pub struct Refusal {
    /// The code on the wire and in the leaf.
    pub code: Code,
    /// The rules that refused, where rules did.
    pub rules: Vec<RuleId>,
    /// With `consent-exceeds-bound`, which bound.
    pub bound: Option<Bound>,
    /// Seconds after which a retry makes sense (`Retry-After`).
    pub retry_after_s: Option<u64>,
    /// The limit that was hit: its size and what is left of it (`RateLimit-*`).
    pub limit: Option<u32>,
    /// With `method-not-allowed`, the methods that the path takes (`Allow`).
    pub allow: Option<&'static str>,
    /// Whether the connection is closed after it: where its messages end is in doubt.
    pub closes: bool,
    /// For the operator: what happened, without anything personal.
    pub cause: Option<String>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self {
            code,
            rules: Vec::new(),
            bound: None,
            retry_after_s: None,
            limit: None,
            allow: None,
            closes: false,
            cause: None,
        }
    }
}

impl Refusal {
    /// A refusal with its cause for the operator.
    pub fn because(code: Code, cause: impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::from(code) }
    }

    /// A refusal of the method, at a path that takes another.
    pub fn method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::from(Code::MethodNotAllowed) }
    }

    /// A refusal by a limit: its size, and when to come again.
    pub fn limited(code: Code, Reached { limit, retry_after_s }: Reached) -> Self {
        Self { limit: Some(limit), retry_after_s: Some(retry_after_s), ..Self::from(code) }
    }
}

/// The status of a code.
#[must_use]
pub fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The public sentence of a code.
#[must_use]
pub fn title(code: Code, language: Language) -> &'static str {
    match language {
        Language::Zh => code.chinese(),
        Language::En => code.english(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_of_the_highest_weight_that_we_have() {
        for (header, language) in [
            (None, Language::Zh),
            (Some(""), Language::Zh),
            (Some("fr"), Language::Zh),
            (Some("*"), Language::Zh),
            (Some("en"), Language::En),
            (Some("en-GB,en;q=0.9"), Language::En),
            (Some("zh-CN,en;q=0.9"), Language::Zh),
            (Some("fr, zh;q=0.2, en;q=0.7"), Language::En),
            (Some("en;q=0"), Language::Zh),
            (Some("en;q=nonsense"), Language::En),
        ] {
            assert_eq!(accepted(header), language, "{header:?}");
        }
    }

    #[test]
    fn every_code_has_a_status_of_refusal_and_two_sentences_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(status(*code).is_client_error() || status(*code).is_server_error(), "{code}");
            for language in [Language::Zh, Language::En] {
                assert!(seen.insert(title(*code, language)), "{code} shares its sentence");
            }
        }
    }
}
