//! Who acts for another person at the persons' door or at the counter: mandates of guardians and heirs, each with an end
//! (Civil Code art. 34; PIPL art. 31, 49), and the record of each act that is not the person's own. Both are leaves `binding`:
//! they bind an account, or an officer for one act, to a citizen number.

use std::sync::Arc;

use credit_audit::{
    leaf::{Act, Actor, Binding, BindingState, Leaf, Read},
    log::Durable,
};
use credit_policy::{CitizenNumber, Personal};
use jiff::{ToSpan, civil::Date};
use uuid::Uuid;

use super::{
    binding::{Bound, open},
    error::ChangeError,
    sealing::{Number, Sealing},
};
use crate::{
    gateway::Gateway,
    keyring::Keyring,
    recorder::Order,
    state::{
        mandates::{End, Mandate, MandateKind},
        standing::Standing,
    },
};

/// Years for which a mandate may be recorded at most; then it is looked at again.
const LONGEST_YEARS: i32 = 5;

/// What a leaf `binding` says of who acted for a person, without naming anybody.
pub(crate) struct ActedFor {
    /// What was done; nothing where a mandate began or ended.
    pub(crate) act: Option<String>,
    /// By whose mandate; nothing at the counter.
    pub(crate) kind: Option<MandateKind>,
    /// The last day of the mandate that began.
    pub(crate) until: Option<Date>,
    /// Whether a mandate, or the binding of an account, ended.
    pub(crate) ended: bool,
    /// Whether it is about the account by which the person logs in.
    pub(crate) is_login: bool,
}

impl ActedFor {
    /// Of a stored leaf; nothing where it is none, or does not open any more.
    pub(crate) fn of(keys: &Keyring, origin: &str, leaf: &Leaf<'_>) -> Option<Self> {
        let (binding, bound) = open(keys, origin, leaf)?;
        let ended = binding.state == BindingState::Unbound;
        let is_login = bound.login.is_some();
        Some(Self { act: bound.act, kind: bound.kind, until: bound.until, ended, is_login })
    }
}

/// Records what is about to be done for a person by somebody else: `by` an officer, or a deputy by a mandate.
///
/// # Errors
/// [`ChangeError`]: then it may not be done.
pub(crate) async fn acted_for(
    gateway: &Arc<Gateway>,
    number: &Personal<CitizenNumber>,
    by: Actor,
    mandate: Option<&Mandate>,
    act: &str,
) -> Result<Durable, ChangeError> {
    let sealing = Sealing::begin(gateway, number);
    let (kind, first) = (mandate.map(|mandate| mandate.kind), mandate.map(|mandate| mandate.id));
    let act = Some(act.to_owned());
    let member = sealing.member("person", |number| Bound {
        number,
        account: None,
        kind,
        until: None,
        first,
        act,
        login: None,
    })?;
    let leaf = Binding { state: BindingState::Bound, key: sealing.key(), person: member };
    let entry = leaf.entry(sealing.id(), by)?;
    gateway.recorder.record(entry).await.map_err(ChangeError::from)
}

/// Records that another gateway is about to be shown what this log has about a person or for an officer, or does something here for
/// who is logged in there.
///
/// # Errors
/// [`ChangeError`]: then it is neither shown nor done.
pub(crate) async fn asked_by_gateway(gateway: &Gateway, path: String, by: Actor) -> Result<(), ChangeError> {
    let entry = Read { path }.entry(gateway.new_id(), by)?;
    gateway.recorder.record(entry).await.map(drop).map_err(ChangeError::from)
}

/// Who acts, as leaves name a person now.
pub(crate) fn person_actor(gateway: &Gateway, number: &Personal<CitizenNumber>) -> Actor {
    Sealing::begin(gateway, number).actor()
}

/// A mandate that an officer records.
pub(crate) struct NewMandate {
    /// For whom.
    pub(crate) number: Number,
    /// Who may act.
    pub(crate) deputy: Number,
    /// Why.
    pub(crate) kind: MandateKind,
    /// Its last day.
    pub(crate) until: Date,
}

