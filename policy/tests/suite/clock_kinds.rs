//! Kinds of clock beside a plain period, versions of packs, and that a class with a clock of its own is one line.

use credit_policy::{
    Catalogue, ClassName, Deadline, History, Record, Severity,
    catalogue::{shipped, shipped_in},
    fields_page, minimise,
};
use jiff::civil::Date;
use serde_json::json;

use crate::support::{catalogue, date, facts_for, faults, field_of, lines, loaded, permit_for, value};

const PACK: &str = "packs/national-2026.toml";
const BEFORE: &str = "packs/national-2025.toml";
const SHANGHAI: &str = "packs/shanghai.toml";

/// The shipped files with a text put behind another in some of them.
fn with(edits: &[(&str, &str, &str)]) -> Vec<(String, String)> {
    let mut files = shipped();
    for (path, after, text) in edits {
        let (_, file) = files.iter_mut().find(|(at, _)| at == path).unwrap();
        assert!(file.contains(after), "{path} has no `{after}`");
        *file = file.replacen(after, &format!("{after}{text}"), 1);
    }
    files
}

/// The shipped catalogue where judgments have this clock, whatever the day.
fn clocked(clock: &str) -> Catalogue {
    let table = format!("\n[clock.tried]\n{clock}\n");
    let calendar = "calendar = \"cn\"\n";
    let mut files = with(&[PACK, BEFORE].map(|pack| (pack, calendar, table.as_str())));
    for (_, pack) in files.iter_mut().filter(|(path, _)| path.starts_with("packs/national-")) {
        *pack = pack.replace("court-judgment = \"unperformed-judgment\"", "court-judgment = \"tried\"");
    }
    loaded(&files)
}

fn record(determined: &str) -> Record {
    Record {
        class: ClassName::parse("court-judgment").unwrap(),
        severity: Severity::General,
        act: date("2026-01-10"),
        determined: date(determined),
        sentence_end: None,
        effect_end: None,
        repaired: None,
        repair_revoked: None,
        disputed: false,
        performed: None,
        amount: None,
    }
}

/// Whether a record shows in the answers of a scenario on a day.
fn shows(catalogue: &Catalogue, scenario: &str, record: Record, on: Date) -> bool {
    let facts = facts_for(catalogue.scenario(scenario).unwrap(), on);
    let permit = permit_for(catalogue, scenario, &facts);
    let field = field_of(record.class.as_str(), "exists");
    value(&minimise(&permit, &History { records: vec![record], ..History::default() }, on), &field) == json!(true)
}

/// Whether it shows on that day and no longer on the next.
fn last(catalogue: &Catalogue, scenario: &str, record: impl Fn() -> Record, day: &str) {
    let day = date(day);
    let shown = [day, day.tomorrow().unwrap()].map(|on| shows(catalogue, scenario, record(), on));
    assert_eq!(shown, [true, false], "{scenario}: last day {day}");
}

const ALL_YEAR: &str = "display = { minor = \"P1Y\", general = \"P1Y\", serious = \"P3Y\" }";

#[test]
fn performance_ends_display_sooner_but_not_before_the_least() {
    let performed = |on: &'static str| move || Record { performed: Some(date(on)), ..record("2026-02-01") };
    let at_once = clocked(&format!("start = \"determination\"\n{ALL_YEAR}\nperformed = \"at-once\""));
    last(&at_once, "self-query", || record("2026-02-01"), "2027-02-01");
    last(&at_once, "self-query", performed("2026-06-15"), "2026-06-14");
    // Performed after the end: it ended by itself.
    last(&at_once, "self-query", performed("2028-01-01"), "2027-02-01");
    let later = clocked(&format!(
        "start = \"determination\"\n{ALL_YEAR}\nleast = {{ general = \"P3M\" }}\nperformed = \"P1M\""
    ));
    last(&later, "self-query", performed("2026-06-15"), "2026-07-15");
    last(&later, "self-query", performed("2026-02-10"), "2026-05-01");
    last(&later, "self-query", performed("2027-01-20"), "2027-02-01");
}

#[test]
fn what_is_shown_until_performed_does_not_end_by_itself() {
    let clock = format!("start = \"determination\"\n{ALL_YEAR}\nunperformed = \"shown\"");
    let shown = clocked(&clock);
    assert!(shows(&shown, "self-query", record("2026-02-01"), date("2099-01-01")));
    let performed = |on: &'static str| move || Record { performed: Some(date(on)), ..record("2026-02-01") };
    last(&shown, "self-query", performed("2026-06-15"), "2027-02-01");
    last(&shown, "self-query", performed("2030-06-15"), "2030-06-14");
}

