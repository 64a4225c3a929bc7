//! What every row of the catalogue must say of itself: a title, the rows of the source documents, the law.

use serde::Deserialize;

use crate::words::words;

words! {
    /// A language of titles and messages.
    "language" pub Language {
        /// Chinese.
        Zh = "zh",
        /// English.
        En = "en",
    }
}

/// Where a row of the catalogue comes from: its title, the rows of the source documents, and the law. The legal ground of
/// a query is another thing ([`crate::Ground`]).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalSource {
    pub(super) title: Titles,
    pub(super) sources: Sources,
    pub(super) citation: Text,
}

impl LegalSource {
    /// The title for readers.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        self.title.text(language)
    }

    /// The rows of the source documents from which it comes, such as `HZ (二)2`; at least one.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.0.iter().map(String::as_str)
    }

    /// The title and the origin of a statute, as its annotations say; sources are separated by `;`.
    pub(super) fn of_annotations(zh: &str, en: &str, source: &str, citation: &str) -> Result<Self, String> {
        let text = |text: &str| Text::try_from(text.to_owned()).map_err(str::to_owned);
        let sources: Vec<_> = source.split(';').map(|row| row.trim().to_owned()).collect();
        Ok(Self {
            title: Titles { zh: text(zh)?, en: text(en)? },
            sources: sources.try_into()?,
            citation: text(citation)?,
        })
    }

    /// The statute or regulation, with its article.
    #[must_use]
    pub fn citation(&self) -> &str {
        &self.citation.0
    }
}

/// A title in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Titles {
    zh: Text,
    en: Text,
}

impl Titles {
    pub(super) fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh.0,
            Language::En => &self.en.0,
        }
    }
}

/// A text that is not blank.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("blank text: write it out") } else { Ok(Self(text)) }
    }
}

/// At least one row of a source document.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) struct Sources(Vec<String>);

impl TryFrom<Vec<String>> for Sources {
    type Error = String;

    fn try_from(rows: Vec<String>) -> Result<Self, Self::Error> {
        if rows.is_empty() {
            return Err("no source: name the row of the source documents".into());
        }
        let has_section = |row: &&String| row.split_once(' ').is_some_and(|(_, section)| is_section(section));
        match rows.iter().find(|row| !has_section(row)) {
            Some(row) => Err(format!(
                "`{row}` is no source: write a document of `sources/`, a space and the section in numerals and brackets, as in `HZ (二)2`"
            )),
            None => Ok(Self(rows)),
        }
    }
}

/// Whether a text can be a section of a document: numerals of either script, with brackets between them.
fn is_section(text: &str) -> bool {
    let is_numeral = |c: char| c.is_ascii_digit() || "〇零一二三四五六七八九十百".contains(c);
    text.chars().any(is_numeral) && text.chars().all(|c| is_numeral(c) || "()（）.-".contains(c))
}
