//! What is asked: the members of a question → a query of the catalogue. From here on the citizen number is `Personal`.
//!
//! What the caller wrote and what is not recognised stays out of the evidence: it never reaches the record.

use std::{borrow::Cow, sync::Arc};

use credit_audit::leaf::OnBehalf;
use credit_keys::StateDigest;
use credit_policy::{
    CaseNumber, Catalogue, CitizenNumber, Code, Facts, FieldName, Ground, Personal, Scenario, StaffId,
};
use jiff::civil::Date;

use super::{
    identify::Identified,
    on_behalf::{EndInstitution, NotFor, end_institution},
};
use crate::{
    callers::suspension::Suspensions,
    gateway::{Gateway, Moment},
    journey::{
        caller::Who,
        detail::{Detail, Member},
        exchange::{Question, RepeatKey, RepeatWindow},
        record::evidence::{Evidence, Recognised},
        refusal::Refusal,
    },
    rules::RouteQuery,
};

/// What was asked, in its form.
pub(super) struct Query {
    pub(super) who: Who,
    /// For whom it asks, where it is another gateway.
    pub(super) end: Option<Box<EndInstitution>>,
    pub(super) scenario: Arc<Scenario>,
    /// Where an institution asks.
    pub(super) staff: Option<StaffId>,
    pub(super) case: Option<CaseNumber>,
    pub(super) facts: Facts,
    /// The entries of `fields` in the order in which they were sent; nothing in the place of one that is not known.
    pub(super) fields: Vec<Option<FieldName>>,
    /// A field that means another thing than when the consent was given.
    pub(super) redefined: Option<FieldName>,
    /// The route by which it came.
    pub(super) route: Option<RouteQuery>,
}

impl Query {
    /// Whom it counts for, and by whom tags and pseudonyms are made: the institution, or the end institution of the
    /// gateway that asks.
    pub(super) fn counted_for(&self) -> Cow<'_, str> {
        let asker = self.who.institution_id();
        match &self.end {
            None => asker.into(),
            Some(end) => OnBehalf::counted_for(asker, &end.record.institution).into(),
        }
    }
}

/// Whom the question names.
pub(super) enum Subject {
    /// The person asked about.
    Named(Arc<Personal<CitizenNumber>>),
    /// The token names the person; the question may only repeat who that is.
    OfConsent(Option<Personal<CitizenNumber>>),
}

/// The idempotency key of a question, with a keyed digest of everything that was asked.
pub(super) struct Idempotency {
    pub(super) key: String,
    pub(super) question: StateDigest,
    pub(super) window: RepeatWindow,
}

/// PROOF: the question is of the known form, and names a scenario of the catalogue.
#[must_use]
pub struct Asked<'e> {
    query: Query,
    subject: Subject,
    idempotency: Option<Idempotency>,
    evidence: &'e mut Evidence,
}

impl<'e> Asked<'e> {
    pub(super) fn into_parts(self) -> (Query, Subject, Option<Idempotency>, &'e mut Evidence) {
        (self.query, self.subject, self.idempotency, self.evidence)
    }
}

