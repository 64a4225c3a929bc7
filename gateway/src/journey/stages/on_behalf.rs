//! For whom another gateway asks: an institution of its own, which the register lets it speak for (`docs/formats.md` §2).

use credit_audit::leaf::OnBehalf;
use credit_policy::{Code, Duty, InstitutionId, InstitutionKind, holds_citizen_number};
use uuid::Uuid;

use crate::{
    callers::{
        register::{Institution, Register},
        thumbprint::Thumbprint,
        trust::{CertificateStatus, NamedStatus},
    },
    journey::{
        detail::{Detail, Member},
        exchange::OnBehalfWords,
        refusal::Refusal,
    },
    settings::is_origin,
};

/// Longest name of a log.
const ORIGIN_BYTES: usize = 256;

/// The end institution of a query, as far as it was recognised.
pub(in crate::journey) struct EndInstitution {
    /// As it is recorded.
    pub(super) record: OnBehalf,
    /// By which the catalogue decides.
    pub(super) kind: InstitutionKind,
    /// Its certificate, to which a consent must be given.
    pub(in crate::journey) certificate: NamedStatus,
}

impl EndInstitution {
    /// Whether it may be asked for as long as the list in force lets its certificate pass: the certificate is, and was, of
    /// nobody in this register. A consent given to an institution of the register is for that one alone.
    pub(in crate::journey) fn may_be_asked_for(&self, register: &Register) -> bool {
        !register.ever_had(self.certificate.thumbprint())
    }
}

/// Why there is none; each has its place in the order of faults.
pub(super) enum NotFor {
    /// The member is not of its form.
    Form(Refusal),
    /// It is, and this may not be asked.
    Allowed(Refusal),
}

/// Recognises the end institution. `own` is the origin of this gateway's log.
///
/// # Errors
/// `malformed-request` where the caller is no gateway or the member not of its form; `scenario-not-allowed` where the
/// register does not let it ask for this institution as this kind, the institution's certificate is or was of somebody in this
/// register or is known here as trusted no more, or the query has come back to where it began.
pub(super) fn end_institution(
    own: &str,
    register: &Register,
    institution: &Institution,
    certificate: &CertificateStatus,
    words: &OnBehalfWords,
) -> Result<EndInstitution, NotFor> {
    let malformed = |detail, cause| NotFor::Form(Refusal::because(Code::MalformedRequest, cause).with(detail));
    if institution.record.kind.duty() != Some(Duty::Gateway) {
        return Err(malformed(Detail::OnBehalfOfGateways, "an institution that is no gateway sent `on_behalf`"));
    }
    let read = || {
        let id = InstitutionId::parse(&words.institution).ok()?;
        let end = Thumbprint::parse(&words.certificate)?;
        let query = Uuid::try_parse(&words.query).ok().filter(|id| id.to_string() == words.query)?;
        let kind = InstitutionKind::of_form(&words.kind).ok()?;
        // It becomes part of a leaf.
        let is_plain = words.origin.len() <= ORIGIN_BYTES && !holds_citizen_number(&words.origin);
        (is_plain && is_origin(&words.origin)).then_some((id, kind, end, query))
    };
    let (id, kind, end, query) =
        read().ok_or_else(|| malformed(Detail::Type(Member::OnBehalf), "`on_behalf` is not of its form"))?;
    let refuse = |detail| Err(NotFor::Allowed(Refusal::from(Code::ScenarioNotAllowed).with(detail)));
    if !institution.record.on_behalf_of.iter().any(|listed| listed.id == id && listed.kind == kind) {
        return refuse(Detail::OnBehalfNotListed);
    }
    if words.origin == own {
        return refuse(Detail::OnBehalfLoop);
    }
    let record = OnBehalf {
        institution: words.institution.clone(),
        kind: words.kind.clone(),
        certificate: words.certificate.clone(),
        origin: words.origin.clone(),
        query,
    };
    let end = EndInstitution { record, kind, certificate: certificate.named(end) };
    if !end.certificate.passes() || !end.may_be_asked_for(register) {
        return refuse(Detail::OnBehalfCertificate);
    }
    Ok(end)
}