#[test]
fn a_clock_may_start_with_the_performance() {
    let clock = clocked(&format!("start = \"performance\"\notherwise = \"act\"\n{ALL_YEAR}"));
    last(&clock, "self-query", || record("2026-02-01"), "2027-01-10");
    last(&clock, "self-query", || Record { performed: Some(date("2026-09-30")), ..record("2026-02-01") }, "2027-09-30");
    let alone = clocked(&format!("start = \"performance\"\n{ALL_YEAR}"));
    assert!(shows(&alone, "self-query", record("2026-02-01"), date("2099-01-01")), "it has not come");
}

#[test]
fn publication_sharing_and_use_end_each_on_its_day() {
    let clock = format!(
        "start = \"determination\"\n{ALL_YEAR}\nuse = {{ minor = \"never\", general = \"P6M\", serious = \"P3Y\" }}"
    );
    let clock = clocked(&clock);
    let restraint = "joint-restraint";
    assert!(clock.scenario(restraint).unwrap().restraint() && !clock.scenario("self-query").unwrap().restraint());
    last(&clock, "self-query", || record("2026-02-01"), "2027-02-01");
    last(&clock, restraint, || record("2026-02-01"), "2026-08-01");
    let minor = || Record { severity: Severity::Minor, ..record("2026-02-01") };
    assert!(shows(&clock, "self-query", minor(), date("2026-03-01")));
    assert!(!shows(&clock, restraint, minor(), date("2026-03-01")));
}

#[test]
fn what_was_small_and_repaid_in_time_is_not_shown() {
    let of = |amount: Option<u64>, performed: Option<&str>| Record {
        class: ClassName::parse("loan-overdue").unwrap(),
        act: date("2024-05-05"),
        amount,
        performed: performed.map(date),
        ..record("2024-06-05")
    };
    let counts = |record: Record, on: &str| {
        let facts = facts_for(catalogue().scenario("self-query").unwrap(), date(on));
        let permit = permit_for(catalogue(), "self-query", &facts);
        let told = minimise(&permit, &History { records: vec![record], ..History::default() }, date(on));
        assert_eq!(told.counts.considered, u32::from(value(&told, "loan_overdue_exists") == json!(true)));
        told.counts.considered == 1
    };
    for (amount, performed, on, shown) in [
        (Some(10_000), Some("2026-03-31"), "2026-03-30", true),
        (Some(10_000), Some("2026-03-31"), "2026-03-31", false),
        (Some(10_000), Some("2026-04-01"), "2026-05-01", true),
        (Some(10_001), Some("2026-03-31"), "2026-05-01", true),
        (None, Some("2026-03-31"), "2026-05-01", true),
        (Some(10_000), None, "2026-05-01", true),
        (Some(1), Some("2025-06-01"), "2025-12-31", true),
        (Some(1), Some("2025-06-01"), "2026-01-01", false),
    ] {
        assert_eq!(counts(of(amount, performed), on), shown, "{amount:?} {performed:?} {on}");
    }
    for act in ["2019-12-31", "2026-01-01"] {
        let record = Record { act: date(act), determined: date("2026-02-01"), ..of(Some(1), Some("2026-03-01")) };
        assert!(counts(record, "2026-05-01"), "{act}");
    }
}

#[test]
fn a_judgment_and_arrears_of_wages_have_the_clocks_of_their_own_rules() {
    let of = |class: &str, severity, performed: Option<&str>| Record {
        class: ClassName::parse(class).unwrap(),
        severity,
        performed: performed.map(date),
        ..record("2026-02-01")
    };
    for (class, severity, performed, day) in [
        ("court-judgment", Severity::General, None, "2028-02-01"),
        ("court-judgment", Severity::Serious, None, "2031-02-01"),
        ("court-judgment", Severity::Serious, Some("2026-07-01"), "2026-06-30"),
        ("wage-arrears", Severity::General, None, "2029-02-01"),
        ("wage-arrears", Severity::General, Some("2026-07-01"), "2027-01-01"),
    ] {
        last(catalogue(), "self-query", || of(class, severity, performed), day);
    }
}

