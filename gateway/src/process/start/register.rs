//! The register at start: the configuration, then what the record says of it.

use credit_audit::leaf::InstitutionChange;
use credit_policy::{InstitutionId, InstitutionKind};

use super::error::StartError;
use crate::{
    callers::register::{InstitutionRecord, Register, RegisterError, Thumbprint, institution_record},
    settings::Settings,
    state::ledger::{Ledger, Registered},
};

/// The register of the configuration.
pub(super) fn configured(settings: &Settings) -> Result<Register, StartError> {
    let (bounds, floods) = (&settings.bounds, &settings.floods);
    let register = Register::new(bounds.journeys_per_institution, bounds.connections_per_institution, floods.multiple);
    for entry in &settings.institutions {
        register.add(&institution_record(entry)?)?;
    }
    Ok(register)
}

/// Brings the register to where the record says that it was left.
///
/// # Errors
/// Where the configuration contradicts the record: only what can be mended there is an error.
pub(super) fn apply(register: &Register, ledger: &Ledger) -> Result<(), StartError> {
    for (id, said) in ledger.register() {
        match said {
            Registered::Added(change) => {
                let record = record_of(change)?;
                // Also written into the configuration since: the same is said twice.
                if register.by_id(id).is_ok_and(|known| known.record == record) {
                    continue;
                }
                if register.by_id(id).is_ok() {
                    return Err(RegisterError::IdTaken(id.to_owned()).into());
                }
                replace(register, ledger, &record)?;
            }
            Registered::Changed(change) => replace(register, ledger, &record_of(change)?)?,
            Registered::Removed => register.remove(id),
        }
    }
    for id in ledger.suspended() {
        // One that left the configuration since cannot ask either way.
        if let Ok(institution) = register.by_id(id) {
            register.set_suspended(&institution, true);
        }
    }
    Ok(())
}

/// A certificate of two institutions of the record is the later one's: both leaves are there, and nothing could take
/// one back. That of an institution of the configuration stays where it is.
fn replace(register: &Register, ledger: &Ledger, record: &InstitutionRecord) -> Result<(), StartError> {
    for certificate in &record.certificates {
        let Some(other) = Thumbprint::parse(certificate).and_then(|known| register.by_certificate(known)) else {
            continue;
        };
        if other.id() == record.id.as_str() {
            continue;
        }
        if !ledger.institutions.contains_key(other.id()) {
            return Err(RegisterError::CertificateTaken {
                id: record.id.as_str().to_owned(),
                certificate: certificate.clone(),
                other: other.id().to_owned(),
            }
            .into());
        }
        let cause = format_args!("`{certificate}` of `{}` and `{}`", other.id(), record.id.as_str());
        tracing::warn!(%cause, "a certificate is recorded for two institutions; the later one has it");
    }
    Ok(register.replace(record)?)
}

fn record_of(change: &InstitutionChange) -> Result<InstitutionRecord, RegisterError> {
    let unusable = || RegisterError::Unusable(change.institution.clone());
    Ok(InstitutionRecord {
        id: InstitutionId::parse(&change.institution).map_err(|_| unusable())?,
        kind: InstitutionKind::parse(&change.institution_kind).ok_or_else(unusable)?,
        certificates: change.certificates.clone(),
        rate_per_s: change.rate_per_s,
        burst: change.burst,
        distinct_subjects_a_day: change.distinct_subjects_a_day,
        look_ups_a_person_a_day: change.look_ups_a_person_a_day,
        operator_rate_per_s: change.operator_rate_per_s,
        operator_burst: change.operator_burst,
        look_ups_an_operator_a_day: change.look_ups_an_operator_a_day,
    })
}
