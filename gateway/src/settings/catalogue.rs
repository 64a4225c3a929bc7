//! Where the catalogue comes from, and whose law it follows.

use std::path::PathBuf;

use credit_policy::{
    Rank,
    catalogue::{shipped, shipped_in},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Where the catalogue comes from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSource {
    /// A folder with `catalogue.toml`, `data-list/`, `derived/`, `scenarios/`, `statutes/`, `packs/` and `calendars/`.
    pub dir: Option<PathBuf>,
    /// Whose law the catalogue that is built in follows: `CN`, `CN-SD`, or a city by its number in GB/T 2260, `CN-GD-13`.
    /// Compulsory without `dir`, but in the demo, whose city is made up; a folder says it in its `catalogue.toml`.
    pub jurisdiction: Option<String>,
    /// The lowest rank of an instrument on which a look-up by statute may rest: `law`, `administrative-regulation`,
    /// `local-regulation`, `department-rule`, `judicial-interpretation`, `normative-document`, `city-rule`, `party-rule`.
    /// Left out = everything but drafts. Only with `jurisdiction`.
    pub least_rank: Option<String>,
}

impl CatalogueSource {
    /// The files of the catalogue that is built in, for the jurisdiction that is named.
    ///
    /// # Errors
    /// When jurisdiction or rank is none.
    pub(crate) fn built_in(&self) -> Result<Vec<(String, String)>, String> {
        let rank = |text: &String| Rank::parse(text).ok_or_else(|| format!("catalogue.least_rank `{text}` is no rank"));
        let least_rank = self.least_rank.as_ref().map(rank).transpose()?;
        match &self.jurisdiction {
            None if least_rank.is_some() => Err("catalogue.least_rank needs catalogue.jurisdiction beside it".to_owned()),
            None => Ok(shipped()),
            Some(place) => shipped_in(place, least_rank).ok_or_else(|| {
                format!("catalogue.jurisdiction `{place}` is none that a rule pack covers: write it as CN, CN-SD or CN-GD-13")
            }),
        }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        if self.dir.is_some() && (self.jurisdiction.is_some() || self.least_rank.is_some()) {
            return vec![
                "catalogue.dir says jurisdiction and least_rank in its catalogue.toml: leave them out beside it"
                    .to_owned(),
            ];
        }
        self.built_in().err().into_iter().collect()
    }
}
