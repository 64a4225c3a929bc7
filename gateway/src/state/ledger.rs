//! What the log says of the gateway itself, as far as it still holds: register, suspensions, stops, catalogues, keys.
//!
//! All of it is small, whatever the number of queries, so it is kept whole and written as JSON into the snapshot.

use std::collections::{BTreeMap, BTreeSet};

use credit_audit::leaf::{
    Actor, CatalogueSet, Definitions, Figures, InstitutionChange, IssuerKey, IssuerKeyState, KeyEvent, KeyState, Prune,
    Stop, Suspension, Unseal,
};
use credit_audit::pruned;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    appointments::Appointments,
    approvals::{Approvals, PRUNE, RESUME, UNSEAL, of_resumption, of_unsealing},
    open_cases::OpenCases,
};

/// A change of who may ask, as one leaf recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RegisterEvent {
    /// An institution is new.
    Added(InstitutionChange),
    /// Its kind, certificates or limits are others from here on.
    Changed(InstitutionChange),
    /// It may ask no more.
    Removed {
        /// Its id.
        institution: String,
    },
}

/// What the record says last of an institution, and in which leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastSaid {
    pub(crate) index: u64,
    pub(crate) institution: Registered,
    /// Certificates that earlier leaves gave it and the last one does not: they were removed, and come back by another
    /// leaf alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) former: BTreeSet<String>,
}

/// How an institution stands in the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Registered {
    /// It is registered like this, by its only leaf.
    Added(InstitutionChange),
    /// It is registered like this, whatever was said before.
    Changed(InstitutionChange),
    /// It was removed.
    Removed,
}

impl Registered {
    fn certificates(&self) -> &[String] {
        match self {
            Self::Added(change) | Self::Changed(change) => &change.certificates,
            Self::Removed => &[],
        }
    }
}

impl LastSaid {
    /// All certificates that it ever had on the record.
    pub(crate) fn certificates(&self) -> BTreeSet<String> {
        self.former.iter().chain(self.institution.certificates()).cloned().collect()
    }
}

/// A catalogue that came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InForce {
    pub(crate) at: Timestamp,
    pub(crate) catalogue: CatalogueSet,
}

/// Since when something is suspended, as its leaf says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Since {
    pub(crate) at: Timestamp,
    pub(crate) of: Suspension,
}

impl Since {
    fn is_of(&self, other: &Suspension) -> bool {
        let of = |it: &Suspension| (it.institution.clone(), it.operator.clone(), it.scenario.clone());
        of(&self.of) == of(other)
    }
}

/// What the log says of the gateway itself, up to its last leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Leaves that were taken in.
    pub(crate) size: u64,
    /// The last leaf is a seal: nothing may follow.
    pub(crate) sealed: bool,
    /// Last consecutive number of each institution.
    pub(crate) seqs: BTreeMap<String, u64>,
    /// The register, as far as it was changed on the record.
    pub(crate) institutions: BTreeMap<String, LastSaid>,
    /// Certificates by which institutions asked, also those that the configuration alone lists.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) used: BTreeSet<String>,
    /// Whether institutions are suspended, as the last leaf about each says.
    pub(crate) suspended: BTreeMap<String, bool>,
    /// Whether parts of institutions are suspended, likewise: institution, member of staff, scenario; empty where all are
    /// meant.
    pub(crate) parts_suspended: Vec<(String, String, String, bool)>,
    /// Since when, and why, of what is suspended, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) since: Vec<Since>,
    /// Whether the stop switch is thrown, by scenario; the empty one is that of all.
    pub(crate) stopped: BTreeMap<String, bool>,
    /// Catalogues, in the order in which they came into force.
    pub(crate) catalogues: Vec<InForce>,
    /// Keys of issuers that are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) issuer_keys: Vec<IssuerKey>,
    /// What the fields of each catalogue mean: digests by field, by the catalogue's label.
    #[serde(default)]
    pub(crate) definitions: BTreeMap<String, BTreeMap<String, String>>,
    /// Leaves of what outlives a data key: blocks, objections, repairs. Person and record are sealed in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) standing: Vec<u64>,
    /// What two officers approved.
    #[serde(default)]
    pub(crate) approvals: Approvals,
    /// Cases that were registered and are not decided.
    #[serde(default, skip_serializing_if = "OpenCases::is_empty")]
    pub(crate) cases: OpenCases,
    /// Who is to come to a department on a day.
    #[serde(default, skip_serializing_if = "Appointments::is_empty")]
    pub(crate) appointments: Appointments,
    /// Figures that were published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) figures: Vec<Figures>,
    /// Up to where records were let go last, and by which leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pruned: Option<(u64, u64)>,
    /// Keys of the ring, as the last leaf about each says.
    pub(crate) keys: BTreeMap<String, KeyEvent>,
}

