//! The people of the demo: whom its store knows, and the hundred of `persons.csv`.
//!
//! The same day gives the same people, byte for byte. The adults keep their numbers whatever the day; the minors'
//! birthdays, and all histories, move with it.

use credit_policy::Personal;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use rusqlite::{Connection, Transaction, params};

use super::{
    applicants,
    attributes::{self, Attribute},
    history::{Historian, History},
    note::Note,
    number::{Sequence, draw},
};

/// The first day of the year in which the applicants have the age of the table.
const AGES_HOLD_IN: Date = date(2026, 1, 1);
/// One in so many applicants may have a note, so that those with notes are like the others.
const STRIDE: usize = 7;
/// Nobody younger has a note: an example's past must be that of an adult.
const OLD_ENOUGH: i16 = 25;
/// Tours of one folder in which somebody objects: each needs somebody who has not.
pub(super) const TOURS: usize = 24;
/// Streams beside the first one, which is the serial itself.
const MORE_ATTRIBUTES: u64 = 1 << 32;
const IN_FORCE: u64 = 2 << 32;

/// All people of the demo. Nothing of them can be printed.
pub(crate) struct People(Vec<Person>);

struct Person {
    number: Personal<String>,
    note: Option<Note>,
    attributes: Vec<Attribute>,
    history: History,
}

/// Makes the people whose histories end on `today` (2026 or later): the 1,000 applicants, some minors, and some whom no
/// store knows.
#[must_use]
pub(crate) fn generate(today: Date) -> People {
    let mut adults = Note::ALL
        .into_iter()
        .filter(|note| !matches!(note, Note::Minor | Note::NoFile))
        .flat_map(|note| std::iter::repeat_n(note, note.count()))
        // Whom tours are about, after whom nothing is as the note says.
        .chain(std::iter::repeat_n(Note::Late, TOURS));
    let applicants = applicants::all().enumerate().map(|(index, applicant)| {
        let chosen = index.is_multiple_of(STRIDE) && applicant.age >= OLD_ENOUGH;
        let note = chosen.then(|| adults.next()).flatten();
        (Age::InTable(applicant.age), note, applicant.attributes)
    });
    let strangers = [(Age::Under18, Note::Minor), (Age::InTable(40), Note::NoFile)]
        .into_iter()
        .flat_map(|(age, note)| std::iter::repeat_n((age, Some(note), Vec::new()), note.count()));
    let people = applicants.chain(strangers);
    People(
        (0..)
            .zip(people)
            .map(|(serial, (age, note, attributes))| Person::made(serial, today, age, note, attributes))
            .collect(),
    )
}

impl Person {
    fn made(serial: u64, today: Date, age: Age, note: Option<Note>, mut attributes: Vec<Attribute>) -> Self {
        let mut sequence = Sequence::of(serial);
        let born = birthday(age, today, &mut sequence);
        let number = draw(serial, born, &mut sequence);
        let historian = Historian::new(today, sequence);
        let mut history = match note {
            Some(note) => historian.noted(note),
            None => historian.mixed(born),
        };
        if note != Some(Note::NoFile) {
            attributes.extend(number.disclose(|number| attributes::identity(serial, number)));
        }
        if !matches!(note, Some(Note::Minor | Note::NoFile)) {
            // Streams of their own: whatever is added here, nobody's number changes.
            let mut sequence = Sequence::of(serial | MORE_ATTRIBUTES);
            attributes.extend(attributes::made_up(note, &history, &attributes, &mut sequence));
            let historian = Historian::new(today, Sequence::of(serial | IN_FORCE));
            history.records.extend(historian.catalogue_history(born));
            if matches!(note, None | Some(Note::BlackListed)) {
                let orders = Historian::orders(&history);
                history.records.extend(orders);
            }
        }
        Self { number, note, attributes, history }
    }

    fn row(&self, note: Note, text: &mut String) {
        self.number.disclose(|number| text.extend([number.as_str(), ",", note.as_str(), "\n"]));
    }
}

#[derive(Clone, Copy)]
enum Age {
    InTable(i16),
    /// On the day of making and for three years after it.
    Under18,
}

fn birthday(age: Age, today: Date, sequence: &mut Sequence) -> Date {
    let (anchor, years) = match age {
        Age::InTable(years) => (AGES_HOLD_IN, years),
        Age::Under18 => (today, sequence.between(10, 14)),
    };
    let days = sequence.between(0, 364);
    anchor.saturating_sub(i64::from(years).years()).saturating_add(i64::from(days).days())
}

impl People {
    /// Writes everybody into an empty store of the gateway's schema, in one transaction.
    ///
    /// # Errors
    /// What SQLite says; nothing is written then.
    pub(crate) fn fill(&self, store: &mut Connection) -> rusqlite::Result<()> {
        let transaction = store.transaction()?;
        for person in &self.0 {
            person.number.disclose(|number| insert(&transaction, number, person))?;
        }
        transaction.commit()
    }

