//! What leaves: the permitted fields under the law's clocks, everything else dropped, the person a pseudonym.
//!
//! [`Answer`] is the only type of the journey with a body.

use credit_policy::{
    CaseNumber, Cited, Code, History, Minimised, Obligations, Permit, Rank, Scenario, ScenarioName, Value,
    minimise as reduce, seal_acts_of_minors,
};

use super::{
    accept::Query,
    fetch::{Brought, Fetched, failed},
    ground::Basis,
    on_behalf::EndInstitution,
    repeat,
};
use crate::{
    gateway::{Gateway, Moment},
    journey::{
        caller::Who,
        exchange::{AnswerView, AskedBy, ConsentName, Exchange, GroundView, OwnRecord},
        record::{evidence::Evidence, sealed::Said},
        refusal::Refusal,
    },
    rules::{RouteQuery, Rules},
    state::{
        Key, Reservation,
        standing::{Named, Names, StandingKey},
    },
    stores::{
        all::Found,
        http::gateway::Elsewhere,
        routes::{Reduced, Reduction},
    },
};

/// PROOF: an answer that has what the permit lists and nothing else, and all that its record must say.
#[must_use]
pub struct Answer<'e> {
    body: Vec<u8>,
    beside: Option<Box<[u8]>>,
    permit: Permit,
    reservation: Reservation,
    who: Who,
    end: Option<Box<EndInstitution>>,
    still: Still,
    evidence: &'e mut Evidence,
}

/// What must still be so when an answer goes on the record.
pub(in crate::journey) struct Still {
    /// What stands for the consent in the state, where that is the ground, and the scenario that it is for.
    pub(in crate::journey) consent: Option<(Key, ScenarioName)>,
    person: StandingKey,
    /// The removal up to which the answer heeds what the person said.
    removals: u64,
}

impl Still {
    /// Whether the consent is withdrawn or its scenario closed.
    pub(in crate::journey) fn is_withdrawn(&self, gateway: &Gateway) -> bool {
        self.consent.as_ref().is_some_and(|(key, _)| gateway.state.is_revoked(key)) | self.is_blocked(gateway)
    }

    /// Whether the person closed the scenario of the consent.
    pub(in crate::journey) fn is_blocked(&self, gateway: &Gateway) -> bool {
        let scenario = self.consent.as_ref().map(|(_, scenario)| scenario.as_str());
        scenario.is_some_and(|scenario| gateway.standing.is_blocked(&self.person, scenario))
    }

    /// Whether a record that the answer may rest on is gone by now.
    pub(in crate::journey) fn is_outdated(&self, gateway: &Gateway) -> bool {
        gateway.standing.removals(&self.person) != self.removals
    }
}

/// An answer taken apart for the record.
pub(in crate::journey) struct AnswerParts<'e> {
    pub(in crate::journey) body: Vec<u8>,
    /// Where the body is a store's own answer, what else the door tells.
    pub(in crate::journey) beside: Option<Box<[u8]>>,
    pub(in crate::journey) permit: Permit,
    pub(in crate::journey) reservation: Reservation,
    pub(in crate::journey) who: Who,
    /// For whom another gateway asks.
    pub(in crate::journey) end: Option<Box<EndInstitution>>,
    /// What must still be so when it goes on the record.
    pub(in crate::journey) still: Still,
    pub(in crate::journey) evidence: &'e mut Evidence,
}

impl<'e> Answer<'e> {
    pub(in crate::journey) fn into_parts(self) -> AnswerParts<'e> {
        let Self { body, beside, permit, reservation, who, end, still, evidence } = self;
        AnswerParts { body, beside, permit, reservation, who, end, still, evidence }
    }
}

/// Reduces what the stores returned to the answer.
///
/// # Errors
/// `internal-error` where the door cannot render it; `answer-changed` where it repeats another answer; of a route also
/// `store-failed`, where what the store answered is no answer.
pub async fn minimise<'e>(
    gateway: &Gateway,
    moment: &Moment,
    fetched: Fetched<'e>,
    exchange: &impl Exchange,
) -> Result<Answer<'e>, Refusal> {
    let (admitted, brought) = fetched.into_parts();
    let (basis, permit, reservation, evidence) = admitted.into_parts();
    let scenario = permit.scenario();
    let group = scenario.purpose_group();
    let counted_for = basis.query.counted_for();
    let issue = || basis.person.disclose(|number| moment.keys.pseudonyms.issue(&counted_for, group, number.as_str()));
    // Who asks about himself or herself needs no other name.
    let issued = basis.query.who.institution().map(|_| issue());
    let previous = issued.as_ref().and_then(|issued| issued.previous.as_ref());
    let pseudonym = issued.as_ref().map_or("", |issued| issued.current.as_str());
    let names = Names { keys: &moment.keys.state, catalogue: &moment.rules.catalogue };
    let removals = gateway.standing.removals(&basis.standing);
    let lens = Lens { basis: &basis, permit: &permit, pseudonym, names };
    let Told { minimised, obligations, report, found: Found { history, elsewhere } } =
        told(gateway, &moment.rules, brought, lens)?;
    if let Some(elsewhere) = &elsewhere {
        evidence.remote(elsewhere.leaf.clone());
    }
    let cited = scenario.cited(basis.query.facts.kind, basis.query.facts.on);
    let view = AnswerView {
        query: evidence.id(),
        on_behalf: basis.query.end.as_ref().map(|end| AskedBy { origin: &end.record.origin, query: end.record.query }),
        repeats: reservation.repeats(),
        scenario: scenario.name().as_str(),
        ground: ground_of(&basis, scenario, cited.as_deref(), &reservation),
        subject: issued.as_ref().map(|issued| issued.current.as_str()),
        subject_previous: previous.map(|previous| previous.as_str()),
        catalogue: moment.rules.catalogue.label(),
        data: &minimised,
        marks: &minimised.marks,
        obligations,
        is_named: basis.query.who.names(name(&history)),
        // Who asks about himself or herself may object to each of them.
        records: matches!(basis.query.who, Who::Person(_)).then(|| own_records(names, &history)),
    };
    let rendered = exchange.answer(&view).map_err(|error| Refusal::because(Code::InternalError, error))?;
    let (body, beside) = match report {
        Some(report) => (report, Some(rendered.into_boxed_slice())),
        None => (rendered, None),
    };
    if let (Some(first), Some(institution)) = (reservation.repeats(), basis.query.who.institution()) {
        repeat::check(gateway, first, institution, Said { body: &body, is_report: beside.is_some() }).await?;
    }
    evidence.store_summary(&history, elsewhere.as_ref());
    evidence.answer(minimised.counts, issued.as_ref().map(|issued| issued.current.as_str()));
    let consent = basis.consent.map(|consent| (consent.claim.key, scenario.name().clone()));
    let still = Still { consent, person: basis.standing, removals };
    let Query { who, end, .. } = basis.query;
    Ok(Answer { body, beside, permit, reservation, who, end, still, evidence })
}

