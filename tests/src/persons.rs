//! The people of `persons.csv`.

use std::{fs, path::Path};

/// One of the demo's people: a synthetic number (division code 99…) and what is to be seen with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Citizen number.
    pub number: String,
    /// One of the notes of formats.md §6.
    pub note: String,
}

/// All people of a demo folder, in the order of the file.
#[must_use]
pub fn persons(folder: &Path) -> Vec<Person> {
    let text = fs::read_to_string(folder.join("persons.csv")).expect("persons.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("citizen_number,note"));
    let person = |line: &str| {
        let (number, note) = line.split_once(',').expect("two columns");
        Person { number: number.to_owned(), note: note.to_owned() }
    };
    lines.map(person).collect()
}
