//! Records of queries: their bytes, and their decisions made again.

use std::borrow::Cow;

use credit_audit::leaf::{
    self, Act as _, Actor, Base64, GroundRecord, LeafError, Outcome, QueryLeaf, QueryRecord, Suspension,
};
use credit_audit::promises::Broken;
use credit_audit::replay::{Mismatch, Replay, Verdict, decide_again};
use credit_audit::verify::{self, CheckError, Violation};
use credit_policy::catalogue::shipped;
use credit_policy::{Catalogue, Code, Decision, Facts, InstitutionKind, ScenarioName, decide};
use jiff::Timestamp;

use crate::logs::{Log, catalogue_set, data_key, id, leaf_of};

const SCENARIO: &str = "public-rental-housing";

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-22T02:19:00.123456Z".parse().unwrap()
}

fn facts(catalogue: &Catalogue) -> Facts {
    Facts {
        operator: true,
        case: true,
        minor: Some(false),
        ..Facts::new(InstitutionKind::of_form("housing-department").unwrap(), catalogue.today(now()))
    }
}

/// What the demo's city lets a housing department ask on.
const CITED: &str = "《示例市公共信用信息查询规定〔虚构，仅供演示〕》4〔city-rule〕";

fn statute() -> GroundRecord<'static> {
    let case = "HZ-2026-001234（甲）".into();
    GroundRecord::Statute { statute: CITED.into(), rank: Some("city-rule".into()), case, consent_on_file: true }
}

/// The leaf of a query with these facts, as a gateway records it.
fn recorded(catalogue: &Catalogue, facts: &Facts, seq: u64, at: Timestamp) -> Vec<u8> {
    let scenario = ScenarioName::parse(SCENARIO).unwrap();
    let decision = decide(catalogue, Some(&scenario), facts);
    let sealed = [7; 1057];
    let is_there = facts.case && facts.kind == InstitutionKind::of_form("housing-department").unwrap().into();
    let ground = is_there.then(statute);
    let refused = QueryRecord {
        operator: Some("staff-0017"),
        certificate: Some("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"),
        on_behalf: None,
        scenario: Some(&scenario),
        ground,
        repeats: None,
        idempotency: None,
        catalogue: catalogue.label(),
        rules: &[],
        inputs: facts,
        outcome: Outcome::Refused,
        code: None,
        fields: None,
        notice: None,
        remote: None,
        answer: None,
        subject: Some(Base64([1; 32])),
        key: Some("data-2026-11"),
        sealed: Some(Base64(&sealed)),
        commit: Some(Base64([2; 32])),
    };
    let record = match &decision {
        Decision::Refuse { code, rules, .. } => QueryRecord { rules, code: Some(*code), ..refused },
        Decision::Permit(permit) => QueryRecord {
            outcome: Outcome::Answered,
            rules: permit.rules(),
            fields: Some(permit.fields()),
            notice: Some(permit.notice()),
            answer: Some(Base64([3; 32])),
            ..refused
        },
    };
    leaf::render(&record.entry(id(seq), "housing").unwrap(), at, seq)
}

