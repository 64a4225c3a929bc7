//! A small store of the gateway's own tables as it is asked: by person. Read once from a copy that was checked, and never
//! changed, so that all threads share it and a look-up waits for none of them.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use credit_policy::{CitizenNumber, ClassName, FetchPlan, History, Personal, Record};
use rusqlite::{Connection, Row};

use super::{
    contract::Asked,
    copy_fault::CopyFault,
    examine::{Suspect, Suspects},
    fault::{StoreError, StoreFault},
    layout::{ATTRIBUTE, LISTING, RECORD, Table},
    rows,
};

/// Bytes of the largest store that is held so.
pub(super) const SMALL: u64 = 16 << 20;

/// A citizen number in its canonical form. What else stands in the place of one is nobody's.
type Number = [u8; 18];

/// See the module.
pub(super) struct People {
    all: HashMap<Number, Held>,
    suspects: Arc<Suspects>,
}

/// What is there about a person.
#[derive(Default)]
struct Held {
    history: History,
    /// A row cannot be read. Whether it is asked for, SQLite says.
    has_unread: bool,
}

impl People {
    /// Of a copy; nothing where it is too large.
    ///
    /// # Errors
    /// What SQLite and the disk say.
    pub(super) fn read(
        path: &Path,
        connection: &Connection,
        suspects: &Arc<Suspects>,
    ) -> Result<Option<Self>, CopyFault> {
        if fs::metadata(path).map_err(CopyFault::Read)?.len() > SMALL {
            return Ok(None);
        }
        let (mut people, mut classes) = (Self { all: HashMap::new(), suspects: Arc::clone(suspects) }, HashMap::new());
        people.read_all(connection, &RECORD, rows::record, |history, record| {
            history.records.push(Record { class: shared(&mut classes, &record.class), ..record });
        })?;
        people.read_all(connection, &LISTING, rows::listing, |history, listing| history.listings.push(listing))?;
        people.read_all(connection, &ATTRIBUTE, rows::attribute, |history, one| history.attributes.push(one))?;
        for Held { history, .. } in people.all.values_mut() {
            history.records.shrink_to_fit();
            history.listings.shrink_to_fit();
            history.attributes.shrink_to_fit();
        }
        Ok(Some(people))
    }

    fn read_all<T>(
        &mut self,
        connection: &Connection,
        table: &Table,
        read: fn(&Row<'_>) -> Result<T, StoreError>,
        mut add: impl FnMut(&mut History, T),
    ) -> Result<(), CopyFault> {
        let mut statement = connection.prepare(&table.people())?;
        let number = statement.column_count() - 1;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // As bytes or as a number it stands for nobody whom a look-up finds.
            let Ok(Ok(number)) = row.get_ref(number)?.as_str().map(|text| Number::try_from(text.as_bytes())) else {
                continue;
            };
            let held = self.all.entry(number).or_default();
            match read(row) {
                Ok(value) => add(&mut held.history, value),
                Err(_) => held.has_unread = true,
            }
        }
        Ok(())
    }

    /// What there is about a person, of what the plan asks for; nothing where SQLite is to say it.
    pub(super) fn about(&self, asked: &Asked) -> Option<Result<History, StoreError>> {
        if let Err(error) = unsuspected(&self.suspects, &asked.person) {
            return Some(Err(error));
        }
        let number = asked.person.disclose(|number| Number::try_from(number.as_str().as_bytes()));
        match self.all.get(&number.ok()?) {
            None => Some(Ok(History::default())),
            Some(held) if held.has_unread => None,
            Some(held) => Some(Ok(planned(&held.history, &asked.plan))),
        }
    }
}

/// The same name, of which there is one.
fn shared(known: &mut HashMap<ClassName, ClassName>, class: &ClassName) -> ClassName {
    known.entry(class.clone()).or_insert_with(|| class.clone()).clone()
}

/// Of a person's rows those of the plan.
fn planned(all: &History, plan: &FetchPlan) -> History {
    let records = all.records.iter().filter(|record| plan.classes().contains(&record.class));
    let listings = all.listings.iter().filter(|listing| plan.lists().contains(&listing.list));
    let attributes = all.attributes.iter().filter(|attribute| plan.attributes().contains(&attribute.field));
    History {
        records: records.cloned().collect(),
        listings: listings.cloned().collect(),
        attributes: attributes.cloned().collect(),
    }
}

