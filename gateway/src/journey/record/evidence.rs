//! What the record says of a query, gathered while the query is under way.
//!
//! INVARIANT (write-only): stages write here and never read; only the record reads. What a later stage needs, the proof
//! of the stage before owns. A stage that fails loses nothing that the record needs: what it learned stands here already.

use std::{borrow::Cow, sync::Arc};

use credit_audit::leaf::{GroundRecord, OnBehalf, RemoteLeaf};
use credit_keys::Person;
use credit_policy::{CaseNumber, CitizenNumber, Counts, Facts, History, Personal, Scenario, StaffId};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::summary;
use crate::{
    gateway::Moment,
    journey::caller::{Caller, Who},
    rules::Rules,
    state::IdempotencyEntry,
    stores::http::gateway::Elsewhere,
};

/// The leaf under construction; one a query.
pub struct Evidence {
    pub(super) id: Uuid,
    pub(super) moment: Moment,
    pub(super) who: Who,
    pub(super) recognised: Recognised,
    pub(super) ground: Option<GroundRecord<'static>>,
    /// The keys that protect the person's records, once they were derived.
    pub(super) person_keys: Option<Arc<Person>>,
    /// The person's tag for whom the query counts, once it was made.
    pub(super) subject: Option<[u8; 32]>,
    pub(super) idempotency: Option<IdempotencyEntry>,
    pub(super) repeats: Option<Uuid>,
    pub(super) inputs: Facts,
    pub(super) counts: Option<Counts>,
    pub(super) store_summary: Option<Personal<String>>,
    pub(super) pseudonym: Option<Personal<String>>,
    /// Whether it is refused because the person closed the scenario.
    pub(super) is_blocked: bool,
    /// The leaf of another gateway that answered.
    pub(super) remote: Option<RemoteLeaf>,
    /// Kept until the query is recorded, whatever the caller does.
    _permits: Vec<OwnedSemaphorePermit>,
}

/// What was recognised of a question.
#[derive(Default)]
pub(in crate::journey) struct Recognised {
    pub(super) scenario: Option<Arc<Scenario>>,
    pub(super) on_behalf: Option<OnBehalf>,
    pub(super) staff: Option<StaffId>,
    pub(super) case: Option<CaseNumber>,
    pub(super) person: Option<Arc<Personal<CitizenNumber>>>,
}

impl Recognised {
    /// The scenario's name.
    pub(in crate::journey) fn scenario_name(&self) -> Option<&str> {
        self.scenario.as_ref().map(|scenario| scenario.name().as_str())
    }

    /// The member of staff.
    pub(in crate::journey) fn staff_id(&self) -> Option<&str> {
        self.staff.as_ref().map(StaffId::as_str)
    }

    pub(in crate::journey) fn scenario(&mut self, scenario: &Arc<Scenario>) {
        self.scenario = Some(Arc::clone(scenario));
    }

    pub(in crate::journey) fn on_behalf(&mut self, on_behalf: &OnBehalf) {
        self.on_behalf = Some(on_behalf.clone());
    }

    pub(in crate::journey) fn staff(&mut self, staff: &StaffId) {
        self.staff = Some(staff.clone());
    }

    pub(in crate::journey) fn case(&mut self, case: &CaseNumber) {
        self.case = Some(case.clone());
    }

    pub(in crate::journey) fn person(&mut self, person: &Arc<Personal<CitizenNumber>>) {
        self.person = Some(Arc::clone(person));
    }
}

impl Evidence {
    /// The evidence of a query that begins; nothing but its caller is known yet.
    #[must_use]
    pub(in crate::journey) fn begin(
        id: Uuid,
        moment: Moment,
        caller: &Caller,
        permits: Vec<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            id,
            inputs: Facts::new(caller.who.asker(), moment.today),
            moment,
            who: caller.who.clone(),
            recognised: Recognised::default(),
            ground: None,
            person_keys: None,
            subject: None,
            idempotency: None,
            repeats: None,
            counts: None,
            store_summary: None,
            pseudonym: None,
            is_blocked: false,
            remote: None,
            _permits: permits,
        }
    }

    /// The id of the query: no evidence, so every stage may know it.
    pub(in crate::journey) fn rules(&self) -> &Arc<Rules> {
        &self.moment.rules
    }

    pub(in crate::journey) fn id(&self) -> Uuid {
        self.id
    }

    /// Whether nothing recognised says whom the query was about.
    pub(super) fn names_nobody(&self) -> bool {
        self.recognised.person.is_none() && self.ground.is_none()
    }

    pub(in crate::journey) fn recognised(&mut self, recognised: Recognised) {
        self.recognised = recognised;
    }

    pub(in crate::journey) fn person(&mut self, person: &Arc<Personal<CitizenNumber>>) {
        self.recognised.person(person);
    }

    pub(in crate::journey) fn person_keys(&mut self, keys: &Arc<Person>) {
        self.person_keys = Some(Arc::clone(keys));
    }

    pub(in crate::journey) fn subject(&mut self, tag: [u8; 32]) {
        self.subject = Some(tag);
    }

    pub(in crate::journey) fn inputs(&mut self, facts: &Facts) {
        self.inputs.clone_from(facts);
    }

    pub(in crate::journey) fn suspended(&mut self) {
        self.inputs.suspended = true;
    }

    pub(in crate::journey) fn blocked(&mut self, is_blocked: bool) {
        self.is_blocked = is_blocked;
    }

    pub(in crate::journey) fn ground(&mut self, ground: GroundRecord<'static>) {
        self.ground = Some(ground);
    }

    pub(in crate::journey) fn idempotency(&mut self, entry: IdempotencyEntry) {
        self.idempotency = Some(entry);
    }

    pub(in crate::journey) fn repeats(&mut self, first: Option<Uuid>) {
        self.repeats = first;
    }

    /// Whom the query counts for, and by whom its tags are made.
    pub(super) fn counted_for(&self) -> Cow<'_, str> {
        let asker = self.who.institution_id();
        match &self.recognised.on_behalf {
            None => asker.into(),
            Some(end) => OnBehalf::counted_for(asker, &end.institution).into(),
        }
    }

    pub(in crate::journey) fn remote(&mut self, remote: RemoteLeaf) {
        self.remote = Some(remote);
    }

    pub(in crate::journey) fn store_summary(&mut self, history: &History, elsewhere: Option<&Elsewhere>) {
        let values = elsewhere.map(|elsewhere| elsewhere.values.as_slice()).unwrap_or_default();
        self.store_summary = Some(Personal::new(summary::store_summary(history, values)));
    }

    pub(in crate::journey) fn answer(&mut self, counts: Counts, pseudonym: Option<&str>) {
        self.counts = Some(counts);
        self.pseudonym = pseudonym.map(|pseudonym| Personal::new(pseudonym.to_owned()));
    }
}
