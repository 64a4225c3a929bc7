//! The pages behind the login.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The report.
    Report,
}

impl Page {
    const ALL: [Self; 1] = [Self::Report];

    /// Where it is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Report => "/me/report",
        }
    }

    /// The page at a path.
    pub(super) fn named(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }
}
