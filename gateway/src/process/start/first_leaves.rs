//! What the start itself records: the opening of a new log, what it takes over, and what changed while nothing ran.

use credit_audit::{
    clock::Clock,
    leaf::{CatalogueSet, Entry, Event, KeyEvent, LeafError, Open, Previous},
    log::Log,
};
use credit_keys::SystemEntropy;
use jiff::Timestamp;

use super::{carry::Carry, error::StartError};
use crate::{
    gateway::new_id,
    state::{ledger::InForce, projection::Projection},
};

/// Records at start.
pub(super) struct Recorder<'a> {
    pub(super) log: &'a Log,
    pub(super) clock: &'a dyn Clock,
    pub(super) entropy: &'a SystemEntropy,
}

impl Recorder<'_> {
    pub(super) async fn open(&self, origin: &str, previous: Option<Previous>) -> Result<(), StartError> {
        let open = Open {
            origin: origin.to_owned(),
            previous,
            software: concat!("credit-gateway ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        self.record(&open).await.map(drop)
    }

    /// Says again what the log before said, and takes it in. A crash in between leaves the rest to the next start.
    pub(super) async fn carry(&self, carried: Vec<Carry>, projection: &mut Projection) -> Result<(), StartError> {
        for part in carried {
            match part {
                Carry::Catalogue(former) => self.catalogue(former, projection).await?,
                Carry::Institution(change) => drop(self.record(&change).await?),
                Carry::Suspension(change) => drop(self.record(&change).await?),
                Carry::Counts(counts) => {
                    let at = self.record(&counts).await?;
                    let unread = |error: crate::state::NoKey| StartError::Unrecorded(error.to_string());
                    projection.usage.import(&counts, at, |_, _, _| true).map_err(unread)?;
                }
            }
        }
        Ok(())
    }

    /// A catalogue is in force from here on.
    pub(super) async fn catalogue(
        &self,
        catalogue: CatalogueSet,
        projection: &mut Projection,
    ) -> Result<(), StartError> {
        let at = self.record(&catalogue).await?;
        projection.ledger.catalogues.push(InForce { at, catalogue });
        Ok(())
    }

    pub(super) async fn key(&self, key: &KeyEvent) -> Result<(), StartError> {
        self.record(key).await.map(drop)
    }

    /// Records, and says when.
    async fn record(&self, event: &impl Event) -> Result<Timestamp, StartError> {
        let fault = |why: &dyn std::fmt::Display| StartError::Unrecorded(why.to_string());
        let entry: Result<Entry, LeafError> = event.entry(new_id(self.clock, self.entropy));
        let ticket = self.log.submit(entry.map_err(|error| fault(&error))?, false, || true);
        let ticket = ticket.map_err(|error| fault(&error))?;
        ticket.await.map(|durable| durable.at).map_err(|error| fault(&error))
    }
}
