//! The pages behind the login.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The report.
    Report,
    /// Who asked.
    Queries,
}

impl Page {
    const ALL: [Self; 2] = [Self::Report, Self::Queries];

    /// Where it is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Report => "/me/report",
            Self::Queries => "/me/queries",
        }
    }

    /// The page at a path.
    pub(super) fn named(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }
}
