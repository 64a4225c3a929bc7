//! The shipped catalogue: complete, traceable, and what issue and sources say of it.

use std::fs;
use std::path::Path;

use credit_policy::catalogue::shipped;
use credit_policy::{Catalogue, Class, ClassName, Ground, Language, List, Rank, RuleId, Sensitivity, Shape, Tier};
use sha2::{Digest, Sha256};

use crate::support::{HOUSING, catalogue, date, facts, facts_for, kind, loaded, permit, permit_for, shipped_with};

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let mut on_disk = Vec::new();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            let inside = fs::read_dir(entry.path()).unwrap().map(Result::unwrap);
            on_disk.extend(inside.map(|file| format!("{name}/{}", file.file_name().into_string().unwrap())));
        } else {
            on_disk.push(name);
        }
    }
    on_disk.sort();
    let mut embedded: Vec<_> = shipped().into_iter().map(|(path, _)| path).collect();
    embedded.sort();
    assert_eq!(embedded, on_disk);
}

#[test]
fn the_label_is_the_digest_of_the_files() {
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut lines: Vec<_> = shipped().iter().map(|(path, text)| format!("{} {path}\n", hex(text.as_bytes()))).collect();
    lines.sort();
    assert_eq!(catalogue().label(), format!("2026.11@sha256:{}", hex(lines.concat().as_bytes())));
}

#[test]
fn the_label_changes_with_a_byte_and_not_with_the_order_of_files() {
    let mut reversed = shipped();
    reversed.reverse();
    assert_eq!(loaded(&reversed).label(), catalogue().label());
    let changed = loaded(&shipped_with("derived/across-classes.toml", "# Every adverse", "# every adverse"));
    assert_ne!(changed.label(), catalogue().label());
}

#[test]
fn today_is_the_jurisdictions_day() {
    let catalogue = catalogue();
    let cases = [
        ("2026-11-22T00:00:00Z", "2026-11-22"),
        ("2026-11-22T15:59:59.999999Z", "2026-11-22"),
        ("2026-11-22T16:00:00Z", "2026-11-23"),
        ("2024-02-28T16:00:00Z", "2024-02-29"),
        ("2026-12-31T16:00:00Z", "2027-01-01"),
    ];
    for (now, today) in cases {
        assert_eq!(catalogue.today(now.parse().unwrap()), date(today), "{now}");
    }
    let west = loaded(&shipped_with("catalogue.toml", "+08:00", "-03:30"));
    assert_eq!(west.today("2026-11-22T03:29:59Z".parse().unwrap()), date("2026-11-21"));
}

#[test]
fn public_rental_housing_is_as_its_source_says() {
    let catalogue = catalogue();
    assert!(catalogue.scenario("nothing-of-the-kind").is_none());
    let scenario = catalogue.scenario(HOUSING).unwrap();
    assert_eq!(scenario.name().as_str(), HOUSING);
    assert_eq!(scenario.title(Language::Zh), "公共租赁住房");
    assert_eq!(scenario.title(Language::En), "Public rental housing");
    assert_eq!(scenario.ground(), Ground::Statute);
    assert_eq!(scenario.kinds(), [kind("housing-department")]);
    let fields: Vec<_> = scenario.fields().iter().map(|field| field.as_str()).collect();
    assert_eq!(fields, ["black_listed", "clean_three_years", "grey_listed"]);
    assert_eq!(scenario.purpose_group(), "housing");
    assert_eq!(scenario.case_limit(), 3);
    let statute = "《示例市公共信用信息查询规定〔虚构，仅供演示〕》4〔city-rule〕";
    assert_eq!((scenario.statute(), scenario.rank()), (Some(statute), Some(Rank::CityRule)));
    assert!(scenario.consent_on_file(), "its rule wants the applicant's written consent");
    assert_eq!(scenario.sources().collect::<Vec<_>>(), ["HZ (二)2"]);
}

#[test]
fn the_store_is_asked_for_what_the_fields_rest_on() {
    let catalogue = catalogue();
    let permit = permit(catalogue, &facts(date("2026-11-22")));
    let plan = permit.plan();
    assert_eq!(plan.lists(), [List::Grey, List::Black]);
    assert!(plan.attributes().is_empty());
    let mut breaches = adverse_public(catalogue);
    // An order that limits consumption is no breach: the judgment that was not performed is, and counts.
    breaches.retain(|class| class.as_str() != "consumption-restriction");
    assert_eq!(plan.classes(), breaches, "what `derived/across-classes.toml` says above its list");
    assert_eq!(plan.classes().len(), 14);
}

