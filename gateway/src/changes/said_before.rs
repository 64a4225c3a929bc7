//! What persons said and is still in force: it is said again in a log that continues another, sealed for that log; and in the
//! same log before the data key of its leaf is destroyed.

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
    logins: Vec<SaidLogin>,
}

/// Which data keys seal a leaf of something that was said.
type Sealed = BTreeSet<String>;

/// A mandate, for whom, and who may act.
struct SaidMandate {
    key: Sealed,
    mandate: Mandate,
    number: Personal<CitizenNumber>,
    deputy: Personal<CitizenNumber>,
}

/// An account, and to whom it is bound.
struct SaidLogin {
    key: Sealed,
    number: Personal<CitizenNumber>,
    id: LoginId,
}

struct OfPerson {
    number: Personal<CitizenNumber>,
    blocked: Vec<(String, Sealed)>,
    objections: Vec<SaidObjection>,
    repairs: Vec<SaidRepair>,
}

struct SaidRepair {
    key: Sealed,
    repair: Repair,
    order: Option<String>,
}

struct SaidObjection {
    key: Sealed,
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
        let (mut sealed, mut blocks) = (HashMap::new(), HashMap::new());
        for index in leaves {
            let bytes = match leaf_at(folder, *index) {
                Err(IndexError::LetGo(_)) => continue, // It was said again before its key was destroyed.
                bytes => bytes?,
            };
            let Ok(Some(leaf)) = leaf::parse(&bytes) else { continue };
            if let Body::Binding(binding) = &leaf.body {
                sealed.insert(*index, (binding.key.clone(), leaf.head.id));
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
            let person = standing.person(&number);
            match &leaf.body {
                Body::Block(block) => drop(blocks.insert((person, block.scenario.clone()), block.key.clone())),
                Body::Objection(said) => drop(sealed.insert(*index, (said.key.clone(), leaf.head.id))),
                Body::Repair(said) => drop(sealed.insert(*index, (said.key.clone(), leaf.head.id))),
                _ => {}
            }
            numbers.insert(person, number);
        }
        let of =
            |leaves: &[u64]| leaves.iter().filter_map(|leaf| Some(sealed.get(leaf)?.0.clone())).collect::<Sealed>();
        let said = numbers.into_iter().map(|(person, number)| {
            let in_force = standing.objections(&person).into_iter().filter(|one| one.state != Stage::Rejected);
            let objections = in_force.map(|objection| {
                let (first, last) = objection.leaves;
                let text = texts.get(&(first, "text")).cloned();
                let reason = last.and_then(|last| texts.get(&(last, "reason")).cloned());
                SaidObjection { key: of(&[first, last.unwrap_or(first)]), objection, text, reason }
            });
            let repairs = standing.repairs(&person).into_iter().map(|repair| {
                let order = repair.leaf.and_then(|leaf| texts.get(&(leaf, "order")).cloned());
                let first = repair.first.or_else(|| Some(sealed.get(&repair.leaf?)?.1));
                SaidRepair { key: of(repair.leaf.as_slice()), repair: Repair { first, ..repair }, order }
            });
            let blocked = standing.blocked(&person).into_iter().map(|scenario| {
                let key = blocks.get(&(person, scenario.clone())).cloned();
                (scenario, key.into_iter().collect())
            });
            OfPerson {
                blocked: blocked.collect(),
                objections: objections.collect(),
                repairs: repairs.collect(),
                number,
            }
        });
        // Of any day: one that is over is not said again, and whoever reads the log's clock knows which.
        let mandates = standing.mandates.in_force(Date::MIN).into_iter().filter_map(|mandate| {
            let (number, deputy) = both.remove(&mandate.leaf)?;
            Some(SaidMandate { key: of(&[mandate.leaf]), mandate, number, deputy })
        });
        let logins = standing.bound_ids.all().into_iter().filter_map(|bound| {
            let (number, id) = logins.remove(&bound.leaf)?;
            Some(SaidLogin { key: of(&[bound.leaf]), number, id })
        });
        Ok(Self { mandates: mandates.collect(), logins: logins.collect(), people: said.collect() })
    }

