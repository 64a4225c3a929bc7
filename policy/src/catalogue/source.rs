//! The register of the documents that rows come from: each with its rank, from a law to a draft.

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
        /// 党内法规.
        PartyRule = "party-rule",
        /// 草案、征求意见稿.
        Draft = "draft",
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

    /// Where it is valid, by ISO 3166: `CN-SD`.
    #[must_use]
    pub fn jurisdiction(&self) -> &str {
        self.jurisdiction.as_str()
    }
}
