//! The faults of [`crate::load_faults`], a table: file, what is replaced, by what, what the fault says.

pub(crate) const DERIVED: &str = "derived/across-classes.toml";
pub(crate) const HOUSING: &str = "scenarios/public-rental-housing.toml";
pub(crate) const PACK: &str = "packs/national-2026.toml";
pub(crate) const TAX: &str = "data-list/tax.toml";
const ASSETS: &str = "data-list/income-and-assets.toml";
pub(crate) const FORBIDDEN: &str = "statutes/forbidden-classes-never.cedar";
pub(crate) const ADULTS: &str = "statutes/adults-only.cedar";
pub(crate) const SCHEMA: &str = "statutes/schema.cedarschema";
const SUSPENDED: &str = "statutes/suspended-never.cedar";
const ORGANS: &str = "statutes/statute-only-to-listed-organs.cedar";
const TABLES: &str = "statutes/tables.cedar";
const CALENDAR: &str = "calendars/cn.toml";
const LOAN: &str = "scenarios/commercial-loan.toml";
const SCORE: &str = "derived/personal-credit-score.toml";
const IDENTITY: &str = "data-list/identity.toml";
const RELIGION: &str = "data-list/religion.toml";
const SELF: &str = "scenarios/self-query.toml";
const SHANGHAI: &str = "packs/shanghai.toml";
const BENEFITS: &str = "derived/benefits.toml";
const HAIDONG: &str = "sources/HD.toml";
const BLACK: &str = "data-list/black-list.toml";
const TAX_DERIVED: &str = "derived/tax.toml";
const LOANS: &str = "data-list/loan-performance.toml";
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
    (PACK, "otherwise = \"act\"", "stop = 1\notherwise = \"act\"", "unknown field `stop`"),
    (SUSPENDED, "when { context", "wenn { context", "wenn"),
    (SUSPENDED, "context.suspended", "context.suspendd", "attribute `suspendd`"),
    (ORGANS, "Asker::\"court\"", "Asker::\"curt\"", "curt"),
    (ORGANS, "context.case &&", "context.case == \"yes\" &&", "the types Bool and String are not compatible"),
    (SCHEMA, "yes_no_only: Bool", "yes_no_only: Boole", "Boole"),
    (SCHEMA, "entity Tier enum", "entity Tier enums", "unexpected token"),
    // A key twice.
    (TAX, "tier = ", "class = \"tax\"\ntier = ", "duplicate key"),
    // Rows without a source or a citation.
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = []", "no source"),
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = [\"GZ 1\"]", "`GZ 1` is no source"),
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = [\"HZ 胡说八道\"]", "`HZ 胡说八道` is no source"),
    (HOUSING, "sources = [\"HZ (二)2\"]", "sources = [\"HZ ()\"]", "`HZ ()` is no source"),
    (TAX, "citation = \"《中华人民共和国税收征收管理法》第六十三条\"", "citation = \" \"", "blank text"),
    (HOUSING, "zh = \"公共租赁住房\"", "zh = \"\"", "blank text"),
    (TAX, "\"SX 8\"", "\"XX 8\"", "no document of `sources/` has this code"),
    (DERIVED, "sources = [\"HS 五(一)\"]", "sources = [\"GZ 1\"]", "`GZ 1` is no source"),
    (HAIDONG, "rank = \"draft\"", "rank = \"rumour\"", "`rumour` is no rank"),
    (HAIDONG, "source = \"HD\"", "source = \"H D\"", "`H D` is no code"),
    (SHANGHAI, "default = \"national-2026\"", "default = \"zhejiang\"", "`zhejiang` is no pack that stands by itself"),
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
        "no clock `private-credit` in the rule pack: use one of credit-reporting, in-force, pending-penalty, public-credit",
    ),
    (DERIVED, "reducer = { listed = \"black\" }", "reducer = { average = \"black\" }", "unknown variant `average`"),
    (DERIVED, "listed = \"black\"", "listed = \"pink\"", "`pink` is no list"),
    (DERIVED, "\"tax\"", "\"taxes\"", "no class `taxes` of the data list has records"),
    (DERIVED, "\"tax\"", "\"loan-performance\"", "no class `loan-performance` of the data list has records"),
    (
        PACK,
        "\"determination\"\ndisplay = { minor = \"never\", general = \"P1Y\"",
        "\"whim\"\ndisplay = { minor = \"never\", general = \"P1Y\"",
        "unknown variant `whim`",
    ),
    (MAIN, "pack = \"national-2026\"", "pack = \"chongqing\"", "no rule pack `chongqing`"),
    (FORBIDDEN, "@id(\"forbidden-classes-never\")", "@id(\"forbidden\")", "call it `forbidden.cedar`"),
    (TABLES, "@id(\"application-list\")", "@id(\"query-register\")", "`query-register` is no table"),
    // Domains of values, and reasons why a value leaves exact.
    (LOAN, "\"black_listed\"", "\"credit_amount\"", "`credit_amount` leaves exact"),
    (LOAN, "\"black_listed\"", "\"tax_offence_latest\"", "`tax_offence_latest` leaves exact"),
    (BENEFITS, "\"score_at_least_650\"", "\"score_band\"", "`score_band` is no derived field that says yes or no"),
    (BENEFITS, "\"score_at_least_650\"", "\"eligible_for_utilities\"", "`eligible_for_utilities` is no derived field"),
    // Values out of bounds.
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P0D\"", "`P0D` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"-P1M\"", "`-P1M` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"PT1H\"", "`PT1H` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"1 month\"", "`1 month` is no period"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P99999Y\"", "is no period"),
    (HOUSING, "case_limit = 3", "case_limit = 0", "allows no look-up"),
    (HOUSING, "kinds = [\"housing-department\"]", "kinds = []", "no kind of institution"),
    (HOUSING, "fields = [\"black_listed\", \"clean_three_years\", \"grey_listed\"]", "fields = []", "no field"),
    (HOUSING, "purpose_group = \"housing\"", "purpose_group = \"Housing\"", "`Housing` is no purpose group"),
    (HOUSING, "notice = \"owed\"", "notice = \"none\"", "`none` is no notice"),
    (HOUSING, "notice = \"owed\"", "notice = \"exempt by \"", "`exempt by ` is no notice"),
    (HOUSING, "notice = \"owed\"", "notice = \"exempt by nothing at all\"", "`exempt by nothing at all` is no notice"),
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
    (RED, "list = \"red\"", "list = \"red\"\nseverity = \"general\"", "give it where the clock has periods"),
    (BLACK, "list = \"black\"\nclock = \"public-credit\"", "list = \"black\"", "the list has no clock"),
    (TAX_DERIVED, "exists = { classes = [\"tax\"]", "exists = { classes = [\"black-list\"]", "`black-list` is a list"),
    (HOUSING, "scenario = \"public-rental-housing\"", "scenario = \"rental\"", "stands in a file of another name"),
    (TAX, "class = \"tax\"", "class = \"taxes\"", "call it `taxes.toml`"),
    (PACK, "pack = \"national-2026\"", "pack = \"National\"", "not a rule id"),
    (CALENDAR, "year = 2026", "year = 2026.5", "invalid type"),
    (CALENDAR, "from = \"2026-05-01\"", "from = \"2026-05-06\"", "`2026-05-06` to `2026-05-05` is no holiday"),
    (CALENDAR, "from = \"2026-10-01\"", "from = \"2026-09-27\"", "`2026-09-27` is a holiday already"),
    (CALENDAR, "made_up = [\"2026-01-04\"", "made_up = [\"2026-01-05\"", "`2026-01-05` is no weekend day"),
    (CALENDAR, "made_up = [\"2026-01-04\"", "made_up = [\"2026-10-03\"", "`2026-10-03` is no weekend day"),
    (CALENDAR, "made_up = [\"2026-01-04\"", "made_up = [\"2026-01-04\", \"2026-01-04\"", "`2026-01-04` stands twice"),
    (CALENDAR, "from = \"2026-01-01\"", "from = \"2025-12-28\"", "`2025-12-28` to `2026-01-03` is no holiday of 2026"),
    (CALENDAR, "year = 2025", "year = 2024", "year 2024 stands twice"),
    (CALENDAR, "notice = \"国办发明电〔2023〕7号", "notices = \"", "unknown field `notices`"),
    (CALENDAR, "calendar = \"cn\"", "calendar = \"tw\"", "stands in a file of another name"),
    (PACK, "calendar = \"cn\"", "calendar = \"hk\"", "no calendar `hk`"),
    (PACK, "[deadline.objection-decision]", "[deadline.coffee]", "`coffee` is no deadline"),
    (
        LOAN,
        "purpose_group = \"lending\"",
        "purpose_group = \"landing\"",
        "no purpose group `landing` in catalogue.toml",
    ),
    (LOAN, "disclosure = \"pseudonym\"", "disclosure = \"photograph\"", "`photograph` is no disclosure"),
    (LOAN, "frequency = \"10/P1D\"", "frequency = \"often\"", "`often` is no frequency"),
    (LOAN, "frequency = \"10/P1D\"", "frequency = \"0/P1D\"", "`0/P1D` is no frequency"),
    (LOAN, "uses = 12", "uses = 0", "uses of 0 take no consent"),
    (SCORE, "of = \"score\", bands", "of = \"scores\", bands", "`scores` is no attribute and no count"),
    (
        SCORE,
        "of = \"score\", bands",
        "of = \"tax_offence_exists\", bands",
        "`tax_offence_exists` is no attribute and no count",
    ),
    (IDENTITY, "masks = \"name\"", "masks = \"nickname\"", "the class has no attribute `nickname` to mask"),
    (IDENTITY, "masks = \"name\"", "masks = \"masked_name\"", "the class has no attribute `masked_name` to mask"),
    (DERIVED, "listed = \"black\"", "exists = { classes = [] }", "what rests on nothing"),
    (HOUSING, "case_limit = 3", "sealed_bytes = 4096\ncase_limit = 3", "`sealed_bytes` of 4096: use 1024"),
    (HOUSING, "case_limit = 3", "sealed_bytes = 0\ncase_limit = 3", "`sealed_bytes` of 0: use 1024"),
    // Rows wider than the ceilings of the catalogue.
    (HOUSING, "case_limit = 3", "case_limit = 6", "`case_limit` of 6 is wider than 5"),
    (HOUSING, "data_life = \"P1M\"", "data_life = \"P13M\"", "`data_life` of P13M is wider than P1Y"),
    (LOAN, "lifetime = \"P1Y\"", "lifetime = \"P366D\"", "`lifetime` of P366D is wider than P1Y"),
    (LOAN, "uses = 12", "uses = 367", "`uses` of 367 is wider than 366"),
    (LOAN, "frequency = \"10/P1D\"", "frequency = \"101/P1D\"", "`frequency` of 101/P1D is wider than 100/P1D"),
    (LOAN, "look_back = \"P5Y\"", "look_back = \"P61M\"", "`look_back` of P61M is wider than P5Y"),
    (TAX, "clock = \"public-credit\"", "clock = \"in-force\"", "clock `in-force` has no end"),
    (SELF, "kinds = []", "kinds = [\"bank\"]", "no institution asks on this ground"),
    // What must not be, by statute.
    (TAX, "class = \"tax\"", "class = \"genes\"", "`genes` may be named nowhere"),
    (SCORE, "of = \"score\", bands", "of = \"genes\", bands", "`genes` may be named nowhere"),
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
    (HOUSING, "\"clean_three_years\"", "\"property\"", "field `property` may not go to `housing-department`"),
    (HOUSING, "\"clean_three_years\"", "\"savings_account_and_bonds\"", "`statute/second-tier-by-consent`"),
];