/// Reads the members; the first fault wins, in the order of `docs/formats.md` §2.
///
/// # Errors
/// `institution-suspended`, `stopped`, `unknown-scenario`, `operator-required`, `case-required`, `invalid-citizen-number`, `malformed-request`.
pub fn accept<'e>(
    gateway: &Gateway,
    moment: &Moment,
    identified: Identified<'e>,
    mut question: Question,
) -> Result<Asked<'e>, Refusal> {
    let (who, evidence) = identified.into_parts();
    let (catalogue, own, route) = (&moment.rules.catalogue, &gateway.settings.log.origin, question.route.take());
    let end = match (&question.on_behalf, &who) {
        (Some(words), Who::Institution(institution, certificate)) => {
            Some(end_institution(own, &gateway.register, institution, certificate, words))
        }
        (Some(_), Who::Person(_) | Who::Public(_)) | (None, _) => None,
    };
    let (end, not_for) = match end.transpose() {
        Ok(end) => (end, None),
        Err(NotFor::Form(refusal)) => return Err(refusal),
        Err(NotFor::Allowed(refusal)) => (None, Some(refusal)),
    };
    let idempotency = question.idempotency.take().map(|RepeatKey { key, question, window }| Idempotency {
        key,
        question: moment.keys.state.digest("credit/body", &[&question]),
        window: if end.is_some() { RepeatWindow::WhileKnown } else { window },
    });
    let asker = end.as_ref().map_or_else(|| who.asker(), |end| end.kind.into());
    let mut facts = Facts::new(asker, moment.today);
    let mut recognised = Recognised::default();
    if let Some(end) = &end {
        recognised.on_behalf(&end.record);
    }
    let read = match &who {
        Who::Institution(..) => read(catalogue, &question, &mut facts, &mut recognised),
        Who::Person(person) => read_own(catalogue, &question, person, &mut facts, &mut recognised),
        Who::Public(named) => read_own(catalogue, &question, named.number(), &mut facts, &mut recognised),
    };
    let scenario = recognised.scenario_name();
    let suspensions = who.institution().map(|asking| &asking.suspensions);
    let includes = |all: &&Arc<Suspensions>| all.includes(recognised.staff_id(), scenario);
    let suspended =
        suspensions.filter(includes).map(|all| all.which(recognised.staff_id(), scenario).unwrap_or_default());
    let is_stopped = gateway.stops.includes(scenario);
    facts.suspended = suspended.is_some();
    evidence.recognised(recognised);
    evidence.inputs(&facts);
    // Before whatever was found wrong with the rest (formats.md §2, the order of faults).
    if let Some(part) = suspended {
        return Err(Refusal::suspended(&part));
    }
    if is_stopped {
        return Err(Refusal::stopped(gateway.stops.is_thrown()));
    }
    let Members { scenario, staff, case, subject, fields } = read?;
    if let Some(refusal) = not_for {
        return Err(refusal);
    }
    let query = Query { who, end: end.map(Box::new), scenario, staff, case, facts, fields, redefined: None, route };
    Ok(Asked { query, subject, idempotency, evidence })
}

struct Members {
    scenario: Arc<Scenario>,
    staff: Option<StaffId>,
    case: Option<CaseNumber>,
    subject: Subject,
    fields: Vec<Option<FieldName>>,
}

fn read(
    catalogue: &Catalogue,
    question: &Question,
    facts: &mut Facts,
    recognised: &mut Recognised,
) -> Result<Members, Refusal> {
    let scenario = scenario(catalogue, &question.scenario)?;
    recognised.scenario(scenario);
    let staff = staff(question.staff.as_deref())?;
    facts.operator = true;
    recognised.staff(&staff);
    let case = case(question.case.as_deref(), scenario.ground())?;
    if let Some(case) = &case {
        facts.case = true;
        recognised.case(case);
    }
    let subject = question.subject.as_ref().map(|subject| subject.as_str());
    let subject = self::subject(subject, scenario.ground(), facts.on)?;
    if let Subject::Named(person) = &subject {
        facts.minor = Some(is_minor(person, facts.on));
        recognised.person(person);
    }
    let fields = fields(catalogue, question.fields.as_deref(), facts)?;
    Ok(Members { scenario: Arc::clone(scenario), staff: Some(staff), case, subject, fields })
}

/// The scenario of that name. Of one that only lacks its ground here that is told.
///
/// # Errors
/// `unknown-scenario`.
pub(super) fn scenario<'c>(catalogue: &'c Catalogue, name: &str) -> Result<&'c Arc<Scenario>, Refusal> {
    catalogue.scenario(name).ok_or_else(|| {
        let refusal = Refusal::from(Code::UnknownScenario);
        if catalogue.lacks_a_ground(name) { refusal.with(Detail::ScenarioWithoutGround) } else { refusal }
    })
}

/// A question of a person, or of anyone: about nobody but whom the door knows, whatever it names.
fn read_own(
    catalogue: &Catalogue,
    question: &Question,
    person: &Arc<Personal<CitizenNumber>>,
    facts: &mut Facts,
    recognised: &mut Recognised,
) -> Result<Members, Refusal> {
    let scenario = scenario(catalogue, &question.scenario)?;
    recognised.scenario(scenario);
    facts.minor = Some(is_minor(person, facts.on));
    recognised.person(person);
    let fields = fields(catalogue, question.fields.as_deref(), facts)?;
    let subject = Subject::Named(Arc::clone(person));
    Ok(Members { scenario: Arc::clone(scenario), staff: None, case: None, subject, fields })
}

