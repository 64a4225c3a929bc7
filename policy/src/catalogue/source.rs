//! The register of the documents that rows come from: each with its rank, from a law to a draft.

use jiff::civil::Date;
use serde::Deserialize;

use super::legal_source::{Language, Text, Titles};
use crate::words::words;

words! {
    /// The rank of a document, the highest first. A power to process personal information without consent stands in a law
    /// or an administrative regulation (PIPL, art. 34); what is lower must be confirmed by the jurisdiction that uses it.
    "rank" pub Rank {
        /// 法律.
        Law = "law",
        /// 行政法规.
        AdministrativeRegulation = "administrative-regulation",
        /// 地方性法规.
        LocalRegulation = "local-regulation",
        /// 部门规章.
        DepartmentRule = "department-rule",
        /// 司法解释.
        JudicialInterpretation = "judicial-interpretation",
        /// 规范性文件.
        NormativeDocument = "normative-document",
        /// 市级规定.
        CityRule = "city-rule",
        /// 党内法规.
        PartyRule = "party-rule",
        /// 草案、征求意见稿.
        Draft = "draft",
    }
}

words! {
    /// Whether an instrument is law now.
    "status" pub Status {
        /// 现行有效.
        InForce = "in-force",
        /// 已废止.
        Repealed = "repealed",
        /// 草案、征求意见稿.
        Draft = "draft",
    }
}

words! {
    /// How an article was read before it was written down here. Only the first needs no second look.
    "mark" pub Mark {
        /// In a collection of statutes, compared.
        Read = "read",
        /// In one copy alone.
        OneCopy = "one-copy",
        /// In a report about it.
        Reported = "reported",
        /// By nobody.
        Unread = "unread",
    }
}

/// An article of an instrument, in our own words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArticleRow {
    pub(super) article: Text,
    pub(super) says: Titles,
    pub(super) mark: Mark,
}

impl ArticleRow {
    /// Its number in the instrument: `28(1)(3)`.
    #[must_use]
    pub fn article(&self) -> &str {
        self.article.as_str()
    }

    /// What it says, in one line.
    #[must_use]
    pub fn says(&self, language: Language) -> &str {
        self.says.text(language)
    }

    /// How it was read.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

/// A document of the register.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) code: String,
    pub(super) title: Titles,
    pub(super) number: Text,
    pub(super) rank: Rank,
    pub(super) jurisdiction: Text,
    pub(super) status: Status,
    pub(super) from: Option<Date>,
    pub(super) until: Option<Date>,
    pub(super) made_up: bool,
    pub(super) articles: Vec<ArticleRow>,
}

/// Whether the law of `there` is valid in `here`: that of `CN-SD` in `CN-SD-01`, that of `CN-SD-01` not in `CN-SD`.
pub(super) fn is_valid_in(there: &str, here: &str) -> bool {
    here.strip_prefix(there).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl Source {
    /// The code with which rows name it: `HD`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The name of the instrument.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        self.title.text(language)
    }

    /// The number under which it was issued.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }

    /// Its rank.
    #[must_use]
    pub fn rank(&self) -> Rank {
        self.rank
    }

    /// Where it is valid, by ISO 3166, a city by its number in GB/T 2260: `CN-SD`, `CN-GD-13`.
    #[must_use]
    pub fn jurisdiction(&self) -> &str {
        self.jurisdiction.as_str()
    }

    /// Whether it is law now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether it is of a jurisdiction that there is not: then it is for the demo alone.
    #[must_use]
    pub fn is_made_up(&self) -> bool {
        self.made_up
    }

    /// The articles that rows rest on.
    #[must_use]
    pub fn articles(&self) -> &[ArticleRow] {
        &self.articles
    }

    /// Whether that day lies between the first and the last on which it holds, as far as the register knows them.
    #[must_use]
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}
