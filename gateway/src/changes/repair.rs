//! Credit repairs (R10; order no. 36 of 2025 of the NDRC): a credit office gives notice that a record is repaired. From then on
//! the record counts nowhere, also where a store has it still; until the office says that the repair is revoked.

use std::{collections::HashSet, sync::Arc};

use credit_audit::{
    leaf::{self, RepairState},
    log::Durable,
};
use credit_policy::{CitizenNumber, Personal};
use jiff::civil::Date;
use uuid::Uuid;

use super::{
    by::By,
    error::ChangeError,
    sealing::Sealing,
    standing::{RecordMember, TextMember},
};
use crate::{
    gateway::Gateway,
    recorder::{InForceOnly, NotRecorded, Order},
    state::standing::{Names, Repair},
};

/// What a credit office says of a record.
pub(crate) struct RepairNotice {
    /// Whose record it is.
    pub(crate) number: Personal<CitizenNumber>,
    /// Its class.
    pub(crate) class: String,
    /// Which one.
    pub(crate) record: RepairedRecord,
    /// The day of the repair, or of its revocation.
    pub(crate) on: Date,
    /// The order that says so.
    pub(crate) order: String,
    /// Whether a repair is revoked.
    pub(crate) is_revoked: bool,
}

/// Which record.
pub(crate) enum RepairedRecord {
    /// By its id, as the person sees it.
    Id(String, Option<Date>),
    /// By its document and the day of its determination.
    Document(String, Date),
}

/// Records it and puts it in force; whatever the person, and whether or not a store has the record, the same.
///
/// # Errors
/// [`ChangeError::UnknownRepair`] where a repair is revoked that is not in force.
pub(crate) async fn repair(
    gateway: &Arc<Gateway>,
    by: By,
    notice: RepairNotice,
) -> Result<(Uuid, Durable), ChangeError> {
    let gateway = Arc::clone(gateway);
    let task = tokio::spawn(async move {
        let off_record = &mut *gateway.changes.lock().await;
        record(&gateway, &by, notice, off_record).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

async fn record(
    gateway: &Arc<Gateway>,
    by: &By,
    notice: RepairNotice,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<(Uuid, Durable), ChangeError> {
    let RepairNotice { number, class, record, on, order, is_revoked } = notice;
    let keys = gateway.current_keys();
    let names = Names { keys: &keys.state, catalogue: &gateway.catalogue() };
    let (ids, determined) = match record {
        RepairedRecord::Id(id, determined) => (vec![id], determined.unwrap_or(on)),
        RepairedRecord::Document(document, day) => (names.named(&class, &document, day).all, day),
    };
    let person = gateway.standing.person(&number);
    let known = gateway.standing.repairs(&person);
    let known = known.into_iter().find(|known| ids.contains(&known.record) && known.class == class);
    let record = match (&known, is_revoked) {
        (None, true) => return Err(ChangeError::UnknownRepair),
        (Some(known), _) => known.record.clone(),
        (None, false) => ids.into_iter().next().unwrap_or_default(),
    };
    let sealing = Sealing::begin(gateway, &number);
    let member =
        RecordMember { number: String::new(), record: record.clone(), determined: Some(determined), first: None };
    let leaf = leaf::Repair {
        state: if is_revoked { RepairState::Revoked } else { RepairState::Repaired },
        class: class.clone(),
        on,
        key: sealing.key(),
        record: sealing.member("record", |number| RecordMember { number, ..member })?,
        order: Some(sealing.member("order", |_| TextMember { text: order })?),
    };
    let (id, entry) = (sealing.id(), by.entry(&leaf, sealing.id())?);
    let standing = Arc::clone(&gateway.standing);
    if is_revoked {
        let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, move || {
            standing.revoke_repair(&person, &record);
        });
        return recorded.await.map(|(durable, ())| (id, durable)).map_err(ChangeError::from);
    }
    let repair = Repair { record: record.clone(), class, determined, on, leaf: None, first: None };
    let (in_force, off) = (repair.clone(), InForceOnly::Repair(person, record));
    // It leaves every answer before the leaf is there.
    let effect = move || standing.repair(person, in_force);
    let (durable, ()) = match gateway.recorder.put_in_force(Order::EffectFirst, entry, false, effect).await {
        Ok(recorded) => recorded,
        Err(NotRecorded::NotShared) => return Err(ChangeError::NotShared),
        Err(_) => {
            off_record.insert(off);
            return Err(ChangeError::NotOnRecord("the record counts nowhere".to_owned()));
        }
    };
    off_record.remove(&off);
    gateway.standing.repair(person, Repair { leaf: Some(durable.index), ..repair });
    Ok((id, durable))
}