/// Every adverse class of records of public credit information, sorted: those that are not displayed by the clock of the
/// credit-reporting regulation, which is the banks'. Read from the rows, so that a new class is found.
fn adverse_public(catalogue: &Catalogue) -> Vec<ClassName> {
    let banks = |class: &&Class| {
        let path = format!("data-list/{}.toml", class.name());
        let (_, row) = shipped().into_iter().find(|(other, _)| *other == path).unwrap();
        row.lines().any(|line| line == r#"clock = "credit-reporting""#)
    };
    let adverse =
        catalogue.classes().filter(|class| class.sensitivity() == Sensitivity::Adverse && class.holds_records());
    adverse.filter(|class| !banks(class)).map(|class| class.name().clone()).collect()
}

#[test]
fn the_banks_information_is_cards_and_loans_and_no_look_up_by_statute_rests_on_it() {
    let catalogue = catalogue();
    let public = adverse_public(catalogue);
    let banks = catalogue.classes().filter(|class| {
        class.sensitivity() == Sensitivity::Adverse && class.holds_records() && !public.contains(class.name())
    });
    let banks: Vec<_> = banks.map(|class| class.name().as_str()).collect();
    assert_eq!(banks, ["credit-card-performance", "loan-overdue"]);
    let on_statute = catalogue.scenarios().into_iter().filter(|scenario| scenario.ground() == Ground::Statute);
    let mut looked_at = 0;
    for scenario in on_statute {
        let permit = permit_for(catalogue, scenario.name().as_str(), &facts_for(scenario, date("2026-11-22")));
        let rests = permit.plan().classes().iter().find(|class| banks.contains(&class.as_str()));
        assert_eq!(rests, None, "{}", scenario.name());
        looked_at += 1;
    }
    assert!(looked_at > 16, "{looked_at}");
}

#[test]
fn obligations_come_from_the_row() {
    let catalogue = catalogue();
    let permit = permit(catalogue, &facts(date("2026-11-22")));
    let json = serde_json::to_string(&permit.obligations(date("2026-11-22"))).unwrap();
    assert_eq!(json, r#"{"keep_until":"2026-12-22","onward":"forbidden","automated_decision_notice":true}"#);
    assert_eq!(permit.notice(), "owed");
    assert_eq!(permit.scenario().name().as_str(), HOUSING);
    for (on, until) in [
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-12-01", "2027-01-01"),
        ("9999-12-31", "9999-12-31"),
    ] {
        assert_eq!(permit.obligations(date(on)).keep_until, date(until), "{on}");
    }
}

#[test]
fn every_rule_has_its_row() {
    let catalogue = catalogue();
    let ids = [
        "application-list",
        "data-list",
        "query-register",
        "scenario/public-rental-housing",
        "statute/adults-only",
        "statute/suspended-never",
        "statute/forbidden-classes-never",
        "statute/confidential-source-never",
        "statute/second-tier-by-consent",
        "statute/score-never-for-restraint",
        "statute/score-never-for-basic-services",
        "statute/identity-only-to-the-person",
        "statute/public-only-masked-by-statute",
        "statute/statute-only-to-listed-organs",
        "statute/consent-within-maxima",
        "statute/yes-no-releases-no-record",
        "statute/expired-or-repaired-never",
        "statute/rows-only-stricter",
        "statute/sealed-records-never",
        "statute/kept-out-penalties-never",
        "statute/classes-only-stricter",
        "statute/lending-data-by-consent",
        "pack/national-2026",
    ];
    for id in ids {
        let basis = catalogue.rule(&RuleId::parse(id).unwrap()).expect(id);
        assert!(
            basis.sources().count() > 0 && !basis.citation().is_empty() && !basis.title(Language::En).is_empty(),
            "{id}"
        );
    }
    assert!(catalogue.rule(&RuleId::parse("statute/nothing").unwrap()).is_none());
}

#[test]
fn the_data_list_has_the_attributes_of_the_data_and_not_those_left_out() {
    let catalogue = catalogue();
    let header = "status_of_existing_checking_account,duration_in_month,credit_history,purpose,credit_amount,\
        savings_account_and_bonds,present_employment_since,installment_rate_in_percentage_of_disposable_income,\
        other_debtors_or_guarantors,present_residence_since,property,age_in_years,other_installment_plans,housing,\
        number_of_existing_credits_at_this_bank,job,number_of_people_being_liable_to_provide_maintenance_for,telephone,creditability";
    for column in header.split(',') {
        assert_eq!(catalogue.field(column).expect(column).shape(), Shape::Whole, "{column}");
    }
    for left_out in ["personal_status_and_sex", "foreign_worker"] {
        assert!(catalogue.field(left_out).is_none());
    }
    for second in ["savings_account_and_bonds", "property"] {
        assert_eq!(catalogue.field(second).unwrap().tier(), Tier::Second);
    }
    assert_eq!(catalogue.field("clean_three_years").unwrap().tier(), Tier::First);
}