#[test]
fn a_record_has_its_keys_in_their_order() {
    let catalogue = catalogue();
    let leaf = recorded(&catalogue, &facts(&catalogue), 1, now());
    let text = String::from_utf8(leaf.clone()).unwrap();
    let start = r#"{"v":1,"kind":"query","id":"01920000-0000-7000-8000-000000000001","at":"2026-11-22T02:19:00.123456Z","institution":"housing","seq":1,"operator":"staff-0017","certificate":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0","scenario":"public-rental-housing","ground":{"statute":"《示例市公共信用信息查询规定〔虚构，仅供演示〕》4〔city-rule〕","rank":"city-rule","case":"HZ-2026-001234（甲）","consent_on_file":true},"catalogue":"2026.11@sha256:"#;
    assert!(text.starts_with(start), "{text}");
    let keys = [
        "v",
        "kind",
        "id",
        "at",
        "institution",
        "seq",
        "operator",
        "certificate",
        "scenario",
        "ground",
        "catalogue",
        "rules",
        "inputs",
        "outcome",
        "fields",
        "notice",
        "answer",
        "subject",
        "key",
        "sealed",
        "commit",
    ];
    let places: Vec<_> = keys.iter().map(|key| text.find(&format!(r#""{key}":"#)).expect(key)).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.ends_with(&format!(r#""commit":"{}="}}"#, "AgIC".repeat(10) + "AgI")), "{text}");
    for absent in ["null", "repeats", "idempotency", "code"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }

    let peek = leaf::peek(&leaf).unwrap();
    assert_eq!((peek.kind, peek.id, peek.at), ("query", id(1), now()));
    assert_eq!((peek.institution, peek.seq), (Some("housing"), Some(1)));
    let read = QueryLeaf::parse(&leaf).unwrap();
    assert_eq!((read.id, read.at, read.seq), (id(1), now(), Some(1)));
    assert_eq!(read.inputs, facts(&catalogue));
    assert_eq!(read.sealed, Some(Base64(vec![7; 1057])));
    assert_eq!(read.ground, Some(statute()));
    for key in ["ground", "inputs", "v"] {
        let place = text.find(&format!(r#""{key}":"#)).unwrap();
        let end = place + text[place..].find(['}', ',']).unwrap();
        let extra = format!(r#"{},"extra":1{}"#, &text[..end], &text[end..]);
        assert!(QueryLeaf::parse(extra.as_bytes()).is_err(), "{key}");
    }
    QueryLeaf::parse(text.replacen(r#""v":1"#, r#""v":2"#, 1).as_bytes()).unwrap_err();
    QueryLeaf::parse(&leaf_of(10)).unwrap_err();
}

#[test]
fn a_record_that_is_too_long_or_misnamed_is_not_made() {
    let catalogue = catalogue();
    let facts = facts(&catalogue);
    let sealed = vec![0; 13_000];
    let record = QueryRecord {
        operator: None,
        certificate: Some("x"),
        on_behalf: None,
        scenario: None,
        ground: None,
        repeats: None,
        idempotency: None,
        catalogue: catalogue.label(),
        rules: &[],
        inputs: &facts,
        outcome: Outcome::Refused,
        code: Some(Code::MalformedRequest),
        fields: None,
        notice: None,
        remote: None,
        answer: None,
        subject: None,
        key: None,
        sealed: Some(Base64(&sealed)),
        commit: None,
    };
    assert!(matches!(record.entry(id(1), "bank"), Err(LeafError::TooLong(_))));
    let short = QueryRecord { sealed: None, ..record };
    for name in ["", "Bank", "ba nk", "bank\"", &"b".repeat(65)] {
        assert!(matches!(short.entry(id(1), name), Err(LeafError::Institution(_))), "{name}");
    }
    assert!(matches!(short.entry(uuid::Uuid::from_u128(4), "bank"), Err(LeafError::Id(_))));
    short.entry(id(1), &"b".repeat(64)).unwrap();
}

#[test]
fn a_true_record_is_decided_as_it_was() {
    let catalogue = catalogue();
    let good = facts(&catalogue);
    let table = [
        (good.clone(), None),
        (Facts { suspended: true, ..good.clone() }, Some(Code::InstitutionSuspended)),
        (Facts { case: false, ..good.clone() }, Some(Code::CaseRequired)),
        (
            Facts { kind: InstitutionKind::of_form("bank").unwrap().into(), ..good.clone() },
            Some(Code::ScenarioNotAllowed),
        ),
        (Facts { minor: Some(true), ..good.clone() }, Some(Code::SubjectMinor)),
        (Facts { observed: Some(Code::StoreTimeout), ..good.clone() }, Some(Code::StoreTimeout)),
        (Facts { observed: Some(Code::RateLimited), ..good }, Some(Code::RateLimited)),
    ];
    for (facts, code) in table {
        let leaf = QueryLeaf::parse(&recorded(&catalogue, &facts, 1, now())).unwrap();
        assert_eq!(leaf.code, code);
        assert_eq!(decide_again(&catalogue, &leaf), Ok(()), "{code:?}");
    }
}

#[test]
fn a_refusal_has_no_ground_that_its_asker_has_not() {
    let catalogue = catalogue();
    let refused = |kind: InstitutionKind, ground: GroundRecord<'static>| {
        let facts = Facts { kind: kind.into(), suspended: true, ..facts(&catalogue) };
        let mut leaf = QueryLeaf::parse(&recorded(&catalogue, &facts, 1, now())).unwrap();
        leaf.ground = Some(ground);
        decide_again(&catalogue, &leaf)
    };
    assert_eq!(refused(InstitutionKind::of_form("bank").unwrap(), statute()), Err(Mismatch::Ground));
    let nothing = GroundRecord::Statute { statute: "".into(), rank: None, case: "1".into(), consent_on_file: true };
    assert_eq!(refused(InstitutionKind::of_form("bank").unwrap(), nothing), Err(Mismatch::Ground));
    let housing = InstitutionKind::of_form("housing-department").unwrap();
    assert_eq!(refused(housing, GroundRecord::Person { self_: true }), Err(Mismatch::Ground));
    assert_eq!(refused(housing, GroundRecord::ConsentAgain { first: 1, use_: 1 }), Err(Mismatch::Ground));
    assert_eq!(refused(housing, statute()), Ok(()));
}

#[test]
fn a_record_that_was_bent_is_decided_otherwise() {
    let catalogue = catalogue();
    let bent = |change: &dyn Fn(&mut QueryLeaf)| {
        let mut leaf = QueryLeaf::parse(&recorded(&catalogue, &facts(&catalogue), 1, now())).unwrap();
        change(&mut leaf);
        decide_again(&catalogue, &leaf).unwrap_err()
    };
    let refused = |code| Mismatch::Outcome { leaf: Verdict::Answered, again: Verdict::Refused(Some(code)) };
    assert_eq!(bent(&|leaf| leaf.inputs.suspended = true), refused(Code::InstitutionSuspended));
    assert_eq!(bent(&|leaf| leaf.inputs.minor = Some(true)), refused(Code::SubjectMinor));
    assert_eq!(
        bent(&|leaf| leaf.inputs.kind = InstitutionKind::of_form("employer").unwrap().into()),
        refused(Code::ScenarioNotAllowed)
    );
    assert_eq!(
        bent(&|leaf| leaf.scenario = Some(ScenarioName::parse("other").unwrap())),
        refused(Code::UnknownScenario)
    );
    assert_eq!(bent(&|leaf| leaf.inputs.on = leaf.inputs.on.tomorrow().unwrap()), Mismatch::Date);
    assert_eq!(bent(&|leaf| leaf.inputs.on = leaf.inputs.on.yesterday().unwrap()), Mismatch::Date);
    assert_eq!(bent(&|leaf| drop(leaf.fields.as_mut().unwrap().pop())), Mismatch::Fields);
    assert_eq!(bent(&|leaf| drop(leaf.rules.pop())), Mismatch::Rules);
    assert_eq!(bent(&|leaf| leaf.notice = Some("never".to_owned())), Mismatch::Notice);
    assert_eq!(bent(&|leaf| leaf.catalogue.push('0')), Mismatch::Catalogue(format!("{}0", catalogue.label())));
    assert_eq!(bent(&|leaf| leaf.answer = None), Mismatch::Key("answer"));
    assert_eq!(bent(&|leaf| leaf.sealed = None), Mismatch::Key("sealed"));
    assert_eq!(bent(&|leaf| leaf.operator = None), Mismatch::Key("operator"));
    assert_eq!(bent(&|leaf| leaf.outcome = Outcome::Refused), Mismatch::Key("fields"));
    assert_eq!(bent(&|leaf| leaf.ground = Some(GroundRecord::Person { self_: true })), Mismatch::Ground);
    // Another article, another rank, or the applicant's consent left out.
    type Change<'a> = dyn Fn(&mut Cow<'static, str>, &mut Option<Cow<'static, str>>, &mut bool) + 'a;
    let statute = |change: &Change<'_>| {
        bent(&|leaf| match leaf.ground.as_mut().unwrap() {
            GroundRecord::Statute { statute, rank, consent_on_file, .. } => change(statute, rank, consent_on_file),
            _ => panic!("no statute"),
        })
    };
    assert_eq!(statute(&|statute, _, _| *statute = "《中华人民共和国公司法》178〔law〕".into()), Mismatch::Ground);
    assert_eq!(statute(&|_, rank, _| *rank = Some("law".into())), Mismatch::Ground);
    assert_eq!(statute(&|_, _, on_file| *on_file = false), Mismatch::Ground);
    for key in ["institution", "seq", "certificate"] {
        let without = |leaf: &mut QueryLeaf| match key {
            "institution" => leaf.institution = None,
            "seq" => leaf.seq = None,
            _ => leaf.certificate = None,
        };
        assert_eq!(bent(&without), Mismatch::Key(key));
    }
    // Midnight in the jurisdiction is 16:00 UTC: a query may be decided before it and recorded after.
    let midnight: Timestamp = "2026-11-22T16:00:01.000000Z".parse().unwrap();
    let leaf = QueryLeaf::parse(&recorded(&catalogue, &facts(&catalogue), 1, midnight)).unwrap();
    assert_eq!(decide_again(&catalogue, &leaf), Ok(()));
}

#[test]
fn a_whole_log_is_decided_again() {
    let catalogues = [catalogue()];
    let good = facts(&catalogues[0]);
    let mut leaves = vec![leaf_of(0), catalogue_set(catalogues[0].label()), data_key("data-2026-11")];
    leaves.extend((1..40).map(|seq| {
        let facts = Facts { suspended: seq % 3 == 0, ..good.clone() };
        recorded(&catalogues[0], &facts, seq, now())
    }));
    let log = Log::of_leaves(leaves.clone());
    let mut replay = Replay::new(&catalogues);
    verify::directory(&log.folder, &log.key, &[], &mut replay).unwrap();
    assert_eq!(replay.decided(), 39);

    let none = verify::directory(&log.folder, &log.key, &[], &mut Replay::new(&[])).unwrap_err();
    assert!(matches!(none, CheckError::Unavailable { .. }));

    let text = String::from_utf8(leaves[8].clone()).unwrap();
    leaves[8] = text.replacen(r#""suspended":true"#, r#""suspended":false"#, 1).into_bytes();
    let log = Log::of_leaves(leaves);
    let bent = verify::directory(&log.folder, &log.key, &[], &mut Replay::new(&catalogues)).unwrap_err();
    assert!(matches!(bent, CheckError::Violation(Violation::Decision { index: 8, .. })), "{bent}");
}

#[test]
fn what_the_leaves_contradict_is_found_though_each_decision_is_made_again() {
    let catalogues = [catalogue()];
    let good = facts(&catalogues[0]);
    let suspension =
        Suspension { institution: "housing".to_owned(), operator: None, scenario: None, suspended: true, reason: None };
    let suspended = leaf::render(&suspension.entry(id(99), Actor::gateway()).unwrap(), now(), 0);
    let mut leaves = vec![leaf_of(0), catalogue_set(catalogues[0].label()), data_key("data-2026-11")];
    leaves.push(recorded(&catalogues[0], &good, 1, now()));
    leaves.push(suspended);
    leaves.push(recorded(&catalogues[0], &good, 2, now()));
    let log = Log::of_leaves(leaves);
    let found = verify::directory(&log.folder, &log.key, &[], &mut Replay::new(&catalogues)).unwrap_err();
    let cause = Broken::Suspended("housing".to_owned());
    assert!(
        matches!(&found, CheckError::Violation(Violation::Promise { index: 5, cause: c }) if *c == cause),
        "{found}"
    );
}

#[test]
fn a_query_that_is_spelled_otherwise_or_holds_what_its_row_does_not_is_found() {
    let catalogues = [catalogue()];
    let good = String::from_utf8(recorded(&catalogues[0], &facts(&catalogues[0]), 1, now())).unwrap();
    let checked = |leaf: &str| {
        let begin = vec![leaf_of(0), catalogue_set(catalogues[0].label()), data_key("data-2026-11")];
        let log = Log::of_leaves([begin, vec![leaf.as_bytes().to_vec()]].concat());
        let found = verify::directory(&log.folder, &log.key, &[], &mut Replay::new(&catalogues));
        std::fs::remove_dir_all(&log.folder).unwrap();
        found.map(drop)
    };
    checked(&good).unwrap();
    for (from, to) in [
        (r#""operator":"staff-0017""#, r#""operator":"staff 0017""#),
        (r#""operator":"staff-0017""#, r#""operator":"staff-\u0030017""#),
        (r#""operator":"staff-0017""#, r#""operator":"990101199003070015""#),
        ("HZ-2026-001234（甲）", ""),
        ("HZ-2026-001234（甲）", "HZ;2026"),
        ("HZ-2026-001234（甲）", "〩〩〇〡〇〡〡〩〩〇〇〣〇〧〇〇〡〥"),
        (r#""outcome":"answered","#, r#""outcome":"answered","outcome":"answered","#),
        (r#""rules":["#, r#""rules": ["#),
        (r#""sealed":"BwcH"#, r#""sealed":""#),
        (r#","inputs":"#, r#","idempotency":"AA==","inputs":"#),
    ] {
        assert!(good.contains(from), "{from}");
        let found = checked(&good.replacen(from, to, 1));
        assert!(matches!(found, Err(CheckError::Violation(_))), "{to}: {found:?}");
    }
}
