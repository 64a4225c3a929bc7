//! Objections to records (R11; PIPL art. 46): a person makes one, somebody at the machine decides it. While it is open, what
//! rests on the record is marked; where it is upheld, the record counts nowhere, also where a store has it still.

use std::{collections::HashSet, sync::Arc};

use credit_audit::{
    leaf::{Act, Actor, ObjectionState, Read},
    log::Durable,
};
use credit_policy::{CitizenNumber, Deadline, Personal};
use jiff::{ToSpan, civil::Date};
use uuid::Uuid;

use super::{
    account::Account,
    by::By,
    error::ChangeError,
    listed::{ObjectionSaid, OpenObjection, ShownObjection},
    request::Made,
    sealing::Sealing,
    standing::{RecordMember, TextMember, text_of, whose},
};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::{InForceOnly, NotRecorded, Order},
    state::standing::{Objection, Stage},
};

/// Objections of one person that may be open side by side.
const MOST_OPEN: usize = 50;

/// Characters of a statement or a reason.
pub(crate) const LONGEST: usize = 2_000;

/// Days within which an objection is decided where the rule pack sets no deadline or its calendar has ended (Regulation on
/// the Administration of the Credit Reporting Industry, art. 25).
const DAYS: i32 = 20;

/// What a person objects to.
pub(crate) struct Said {
    /// The record's id.
    pub(crate) record: String,
    /// Its class.
    pub(crate) class: String,
    /// The day of its determination.
    pub(crate) determined: Date,
    /// What the person says.
    pub(crate) statement: String,
}

/// Whether a text may stand in an objection: said in so many characters, of which only a line feed is none that is seen.
pub(crate) fn is_text(text: &str) -> bool {
    let count = text.chars().count();
    (1..=LONGEST).contains(&count) && !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && c != '\n')
}

/// Records an objection; the mark is in the next answer. Nothing where one to the same record is open already.
pub(super) async fn object(
    gateway: &Arc<Gateway>,
    (number, by): (&Personal<CitizenNumber>, Option<Actor>),
    said: Said,
) -> Result<Option<(Uuid, Durable)>, ChangeError> {
    if !is_text(&said.statement) {
        return Err(ChangeError::Statement);
    }
    let person = gateway.standing.person(number);
    let mut open = gateway.standing.objections(&person);
    open.retain(|objection| objection.state == Stage::Open);
    if open.iter().any(|objection| objection.record == said.record) {
        return Ok(None);
    }
    if open.len() >= MOST_OPEN {
        return Err(ChangeError::ManyObjections);
    }
    let Said { record, class, determined, statement } = said;
    let sealing = Sealing::begin(gateway, number);
    let due = due(gateway, gateway.today());
    let sealed = |number| RecordMember { number, record: record.clone(), determined: Some(determined), first: None };
    let leaf = credit_audit::leaf::Objection {
        state: ObjectionState::Open,
        class: class.clone(),
        due,
        key: sealing.key(),
        record: sealing.member("record", sealed)?,
        text: Some(sealing.member("text", |_| TextMember { text: statement })?),
        reason: None,
    };
    let id = sealing.id();
    let entry = leaf.entry(id, by.unwrap_or_else(|| sealing.actor()))?;
    let made = gateway.clock.now();
    let objection = Objection { id, record, class, determined, made, due, state: Stage::Open, leaves: (0, None) };
    let standing = Arc::clone(&gateway.standing);
    // The mark needs the leaf's number, so it comes after the leaf.
    let recorded = gateway.recorder.put_in_force(Order::RecordFirst, entry, false, || ()).await;
    let (durable, ()) = recorded.map_err(ChangeError::from)?;
    standing.object(person, Objection { leaves: (durable.index, None), ..objection });
    Ok(Some((id, durable)))
}

/// The day by which an objection of that day is decided.
fn due(gateway: &Gateway, today: Date) -> Date {
    let by_pack = gateway.catalogue().deadline(Deadline::ObjectionDecision, today);
    by_pack.unwrap_or_else(|| today.saturating_add(DAYS.days()))
}

/// Every objection that waits, the one due first at the beginning.
pub(super) fn list(gateway: &Gateway) -> Made {
    let today = gateway.today();
    let open = gateway.standing.open().into_iter().map(|objection| OpenObjection {
        objection: objection.id,
        class: objection.class,
        made: gateway.catalogue().today(objection.made),
        due: objection.due,
        overdue: objection.due < today,
    });
    Made::Objections(open.collect())
}

/// Shows an objection to somebody at the machine, once it is on the record who looked.
pub(super) async fn show(gateway: &Arc<Gateway>, id: Uuid, account: &Account) -> Result<Made, ChangeError> {
    let (_, objection) = gateway.standing.objection(id).ok_or(ChangeError::UnknownObjection(id))?;
    let read = Read { path: format!("/objections/{id}") };
    let entry = read.entry(gateway.new_id(), account.actor())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    let (number, statement) = open(gateway, objection.leaves.0).await?;
    Ok(Made::Objection(ShownObjection {
        index: durable.index,
        objection: id,
        number: number.disclose(|number| number.as_str().to_owned()),
        class: objection.class,
        determined: objection.determined,
        record: objection.record,
        statement,
        due: objection.due,
    }))
}

