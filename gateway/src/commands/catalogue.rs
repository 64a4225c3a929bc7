//! `policy check|show`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use credit_policy::{Catalogue, Scenario};
use serde_json::{Value, json};

use super::Failure;
use crate::{
    settings::CatalogueSource,
    speech::{language, say, words},
    start,
};

#[derive(Subcommand)]
pub(super) enum Policy {
    /// Load the catalogue and tell every fault 检查目录
    Check(Source),
    /// Show scenarios and their fields 查看应用场景
    Show {
        #[command(flatten)]
        source: Source,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
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
        Policy::Check(source) => {
            let catalogue = source.load()?;
            say(format_args!("{} {}", words("目录可用", "the catalogue holds:"), catalogue.label()));
        }
        Policy::Show { source, json } => {
            let catalogue = source.load()?;
            if json {
                say(
                    json!({"catalogue": catalogue.label(), "scenarios": catalogue.scenarios().into_iter().map(row).collect::<Vec<_>>()}),
                );
            } else {
                show(&catalogue);
            }
        }
    }
    Ok(())
}

fn row(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name(), "title": {"zh": scenario.title(credit_policy::Language::Zh), "en": scenario.title(credit_policy::Language::En)},
        "ground": scenario.ground().as_str(), "statute": scenario.statute(), "kinds": scenario.kinds(), "fields": scenario.fields(),
        "purpose_group": scenario.purpose_group(), "case_limit": scenario.case_limit(), "notice": scenario.notice(),
        "sources": scenario.sources().collect::<Vec<_>>(),
    })
}

fn show(catalogue: &Catalogue) {
    say(catalogue.label());
    for scenario in catalogue.scenarios() {
        say(format_args!("\n{}  {}", scenario.name(), scenario.title(language())));
        say(format_args!("  {} {}", words("依据", "ground"), scenario.statute().unwrap_or(scenario.ground().as_str())));
        let kinds: Vec<_> = scenario.kinds().iter().map(|kind| kind.as_str()).collect();
        say(format_args!("  {} {}", words("可用机构", "for"), kinds.join(" ")));
        let fields: Vec<_> = scenario.fields().iter().map(|field| field.as_str()).collect();
        say(format_args!("  {} {}", words("字段", "fields"), fields.join(" ")));
        say(format_args!("  {} {}", words("来源", "sources"), scenario.sources().collect::<Vec<_>>().join(" · ")));
    }
}
