//! What a new log takes over from the one before it: that log is checked as an auditor would check it, then read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use credit_audit::{
    checkpoint::Checkpoint,
    edge::Edge,
    leaf::{
        Carried, CatalogueSet, Definitions, Figures, InstitutionChange, Peek, Previous, RegisterChange, Stop,
        Suspension,
    },
    note::VerifierKey,
    verify,
};
use credit_keys::Ring;
use credit_policy::Catalogue;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{error::StartError, keys::check_ring};
use crate::{
    changes::SaidBefore,
    journey::record::case_again::CaseBefore,
    keyring::Keyring,
    state::{
        FoldError,
        approvals::Approvals,
        carried::counts,
        ledger::{LastSaid, Ledger, RegisterEvent, Registered},
        projection::Projection,
    },
};

/// What the log before said, and the new one says again.
pub(super) enum Carry {
    /// A catalogue that is in force no more: consents may have been given under it.
    Catalogue(CatalogueSet),
    /// What the fields of that catalogue meant.
    Definitions(Definitions),
    Institution(InstitutionChange),
    Suspension(Suspension),
    Stop(Stop),
    Counts(Carried),
    Figures(Figures),
}

/// The log that a new one continues.
pub(super) struct Before {
    folder: PathBuf,
    /// For the new log's first leaf.
    pub(super) previous: Previous,
    projection: Projection,
}

