//! `policy check|show|fields|explain|diff|prove|export`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{
    Basis, Catalogue, Class, ConsentFacts, Facts, Field, FieldName, InstitutionKind, Language, Scenario, ScenarioName,
    ValueType, consent::Maxima, diff, explain, fields_page, prove,
};
use serde_json::{Value, json};

use super::{failure::Failure, grounds, hints};
use crate::{
    process::start,
    settings::CatalogueSource,
    terminal::{chinese, language, print, words},
};

#[derive(Subcommand)]
pub(super) enum Policy {
    /// Load the catalogue and report every fault; one that is not built in is proved too 检查规则目录；非内置的一并证明
    Check(Source),
    /// Show scenarios and their fields, or one scenario and what its values mean 查看应用场景
    Show {
        /// A scenario, or the folder of a catalogue; left out = all scenarios of the one that is built in 应用场景，或规则目录所在文件夹
        #[arg(value_name = "SCENARIO|DIR", value_parser = hints::scenarios(), hide_possible_values = true)]
        what: Option<String>,
        /// The folder of the catalogue of the scenario 规则目录所在文件夹
        #[arg(long, value_name = "DIR")]
        catalogue: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// What a jurisdiction must confirm: scenarios without consent that rest on less than a law 须由本地确认的依据
        #[arg(long, conflicts_with = "json")]
        to_confirm: bool,
    },
    /// Print the page of all fields and what their values mean (docs/fields.md) 打印数据项说明
    Fields(Source),
    /// Explain why a request would be decided as it is 说明一次请求的判定依据
    Explain(Request),
    /// Who gains and who loses which field between two catalogues 比较两套规则目录
    Diff {
        /// The folder of the catalogue in force
        old: PathBuf,
        /// The folder of the one that is to follow
        new: PathBuf,
    },
    /// Prove that no request and no row breaks the statutes, or print one that does 证明任何请求都不违反法规规则
    Prove(Source),
    /// Write the catalogue that is built in into a new folder 将内置规则目录写入新文件夹
    Export {
        /// A folder that does not exist yet, or is empty 尚不存在或为空的文件夹
        dir: PathBuf,
        /// Whose law it follows, such as CN-SD or CN-GD-13; left out = the demo's made-up city 所属辖区
        #[arg(long, value_name = "CODE")]
        jurisdiction: Option<String>,
        /// The lowest rank of an instrument that is accepted as a ground 可接受的最低效力级别
        #[arg(long, value_name = "RANK", requires = "jurisdiction")]
        least_rank: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct Request {
    /// The scenario 应用场景
    #[arg(long, value_parser = hints::scenarios(), hide_possible_values = true)]
    scenario: String,
    /// The kind of institution that asks 机构类型
    #[arg(long, value_parser = hints::kinds(), hide_possible_values = true)]
    kind: String,
    /// Without a case number 无案件编号
    #[arg(long)]
    no_case: bool,
    /// About a minor 查询对象未成年
    #[arg(long)]
    minor: bool,
    /// While the institution is suspended 机构已被暂停
    #[arg(long)]
    suspended: bool,
    /// With a consent as wide as the scenario lets it be 附范围最宽的授权
    #[arg(long)]
    consent: bool,
    /// How often that consent may be used 授权的使用次数
    #[arg(long, requires = "consent", default_value_t = 1)]
    uses: u64,
    /// Fields asked for, separated by commas; left out = all 数据项
    #[arg(long, value_delimiter = ',', value_parser = hints::fields(), hide_possible_values = true)]
    fields: Vec<String>,
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
pub(super) struct Source {
    /// A folder; left out = the catalogue that is built in 规则目录所在文件夹
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Source {
    fn load(self) -> Result<Catalogue, Failure> {
        start::load_catalogue(&CatalogueSource { dir: self.dir, ..CatalogueSource::default() })
            .map(|(catalogue, _)| catalogue)
            .map_err(|error| Failure::start(&error))
    }
}

pub(super) fn run(command: Policy) -> Result<(), Failure> {
    match command {
        Policy::Check(source) => check(&source.load()?)?,
        Policy::Explain(request) => explain_request(request)?,
        Policy::Diff { old, new } => print(diff(&load(old)?, &load(new)?).text(language())),
        Policy::Prove(source) => print(proved(&source.load()?)?),
        Policy::Export { dir, jurisdiction, least_rank } => {
            export(&dir, &CatalogueSource { dir: None, jurisdiction, least_rank })?;
        }
        Policy::Fields(source) => print(fields_page(&source.load()?).trim_end()),
        Policy::Show { what, catalogue, to_confirm: true, json: _ } => {
            grounds::to_confirm(&Source { dir: what.map(PathBuf::from).or(catalogue) }.load()?)
        }
        Policy::Show { what, catalogue, json, to_confirm: false } => show(what, catalogue, json)?,
    }
    Ok(())
}

/// Writes the shipped catalogue; what is in the folder already is never overwritten.
fn export(dir: &Path, source: &CatalogueSource) -> Result<(), Failure> {
    let files = source.built_in().map_err(Failure::usage)?;
    let fault = |path: &Path, error: io::Error| Failure::unavailable(format_args!("{}: {error}", path.display()));
    fs::create_dir_all(dir).map_err(|error| fault(dir, error))?;
    if fs::read_dir(dir).map_err(|error| fault(dir, error))?.next().is_some() {
        let why = words("文件夹不为空，不覆盖其中任何文件", "the folder is not empty; nothing in it is overwritten");
        return Err(Failure::usage(format_args!("{}: {why}", dir.display())));
    }
    for (path, text) in files {
        let file = dir.join(path);
        let folder = file.parent().unwrap_or(dir);
        fs::create_dir_all(folder).map_err(|error| fault(folder, error))?;
        fs::write(&file, text).map_err(|error| fault(&file, error))?;
    }
    let catalogue = load(dir.to_owned())?;
    print(format_args!(
        "{} {} → `{}`",
        words("已写入规则目录", "wrote the catalogue"),
        catalogue.label(),
        dir.display()
    ));
    Ok(())
}

/// What is built in was proved by its tests. Of any other catalogue loading shows that no row of it breaks a statute of
/// its own; that these are no weaker than the shipped ones, the proof shows.
fn check(catalogue: &Catalogue) -> Result<(), Failure> {
    let built_in = Source { dir: None }.load()?;
    let proof = if catalogue.label() == built_in.label() { None } else { Some(proved(catalogue)?) };
    print(format_args!("{}{}", words("规则目录可用：", "the catalogue can be used: "), catalogue.label()));
    print(proof.unwrap_or_else(|| {
        words("与内置规则目录相同，已随发布证明", "it is the one that is built in, and proved").to_owned()
    }));
    for warning in start::of_rules(catalogue, SystemClock::new().now()) {
        print(match language() {
            Language::Zh => warning.chinese,
            Language::En => warning.english,
        });
    }
    Ok(())
}

fn proved(catalogue: &Catalogue) -> Result<String, Failure> {
    prove(catalogue).map(|proof| proof.text(language())).map_err(|found| Failure::new(1, found.text(language())))
}

fn load(dir: PathBuf) -> Result<Catalogue, Failure> {
    Source { dir: Some(dir) }.load()
}

fn explain_request(request: Request) -> Result<(), Failure> {
    let name = |text: &str| FieldName::parse(text).map_err(|error| Failure::usage(format_args!("`{text}`: {error}")));
    let scenario = ScenarioName::parse(&request.scenario).map_err(Failure::usage)?;
    let fields = request.fields.iter().map(|field| name(field)).collect::<Result<Vec<_>, _>>()?;
    let catalogue = request.source.load()?;
    let kind = catalogue.kind(&request.kind).map_err(Failure::usage)?;
    if let Some(unknown) = fields.iter().find(|field| catalogue.field(field.as_str()).is_none()) {
        let why = words("规则目录中没有此数据项", "is no field of the catalogue; `policy show` lists them");
        return Err(Failure::usage(format_args!("`{unknown}` {why}")));
    }
    let today = catalogue.today(SystemClock::new().now());
    let maxima = catalogue.scenario(scenario.as_str()).and_then(|row| row.maxima());
    if request.consent && maxima.is_none() {
        let why = words("不是凭授权查询的应用场景", "is no scenario on consent");
        return Err(Failure::usage(format_args!("--consent: `{scenario}` {why}")));
    }
    let maxima = maxima.filter(|_| request.consent);
    let consent = maxima.map(|widest| ConsentFacts {
        fields: fields_of_consent(&fields),
        unknown_fields: false,
        issued_on: today,
        lifetime_s: 3600,
        uses: request.uses,
        frequency: widest.frequency,
        look_back: widest.look_back,
        data_life: widest.data_life,
    });
    let facts = Facts {
        suspended: request.suspended,
        operator: true,
        case: !request.no_case,
        fields: (!fields.is_empty()).then_some(fields),
        minor: Some(request.minor),
        consent,
        ..Facts::new(kind, today)
    };
    let mut why = explain(&catalogue, Some(&scenario), &facts);
    // Of a request for some fields only these are of interest.
    if let Some(asked) = &facts.fields {
        why.fields.retain(|reason| asked.contains(&reason.field));
    }
    print(why.text(language()));
    match why.refused {
        Some(_) => Err(Failure { code: 1, lines: Vec::new() }),
        None => Ok(()),
    }
}

/// A consent for this request names the fields that it asks for, and so opens the second tier to them.
fn fields_of_consent(asked: &[FieldName]) -> Option<Vec<FieldName>> {
    (!asked.is_empty()).then(|| asked.to_vec())
}

fn row(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name(), "title": {"zh": scenario.title(Language::Zh), "en": scenario.title(Language::En)},
        "ground": scenario.ground().as_str(), "statute": scenario.statute(), "kinds": scenario.kinds(), "fields": scenario.fields(),
        "second_tier": scenario.second_tier().collect::<Vec<_>>(), "consent": scenario.maxima().map(widest),
        "purpose_group": scenario.purpose_group(), "case_limit": scenario.case_limit(), "notice": scenario.notice(),
        "sources": scenario.sources().collect::<Vec<_>>(), "rank": scenario.rank(),
        "consent_on_file": scenario.consent_on_file(), "basis": scenario.bases_here().map(basis).collect::<Vec<_>>(),
        "withheld": scenario.withheld().map(Field::name).collect::<Vec<_>>(), "assessment": scenario.assessment(),
    })
}

/// An article on which a scenario rests here.
fn basis(basis: &Basis) -> Value {
    let (source, article) = (basis.source(), basis.article());
    json!({
        "source": source.code(), "article": article.article(), "rank": source.rank(), "jurisdiction": source.jurisdiction(),
        "title": {"zh": source.title(Language::Zh), "en": source.title(Language::En)}, "mark": article.mark(),
        "says": {"zh": article.says(Language::Zh), "en": article.says(Language::En)}, "power": basis.power(),
        "classes": basis.classes().collect::<Vec<_>>(),
    })
}

/// The widest consent, as the catalogue writes it.
fn widest(maxima: &Maxima) -> Value {
    json!({
        "lifetime": maxima.lifetime.to_string(), "uses": maxima.uses, "frequency": maxima.frequency.to_string(),
        "look_back": maxima.look_back.to_string(), "data_life": maxima.data_life.to_string(),
    })
}

/// A name is that of a scenario; what is a folder, or looks like the path of one, is a catalogue.
fn show(what: Option<String>, dir: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let (name, folder) = match what {
        Some(what) if what.contains('/') || Path::new(&what).is_dir() => (None, Some(PathBuf::from(what))),
        what => (what, None),
    };
    let catalogue = Source { dir: dir.or(folder) }.load()?;
    let scenarios = match &name {
        None => catalogue.scenarios(),
        Some(name) => {
            let found = catalogue.scenario(name);
            let unknown =
                || Failure::usage(format_args!("no scenario `{name}`: `credit-gateway policy show` lists them"));
            vec![&**found.ok_or_else(unknown)?]
        }
    };
    let of_scenario = |field: &&Field| scenarios.iter().any(|scenario| scenario.fields().contains(field.name()));
    let fields: Vec<_> = catalogue.fields().into_iter().filter(of_scenario).collect();
    if json {
        let named = |class: &&Class| fields.iter().any(|field| field.classes().contains(class.name()));
        let classes: Vec<_> = catalogue.classes().filter(named).map(|class| entry(&catalogue, class)).collect();
        let fields: Vec<_> = fields.into_iter().map(meaning).collect();
        let scenarios: Vec<_> = scenarios.into_iter().map(row).collect();
        print(json!({"catalogue": catalogue.label(), "scenarios": scenarios, "fields": fields, "classes": classes}));
        return Ok(());
    }
    print(catalogue.label());
    show_place(&catalogue);
    show_scenarios(&catalogue, &scenarios);
    if name.is_none() {
        grounds::elsewhere(&catalogue);
    }
    if name.is_some() {
        print("");
        fields.into_iter().for_each(show_field);
    }
    Ok(())
}

/// An entry of the data list, as the rules of provinces want it written down: who provides it, whom it is shared with, how
/// often it is brought up to date.
fn entry(catalogue: &Catalogue, class: &Class) -> Value {
    let shared = catalogue
        .scenarios()
        .into_iter()
        .filter(|scenario| scenario.field_rows().any(|field| field.classes().contains(class.name())));
    let source = class.legal_source();
    json!({
        "name": class.name(), "title": {"zh": source.title(Language::Zh), "en": source.title(Language::En)},
        "sensitivity": class.sensitivity(), "tier": class.tier(),
        "provider": class.provider(Language::Zh).map(|zh| json!({"zh": zh, "en": class.provider(Language::En)})),
        "refresh": class.refresh().map(|period| period.to_string()), "shared_with": shared.map(Scenario::name).collect::<Vec<_>>(),
    })
}

/// What a value means, for programs.
fn meaning(field: &Field) -> Value {
    let both = |text: &dyn Fn(Language) -> Option<String>| {
        text(Language::Zh).map(|zh| json!({"zh": zh, "en": text(Language::En)}))
    };
    let value = |(value, from): (&str, Option<i64>)| match from {
        Some(from) => json!({"value": value, "from": from}),
        None => json!({"value": value}),
    };
    json!({
        "name": field.name(), "title": both(&|language| Some(field.legal_source().title(language).to_owned())),
        "classes": field.classes(), "tier": field.tier(), "type": field.value_type(),
        "unit": both(&|language| field.unit(language).map(str::to_owned)),
        "values": field.values().into_iter().map(value).collect::<Vec<_>>(),
        "null": both(&|language| field.null(language).map(str::to_owned)),
        "made_from": field.made_from(), "clocks": field.clocks(),
    })
}

fn show_field(field: &Field) {
    print(format_args!("{}  {}", field.name(), field.legal_source().title(language())));
    let value_type = field.value_type().map_or(words("依数据源", "as the store has it"), ValueType::as_str);
    let unit = field.unit(language()).map(|unit| format!(" ({unit})")).unwrap_or_default();
    print(format_args!("  {} {value_type}{unit}", words("类型", "type")));
    let value = |(value, from): (&str, Option<i64>)| match from {
        Some(from) => format!("{value} ≥ {from}"),
        None => value.to_owned(),
    };
    let values: Vec<_> = field.values().into_iter().map(value).collect();
    if !values.is_empty() {
        print(format_args!("  {} {}", words("取值", "values"), values.join(" · ")));
    }
    if let Some(null) = field.null(language()) {
        print(format_args!("  null {null}"));
    }
    print(format_args!("  {} {}", words("来源", "made from"), field.made_from()));
    if !field.clocks().is_empty() {
        print(format_args!("  {} {}", words("计时", "clock"), field.clocks().join("; ")));
    }
}

/// A word of the catalogue, with what it means in the language in use.
fn named(word: &str) -> String {
    match language() {
        Language::Zh => format!("{}（{word}）", chinese().of(word)),
        Language::En => word.to_owned(),
    }
}

/// Whose rules these are, so that nobody takes those of the demo for one's own.
fn show_place(catalogue: &Catalogue) {
    print(format_args!("{} {}", words("辖区", "jurisdiction"), catalogue.jurisdiction()));
    // No place has a division code that begins with 99.
    if catalogue.jurisdiction().starts_with("CN-99") {
        print(words(
            "此为演示所用的虚构城市；贵单位的规则：policy export --jurisdiction 辖区 文件夹，再 policy show 文件夹",
            "that is the demo's made-up city; for the rules of your place: policy export --jurisdiction CODE DIR, then policy show DIR",
        ));
    }
}

/// A kind of institution by its name, and by its title for readers of Chinese.
fn titled(catalogue: &Catalogue, kind: InstitutionKind) -> String {
    match (language(), catalogue.kind_title(kind, Language::Zh)) {
        (Language::Zh, Some(title)) => format!("{title}（{kind}）"),
        (Language::Zh, None) | (Language::En, _) => kind.to_string(),
    }
}

fn show_scenarios(catalogue: &Catalogue, scenarios: &[&Scenario]) {
    for scenario in scenarios {
        print(format_args!("\n{}  {}", scenario.name(), scenario.title(language())));
        print(format_args!(
            "  {} {}",
            words("依据", "ground"),
            scenario.statute().map_or_else(|| named(scenario.ground().as_str()), str::to_owned)
        ));
        grounds::of(scenario);
        let kinds: Vec<_> = scenario.kinds().iter().map(|kind| titled(catalogue, *kind)).collect();
        print(format_args!("  {} {}", words("可用机构", "for"), kinds.join(" ")));
        let fields: Vec<_> = scenario.fields().iter().map(|field| field.as_str()).collect();
        print(format_args!("  {} {}", words("数据项", "fields"), fields.join(" ")));
        let by_name: Vec<_> = scenario.second_tier().map(|field| field.as_str()).collect();
        if !by_name.is_empty() {
            let which = words("仅限授权凭证列明的数据项", "only to a consent that names them");
            print(format_args!("  {which} {}", by_name.join(" ")));
        }
        if let Some(report) = scenario.assessment() {
            print(format_args!("  {} {report}", words("个人信息保护影响评估", "impact assessment")));
        }
        print(format_args!("  {} {}", words("来源", "sources"), scenario.sources().collect::<Vec<_>>().join(" · ")));
    }
}
