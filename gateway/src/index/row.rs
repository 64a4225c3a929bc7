//! What a leaf says for the index.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{Body, CorrectionState, KeyState, Leaf, QuerySummary, ReviewState},
    merkle::Hash,
};
use credit_keys::{IndexKey, KeyId};
use credit_policy::CitizenNumber;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::{fresh::Fresh, place::Place, sources::Sources};
use crate::state::consent_key;

/// What is taken in of one leaf.
pub(super) enum Row {
    /// A query.
    Query(Box<QueryRow>),
    /// A notice of these queries was given.
    Notice { leaf: u64, queries: Vec<Uuid> },
    /// A correction of the answer to a query is due, or was fetched.
    Correction { leaf: u64, at: i64, query: Uuid, state: CorrectionState },
    /// Something was done for a person by somebody else.
    Act { place: Place, person: Option<[u8; 16]>, data_key: String },
    /// An officer looked at what stands in a query: opened it for review, or its sealed part.
    Look { place: Place, of: Of },
    /// A data key was destroyed: nobody is known of its month any more.
    Destroyed { data_key: String },
    /// Nothing.
    Other,
}

/// Which query.
pub(super) enum Of {
    /// By its id.
    Query(Uuid),
    /// By its leaf.
    Leaf(u64),
}

/// A query.
pub(super) struct QueryRow {
    pub(super) place: Place,
    pub(super) id: Uuid,
    /// Microseconds of Unix time.
    pub(super) at: i64,
    /// The day of it in the jurisdiction.
    pub(super) day: Date,
    pub(super) institution: Option<String>,
    /// For whom it asked.
    pub(super) on_behalf: Option<String>,
    pub(super) staff: Option<String>,
    pub(super) scenario: Option<String>,
    pub(super) code: Option<String>,
    pub(super) consent: Option<ConsentRow>,
    pub(super) case: Option<String>,
    pub(super) person: Option<[u8; 16]>,
    pub(super) data_key: Option<String>,
    /// From which day on the person may know of it, as [`day_number`] writes it; nothing where never.
    pub(super) known_from: Option<i64>,
}

/// The consent of a query.
pub(super) enum ConsentRow {
    /// By its key.
    Key([u8; 16]),
    /// That of an earlier leaf.
    Of(u64),
}

/// From the first day on.
pub(super) const ALWAYS: i64 = 0;

