//! What the record says of the register and of what was spent, in this log and in the one before it.

use std::{collections::HashMap, fs, path::Path};

use credit_audit::{
    checkpoint::Checkpoint,
    leaf::{Carried, CatalogueSet, InstitutionChange, Previous, Suspension},
};
use credit_policy::Catalogue;

use jiff::Timestamp;

use super::StartError;
use crate::state::carried::counts;
use crate::{
    callers::{
        institution::InstitutionRecord,
        register::{Register, RegisterError},
    },
    state::{fold, snapshot::Held},
};

/// What the log before said, and the new one says again.
pub(super) enum Carry {
    /// A catalogue that is in force no more: consents may have been given under it.
    Catalogue(CatalogueSet),
    Institution(InstitutionChange),
    Suspension(Suspension),
    Counts(Carried),
}

/// Reads the log before: institutions that were added stay registered, who was suspended stays suspended, and what was
/// used up or withdrawn stays so. `now` is what the new log holds already.
pub(super) fn carry_over(
    checkpoint: &Path,
    size: u64,
    catalogue: &Catalogue,
    register: &Register,
    held: &Held,
    now: Timestamp,
) -> Result<Vec<Carry>, StartError> {
    let folder = checkpoint.parent().unwrap_or(Path::new("."));
    let added = |changes: &[(u64, String)]| -> Vec<InstitutionChange> {
        changes.iter().filter_map(|(_, leaf)| serde_json::from_str(leaf).ok()).collect()
    };
    let (mut before, said) = (fold::bundles(folder, 0, size, catalogue)?, added(&held.changes));
    let is_said =
        |leaf: &str| serde_json::from_str::<InstitutionChange>(leaf).is_ok_and(|change| said.contains(&change));
    before.changes.retain(|(_, leaf)| !is_said(leaf));
    let suspended = |register: &Register| -> Vec<String> {
        let all = register.all().into_iter().filter(|institution| institution.is_suspended());
        all.map(|institution| institution.id().to_owned()).collect()
    };
    let sets = |changes: &[(u64, String)]| -> Vec<CatalogueSet> {
        changes.iter().filter_map(|(_, leaf)| serde_json::from_str(leaf).ok()).collect()
    };
    let other = |set: &CatalogueSet| set.label != catalogue.label();
    let former = sets(&before.changes).into_iter().rfind(other).filter(|_| !sets(&held.changes).iter().any(other));
    let known = suspended(register);
    apply_changes(register, &before.changes)?;
    let mut carried: Vec<_> = former.into_iter().map(Carry::Catalogue).collect();
    carried.extend(added(&before.changes).into_iter().map(Carry::Institution));
    carried.extend(suspended(register).into_iter().filter(|id| !known.contains(id)).map(|institution| {
        Carry::Suspension(Suspension {
            institution,
            operator: None,
            scenario: None,
            suspended: true,
            reason: Some("carried over from the log before".to_owned()),
        })
    }));
    carried.extend(counts(&before.tally, &held.tally, catalogue.today(now), now).into_iter().map(Carry::Counts));
    Ok(carried)
}

/// The log that a new one continues.
pub(super) fn previous(path: &Path) -> Result<(Checkpoint, Previous), StartError> {
    let fault =
        |why: &dyn std::fmt::Display| StartError::Continues { path: path.display().to_string(), why: why.to_string() };
    let checkpoint = fs::read_to_string(path).map_err(|error| fault(&error))?;
    let (text, _) = checkpoint.split_once("\n\n").ok_or_else(|| fault(&"it has no signature"))?;
    let parsed = Checkpoint::parse(&format!("{text}\n")).map_err(|error| fault(&error))?;
    let previous = Previous { origin: parsed.origin.clone(), checkpoint };
    Ok((parsed, previous))
}

/// Brings the register to where the record says that it was left.
pub(super) fn apply_changes(register: &Register, changes: &[(u64, String)]) -> Result<(), StartError> {
    let mut suspended: HashMap<String, bool> = HashMap::new();
    for (_, leaf) in changes {
        if let Ok(change) = serde_json::from_str::<InstitutionChange>(leaf) {
            let record = InstitutionRecord::of_leaf(&change).ok_or_else(|| RegisterError::Unusable {
                id: change.institution.clone(),
                why: "what the record tells of it is not of this release",
            })?;
            // Also written into the configuration since: the same is said twice.
            if register.by_id(&change.institution).is_ok_and(|known| known.record == record) {
                continue;
            }
            register.add(&record)?;
        } else if let Ok(change) = serde_json::from_str::<Suspension>(leaf) {
            suspended.insert(change.institution, change.suspended);
        }
    }
    for (id, _) in suspended.iter().filter(|(_, suspended)| **suspended) {
        // One that left the configuration since cannot ask either way.
        if let Ok(institution) = register.by_id(id) {
            register.set_suspended(&institution, true);
        }
    }
    Ok(())
}