/// What [`accept`] reads of a question, for tests that have no gateway.
#[doc(hidden)]
pub struct Reading {
    /// The refusal, where it is refused.
    pub refusal: Option<Refusal>,
    /// The scenario, where the question was read.
    pub scenario: Option<Arc<Scenario>>,
    /// The member of staff, likewise.
    pub staff: Option<StaffId>,
    /// The case, likewise.
    pub case: Option<CaseNumber>,
    /// The person asked about.
    pub person: Option<Arc<Personal<CitizenNumber>>>,
    /// The person whom the question repeats beside a consent.
    pub claimed: Option<Personal<CitizenNumber>>,
    /// The inputs of the decision.
    pub facts: Facts,
}

/// Reads a question without a gateway.
#[doc(hidden)]
#[must_use]
pub fn read_alone(catalogue: &Catalogue, question: &Question, mut facts: Facts) -> Reading {
    let mut recognised = Recognised::default();
    let (refusal, members) = match read(catalogue, question, &mut facts, &mut recognised) {
        Ok(members) => (None, Some(members)),
        Err(refusal) => (Some(refusal), None),
    };
    let (scenario, staff, case, subject) = match members {
        Some(Members { scenario, staff, case, subject, fields: _ }) => (Some(scenario), staff, case, Some(subject)),
        None => (None, None, None, None),
    };
    let (person, claimed) = match subject {
        Some(Subject::Named(person)) => (Some(person), None),
        Some(Subject::OfConsent(claimed)) => (None, claimed),
        None => (None, None),
    };
    Reading { refusal, scenario, staff, case, person, claimed, facts }
}

pub(super) fn is_minor(person: &Personal<CitizenNumber>, on: Date) -> bool {
    !person.disclose(|number| number.is_adult_on(on))
}

pub(super) fn staff(text: Option<&str>) -> Result<StaffId, Refusal> {
    let text = text.ok_or(Code::OperatorRequired)?;
    StaffId::parse(text).map_err(|error| {
        Refusal::because(Code::MalformedRequest, format!("operator: {error}")).with(Detail::Staff(error))
    })
}

pub(super) fn case(text: Option<&str>, ground: Ground) -> Result<Option<CaseNumber>, Refusal> {
    match text {
        None if ground == Ground::Statute => Err(Code::CaseRequired.into()),
        None => Ok(None),
        Some(text) => CaseNumber::parse(text).map(Some).map_err(|error| {
            Refusal::because(Code::MalformedRequest, format!("case: {error}")).with(Detail::Case(error))
        }),
    }
}

pub(super) fn subject(text: Option<&str>, ground: Ground, on: Date) -> Result<Subject, Refusal> {
    let text = match text {
        Some(text) => text,
        None if ground == Ground::Consent => return Ok(Subject::OfConsent(None)),
        None => {
            let refusal = Refusal::because(Code::MalformedRequest, "the body names no subject");
            return Err(refusal.with(Detail::Missing(Member::Subject)));
        }
    };
    let invalid = |detail| Refusal::from(Code::InvalidCitizenNumber).with(detail);
    let person: Personal<CitizenNumber> =
        CitizenNumber::parse(text).map_err(|error| invalid(Detail::Subject(error)))?;
    if !person.disclose(|number| number.is_born_on(on)) {
        return Err(invalid(Detail::NotBorn));
    }
    Ok(match ground {
        Ground::Consent => Subject::OfConsent(Some(person)),
        Ground::Statute | Ground::Person | Ground::Public => Subject::Named(Arc::new(person)),
    })
}

fn fields(
    catalogue: &Catalogue,
    names: Option<&[String]>,
    facts: &mut Facts,
) -> Result<Vec<Option<FieldName>>, Refusal> {
    // Generated clients send an empty list for one that is left out.
    let Some(names) = names.filter(|names| !names.is_empty()) else { return Ok(Vec::new()) };
    let known = |name: &String| FieldName::parse(name).ok().filter(|name| catalogue.field(name.as_str()).is_some());
    let sent: Vec<_> = names.iter().map(known).collect();
    let Some(mut known) = sent.iter().cloned().collect::<Option<Vec<_>>>() else {
        // Its place in the order of faults is behind others that are still to be looked for.
        facts.observed = Some(Code::UnknownField);
        return Ok(sent);
    };
    let again = (1..).zip(&sent).find(|(number, name)| sent.iter().take(number - 1).any(|before| before == *name));
    if let Some((number, _)) = again {
        let refusal = Refusal::because(Code::MalformedRequest, "`fields` names a field twice");
        return Err(refusal.with(Detail::FieldTwice(number)));
    }
    known.sort();
    facts.fields = Some(known);
    Ok(sent)
}
