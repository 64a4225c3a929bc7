//! What persons said in the log before the present one and is still in force: it is said again, sealed for the new log.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::Arc,
};

use credit_audit::leaf::{self, Act, Actor, Base64, Block, Body, ObjectionState, RepairState};
use credit_policy::{CitizenNumber, Personal};
use jiff::civil::Date;

use super::{
    bound_id,
    error::ChangeError,
    mandate,
    sealing::Sealing,
    standing::{PersonMember, RecordMember, TextMember, restore, text_of, whose},
};
use crate::{
    gateway::Gateway,
    index::{IndexError, leaf_at},
    keyring::Keyring,
    state::{
        bound_ids::LoginId,
        mandates::Mandate,
        standing::{Objection, Repair, Stage, Standing, StandingKey},
    },
};

/// All of it, by person.
pub(crate) struct SaidBefore {
    people: Vec<OfPerson>,
    mandates: Vec<SaidMandate>,
    logins: Vec<(Personal<CitizenNumber>, LoginId)>,
}

/// A mandate, for whom, and who may act.
struct SaidMandate {
    mandate: Mandate,
    number: Personal<CitizenNumber>,
    deputy: Personal<CitizenNumber>,
}

struct OfPerson {
    number: Personal<CitizenNumber>,
    blocked: BTreeSet<String>,
    objections: Vec<SaidObjection>,
    repairs: Vec<(Repair, Option<String>)>,
}

struct SaidObjection {
    objection: Objection,
    text: Option<String>,
    reason: Option<String>,
}

impl SaidBefore {
    /// Reads these leaves of the log in `folder`. What does not open any more is lost.
    ///
    /// # Errors
    /// When a leaf is not there.
    pub(crate) fn read(folder: &Path, origin: &str, leaves: &[u64], keys: &Keyring) -> Result<Self, IndexError> {
        let standing = Standing::new(keys.current().state.clone());
        let mut numbers: HashMap<StandingKey, Personal<CitizenNumber>> = HashMap::new();
        let (mut texts, mut both, mut logins) = (HashMap::new(), HashMap::new(), HashMap::new());
        for index in leaves {
            let bytes = leaf_at(folder, *index)?;
            let Ok(Some(leaf)) = leaf::parse(&bytes) else { continue };
            if let Body::Binding(_) = &leaf.body {
                restore(&standing, keys, origin, *index, &leaf);
                both.extend(mandate::both(keys, origin, &leaf).map(|both| (*index, both)));
                logins.extend(bound_id::both(keys, origin, &leaf).map(|both| (*index, both)));
                continue;
            }
            let Some(number) = whose(keys, origin, &leaf) else { continue };
            restore(&standing, keys, origin, *index, &leaf);
            for name in ["text", "reason", "order"] {
                let text = text_of(keys, origin, &leaf, name);
                texts.extend(text.map(|text| ((*index, name), text)));
            }
            numbers.insert(standing.person(&number), number);
        }
        let said = numbers.into_iter().map(|(person, number)| {
            let in_force = standing.objections(&person).into_iter().filter(|one| one.state != Stage::Rejected);
            let objections = in_force.map(|objection| {
                let (first, last) = objection.leaves;
                let text = texts.get(&(first, "text")).cloned();
                let reason = last.and_then(|last| texts.get(&(last, "reason")).cloned());
                SaidObjection { objection, text, reason }
            });
            let repairs = standing.repairs(&person).into_iter().map(|repair| {
                let order = repair.leaf.and_then(|leaf| texts.get(&(leaf, "order")).cloned());
                (repair, order)
            });
            let blocked = standing.blocked(&person);
            OfPerson { blocked, objections: objections.collect(), repairs: repairs.collect(), number }
        });
        // Of any day: one that is over is not said again, and whoever reads the log's clock knows which.
        let mandates = standing.mandates.in_force(Date::MIN).into_iter().filter_map(|mandate| {
            let (number, deputy) = both.remove(&mandate.leaf)?;
            Some(SaidMandate { mandate, number, deputy })
        });
        let logins = standing.bound_ids.all().into_iter().filter_map(|bound| logins.remove(&bound.leaf));
        Ok(Self { mandates: mandates.collect(), logins: logins.collect(), people: said.collect() })
    }

