//! Why one request is decided as it is: which rules, with their titles, sources and citations in both languages.

use std::collections::BTreeSet;

use crate::catalogue::{Answer, Basis, Catalogue, Language, LegalSource, RequestFacts, Scenario};
use crate::code::Code;
use crate::decide::{Decision, decide};
use crate::facts::Facts;
use crate::names::{FieldName, RuleId, ScenarioName};

/// Why a request is decided as it is.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The code of the refusal; `None` where it is permitted.
    pub refused: Option<Code>,
    /// The rules that made the decision, and those by which Cedar answers about query and fields, each once.
    pub reasons: Vec<Reason>,
    /// The articles on which the scenario rests here, on the ground of statute.
    pub bases: Vec<Basis>,
    /// Every field of the scenario and every field that query or consent names, sorted.
    pub fields: Vec<FieldReason>,
}

/// A rule with the law behind it.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The id of the rule in the catalogue.
    pub rule: RuleId,
    /// Whether the decision itself names it, as its record does.
    pub decided: bool,
    /// Where the rule comes from.
    pub legal_source: LegalSource,
}

/// One field of a request.
#[derive(Clone, Debug)]
pub struct FieldReason {
    /// A name of the data list.
    pub field: FieldName,
    /// Whether the answer has it.
    pub released: bool,
    /// Whether tables and statutes would let it go. One that may go and does not was not asked for, or the whole query
    /// is refused.
    pub lawful: bool,
    /// The rules by which Cedar answers; none where no table permits the field.
    pub rules: Vec<RuleId>,
}

/// Explains the decision about a request. It decides nothing itself: [`decide`] does.
#[must_use]
pub fn explain(catalogue: &Catalogue, scenario: Option<&ScenarioName>, facts: &Facts) -> Explanation {
    let (refused, rules, released) = match decide(catalogue, scenario, facts) {
        Decision::Permit(permit) => (None, permit.rules().to_vec(), permit.fields().to_vec()),
        Decision::Refuse { code, rules, bound: _ } => (Some(code), rules, Vec::new()),
    };
    let scenario = scenario.and_then(|name| catalogue.scenario(name.as_str()));
    let fields = scenario.map(|row| field_reasons(catalogue, row, facts, &released)).unwrap_or_default();
    let query = scenario.map(|row| {
        let known = RequestFacts::of(facts, row.maxima());
        catalogue.law().query(facts.kind, row.name().as_str(), &known)
    });
    let mut others: BTreeSet<_> = query.into_iter().flat_map(|answer: Answer| answer.by).collect();
    others.extend(fields.iter().flat_map(|field| field.rules.iter().cloned()));
    let named: Vec<_> = rules.iter().map(|rule| (rule.clone(), true)).collect();
    let others = others.into_iter().filter(|rule| !rules.contains(rule)).map(|rule| (rule, false));
    let reasons = named.into_iter().chain(others).filter_map(|(rule, decided)| {
        let legal_source = catalogue.rule(&rule)?.clone();
        Some(Reason { rule, decided, legal_source })
    });
    let bases = scenario.map(|row| row.bases_here().cloned().collect()).unwrap_or_default();
    Explanation { refused, reasons: reasons.collect(), bases, fields }
}

fn field_reasons(catalogue: &Catalogue, row: &Scenario, facts: &Facts, released: &[FieldName]) -> Vec<FieldReason> {
    let consented = facts.consent.as_ref().and_then(|consent| consent.fields.as_ref());
    let named: Option<Vec<_>> = consented.map(|names| names.iter().map(|name| name.as_str()).collect());
    let all = row.fields().iter().chain(facts.fields.iter().flatten()).chain(consented.into_iter().flatten());
    let known = all.filter(|field| catalogue.field(field.as_str()).is_some());
    let each = known.collect::<BTreeSet<_>>().into_iter().map(|field| {
        let answer = catalogue.law().release(facts.kind, row.name().as_str(), field.as_str(), named.as_deref());
        FieldReason {
            field: field.clone(),
            released: released.binary_search(field).is_ok(),
            lawful: answer.allowed,
            rules: answer.by,
        }
    });
    each.collect()
}

impl Explanation {
    /// The explanation for the reader.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut lines = vec![match (self.refused, language) {
            (None, Language::Zh) => "准许".to_owned(),
            (None, Language::En) => "permitted".to_owned(),
            (Some(code), Language::Zh) => format!("拒绝：{code}"),
            (Some(code), Language::En) => format!("refused: {code}"),
        }];
        for Reason { rule, decided, legal_source } in &self.reasons {
            let mark = if *decided { '*' } else { '-' };
            let sources: Vec<_> = legal_source.sources().collect();
            let (title, citation) = (legal_source.title(language), legal_source.citation());
            lines.push(format!("{mark} {rule}: {title} ({}) {citation}", sources.join("; ")));
        }
        lines.extend(self.bases.iter().map(|basis| {
            let (code, says) = (basis.source().code(), basis.article().says(language));
            format!("  {code} {}: {says}", basis.citation())
        }));
        lines.extend(self.fields.iter().map(|field| field.text(language)));
        lines.join("\n")
    }
}

impl FieldReason {
    fn text(&self, language: Language) -> String {
        let what = match (self.released, self.lawful, language) {
            (true, _, Language::Zh) => "提供",
            (true, _, Language::En) => "released",
            (false, true, Language::Zh) => "可以提供，本次不提供",
            (false, true, Language::En) => "permitted by the statutes, not granted in this request",
            (false, false, Language::Zh) => "不得提供",
            (false, false, Language::En) => "may not be released",
        };
        let rules: Vec<_> = self.rules.iter().map(RuleId::as_str).collect();
        format!("  {}: {what} [{}]", self.field, rules.join(", "))
    }
}
