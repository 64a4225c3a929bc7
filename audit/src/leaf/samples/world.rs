//! What the leaves so far amount to, as far as the next one must agree with it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::leaf::actor::Actor;
use crate::leaf::encoded::Base64;
use crate::leaf::entry::{Entry, LeafError};
use crate::leaf::event::Act;
use crate::leaf::query::GroundRecord;

use super::random::Random;

/// The institutions of a sample log, with their kinds.
pub(super) const INSTITUTIONS: [(&str, &str); 4] =
    [("bank", "bank"), ("employer", "employer"), ("housing", "housing-department"), ("authority", "consent-authority")];

/// Scenarios of the shipped catalogue.
pub(super) const SCENARIOS: [&str; 3] = ["commercial-loan", "employment", "public-rental-housing"];

/// Members of staff.
pub(super) const STAFF: [&str; 3] = ["staff-1", "staff-2", "staff-3"];

/// What the register says of an institution.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) acted: bool,
    pub(super) certificates: Vec<String>,
    pub(super) registered: bool,
    pub(super) removed: bool,
    pub(super) suspended: bool,
    pub(super) staff: Vec<String>,
    pub(super) scenarios: Vec<String>,
}

/// A consent that stands in the log.
#[derive(Clone)]
pub(super) struct Consent {
    pub(super) iss: String,
    pub(super) jti: String,
    /// The leaf that has its token.
    pub(super) holder: u64,
    pub(super) uses: u64,
    pub(super) revoked: bool,
}

/// The first query under an idempotency key.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) id: Uuid,
    pub(super) scenario: &'static str,
    pub(super) ground: GroundRecord<'static>,
    pub(super) at: Timestamp,
}

/// A query of an institution that was answered.
pub(super) struct Answered {
    pub(super) id: Uuid,
    pub(super) institution: &'static str,
    /// Its leaf, or the last one that says that its correction is due.
    pub(super) since: u64,
    pub(super) is_due: bool,
}