/// The limit of spending is the court's order, and not the judgment behind it: it holds until that is performed.
#[test]
fn an_order_that_limits_consumption_is_shown_until_performed_and_no_longer() {
    let order = |severity, performed: Option<&str>| Record {
        class: ClassName::parse("consumption-restriction").unwrap(),
        severity,
        performed: performed.map(date),
        ..record("2026-02-01")
    };
    let places = ["CN", "CN-SH", "CN-GD-03", "CN-ZJ-02", "CN-SD"];
    let there = places.map(|place| loaded(&shipped_in(place, None).unwrap()));
    for catalogue in there.iter().chain([catalogue()]) {
        for scenario in ["restricted-consumption", "self-query"] {
            for severity in Severity::ALL {
                let unperformed = || order(*severity, None);
                assert!(!shows(catalogue, scenario, unperformed(), date("2026-01-31")));
                for day in ["2026-02-01", "2031-02-02", "2099-01-01"] {
                    assert!(shows(catalogue, scenario, unperformed(), date(day)), "{scenario} {day}");
                }
                for (performed, day) in [("2026-06-15", "2026-06-14"), ("2041-06-15", "2041-06-14")] {
                    last(catalogue, scenario, || order(*severity, Some(performed)), day);
                }
                let lifted = Record { repaired: Some(date("2026-05-01")), ..unperformed() };
                assert!(!shows(catalogue, scenario, lifted, date("2026-05-01")), "{scenario}");
            }
        }
        let facts = facts_for(catalogue.scenario("restricted-consumption").unwrap(), date("2026-03-01"));
        let permit = permit_for(catalogue, "restricted-consumption", &facts);
        let judged = History { records: vec![record("2026-02-01")], ..History::default() };
        let told = minimise(&permit, &judged, date("2026-03-01"));
        assert_eq!(value(&told, "consumption_restriction_exists"), json!(false), "a judgment alone limits nobody");
    }
}

#[test]
fn a_new_class_is_one_line_in_every_pack_and_one_more_gives_it_a_clock_of_its_own() {
    const ROW: &str = "class = \"seal-misuse\"\ntitle = { zh = \"冒用标志\", en = \"Misuse of a seal\" }\n\
        sources = [\"SD 三\"]\ncitation = \"《商标法》第五十七条\"\nsensitivity = \"adverse\"\ntier = \"first\"\n\
        clock = \"public-credit\"\n";
    for (pack, jurisdiction) in [
        ("national-2026", "CN"),
        ("shanghai", "CN-SH"),
        ("shenzhen", "CN-GD-03"),
        ("zhejiang", "CN-ZJ"),
        ("shandong", "CN-SD"),
    ] {
        let under = |line: &str| {
            let mut files = with(&[(PACK, "[class]\n", line), (BEFORE, "[class]\n", line)]);
            files.push(("data-list/seal-misuse.toml".into(), ROW.into()));
            let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml").unwrap();
            *main = main
                .replace("jurisdiction = \"CN-99-01\"", &format!("jurisdiction = \"{jurisdiction}\""))
                .replace("pack = \"national-2026\"", &format!("pack = \"{pack}\""));
            loaded(&files)
        };
        let line = |catalogue: &Catalogue| {
            let page = fields_page(catalogue);
            page.lines().find(|line| line.starts_with("| `seal-misuse` |")).unwrap().to_owned()
        };
        let tax = fields_page(&under(""));
        let tax = tax.lines().find(|line| line.starts_with("| `tax` |")).unwrap().split('|').nth(3).unwrap().to_owned();
        assert_eq!(line(&under("")).split('|').nth(3), Some(tax.as_str()), "{pack}");
        let own = line(&under("seal-misuse = \"wage-arrears\"\n"));
        assert!(
            own.contains("| determination never P3Y P3Y, ends P6M after the performance | `determined` `performed` |")
        );
    }
}

