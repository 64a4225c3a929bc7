//! Who comes through a door with a request: an institution of the register, with its certificate; or a person who has
//! logged in, and asks about himself or herself.

use std::sync::Arc;

use credit_policy::{Asker, CitizenNumber, Personal};

use crate::callers::{
    limits::{Pace, Reached},
    register::Institution,
    trust::CertificateStatus,
};

/// Whose request is within its rate, or so little over it that the refusal is recorded.
#[must_use]
pub struct Caller {
    pub(super) who: Who,
    pub(super) over: Option<Reached>,
}

/// Who asks.
#[derive(Clone)]
pub(super) enum Who {
    /// An institution, and the certificate that it presented.
    Institution(Arc<Institution>, Arc<CertificateStatus>),
    /// The person with this number, about himself or herself.
    Person(Arc<Personal<CitizenNumber>>),
}

impl Who {
    /// As the rules know it.
    pub(super) fn asker(&self) -> Asker {
        match self {
            Self::Institution(institution, _) => institution.record.kind.into(),
            Self::Person(_) => Asker::Person,
        }
    }

    /// The institution, where one asks.
    pub(super) fn institution(&self) -> Option<&Arc<Institution>> {
        match self {
            Self::Institution(institution, _) => Some(institution),
            Self::Person(_) => None,
        }
    }

    /// Its id; empty where a person asks, as in subject tags (`audit/FORMAT.md` §5).
    pub(super) fn institution_id(&self) -> &str {
        self.institution().map_or("", |institution| institution.id())
    }
}

impl Caller {
    /// Takes the request from the institution's rate, before a byte of its body is read. Nothing for a flood: the
    /// refusals of a suspended institution count too, so that it cannot fill the log either.
    #[must_use]
    pub fn pace(institution: Arc<Institution>, certificate: Arc<CertificateStatus>) -> Option<Self> {
        let over = match institution.rates.take() {
            Pace::Within => None,
            Pace::Over(reached) => Some(reached),
            Pace::Flood => return None,
        };
        Some(Self { who: Who::Institution(institution, certificate), over })
    }

    /// Whether it is within its rate.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.over.is_none()
    }

    /// Waits until a request is within the institution's rate. A suspended one does not wait: its refusal says so.
    pub async fn wait(institution: Arc<Institution>, certificate: Arc<CertificateStatus>) -> Self {
        while !institution.is_suspended()
            && let Err(wait) = institution.rates.turn()
        {
            tokio::time::sleep(wait).await;
        }
        Self { who: Who::Institution(institution, certificate), over: None }
    }

    /// A person who has logged in; the door has paced the session.
    pub(crate) fn person(number: Arc<Personal<CitizenNumber>>) -> Self {
        Self { who: Who::Person(number), over: None }
    }
}