/// The state of a log while it is made up.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) at: Timestamp,
    pub(super) index: u64,
    pub(super) seqs: BTreeMap<String, u64>,
    /// How many numbers of its institution the leaf under way takes.
    pub(super) taken: u64,
    pub(super) standings: HashMap<&'static str, Standing>,
    pub(super) stopped: bool,
    pub(super) stopped_scenarios: Vec<String>,
    pub(super) catalogues: Vec<String>,
    /// Ids and states of data keys: 0 active to 3 destroyed.
    pub(super) keys: Vec<(String, u8)>,
    pub(super) consents: Vec<Consent>,
    pub(super) asks: HashMap<[u8; 16], Asked>,
    pub(super) queries: Vec<Uuid>,
    pub(super) answers: Vec<Answered>,
    /// The last leaf by which a record went out of answers.
    pub(super) removed: u64,
    pub(super) proposals: Vec<(Uuid, [u8; 32], Timestamp)>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let at = Timestamp::from_second(1_795_000_000).unwrap_or_default();
        Self {
            random: Random::new(seed),
            at,
            index: 0,
            seqs: BTreeMap::new(),
            taken: 1,
            standings: HashMap::new(),
            stopped: false,
            stopped_scenarios: Vec::new(),
            catalogues: Vec::new(),
            keys: Vec::new(),
            consents: Vec::new(),
            asks: HashMap::new(),
            queries: Vec::new(),
            answers: Vec::new(),
            removed: 0,
            proposals: Vec::new(),
        }
    }

    /// Time goes on: mostly by microseconds, now and then by hours, so that days and months turn.
    pub(super) fn turn(&mut self) {
        let micros = match self.random.below(20) {
            0 => 3_600_000_000 * self.random.below(30),
            1..6 => self.random.below(60_000_000),
            _ => self.random.below(1_000),
        };
        let later = jiff::SignedDuration::from_micros(i64::try_from(micros).unwrap_or_default());
        self.at = self.at.checked_add(later).unwrap_or(self.at);
    }

    /// A UUIDv7 of now.
    pub(super) fn id(&mut self) -> Uuid {
        let millis = u64::try_from(self.at.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random.bytes()).into_uuid()
    }

    /// The number that an institution's next act has, without giving it away.
    pub(super) fn next_seq(&self, institution: &str) -> u64 {
        self.seqs.get(institution).copied().unwrap_or_default() + 1
    }

    pub(super) fn scenario(&mut self) -> &'static str {
        self.random.one_of(&SCENARIOS).copied().unwrap_or("employment")
    }

    pub(super) fn staff(&mut self) -> &'static str {
        self.random.one_of(&STAFF).copied().unwrap_or("staff-1")
    }

    /// An institution that may act: one that was not removed.
    pub(super) fn institution(&mut self) -> Option<&'static str> {
        let (name, _) = *self.random.one_of(&INSTITUTIONS)?;
        let removed = self.standings.get(name).is_some_and(|standing| standing.removed);
        (!removed).then_some(name)
    }

    /// A certificate by which it may act.
    pub(super) fn certificate(&mut self, institution: &'static str) -> String {
        let certificates = self.standings.get(institution).map(|standing| standing.certificates.clone());
        let known = self.random.one_of(&certificates.unwrap_or_default()).cloned();
        known.unwrap_or_else(|| self.thumbprint())
    }

    /// What stands for a certificate: 43 characters of base64url.
    pub(super) fn thumbprint(&mut self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.random.bytes::<32>())
    }

    /// Bytes in the place of a sealed part.
    pub(super) fn sealed(&mut self) -> Base64<Vec<u8>> {
        Base64(self.random.many_bytes(32 + 12 + 5 + 1_024 + 16))
    }

    pub(super) fn key(&self) -> String {
        self.data_key().unwrap_or_default()
    }

    /// A query of before; any id where there was none.
    pub(super) fn query(&mut self) -> Uuid {
        let known = self.random.one_of(&self.queries).copied();
        known.unwrap_or_else(|| self.id())
    }

    pub(super) fn day(&mut self) -> Date {
        jiff::civil::date(2026, 11, 20).saturating_add(jiff::Span::new().days(self.random.below(28).cast_signed()))
    }

    /// One of few persons' tags for an institution, so that counts come together.
    pub(super) fn tag(&mut self, institution: Option<&str>) -> Base64<[u8; 32]> {
        let person = self.random.below(5);
        Base64(Random::new(person << 8 | institution.map_or(0, str::len) as u64).bytes())
    }

    /// An institution's own act; the program's where the one that was drawn is removed.
    pub(super) fn own(&mut self, act: &impl Act) -> Result<Entry, LeafError> {
        match self.institution() {
            Some(institution) => self.own_of(institution, act),
            None => act.entry(self.id(), Actor::gateway()),
        }
    }

    /// An act of this institution, where it was not removed.
    pub(super) fn own_of(&mut self, institution: &'static str, act: &impl Act) -> Result<Entry, LeafError> {
        let id = self.id();
        let certificate = self.certificate(institution);
        self.standings.entry(institution).or_default().acted = true;
        act.own_entry(id, institution, &certificate)
    }

    /// An act of an officer, of somebody at the machine, or of the program.
    pub(super) fn act(&mut self, act: &impl Act) -> Result<Entry, LeafError> {
        let actor = self.actor();
        act.entry(self.id(), actor)
    }

    /// An act of a person.
    pub(super) fn act_of_person(&mut self, act: &impl Act) -> Result<Entry, LeafError> {
        let tag = self.tag(None);
        act.entry(self.id(), Actor::Person(tag))
    }

    /// Whether a query may be answered.
    pub(super) fn is_open(&self, institution: Option<&str>, staff: &str, scenario: &str) -> bool {
        let is = |all: &[String], one: &str| all.iter().any(|known| known == one);
        let suspended = institution.and_then(|name| self.standings.get(name)).is_some_and(|standing| {
            standing.suspended || is(&standing.staff, staff) || is(&standing.scenarios, scenario)
        });
        !suspended && !self.stopped && !is(&self.stopped_scenarios, scenario)
    }

    /// The data key in force; there is none before the first `key` leaf, or where all are destroyed.
    pub(super) fn data_key(&self) -> Option<String> {
        let (key, _) = self.keys.iter().rev().find(|(_, state)| *state < 3)?;
        Some(key.clone())
    }

    /// Somebody who may act for the operator, or the program.
    pub(super) fn actor(&mut self) -> Actor {
        match self.random.below(4) {
            0 => Actor::Officer { officer: "officer".to_owned(), certificate: self.thumbprint() },
            1 => Actor::System("credit-gateway".to_owned()),
            _ => Actor::Account("uid 0 (root)".to_owned()),
        }
    }
}
