//! What a door lends to a query: where its words come from, and what its answer looks like. The journey knows no HTTP.

use credit_policy::{FieldName, Language, Minimised, Obligations, consent::TokenId};
use jiff::civil::Date;
use serde::{Serialize, Serializer, ser::SerializeMap};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::rules::RouteQuery;
pub(crate) use crate::state::RepeatWindow;
use crate::stores::together::Seat;

/// One request of one caller, as its door reads and answers it.
///
/// The journey calls [`Exchange::request`] once, then [`Exchange::consent`] where the scenario stands on consent, then
/// [`Exchange::ended`] once whatever came of it, and renders at most one answer or some problems.
pub trait Exchange: Send {
    /// The language of a refusal's sentence.
    fn language(&self) -> Language;

    /// Whether the whole proof is asked for with the answer.
    fn wants_proof(&self) -> bool;

    /// Reads what is asked: whole, bounded in bytes and time, and of the door's form.
    ///
    /// # Errors
    /// The codes of syntax: see `docs/formats.md` §2.
    fn request(&mut self) -> impl Future<Output = Result<Request, Refusal>> + Send;

    /// The consent token that was presented.
    ///
    /// # Errors
    /// `consent-required` where there is none, `consent-invalid` where it cannot be told which.
    fn consent(&self) -> Result<&str, Refusal>;

    /// Reads what remains of the request, and returns how it ended.
    fn ended(&mut self) -> impl Future<Output = Ended> + Send;

    /// Its place among others with which it is looked up. [`Exchange::ended`] gives it up.
    fn seat(&mut self) -> Option<Seat> {
        None
    }

    /// The bytes of an answer, without the receipt.
    ///
    /// # Errors
    /// When it cannot be rendered; nothing is answered then.
    fn answer(&self, answer: &AnswerView<'_>) -> Result<Vec<u8>, serde_json::Error>;

    /// The bytes of a refusal, without the receipt.
    ///
    /// # Errors
    /// When it cannot be rendered; nothing is answered then.
    fn problem(&self, refusal: &Refusal, query: Uuid) -> Result<Vec<u8>, serde_json::Error>;

    /// The bytes that confirm that a report is on the record, without the receipt: the same whatever was reported.
    ///
    /// # Errors
    /// When they cannot be rendered; nothing is answered then.
    fn confirmed(&self, query: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Confirmed { query, recorded: true })
    }

    /// The bytes that confirm the withdrawal of a consent, without the receipt.
    ///
    /// # Errors
    /// When they cannot be rendered; nothing is answered then.
    fn withdrawn(&self, query: Uuid, jti: &TokenId) -> Result<Vec<u8>, serde_json::Error>;
}

/// What a caller asks for.
pub enum Request {
    /// A look-up.
    Query(Question),
    /// The withdrawal of a consent (PIPL art. 15).
    Withdrawal {
        /// The token.
        jti: TokenId,
        /// Its issuer; left out = the only one for which the institution acts.
        iss: Option<String>,
    },
    /// A case that must be checked was opened, or decided; or somebody is to come on a day.
    Case(CaseReport),
    /// What was done with an answer.
    Feedback(FeedbackReport),
}

#[derive(Serialize)]
struct Confirmed {
    query: Uuid,
    recorded: bool,
}

/// What a department reports of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseAct {
    /// It was opened.
    Opened,
    /// It was decided.
    Decided,
    /// There is none yet: a person has an appointment.
    Appointed,
}

/// A case that must be checked, as a department reports it: members of the right type, not yet looked at.
pub struct CaseReport {
    /// What of it.
    pub act: CaseAct,
    /// The scenario's name.
    pub scenario: String,
    /// The case number.
    pub case: Option<String>,
    /// The citizen number.
    pub subject: Option<Zeroizing<String>>,
    /// The id of the member of staff; `operator` on the wire.
    pub staff: Option<String>,
    /// The day on which it was opened or decided, or of the appointment.
    pub on: String,
}

/// What was done with an answer, as who asked reports it: members of the right type, not yet looked at.
pub struct FeedbackReport {
    /// The id of the query.
    pub query: String,
    /// The id of the member of staff; `operator` on the wire.
    pub staff: Option<String>,
    /// What came of it.
    pub result: String,
    /// The measure that was taken.
    pub measure: Option<String>,
}

/// The members of a look-up as they were sent: of the right type, not yet looked at.
pub struct Question {
    /// The scenario's name.
    pub scenario: String,
    /// The citizen number.
    pub subject: Option<Zeroizing<String>>,
    /// The id of the member of staff; `operator` on the wire.
    pub staff: Option<String>,
    /// The case number.
    pub case: Option<String>,
    /// The fields asked for.
    pub fields: Option<Vec<String>>,
    /// For whom another gateway asks.
    pub on_behalf: Option<Box<OnBehalfWords>>,
    /// What makes it the same question as an earlier one.
    pub idempotency: Option<RepeatKey>,
    /// The route by which it came, if it did: its store answers, and `fields` are as many of its fields as the ground covers.
    pub(crate) route: Option<RouteQuery>,
}

