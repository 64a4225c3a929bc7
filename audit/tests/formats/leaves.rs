//! Leaves of every kind that is not a query, and what is no leaf.

use std::collections::BTreeMap;

use credit_audit::leaf::{
    self, Act, Actor, Appointment, Approval, Base64, Binding, BindingState, Block, BodyError, Case, CaseState,
    CatalogueFile, CatalogueSet, Correction, CorrectionState, Entry, Event, Feedback, FeedbackResult, Figures, Flood,
    InstitutionChange, IssuerKey, IssuerKeyState, KeyEvent, KeyState, Kind, LeafError, ListedLog, Notice, NoticeWay,
    Objection, ObjectionState, Open, PeekError, Previous, Proposal, Prune, Read, Refusals, RegisterChange, Repair,
    RepairState, Review, ReviewState, Revocation, Seal, Statement, Stop, Suspension, Unseal,
};
use jiff::civil::date;
use serde::Deserialize;

use crate::logs::{at, id};

const ACTOR: &str = r#","actor":{"account":"uid 0 (root)"}"#;

/// Compares the leaf of an entry with what its table says, and reads it back.
fn compared<B: PartialEq + std::fmt::Debug + for<'de> Deserialize<'de>>(entry: &Entry, body: &B, tail: &str) {
    assert_eq!(entry.institution, None);
    let (kind, bytes) = (entry.kind.as_str(), leaf::render(entry, at(0), 9));
    let head = format!(r#"{{"v":1,"kind":"{kind}","id":"{}","at":"2026-11-18T11:06:40.000000Z""#, id(3));
    let actor = if entry.actor.is_some() { ACTOR } else { "" };
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), format!("{head}{actor},{tail}}}"));
    let peek = leaf::peek(&bytes).unwrap();
    assert_eq!((peek.kind, peek.seq, peek.institution), (kind, None, None));
    assert_eq!(peek.actor.and_then(Actor::parse).as_ref(), entry.actor.as_deref());
    assert_eq!(leaf::body::<B>(&bytes).unwrap(), *body);
    let read = leaf::parse(&bytes).unwrap().unwrap();
    assert_eq!((read.body.kind(), read.actor.as_ref()), (entry.kind, entry.actor.as_deref()));
    leaf::check_form(&bytes).unwrap();
}

fn event<E: Event + PartialEq + std::fmt::Debug + for<'de> Deserialize<'de>>(event: &E, tail: &str) {
    compared(&event.entry(id(3)).unwrap(), event, tail);
}