/// Records a mandate: in force once it is on the record.
///
/// # Errors
/// [`ChangeError::Mandate`] where it is of one person alone, is over, or ends too late.
pub(crate) async fn begin_mandate(
    gateway: &Arc<Gateway>,
    new: NewMandate,
    by: Actor,
) -> Result<(Uuid, Durable), ChangeError> {
    let today = gateway.today();
    let is_same = new.number.disclose(|number| new.deputy.disclose(|deputy| number.as_str() == deputy.as_str()));
    if is_same || new.until < today || new.until > today.saturating_add(LONGEST_YEARS.years()) {
        return Err(ChangeError::Mandate);
    }
    let gateway = Arc::clone(gateway);
    let task = tokio::spawn(async move {
        let _in_a_row = gateway.changes.lock().await;
        say(&gateway, &new.number, &new.deputy, (new.kind, new.until, None), by).await
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// Says a mandate; `first` where it was begun by another leaf.
pub(super) async fn say(
    gateway: &Gateway,
    number: &Personal<CitizenNumber>,
    deputy: &Personal<CitizenNumber>,
    (kind, until, first): (MandateKind, Date, Option<Uuid>),
    by: Actor,
) -> Result<(Uuid, Durable), ChangeError> {
    let sealing = Sealing::begin(gateway, number);
    let account = deputy.disclose(|deputy| Some(deputy.as_str().to_owned()));
    let bound = |number| Bound { number, account, kind: Some(kind), until: Some(until), first, act: None, login: None };
    let member = sealing.member("person", bound)?;
    let id = first.unwrap_or_else(|| sealing.id());
    let leaf = Binding { state: BindingState::Bound, key: sealing.key(), person: member };
    let entry = leaf.entry(sealing.id(), by)?;
    let durable = gateway.recorder.record(entry).await.map_err(ChangeError::from)?;
    let (deputy, person) = (gateway.standing.person(deputy), gateway.standing.person(number));
    let mandate = Mandate { id, deputy, person, kind, until, leaf: durable.index, end: End::None };
    gateway.standing.mandates.begin(mandate);
    Ok((id, durable))
}

/// Ends a mandate for this person: from this call on.
///
/// # Errors
/// [`ChangeError::UnknownMandate`] where the person has none of this id.
pub(crate) async fn end_mandate(
    gateway: &Arc<Gateway>,
    number: &Number,
    id: Uuid,
    by: Actor,
) -> Result<Durable, ChangeError> {
    let (gateway, number) = (Arc::clone(gateway), Arc::clone(number));
    let task = tokio::spawn(async move {
        let _in_a_row = gateway.changes.lock().await;
        let person = gateway.standing.person(&number);
        let is_theirs = |mandate: &Mandate| mandate.person == person && mandate.end != End::Recorded;
        let known = gateway.standing.mandates.find(id).filter(is_theirs);
        let Mandate { kind, .. } = known.ok_or(ChangeError::UnknownMandate)?;
        let sealing = Sealing::begin(&gateway, &number);
        let bound = |number| Bound {
            number,
            account: None,
            kind: Some(kind),
            until: None,
            first: Some(id),
            act: None,
            login: None,
        };
        let member = sealing.member("person", bound)?;
        let leaf = Binding { state: BindingState::Unbound, key: sealing.key(), person: member };
        let entry = leaf.entry(sealing.id(), by)?;
        let standing = Arc::clone(&gateway.standing);
        let effect = move || standing.mandates.end(id, End::InForceOnly);
        let ended = gateway.recorder.put_in_force(Order::EffectFirst, entry, false, effect);
        let (durable, ()) = ended.await.map_err(|why| ChangeError::of_in_force("the mandate is ended", why))?;
        gateway.standing.mandates.end(id, End::Recorded);
        Ok(durable)
    });
    task.await.unwrap_or(Err(ChangeError::BrokenOff))
}

/// For whom a mandate is, from its leaf; nothing where that does not open any more.
pub(crate) async fn mandate_of(gateway: &Gateway, mandate: &Mandate) -> Option<Personal<CitizenNumber>> {
    let (origin, bytes) = gateway.leaf(mandate.leaf).await?;
    let leaf = credit_audit::leaf::parse(&bytes).ok()??;
    let (_, bound) = open(&gateway.keys, &origin, &leaf)?;
    CitizenNumber::parse(&bound.number).ok()
}

/// Takes in a `binding`. False where it does not open.
pub(super) fn restore(standing: &Standing, keys: &Keyring, origin: &str, index: u64, leaf: &Leaf<'_>) -> bool {
    let Some((binding, bound)) = open(keys, origin, leaf) else { return false };
    let id = bound.first.unwrap_or(leaf.head.id);
    if binding.state == BindingState::Unbound {
        standing.mandates.end(id, End::Recorded);
        return true;
    }
    let (Some(kind), Some(until), Some(account)) = (bound.kind, bound.until, &bound.account) else { return true };
    let both = CitizenNumber::parse(account).ok().zip(CitizenNumber::parse(&bound.number).ok());
    let Some((deputy, person)) = both else { return false };
    let (deputy, person) = (standing.person(&deputy), standing.person(&person));
    standing.mandates.begin(Mandate { id, deputy, person, kind, until, leaf: index, end: End::None });
    true
}

/// Both whom a mandate of a log is about: for whom, and who may act.
pub(super) fn both(
    keys: &Keyring,
    origin: &str,
    leaf: &Leaf<'_>,
) -> Option<(Personal<CitizenNumber>, Personal<CitizenNumber>)> {
    let (_, bound) = open(keys, origin, leaf)?;
    CitizenNumber::parse(&bound.number).ok().zip(CitizenNumber::parse(bound.account.as_deref()?).ok())
}