    /// What of it a leaf under one of these keys says; of one person where one is named.
    pub(super) fn under(mut self, keys: &BTreeSet<String>, person: Option<&str>) -> Self {
        let is_theirs = |number: &Personal<CitizenNumber>| {
            person.is_none_or(|person| number.disclose(|number| number.as_str() == person))
        };
        let is_under = |sealed: &Sealed| !sealed.is_disjoint(keys);
        self.mandates.retain(|said| is_theirs(&said.number) && is_under(&said.key));
        self.logins.retain(|said| is_theirs(&said.number) && is_under(&said.key));
        self.people.retain(|said| is_theirs(&said.number));
        for of in &mut self.people {
            of.blocked.retain(|(_, sealed)| is_under(sealed));
            of.objections.retain(|said| is_under(&said.key));
            of.repairs.retain(|said| is_under(&said.key));
        }
        self
    }

    /// How many leaves would say it again.
    pub(super) fn len(&self) -> usize {
        let of = |of: &OfPerson| of.blocked.len() + of.objections.len() + of.repairs.len();
        self.mandates.len() + self.logins.len() + self.people.iter().map(of).sum::<usize>()
    }

    /// Says it again, but for what the new log says already.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub(crate) async fn record(mut self, gateway: &Arc<Gateway>) -> Result<(), ChangeError> {
        self.mandates.retain(|said| gateway.standing.mandates.find(said.mandate.id).is_none());
        let bound_ids = &gateway.standing.bound_ids;
        self.logins.retain(|said| !bound_ids.is_known(&bound_id::key_of(&gateway.standing, &said.id)));
        for of in &mut self.people {
            let person = gateway.standing.person(&of.number);
            let repairs = gateway.standing.repairs(&person);
            of.blocked.retain(|(scenario, _)| !gateway.standing.is_blocked(&person, scenario));
            of.repairs.retain(|said| !repairs.iter().any(|known| known.record == said.repair.record));
            of.objections.retain(|said| gateway.standing.objection(said.objection.id).is_none());
        }
        self.say(gateway).await
    }

    /// Says all of it again.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub(super) async fn say(self, gateway: &Arc<Gateway>) -> Result<(), ChangeError> {
        for SaidMandate { mandate: Mandate { id, kind, until, .. }, number, deputy, .. } in self.mandates {
            if until >= gateway.today() {
                mandate::say(gateway, &number, &deputy, (kind, until, Some(id)), Actor::gateway()).await?;
            }
        }
        for SaidLogin { number, id, .. } in self.logins {
            bound_id::say(gateway, &number, &id, Actor::gateway()).await?;
        }
        for OfPerson { number, blocked, objections, repairs } in self.people {
            let person = gateway.standing.person(&number);
            for (scenario, _) in blocked {
                let sealing = Sealing::begin(gateway, &number);
                let sealed = sealing.member("person", |number| PersonMember { number })?;
                let leaf = Block { blocked: true, scenario: scenario.clone(), key: sealing.key(), person: sealed };
                let entry = leaf.entry(sealing.id(), Actor::gateway())?;
                gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
                gateway.standing.block(person, &scenario, true);
            }
            for SaidRepair { repair, order, .. } in repairs {
                let repair = repaired_again(gateway, &number, repair, order).await?;
                gateway.standing.repair(person, repair);
            }
            for said in objections {
                let objection = again(gateway, &number, said).await?;
                gateway.standing.object(person, objection);
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
    let first = repair.first;
    let leaf = leaf::Repair {
        state: RepairState::Repaired,
        class: repair.class.clone(),
        on: repair.on,
        key: sealing.key(),
        record: sealing.member("record", |number| RecordMember { number, record, determined, first })?,
        order: order.map(|text| sealing.member("order", |_| TextMember { text })).transpose()?,
    };
    let entry = leaf.entry(sealing.id(), Actor::gateway())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    Ok(Repair { leaf: Some(durable.index), ..repair })
}

async fn again(
    gateway: &Arc<Gateway>,
    number: &Personal<CitizenNumber>,
    SaidObjection { objection, text, reason, .. }: SaidObjection,
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
