//! Who comes through a door with a request: an institution of the register, with its certificate.

use std::sync::Arc;

use crate::callers::{
    limits::{Pace, Reached},
    register::Institution,
    trust::CertificateStatus,
};

/// An institution whose request is within its rate, or so little over it that the refusal is recorded.
#[must_use]
pub struct Caller {
    pub(super) institution: Arc<Institution>,
    pub(super) certificate: Arc<CertificateStatus>,
    pub(super) over: Option<Reached>,
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
        Some(Self { institution, certificate, over })
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
        Self { institution, certificate, over: None }
    }
}