/// Reads the log before the log `origin`, from the folder of its checkpoint. Nothing of it is believed before its
/// signature, by the ring's key of that log, and its whole tree are verified. Its keys must be those of the ring: an
/// older ring would make them again as others, and what was counted under them would be forgotten.
///
/// # Errors
/// When there is no checkpoint of another log, when the ring has no key of that log, when the log is not valid, and when
/// the ring is older than the log.
pub(super) fn read(
    path: &Path,
    origin: &str,
    ring: &Ring,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Before, StartError> {
    let (checkpoint, note) = checkpoint(path)?;
    if checkpoint.origin == origin {
        return Err(StartError::ContinuesItself { path: path.display().to_string(), origin: origin.to_owned() });
    }
    let damaged = |why: &dyn std::fmt::Display| StartError::ContinuesDamaged {
        path: path.display().to_string(),
        why: why.to_string(),
    };
    let signer = ring.log_signer(&checkpoint.origin).map_err(|error| damaged(&error))?;
    let key = VerifierKey::new(&checkpoint.origin, signer.public_key()).map_err(|error| damaged(&error))?;
    let checkpoint = Checkpoint::open(&note, &key).map_err(|error| damaged(&error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut reading = Reading { catalogue, until: checkpoint.size, projection: Projection::default(), fault: None };
    let report = verify::directory(folder, &key, std::slice::from_ref(&checkpoint), &mut reading);
    report.map_err(|error| damaged(&error))?;
    if let Some(fault) = reading.fault {
        return Err(fault.into());
    }
    check_ring(&ring.status(now), &reading.projection.ledger.keys)?;
    let previous = Previous { origin: checkpoint.origin, checkpoint: note };
    Ok(Before { folder: folder.to_owned(), previous, projection: reading.projection })
}

fn checkpoint(path: &Path) -> Result<(Checkpoint, String), StartError> {
    let fault =
        |why: &dyn std::fmt::Display| StartError::Continues { path: path.display().to_string(), why: why.to_string() };
    let note = fs::read_to_string(path).map_err(|error| fault(&error))?;
    let (text, _) = note.split_once("\n\n").ok_or_else(|| fault(&"it has no signature"))?;
    let parsed = Checkpoint::parse(&format!("{text}\n")).map_err(|error| fault(&error))?;
    Ok((parsed, note))
}

/// Takes in the leaves that the checkpoint covers, while they are checked.
struct Reading<'a> {
    catalogue: &'a Catalogue,
    until: u64,
    projection: Projection,
    fault: Option<FoldError>,
}

impl verify::Visitor for Reading<'_> {
    fn edge(&mut self, edge: &Edge) -> Result<(), verify::CheckError> {
        self.projection.go_on_after(&edge.head.numbers, &edge.head.certificates);
        Ok(())
    }

    fn leaf(&mut self, index: u64, _peek: &Peek<'_>, bytes: &[u8]) -> Result<(), verify::CheckError> {
        if index < self.until && self.fault.is_none() {
            self.fault = self.projection.apply(self.catalogue, index, bytes).err();
        }
        Ok(())
    }
}

/// What the new log will say once all of it is recorded.
pub(super) fn with(ledger: &Ledger, carried: &[Carry]) -> Ledger {
    let mut ledger = ledger.clone();
    for (index, part) in (ledger.size..).zip(carried) {
        match part {
            Carry::Institution(change) => ledger.apply(index, RegisterEvent::Added(change.clone())),
            Carry::Suspension(suspension) => ledger.suspend(suspension.clone(), None),
            Carry::Stop(stop) => ledger.stop(stop.clone()),
            Carry::Catalogue(_) | Carry::Definitions(_) | Carry::Counts(_) | Carry::Figures(_) => {}
        }
    }
    ledger
}

impl Before {
    /// What persons said in it that is still in force.
    ///
    /// # Errors
    /// When a leaf of it is not there.
    pub(super) fn said(&self, keys: &Keyring) -> Result<SaidBefore, StartError> {
        let leaves = &self.projection.ledger.standing;
        Ok(SaidBefore::read(&self.folder, &self.previous.origin, leaves, keys)?)
    }

    /// What two officers approved in it.
    pub(super) fn approvals(&self) -> Approvals {
        self.projection.ledger.approvals.clone()
    }

    /// Cases that were registered in it and are not decided, and appointments that are not over.
    pub(super) fn cases(&self, keys: &Keyring, now: Timestamp) -> Vec<CaseBefore> {
        let ledger = &self.projection.ledger;
        // Where the day ends last it is still the day before in UTC.
        let yesterday = now.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
        let open = ledger.cases.all().map(|(_, person)| person).chain(ledger.appointments.all(yesterday));
        open.filter_map(|person| CaseBefore::read(&self.folder, &self.previous.origin, person.index, keys)).collect()
    }

    /// What the new log has to say: institutions that were added stay registered, who was suspended stays suspended, and
    /// what was used up or withdrawn stays so. `now` is what the new log says already.
    pub(super) fn carry(self, catalogue: &Catalogue, new: &Projection, now: Timestamp) -> Vec<Carry> {
        let (old, usage) = self.projection.finish();
        let mut carried = Vec::new();
        if let Some(former) = former_catalogue(&old, &new.ledger, catalogue) {
            let fields = old.definitions.get(&former.label).cloned();
            let definitions = fields.map(|fields| Definitions { catalogue: former.label.clone(), fields });
            carried.push(Carry::Catalogue(former));
            carried.extend(definitions.map(Carry::Definitions));
        }
        for (id, last) in old.register() {
            carried.extend(institution(last, new.ledger.institutions.get(id)).into_iter().map(Carry::Institution));
        }
        let reason = || Some("carried over from the log before".to_owned());
        let said = |change: &Suspension| new.ledger.says_of(change);
        let suspensions = old.suspensions().filter(|change| !said(change));
        carried.extend(suspensions.map(|change| Carry::Suspension(Suspension { reason: reason(), ..change })));
        let stops = old.stops().filter(|scenario| !new.ledger.stopped.contains_key(scenario.unwrap_or_default()));
        let stop =
            |scenario: Option<&str>| Stop { scenario: scenario.map(str::to_owned), stopped: true, reason: reason() };
        carried.extend(stops.map(stop).map(Carry::Stop));
        // A budget is spent in whatever log.
        let figures = old.figures.iter().filter(|figures| !new.ledger.figures.contains(figures));
        carried.extend(figures.cloned().map(Carry::Figures));
        let today = catalogue.today(now);
        carried.extend(counts(&usage, &new.usage, today, now).into_iter().map(Carry::Counts));
        carried
    }
}

/// What is to be said again of an institution; `new` is what the new log says of it. Where certificates were removed, the
/// first leaf gives it all of them and the second takes those away: the configuration may name them still.
fn institution(last: &LastSaid, new: Option<&LastSaid>) -> Vec<InstitutionChange> {
    let (Registered::Added(now) | Registered::Changed(now)) = &last.institution else { return Vec::new() };
    let certificates = last.certificates().into_iter().collect();
    let all = InstitutionChange { change: RegisterChange::Added, certificates, ..now.clone() };
    let changed = InstitutionChange { change: RegisterChange::Changed, ..now.clone() };
    match new.map(|new| &new.institution) {
        None if last.former.is_empty() => vec![InstitutionChange { change: RegisterChange::Added, ..now.clone() }],
        None => vec![all, changed],
        // A crash came between the two.
        Some(Registered::Added(said)) if *said == all && !last.former.is_empty() => vec![changed],
        Some(_) => Vec::new(),
    }
}

/// The last catalogue before that is in force no more, if the new log does not name one yet.
fn former_catalogue(old: &Ledger, new: &Ledger, catalogue: &Catalogue) -> Option<CatalogueSet> {
    let is_other = |set: &&CatalogueSet| set.label != catalogue.label();
    let is_said = new.catalogues.iter().map(|in_force| &in_force.catalogue).any(|set| is_other(&set));
    let former = old.catalogues.iter().map(|in_force| &in_force.catalogue).rfind(is_other);
    former.filter(|_| !is_said).cloned()
}