/// What the person said of an objection: for an officer, whose look is on the record already.
///
/// # Errors
/// [`ChangeError`].
pub(crate) async fn objection_said(gateway: &Arc<Gateway>, id: Uuid) -> Result<ObjectionSaid, ChangeError> {
    let (_, objection) = gateway.standing.objection(id).ok_or(ChangeError::UnknownObjection(id))?;
    let (_, statement) = open(gateway, objection.leaves.0).await?;
    Ok(ObjectionSaid {
        objection: id,
        class: objection.class,
        determined: objection.determined,
        record: objection.record,
        statement,
        made: gateway.catalogue().today(objection.made),
        due: objection.due,
        open: objection.state == Stage::Open,
    })
}

/// Decides an objection for an institution that may.
///
/// # Errors
/// [`ChangeError`].
pub(crate) async fn decide(
    gateway: &Arc<Gateway>,
    by: By,
    id: Uuid,
    upheld: bool,
    reason: String,
) -> Result<(Uuid, Durable), ChangeError> {
    let gateway = Arc::clone(gateway);
    let task = tokio::spawn(async move {
        let off_record = &mut *gateway.changes.lock().await;
        decided(&gateway, id, upheld, reason, &by, off_record).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Decides an objection: the id of the leaf, and where it stands.
pub(super) async fn decided(
    gateway: &Arc<Gateway>,
    id: Uuid,
    upheld: bool,
    reason: String,
    by: &By,
    off_record: &mut HashSet<InForceOnly>,
) -> Result<(Uuid, Durable), ChangeError> {
    if !is_text(&reason) {
        return Err(ChangeError::Statement);
    }
    let (person, objection) = gateway.standing.objection(id).ok_or(ChangeError::UnknownObjection(id))?;
    let upholding = InForceOnly::Upheld(id);
    let again = upheld && off_record.contains(&upholding);
    if objection.state != Stage::Open && !again {
        return Err(ChangeError::Decided(id));
    }
    let first = objection.leaves.0;
    let (number, _) = open(gateway, first).await?;
    let sealing = Sealing::begin(gateway, &number);
    let Objection { record, class, determined, due, .. } = objection.clone();
    let sealed = |number| RecordMember { number, record, determined: Some(determined), first: Some(id) };
    let leaf = credit_audit::leaf::Objection {
        state: if upheld { ObjectionState::Upheld } else { ObjectionState::Rejected },
        class,
        due,
        key: sealing.key(),
        record: sealing.member("record", sealed)?,
        text: None,
        reason: Some(sealing.member("reason", |_| TextMember { text: reason })?),
    };
    let (leaf_id, entry) = (sealing.id(), by.entry(&leaf, sealing.id())?);
    let standing = Arc::clone(&gateway.standing);
    let state = if upheld { Stage::Upheld } else { Stage::Rejected };
    let decided = Objection { state, ..objection };
    let (decided_again, standing_again) = (decided.clone(), Arc::clone(&standing));
    // A record that is gone leaves every answer before the leaf; a mark goes only after it.
    let (order, effect): (_, Box<dyn FnOnce() + Send>) = match upheld {
        true => (Order::EffectFirst, Box::new(move || standing.object(person, decided))),
        false => (Order::RecordFirst, Box::new(|| ())),
    };
    let recorded = gateway.recorder.put_in_force(order, entry, false, effect).await;
    let (durable, ()) = match recorded {
        Ok(recorded) => recorded,
        Err(why) if upheld && why != NotRecorded::NotShared => {
            off_record.insert(upholding);
            return Err(ChangeError::NotOnRecord("the record counts nowhere".to_owned()));
        }
        Err(why) => return Err(why.into()),
    };
    off_record.remove(&upholding);
    standing_again.object(person, Objection { leaves: (first, Some(durable.index)), ..decided_again });
    Ok((leaf_id, durable))
}

async fn open(gateway: &Arc<Gateway>, first: u64) -> Result<(Personal<CitizenNumber>, String), ChangeError> {
    let (origin, bytes) = gateway.leaf(first).await.ok_or(ChangeError::NotMade)?;
    opened(&gateway.keys, &origin, &bytes).ok_or(ChangeError::Unsealed)
}

/// Whom the leaf that began an objection is about, and what was said.
fn opened(keys: &Keyring, origin: &str, bytes: &[u8]) -> Option<(Personal<CitizenNumber>, String)> {
    let parsed = credit_audit::leaf::parse(bytes).ok()??;
    Some((whose(keys, origin, &parsed)?, text_of(keys, origin, &parsed, "text")?))
}
