//! For tests: logs that nobody wrote, with every kind in any order that the format allows. They are the same for the
//! same seed, and [`verify`](crate::verify) and [`Promises`](crate::promises::Promises) find nothing wrong with them;
//! their decisions are made up.

mod officers;
mod operation;
mod persons;
mod queries;
mod random;
mod world;

use std::collections::BTreeMap;

use super::bodies::{CatalogueSet, Open, Seal};
use super::entry::{Entry, LeafError, render};
use super::event::Event as _;
use super::kind::Kind;
use world::World;

/// The origin that the first leaf names.
pub const ORIGIN: &str = "credit-gateway.example/samples/r1";

/// The catalogue that the second leaf brings into force.
pub const CATALOGUE: &str = "2026.11@sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A log of its own for each seed: `open` and a `catalogue`, then `more` leaves at least, of every kind and in random
/// order, and after them, in every second log, a `seal`.
#[must_use]
pub fn log(seed: u64, more: usize) -> Vec<Vec<u8>> {
    let mut made = Made { world: World::new(seed), leaves: Vec::new() };
    let open = Open { origin: ORIGIN.to_owned(), previous: None, software: "samples 1".to_owned() };
    let id = made.world.id();
    made.push(open.entry(id));
    let id = made.world.id();
    made.world.catalogues.push(CATALOGUE.to_owned());
    made.push(CatalogueSet { label: CATALOGUE.to_owned(), files: Vec::new() }.entry(id));
    let mut kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !is_at_an_end(*kind)).collect();
    while kinds.len() < more {
        // Most leaves of a log are queries.
        let kind = made.world.random.one_of(&Kind::ALL).copied().filter(|kind| !is_at_an_end(*kind));
        kinds.push(kind.filter(|_| made.world.random.once_in(2)).unwrap_or(Kind::Query));
    }
    made.world.random.shuffle(&mut kinds);
    for kind in kinds {
        made.leaf_of(kind);
    }
    if seed.is_multiple_of(2) {
        let institutions: BTreeMap<String, u64> = made.world.seqs.clone();
        let id = made.world.id();
        made.push(Seal { institutions, next: Some(format!("{ORIGIN}2")) }.entry(id));
    }
    made.leaves
}

fn is_at_an_end(kind: Kind) -> bool {
    matches!(kind, Kind::Open | Kind::Seal)
}

struct Made {
    world: World,
    leaves: Vec<Vec<u8>>,
}

impl Made {
    /// Adds a leaf of this kind, and before it what it needs.
    fn leaf_of(&mut self, kind: Kind) {
        self.world.turn();
        if needs_data_key(kind) && self.world.data_key().is_none() {
            let entry = operation::new_data_key(&mut self.world);
            self.push(entry);
        }
        if kind == Kind::Correction && !persons::is_correctable(&self.world) {
            let entry = persons::removal(&mut self.world);
            self.push(entry);
        }
        let world = &mut self.world;
        let entry = match kind {
            Kind::Query => queries::query(world),
            Kind::Catalogue => operation::catalogue(world),
            Kind::Definitions => operation::definitions(world),
            Kind::Key => operation::key(world),
            Kind::Institution => operation::institution(world),
            Kind::Suspension => operation::suspension(world),
            Kind::Revocation => operation::revocation(world),
            Kind::Flood => operation::flood(world),
            Kind::Refusals => operation::refusals(world),
            Kind::Read => operation::read(world),
            Kind::Stop => operation::stop(world),
            Kind::IssuerKey => operation::issuer_key(world),
            Kind::Prune => operation::prune(world),
            Kind::Log => operation::listed_log(world),
            Kind::Carried => operation::carried(world),
            Kind::Notice => persons::notice(world),
            Kind::Statement => persons::statement(world),
            Kind::Block => persons::block(world),
            Kind::Objection => persons::objection(world),
            Kind::Repair => persons::repair(world),
            Kind::Correction => persons::correction(world),
            Kind::Binding => persons::binding(world),
            Kind::Case => officers::case(world),
            Kind::Appointment => officers::appointment(world),
            Kind::Feedback => officers::feedback(world),
            Kind::Proposal => officers::proposal(world),
            Kind::Approval => officers::approval(world),
            Kind::Review => officers::review(world),
            Kind::Sampling => officers::sampling(world),
            Kind::Unseal => officers::unseal(world),
            Kind::Figures => officers::figures(world),
            Kind::Open | Kind::Seal => return,
        };
        self.push(entry);
    }

    fn push(&mut self, entry: Result<Entry, LeafError>) {
        let Ok(entry) = entry else { return };
        let seq = match &entry.institution {
            Some(institution) => {
                let taken = std::mem::replace(&mut self.world.taken, 1);
                let seq = self.world.seqs.entry(institution.clone()).or_default();
                *seq += taken;
                *seq
            }
            None => 0,
        };
        self.leaves.push(render(&entry, self.world.at, seq));
        self.world.index += 1;
    }
}

fn needs_data_key(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Query
            | Kind::Notice
            | Kind::Statement
            | Kind::Block
            | Kind::Objection
            | Kind::Repair
            | Kind::Correction
            | Kind::Case
            | Kind::Appointment
            | Kind::Binding
    )
}