fn act<A: Act + PartialEq + std::fmt::Debug + for<'de> Deserialize<'de>>(act: &A, tail: &str) {
    compared(&act.entry(id(3), Actor::Account("uid 0 (root)".to_owned())).unwrap(), act, tail);
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// A sealed member: `AQID` in base64.
fn sealed() -> Base64<Vec<u8>> {
    Base64(vec![1, 2, 3])
}

fn institution() -> InstitutionChange {
    InstitutionChange {
        institution: text("bank"),
        change: RegisterChange::Added,
        institution_kind: text("bank"),
        certificates: vec![text("x")],
        rate_per_s: 1,
        burst: 2,
        distinct_subjects_a_day: 3,
        look_ups_a_person_a_day: 4,
        operator_rate_per_s: Some(5),
        operator_burst: Some(20),
        look_ups_an_operator_a_day: Some(300),
        name: None,
        issuers: Vec::new(),
        on_behalf_of: Vec::new(),
    }
}

#[test]
fn what_the_log_says_of_itself_is_written_as_its_tables_say() {
    event(&Open { origin: text("o"), previous: None, software: text("s 1") }, r#""origin":"o","software":"s 1""#);
    let previous = Some(Previous { origin: text("p"), checkpoint: text("p\n1\nx\n") });
    event(
        &Open { origin: text("o"), previous, software: text("s") },
        r#""origin":"o","previous":{"origin":"p","checkpoint":"p\n1\nx\n"},"software":"s""#,
    );
    let institutions = BTreeMap::from([(text("bank"), 7), (text("a"), 1)]);
    event(&Seal { institutions, next: Some(text("n")) }, r#""institutions":{"a":1,"bank":7},"next":"n""#);
    let files = vec![CatalogueFile { path: text("a.toml"), sha256: text("00") }];
    event(
        &CatalogueSet { label: text("1@sha256:00"), files },
        r#""label":"1@sha256:00","files":[{"path":"a.toml","sha256":"00"}]"#,
    );
    act(
        &ListedLog { origin: text("o"), vkey: text("o+1+k"), from: at(0), until: None },
        r#""origin":"o","vkey":"o+1+k","from":"2026-11-18T11:06:40Z""#,
    );
    act(
        &Prune { from: 0, until: 256, proposal: Some(id(5)) },
        &format!(r#""from":0,"until":256,"proposal":"{}""#, id(5)),
    );
}

#[test]
fn what_runs_the_gateway_is_written_as_its_tables_say() {
    let key = KeyEvent {
        key: text("k"),
        use_: text("tag"),
        state: KeyState::Active,
        fingerprint: Some(text("f")),
        activates: None,
        part: None,
    };
    act(&key, r#""key":"k","use":"tag","state":"active","fingerprint":"f""#);
    act(
        &institution(),
        concat!(
            r#""institution":"bank","change":"added","institution_kind":"bank","certificates":["x"],"rate_per_s":1,"#,
            r#""burst":2,"distinct_subjects_a_day":3,"look_ups_a_person_a_day":4,"#,
            r#""operator_rate_per_s":5,"operator_burst":20,"look_ups_an_operator_a_day":300"#
        ),
    );
    let reason = Some(text("违规\n"));
    act(
        &Suspension { institution: text("bank"), operator: None, scenario: None, suspended: true, reason },
        r#""institution":"bank","suspended":true,"reason":"违规\n""#,
    );
    act(&Stop { scenario: None, stopped: false, reason: None }, r#""stopped":false"#);
    act(&Revocation { issuer: text("i"), jti: text("j") }, r#""issuer":"i","jti":"j""#);
    let jwk = BTreeMap::from([(text("x"), text("AA")), (text("kty"), text("OKP"))]);
    act(
        &IssuerKey { iss: text("i"), kid: text("k"), jwk, state: IssuerKeyState::Retired },
        r#""iss":"i","kid":"k","jwk":{"kty":"OKP","x":"AA"},"state":"retired""#,
    );
    event(
        &Flood { institution: text("bank"), since: at(0), counts: BTreeMap::from([(text("cut-off"), 9)]) },
        r#""institution":"bank","since":"2026-11-18T11:06:40Z","counts":{"cut-off":9}"#,
    );
    event(
        &Refusals { counts: BTreeMap::from([(text("rate-limited"), 3)]), seqs: (7, 9) },
        r#""counts":{"rate-limited":3},"seqs":[7,9]"#,
    );
    act(&Read { path: text("tile/entries/000") }, r#""path":"tile/entries/000""#);
}

#[test]
fn what_concerns_persons_is_written_as_its_tables_say() {
    let key = || text("data-2026-11");
    act(
        &Notice { way: NoticeWay::Portal, count: 2, key: key(), ids: sealed() },
        r#""way":"portal","count":2,"key":"data-2026-11","ids":"AQID""#,
    );
    let (from, to, zeroes) = (date(2026, 11, 1), date(2026, 11, 2), "A".repeat(43));
    act(
        &Statement { from, to, size: 9, digest: Base64([0; 32]), key: key(), ids: sealed() },
        &format!(
            r#""from":"2026-11-01","to":"2026-11-02","size":9,"digest":"{zeroes}=","key":"data-2026-11","ids":"AQID""#
        ),
    );
    act(
        &Block { blocked: true, scenario: text("s"), key: key(), person: sealed() },
        r#""blocked":true,"scenario":"s","key":"data-2026-11","person":"AQID""#,
    );
    let (class, due, state) = (text("c"), to, ObjectionState::Open);
    act(
        &Objection { state, class, due, key: key(), record: sealed(), text: Some(sealed()), reason: None },
        r#""state":"open","class":"c","due":"2026-11-02","key":"data-2026-11","record":"AQID","text":"AQID""#,
    );
    act(
        &Repair { state: RepairState::Revoked, class: text("c"), on: to, key: key(), record: sealed(), order: None },
        r#""state":"revoked","class":"c","on":"2026-11-02","key":"data-2026-11","record":"AQID""#,
    );
    act(
        &Correction { state: CorrectionState::Fetched, query: id(4) },
        &format!(r#""state":"fetched","query":"{}""#, id(4)),
    );
    act(
        &Binding { state: BindingState::Bound, key: key(), person: sealed() },
        r#""state":"bound","key":"data-2026-11","person":"AQID""#,
    );
}

#[test]
fn what_departments_and_officers_do_is_written_as_its_tables_say() {
    let case = Case {
        state: CaseState::Decided,
        scenario: text("s"),
        case: text("甲-1"),
        on: date(2026, 11, 2),
        operator: text("o"),
        subject: None,
        key: None,
        sealed: None,
        commit: None,
    };
    act(&case, r#""state":"decided","scenario":"s","case":"甲-1","on":"2026-11-02","operator":"o""#);
    let appointment = Appointment {
        scenario: text("s"),
        on: date(2026, 11, 2),
        operator: text("o"),
        subject: Base64([0; 32]),
        key: text("k"),
        sealed: Base64(vec![1]),
        commit: Base64([0; 32]),
    };
    act(
        &appointment,
        &format!(
            r#""scenario":"s","on":"2026-11-02","operator":"o","subject":"{0}=","key":"k","sealed":"AQ==","commit":"{0}=""#,
            "A".repeat(43)
        ),
    );
    let (query, result) = (id(4), FeedbackResult::Reward);
    act(
        &Feedback { query, operator: text("o"), result, measure: None },
        &format!(r#""query":"{query}","operator":"o","result":"reward""#),
    );
    let (digest, zeroes) = (Base64([0; 32]), "A".repeat(43));
    act(
        &Proposal { act: text("unseal"), digest, expires: at(0) },
        &format!(r#""act":"unseal","digest":"{zeroes}=","expires":"2026-11-18T11:06:40Z""#),
    );
    act(&Approval { proposal: id(4), digest }, &format!(r#""proposal":"{query}","digest":"{zeroes}=""#));
    act(
        &Review { query, state: ReviewState::Queued, verdict: None, reason: None },
        &format!(r#""query":"{query}","state":"queued""#),
    );
    act(&Unseal { entry: 7, reason: text("r"), proposal: None }, r#""entry":7,"reason":"r""#);
    event(
        &Figures { period: text("2026-11"), digest, epsilon: text("0.5") },
        &format!(r#""period":"2026-11","digest":"{zeroes}=","epsilon":"0.5""#),
    );
}

#[test]
fn who_acted_stands_directly_behind_the_time() {
    let revocation = Revocation { issuer: text("i"), jti: text("j") };
    let own = leaf::render(&revocation.own_entry(id(3), "authority", "c-_1").unwrap(), at(0), 9);
    let tail = r#","actor":{"institution":"authority","certificate":"c-_1"},"institution":"authority","seq":9,"issuer":"i","jti":"j"}"#;
    assert!(String::from_utf8(own.clone()).unwrap().ends_with(&format!("Z\"{tail}")));
    let peek = leaf::peek(&own).unwrap();
    assert_eq!((peek.institution, peek.seq), (Some("authority"), Some(9)));
    leaf::check_form(&own).unwrap();
    let certificate = || text("c");
    for actor in [
        Actor::Institution { institution: text("bank"), certificate: certificate() },
        Actor::Officer { officer: text("officer-1"), certificate: certificate() },
        Actor::Account(text("uid 1000 (张三)")),
        Actor::Person(Base64([7; 32])),
        Actor::gateway(),
    ] {
        let bytes = leaf::render(&revocation.entry(id(3), actor.clone()).unwrap(), at(0), 0);
        assert_eq!(leaf::peek(&bytes).unwrap().actor.and_then(Actor::parse), Some(actor.clone()), "{actor:?}");
        assert_eq!(leaf::parse(&bytes).unwrap().unwrap().actor, Some(actor));
    }
}

#[test]
fn a_name_that_would_need_an_escape_cannot_act() {
    let revocation = Revocation { issuer: text("i"), jti: text("j") };
    for name in ["", "a\"b", "a\\b", "a}b", "{", "a\nb", &"n".repeat(129)] {
        let refused = revocation.entry(id(3), Actor::Account(text(name)));
        assert!(matches!(refused, Err(LeafError::Actor)), "{name:?}");
    }
    let good =
        String::from_utf8(leaf::render(&revocation.entry(id(3), Actor::Account(text("root"))).unwrap(), at(0), 0))
            .unwrap();
    for bad in [
        r#"{"account":"a\u0062"}"#,
        r#"{"account":""}"#,
        r#"{ "account":"root"}"#,
        r#"{"account":"root","x":"y"}"#,
        r#"{"institution":"bank"}"#,
        r#"{"person":"AAAA"}"#,
        r#"{"somebody":"root"}"#,
        r#""root""#,
    ] {
        let leaf = good.replacen(r#"{"account":"root"}"#, bad, 1);
        assert_eq!(leaf::peek(leaf.as_bytes()), Err(PeekError::Actor), "{bad}");
    }
}

#[test]
fn a_leaf_that_is_not_written_as_its_kind_is_noticed() {
    let entry = institution().entry(id(3), Actor::Account(text("root"))).unwrap();
    let good = String::from_utf8(leaf::render(&entry, at(0), 0)).unwrap();
    leaf::check_form(good.as_bytes()).unwrap();
    let found = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        leaf::check_form(good.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    for (from, to) in [
        (r#","burst":2"#, r#","burst":2,"more":1"#),
        (r#","burst":2"#, r#","burst": 2"#),
        (r#","rate_per_s":1,"burst":2"#, r#","burst":2,"rate_per_s":1"#),
        (r#""certificates":["x"]"#, r#""certificates":["\u0078"]"#),
    ] {
        assert!(matches!(found(from, to), BodyError::Form("institution")), "{to}");
    }
    for (from, to) in [(r#","burst":2"#, ""), (r#""added""#, r#""invented""#), (r#""burst":2"#, r#""burst":-2"#)] {
        assert!(matches!(found(from, to), BodyError::Keys { kind: "institution", .. }), "{to}");
    }
    let nobody = found(r#","actor":{"account":"root"}"#, "");
    assert!(matches!(nobody, BodyError::Actor("institution")));
    let somebody = good.replacen("institution\",\"id", "open\",\"id", 1).replacen(
        "burst\":2",
        "origin\":\"o\",\"software\":\"s\"",
        1,
    );
    assert!(matches!(leaf::check_form(somebody.as_bytes()), Err(BodyError::Actor("open"))));
    let unknown = good.replacen("institution\",\"id", "weather-report\",\"id", 1);
    assert_eq!(leaf::parse(unknown.as_bytes()).unwrap(), None);
    leaf::check_form(unknown.as_bytes()).unwrap();
}

#[test]
fn every_kind_has_one_name() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        let entry = Entry { kind, id: id(1), actor: None, institution: None, tail: Vec::new(), shared: None };
        assert_eq!(leaf::peek(&leaf::render(&entry, at(1), 1)).unwrap().kind, kind.as_str());
    }
    assert_eq!(Kind::parse("Query"), None);
}

#[test]
fn what_is_no_leaf_is_told_apart() {
    let good = r#"{"v":1,"kind":"query","id":"01920000-0000-7000-8000-000000000001","at":"2026-02-28T23:59:59.999999Z","institution":"bank","seq":18446744073709551615,"x":1}"#;
    leaf::peek(good.as_bytes()).unwrap();
    let swap = |from: &str, to: &str, error: PeekError| {
        assert!(good.contains(from), "{from}");
        assert_eq!(leaf::peek(good.replacen(from, to, 1).as_bytes()), Err(error), "{from} -> {to}");
    };
    swap(r#"{"v""#, r#" {"v""#, PeekError::Version);
    swap(r#""v":1"#, r#""v":1.0"#, PeekError::Version);
    swap(r#""v":1"#, r#""v": 1"#, PeekError::Version);
    swap("query", "", PeekError::Kind);
    swap("query", "Query", PeekError::Kind);
    swap("query", "qu\\u0065ry", PeekError::Kind);
    swap("query", &"q".repeat(33), PeekError::Kind);
    swap("-7000", "-4000", PeekError::Id);
    swap("-8000", "-c000", PeekError::Id);
    swap("01920000", "0192000A", PeekError::Id);
    swap("01920000-", "01920000", PeekError::Id);
    swap("02-28", "02-29", PeekError::At);
    swap("02-28", "13-28", PeekError::At);
    swap("23:59:59", "24:00:00", PeekError::At);
    swap("23:59:59", "23:59:60", PeekError::At);
    swap("T23", " 23", PeekError::At);
    swap(".999999Z", ".99999Z", PeekError::At);
    swap(".999999Z", ".9999990Z", PeekError::At);
    swap(".999999Z", ".999999+", PeekError::At);
    swap("2026", "+026", PeekError::At);
    swap("bank", "Bank", PeekError::Institution);
    swap("bank", "", PeekError::Institution);
    swap("18446744073709551615", "18446744073709551616", PeekError::Institution);
    swap("18446744073709551615", "01", PeekError::Institution);
    swap("18446744073709551615", "0", PeekError::Institution);
    swap("18446744073709551615", "-1", PeekError::Institution);
    swap("18446744073709551615", "\"1\"", PeekError::Institution);
    swap(r#","x":1}"#, r#","x":1"#, PeekError::Line);
    swap(r#","x":1}"#, r#",}"#, PeekError::Line);
    swap(r#","x":1}"#, "", PeekError::Line);
    swap(r#","x":1}"#, "}\n", PeekError::Line);
    swap(r#","x":1}"#, "}}", PeekError::Line);
    swap(r#","x":1}"#, ",\"x\":\"\u{1}\"}", PeekError::Line);
    let mut bytes = good.as_bytes().to_vec();
    let place = bytes.len() - 3;
    bytes[place] = 0xff;
    assert_eq!(leaf::peek(&bytes), Err(PeekError::Line));
    for cut in 0..good.len() {
        assert!(leaf::peek(&good.as_bytes()[..cut]).is_err(), "{cut}");
    }
    leaf::peek(good.replacen("02-28", "02-29", 1).replacen("2026", "2028", 1).as_bytes()).unwrap();
}
