//! What the start itself records: the opening of a new log, what it takes over, and a catalogue that is new.

use std::collections::BTreeMap;

use credit_audit::leaf::{
    Act, Actor, CatalogueSet, Definitions, Entry, Event, IssuerKey, IssuerKeyState, LeafError, Open, Previous,
    Proposal, Read, RegisterChange,
};
use credit_policy::{Catalogue, consent::IssuerJwk};
use jiff::Timestamp;
use uuid::Uuid;

use super::{approval::Loads, carry::Carry, error::StartError, register::News, rules};
use crate::{
    process::issuer_keys::leaf,
    recorder::Recorder,
    state::{
        approvals::loaded_path,
        ledger::{InForce, Ledger},
        projection::Projection,
    },
};

/// A name has 64 bytes at most and its digest 22, so that these fit into a leaf.
const DEFINITIONS_A_LEAF: usize = 150;

/// Records at start.
pub(super) struct FirstLeaves<'a> {
    pub(super) recorder: &'a Recorder,
}

impl FirstLeaves<'_> {
    /// A log that is new begins.
    pub(super) async fn open(&self, is_new: bool, origin: &str, previous: Option<Previous>) -> Result<(), StartError> {
        if !is_new {
            return Ok(());
        }
        let open = Open {
            origin: origin.to_owned(),
            previous,
            software: concat!("credit-gateway ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        self.record(open.entry(self.recorder.new_id())).await.map(drop)
    }

    /// Says again what the log before said, and takes it in. A crash in between leaves the rest to the next start.
    pub(super) async fn carry(&self, carried: Vec<Carry>, projection: &mut Projection) -> Result<(), StartError> {
        for part in carried {
            let id = self.recorder.new_id();
            match part {
                Carry::Catalogue(former) => self.catalogue(former, projection).await?,
                Carry::Definitions(definitions) => self.definitions(definitions, projection).await?,
                Carry::Institution(change) => drop(self.record(change.entry(id, Actor::gateway())).await?),
                Carry::Suspension(change) => drop(self.record(change.entry(id, Actor::gateway())).await?),
                Carry::Figures(figures) => {
                    self.record(figures.entry(id)).await?;
                    projection.ledger.publish(figures);
                }
                Carry::Stop(change) => drop(self.record(change.entry(id, Actor::gateway())).await?),
                Carry::Counts(counts) => {
                    let at = self.record(counts.entry(id)).await?;
                    projection.usage.import(&counts, at, |_, _, _| true)?;
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
        let at = self.record(catalogue.entry(self.recorder.new_id())).await?;
        projection.ledger.catalogues.push(InForce { at, catalogue });
        Ok(())
    }

    /// Institutions of the record that stand otherwise in the configuration; and what the gateway itself proposes: it loads
    /// that, and from there on nothing else alone.
    async fn changed(
        &self,
        News { changed, gone }: &News,
        proposals: Vec<Proposal>,
        projection: &mut Projection,
    ) -> Result<(), StartError> {
        let changed = changed.iter().map(|institution| institution.leaf(RegisterChange::Changed));
        let gone = gone.iter().map(|institution| institution.leaf(RegisterChange::Removed));
        for leaf in changed.chain(gone) {
            self.record(leaf.entry(self.recorder.new_id(), Actor::gateway())).await?;
        }
        for proposal in proposals {
            let id = self.recorder.new_id();
            self.record(proposal.entry(id, Actor::gateway())).await?;
            projection.ledger.approvals.propose(id, Some(&Actor::gateway()), proposal);
        }
        Ok(())
    }

    /// What is in force from here on and what its fields mean, as far as the log does not have it.
    async fn in_force(
        &self,
        (catalogue, files): (&Catalogue, &[(String, String)]),
        projection: &mut Projection,
    ) -> Result<(), StartError> {
        if projection.ledger.last_catalogue().is_none_or(|set| set.label != catalogue.label()) {
            self.catalogue(rules::leaf(catalogue, files), projection).await?;
        }
        let definitions = Definitions { catalogue: catalogue.label().to_owned(), fields: catalogue.definitions() };
        self.definitions(definitions, projection).await
    }

    /// Register, catalogue and whatever else decides, as this start has them.
    pub(super) async fn rules(
        &self,
        news: &News,
        Loads { proposals, loaded }: Loads,
        catalogue: (&Catalogue, &[(String, String)]),
        projection: &mut Projection,
    ) -> Result<(), StartError> {
        self.changed(news, proposals, projection).await?;
        self.in_force(catalogue, projection).await?;
        self.loaded(loaded, projection).await
    }

    /// What two officers approved is loaded from here on.
    async fn loaded(&self, loaded: Vec<(String, Uuid)>, projection: &mut Projection) -> Result<(), StartError> {
        for (act, proposal) in loaded {
            let path = loaded_path(&act, proposal);
            self.record(Read { path: path.clone() }.entry(self.recorder.new_id(), Actor::gateway())).await?;
            projection.ledger.approvals.read(&path, Some(&Actor::gateway()));
        }
        Ok(())
    }

    /// Keys of issuers that are new in the configuration, or gone from it.
    pub(super) async fn issuer_keys(&self, ledger: &Ledger, configured: &[IssuerJwk]) -> Result<(), StartError> {
        let said = |IssuerKey { iss, kid, jwk, .. }: &IssuerKey| IssuerJwk {
            iss: iss.clone(),
            kid: kid.clone(),
            jwk: jwk.clone(),
        };
        let on_record: Vec<_> = ledger.issuer_keys.iter().map(said).collect();
        let gone = on_record.iter().filter(|key| !configured.contains(key)).map(|key| (key, IssuerKeyState::Retired));
        let new = configured.iter().filter(|key| !on_record.contains(key)).map(|key| (key, IssuerKeyState::Active));
        for (key, state) in gone.chain(new) {
            self.record(leaf(key, state).entry(self.recorder.new_id(), Actor::gateway())).await?;
        }
        Ok(())
    }

    /// What the fields of a catalogue mean, unless all of it is on the record.
    pub(super) async fn definitions(
        &self,
        definitions: Definitions,
        projection: &mut Projection,
    ) -> Result<(), StartError> {
        let known = projection.ledger.definitions.get(&definitions.catalogue);
        let new = |(field, digest): &(String, String)| known.and_then(|known| known.get(field)) != Some(digest);
        let Definitions { catalogue, fields } = definitions;
        let mut fields = fields.into_iter().filter(new).collect::<Vec<_>>().into_iter();
        loop {
            let fields: BTreeMap<_, _> = fields.by_ref().take(DEFINITIONS_A_LEAF).collect();
            if fields.is_empty() {
                return Ok(());
            }
            let part = Definitions { catalogue: catalogue.clone(), fields };
            self.record(part.entry(self.recorder.new_id())).await?;
            projection.ledger.define(part);
        }
    }

    /// Records, and says when.
    async fn record(&self, entry: Result<Entry, LeafError>) -> Result<Timestamp, StartError> {
        Ok(self.recorder.record(entry?).await?.at)
    }
}
