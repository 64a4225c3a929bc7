//! The cells of published figures: each scenario and each kind of institution that may use it, whether anybody did or not; and what
//! is counted in them, at most ten queries of a person.

use std::collections::{BTreeMap, HashMap};

use credit_audit::leaf::{Kind, Outcome, QueryLeaf, peek};
use credit_keys::KeyId;
use credit_policy::{Asker, Catalogue, CitizenNumber, InstitutionKind};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    gateway::Gateway,
    index::{IndexError, each_leaf},
    state::standing::StandingKey,
};

/// Queries of one person that count.
pub(super) const CLIPPED_TO: u64 = 10;

/// Scenario and kind of institution.
pub(super) type Cell = (String, InstitutionKind);

/// Of a sealed part: whom it is about.
#[derive(Deserialize)]
struct About {
    number: String,
}

/// All cells of a catalogue, empty.
pub(super) fn empty(catalogue: &Catalogue) -> BTreeMap<Cell, u64> {
    let scenarios = catalogue.scenarios().into_iter();
    let cells = scenarios.flat_map(|scenario| {
        scenario.kinds().iter().map(move |kind| ((scenario.name().as_str().to_owned(), *kind), 0))
    });
    cells.collect()
}

/// Counts answered queries of institutions from `since` to before `until`, in the order of the log. Blocks.
///
/// # Errors
/// When a leaf cannot be read.
pub(super) fn count(gateway: &Gateway, since: Timestamp, until: Timestamp) -> Result<BTreeMap<Cell, u64>, IndexError> {
    let (mut cells, mut persons) = (empty(&gateway.catalogue()), HashMap::<StandingKey, u64>::new());
    each_leaf(&gateway.log_folder(), 0, gateway.log.published(), |index, leaf| {
        let head = peek(leaf).map_err(|_| IndexError::Leaf(index))?;
        if head.kind != Kind::Query.as_str() || head.at < since || head.at >= until {
            return Ok(());
        }
        let query = QueryLeaf::parse(leaf).map_err(|_| IndexError::Leaf(index))?;
        let (Outcome::Answered, Asker::Institution(kind), Some(scenario)) =
            (query.outcome, query.inputs.kind, query.scenario.as_ref())
        else {
            return Ok(());
        };
        let Some(cell) = cells.get_mut(&(scenario.as_str().to_owned(), kind)) else { return Ok(()) };
        // Whose data key is destroyed is nobody any more.
        let Some(person) = person(gateway, &query) else { return Ok(()) };
        let counted = persons.entry(person).or_default();
        if *counted < CLIPPED_TO {
            *counted += 1;
            *cell += 1;
        }
        Ok(())
    })?;
    Ok(cells)
}

fn person(gateway: &Gateway, query: &QueryLeaf) -> Option<StandingKey> {
    let (key, sealed, commit) = (query.key.as_deref()?, query.sealed.as_ref()?, query.commit.as_ref()?);
    let (key, id, origin) = (KeyId::parse(key).ok()?, query.id.to_string(), &gateway.settings.log.origin);
    let opened = gateway.keys.with(|ring| ring.unseal(&key, origin, &id, &sealed.0, &commit.0)).ok()?;
    let about: About = opened.disclose(|plain| serde_json::from_slice(plain)).ok()?;
    let number = CitizenNumber::parse(&about.number).ok()?;
    Some(gateway.standing.person(&number))
}
