//! Kinds of institution and statutes of a catalogue's own: rows and files, and no change of code.

use credit_policy::{
    Asker, Catalogue, Code, Decision, Facts, Finding, Language, RuleId, catalogue::shipped, decide, prove,
};

use crate::other_provinces::fujian_files;
use crate::support::{catalogue, date, facts_for, faults, kind, lines, loaded};

const FOREST: &str = "[institution_kind.forest-ranger]\ntitle = { zh = \"林业站\", en = \"Forest rangers\" }\n";
const COUNTED: &str = "counts_as = \"industry-department\"\n";
const TEA: &str = "scenarios/tea-seal-use.toml";

type Files = Vec<(String, String)>;

fn text<'a>(files: &'a mut Files, path: &str) -> &'a mut String {
    &mut files.iter_mut().find(|(at, _)| at == path).unwrap().1
}

/// The shipped catalogue with these lines at the end of `catalogue.toml`.
fn shipped_and(rows: &str) -> Files {
    let mut files = shipped();
    text(&mut files, "catalogue.toml").push_str(rows);
    files
}

/// Another province with a scenario for forest rangers.
fn with_rangers(counts_as: &str) -> Files {
    let mut files = fujian_files();
    text(&mut files, "catalogue.toml").push_str(&format!("{FOREST}{counts_as}"));
    let row = text(&mut files, TEA);
    *row = row.replace("kinds = [\"industry-department\"]", "kinds = [\"forest-ranger\"]");
    files
}

fn with_statute(mut files: Files, name: &str, rule: &str) -> Files {
    let annotations = format!(
        "@id(\"{name}\")\n@title_zh(\"茶\")\n@title_en(\"tea\")\n@source(\"FJ 三十四\")\n@citation(\"《福建省社会信用条例》第三十四条\")\n"
    );
    files.push((format!("statutes/{name}.cedar"), format!("{annotations}{rule}\n")));
    files
}

fn asks(rules: &Catalogue, of: &str) -> Decision {
    let row = rules.scenario("tea-seal-use").unwrap();
    let kind = rules.kind(of).unwrap();
    let facts = Facts { kind: kind.into(), ..facts_for(row, date("2026-11-22")) };
    decide(rules, Some(row.name()), &facts)
}

#[test]
fn a_kind_that_is_none_or_counts_as_what_it_may_not_does_not_load() {
    let row = |name: &str, counts_as: &str| {
        format!("[institution_kind.{name}]\ntitle = {{ zh = \"甲\", en = \"A\" }}\ncounts_as = \"{counts_as}\"\n")
    };
    let cases = [
        (row("person", "court"), "`person` is no institution"),
        (row("public", "court"), "`public` is no institution"),
        (row("Ranger", "court"), "not a kind of institution"),
        (row("a-name-that-is-longer-than-a-kind-is", "court"), "not a kind of institution"),
        (row("ranger", "curt"), "no kind of institution `curt` here"),
        (row("ranger", "ranger"), "`ranger` counts as another itself"),
        (row("ranger", "warden") + &row("warden", "court"), "`warden` counts as another itself"),
        (
            "[institution_kind.ranger]\ntitle = { zh = \"甲\", en = \"A\" }\ncolour = 1\n".into(),
            "unknown field `colour`",
        ),
        ("[institution_kind.ranger]\ntitle = { zh = \"甲\" }\n".into(), "missing field `en`"),
        (FOREST.to_owned() + FOREST, "duplicate key"),
    ];
    for (rows, message) in cases {
        let found = lines(&faults(&shipped_and(&rows)));
        assert!(found.contains(message), "{rows}: {found}");
        assert!(found.starts_with("catalogue.toml"), "{found}");
    }
}

#[test]
fn what_statutes_know_counts_as_nothing_else() {
    let mut files = shipped();
    let main = text(&mut files, "catalogue.toml");
    *main = main.replace("[institution_kind.bank]\n", "[institution_kind.bank]\ncounts_as = \"court\"\n");
    assert!(lines(&faults(&files)).contains("statutes know `bank`: it counts as no other"));
}

#[test]
fn a_kind_that_the_gateway_itself_knows_is_never_missing() {
    for duty in ["officer", "credit-supervisor", "consent-authority", "gateway"] {
        let mut files = shipped();
        let main = text(&mut files, "catalogue.toml");
        *main = main.replace(&format!("[institution_kind.{duty}]"), "[institution_kind.another]");
        let found = lines(&faults(&files));
        let named = duty == "credit-supervisor";
        let message = if named { "no kind of institution `credit-supervisor` in the catalogue" } else { "add its row" };
        assert!(found.contains(message), "{duty}: {found}");
    }
}

#[test]
fn a_row_names_kinds_of_the_catalogue_alone() {
    let mut files = fujian_files();
    let row = text(&mut files, TEA);
    *row = row.replace("kinds = [\"industry-department\"]", "kinds = [\"forest-ranger\"]");
    let found = lines(&faults(&files));
    assert!(found.contains("`forest-ranger` is no kind of institution: use one of approving-department"), "{found}");
    let mut files = fujian_files();
    let row = text(&mut files, TEA);
    *row = row.replace("power = \"query\"", "power = \"query\"\nkinds = [\"forest-ranger\"]");
    assert!(lines(&faults(&files)).contains("`forest-ranger` is no kind of institution"));
}

