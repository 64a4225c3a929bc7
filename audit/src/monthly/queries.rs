//! What one query adds to the figures of queries.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::figures::{Outcomes, Queries};
use crate::leaf::Outcome;

/// What is read of a query.
#[derive(Deserialize)]
pub(super) struct QueryPart<'a> {
    #[serde(borrow)]
    institution: Option<Cow<'a, str>>,
    scenario: Option<Cow<'a, str>>,
    ground: Option<Ground>,
    repeats: Option<serde::de::IgnoredAny>,
    catalogue: Cow<'a, str>,
    inputs: Inputs<'a>,
    outcome: Outcome,
    code: Option<Cow<'a, str>>,
    fields: Option<Vec<Cow<'a, str>>>,
    notice: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Inputs<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Ground {
    statute: Option<serde::de::IgnoredAny>,
    #[serde(rename = "self")]
    own: Option<bool>,
    public: Option<bool>,
}

impl Ground {
    fn name(&self) -> &'static str {
        match self {
            Self { statute: Some(_), .. } => "statute",
            Self { own: Some(_), .. } => "self",
            Self { public: Some(_), .. } => "public",
            Self { .. } => "consent",
        }
    }
}

impl QueryPart<'_> {
    /// The label of the catalogue by which it was decided.
    pub(super) fn catalogue(&self) -> &str {
        &self.catalogue
    }
}

impl Queries {
    /// Takes in a query.
    pub(super) fn query(&mut self, day: &str, query: &QueryPart<'_>) {
        let is_answered = query.outcome == Outcome::Answered;
        let add = |outcomes: &mut Outcomes| match is_answered {
            true => outcomes.answered += 1,
            false => outcomes.refused += 1,
        };
        add(&mut self.all);
        add(of(&mut self.days, day));
        add(of(&mut self.askers, &query.inputs.kind));
        query.institution.iter().for_each(|id| add(of(&mut self.institutions, id)));
        query.scenario.iter().for_each(|name| add(of(&mut self.scenarios, name)));
        if let Some(code) = &query.code {
            *of(&mut self.refusals, code) += 1;
        }
        if !is_answered {
            return;
        }
        self.repeats += u64::from(query.repeats.is_some());
        if let Some(ground) = &query.ground {
            *self.grounds.entry(ground.name()).or_default() += 1;
        }
        for field in query.fields.iter().flatten() {
            *of(&mut self.fields, field) += 1;
        }
        if let Some(notice) = query.notice.as_deref().and_then(|notice| notice.split(' ').next()) {
            *of(&mut self.notices, notice) += 1;
        }
    }

    /// Takes in refusals that share a leaf.
    pub(super) fn shared(&mut self, day: &str, institution: Option<&str>, counts: BTreeMap<String, u64>) {
        let all: u64 = counts.values().sum();
        self.all.refused += all;
        of(&mut self.days, day).refused += all;
        if let Some(institution) = institution {
            of(&mut self.institutions, institution).refused += all;
        }
        for (code, count) in counts {
            *of(&mut self.refusals, &code) += count;
        }
    }
}

fn of<'c, T: Default>(counts: &'c mut BTreeMap<String, T>, name: &str) -> &'c mut T {
    counts.entry(name.to_owned()).or_default()
}
