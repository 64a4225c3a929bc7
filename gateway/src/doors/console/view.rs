//! What is looked at on 8445, by whom, and of which of it other gateways are asked too.

use uuid::Uuid;

use crate::settings::Role;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doors) enum View {
    Overview,
    Queries,
    Query(Uuid),
    Consents,
    Objections,
    /// By the id of the leaf that began it.
    Objection(Uuid),
    Coverage,
    Statistics,
    Report,
    Alarms,
    Log,
    Institutions,
    Proposals,
    Reviews,
    /// By the name of the case.
    Review(String),
    Style,
    /// Where somebody begins who knows the address alone.
    Root,
}

impl View {
    pub(in crate::doors) fn of(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Root),
            "/officers" | "/officers/" => Some(Self::Overview),
            "/officers/queries" => Some(Self::Queries),
            "/officers/consents" => Some(Self::Consents),
            "/officers/objections" => Some(Self::Objections),
            "/officers/coverage" => Some(Self::Coverage),
            "/officers/statistics" => Some(Self::Statistics),
            "/officers/report" => Some(Self::Report),
            "/officers/alarms" => Some(Self::Alarms),
            "/officers/log" => Some(Self::Log),
            "/officers/institutions" => Some(Self::Institutions),
            "/style.css" => Some(Self::Style),
            "/officers/proposals" => Some(Self::Proposals),
            "/officers/reviews" => Some(Self::Reviews),
            path => match path.strip_prefix("/officers/")?.split_once('/')? {
                ("reviews", case) => is_name(case).then(|| Self::Review(case.to_owned())),
                ("queries", id) => id.parse().ok().map(Self::Query),
                ("objections", id) => id.parse().ok().map(Self::Objection),
                _ => None,
            },
        }
    }

    /// What other gateways of the operator are asked for, each for its own log; nothing where the page is of one log, or of what all of
    /// them know.
    pub(super) fn elsewhere(&self) -> Option<&'static str> {
        Self::ELSEWHERE.iter().find(|(_, view)| view == self).map(|(name, _)| *name)
    }

    /// What another gateway asks for.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ELSEWHERE.iter().find(|(known, _)| *known == name).map(|(_, view)| view.clone())
    }

    const ELSEWHERE: [(&str, Self); 7] = [
        ("overview", Self::Overview),
        ("queries", Self::Queries),
        ("consents", Self::Consents),
        ("coverage", Self::Coverage),
        ("statistics", Self::Statistics),
        ("alarms", Self::Alarms),
        ("reviews", Self::Reviews),
    ];

    /// The parameters that are read here, beside the language and the mark of what was done.
    pub(super) fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Queries => &[
                "institution",
                "operator",
                "scenario",
                "outcome",
                "case",
                "consent",
                "from",
                "to",
                "before",
                "cursor",
                "id",
            ],
            Self::Coverage | Self::Statistics => &["month"],
            Self::Report => &["month", "show"],
            Self::Institutions => &["q", "suspended"],
            Self::Reviews => &["query"],
            Self::Overview
            | Self::Query(_)
            | Self::Consents
            | Self::Objections
            | Self::Objection(_)
            | Self::Alarms
            | Self::Log
            | Self::Proposals
            | Self::Review(_)
            | Self::Style
            | Self::Root => &[],
        }
    }

    /// Whether an officer of this role looks here.
    pub(in crate::doors) fn is_for(&self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Officer) => true,
            // What persons say is for who decides on it.
            (Self::Objection(_), Role::Reviewer) => false,
            (_, Role::Reviewer) => true,
            (
                Self::Overview
                | Self::Alarms
                | Self::Log
                | Self::Institutions
                | Self::Proposals
                | Self::Style
                | Self::Root,
                Role::Custodian,
            ) => true,
            (_, Role::Custodian | Role::Gateway) => false,
        }
    }

    /// What the leaf of a look at records says was read; nothing where none is shown.
    pub(in crate::doors) fn read(&self) -> Option<String> {
        match self {
            Self::Queries => Some("officers/queries".to_owned()),
            Self::Consents => Some("officers/consents".to_owned()),
            Self::Objections => Some("officers/objections".to_owned()),
            Self::Objection(id) => Some(format!("officers/objections/{id}")),
            Self::Coverage => Some("officers/coverage".to_owned()),
            Self::Statistics => Some("officers/statistics".to_owned()),
            Self::Report => Some("officers/report".to_owned()),
            Self::Query(id) => Some(format!("officers/queries/{id}")),
            Self::Review(case) => Some(format!("officers/reviews/{case}")),
            Self::Overview
            | Self::Alarms
            | Self::Log
            | Self::Institutions
            | Self::Proposals
            | Self::Reviews
            | Self::Style
            | Self::Root => None,
        }
    }
}

/// Whether a text can be the name of a case.
fn is_name(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