impl Ledger {
    /// Takes in what fields of a catalogue mean.
    pub(crate) fn define(&mut self, definitions: Definitions) {
        self.definitions.entry(definitions.catalogue).or_default().extend(definitions.fields);
    }

    /// Takes in figures that were published; a new log says those of the log before again.
    pub(crate) fn publish(&mut self, figures: Figures) {
        if !self.figures.contains(&figures) {
            self.figures.push(figures);
        }
    }

    /// Takes in one change of the register. A later leaf of the same institution is the one in force.
    pub(crate) fn apply(&mut self, index: u64, event: RegisterEvent) {
        let (id, institution) = match event {
            RegisterEvent::Added(change) => {
                let is_known = self.institutions.contains_key(&change.institution);
                let id = change.institution.clone();
                (id, if is_known { Registered::Changed(change) } else { Registered::Added(change) })
            }
            RegisterEvent::Changed(change) => (change.institution.clone(), Registered::Changed(change)),
            RegisterEvent::Removed { institution } => (institution, Registered::Removed),
        };
        let mut former = self.institutions.get(&id).map(LastSaid::certificates).unwrap_or_default();
        for certificate in institution.certificates() {
            former.remove(certificate);
        }
        self.institutions.insert(id, LastSaid { index, institution, former });
    }

    /// Takes in that an institution, or a part of it, is suspended or resumed.
    pub(crate) fn suspend(&mut self, suspension: Suspension, at: Option<Timestamp>) {
        self.since.retain(|since| !since.is_of(&suspension));
        self.since.extend(at.filter(|_| suspension.suspended).map(|at| Since { at, of: suspension.clone() }));
        let Suspension { institution, operator, scenario, suspended, .. } = suspension;
        if operator.is_none() && scenario.is_none() {
            if !suspended {
                self.approvals.reinstated(&institution);
            }
            self.suspended.insert(institution, suspended);
            return;
        }
        let (operator, scenario) = (operator.unwrap_or_default(), scenario.unwrap_or_default());
        self.parts_suspended.retain(|(of, staff, use_, _)| (of, staff, use_) != (&institution, &operator, &scenario));
        self.parts_suspended.push((institution, operator, scenario, suspended));
    }

    /// Whether it says anything of what this change is about.
    pub(crate) fn says_of(&self, change: &Suspension) -> bool {
        let [operator, scenario] = [&change.operator, &change.scenario].map(|name| name.as_deref().unwrap_or_default());
        let is_it =
            |(of, staff, use_): (&str, &str, &str)| (of, staff, use_) == (&change.institution, operator, scenario);
        match (operator, scenario) {
            ("", "") => self.suspended.contains_key(&change.institution),
            _ => self.parts_suspended.iter().any(|(of, staff, use_, _)| is_it((of, staff, use_))),
        }
    }

    /// Takes in that everything, or one scenario, is stopped or goes on.
    pub(crate) fn stop(&mut self, stop: Stop) {
        self.stopped.insert(stop.scenario.unwrap_or_default(), stop.stopped);
    }