    /// The file `persons.csv`: a hundred people, each with a note. The numbers in it are nobody's.
    #[must_use]
    pub(crate) fn persons_csv(&self) -> String {
        let mut text = String::from("citizen_number,note\n");
        for note in Note::ALL {
            for person in self.0.iter().filter(|person| person.note == Some(note)).take(note.count()) {
                person.row(note, &mut text);
            }
        }
        text
    }

    /// The rows of those whom tours are about, who are not in `persons.csv`: each a late payer until an objection is upheld.
    #[must_use]
    pub(crate) fn tour_csv(&self) -> String {
        let mut text = String::new();
        let late = self.0.iter().filter(|person| person.note == Some(Note::Late));
        late.skip(Note::Late.count()).for_each(|person| person.row(Note::Late, &mut text));
        text
    }
}

fn insert(store: &Transaction<'_>, number: &str, person: &Person) -> rusqlite::Result<()> {
    let mut attribute = store.prepare_cached("INSERT INTO attribute VALUES (?1, ?2, ?3)")?;
    for (field, value) in &person.attributes {
        attribute.execute(params![number, field, value.to_string()])?;
    }
    let mut record =
        store.prepare_cached("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")?;
    for (nr, row) in (1_i64..).zip(&person.history.records) {
        record.execute(params![
            number,
            row.class,
            nr,
            row.severity,
            row.act.to_string(),
            row.determined.to_string(),
            row.sentence_end.map(|day| day.to_string()),
            row.effect_end.map(|day| day.to_string()),
            row.repaired.map(|day| day.to_string()),
            row.repair_revoked.map(|day| day.to_string()),
            row.disputed,
            row.performed.map(|day| day.to_string()),
            row.amount,
        ])?;
    }
    let mut listing = store.prepare_cached("INSERT INTO listing VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (nr, row) in (1_i64..).zip(&person.history.listings) {
        listing.execute(params![
            number,
            row.list,
            nr,
            row.since.to_string(),
            row.until.map(|day| day.to_string()),
            row.disputed,
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, HashSet},
        path::Path,
    };

    use credit_policy::CitizenNumber;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::scratch::Scratch;

    const TODAY: Date = date(2026, 11, 22);

    fn filled(people: &People, file: &Path) -> Connection {
        let mut store = Connection::open(file).unwrap();
        store.execute_batch(crate::stores::SCHEMA).unwrap();
        people.fill(&mut store).unwrap();
        store
    }

    fn count(store: &Connection, what: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        store.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// Notes and numbers of the file.
    fn noted(people: &People) -> Vec<(String, String)> {
        let text = people.persons_csv();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("citizen_number,note"));
        lines
            .map(|line| line.split_once(',').unwrap())
            .map(|(number, note)| (number.to_owned(), note.to_owned()))
            .collect()
    }

    #[test]
    fn nobody_has_a_number_that_could_be_somebody_s() {
        let mut seen = HashSet::new();
        for person in &generate(TODAY).0 {
            person.number.disclose(|number| {
                assert!(number.starts_with("99"));
                assert!(CitizenNumber::parse(number).is_ok());
                assert!(seen.insert(number.get(..6).unwrap().to_owned()), "twice the same division");
            });
        }
        assert_eq!(seen.len(), 1_016);
    }

    #[test]
    fn birthdays_agree_with_the_ages_of_the_table_and_minors_stay_minors() {
        let people = generate(TODAY);
        for (person, applicant) in people.0.iter().zip(applicants::all()) {
            let born: i16 = person.number.disclose(|number| number.get(6..10).unwrap().parse().unwrap());
            assert_eq!(2026 - born, applicant.age);
        }
        for person in &people.0 {
            let number = person.number.disclose(|number| CitizenNumber::parse(number).ok().unwrap());
            for years in [0, 2] {
                let adult = number.disclose(|number| number.is_adult_on(TODAY.saturating_add(years.years())));
                assert_eq!(adult, person.note != Some(Note::Minor));
            }
        }
    }

    #[test]
    fn no_adult_has_anything_from_before_the_18th_birthday() {
        for person in generate(TODAY).0.iter().filter(|person| person.note != Some(Note::Minor)) {
            let number = person.number.disclose(|number| CitizenNumber::parse(number).ok().unwrap());
            let acts = person.history.records.iter().map(|record| record.act);
            for day in acts.chain(person.history.listings.iter().map(|listing| listing.since)) {
                assert!(number.disclose(|number| number.is_adult_on(day)), "{day}");
            }
        }
    }

    #[test]
    fn the_file_has_a_hundred_people_and_starts_with_a_clean_one() {
        let listed = noted(&generate(TODAY));
        assert_eq!(listed.len(), 100);
        assert_eq!(listed[0].1, "clean");
        let mut counts = BTreeMap::new();
        for (_, note) in &listed {
            *counts.entry(note.as_str()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 10);
        assert_eq!(generate(TODAY).tour_csv().lines().filter(|row| row.ends_with(",late")).count(), TOURS);
        for note in Note::ALL {
            let least = if note == Note::Clean { 20 } else { 3 };
            assert!(counts[note.as_str()] >= least, "{}", note.as_str());
        }
    }

    #[test]
    fn the_store_knows_everybody_but_those_without_a_file() {
        let people = generate(TODAY);
        let store = filled(&people, Path::new(":memory:"));
        for (number, note) in noted(&people) {
            let rows: i64 = ["record", "listing", "attribute"]
                .map(|table| count(&store, &format!("{table} WHERE number = '{number}'")))
                .iter()
                .sum();
            assert_eq!(rows == 0, note == "no-file", "{note}");
        }
        let known = "(SELECT number FROM record UNION SELECT number FROM listing UNION SELECT number FROM attribute)";
        assert_eq!(count(&store, known), 1_008);
        // 19 of the table, 2 of identity, 7 made up; of a minor identity alone.
        assert_eq!(count(&store, "attribute"), 1_000 * 28 + 8 * 2);
    }

    #[test]
    fn the_store_holds_something_of_everything() {
        let store = filled(&generate(TODAY), Path::new(":memory:"));
        for what in [
            "record WHERE severity = 'minor'",
            "record WHERE severity = 'general'",
            "record WHERE severity = 'serious'",
            "record WHERE sentence_end IS NOT NULL",
            "record WHERE effect_end IS NOT NULL",
            "record WHERE repaired IS NOT NULL AND repair_revoked IS NULL",
            "record WHERE repair_revoked IS NOT NULL",
            "record WHERE performed IS NOT NULL AND class = 'court-judgment'",
            "record WHERE performed IS NOT NULL AND amount > 10000",
            "record WHERE performed IS NOT NULL AND amount <= 10000",
            "record WHERE class = 'consumption-restriction' AND performed IS NULL AND repaired IS NULL",
            "record WHERE disputed",
            "listing WHERE list = 'red'",
            "listing WHERE list = 'grey'",
            "listing WHERE list = 'black'",
            "listing WHERE until IS NULL",
            "listing WHERE until < '2026-11-22'",
            "listing WHERE disputed",
            "record WHERE class = 'credit-card-performance' AND disputed",
            "record WHERE class = 'administrative-licence' AND effect_end < '2026-11-22'",
            "attribute WHERE field = 'repair_applied_for' AND value = 'true'",
        ] {
            assert!(count(&store, what) >= 5, "{what}: {}", count(&store, what));
        }
        assert_eq!(count(&store, "record WHERE act > determined OR determined > '2026-11-22'"), 0);
        assert_eq!(count(&store, "record WHERE repaired <= determined OR repair_revoked <= repaired"), 0);
        assert_eq!(
            count(
                &store,
                "record WHERE performed < act OR max(repaired, repair_revoked) > '2026-11-22' OR performed > '2026-11-22'"
            ),
            0
        );
        assert_eq!(count(&store, "listing WHERE since > '2026-11-22' OR until <= since"), 0);
    }

    #[test]
    fn names_and_numbers_are_the_persons_own() {
        let store = filled(&generate(TODAY), Path::new(":memory:"));
        let field = |field| format!("attribute WHERE field = '{field}'");
        assert_eq!(count(&store, &format!("{} AND value = '\"' || number || '\"'", field("citizen_number"))), 1_008);
        assert_eq!(count(&store, &format!("(SELECT DISTINCT value FROM {})", field("name"))), 1_008);
        assert_eq!(count(&store, &format!("{} AND value NOT LIKE '\"测试甲%'", field("name"))), 0);
    }

    #[test]
    fn the_store_is_small() {
        let store = filled(&generate(TODAY), Path::new(":memory:"));
        let bytes = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        assert!(store.query_row(bytes, [], |row| row.get::<_, i64>(0)).unwrap() < 3_000_000);
    }

    /// Outside programs keep these numbers.
    #[test]
    fn the_adults_of_the_file_are_always_the_same() {
        let adults: String =
            generate(TODAY).persons_csv().split_inclusive('\n').filter(|line| !line.ends_with(",minor\n")).collect();
        let digest: String = Sha256::digest(adults).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "26a67d923cbefe47739eb05d68f8655faef335293dca428bc9e21eb2f7347f52");
    }

    #[test]
    fn the_same_day_gives_the_same_people_and_another_day_the_same_adults() {
        let scratch = Scratch::new();
        let dump = |today, name| {
            let people = generate(today);
            let file = scratch.path().join(name);
            drop(filled(&people, &file));
            (people.persons_csv(), std::fs::read(file).unwrap())
        };
        let first = dump(TODAY, "one");
        assert!(first == dump(TODAY, "two"));
        let later = dump(date(2027, 8, 1), "three");
        assert!(first.1 != later.1);
        let adults = |text: &str| {
            let lines = text.lines().filter(|line| !line.ends_with(",minor"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(adults(&first.0), adults(&later.0));
    }
}