impl Question {
    /// A question of which the caller's own door knows everything: about whom, and that nobody's staff asks.
    pub(crate) fn of_door(scenario: &str) -> Self {
        Self {
            scenario: scenario.to_owned(),
            subject: None,
            staff: None,
            case: None,
            fields: None,
            on_behalf: None,
            idempotency: None,
            route: None,
        }
    }
}

/// The members of `on_behalf` as they were sent.
pub struct OnBehalfWords {
    /// The end institution's id at the other gateway.
    pub institution: String,
    /// Its kind.
    pub kind: String,
    /// x5t#S256 of its certificate.
    pub certificate: String,
    /// The other gateway's log.
    pub origin: String,
    /// The query's id there.
    pub query: String,
}

/// A key under which a question may be asked again.
pub struct RepeatKey {
    /// The key, of the institution's own choice.
    pub key: String,
    /// The bytes of the whole question.
    pub question: Zeroizing<Vec<u8>>,
    /// How often and how long it may be asked.
    pub(crate) window: RepeatWindow,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it came.
    Complete,
    /// More than is worth reading, or nobody can say where it ends: the connection is closed after the refusal.
    TooLong,
    /// It broke off or did not come in time: there was no query, and there is nobody to answer.
    Broken,
}

/// An answer as a door renders it (`docs/formats.md` §2).
#[derive(Serialize)]
pub struct AnswerView<'a> {
    /// The id of the query.
    pub query: Uuid,
    /// The first query under the same idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Uuid>,
    /// Of a query that another gateway asked: its log and its query, so that the answer is of that query alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<AskedBy<'a>>,
    /// The scenario's name.
    pub scenario: &'a str,
    /// On which ground it is given, as its leaf says it.
    pub ground: GroundView<'a>,
    /// The pseudonym; nothing where a person asks about himself or herself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<&'a str>,
    /// The pseudonym of the epoch before, while both count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_previous: Option<&'a str>,
    /// The catalogue's label.
    pub catalogue: &'a str,
    /// The fields of the permit.
    #[serde(serialize_with = "fields")]
    pub data: &'a Minimised,
    /// Fields that rest on disputed records.
    pub marks: &'a [FieldName],
    /// How long the answer may be kept, and what else binds its holder.
    pub obligations: Obligations,
    /// Whether the store has the name by which anyone asks; true for all others.
    #[serde(skip)]
    pub is_named: bool,
    /// Where a person asks about himself or herself: each record on which the data may rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<Vec<OwnRecord>>,
}

/// On which ground an answer is given: the ground of its leaf, with the consent by its name.
#[derive(Serialize)]
#[serde(untagged)]
pub enum GroundView<'a> {
    /// What lets an organ ask, and for which case.
    Statute {
        /// Instrument, article and rank of each ground, `；` between them.
        statute: &'a str,
        /// The lowest of their ranks.
        #[serde(skip_serializing_if = "Option::is_none")]
        rank: Option<&'static str>,
        /// The case, as it was sent.
        case: &'a str,
        /// Whether the rule wants the applicant's written consent in the institution's file.
        #[serde(skip_serializing_if = "is_false")]
        consent_on_file: bool,
    },
    /// The consent of the person.
    Consent {
        /// The token.
        consent: ConsentName<'a>,
        /// Which use of it this is, from 1.
        #[serde(rename = "use")]
        use_: Option<u64>,
    },
    /// The person asks.
    Person {
        /// Always true.
        #[serde(rename = "self")]
        self_: bool,
    },
    /// A statute opens the scenario to anyone.
    Public {
        /// Always true.
        public: bool,
    },
}

/// A consent token by its name.
#[derive(Serialize)]
pub struct ConsentName<'a> {
    /// Who issued it.
    pub iss: &'a str,
    /// Its id there.
    pub jti: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A record, or an entry on a list, as the person whose it is sees it and may object to it.
#[derive(Serialize)]
pub(crate) struct OwnRecord {
    /// Its id.
    pub(crate) record: String,
    /// Its class in the data list.
    pub(crate) class: String,
    /// The day of its determination; of an entry on a list the first day on it.
    pub(crate) determined: Date,
    /// The last day on which it is shown, or the first no longer on the list, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Date>,
    /// Whether an objection to it is open.
    pub(crate) disputed: bool,
}

/// The query of another gateway that an answer is of.
#[derive(Serialize)]
pub struct AskedBy<'a> {
    /// The other gateway's log.
    pub origin: &'a str,
    /// The query's id there.
    pub query: Uuid,
}

fn fields<S: Serializer>(minimised: &Minimised, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(minimised.data.len()))?;
    for (field, value) in &minimised.data {
        map.serialize_entry(field, value)?;
    }
    map.end()
}
