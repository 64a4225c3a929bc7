//! The register at start: the configuration, then what the record says of it.

use credit_audit::leaf::{InstitutionChange, Suspension};
use credit_policy::{Catalogue, Duty};

use super::{error::StartError, faults::Faults};
use crate::{
    callers::{
        institution::InstitutionRecord,
        lease::Lender,
        register::{Register, RegisterError, has_known_kinds},
        suspension::{Part, SuspendedSince},
        thumbprint::Thumbprint,
    },
    settings::{ConsentIssuer, Settings, SourceDepartment},
    state::ledger::{LastSaid, Ledger, Registered, Since},
};

/// The register of the configuration; each entry that cannot be taken is a fault.
pub(super) fn configured(settings: &Settings, catalogue: Option<&Catalogue>, faults: &mut Faults) -> Register {
    let (bounds, floods) = (&settings.bounds, &settings.floods);
    let register = Register::new(bounds.journeys_per_institution, bounds.connections_per_institution, floods.multiple)
        .lent_by(
            settings.state.as_ref().and_then(|state| state.rates.as_ref()).map(|rates| Lender::new(rates.gateways)),
        );
    for entry in &settings.institutions {
        let record = InstitutionRecord::of_entry(entry).map_err(RegisterError::from);
        faults.note(record.and_then(|record| {
            catalogue.map_or(Ok(()), |catalogue| has_known_kinds(&record, catalogue))?;
            register.add(&record)
        }));
    }
    register
}

/// Each issuer of consents needs an institution that may withdraw them; each source department is in the register, and made
/// records of classes that there are.
///
/// # Errors
/// The first that is not so.
pub(super) fn acting(register: &Register, catalogue: &Catalogue, settings: &Settings) -> Result<(), StartError> {
    issuers(register, &settings.consent_issuers)?;
    sources(register, catalogue, &settings.source_departments)
}

fn issuers(register: &Register, issuers: &[ConsentIssuer]) -> Result<(), StartError> {
    for ConsentIssuer { iss, institution, .. } in issuers {
        let why = match register.by_id(institution.as_str()) {
            Ok(acting) if acting.record.kind.duty() == Some(Duty::ConsentAuthority) => continue,
            Ok(acting) => format!("is of kind `{}`", acting.record.kind.as_str()),
            Err(_) => "is not in the register".to_owned(),
        };
        return Err(StartError::Acting { iss: iss.clone(), institution: institution.as_str().to_owned(), why });
    }
    Ok(())
}

fn sources(register: &Register, catalogue: &Catalogue, departments: &[SourceDepartment]) -> Result<(), StartError> {
    for SourceDepartment { institution, classes } in departments {
        let institution = institution.as_str();
        if register.by_id(institution).is_err() {
            return Err(StartError::SourceDepartment(institution.to_owned()));
        }
        if let Some(class) = classes.iter().find(|class| catalogue.class(class).is_none()) {
            return Err(StartError::SourceClass { institution: institution.to_owned(), class: class.clone() });
        }
    }
    Ok(())
}

/// What is to be recorded of the register.
#[derive(Default)]
pub(super) struct News {
    /// Institutions that stand otherwise in the configuration than on the record.
    pub(super) changed: Vec<InstitutionRecord>,
    /// Institutions that two officers let go: they stand on the record, and not in the register that was approved since.
    pub(super) gone: Vec<InstitutionRecord>,
}

/// Brings the register to where the record says that it was left. `is_new` is whether two officers approved it since it was
/// loaded last.
///
/// # Errors
/// Where the configuration contradicts the record: only what can be mended there is an error.
pub(super) fn apply(
    register: &Register,
    ledger: &Ledger,
    catalogue: &Catalogue,
    is_new: bool,
) -> Result<News, StartError> {
    register.remember(ledger.certificates().filter_map(Thumbprint::parse));
    let mut news = News::default();
    for (id, last) in ledger.register() {
        match &last.institution {
            Registered::Added(change) | Registered::Changed(change) => {
                let said = record_of(change)?;
                let record = match register.by_id(id) {
                    // What two officers approved is the register.
                    Ok(configured) if is_new => configured.record.clone(),
                    Ok(configured) => both(&said, &configured.record, last),
                    Err(_) if is_new => {
                        news.gone.push(said);
                        continue;
                    }
                    Err(_) => said.clone(),
                };
                has_known_kinds(&record, catalogue)?;
                replace(register, ledger, &record)?;
                if record != said {
                    news.changed.push(record);
                }
            }
            Registered::Removed => register.remove(id),
        }
    }
    for Suspension { institution, operator, scenario, .. } in ledger.suspensions() {
        // One that left the configuration since cannot ask either way.
        if let Ok(institution) = register.by_id(&institution) {
            institution.suspensions.set(&Part::new(operator.as_deref(), scenario.as_deref()), true);
        }
    }
    for Since { at, of } in &ledger.since {
        if let Ok(institution) = register.by_id(&of.institution) {
            let part = Part::new(of.operator.as_deref(), of.scenario.as_deref());
            institution.suspensions.said(part, SuspendedSince { at: *at, reason: of.reason.clone() });
        }
    }
    Ok(news)
}

/// What an institution is that stands on the record and in the configuration: kind, name and limits of the configuration, where
/// they can be changed, and the certificates of both but for those that were removed by command.
fn both(said: &InstitutionRecord, configured: &InstitutionRecord, last: &LastSaid) -> InstitutionRecord {
    let id = said.id.as_str();
    let mut certificates = said.certificates.clone();
    for certificate in &configured.certificates {
        if last.former.contains(&certificate.to_string()) {
            let certificate = certificate.hex();
            tracing::warn!(
                institution = id,
                certificate,
                "a certificate of the configuration was removed by command and stays removed; take it out of the configuration"
            );
        } else if !certificates.contains(certificate) {
            certificates.push(*certificate);
        }
    }
    let name = configured.name.clone().or_else(|| said.name.clone());
    InstitutionRecord { name, certificates, ..configured.clone() }
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
