//! Who comes through a door with a request: an institution of the register, with its certificate; a person who has
//! logged in, and asks about himself or herself; or anyone.

use std::sync::Arc;

use credit_policy::{Asker, CitizenNumber, Personal};
use zeroize::Zeroizing;

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
    /// Anyone, about a person whom he or she names.
    Public(Arc<Named>),
}

/// A person by number and name, as anyone may know both.
pub(crate) struct Named {
    number: Arc<Personal<CitizenNumber>>,
    name: Zeroizing<String>,
}

impl Named {
    pub(crate) fn new(number: Personal<CitizenNumber>, name: Zeroizing<String>) -> Self {
        Self { number: Arc::new(number), name }
    }

    /// Whom the number is of.
    pub(super) fn number(&self) -> &Arc<Personal<CitizenNumber>> {
        &self.number
    }

    /// Whether a store has this name, but for white space.
    pub(super) fn is(&self, name: &str) -> bool {
        let plain = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
        let (ours, theirs) = (Zeroizing::new(plain(&self.name)), Zeroizing::new(plain(name)));
        !ours.is_empty() && *ours == *theirs
    }
}

impl Who {
    /// As the rules know it.
    pub(super) fn asker(&self) -> Asker {
        match self {
            Self::Institution(institution, _) => institution.record.kind.into(),
            Self::Person(_) => Asker::Person,
            Self::Public(_) => Asker::Public,
        }
    }

    /// Whether it names the person as a store does; who needs no name does.
    pub(super) fn names(&self, name: Option<&str>) -> bool {
        match self {
            Self::Institution(..) | Self::Person(_) => true,
            Self::Public(named) => name.is_some_and(|name| named.is(name)),
        }
    }

    /// The institution, where one asks.
    pub(super) fn institution(&self) -> Option<&Arc<Institution>> {
        match self {
            Self::Institution(institution, _) => Some(institution),
            Self::Person(_) | Self::Public(_) => None,
        }
    }

    /// Its id; empty where a person or anyone asks, as in subject tags (`audit/FORMAT.md` §5).
    pub(super) fn institution_id(&self) -> &str {
        self.institution().map_or("", |institution| institution.id())
    }
}

impl Caller {
    /// Takes the request from the institution's rate, before a byte of its body is read. Nothing for a flood: the
    /// refusals of a suspended institution count too, so that it cannot fill the log either.
    #[must_use]
    pub async fn pace(institution: Arc<Institution>, certificate: Arc<CertificateStatus>) -> Option<Self> {
        let over = match institution.rates.take().await {
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
            && let Err(wait) = institution.rates.turn().await
        {
            tokio::time::sleep(wait).await;
        }
        Self { who: Who::Institution(institution, certificate), over: None }
    }

    /// Whose next request is within the institution's rate already.
    pub(crate) fn at_once(institution: &Arc<Institution>, certificate: &Arc<CertificateStatus>) -> Option<Self> {
        let is_due = institution.is_suspended() || institution.rates.turn_now();
        let who = || Who::Institution(Arc::clone(institution), Arc::clone(certificate));
        is_due.then(|| Self { who: who(), over: None })
    }

    /// Anyone; the door has paced the address.
    pub(crate) fn public(named: Named) -> Self {
        Self { who: Who::Public(Arc::new(named)), over: None }
    }

    /// A person who has logged in; the door has paced the session.
    pub(crate) fn person(number: Arc<Personal<CitizenNumber>>) -> Self {
        Self { who: Who::Person(number), over: None }
    }
}