    /// Says it again, but for what the new log says already.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub(crate) async fn record(self, gateway: &Arc<Gateway>) -> Result<(), ChangeError> {
        for SaidMandate { mandate: Mandate { id, kind, until, .. }, number, deputy } in self.mandates {
            if until >= gateway.today() && gateway.standing.mandates.find(id).is_none() {
                mandate::say(gateway, &number, &deputy, (kind, until, Some(id)), Actor::gateway()).await?;
            }
        }
        for (number, id) in self.logins {
            if !gateway.standing.bound_ids.is_known(&bound_id::key_of(&gateway.standing, &id)) {
                bound_id::say(gateway, &number, &id, Actor::gateway()).await?;
            }
        }
        for OfPerson { number, blocked, objections, repairs } in self.people {
            let person = gateway.standing.person(&number);
            for scenario in blocked {
                if gateway.standing.is_blocked(&person, &scenario) {
                    continue;
                }
                let sealing = Sealing::begin(gateway, &number);
                let sealed = sealing.member("person", |number| PersonMember { number })?;
                let leaf = Block { blocked: true, scenario: scenario.clone(), key: sealing.key(), person: sealed };
                let entry = leaf.entry(sealing.id(), Actor::gateway())?;
                gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
                gateway.standing.block(person, &scenario, true);
            }
            for (repair, order) in repairs {
                let is_said = |known: &Repair| known.record == repair.record;
                if !gateway.standing.repairs(&person).iter().any(is_said) {
                    let repair = repaired_again(gateway, &number, repair, order).await?;
                    gateway.standing.repair(person, repair);
                }
            }
            for said in objections {
                if gateway.standing.objection(said.objection.id).is_none() {
                    let objection = again(gateway, &number, said).await?;
                    gateway.standing.object(person, objection);
                }
            }
        }
        Ok(())
    }
}

async fn repaired_again(
    gateway: &Arc<Gateway>,
    number: &Personal<CitizenNumber>,
    repair: Repair,
    order: Option<String>,
) -> Result<Repair, ChangeError> {
    let sealing = Sealing::begin(gateway, number);
    let (record, determined) = (repair.record.clone(), Some(repair.determined));
    let leaf = leaf::Repair {
        state: RepairState::Repaired,
        class: repair.class.clone(),
        on: repair.on,
        key: sealing.key(),
        record: sealing.member("record", |number| RecordMember { number, record, determined, first: None })?,
        order: order.map(|text| sealing.member("order", |_| TextMember { text })).transpose()?,
    };
    let entry = leaf.entry(sealing.id(), Actor::gateway())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Ok(Repair { leaf: Some(durable.index), ..repair })
}

async fn again(
    gateway: &Arc<Gateway>,
    number: &Personal<CitizenNumber>,
    SaidObjection { objection, text, reason }: SaidObjection,
) -> Result<Objection, ChangeError> {
    let sealing = Sealing::begin(gateway, number);
    let member = |name: &str, text: Option<String>| -> Result<Option<Base64<Vec<u8>>>, ChangeError> {
        text.map(|text| sealing.member(name, |_| TextMember { text })).transpose()
    };
    let is_open = objection.state == Stage::Open;
    let (record, determined, first) = (objection.record.clone(), Some(objection.determined), Some(objection.id));
    let leaf = leaf::Objection {
        state: if is_open { ObjectionState::Open } else { ObjectionState::Upheld },
        class: objection.class.clone(),
        due: objection.due,
        key: sealing.key(),
        record: sealing.member("record", |number| RecordMember { number, record, determined, first })?,
        text: member("text", text)?,
        reason: member("reason", reason)?,
    };
    let entry = leaf.entry(sealing.id(), Actor::gateway())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    let leaves = (durable.index, (!is_open).then_some(durable.index));
    Ok(Objection { leaves, ..objection })
}
