//! Who is registered, and by which certificates.

use std::collections::{BTreeMap, HashMap};

use crate::leaf::{Actor, InstitutionChange, Peek, RegisterChange, Seal};

use super::broken::Broken;

/// What the leaves so far say of one institution.
#[derive(Default)]
struct Institution {
    acted: bool,
    /// What the register said last; nothing where the configuration alone lists it.
    registered: Option<Registered>,
}

enum Registered {
    With(Vec<String>),
    Removed,
}

/// The register as the leaves tell it.
#[derive(Default)]
pub(super) struct Register {
    institutions: HashMap<String, Institution>,
    numbers: BTreeMap<String, u64>,
}

impl Register {
    /// Takes an institution's own act, of any kind; `refused` where it is of queries that were refused, which may have
    /// been under way while the register changed.
    pub(super) fn act(&mut self, head: &Peek<'_>, certificate: Option<&str>, refused: bool) -> Result<(), Broken> {
        let (Some(name), Some(seq)) = (head.institution, head.seq) else { return Ok(()) };
        self.numbers.insert(name.to_owned(), seq);
        let institution = self.institutions.entry(name.to_owned()).or_default();
        institution.acted = true;
        match &institution.registered {
            Some(Registered::Removed) if !refused => Err(Broken::Removed(name.to_owned())),
            Some(Registered::With(certificates)) if !refused => {
                let known = certificate.is_none_or(|used| certificates.iter().any(|known| known == used));
                if known { Ok(()) } else { Err(Broken::Certificate(name.to_owned())) }
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the register said last that the institution has this certificate, or has it without one.
    pub(super) fn has(&self, name: &str, certificate: Option<&str>) -> bool {
        let registered = self.institutions.get(name).and_then(|institution| institution.registered.as_ref());
        match registered {
            Some(Registered::With(known)) => certificate.is_none_or(|used| known.iter().any(|known| known == used)),
            Some(Registered::Removed) | None => false,
        }
    }

    pub(super) fn change(&mut self, change: &InstitutionChange) -> Result<(), Broken> {
        let institution = self.institutions.entry(change.institution.clone()).or_default();
        let fits = match (&institution.registered, change.change) {
            (None, RegisterChange::Added) => !institution.acted,
            (Some(Registered::Removed), RegisterChange::Added)
            | (None | Some(Registered::With(_)), RegisterChange::Changed | RegisterChange::Removed) => true,
            (Some(Registered::With(_)), RegisterChange::Added)
            | (Some(Registered::Removed), RegisterChange::Changed | RegisterChange::Removed) => false,
        };
        institution.registered = Some(match change.change {
            RegisterChange::Added | RegisterChange::Changed => Registered::With(change.certificates.clone()),
            RegisterChange::Removed => Registered::Removed,
        });
        if fits { Ok(()) } else { Err(Broken::Register(change.institution.clone())) }
    }

    /// The last numbers. Those of an institution may stand in leaves that were let go.
    pub(super) fn seal(&self, seal: &Seal, some_let_go: bool) -> Result<(), Broken> {
        let is_said = |(name, last): (&String, &u64)| seal.institutions.get(name) == Some(last);
        let is_whole = some_let_go || seal.institutions.len() == self.numbers.len();
        if is_whole && self.numbers.iter().all(is_said) { Ok(()) } else { Err(Broken::Seal) }
    }
}

/// The certificate of an institution's act that is no query.
pub(super) fn certificate(actor: Option<&Actor>) -> Option<&str> {
    match actor {
        Some(Actor::Institution { certificate, .. }) => Some(certificate),
        Some(Actor::Officer { .. } | Actor::Account(_) | Actor::Person(_) | Actor::System(_)) | None => None,
    }
}
