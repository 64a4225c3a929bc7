//! Where officers act on 8445, and which role acts there.

use crate::settings::Role;

/// A path at which an officer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doors) enum Path {
    Stop,
    Resume,
    Unseals,
    Suspensions,
    Proposals,
    Approvals,
    Destructions,
    Prunings,
    Exports,
    Reviews,
    Objections,
    Coverage,
}

impl Path {
    pub(in crate::doors) fn of(path: &str) -> Option<Self> {
        match path {
            "/officers/stop" => Some(Self::Stop),
            "/officers/resume" => Some(Self::Resume),
            "/officers/unseals" => Some(Self::Unseals),
            "/officers/suspensions" => Some(Self::Suspensions),
            "/officers/proposals" => Some(Self::Proposals),
            "/officers/approvals" => Some(Self::Approvals),
            "/officers/destructions" => Some(Self::Destructions),
            "/officers/prunings" => Some(Self::Prunings),
            "/officers/exports" => Some(Self::Exports),
            "/officers/reviews" => Some(Self::Reviews),
            "/officers/objections" => Some(Self::Objections),
            "/officers/coverage" => Some(Self::Coverage),
            _ => None,
        }
    }

    /// Whether this role acts here; on what it decides, the act itself says.
    pub(super) fn is_for(self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Officer) => true,
            (Self::Reviews, Role::Reviewer) => true,
            (
                Self::Proposals | Self::Approvals | Self::Unseals | Self::Destructions | Self::Exports,
                Role::Custodian,
            ) => true,
            (_, Role::Reviewer | Role::Custodian | Role::Gateway) => false,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Resume => "resume",
            Self::Unseals => "unseals",
            Self::Suspensions => "suspensions",
            Self::Proposals => "proposals",
            Self::Approvals => "approvals",
            Self::Destructions => "destructions",
            Self::Prunings => "prunings",
            Self::Exports => "exports",
            Self::Objections => "objections",
            Self::Coverage => "coverage",
            Self::Reviews => "reviews",
        }
    }
}