#[test]
fn a_kind_that_no_statute_names_asks_nothing_by_statute() {
    let found = lines(&faults(&with_rangers("")));
    assert!(found.contains("`forest-ranger` may not use this scenario"), "{found}");
    assert!(found.contains("statute/statute-only-to-listed-organs"), "{found}");
}

#[test]
fn a_kind_of_its_own_asks_as_what_it_counts_and_nothing_more() {
    let rules = loaded(&with_rangers(COUNTED));
    assert!(matches!(asks(&rules, "forest-ranger"), Decision::Permit(_)));
    assert!(matches!(asks(&rules, "industry-department"), Decision::Refuse { code: Code::ScenarioNotAllowed, .. }));
    let own = rules.kind("forest-ranger").unwrap();
    assert_eq!(rules.counts_as(own), rules.kind("industry-department").ok());
    assert_eq!(rules.kind_title(own, Language::En), Some("Forest rangers"));
    let rows = rules.scenarios();
    let open: Vec<_> = rows.iter().filter(|row| row.is_open_to(own.into())).map(|row| row.name().as_str()).collect();
    assert_eq!(open, ["tea-seal-use"]);
}

#[test]
fn an_article_that_names_a_kind_empowers_what_counts_as_it() {
    let with_basis = |kinds: &str| {
        let mut files = with_rangers(COUNTED);
        let row = text(&mut files, TEA);
        *row = row.replace("power = \"query\"", &format!("power = \"query\"\nkinds = [\"{kinds}\"]"));
        files
    };
    let rules = loaded(&with_basis("industry-department"));
    assert!(matches!(asks(&rules, "forest-ranger"), Decision::Permit(_)));
    let row = rules.scenario("tea-seal-use").unwrap();
    let cited = row.cited(Asker::Institution(rules.kind("forest-ranger").unwrap()), date("2026-11-22"));
    assert!(cited.is_some_and(|cited| cited.statute.contains("福建省社会信用条例")));
    // Nobody whom the row names is empowered by this one.
    let rules = loaded(&with_basis("court"));
    assert!(rules.scenario("tea-seal-use").is_none_or(|row| row.kinds().is_empty()));
}

/// A list by `contains` does not know what counts as one of it.
#[test]
fn a_statute_that_misses_what_counts_is_found() {
    let mut files = with_rangers("counts_as = \"housing-department\"\n");
    let rules = text(&mut files, "statutes/rows-only-stricter.cedar");
    let listed = rules.split("!(principal in [").nth(1).unwrap().split("])").next().unwrap().to_owned();
    *rules = rules.replace(&format!("!(principal in [{listed}])"), &format!("![{listed}].contains(principal)"));
    let found = prove(&loaded(&files)).unwrap_err();
    assert_eq!(found.finding, Finding::Laxer);
    assert_eq!(found.request.asker.as_str(), "forest-ranger");
}

#[test]
fn a_statute_of_its_own_is_a_file_and_keeps_rows_out() {
    let rangers = || with_rangers(COUNTED);
    let by_kind = "forbid (principal in Asker::\"industry-department\", action == Action::\"release\", resource)\n\
        when { resource in [Class::\"contract-fraud\"] };";
    let found = lines(&faults(&with_statute(rangers(), "tea-alone", by_kind)));
    assert!(found.contains("scenarios/tea-seal-use.toml"), "{found}");
    assert!(found.contains("rule `statute/tea-alone` forbids it"), "{found}");
    let by_scenario = "forbid (principal, action == Action::\"query\", resource == Scenario::\"tea-seal-use\")\n\
        unless { principal in [Asker::\"industry-department\"] };";
    let rules = loaded(&with_statute(rangers(), "tea-rangers-only", by_scenario));
    assert!(matches!(asks(&rules, "forest-ranger"), Decision::Permit(_)));
    let rule = RuleId::parse("statute/tea-rangers-only").unwrap();
    assert_eq!(rules.rule(&rule).unwrap().citation(), "《福建省社会信用条例》第三十四条");
    assert_ne!(rules.label(), loaded(&rangers()).label());
}

/// What hangs on the request would be asked at no query, so it may not stand there and look as if.
#[test]
fn a_statute_of_its_own_that_nobody_would_keep_does_not_load() {
    let rules = [
        "forbid (principal, action == Action::\"query\", resource) when { !context.case };",
        "forbid (principal, action == Action::\"tell\", resource);",
        "forbid (principal, action, resource) when { principal == Asker::\"bank\" };",
        "forbid (principal, action in [Action::\"tell\", Action::\"release\"], resource);",
    ];
    for rule in rules {
        let found = lines(&faults(&with_statute(fujian_files(), "tea-alone", rule)));
        assert!(found.contains("a statute of a catalogue's own is kept as its rows load"), "{rule}: {found}");
    }
    let permits = "permit (principal, action == Action::\"query\", resource);";
    assert!(lines(&faults(&with_statute(fujian_files(), "tea-alone", permits))).contains("forbids and never permits"));
    let nameless =
        with_statute(fujian_files(), "Tea alone", "forbid (principal, action == Action::\"collect\", resource);");
    assert!(lines(&faults(&nameless)).contains("is no name of a statute"));
}

#[test]
fn what_is_shipped_counts_as_itself() {
    assert!(catalogue().kinds().all(|own| catalogue().counts_as(own).is_none()));
    assert_eq!(kind("bank").duty(), None);
}
