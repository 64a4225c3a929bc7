//! Queries by persons and by the public: they have no institution, no number, no staff and no certificate.

use credit_audit::leaf::{self, Base64, GroundRecord, Outcome, QueryLeaf, QueryRecord};
use credit_audit::replay::{Mismatch, Replay, decide_again};
use credit_audit::verify::{self, CheckError, Violation};
use credit_policy::catalogue::shipped;
use credit_policy::{Asker, Catalogue, Decision, Facts, ScenarioName, decide};

use crate::logs::{Log, at, catalogue_set, data_key, id, leaf_of};

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

/// An answered query by a person or the public, as a gateway records it.
fn recorded(catalogue: &Catalogue, asker: Asker, number: u64) -> Vec<u8> {
    let (scenario, ground) = match asker {
        Asker::Person => ("self-query", GroundRecord::Person { self_: true }),
        Asker::Public => ("public-disclosure", GroundRecord::Public { public: true }),
        Asker::Institution(kind) => panic!("{kind:?} is no person"),
    };
    let scenario = ScenarioName::parse(scenario).unwrap();
    let facts = Facts { minor: Some(false), ..Facts::new(asker, catalogue.today(at(number))) };
    let Decision::Permit(permit) = decide(catalogue, Some(&scenario), &facts) else { panic!("{asker:?} may ask") };
    let record = QueryRecord {
        operator: None,
        certificate: None,
        on_behalf: None,
        scenario: Some(&scenario),
        ground: Some(ground),
        repeats: None,
        idempotency: None,
        catalogue: catalogue.label(),
        rules: permit.rules(),
        inputs: &facts,
        outcome: Outcome::Answered,
        code: None,
        fields: Some(permit.fields()),
        notice: Some(permit.notice()),
        remote: None,
        answer: Some(Base64([3; 32])),
        subject: Some(Base64([1; 32])),
        key: Some("data-2026-11"),
        sealed: Some(Base64(&[7; 1_057])),
        commit: Some(Base64([2; 32])),
    };
    leaf::render(&record.entry_of_person(id(number)).unwrap(), at(number), 9)
}

#[test]
fn an_institution_s_key_in_it_or_another_ground_is_a_mismatch() {
    let catalogue = catalogue();
    for asker in [Asker::Person, Asker::Public] {
        let bent = |change: &dyn Fn(&mut QueryLeaf)| {
            let mut leaf = QueryLeaf::parse(&recorded(&catalogue, asker, 3)).unwrap();
            change(&mut leaf);
            decide_again(&catalogue, &leaf).unwrap_err()
        };
        let bank = || Some("bank".to_owned());
        assert_eq!(bent(&|leaf| leaf.institution = bank()), Mismatch::Key("institution"));
        assert_eq!(bent(&|leaf| leaf.seq = Some(1)), Mismatch::Key("seq"));
        assert_eq!(bent(&|leaf| leaf.certificate = bank()), Mismatch::Key("certificate"));
        assert_eq!(bent(&|leaf| leaf.operator = bank()), Mismatch::Key("operator"));
        assert_eq!(bent(&|leaf| leaf.subject = None), Mismatch::Key("subject"));
        assert_eq!(bent(&|leaf| leaf.ground = Some(GroundRecord::Person { self_: false })), Mismatch::Ground);
        assert_eq!(bent(&|leaf| leaf.ground = Some(GroundRecord::Public { public: false })), Mismatch::Ground);
    }
}

#[test]
fn without_the_word_that_a_person_asked_it_is_an_institution_s_that_hides() {
    let catalogue = catalogue();
    let text = String::from_utf8(recorded(&catalogue, Asker::Person, 3)).unwrap();
    for (from, to) in [(r#""kind":"person""#, r#""kind":"bank""#), (r#""inputs":"#, r#""input":"#)] {
        let bent = text.replacen(from, to, 1);
        assert_ne!(bent, text);
        let log = Log::of_leaves(vec![leaf_of(0), bent.into_bytes()]);
        let found = verify::directory(&log.folder, &log.key, &[], &mut ()).unwrap_err();
        assert!(matches!(found, CheckError::Violation(Violation::Anonymous { index: 1 })), "{found}");
    }
}

#[test]
fn it_holds_and_is_decided_again() {
    let catalogues = [catalogue()];
    let label = catalogues[0].label();
    let mut leaves = vec![leaf_of(0), catalogue_set(label), data_key("data-2026-11")];
    leaves.push(recorded(&catalogues[0], Asker::Person, 3));
    leaves.push(recorded(&catalogues[0], Asker::Public, 4));
    let start = r#"{"v":1,"kind":"query","id":"01920000-0000-7000-8000-000000000003","at":"2026-11-18T11:06:40.000111Z","scenario":"self-query","ground":{"self":true},"catalogue":"#;
    assert!(leaves[3].starts_with(start.as_bytes()), "{}", String::from_utf8_lossy(&leaves[3]));
    let log = Log::of_leaves(leaves);
    let mut replay = Replay::new(&catalogues);
    verify::directory(&log.folder, &log.key, &[], &mut replay).unwrap();
    assert_eq!(replay.decided(), 2);
}
