//! Who looks, and what that one may do.

use jiff::Timestamp;

use super::form;
use crate::{
    callers::{register::Institution, thumbprint::Thumbprint, trust::CertificateStatus},
    settings::Role,
};

/// Who looks.
pub(in crate::doors) struct Viewer {
    pub(super) id: String,
    /// What the register calls it.
    pub(super) name: Option<String>,
    /// When the certificate ends.
    pub(super) ends: Option<Timestamp>,
    /// Whether pages have all forms to act by.
    pub(super) is_officer: bool,
    /// What an officer may do; nothing for the supervisor.
    pub(super) role: Option<Role>,
    /// The token of these forms.
    pub(super) form: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub(super) certificate: String,
}

impl Viewer {
    pub(in crate::doors) fn new(auditor: &Institution, standing: &CertificateStatus, role: Option<Role>) -> Self {
        let certificate = standing.thumbprint().to_string();
        Self {
            id: auditor.id().to_owned(),
            name: auditor.record.name.clone(),
            ends: standing.ends(),
            is_officer: role == Some(Role::Officer),
            role,
            form: form::token(&certificate).unwrap_or_default(),
            certificate,
        }
    }

    /// Who looks at another gateway, which shows it the certificate: this one makes no page, and no form.
    pub(super) fn there(auditor: &Institution, certificate: Thumbprint, role: Option<Role>) -> Self {
        Self {
            id: auditor.id().to_owned(),
            name: None,
            ends: None,
            is_officer: role == Some(Role::Officer),
            role,
            form: String::new(),
            certificate: certificate.to_string(),
        }
    }

    /// Whether pages have the forms of a review.
    pub(super) fn reviews(&self) -> bool {
        matches!(self.role, Some(Role::Officer | Role::Reviewer))
    }

    /// Whether pages have the forms by which a sample is committed to.
    pub(super) fn supervises(&self) -> bool {
        self.role.is_none()
    }

    /// Whether pages have the form by which this is approved.
    pub(super) fn decides_on(&self, act: &str) -> bool {
        self.role.is_some_and(|role| role.decides_on(act))
    }
}
