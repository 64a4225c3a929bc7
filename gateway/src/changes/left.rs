//! What is left of records that are let go, and whether they may go: the law wants them no longer, nothing that was sealed in them
//! can be opened, nothing reads them again, and what is left amounts to the same state.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use credit_audit::{
    leaf::{Body, QuerySummary, parse_after, peek},
    pruned::PrunedHead,
    tile::FULL_WIDTH,
};
use credit_keys::{KeyStatus, KeyUse};
use jiff::{Timestamp, tz::TimeZone};

use super::{destruction::Month, error::ChangeError};
use crate::{
    gateway::Gateway,
    index::leaf_at,
    state::{FoldError, bundles, consent_key, projection::Projection, snapshot, usage::Usage},
};

/// What is left of the records before `until`, if they may go.
///
/// # Errors
/// Why they may not.
pub(super) async fn looked(gateway: &Arc<Gateway>, until: u64) -> Result<Left, ChangeError> {
    let shared = Arc::clone(gateway);
    tokio::task::spawn_blocking(move || look(&shared, until)).await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// The same. Blocks: reads the log.
fn look(gateway: &Gateway, until: u64) -> Result<Left, ChangeError> {
    let (now, published) = (gateway.log.pruned(), gateway.log.published());
    if !until.is_multiple_of(FULL_WIDTH.into()) || until <= now || until > published {
        return Err(ChangeError::NoEdge(now));
    }
    is_read(gateway, until, published)?;
    let folder = gateway.log_folder();
    let last = leaf_at(&folder, until - 1).map_err(|error| ChangeError::Index(error.to_string()))?;
    let last_at = peek(&last).map_err(|_| ChangeError::NoEdge(now))?.at;
    is_over(gateway, last_at)?;
    let waits = gateway.reviews.with(published, |reviews| reviews.is_waiting_up_to(last_at));
    if waits.map_err(|_| ChangeError::NotReadYet)? {
        return Err(ChangeError::ReviewsWait);
    }
    let unread = |error: FoldError| ChangeError::Index(error.to_string());
    let path = gateway.settings.data.dir.join(snapshot::FILE);
    let all = snapshot::read(&path, &gateway.settings.log.origin, &folder, published).ok().flatten();
    let mut all = all.filter(|all| all.ledger.size >= until).ok_or(ChangeError::NotReadYet)?;
    // What counted then and counts no longer is nothing that could be lost.
    let (at, today) = (gateway.log.accepted_now(), gateway.today());
    let reach_today = |usage: &mut Usage| {
        drop(usage.reach(at));
        drop(usage.turn(today));
    };
    reach_today(&mut all.usage);
    let mut left = Left::after(PrunedHead::read(&folder, None).ok().flatten());
    bundles::each(&folder, 0, until, |index, leaf| {
        left.take(index, leaf, &all.usage);
        Ok(())
    })
    .map_err(unread)?;
    let mut rest = Projection::default();
    let catalogue = gateway.catalogue();
    for (index, leaf) in &left.kept {
        rest.apply(&catalogue, *index, leaf).map_err(unread)?;
    }
    rest.go_on_after(&left.numbers, &left.certificates);
    bundles::each(&folder, until, all.ledger.size, |index, leaf| rest.apply(&catalogue, index, leaf))
        .map_err(unread)?;
    reach_today(&mut rest.usage);
    if rest.is_as(&all, until) { Ok(left) } else { Err(ChangeError::InForceStill) }
}

/// Whether nothing reads these records again: not a start, and not what is derived from the log.
fn is_read(gateway: &Gateway, until: u64, published: u64) -> Result<(), ChangeError> {
    let released = gateway.log.released().map_err(|error| ChangeError::Index(error.to_string()))?;
    let indexed = gateway.index.as_ref().map_or(published, |index| index.size());
    let is_covered = gateway.covered(|_| ()).is_ok();
    if released.min(indexed) >= until && is_covered { Ok(()) } else { Err(ChangeError::NotReadYet) }
}

/// Whether the law wants nothing of it any more, and nothing that was sealed in it can be opened.
fn is_over(gateway: &Gateway, last_at: Timestamp) -> Result<(), ChangeError> {
    let name = last_at.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string();
    let month = Month::parse(&name).ok_or(ChangeError::NoRetention)?;
    let until = gateway.catalogue().retention().ok_or(ChangeError::NoRetention)?.last_day(month.last());
    if until >= gateway.today() {
        return Err(ChangeError::Retained { month: name, until });
    }
    let status = gateway.keys.with(|ring| ring.status(gateway.log.accepted_now()));
    let is_there = |key: &&KeyStatus| {
        let is_older = Month::of(&key.id).is_some_and(|of| of.first() <= month.first());
        key.key_use == KeyUse::Data && is_older && key.destroyed.is_none() && !gateway.keys.is_marked_destroyed(&key.id)
    };
    match status.iter().find(is_there) {
        Some(key) => Err(ChangeError::NotDestroyed(key.id.clone())),
        None => Ok(()),
    }
}

/// What is left of records.
pub(super) struct Left {
    pub(super) kept: Vec<(u64, Vec<u8>)>,
    pub(super) numbers: BTreeMap<String, u64>,
    pub(super) certificates: BTreeSet<String>,
    pub(super) last_at: Timestamp,
    /// Leaves that are kept with the token of a consent.
    holders: HashSet<u64>,
}

impl Left {
    /// After what was let go before.
    fn after(before: Option<PrunedHead>) -> Self {
        let (numbers, certificates, last_at) =
            before.map_or_else(Default::default, |head| (head.numbers, head.certificates, head.last_at));
        Self { kept: Vec::new(), numbers, certificates, last_at, holders: HashSet::new() }
    }

    fn take(&mut self, index: u64, leaf: &[u8], usage: &Usage) {
        // What cannot be read stays: the fold says so.
        let Ok(head) = peek(leaf) else { return self.kept.push((index, leaf.to_vec())) };
        self.last_at = self.last_at.max(head.at);
        if let (Some(institution), Some(seq)) = (head.institution, head.seq) {
            self.numbers.insert(institution.to_owned(), seq);
        }
        let parsed = parse_after(head);
        let is_kept = match parsed.as_ref().map(|leaf| leaf.as_ref().map(|leaf| &leaf.body)) {
            Ok(Some(Body::Query(query))) => {
                self.certificates.extend(query.certificate.map(str::to_owned));
                self.holds(index, query, usage)
            }
            Ok(Some(body)) => is_kept(body),
            Ok(None) | Err(_) => true,
        };
        if is_kept {
            self.kept.push((index, leaf.to_vec()));
        }
    }

    /// Whether a query was answered on a consent that may be used still.
    fn holds(&mut self, index: u64, query: &QuerySummary<'_>, usage: &Usage) -> bool {
        let Some((holder, _)) = query.consent_use(index).filter(|_| query.is_answered()) else { return false };
        let is_live = query.consent().is_some_and(|name| {
            let row = usage.consents.get(&consent_key(&name.iss, &name.jti));
            row.is_some_and(|row| !row.is_over(usage.at))
        });
        if is_live {
            self.holders.insert(index);
        }
        is_live || self.holders.contains(&holder)
    }
}

/// Every kind by name: whoever adds one decides here whether it holds longer than the law wants records.
fn is_kept(body: &Body<'_>) -> bool {
    match body {
        Body::Open(_)
        | Body::Seal(_)
        | Body::Catalogue(_)
        | Body::Definitions(_)
        | Body::Carried(_)
        | Body::Log(_)
        | Body::Prune(_)
        | Body::Key(_)
        | Body::Institution(_)
        | Body::Suspension(_)
        | Body::Stop(_)
        | Body::Revocation(_)
        | Body::IssuerKey(_)
        | Body::Unseal(_)
        | Body::Proposal(_)
        | Body::Approval(_)
        | Body::Figures(_) => true,
        Body::Read(read) => read.path.ends_with("/loaded") || read.path.ends_with("/done"),
        // What is sealed in them and holds still was said again when its key was destroyed.
        Body::Block(_)
        | Body::Objection(_)
        | Body::Repair(_)
        | Body::Binding(_)
        | Body::Case(_)
        | Body::Appointment(_)
        | Body::Notice(_)
        | Body::Statement(_) => false,
        Body::Query(_)
        | Body::Refusals(_)
        | Body::Flood(_)
        | Body::Correction(_)
        | Body::Feedback(_)
        | Body::Review(_)
        | Body::Sampling(_) => false,
    }
}
