//! The register at start: the configuration, then what the record says of it.

use credit_audit::leaf::InstitutionChange;
use credit_policy::InstitutionKind;

use super::{error::StartError, inputs::Faults};
use crate::{
    callers::{
        institution::InstitutionRecord,
        register::{Register, RegisterError},
    },
    settings::{ConsentIssuer, Settings},
    state::ledger::{Ledger, Registered},
};

/// The register of the configuration; each entry that cannot be taken is a fault.
pub(super) fn configured(settings: &Settings, faults: &mut Faults) -> Register {
    let (bounds, floods) = (&settings.bounds, &settings.floods);
    let register = Register::new(bounds.journeys_per_institution, bounds.connections_per_institution, floods.multiple);
    for entry in &settings.institutions {
        let record = InstitutionRecord::of_entry(entry).map_err(RegisterError::from);
        faults.note(record.and_then(|record| register.add(&record)));
    }
    register
}

/// Each issuer of consents needs an institution that may withdraw them.
///
/// # Errors
/// The first whose institution is not in the register, or of another kind.
pub(super) fn acting(register: &Register, issuers: &[ConsentIssuer]) -> Result<(), StartError> {
    for ConsentIssuer { iss, institution, .. } in issuers {
        let why = match register.by_id(institution.as_str()) {
            Ok(acting) if acting.record.kind == InstitutionKind::ConsentAuthority => continue,
            Ok(acting) => format!("is of kind `{}`", acting.record.kind.as_str()),
            Err(_) => "is not in the register".to_owned(),
        };
        return Err(StartError::Acting { iss: iss.clone(), institution: institution.as_str().to_owned(), why });
    }
    Ok(())
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
        let Some(other) = register.by_certificate(*certificate) else {
            continue;
        };
        if other.id() == record.id.as_str() {
            continue;
        }
        if !ledger.institutions.contains_key(other.id()) {
            return Err(RegisterError::CertificateTaken {
                id: record.id.as_str().to_owned(),
                certificate: *certificate,
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
    InstitutionRecord::of_leaf(change).ok_or_else(|| RegisterError::Unusable {
        id: change.institution.clone(),
        why: "what the record says of it is not of this release",
    })
}
