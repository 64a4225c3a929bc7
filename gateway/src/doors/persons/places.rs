//! The pages behind the login, and the counter.

/// The counter, at the officers' port.
pub(crate) const COUNTER: &str = "/officers/counter";

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The report.
    Report,
    /// Who asked.
    Queries,
    /// Who was told of a record.
    Recipients,
    /// All of it as a file.
    Export,
    /// Consents.
    Consents,
    /// Scenarios that are closed.
    Blocks,
    /// Objections.
    Objections,
    /// For whom the person may act.
    Mandates,
}

impl Page {
    const ALL: [Self; 8] = [
        Self::Report,
        Self::Queries,
        Self::Recipients,
        Self::Export,
        Self::Consents,
        Self::Blocks,
        Self::Objections,
        Self::Mandates,
    ];

    /// Where it is.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Report => "/me/report",
            Self::Queries => "/me/queries",
            Self::Recipients => "/me/recipients",
            Self::Export => "/me/export",
            Self::Consents => "/me/consents",
            Self::Blocks => "/me/blocks",
            Self::Objections => "/me/objections",
            Self::Mandates => "/me/mandates",
        }
    }

    /// The parameters that are read there; nothing where none is but the language, so that nothing can be restricted by a slip.
    pub(super) fn parameters(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Queries => Some(&["from", "to", "cursor", "log", "lang"]),
            Self::Recipients => Some(&["record", "from", "to", "log", "cursor", "lang"]),
            Self::Export => Some(&["from", "to", "cursor", "log", "lang"]),
            Self::Objections => Some(&["record", "log", "lang"]),
            Self::Report | Self::Consents | Self::Blocks | Self::Mandates => None,
        }
    }

    /// The page at a path.
    pub(super) fn named(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }
}
