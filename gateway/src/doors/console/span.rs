//! Of which logs a page is, where several gateways of one operator keep one each; and which of them did not come.

use serde::{Deserialize, Serialize};

/// Of which logs a page is. Where it is set, each row has the name of its log.
#[derive(Default)]
pub(super) struct Span {
    /// This gateway's.
    pub(super) own: String,
    /// The others that came, and where the officers' pages of each are.
    pub(super) came: Vec<(String, String)>,
    /// Those that did not.
    pub(super) missing: Vec<MissingLog>,
}

/// A log that did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct MissingLog {
    pub(super) log: String,
    pub(super) why: Why,
    /// Where its gateway's pages are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
}

/// Why it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Why {
    /// Its gateway did not answer in time, or cannot now.
    Away,
    /// Its gateway shows it to who looks no more than a stranger, or does not know this one.
    Refused,
    /// What came is not what that log has.
    NotAList,
    /// The configuration does not say how to ask its gateway.
    NotConfigured,
    /// It did not come with an earlier page of this list.
    SinceAnEarlierPage,
}

/// What one log has, beside its name.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Named<T> {
    #[serde(flatten)]
    pub(super) of: T,
    /// Where the page is of several logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<String>,
}

impl<T> Named<T> {
    /// All of one log.
    pub(super) fn all(of: impl IntoIterator<Item = T>, log: Option<&str>) -> Vec<Self> {
        of.into_iter().map(|of| Self { of, log: log.map(str::to_owned) }).collect()
    }
}

impl Span {
    pub(super) fn of(own: &str) -> Self {
        Self { own: own.to_owned(), ..Self::default() }
    }

    /// All logs that the page is of.
    pub(super) fn logs(&self) -> Vec<&str> {
        let came = self.came.iter().map(|(log, _)| log.as_str());
        let own = std::iter::once(self.own.as_str());
        let is_missing = |log: &&str| self.missing.iter().any(|missing| missing.log == *log);
        own.filter(|log| !is_missing(log)).chain(came).collect()
    }
}
