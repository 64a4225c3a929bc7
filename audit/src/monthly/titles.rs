//! What codes and names are called: as the catalogue has it that this release ships, with the name behind it. What it does not
//! know stands as it is, so that the page of another catalogue is the same for whoever makes it.

use credit_policy::{Catalogue, Code, Language, catalogue};

use super::words::pick;

/// Words of leaves that stand in no catalogue.
const WORDS: [(&str, &str, &str); 16] = [
    ("statute", "依法", "by statute"),
    ("consent", "凭授权", "on consent"),
    ("self", "本人", "the person"),
    ("person", "本人", "the person"),
    ("public", "公众（公示）", "the public (disclosure)"),
    ("owed", "应告知", "to be told"),
    ("deferred", "暂缓告知", "to be told later"),
    ("exempt", "依法免于告知", "exempt by law"),
    ("portal", "网上", "at the portal"),
    ("message", "短信或信函", "by a message"),
    ("counter", "窗口", "at the counter"),
    ("reward", "激励", "reward"),
    ("restraint", "惩戒", "restraint"),
    ("priority", "优先", "priority"),
    ("none", "未作处理", "nothing done"),
    ("benefit", "优惠", "benefit"),
];

/// Titles in one language.
pub(super) struct Titles {
    language: Language,
    catalogue: Option<Catalogue>,
}

impl Titles {
    pub(super) fn new(language: Language) -> Self {
        Self { language, catalogue: Catalogue::load(&catalogue::shipped()).ok() }
    }

    /// A scenario.
    pub(super) fn scenario(&self, name: &str) -> String {
        let known = self.catalogue.as_ref().and_then(|catalogue| catalogue.scenario(name));
        with(known.map(|known| known.title(self.language)), name)
    }

    /// A field of the data list.
    pub(super) fn field(&self, name: &str) -> String {
        let known = self.catalogue.as_ref().and_then(|catalogue| catalogue.field(name));
        with(known.map(|known| known.legal_source().title(self.language)), name)
    }

    /// A kind of institution, or who else asks.
    pub(super) fn asker(&self, name: &str) -> String {
        let catalogue = self.catalogue.as_ref();
        let kind = catalogue.and_then(|known| known.kind_title(known.kind(name).ok()?, self.language));
        if kind.is_some() { with(kind, name) } else { self.word(name) }
    }

    /// Why a query was refused: the sentence up to what the asker should do.
    pub(super) fn code(&self, name: &str) -> String {
        let known = Code::ALL.iter().find(|known| known.as_str() == name);
        let said = known.map(|known| pick(self.language, known.chinese(), known.english()));
        with(said.and_then(|said| said.split(['；', ';']).next()), name)
    }

    /// A word of leaves.
    pub(super) fn word(&self, name: &str) -> String {
        let known = WORDS.iter().find(|(word, ..)| *word == name);
        with(known.map(|(_, chinese, english)| pick(self.language, chinese, english)), name)
    }
}

fn with(title: Option<&str>, name: &str) -> String {
    title.map_or_else(|| name.to_owned(), |title| format!("{title} ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalogue_knows_has_its_title_and_all_else_its_name() {
        let english = Titles::new(Language::En);
        let chinese = Titles::new(Language::Zh);
        for titles in [&english, &chinese] {
            for (said, name) in [
                (titles.scenario("commercial-loan"), "commercial-loan"),
                (titles.field("score_band"), "score_band"),
                (titles.asker("bank"), "bank"),
                (titles.asker("public"), "public"),
                (titles.code("case-required"), "case-required"),
                (titles.word("owed"), "owed"),
            ] {
                assert!(said.ends_with(&format!(" ({name})")) && said.len() > name.len() + 3, "{said}");
            }
            for said in [titles.scenario("x"), titles.field("x"), titles.asker("x"), titles.code("x"), titles.word("x")]
            {
                assert_eq!(said, "x");
            }
        }
        assert_ne!(english.scenario("commercial-loan"), chinese.scenario("commercial-loan"));
        assert!(!english.code("case-required").contains(';') && !chinese.code("case-required").contains('；'));
    }
}
