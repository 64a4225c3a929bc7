//! What a proof has gone through.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use crate::catalogue::Language;
use crate::names::RuleId;

/// The day of every hypothetical request. Statutes know no day, and clocks are proved by their own tests.
pub(super) const ON: Date = date(2026, 11, 22);

/// What was gone through without a disagreement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Proof {
    /// Decisions that were made.
    pub decisions: u64,
    /// Questions that Cedar's authorizer answered.
    pub answers: u64,
    /// Pairs of request and field that were compared.
    pub comparisons: u64,
    /// Of these, those that are released.
    pub released: u64,
    /// Pairs of field and state of a record that were compared.
    pub states: u64,
    /// Of these, those where the law would let the person see what no scenario shows: stricter than need be.
    pub stricter: u64,
    /// Requests over hypothetical rows in which a statute of this catalogue was held against the shipped one.
    pub floor: u64,
    /// Scenarios with labels of rows changed, one or two, that open nothing.
    pub labels: u64,
    /// How often each statute was what forbade a request or a field.
    pub forbade: BTreeMap<RuleId, u64>,
}

impl Proof {
    /// One line for the reader.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let Self { decisions, answers, comparisons, released, states, stricter, floor, labels, forbade: _ } = self;
        // Only a statute that was written otherwise is compared.
        let shipped = match (floor, language) {
            (0, Language::Zh) => "法规规则均为随附的文本".to_owned(),
            (0, Language::En) => "and every statute is the shipped one".to_owned(),
            (_, Language::Zh) => format!("与随附法规规则比较 {floor} 项"),
            (_, Language::En) => format!("and {floor} comparisons with the shipped statutes"),
        };
        match language {
            Language::Zh => format!(
                "已证明法规规则对所有可能的请求成立：{decisions} 次判定，{answers} 次 Cedar 回答，比较 {comparisons} 项（提供 {released} 项），\
                 记录状态 {states} 项（其中 {stricter} 项严于法规），改动标注 {labels} 项，{shipped}"
            ),
            Language::En => format!(
                "proved for every possible request: {decisions} decisions, {answers} answers of Cedar, {comparisons} \
                 comparisons ({released} released), {states} states of records ({stricter} stricter than the law), \
                 {labels} rows with other labels, {shipped}"
            ),
        }
    }
}