/// Fails about a person of whom a row does not fit.
pub(super) fn unsuspected(suspects: &Suspects, person: &Personal<CitizenNumber>) -> Result<(), StoreError> {
    match suspects.about(person) {
        Some(Suspect::Row(fault)) => Err(StoreError::Failed(StoreFault::Row(*fault))),
        Some(Suspect::Mapped(unfit)) => Err(StoreError::Failed(StoreFault::Mapped(unfit.clone()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use credit_policy::{
        Asker, Catalogue, Decision, Facts, FieldName, ScenarioName, catalogue::shipped as files, decide,
    };
    use jiff::civil::date;

    use super::*;
    use crate::{
        scratch::Scratch,
        stores::{
            SCHEMA,
            examine::{Domain, examine},
            sqlite::history,
        },
    };

    const PEOPLE: [&str; 3] = ["99010119900307004X", "990101199003070031", "990101199003070015"];

    /// A store in which each has something; `unfit` is done to it in the end.
    fn store(folder: &Scratch, unfit: &str) -> (std::path::PathBuf, Connection) {
        let path = folder.path().join("store.sqlite");
        let store = Connection::open(&path).unwrap();
        store.execute_batch(SCHEMA).unwrap();
        let [x, one, _] = PEOPLE;
        store
            .execute_batch(&format!(
                "INSERT INTO record VALUES ('{x}', 'tax', 2, 'serious', '2026-01-01', '2026-02-01', NULL, NULL, NULL, NULL, 0, NULL, 7);
                 INSERT INTO record VALUES ('{x}', 'tax', 1, 'minor', '2025-01-01', '2025-02-01', NULL, '2026-05-05', '2025-06-01', NULL, 1, NULL, NULL);
                 INSERT INTO record VALUES ('{x}', 'court-judgment', 1, 'general', '2024-01-01', '2024-02-01', NULL, NULL, NULL, NULL, 0, '2024-03-01', 9);
                 INSERT INTO listing VALUES ('{x}', 'black', 1, '2026-02-01', '2027-02-01', 0);
                 INSERT INTO listing VALUES ('{one}', 'red', 1, '2026-02-01', NULL, 1);
                 INSERT INTO attribute VALUES ('{one}', 'credit_amount', '1169');
                 PRAGMA ignore_check_constraints = ON; {unfit}"
            ))
            .unwrap();
        (path, store)
    }

    fn told(history: &History) -> Vec<String> {
        let records = history.records.iter().map(|r| {
            let days = [r.sentence_end, r.effect_end, r.repaired, r.repair_revoked, r.performed];
            format!("{:?}", (r.class.as_str(), r.severity.as_str(), r.act, r.determined, days, r.amount, r.disputed))
        });
        let listings = history.listings.iter().map(|l| format!("{:?}", (l.list.as_str(), l.from, l.until, l.disputed)));
        let attributes = history
            .attributes
            .iter()
            .map(|a| format!("{} {}", a.field.as_str(), serde_json::to_string(&a.value).unwrap()));
        records.chain(listings).chain(attributes).collect()
    }

    fn catalogue() -> Arc<Catalogue> {
        Arc::new(Catalogue::load(&files()).unwrap())
    }

    /// What a person's own query asks for, of all fields and of some.
    fn plans(catalogue: &Catalogue) -> [Arc<FetchPlan>; 3] {
        [None, Some("credit_amount"), Some("black_listed")].map(|field| {
            let fields = field.map(|field| vec![FieldName::parse(field).unwrap()]);
            let facts = Facts { minor: Some(false), fields, ..Facts::new(Asker::Person, date(2026, 11, 22)) };
            match decide(catalogue, Some(&ScenarioName::parse("self-query").unwrap()), &facts) {
                Decision::Permit(permit) => Arc::clone(permit.plan()),
                Decision::Refuse { code, .. } => panic!("{code:?}"),
            }
        })
    }

    fn people(path: &Path, store: &Connection) -> Option<People> {
        let mut suspects = Suspects::default();
        let mut found = |fault, person: Option<&_>| suspects.add(&fault, person);
        examine(store, &Domain::of(&catalogue(), date(2026, 11, 22)), None, &mut found, &|| ()).unwrap();
        People::read(path, store, &Arc::new(suspects)).unwrap()
    }

    fn asked(number: &str, plan: &Arc<FetchPlan>) -> Asked {
        let person = Arc::new(CitizenNumber::parse(number).ok().unwrap());
        Asked {
            person,
            plan: Arc::clone(plan),
            scenario: ScenarioName::parse("self-query").unwrap(),
            on: date(2026, 11, 22),
        }
    }

    #[test]
    fn a_person_is_found_as_sqlite_finds_him_or_her_in_the_same_order() {
        let folder = Scratch::new();
        let (path, store) = store(&folder, "");
        let (people, mut counts) = (people(&path, &store).unwrap(), Vec::new());
        for plan in plans(&catalogue()) {
            for number in PEOPLE {
                let asked = asked(number, &plan);
                let found = told(&people.about(&asked).unwrap().ok().unwrap());
                assert_eq!(found, told(&history(&store, &asked.person, &asked.plan).ok().unwrap()));
                counts.push(found.len());
            }
        }
        assert_eq!(counts, [4, 2, 0, 0, 1, 0, 1, 0, 0], "what is not asked for is not told");
    }

    #[test]
    fn who_has_a_row_that_does_not_fit_is_not_answered_about_and_one_that_cannot_be_read_is_left_to_sqlite() {
        let folder = Scratch::new();
        let [x, one, none] = PEOPLE;
        let unfit = format!(
            "UPDATE record SET act = '2026-13-01' WHERE number = '{x}' AND nr = 2;
             INSERT INTO attribute VALUES ('{none}', 'credit_amount', 'much');
             INSERT INTO listing VALUES (lower('{x}'), 'grey', 1, '2026-02-01', NULL, 0);"
        );
        let (path, store) = store(&folder, &unfit);
        let (people, [all, amount, listed]) = (people(&path, &store).unwrap(), plans(&catalogue()));
        for plan in [&all, &amount, &listed] {
            assert!(matches!(people.about(&asked(x, plan)), Some(Err(StoreError::Failed(StoreFault::Row(_))))));
            assert!(people.about(&asked(none, plan)).is_none());
        }
        assert!(people.about(&asked(one, &all)).unwrap().is_ok());
    }

    #[test]
    fn a_large_store_is_not_held() {
        let folder = Scratch::new();
        let (path, store) = store(&folder, &format!("CREATE TABLE other AS SELECT zeroblob({SMALL})"));
        assert!(people(&path, &store).is_none());
    }
}