/// A day as a number that is the greater the later it is: 20261129.
pub(super) fn day_number(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// The row of a leaf.
pub(super) fn of(place: Place, parsed: Leaf<'_>, opening: Opening<'_>) -> Row {
    let (id, at) = (parsed.head.id, parsed.head.at);
    match parsed.body {
        Body::Query(summary) => Row::Query(Box::new(of_query(place, summary, opening))),
        Body::Binding(binding) => {
            let person =
                opening.member(&binding.key, &format!("{id}/person"), &binding.person.0, |plain| opening.person(plain));
            Row::Act { place, person, data_key: binding.key }
        }
        Body::Notice(notice) => {
            let told = opening.member(&notice.key, &format!("{id}/ids"), &notice.ids.0, |plain| {
                Some(serde_json::from_slice::<Told>(plain).ok()?.ids)
            });
            Row::Notice { leaf: place.leaf, queries: told.unwrap_or_default() }
        }
        Body::Correction(correction) => Row::Correction {
            leaf: place.leaf,
            at: at.as_microsecond(),
            query: correction.query,
            state: correction.state,
        },
        Body::Review(review) if review.state == ReviewState::Opened => Row::Look { place, of: Of::Query(review.query) },
        Body::Unseal(unseal) => Row::Look { place, of: Of::Leaf(unseal.entry) },
        Body::Key(key) if key.state == KeyState::Destroyed && key.part.is_none() => {
            Row::Destroyed { data_key: key.key }
        }
        Body::Key(_)
        | Body::Open(_)
        | Body::Seal(_)
        | Body::Catalogue(_)
        | Body::Definitions(_)
        | Body::Carried(_)
        | Body::Institution(_)
        | Body::Suspension(_)
        | Body::Stop(_)
        | Body::Revocation(_)
        | Body::IssuerKey(_)
        | Body::Flood(_)
        | Body::Refusals(_)
        | Body::Read(_)
        | Body::Log(_)
        | Body::Prune(_)
        | Body::Statement(_)
        | Body::Block(_)
        | Body::Objection(_)
        | Body::Repair(_)
        | Body::Case(_)
        | Body::Appointment(_)
        | Body::Feedback(_)
        | Body::Proposal(_)
        | Body::Approval(_)
        | Body::Review(_)
        | Body::Sampling(_)
        | Body::Figures(_) => Row::Other,
    }
}

fn of_query(place: Place, query: QuerySummary<'_>, opening: Opening<'_>) -> QueryRow {
    let person = || {
        if let Some(person) = query.key.and_then(|key| opening.fresh.of(place.leaf, key)) {
            return Some(person);
        }
        let (sealed, commit) = (STANDARD.decode(query.sealed?).ok()?, STANDARD.decode(query.commit?).ok()?);
        let commit = commit.as_slice().try_into().ok()?;
        opening.open(query.key?, &query.id.to_string(), &sealed, commit, |plain| opening.person(plain))
    };
    let token = || query.consent().map(|name| ConsentRow::Key(consent_key(&name.iss, &name.jti)));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    QueryRow {
        place,
        id: query.id,
        at: query.at.as_microsecond(),
        day: opening.sources.catalogue.today(query.at),
        person: person(),
        known_from: known_from(&query, opening.sources),
        institution: owned(query.institution),
        on_behalf: owned(query.on_behalf()),
        staff: owned(query.operator),
        scenario: owned(query.scenario),
        code: owned(query.code),
        consent: query.holder().map(ConsentRow::Of).or_else(token),
        case: owned(query.case()),
        data_key: owned(query.key),
    }
}

/// From which day on the person may know of a query (PIPL art. 18 and 35). What is deferred to an event is known once a
/// notice was given, what is exempt never; a refused query follows its scenario, and one whose scenario is gone is not
/// shown, since nobody can say any more whether it was one of these.
fn known_from(query: &QuerySummary<'_>, sources: Sources<'_>) -> Option<i64> {
    let of_scenario = || match &query.scenario {
        None => Some("owed"),
        Some(name) => sources.catalogue.scenario(name).map(|scenario| scenario.notice()),
    };
    let notice = query.notice.as_deref().or_else(of_scenario)?;
    match notice.strip_prefix("deferred until ") {
        Some(until) => until.parse::<Date>().ok().map(day_number),
        None if notice.starts_with("exempt by ") => None,
        None => Some(ALWAYS),
    }
}

/// The key of a person in the index: half of what the index's key makes, which is far more than tells persons apart.
pub(super) fn person_key(key: &IndexKey, number: &str) -> [u8; 16] {
    key.person(number).first_chunk().copied().unwrap_or_default()
}

/// Of a personal part: whom it is about.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
}

/// Of the sealed part of a notice: what it tells of.
#[derive(Deserialize)]
struct Told {
    ids: Vec<Uuid>,
}

/// What opens sealed parts.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    /// The log's name.
    pub(super) origin: &'a str,
    /// The index's key.
    pub(super) key: &'a IndexKey,
    pub(super) sources: Sources<'a>,
    /// What need not be opened.
    pub(super) fresh: &'a Fresh,
}

impl Opening<'_> {
    /// Whom a personal part is about.
    fn person(self, plain: &[u8]) -> Option<[u8; 16]> {
        let about: About<'_> = serde_json::from_slice(plain).ok()?;
        let number = CitizenNumber::parse(&about.number).ok()?;
        Some(number.disclose(|number| person_key(self.key, number.as_str())))
    }

    /// Opens a sealed member: what commits to it, then what is sealed.
    fn member<T>(self, key: &str, id: &str, bytes: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let (commit, sealed) = bytes.split_first_chunk::<32>()?;
        self.open(key, id, sealed, commit, read)
    }

    /// Opens a sealed part; nothing where its key is gone.
    fn open<T>(
        self,
        key: &str,
        id: &str,
        sealed: &[u8],
        commit: &[u8; 32],
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let key = KeyId::parse(key).ok()?;
        let opened = self.sources.keys.with(|ring| ring.unseal(&key, self.origin, id, sealed, commit)).ok()?;
        opened.disclose(|plain| read(plain))
    }
}

/// Rows of consecutive leaves, and the hash of the last one.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) last: Hash,
}

impl Rows {
    /// One more.
    pub(super) fn push(&mut self, row: Row, hash: Hash) {
        self.rows.push(row);
        self.last = hash;
    }
}