/// The same, where the fault stands on another line: file and beginning of that line.
pub(crate) const ELSEWHERE: &[(&str, &str, &str, &str, &str, &str)] = &[
    // Statutes: annotations, and what a statute may do.
    (FORBIDDEN, "@citation", "@citaton", "unknown annotation `@citaton`", FORBIDDEN, "@id("),
    (FORBIDDEN, "@citation", "@citaton", "missing annotation `@citation`", FORBIDDEN, "@id("),
    (
        "statutes/sealed-records-never.cedar",
        "Class::\"juvenile-offence\", ",
        "",
        "class `juvenile-offence` is not among those of `statute/sealed-records-never`",
        "data-list/juvenile-offence.toml",
        "class = ",
    ),
    (ADULTS, "@title_zh(\"不满", "@title_zh(\"\")\n// (\"不满", "blank text", ADULTS, "@id("),
    (ADULTS, "@source(\"HD 二(一)4; SX 15\")", "@source(\"HD 二(一)4, SX 15; \")", "no source", ADULTS, "@id("),
    (ADULTS, "@id(\"adults-only\")", "@title(\"adults-only\")", "missing annotation `@id`", ADULTS, "// R24"),
    (ADULTS, "forbid (", "permit (", "a statute forbids and never permits", ADULTS, "@id("),
    (
        TABLES,
        "permit (principal, action == Action::\"query\"",
        "forbid (principal, action == Action::\"query\"",
        "forbids nothing",
        TABLES,
        "@id(",
    ),
    (ADULTS, "unless { context.adult };", "unless { context.adult || true };", "policy is impossible", ADULTS, "@id("),
    (ADULTS, "forbid (principal,", "forbid (principal == ?principal,", "a template", ADULTS, "// R24"),
    // A jurisdiction's clocks hold there and nowhere else.
    (PACK, "jurisdiction = \"CN\"", "jurisdiction = \"CN-SD\"", "the pack is the law of `CN-SD`", MAIN, "pack = "),
    // Classes that could do harm by what they leave out.
    (TAX, "clock = \"public-credit\"", "", "adverse class `tax` has no clock", TAX, "class = "),
    (RED, "list = \"red\"\nclock = \"in-force\"", "", "class `red-list` is empty", RED, "class = "),
    (CALENDAR, "year = 2026", "year = 2027", "is no holiday of 2027", CALENDAR, "  { from = \"2026-01-01\""),
    (
        SHANGHAI,
        "default = \"national-2026\"
",
        "",
        "no clock `in-force`, which another pack has",
        SHANGHAI,
        "pack = ",
    ),
    (
        SHANGHAI,
        "[deadline.repair-removal]",
        "[deadline.repair-removal]\ndays = 1",
        "one of the two",
        SHANGHAI,
        "[deadline.repair-removal]",
    ),
    (BLACK, "list = \"black\"\n", "", "only a class with a list", BLACK, "severity = "),
    (LOANS, "sensitivity = \"neutral\"", "sensitivity = \"adverse\"", "has no clock", LOANS, "class = "),
    (
        LOANS,
        "least = 0\nmost = 10000000\n",
        "",
        "a whole number has `least` and `most`",
        LOANS,
        "name = \"credit_amount\"",
    ),
    (
        LOANS,
        "most = 10000000\n",
        "most = -1\n",
        "a whole number has `least` and `most`",
        LOANS,
        "name = \"credit_amount\"",
    ),
    (IDENTITY, "longest = 64\n", "", "a text has `values` or `longest`", IDENTITY, "name = \"name\""),
    (
        IDENTITY,
        "longest = 64\n",
        "longest = 64\nvalues = [\"a\"]\n",
        "a text has `values` or `longest`",
        IDENTITY,
        "name = \"name\"",
    ),
    (IDENTITY, "type = \"text\"\nlongest = 64\n", "", "no type", IDENTITY, "name = \"name\""),
    // Bands that overlap.
    (SCORE, "from = 650", "from = 550", "the bands overlap", SCORE, "reducer = { band"),
    (SCORE, "name = \"B\"", "name = \"C\"", "two bands have one name", SCORE, "reducer = { band"),
    // A consent that keeps longer than its scenario, on another ground, or nowhere.
    (
        LOAN,
        "\"P5Y\"\ndata_life = \"P6M\"",
        "\"P5Y\"\ndata_life = \"P7M\"",
        "`data_life` of P7M is wider than P6M",
        LOAN,
        "data_life = \"P7M\"",
    ),
    (LOAN, "ground = \"consent\"", "ground = \"statute\"", "`consent` has no place on this ground", LOAN, "[consent]"),
    (HOUSING, "ground = \"statute\"", "ground = \"consent\"", "no table `consent`", HOUSING, "scenario = "),
    // Two scenarios that overlap.
    (
        LOAN,
        "zh = \"商业贷款\"",
        "zh = \"商业保险\"",
        "scenario `commercial-insurance` has this title already",
        LOAN,
        "scenario = ",
    ),
    // Names that no row may use.
    (
        TAX,
        "sensitivity = \"adverse\"",
        "sensitivity = \"forbidden\"",
        "class `tax` is not among those of",
        TAX,
        "class = ",
    ),
    (RELIGION, "\"forbidden\"", "\"neutral\"", "`religion` may be named nowhere", RELIGION, "class = "),
    (RELIGION, "\"forbidden\"", "\"confidential-source\"", "`religion` may be named nowhere", RELIGION, "class = "),
    (
        RELIGION,
        "tier = ",
        "clock = \"in-force\"\ntier = ",
        "is a name that no row may use: remove its clock, list and fields",
        RELIGION,
        "class = ",
    ),
    (
        FORBIDDEN,
        "Class::\"genes\"",
        "Class::\"genes\",\n    Class::\"dreams\"",
        "no class `dreams` in the catalogue",
        FORBIDDEN,
        "    Class::\"dreams\"",
    ),
];
