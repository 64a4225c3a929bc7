//! Who asks a batch, and what the lines of it are answered with.

use std::sync::Arc;

use credit_policy::{Code, Language};

use super::line::LineAnswer;
use crate::{
    callers::{register::Institution, trust::CertificateStatus},
    doors::problems::fixed_body,
    gateway::Gateway,
    transport::turns::Line,
};

/// Who asks.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) gateway: Arc<Gateway>,
    pub(super) institution: Arc<Institution>,
    pub(super) status: Arc<CertificateStatus>,
    pub(super) language: Language,
    /// In which its groups have their turns.
    pub(super) turns: Line,
}

/// The answers of a group.
pub(super) struct Answered {
    pub(super) text: Vec<u8>,
    /// A line could not be recorded: the batch ends with it.
    pub(super) is_last: bool,
}

impl Answered {
    pub(super) fn none(number: usize, code: Code, language: Language) -> Self {
        let mut text = Vec::new();
        LineAnswer::problem(fixed_body(&code.into(), language)).write(number, &mut text);
        Self { text, is_last: true }
    }
}
