//! The faults of [`crate::load_faults`], a table: file, what is replaced, by what, what the fault says.

pub(crate) const DERIVED: &str = "derived.toml";
pub(crate) const HOUSING: &str = "scenarios/public-rental-housing.toml";
pub(crate) const PACK: &str = "packs/national-2026.toml";
pub(crate) const TAX: &str = "data-list/tax.toml";
const ASSETS: &str = "data-list/income-and-assets.toml";
pub(crate) const FORBIDDEN: &str = "statutes/forbidden-classes-never.toml";
const FORBIDDEN_CLASSES: &str =
    "classes = [\"blood-type\", \"disease\", \"fingerprints\", \"genes\", \"medical-history\", \"religion\"]";
pub(crate) const ADULTS: &str = "statutes/adults-only.toml";
const RED: &str = "data-list/red-list.toml";
pub(crate) const MAIN: &str = "catalogue.toml";

/// File, what is replaced, by what; the fault stands where `new` begins, and says this.
pub(crate) const CASES: &[(&str, &str, &str, &str)] = &[
    // Syntax and unknown keys, in every kind of file.
    (MAIN, "version = ", "version == ", "extra `=`"),
    (MAIN, "pack = ", "colour = 1\npack = ", "unknown field `colour`"),
    (MAIN, "[rules.data-list]", "[rules.data-lists]", "unknown field `data-lists`"),
    (HOUSING, "ground = ", "score = true\nground = ", "unknown field `score`"),
    (HOUSING, "case_limit = 3", "case_limit = -3", "invalid"),
    (TAX, "tier = ", "colour = 1\ntier = ", "unknown field `colour`"),
    (TAX, "title = { zh", "title = { fr = \"Fisc\", zh", "unknown field `fr`"),
    (DERIVED, "period = \"P3Y\"", "perod = \"P3Y\"", "unknown field `perod`"),
    (PACK, "start = ", "stop = 1\nstart = ", "unknown field `stop`"),
    (FORBIDDEN, "classes = ", "clases = ", "unknown field `clases`"),
    // A key twice.
    (TAX, "tier = ", "class = \"tax\"\ntier = ", "duplicate key"),
    // Rows without a source or a citation.
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = []", "no source"),
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = [\"GZ 1\"]", "`GZ 1` is no source"),
    (TAX, "citation = \"《中华人民共和国税收征收管理法》第六十三条\"", "citation = \" \"", "blank text"),
    (HOUSING, "zh = \"公共租赁住房\"", "zh = \"\"", "blank text"),
    // Unknown words and names.
    (HOUSING, "ground = \"statute\"", "ground = \"habit\"", "`habit` is no legal ground"),
    (HOUSING, "\"housing-department\"", "\"housing-departement\"", "`housing-departement` is no kind of institution"),
    (HOUSING, "\"clean_three_years\"", "\"clean_three_year\"", "no field `clean_three_year` in the data list"),
    (HOUSING, "\"clean_three_years\"", "\"Clean\"", "not a field name"),
    (TAX, "sensitivity = \"adverse\"", "sensitivity = \"bad\"", "`bad` is no sensitivity"),
    (TAX, "tier = \"first\"", "tier = \"third\"", "`third` is no tier"),
    (
        TAX,
        "\"public-credit\"",
        "\"private-credit\"",
        "no clock `private-credit` in the rule pack: use one of public-credit",
    ),
    (DERIVED, "reducer = { listed = \"black\" }", "reducer = { average = \"black\" }", "unknown variant `average`"),
    (DERIVED, "listed = \"black\"", "listed = \"pink\"", "`pink` is no list"),
    (DERIVED, "\"tax\"", "\"taxes\"", "no class `taxes` of the data list holds records"),
    (DERIVED, "\"tax\"", "\"loan-performance\"", "no class `loan-performance` of the data list holds records"),
    (PACK, "\"determination\"", "\"whim\"", "unknown variant `whim`"),
    (MAIN, "pack = \"national-2026\"", "pack = \"shanghai\"", "no rule pack `shanghai`"),
    (FORBIDDEN, "statute = \"forbidden-classes-never\"", "statute = \"forbidden\"", "`forbidden` is no statute"),
    // Values out of bounds.
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P0D\"", "`P0D` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"-P1M\"", "`-P1M` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"PT1H\"", "`PT1H` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P4W\"", "`P4W` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"1 month\"", "`1 month` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P99999Y\"", "is no period"),
    (HOUSING, "case_limit = 3", "case_limit = 0", "allows no look-up"),
    (HOUSING, "kinds = [\"housing-department\"]", "kinds = []", "no kind of institution"),
    (HOUSING, "fields = [\"black_listed\", \"clean_three_years\", \"grey_listed\"]", "fields = []", "no field"),
    (HOUSING, "purpose_group = \"housing\"", "purpose_group = \"Housing\"", "`Housing` is no purpose group"),
    (HOUSING, "notice = \"given\"", "notice = \"none\"", "`none` is no notice"),
    (HOUSING, "notice = \"given\"", "notice = \"exempt by \"", "`exempt by ` is no notice"),
    (MAIN, "utc_offset = \"+08:00\"", "utc_offset = \"08:00\"", "`08:00` is no offset"),
    (MAIN, "utc_offset = \"+08:00\"", "utc_offset = \"+8:00\"", "`+8:00` is no offset"),
    (MAIN, "utc_offset = \"+08:00\"", "utc_offset = \"+15:00\"", "`+15:00` is no offset"),
    (MAIN, "utc_offset = \"+08:00\"", "utc_offset = \"Asia/Shanghai\"", "`Asia/Shanghai` is no offset"),
    // Overlapping rows.
    (HOUSING, "\"grey_listed\"]", "\"grey_listed\", \"black_listed\"]", "`black_listed` stands twice"),
    (
        HOUSING,
        "[\"housing-department\"]",
        "[\"housing-department\", \"housing-department\"]",
        "`housing-department` stands twice",
    ),
    (DERIVED, "\"tax\"", "\"safety\"", "class `safety` stands twice"),
    (DERIVED, "name = \"red_listed\"", "name = \"black_listed\"", "field `black_listed` stands twice in the data list"),
    (DERIVED, "name = \"red_listed\"", "name = \"property\"", "field `property` stands twice in the data list"),
    (RED, "list = \"red\"", "list = \"grey\"", "the list `grey` has another class already"),
    (HOUSING, "scenario = \"public-rental-housing\"", "scenario = \"rental\"", "stands in a file of another name"),
    (TAX, "class = \"tax\"", "class = \"taxes\"", "stands in a file of another name"),
    (PACK, "pack = \"national-2026\"", "pack = \"National\"", "not a rule id"),
    // What must not be, by statute.
    (
        TAX,
        "class = \"tax\"",
        "class = \"religion\"",
        "`religion` may be named nowhere, by rule `statute/forbidden-classes-never`",
    ),
    (TAX, "class = \"tax\"", "class = \"confidential-source\"", "by rule `statute/confidential-source-never`"),
    (ASSETS, "name = \"property\"", "name = \"blood_type\"", "`blood_type` may be named nowhere"),
    (DERIVED, "name = \"red_listed\"", "name = \"confidential_source\"", "`confidential_source` may be named nowhere"),
    (DERIVED, "\"tax\"", "\"medical-history\"", "`medical-history` may be named nowhere"),
    (HOUSING, "\"clean_three_years\"", "\"genes\"", "`genes` may be named nowhere"),
    (HOUSING, "\"clean_three_years\"", "\"property\"", "field `property` is second-tier"),
    (HOUSING, "\"clean_three_years\"", "\"savings_account_and_bonds\"", "by rule `statute/second-tier-by-consent`"),
];

/// The same, where the fault stands on another line: file and beginning of that line.
pub(crate) const ELSEWHERE: &[(&str, &str, &str, &str, &str, &str)] = &[
    (FORBIDDEN, FORBIDDEN_CLASSES, "", "needs `classes`", FORBIDDEN, "statute = "),
    (ADULTS, "citation = ", "classes = [\"tax\"]\ncitation = ", "takes no `classes`", ADULTS, "statute = "),
    // A jurisdiction's clocks hold there and nowhere else.
    (PACK, "jurisdiction = \"CN\"", "jurisdiction = \"CN-SD\"", "the pack is the law of `CN-SD`", MAIN, "pack = "),
    // Classes that could do harm by what they leave out.
    (TAX, "clock = \"public-credit\"", "", "adverse class `tax` has no clock", TAX, "class = "),
    (RED, "list = \"red\"", "", "class `red-list` holds nothing", RED, "class = "),
];
