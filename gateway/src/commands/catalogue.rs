//! `policy check|show|explain|diff|prove`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use credit_audit::clock::{Clock, SystemClock};
use credit_policy::{
    Catalogue, Facts, FieldName, InstitutionKind, Scenario, ScenarioName, consent::Maxima, diff, explain, prove,
};
use serde_json::{Value, json};

use super::failure::Failure;
use crate::{
    process::start,
    settings::CatalogueSource,
    terminal::{language, print, words},
};

#[derive(Subcommand)]
pub(super) enum Policy {
    /// Load the catalogue and tell every fault; one that is not built in is proved too 检查目录;非内置目录一并证明
    Check(Source),
    /// Show scenarios and their fields 查看应用场景
    Show {
        #[command(flatten)]
        source: Source,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell why a request would be decided as it is 说明一次请求的决定依据
    Explain(Request),
    /// Who gains and who loses which field between two catalogues 比较两个目录
    Diff {
        /// The folder of the catalogue in force
        old: PathBuf,
        /// The folder of the one that is to follow
        new: PathBuf,
    },
    /// Show that the statutes hold for every request and row, or print one for which they do not 证明法规对一切请求成立
    Prove(Source),
}

#[derive(Args)]
pub(super) struct Request {
    /// The scenario 应用场景
    #[arg(long)]
    scenario: String,
    /// The kind of institution that asks 机构类型
    #[arg(long)]
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
    /// Fields asked for, separated by commas; left out = all 字段
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
pub(super) struct Source {
    /// A folder; left out = the catalogue that is built in 目录文件夹
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Source {
    fn load(self) -> Result<Catalogue, Failure> {
        start::load_catalogue(&CatalogueSource { dir: self.dir })
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
        Policy::Show { source, json } => {
            let catalogue = source.load()?;
            if json {
                print(
                    json!({"catalogue": catalogue.label(), "scenarios": catalogue.scenarios().into_iter().map(row).collect::<Vec<_>>()}),
                );
            } else {
                show(&catalogue);
            }
        }
    }
    Ok(())
}

/// What is built in was proved by its tests. Of any other catalogue loading shows that no row of it breaks a statute of
/// its own; that these are no weaker than the shipped ones, the proof shows.
fn check(catalogue: &Catalogue) -> Result<(), Failure> {
    let built_in = Source { dir: None }.load()?;
    let proof = if catalogue.label() == built_in.label() { None } else { Some(proved(catalogue)?) };
    print(format_args!("{} {}", words("目录可用", "the catalogue can be used:"), catalogue.label()));
    print(proof.unwrap_or_else(|| {
        words("与内置目录相同,已随发布证明", "it is the one that is built in, and proved").to_owned()
    }));
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
    let kind = InstitutionKind::parse(&request.kind)
        .ok_or_else(|| Failure::usage(format_args!("`{}` is no kind of institution", request.kind)))?;
    let fields = request.fields.iter().map(|field| name(field)).collect::<Result<Vec<_>, _>>()?;
    let catalogue = request.source.load()?;
    let facts = Facts {
        suspended: request.suspended,
        operator: true,
        case: !request.no_case,
        fields: (!fields.is_empty()).then_some(fields),
        minor: Some(request.minor),
        ..Facts::new(kind, catalogue.today(SystemClock::new().now()))
    };
    print(explain(&catalogue, Some(&scenario), &facts).text(language()));
    Ok(())
}

fn row(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name(), "title": {"zh": scenario.title(credit_policy::Language::Zh), "en": scenario.title(credit_policy::Language::En)},
        "ground": scenario.ground().as_str(), "statute": scenario.statute(), "kinds": scenario.kinds(), "fields": scenario.fields(),
        "second_tier": scenario.second_tier().collect::<Vec<_>>(), "consent": scenario.maxima().map(widest),
        "purpose_group": scenario.purpose_group(), "case_limit": scenario.case_limit(), "notice": scenario.notice(),
        "sources": scenario.sources().collect::<Vec<_>>(),
    })
}

/// The widest consent, as the catalogue writes it.
fn widest(maxima: &Maxima) -> Value {
    json!({
        "lifetime": maxima.lifetime.to_string(), "uses": maxima.uses, "frequency": maxima.frequency.to_string(),
        "look_back": maxima.look_back.to_string(), "data_life": maxima.data_life.to_string(),
    })
}

fn show(catalogue: &Catalogue) {
    print(catalogue.label());
    for scenario in catalogue.scenarios() {
        print(format_args!("\n{}  {}", scenario.name(), scenario.title(language())));
        print(format_args!(
            "  {} {}",
            words("依据", "ground"),
            scenario.statute().unwrap_or(scenario.ground().as_str())
        ));
        let kinds: Vec<_> = scenario.kinds().iter().map(|kind| kind.as_str()).collect();
        print(format_args!("  {} {}", words("可用机构", "for"), kinds.join(" ")));
        let fields: Vec<_> = scenario.fields().iter().map(|field| field.as_str()).collect();
        print(format_args!("  {} {}", words("字段", "fields"), fields.join(" ")));
        let by_name: Vec<_> = scenario.second_tier().map(|field| field.as_str()).collect();
        if !by_name.is_empty() {
            let which = words("仅限授权书列明的字段", "only to a consent that names them");
            print(format_args!("  {which} {}", by_name.join(" ")));
        }
        print(format_args!("  {} {}", words("来源", "sources"), scenario.sources().collect::<Vec<_>>().join(" · ")));
    }
}