#[test]
fn the_day_chooses_the_version_of_a_pack() {
    // A third version, from next year on, of which Shanghai's default is; and one of its own.
    let next = |from: &str| {
        let (_, text) = shipped().into_iter().find(|(path, _)| path == PACK).unwrap();
        text.replace("pack = \"national-2026\"", "pack = \"national-2027\"")
            .replace("from = \"2026-04-01\"", &format!("from = \"{from}\""))
            .replace("before = \"national-2025\"", "before = \"national-2026\"")
            .replace("general = \"P1Y\", serious = \"P3Y\"", "general = \"P2M\", serious = \"P6M\"")
            .replace(
                "least = { general = \"P3M\", serious = \"P1Y\" }",
                "least = { general = \"P1M\", serious = \"P3M\" }",
            )
            .replace("days = 20", "days = 10")
    };
    let mut files = shipped();
    files.push(("packs/national-2027.toml".into(), next("2026-10-01")));
    let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml").unwrap();
    *main = main.replace("pack = \"national-2026\"", "pack = \"national-2027\"");
    let national = loaded(&files);
    let tax = |determined| move || Record { class: ClassName::parse("tax").unwrap(), ..record(determined) };
    last(&national, "self-query", tax("2026-07-10"), "2026-09-30");
    last(&national, "self-query", tax("2026-10-10"), "2026-12-10");
    let clock = "determination never P1Y P3Y, at least none P3M P1Y; from 2026-10-01 determination never P2M P6M";
    assert!(fields_page(&national).contains(clock));
    let decided = |event: &str| national.deadline(Deadline::ObjectionDecision, date(event));
    assert_eq!(decided("2026-09-10"), Some(date("2026-09-30")));
    assert_eq!(decided("2026-10-12"), Some(date("2026-10-22")));
    // A province that takes what it does not set from that pack follows it from the same day.
    let (_, main) = files.iter_mut().find(|(path, _)| path == "catalogue.toml").unwrap();
    *main = main.replace("pack = \"national-2027\"", "pack = \"shanghai\"").replace("\"CN-99-01\"", "\"CN-SH\"");
    let (_, shanghai) = files.iter_mut().find(|(path, _)| path == SHANGHAI).unwrap();
    *shanghai = shanghai
        .replace("default = \"national-2026\"", "default = \"national-2027\"")
        .replace("[clock.public-credit]", "[clock.of-shanghai]");
    let province = loaded(&files);
    last(&province, "self-query", tax("2026-10-10"), "2026-12-10");
    last(&province, "self-query", tax("2026-07-10"), "2026-09-30");
}

#[test]
fn versions_leave_no_day_out_and_none_to_two() {
    let from = "from = \"2026-04-01\"\n";
    let before = "before = \"national-2025\"\n";
    for (pack, old, new, message) in [
        (PACK, before, "", "what held before that day?"),
        (PACK, from, "", "from which day on does this pack hold?"),
        (PACK, before, "before = \"national-1949\"\n", "no rule pack `national-1949`"),
        (PACK, before, "before = \"national-2026\"\n", "two packs would hold on one day"),
        (PACK, before, "before = \"shanghai\"\n", "`shanghai` is the law of another jurisdiction"),
        (PACK, from, "from = \"2026-02-30\"\n", "is not valid"),
        (
            BEFORE,
            "calendar = \"cn\"\n",
            "calendar = \"cn\"\nfrom = \"2026-04-01\"\nbefore = \"national-2026\"\n",
            "two packs",
        ),
        (PACK, "[class]\n", "[class]\nnothing = \"in-force\"\n", "`nothing` is no class of the data list"),
        (PACK, "[class]\n", "[class]\ntax = \"sundial\"\n", "no clock `sundial`"),
        (PACK, "[class]\n", "[class]\nscore = \"in-force\"\n", "`score` is no class"),
        (PACK, "[class]\n", "[class]\ntax = \"in-force\"\n", "clock `public-credit` has no end"),
        (PACK, "start = \"performance\"\notherwise = \"act\"", "start = \"act\"\notherwise = \"act\"", "leave it out"),
        (PACK, "[clock.in-force]\n", "[clock.in-force]\nperformed = \"at-once\"\n", "needs `display`"),
        (PACK, "performed = \"P6M\"", "performed = \"soon\"", "`soon` is no period"),
        (PACK, "act_to = \"2025-12-31\"", "act_to = \"2019-12-31\"", "the days are not in order"),
    ] {
        let mut files = shipped();
        let (_, file) = files.iter_mut().find(|(path, _)| path == pack).unwrap();
        assert!(file.contains(old), "{old}");
        *file = file.replacen(old, new, 1);
        let faults = lines(&faults(&files));
        assert!(faults.contains(message), "{new}: {faults}");
        assert!(faults.lines().all(|line| line.starts_with("packs/") || line.starts_with("data-list/")), "{faults}");
    }
}