/// What the answer rests on, as its leaf says it.
fn ground_of<'a>(
    basis: &'a Basis,
    scenario: &Scenario,
    cited: Option<&'a Cited>,
    reservation: &Reservation,
) -> GroundView<'a> {
    if let Some(consent) = &basis.consent {
        let consent = ConsentName { iss: &consent.id.iss, jti: consent.id.jti.as_str() };
        let use_ = reservation.consent_use().or_else(|| reservation.repeated_use()).map(|one| one.number);
        return GroundView::Consent { consent, use_ };
    }
    match cited {
        Some(cited) => GroundView::Statute {
            statute: &cited.statute,
            rank: cited.rank.map(Rank::as_str),
            case: basis.query.case.as_ref().map_or("", CaseNumber::as_str),
            consent_on_file: scenario.consent_on_file(),
        },
        None if matches!(basis.query.who, Who::Person(_)) => GroundView::Person { self_: true },
        None => GroundView::Public { public: true },
    }
}

/// The person's name, where the stores have it.
fn name(history: &History) -> Option<&str> {
    let named = history.attributes.iter().find(|attribute| attribute.field.as_str() == "name")?;
    match &named.value {
        Value::Text(name) => Some(name),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::List(_) => None,
    }
}

/// What stores have of a person, each as it can be objected to.
fn own_records(names: Names<'_>, history: &History) -> Vec<OwnRecord> {
    let of = |named: Named, until, disputed| {
        let Named { class, determined, all } = named;
        OwnRecord { record: all.into_iter().next().unwrap_or_default(), class, determined, until, disputed }
    };
    let records = history
        .records
        .iter()
        .map(|record| of(names.of_record(record), names.catalogue.last_day_shown(record), record.disputed));
    let listings =
        history.listings.iter().map(|listing| of(names.of_listing(listing), listing.until, listing.disputed));
    records.chain(listings).collect()
}

/// What an answer is reduced for.
struct Lens<'a> {
    basis: &'a Basis,
    permit: &'a Permit,
    pseudonym: &'a str,
    names: Names<'a>,
}

/// What may be told.
struct Told {
    minimised: Minimised,
    obligations: Obligations,
    /// Of a route, the store's own answer with no more in it than may be told.
    report: Option<Vec<u8>>,
    found: Found,
}

fn told(gateway: &Gateway, rules: &Rules, brought: Brought, lens: Lens<'_>) -> Result<Told, Refusal> {
    let Lens { basis, permit, pseudonym, names } = lens;
    let heed = |history: &mut History| gateway.standing.heed(&basis.standing, names, history);
    let (catalogue, on) = (names.catalogue, basis.query.facts.on);
    let mut obligations = permit.obligations(on);
    match (brought, &basis.query.route) {
        (Brought::Found(mut found), _) => {
            basis.person.disclose(|person| {
                seal_acts_of_minors(&mut found.history, catalogue, |act| person.is_adult_on(act));
            });
            heed(&mut found.history);
            let mut minimised = reduce(permit, &found.history, on);
            if let Some(elsewhere) = &found.elsewhere {
                put_in(&mut minimised, &mut obligations, elsewhere);
            }
            Ok(Told { minimised, obligations, report: None, found })
        }
        (Brought::Report(reports), Some(RouteQuery { route })) => {
            let by = Reduction { catalogue, permit, on, person: &basis.person, pseudonym, heed: &heed };
            let reduced = rules.reduce(route, &reports, &by).map_err(failed)?;
            let Reduced { body, marks, counts, told } = reduced;
            let minimised = Minimised { data: Vec::new(), marks, counts };
            let found = Found { history: told, elsewhere: None };
            Ok(Told { minimised, obligations, report: Some(body), found })
        }
        (Brought::Report(_), None) => Err(Refusal::because(Code::InternalError, "the answer of a route without one")),
    }
}

/// Puts what another gateway answered in the place of what would have been made of records; of two obligations the
/// stricter one holds.
fn put_in(minimised: &mut Minimised, obligations: &mut Obligations, elsewhere: &Elsewhere) {
    for (field, value) in &elsewhere.values {
        if let Some((_, place)) = minimised.data.iter_mut().find(|(name, _)| name == field) {
            place.clone_from(value);
        }
    }
    minimised.marks.extend(elsewhere.marks.iter().cloned());
    minimised.marks.sort();
    minimised.marks.dedup();
    obligations.keep_until = obligations.keep_until.min(elsewhere.keep_until);
    obligations.automated_decision_notice |= elsewhere.automated_decision_notice;
}
