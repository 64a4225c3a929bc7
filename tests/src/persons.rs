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

/// The `nr`th of a thousand valid numbers that are nobody's (division code 9999xx, which the demo's people do not have),
/// of adults.
#[must_use]
pub fn stranger(nr: u16) -> String {
    assert!(nr < 1_000);
    let digits = format!("9999{:02}19{}0{}1{}{nr:03}", nr % 100, 60 + nr % 40, 1 + nr % 9, nr % 10);
    // ISO 7064, MOD 11-2.
    let sum = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize];
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use credit_policy::CitizenNumber;

    use super::stranger;

    #[test]
    fn a_thousand_strangers_are_valid_and_different() {
        let all: HashSet<String> = (0..1_000).map(stranger).collect();
        assert_eq!(all.len(), 1_000);
        assert!(all.iter().all(|number| CitizenNumber::parse(number).is_ok()));
    }
}