    /// Takes in what became of a key.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        if key.state == KeyState::Destroyed {
            self.approvals.destroyed(&key.key, key.part.map(|part| part.0));
        }
        self.keys.insert(key.key.clone(), key);
    }

    /// Takes in who threw the switch or released it, where that needs two officers.
    pub(crate) fn stop_by(&mut self, stop: Stop, by: Option<&Actor>, at: Timestamp) {
        if !stop.stopped {
            let digest = of_resumption(stop.scenario.as_deref(), stop.reason.as_deref());
            self.approvals.done((RESUME, &digest), None, by, at);
        }
        self.stop(stop);
    }

    /// Takes in that a sealed part was opened.
    pub(crate) fn unseal(&mut self, unseal: &Unseal, by: Option<&Actor>, at: Timestamp) {
        let digest = of_unsealing(unseal.entry, &unseal.reason);
        self.approvals.done((UNSEAL, &digest), unseal.proposal, by, at);
    }

    /// Takes in that records were let go.
    pub(crate) fn prune(&mut self, index: u64, prune: &Prune, by: Option<&Actor>, at: Timestamp) {
        self.approvals.done((PRUNE, &pruned::digest(prune.until)), prune.proposal, by, at);
        self.pruned = Some((prune.until, index));
    }

    /// The same without what leaves before `until` have sealed.
    pub(crate) fn from(&self, until: u64) -> Self {
        let mut ledger = self.clone();
        ledger.standing.retain(|index| *index >= until);
        ledger.cases.begin_at(until);
        ledger.appointments.begin_at(until);
        ledger
    }

    /// Everything that is suspended, as leaves would say it: institutions, then parts of them.
    pub(crate) fn suspensions(&self) -> impl Iterator<Item = Suspension> {
        let whole = self.suspended.iter().filter(|(_, suspended)| **suspended);
        let whole = whole.map(|(institution, _)| (institution.as_str(), "", ""));
        let parts = self.parts_suspended.iter().filter(|(.., suspended)| *suspended);
        let parts = parts.map(|(of, operator, scenario, _)| (of.as_str(), operator.as_str(), scenario.as_str()));
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        whole.chain(parts).map(move |(institution, operator, scenario)| Suspension {
            institution: institution.to_owned(),
            operator: named(operator),
            scenario: named(scenario),
            suspended: true,
            reason: None,
        })
    }

    /// The scenarios that are stopped; nothing stands for everything.
    pub(crate) fn stops(&self) -> impl Iterator<Item = Option<&str>> {
        let thrown = self.stopped.iter().filter(|(_, stopped)| **stopped);
        thrown.map(|(scenario, _)| (!scenario.is_empty()).then_some(scenario.as_str()))
    }

    /// Takes in that a key of an issuer is accepted from here on, or no longer.
    pub(crate) fn issuer_key(&mut self, key: IssuerKey) {
        self.issuer_keys.retain(|known| (&known.iss, &known.kid) != (&key.iss, &key.kid));
        if key.state == IssuerKeyState::Active {
            self.issuer_keys.push(key);
        }
    }

    /// The register as the record says it, in the order of the leaves.
    pub(crate) fn register(&self) -> Vec<(&str, &LastSaid)> {
        let mut said: Vec<_> = self.institutions.iter().collect();
        said.sort_by_key(|(_, said)| said.index);
        said.into_iter().map(|(id, said)| (id.as_str(), said)).collect()
    }

    /// Takes in that an institution asked by this certificate.
    pub(crate) fn used(&mut self, certificate: &str) {
        if !self.used.contains(certificate) {
            self.used.insert(certificate.to_owned());
        }
    }

    /// Every certificate that an institution has or had, as far as the record says.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &str> {
        let said =
            self.institutions.values().flat_map(|said| said.former.iter().chain(said.institution.certificates()));
        self.used.iter().chain(said).map(String::as_str)
    }

    /// The catalogue that came into force last.
    pub(crate) fn last_catalogue(&self) -> Option<&CatalogueSet> {
        self.catalogues.last().map(|last| &last.catalogue)
    }
}
