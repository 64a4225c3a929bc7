//! Grounds by jurisdiction: a look-up by statute releases what an article of this place carries, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use credit_policy::catalogue::{shipped, shipped_in};
use credit_policy::{
    Asker, Catalogue, Code, Decision, Facts, Language, Mark, Power, Rank, Unused, decide, explain, prove,
};

use crate::support::{
    catalogue, date, facts_for, faults, fields, kind, lines, loaded, permit_for, scenario, shipped_with,
};

const TODAY: &str = "2026-11-22";

fn place(jurisdiction: &str) -> Catalogue {
    loaded(&shipped_in(jurisdiction, None).expect(jurisdiction))
}

fn released(catalogue: &Catalogue, name: &str) -> Vec<String> {
    let row = catalogue.scenario(name);
    row.map(|row| row.fields().iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// Place, scenario, what it releases there: the verdicts of the table of grounds.
const VERDICTS: &[(&str, &str, &str)] = &[
    ("CN", "household-registration", ""),
    ("CN-QH-02", "household-registration", ""),
    ("CN", "points-based-settlement", ""),
    ("CN-ZJ-02", "points-based-settlement", "charity_donation_exists volunteer_service_exists"),
    ("CN", "professional-title", "academic_misconduct_exists exam_cheating_exists"),
    (
        "CN-SD",
        "professional-title",
        "academic_misconduct_exists black_listed clean_three_years exam_cheating_exists qualification_exists",
    ),
    ("CN", "commendation", "academic_misconduct_exists volunteer_service_exists wage_arrears_exists"),
    ("CN", "personnel-examination", "black_listed exam_cheating_exists"),
    ("CN-ZJ", "personnel-examination", "academic_misconduct_exists black_listed exam_cheating_exists"),
    ("CN", "cadre-selection", ""),
    ("CN-ZJ", "cadre-selection", ""),
    ("CN", "special-industry-entry", "no_safety_offence_one_year safety_offence_exists"),
    ("CN", "company-officer", "unperformed_judgment_exists"),
    ("CN", "public-rental-housing", ""),
    ("CN-SD", "public-rental-housing", ""),
    ("CN", "restricted-consumption", "consumption_restriction_exists"),
    ("CN-SD", "restricted-consumption", "consumption_restriction_exists"),
    ("CN", "public-disclosure", "black_listed masked_citizen_number masked_name"),
    ("CN", "administrative-licence", ""),
    (
        "CN-GD-03",
        "subsidy-application",
        "academic_misconduct_exists black_listed clean_three_years contract_fraud_exists red_listed social_insurance_offence_exists wage_arrears_exists",
    ),
    ("CN", "subsidy-application", "academic_misconduct_exists wage_arrears_exists"),
    ("CN-SD", "tax-relief", "wage_arrears_exists"),
    ("CN", "joint-restraint", "black_listed safety_offence_exists unperformed_judgment_exists wage_arrears_exists"),
    ("CN", "student-admission", "exam_cheating_exists"),
    ("CN-SD", "social-security-service", "social_insurance_offence_exists"),
    ("CN", "supervision-inspection", "administrative_licence_exists safety_offence_exists"),
];

#[test]
fn a_scenario_releases_what_the_law_of_the_place_carries() {
    let mut places = BTreeMap::new();
    for (jurisdiction, name, expected) in VERDICTS {
        let there = places.entry(*jurisdiction).or_insert_with(|| place(jurisdiction));
        assert_eq!(released(there, name).join(" "), *expected, "{name} in {jurisdiction}");
        let ungrounded = there.ungrounded().iter().any(|row| row.name().as_str() == *name);
        assert_eq!(ungrounded, expected.is_empty(), "{name} in {jurisdiction}");
    }
}

#[test]
fn what_no_article_carries_is_refused_by_name_and_left_out_of_the_rest() {
    let there = place("CN");
    let row = there.scenario("professional-title").unwrap();
    let facts = facts_for(row, date(TODAY));
    let asked = Facts { fields: Some(fields(&["black_listed"])), ..facts.clone() };
    let decision = decide(&there, Some(row.name()), &asked);
    assert!(matches!(decision, Decision::Refuse { code: Code::FieldNotAllowed, .. }), "{decision:?}");
    let permit = permit_for(&there, "professional-title", &facts);
    assert_eq!(permit.fields(), fields(&["academic_misconduct_exists", "exam_cheating_exists"]));
    let why = explain(&there, Some(row.name()), &asked);
    let kept_back = why.fields.iter().find(|field| field.field.as_str() == "black_listed").unwrap();
    let rules: Vec<_> = kept_back.rules.iter().map(|rule| rule.as_str()).collect();
    assert_eq!((kept_back.lawful, rules), (false, vec!["statute/only-on-a-ground"]));
    let said = why.text(Language::En);
    assert!(said.contains("  SCIENCE 《中华人民共和国科学技术进步法》69〔law〕: research-integrity records"), "{said}");
}

#[test]
fn a_scenario_without_any_ground_is_on_no_list() {
    let there = place("CN");
    for row in there.ungrounded() {
        let facts = Facts { kind: row.kinds()[0].into(), ..facts_for(row, date(TODAY)) };
        let decision = decide(&there, Some(row.name()), &facts);
        assert!(matches!(decision, Decision::Refuse { code: Code::UnknownScenario, .. }), "{}", row.name());
        assert_eq!(row.bases_here().count(), 0);
        assert!(row.bases().iter().all(|basis| basis.unused().is_some()), "{}", row.name());
    }
    assert!(there.ungrounded().len() > 3);
}

#[test]
fn what_is_released_elsewhere_is_carried_there_and_proved() {
    for jurisdiction in ["CN", "CN-SD-02", "CN-GD-13", "CN-XJ"] {
        let there = place(jurisdiction);
        assert_eq!(there.jurisdiction(), jurisdiction);
        for row in there.scenarios().into_iter().filter(|row| !row.bases().is_empty()) {
            for field in row.field_rows() {
                assert!(row.bases_here().any(|basis| basis.carries(field)), "{} {}", row.name(), field.name());
            }
            assert!(row.rank() < Some(Rank::Draft), "{} in {jurisdiction}", row.name());
        }
    }
    // Takes a minute; `policy check` proves whatever is not built in.
    if std::env::var_os("CREDIT_TESTS_FULL").is_some() {
        assert!(prove(&place("CN-SD-02")).is_ok());
    }
}

#[test]
fn a_place_has_the_pack_of_the_smallest_place_around_it_that_has_one() {
    let pack_of = |jurisdiction: &str| {
        let files = shipped_in(jurisdiction, None).unwrap();
        let (_, main) = files.into_iter().find(|(path, _)| path == "catalogue.toml").unwrap();
        main.lines().find_map(|line| line.strip_prefix("pack = ").map(str::to_owned)).unwrap()
    };
    for (jurisdiction, pack) in
        [("CN", "national-2026"), ("CN-SD-02", "shandong"), ("CN-GD-13", "national-2026"), ("CN-GD-03", "shenzhen")]
    {
        assert_eq!(pack_of(jurisdiction), format!("{pack:?}"), "{jurisdiction}");
    }
    // Records are kept as long as the place wants, or else the country.
    for (jurisdiction, kept) in [("CN", "P3Y"), ("CN-SD-02", "P3Y"), ("CN-ZJ-01", "P10Y"), ("CN-GD-03", "P5Y")] {
        let catalogue = loaded(&shipped_in(jurisdiction, None).unwrap());
        assert_eq!(catalogue.retention().unwrap().to_string(), kept, "{jurisdiction}");
    }
    for text in ["", "cn", "CN-", "CN\"", "DE", "CN-AAAAAAAAAAAAAAAAAA"] {
        assert!(shipped_in(text, None).is_none(), "{text}");
    }
    assert_eq!(shipped_in("CN-99-01", None), Some(shipped()));
}

#[test]
fn the_operator_sets_the_least_rank() {
    let with = |jurisdiction, rank| loaded(&shipped_in(jurisdiction, Some(rank)).unwrap());
    // A draft carries nothing but where it is asked for by name.
    let draft = with("CN-QH-02", Rank::Draft);
    assert!(released(&draft, "household-registration").contains(&"black_listed".into()));
    assert_eq!(draft.demo_only().map(|source| source.code()), Some("HD"));
    assert_eq!(place("CN-QH-02").demo_only().map(|source| source.code()), None);
    let city = place("CN-GD-13");
    assert_eq!(city.demo_only().map(|source| source.code()), None);
    assert_eq!(city.scenario("public-rental-housing").unwrap().rank(), Some(Rank::CityRule));
    let law = with("CN-GD-13", Rank::AdministrativeRegulation);
    assert!(law.scenario("public-rental-housing").is_none());
    let row = law.ungrounded().into_iter().find(|row| row.name().as_str() == "public-rental-housing").unwrap();
    let why: Vec<_> = row.bases().iter().map(|basis| (basis.source().code(), basis.unused())).collect();
    assert_eq!(why, [("DEMO-CITY", Some(Unused::Elsewhere)), ("HZ", Some(Unused::BelowRank))]);
    assert_eq!(released(&law, "professional-title"), ["academic_misconduct_exists"], "a law, and no department rule");
    // The demo's city is made up, and says so.
    assert_eq!(catalogue().demo_only().map(|source| source.code()), Some("DEMO-CITY"));
}

/// To publish needs an article too: where none orders it, nothing is public.
#[test]
fn nothing_is_published_where_no_article_orders_it() {
    let mut files = shipped();
    for code in ["CIVIL-PROCEDURE", "DEBTOR-LIST"] {
        let path = format!("sources/{code}.toml");
        let (_, text) = files.iter_mut().find(|(at, _)| *at == path).unwrap();
        *text = text.replace("status = \"in-force\"", "status = \"repealed\"");
    }
    let without = loaded(&files);
    assert!(without.scenario("public-disclosure").is_none() && without.lacks_a_ground("public-disclosure"));
    let here = catalogue().scenario("public-disclosure").unwrap();
    let citations: Vec<_> = here.bases_here().map(|basis| (basis.source().code(), basis.power())).collect();
    assert_eq!(citations, [("CIVIL-PROCEDURE", Power::Publish), ("DEBTOR-LIST", Power::Publish)]);
}

/// Articles that empower another kind are no ground for this one, and neither is one that does not hold on that day.
#[test]
fn a_query_cites_what_empowers_its_asker_on_its_day() {
    let row = catalogue().scenario("supervision-inspection").unwrap();
    let cited = |kind, on: &str| row.cited(Asker::Institution(kind), date(on)).unwrap();
    let supervisor = cited(kind("credit-supervisor"), "2026-11-22");
    assert_eq!(&*supervisor.statute, "《示例市公共信用信息查询规定〔虚构，仅供演示〕》7〔city-rule〕");
    assert_eq!(supervisor.rank, Some(Rank::CityRule));
    let regulator = cited(kind("market-regulator"), "2026-11-22");
    assert!(
        regulator.statute.starts_with("《中华人民共和国行政许可法》61〔law〕；")
            && regulator.rank == Some(Rank::CityRule),
        "{regulator:?}"
    );
    assert_eq!(catalogue().scenario("commercial-loan").unwrap().cited(Asker::Person, date("2026-11-22")), None);
    let mut files = shipped();
    let (_, source) = files.iter_mut().find(|(path, _)| path == "sources/LICENSING.toml").unwrap();
    let line = source.lines().find(|line| line.starts_with("from = ")).map(str::to_owned);
    *source = match line {
        Some(line) => source.replace(&line, "from = \"2026-12-01\""),
        None => source.replace("status = ", "from = \"2026-12-01\"\nstatus = "),
    };
    let later = loaded(&files);
    let row = later.scenario("supervision-inspection").unwrap();
    let cites = |on: &str| row.cited(Asker::Institution(kind("market-regulator")), date(on)).unwrap().statute.clone();
    assert!(!cites("2026-11-30").contains("行政许可法") && cites("2026-12-01").contains("行政许可法"));
}

#[test]
fn permits_name_instrument_article_and_rank() {
    let there = place("CN-SD");
    let row = there.scenario("professional-title").unwrap();
    let said = "《中华人民共和国科学技术进步法》69〔law〕；《山东省社会信用条例》22(1)(3)〔local-regulation〕";
    assert_eq!((row.statute(), row.rank()), (Some(said), Some(Rank::LocalRegulation)));
    assert_eq!(there.scenario("commercial-loan").unwrap().statute(), None);
    let officer = place("CN");
    let officer = officer.scenario("company-officer").unwrap();
    assert_eq!(officer.statute(), Some("《中华人民共和国公司法》178〔law〕"));
}

#[test]
fn an_instrument_carries_nothing_before_and_after_its_days() {
    let path = "sources/HZ.toml";
    let mut files = shipped_in("CN-GD-13", None).unwrap();
    let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap();
    *text = text
        .replace("status = \"in-force\"\n", "status = \"in-force\"\nfrom = \"2026-11-20\"\nuntil = \"2026-11-22\"\n");
    let there = loaded(&files);
    let name = scenario("public-rental-housing");
    for (day, holds) in [("2026-11-19", false), ("2026-11-20", true), ("2026-11-22", true), ("2026-11-23", false)] {
        let facts = facts_for(there.scenario(name.as_str()).unwrap(), date(day));
        match decide(&there, Some(&name), &facts) {
            Decision::Permit(permit) => assert!(holds && !permit.fields().is_empty(), "{day}"),
            Decision::Refuse { code, .. } => assert_eq!((holds, code), (false, Code::ScenarioNotAllowed), "{day}"),
        }
    }
    // Of what other articles carry nothing is lost.
    let title = there.scenario("professional-title").unwrap();
    let facts = facts_for(title, date("2026-11-23"));
    let permit = permit_for(&there, "professional-title", &facts);
    assert_eq!(permit.fields(), fields(&["academic_misconduct_exists", "exam_cheating_exists"]));
    // What was repealed carries nothing on any day.
    let (_, text) = files.iter_mut().find(|(at, _)| at == path).unwrap();
    *text = text.replace("status = \"in-force\"", "status = \"repealed\"");
    assert!(loaded(&files).scenario(name.as_str()).is_none());
}

/// File, what is replaced, by what, and what the fault says.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    ("scenarios/tax-relief.toml", "source = \"WAGES\"", "source = \"NOTHING\"", "no instrument `NOTHING`"),
    ("scenarios/tax-relief.toml", "article = \"48\"", "article = \"49\"", "no article `49` in sources/WAGES.toml"),
    ("scenarios/tax-relief.toml", "power = \"bar\"", "power = \"hint\"", "power"),
    ("scenarios/tax-relief.toml", "[\"wage-arrears\"]", "[\"wage-arrears\", \"tax\"]", "a bar is one class"),
    ("scenarios/tax-relief.toml", "[\"wage-arrears\"]", "[\"credit-file\"]", "a bar is one class"),
    ("scenarios/tax-relief.toml", "classes = [\"wage-arrears\"]", "classes = []", "a bar is one class"),
    ("scenarios/tax-relief.toml", "[\"wage-arrears\"]", "[\"wages\"]", "no class `wages`"),
    (
        "scenarios/tax-relief.toml",
        "fields = [\"wage_arrears_exists\"]",
        "fields = [\"tax_offence_exists\", \"wage_arrears_exists\"]",
        "no `[[basis]]` carries `tax_offence_exists` in any jurisdiction",
    ),
    (
        "scenarios/tax-relief.toml",
        "\n[[basis]]\nsource = \"WAGES\"\narticle = \"48\"\npower = \"bar\"\nclasses = [\"wage-arrears\"]\n",
        "",
        "no `[[basis]]`",
    ),
    (
        "scenarios/rental.toml",
        "restraint = false",
        "consent_on_file = true\nrestraint = false",
        "`consent_on_file` is for",
    ),
    ("sources/HD.toml", "rank = \"draft\"", "rank = \"city-rule\"", "a draft has the rank and the status of one"),
    (
        "sources/WAGES.toml",
        "[[article]]",
        "[[article]]\narticle = \"48\"\nmark = \"read\"\nsays = { zh = \"一\", en = \"a\" }\n\n[[article]]",
        "article `48` stands twice",
    ),
    ("catalogue.toml", "  \"wage-arrears\",\n]", "  \"wages\",\n]", "no class `wages`"),
];

#[test]
fn a_ground_that_is_not_whole_does_not_load() {
    for (path, old, new, why) in FAULTS {
        let found = lines(&faults(&shipped_with(path, old, new)));
        assert!(found.contains(why) && found.contains(path), "{path} {new}: {found}");
    }
}

#[test]
fn several_bars_carry_no_bundle() {
    // Two bars, one on each class that the field rests on: the field is carried by neither.
    let files = shipped_with(
        "scenarios/joint-restraint.toml",
        "\"wage_arrears_exists\"",
        "\"wage_arrears_exists\", \"clean_three_years\"",
    );
    assert!(lines(&faults(&files)).contains("no `[[basis]]` carries `clean_three_years`"));
    for row in catalogue().scenarios().into_iter().chain(catalogue().ungrounded()) {
        for basis in row.bases() {
            assert!(basis.power() != Power::Bar || basis.classes().count() == 1, "{}", row.name());
        }
    }
}

#[test]
fn the_register_says_how_each_article_was_read() {
    let of = |code: &str| catalogue().sources().find(|source| source.code() == code).unwrap().clone();
    assert_eq!(of("ZJ-CREDIT").articles()[0].mark(), Mark::Read);
    assert_eq!(of("GD-CREDIT").articles()[0].mark(), Mark::OneCopy);
    assert!(of("DEMO-CITY").is_made_up());
    assert_eq!(catalogue().sources().filter(|source| source.is_made_up()).count(), 1);
    let cited: BTreeSet<_> = catalogue()
        .scenarios()
        .into_iter()
        .flat_map(|row| row.bases().iter().map(|basis| basis.source().code().to_owned()))
        .collect();
    for source in catalogue().sources() {
        assert!(cited.contains(source.code()) || source.articles().is_empty(), "{} carries nothing", source.code());
    }
}
