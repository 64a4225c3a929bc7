//! For tests: logs of every kind in random order, the same for the same seed.

use std::sync::LazyLock;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use credit_audit::leaf::Kind;
use credit_policy::{Catalogue, catalogue};
use jiff::{SignedDuration, Timestamp};

pub(super) static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::load(&catalogue::shipped()).ok().unwrap());

/// SplitMix64: small, and the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn key(&mut self) -> String {
        let byte = self.below(6) as u8;
        STANDARD.encode([byte; 16])
    }
}

const ACTOR: &str = r#","actor":{"account":"uid 0 (root)"}"#;

/// The kinds that change something. Of all others `credit_audit::leaf::samples` makes some.
const KINDS: [Kind; 9] = [
    Kind::Institution,
    Kind::Suspension,
    Kind::Revocation,
    Kind::Catalogue,
    Kind::Key,
    Kind::Stop,
    Kind::Seal,
    Kind::Carried,
    Kind::Query,
];

/// A log of so many leaves. Times go on by anything from a microsecond to weeks, so that days, months and consents end.
pub(super) fn log(random: &mut Random, leaves: u64) -> Vec<Vec<u8>> {
    let mut at: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    let mut log = Vec::new();
    let mut queries: Vec<(u64, String)> = Vec::new();
    for index in 0..leaves {
        let step = match random.below(12) {
            0 => SignedDuration::from_hours(24 * i64::try_from(random.below(20)).unwrap()),
            1..3 => SignedDuration::from_hours(1 + i64::try_from(random.below(30)).unwrap()),
            3..5 => SignedDuration::ZERO,
            _ => SignedDuration::from_micros(i64::try_from(random.below(3_600_000_000)).unwrap()),
        };
        at += step;
        let drawn = usize::try_from(random.below(3 * KINDS.len() as u64)).unwrap();
        let kind = KINDS.get(drawn).copied().unwrap_or(Kind::Query);
        let id =
            format!("{:08x}-{:04x}-7000-8000-{index:012x}", at.as_millisecond() >> 16, at.as_millisecond() & 0xffff);
        let institution = ["bank", "housing", "school"][random.below(3) as usize];
        let tail = match kind {
            Kind::Query => {
                let acting = format!(r#","institution":"{institution}","seq":{}"#, index + 1);
                acting + &query(random, index, at, &id, &mut queries)
            }
            other => tail(random, other, at, institution),
        };
        log.push(format!(r#"{{"v":1,"kind":"{}","id":"{id}","at":"{at:.6}"{tail}}}"#, kind.as_str()).into_bytes());
    }
    log
}

fn query(random: &mut Random, index: u64, at: Timestamp, id: &str, queries: &mut Vec<(u64, String)>) -> String {
    let known = (!queries.is_empty()).then(|| queries[random.below(queries.len() as u64) as usize].clone());
    let ground = match random.below(5) {
        0 | 1 => format!(r#""ground":{{"statute":"s","case":"c{}"}},"#, random.below(4)),
        2 => {
            let exp = at.as_second() + i64::try_from(random.below(20 * 86_400)).unwrap();
            let payload = format!(r#"{{"iss":"i","jti":"j{}","exp":{exp}}}"#, random.below(4));
            let token = format!("x.{}.x", URL_SAFE_NO_PAD.encode(payload));
            format!(r#""ground":{{"consent":"{token}","use":{}}},"#, 1 + random.below(3))
        }
        3 => {
            let first = known.as_ref().map_or(random.below(50), |(first, _)| *first);
            format!(r#""ground":{{"first":{first},"use":{}}},"#, 1 + random.below(3))
        }
        _ => String::new(),
    };
    let idempotency = match random.below(3) {
        0 => {
            let repeats = known.filter(|_| random.below(2) == 0);
            let repeats = repeats.map_or(String::new(), |(_, first)| format!(r#""repeats":"{first}","#));
            let key = [random.below(4) as u8; 32];
            format!(r#"{repeats}"idempotency":"{}","#, STANDARD.encode(key))
        }
        _ => String::new(),
    };
    queries.push((index, id.to_owned()));
    let outcome = if random.below(5) == 0 { "refused" } else { "answered" };
    let scenario = ["housing-purchase", "no-scenario-of-ours"][random.below(2) as usize];
    format!(
        r#","operator":"staff-{}","certificate":"x","scenario":"{scenario}",{ground}{idempotency}"catalogue":"c","rules":[],"inputs":{{}},"outcome":"{outcome}","subject":"s{}""#,
        random.below(3),
        random.below(5),
    )
}

fn tail(random: &mut Random, kind: Kind, at: Timestamp, institution: &str) -> String {
    let count = 1 + random.below(9);
    match kind {
        Kind::Institution => {
            let change = ["added", "changed", "removed"][random.below(3) as usize];
            format!(
                r#"{ACTOR},"institution":"{institution}","change":"{change}","institution_kind":"bank","certificates":["x"],"rate_per_s":{count},"burst":1,"distinct_subjects_a_day":1,"look_ups_a_person_a_day":1"#
            )
        }
        Kind::Suspension => {
            format!(r#"{ACTOR},"institution":"{institution}","suspended":{}"#, random.below(2) == 0)
        }
        Kind::Revocation => format!(r#"{ACTOR},"issuer":"i","jti":"j{}""#, random.below(4)),
        Kind::Catalogue => format!(r#","label":"c{count}","files":[]"#),
        Kind::Key => format!(r#"{ACTOR},"key":"data-{count}","use":"data","state":"active""#),
        Kind::Stop => format!(r#"{ACTOR},"stopped":{}"#, random.below(2) == 0),
        Kind::Seal => r#","institutions":{}"#.to_owned(),
        Kind::Carried => carried(random, at, institution, count),
        _ => String::new(),
    }
}

fn carried(random: &mut Random, at: Timestamp, institution: &str, count: u64) -> String {
    let (key, day) = (random.key(), at.to_zoned(jiff::tz::TimeZone::UTC).date());
    match random.below(6) {
        0 => format!(r#","revoked":["{key}"]"#),
        1 => {
            let expires = at.as_second() + i64::try_from(random.below(20 * 86_400)).unwrap();
            format!(r#","uses":[["{key}",{count},"{at}",{expires}]]"#)
        }
        2 => format!(r#","cases":[["{}","{key}",{count}]]"#, day.first_of_month()),
        3 => format!(r#","people":[["{day}","{institution}","g","{key}",{count}]]"#),
        4 => format!(r#","operators":[["{day}","{institution}","{key}",{count}]]"#),
        _ => {
            let first = format!(
                "{:08x}-{:04x}-7000-8000-{count:012x}",
                at.as_millisecond() >> 16,
                at.as_millisecond() & 0xffff
            );
            format!(r#","idempotency":[["{key}","{key}","{first}",{count}]]"#)
        }
    }
}
