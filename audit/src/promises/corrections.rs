//! Corrections: each is of an answer that a record went out of afterwards, and is fetched by who was answered.

use std::collections::HashMap;

use uuid::Uuid;

use crate::leaf::{Actor, Body, Correction, CorrectionState, ObjectionState, QuerySummary, RepairState};

use super::broken::Broken;

#[derive(Default)]
pub(super) struct Corrections {
    /// Names of institutions, each once: a log has many answers and few of them.
    institutions: HashMap<String, u32>,
    answers: HashMap<Uuid, Answer>,
    /// The last leaf by which a record went out of answers.
    removed: Option<u64>,
}

/// An answered query of an institution.
struct Answer {
    institution: u32,
    /// The leaf after which a record must have gone: its own, or the last that said that its correction is due.
    since: u64,
    is_due: bool,
}

impl Corrections {
    pub(super) fn answered(&mut self, index: u64, query: &QuerySummary<'_>) {
        let Some(name) = query.institution else { return };
        let next = u32::try_from(self.institutions.len()).unwrap_or(u32::MAX);
        let institution = match self.institutions.get(name) {
            Some(known) => *known,
            None => *self.institutions.entry(name.to_owned()).or_insert(next),
        };
        self.answers.insert(query.id, Answer { institution, since: index, is_due: false });
    }

    /// Takes in an objection that was upheld, or a repair.
    pub(super) fn removed(&mut self, index: u64, body: &Body<'_>) {
        let upheld = matches!(body, Body::Objection(objection) if objection.state == ObjectionState::Upheld);
        if upheld || matches!(body, Body::Repair(repair) if repair.state == RepairState::Repaired) {
            self.removed = Some(index);
        }
    }

    /// Takes a correction in: one that is due, as the gateway says, or one that was fetched, which it may be again and again.
    pub(super) fn correction(&mut self, index: u64, by: Option<&Actor>, correction: &Correction) -> Result<(), Broken> {
        let query = correction.query;
        let (fetched_by, is_gateway) = match by {
            Some(Actor::Institution { institution, .. }) => (self.institutions.get(institution), false),
            Some(Actor::System(_)) => (None, true),
            Some(Actor::Officer { .. } | Actor::Account(_) | Actor::Person(_)) | None => (None, false),
        };
        let answer = self.answers.get_mut(&query).ok_or(Broken::Correction(query))?;
        match correction.state {
            CorrectionState::Due => {
                if !is_gateway || self.removed.is_none_or(|removed| removed <= answer.since) {
                    return Err(Broken::Correction(query));
                }
                (answer.since, answer.is_due) = (index, true);
                Ok(())
            }
            CorrectionState::Fetched if answer.is_due && fetched_by == Some(&answer.institution) => Ok(()),
            CorrectionState::Fetched => Err(Broken::Fetched(query)),
        }
    }
}
