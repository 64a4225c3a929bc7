//! Edits of the catalogue that were once taken though they meant nothing, or more than any law: each is a fault that says so.

use credit_policy::{Catalogue, catalogue::shipped};
use jiff::civil::date;

const PACK: &str = "packs/national-2026.toml";
const PUBLISHED: &str = "`power = \"publish\"`, without `kinds`, is for the ground of the public";
/// Of the clock of judgments, below two and five years of display.
const PERFORMED: &str = "performed = \"at-once\"";
const BEYOND: &str = "packs/national-2026.toml:40: `publication` or `use` is longer than `display`";
const CALENDAR: &str = "calendars/cn.toml";
const RESTRICTED: &str = "scenarios/restricted-consumption.toml";
const JOINT: &str = "scenarios/joint-restraint.toml";
const PUBLIC: &str = "scenarios/public-disclosure.toml";
const SCORE: &str = "derived/personal-credit-score.toml";
const VOLUNTEERS: &str = "derived/volunteer-service.toml";
const CLEAN: &str = "derived/across-classes.toml";
const BENEFITS: &str = "derived/benefits.toml";
const SOURCE: &str = "sources/SD-CREDIT.toml";
const TAX: &str = "data-list/tax.toml";
const BASIS: &str =
    "[[basis]]\nsource = \"CONSUMPTION\"\narticle = \"3\"\npower = \"bar\"\nclasses = [\"consumption-restriction\"]\n";

/// File, what is replaced, by what, and what the fault says.
const SLIPS: &[(&str, &str, &str, &str)] = &[
    (PACK, "general = \"P3M\", serious", "general = \"P2Y\", serious", "`least` is longer than `display`"),
    (PACK, "least = { general", "least = { minor = \"P1D\", general", "`least` is longer than `display`"),
    (PACK, "serious = \"P3Y\" }\nleast", "serious = \"P30Y\" }\nleast", "clock `public-credit` displays for P30Y"),
    (PACK, PERFORMED, "use = { minor = \"never\", general = \"P3Y\", serious = \"P5Y\" }", BEYOND),
    (PACK, PERFORMED, "use = { minor = \"P1D\", general = \"P2Y\", serious = \"P5Y\" }", BEYOND),
    (PACK, PERFORMED, "publication = { minor = \"never\", general = \"P2Y\", serious = \"P9Y\" }", BEYOND),
    (PACK, "days = 20", "days = 2000", "is longer than a year"),
    ("packs/zhejiang.toml", "retention = \"P10Y\"", "retention = \"P1Y\"", "is shorter than P3Y"),
    (PACK, "retention = \"P3Y\"", "retention = \"P0D\"", "`P0D` is no period"),
    (CALENDAR, "year = 2025\n", "year = 2030\n", "is no holiday of 2030"),
    (CALENDAR, "to = \"2026-10-07\"", "to = \"2026-11-07\"", "is longer than any holiday of 2026"),
    (JOINT, "classes = [\"black-list\"]", "classes = [\"black-list\"]\nkinds = []", "empowers nobody"),
    (JOINT, "classes = [\"black-list\"]", "classes = [\"black-list\", \"black-list\"]", "`black-list` stands twice"),
    (RESTRICTED, "power = \"bar\"", "power = \"publish\"", PUBLISHED),
    (PUBLIC, "power = \"publish\"", "power = \"query\"", PUBLISHED),
    (PUBLIC, "power = \"publish\"", "power = \"publish\"\nkinds = [\"court\"]", PUBLISHED),
    (PUBLIC, "classes = [\"black-list\", \"identity\"]", "classes = []", "a look-up at least one"),
    (SCORE, "least = 550", "least = 1001", "1001 tells nobody apart"),
    (SCORE, "least = 550", "least = 0", "0 tells nobody apart"),
    (VOLUNTEERS, "least = 5", "least = -5", "-5 tells nobody apart"),
    (CLEAN, "period = \"P3Y\"", "period = \"P30Y\"", "a period of P30Y is longer than any record is displayed"),
    (
        BENEFITS,
        "all = [\"clean_three_years\", \"volunteer_at_least_five\"]",
        "all = [\"clean_three_years\", \"clean_three_years\"]",
        "field `clean_three_years` stands twice",
    ),
    (SOURCE, "jurisdiction = \"CN-SD\"", "jurisdiction = \"CN-SDD\"", "`CN-SDD` is the code of no place"),
    (
        SOURCE,
        "status = \"in-force\"",
        "status = \"in-force\"\nfrom = \"2026-01-02\"\nuntil = \"2026-01-01\"",
        "`until` is before `from`",
    ),
    (TAX, "《中华人民共和国税收征收管理法》", "", "cites nothing: name the instrument"),
    (TAX, "tier = \"first\"", "tier = \"first\"\nrefresh = \"daily\"", "`daily` is no period"),
    (TAX, "tier = \"first\"", "tier = \"first\"\nrefresh = \"PT1H\"", "`PT1H` is no period"),
    (TAX, "tier = \"first\"", "tier = \"first\"\nprovider = { zh = \"\", en = \"Tax\" }", "blank text"),
    (JOINT, "notice = \"owed\"", "notice = \"owed\"\nassessment = \" \"", "blank text"),
];

