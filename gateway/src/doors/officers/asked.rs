//! The bodies of what officers ask, and the change that each is: parsed once, at the edge.

use std::sync::Arc;

use credit_audit::{leaf::Base64, monthly::is_month};
use credit_policy::{CitizenNumber, InstitutionId};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::path::Path;
use crate::{
    callers::suspension::Part,
    changes::{Change, Destruction, Month, Number, Warrant, Whose},
    state::{
        about::About,
        approvals::{DESTROY, EXPORT, PRUNE, REINSTATE, RESUME, UNSEAL},
    },
};

/// `POST /officers/stop`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stopping {
    scenario: Option<String>,
    reason: String,
}

/// `POST /officers/resume`; where two officers are needed, with one of the last two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resuming {
    scenario: Option<String>,
    reason: String,
    proposal: Option<Uuid>,
    #[serde(default)]
    emergency: bool,
}

/// `POST /officers/unseals`: by a proposal that was approved, or in an emergency.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsealing {
    entry: u64,
    reason: String,
    proposal: Option<Uuid>,
    #[serde(default)]
    emergency: bool,
}

/// `POST /officers/suspensions`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspending {
    institution: InstitutionId,
    #[serde(rename = "operator")]
    staff: Option<String>,
    scenario: Option<String>,
    suspended: bool,
    reason: String,
    /// To let an officer or the supervisor act again: what another officer approved.
    proposal: Option<Uuid>,
    /// That who acts means to be suspended.
    #[serde(default)]
    confirmed: bool,
}

/// `POST /officers/objections`: the decision, as an institution makes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deciding {
    objection: Uuid,
    result: Decided,
    reason: String,
}

/// `POST /officers/coverage`: the list of missed cases, of a month or of all, to be handed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    month: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Decided {
    Upheld,
    Rejected,
}

/// `POST /officers/proposals`: the digest, or what is to be done.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposing {
    act: String,
    digest: Option<Base64<[u8; 32]>>,
    destroy: Option<Destroying>,
    export: Option<Handing>,
    entry: Option<u64>,
    until: Option<u64>,
    institution: Option<InstitutionId>,
    scenario: Option<String>,
    reason: Option<String>,
}

impl Proposing {
    /// What is proposed; nothing where more than one thing is named.
    fn change(self) -> Option<Change> {
        let Self { act, digest, destroy, export, entry, until, institution, scenario, reason } = self;
        if let Some(institution) = institution {
            let others = [digest.is_some(), destroy.is_some(), export.is_some(), entry.is_some(), until.is_some()];
            let is_one = act == REINSTATE && !others.contains(&true) && scenario.is_none() && reason.is_none();
            let about = About::Reinstate { institution: institution.as_str().to_owned() };
            return is_one.then_some(Change::ProposeInWords(about));
        }
        if let Some(until) = until {
            let others = [digest.is_some(), destroy.is_some(), export.is_some(), entry.is_some()];
            let is_one = act == PRUNE && !others.contains(&true) && scenario.is_none() && reason.is_none();
            return is_one.then_some(Change::ProposeInWords(About::Prune { until }));
        }
        if let Some(export) = export {
            let is_alone = [digest.is_some(), destroy.is_some(), entry.is_some(), scenario.is_some(), reason.is_some()];
            let is_one = act == EXPORT && !is_alone.contains(&true);
            return is_one.then(|| export.of_step().map(Whose).map(Change::ProposeExport)).flatten();
        }
        Some(match (act.as_str(), digest, destroy, entry, scenario, reason) {
            (_, Some(digest), None, None, None, None) => Change::Propose { act, digest },
            (DESTROY, None, Some(destroy), None, None, None) => Change::ProposeDestruction(destroy.of_step()?),
            (RESUME, None, None, None, scenario, Some(reason)) => {
                Change::ProposeInWords(About::Resume { scenario, reason })
            }
            (UNSEAL, None, None, Some(entry), None, Some(reason)) => {
                Change::ProposeInWords(About::Unseal { entry, reason })
            }
            _ => return None,
        })
    }
}

/// `POST /officers/approvals`: the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approving {
    proposal: Uuid,
    digest: Option<Base64<[u8; 32]>>,
    destroy: Option<Destroying>,
    export: Option<Handing>,
    until: Option<u64>,
}

/// `POST /officers/prunings`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pruning {
    until: u64,
    proposal: Option<Uuid>,
}

/// `POST /officers/exports`: of a person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handing {
    person: String,
    proposal: Option<Uuid>,
}

