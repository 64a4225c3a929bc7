//! Leaves of every kind that is not a query, and what is no leaf.

use std::collections::BTreeMap;

use credit_audit::leaf::{
    self, CatalogueFile, CatalogueSet, Entry, Event, Flood, InstitutionChange, KeyEvent, Kind, Open, PeekError,
    Previous, Read, RegisterChange, Seal, Stop, Suspension,
};
use serde::Deserialize;

use crate::logs::{at, id};

fn rendered<E: Event + PartialEq + std::fmt::Debug + for<'de> Deserialize<'de>>(event: &E, tail: &str) {
    let entry = event.entry(id(3)).unwrap();
    assert_eq!(entry.institution, None);
    let bytes = leaf::render(&entry, at(0), 9);
    let head = format!(r#"{{"v":1,"kind":"{}","id":"{}","at":"2026-11-18T11:06:40.000000Z""#, E::KIND.as_str(), id(3));
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), format!("{head},{tail}}}"));
    let peek = leaf::peek(&bytes).unwrap();
    assert_eq!((peek.kind, peek.seq, peek.institution), (E::KIND.as_str(), None, None));
    assert_eq!(leaf::body::<E>(&bytes).unwrap(), *event);
}

#[test]
fn every_kind_is_written_as_its_table_says() {
    let text = str::to_owned;
    rendered(&Open { origin: text("o"), previous: None, software: text("s 1") }, r#""origin":"o","software":"s 1""#);
    let previous = Some(Previous { origin: text("p"), checkpoint: text("p\n1\nx\n") });
    rendered(
        &Open { origin: text("o"), previous, software: text("s") },
        r#""origin":"o","previous":{"origin":"p","checkpoint":"p\n1\nx\n"},"software":"s""#,
    );
    let institutions = BTreeMap::from([(text("bank"), 7), (text("a"), 1)]);
    rendered(&Seal { institutions, next: Some(text("n")) }, r#""institutions":{"a":1,"bank":7},"next":"n""#);
    let files = vec![CatalogueFile { path: text("a.toml"), sha256: text("00") }];
    rendered(
        &CatalogueSet { label: text("1@sha256:00"), files },
        r#""label":"1@sha256:00","files":[{"path":"a.toml","sha256":"00"}]"#,
    );
    rendered(
        &KeyEvent { key: text("k"), use_: text("tag"), state: text("active"), activates: None, by: text("me") },
        r#""key":"k","use":"tag","state":"active","by":"me""#,
    );
    rendered(
        &InstitutionChange {
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
            by: text("me"),
        },
        concat!(
            r#""institution":"bank","change":"added","institution_kind":"bank","certificates":["x"],"rate_per_s":1,"#,
            r#""burst":2,"distinct_subjects_a_day":3,"look_ups_a_person_a_day":4,"#,
            r#""operator_rate_per_s":5,"operator_burst":20,"look_ups_an_operator_a_day":300,"by":"me""#
        ),
    );
    rendered(
        &Suspension { institution: text("bank"), suspended: true, reason: Some(text("违规\n")), by: text("me") },
        r#""institution":"bank","suspended":true,"reason":"违规\n","by":"me""#,
    );
    rendered(
        &Flood { institution: text("bank"), since: at(0), counts: BTreeMap::from([(text("cut-off"), 9)]) },
        r#""institution":"bank","since":"2026-11-18T11:06:40Z","counts":{"cut-off":9}"#,
    );
    rendered(
        &Read { reader: text("officer"), certificate: text("x"), path: text("tile/entries/000") },
        r#""reader":"officer","certificate":"x","path":"tile/entries/000""#,
    );
    rendered(&Stop { stopped: false, reason: None, by: text("me") }, r#""stopped":false,"by":"me""#);
}

#[test]
fn every_kind_has_one_name() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        let entry = Entry { kind, id: id(1), institution: None, tail: Vec::new() };
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