fn edited(file: &str, old: &str, new: &str) -> Vec<(String, String)> {
    let mut files = shipped();
    let (_, text) = files.iter_mut().find(|(path, _)| path == file).unwrap();
    assert!(text.contains(old), "{file}: {old}");
    *text = text.replacen(old, new, 1);
    files
}

#[test]
fn each_slip_is_named() {
    for (file, old, new, says) in SLIPS {
        let faults = Catalogue::load(&edited(file, old, new)).err().unwrap_or_default();
        assert!(faults.iter().any(|fault| fault.to_string().contains(says)), "{file}: {new}: {faults:?}");
    }
}

#[test]
fn a_calendar_leaves_no_year_out() {
    let files = shipped();
    let text = &files.iter().find(|(path, _)| path == CALENDAR).unwrap().1;
    let year = |year: u16| text.find(&format!("[[year]]\nyear = {year}\n")).unwrap();
    let without = edited(CALENDAR, &text[year(2025)..year(2026)], "");
    let faults = Catalogue::load(&without).err().unwrap_or_default();
    assert!(faults.iter().any(|fault| fault.to_string().contains("year 2025 is left out")), "{faults:?}");
}

#[test]
fn an_article_stands_once_for_a_kind() {
    let twice = |one: &str, two: &str| {
        let rows = format!("{BASIS}{one}\n{BASIS}{two}\n");
        Catalogue::load(&edited(RESTRICTED, BASIS, &rows)).err().unwrap_or_default()
    };
    let says = "`3` of `CONSUMPTION` stands twice";
    for (one, two) in [("", ""), ("kinds = [\"court\"]", ""), ("kinds = [\"court\"]", "kinds = [\"court\"]")] {
        assert!(twice(one, two).iter().any(|fault| fault.to_string().contains(says)), "{one} {two}");
    }
    assert!(twice("kinds = [\"court\"]", "kinds = [\"clearing-desk\"]").is_empty());
}

#[test]
fn an_article_that_is_out_of_force_is_told() {
    let on = date(2026, 11, 22);
    let out = |old: &str, new: &str| {
        let rules = Catalogue::load(&edited("sources/CONSUMPTION.toml", old, new)).unwrap();
        rules
            .out_of_force(on)
            .iter()
            .map(|(row, basis)| format!("{} {}", row.name(), basis.citation()))
            .collect::<Vec<_>>()
    };
    let status = "status = \"in-force\"";
    assert!(out(status, status).is_empty());
    for new in [
        "status = \"repealed\"",
        "status = \"in-force\"\nuntil = \"2026-11-21\"",
        "status = \"in-force\"\nfrom = \"2026-11-23\"",
    ] {
        let told = out(status, new);
        assert_eq!(told.len(), 1, "{new}: {told:?}");
        assert!(told[0].starts_with("restricted-consumption 《最高人民法院"), "{told:?}");
    }
}