impl Handing {
    /// Whose, and by which proposal.
    fn read(self) -> Option<(Number, Option<Uuid>)> {
        let person = Zeroizing::new(self.person);
        Some((Arc::new(CitizenNumber::parse(&person).ok()?), self.proposal))
    }

    /// Whose, where it names no proposal.
    fn of_step(self) -> Option<Number> {
        self.read().filter(|(_, proposal)| proposal.is_none()).map(|(number, _)| number)
    }
}

/// `POST /officers/destructions`: a month, a person, or a person in a month.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destroying {
    month: Option<String>,
    person: Option<String>,
    proposal: Option<Uuid>,
}

impl Destroying {
    /// What it is, and by which proposal.
    fn read(self) -> Option<(Destruction, Option<Uuid>)> {
        let Self { month, person, proposal } = self;
        let person = person.map(Zeroizing::new);
        let month = month.map(|month| Month::parse(&month).ok_or(())).transpose().ok()?;
        let destruction = match (month, person) {
            (month, Some(number)) => Destruction::Person(Arc::new(CitizenNumber::parse(&number).ok()?), month),
            (Some(month), None) => Destruction::Month(month),
            (None, None) => return None,
        };
        Some((destruction, proposal))
    }

    /// What it is, where it names no proposal.
    fn of_step(self) -> Option<Destruction> {
        self.read().filter(|(_, proposal)| proposal.is_none()).map(|(destruction, _)| destruction)
    }
}

/// What is asked; nothing where the body does not have its form.
pub(super) fn change(path: Path, bytes: &[u8]) -> Option<Change> {
    Some(match path {
        Path::Stop => {
            let Stopping { scenario, reason } = read(bytes)?;
            Change::Stop { scenario, reason: Some(reason) }
        }
        Path::Resume => {
            let Resuming { scenario, reason, proposal, emergency } = read(bytes)?;
            Change::Resume { scenario, reason: Some(reason), by: Warrant { proposal, emergency } }
        }
        Path::Unseals => {
            let Unsealing { entry, reason, proposal, emergency } = read(bytes)?;
            Change::Unseal { entry, reason, by: Warrant { proposal, emergency } }
        }
        Path::Reviews => Change::Review(read(bytes)?),
        Path::Proposals => {
            return read::<Proposing>(bytes)?.change();
        }
        Path::Approvals => {
            let Approving { proposal, digest, destroy, export, until } = read(bytes)?;
            match (digest, destroy, export, until) {
                (None, None, None, Some(until)) => Change::ApprovePruning { proposal, until },
                (Some(digest), None, None, None) => Change::Approve { proposal, digest },
                (None, Some(destroy), None, None) => {
                    Change::ApproveDestruction { proposal, destruction: destroy.of_step()? }
                }
                (None, None, Some(export), None) => {
                    Change::ApproveExport { proposal, number: Whose(export.of_step()?) }
                }
                (_, _, _, _) => return None,
            }
        }
        Path::Exports => {
            let (number, proposal) = read::<Handing>(bytes)?.read()?;
            Change::Export { number: Whose(number), proposal, is_made: false }
        }
        Path::Prunings => {
            let Pruning { until, proposal } = read(bytes)?;
            Change::Prune { until, proposal }
        }
        Path::Destructions => {
            let (destruction, proposal) = read::<Destroying>(bytes)?.read()?;
            Change::Destroy { destruction, proposal }
        }
        Path::Objections => {
            let Deciding { objection, result, reason } = read(bytes)?;
            Change::ObjectionDecide { objection, upheld: result == Decided::Upheld, reason }
        }
        Path::Coverage => {
            let Listing { month } = read(bytes)?;
            if month.as_deref().is_some_and(|month| !is_month(month)) {
                return None;
            }
            Change::CoverageList { month }
        }
        Path::Suspensions => {
            let asked: Suspending = read(bytes)?;
            let Suspending { institution: id, staff, scenario, suspended, reason, proposal, .. } = asked;
            if staff.is_some() && scenario.is_some() || suspended && proposal.is_some() {
                return None;
            }
            let (part, reason) = (Part::new(staff.as_deref(), scenario.as_deref()), Some(reason));
            match suspended {
                true => Change::InstitutionSuspend { id, part, reason },
                false => Change::InstitutionResume { id, part, reason, proposal },
            }
        }
    })
}

/// One object; an array would be read as its values in order.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    (bytes.trim_ascii_start().first() == Some(&b'{')).then(|| serde_json::from_slice(bytes).ok()).flatten()
}

/// Whether who acts said so.
pub(super) fn is_confirmed(asked: &[u8]) -> bool {
    read::<Suspending>(asked).is_some_and(|asked| asked.confirmed)
}
