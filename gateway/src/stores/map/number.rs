//! The key: a citizen number in a store, in the one form that two numbers are compared in.

use credit_policy::{CitizenNumber, Personal};
use zeroize::Zeroizing;

use super::{cell::Cell, text::Encoding, text::bare, unfit::What};

/// The texts that stand for one person in a key column: the last character in upper and in lower case. Equal where it is a digit.
pub(super) fn spellings(person: &CitizenNumber) -> [Zeroizing<String>; 2] {
    let upper = Zeroizing::new(person.as_str().to_owned());
    let lower = Zeroizing::new(person.as_str().to_ascii_lowercase());
    [upper, lower]
}

/// Texts of one person that are in no canonical form, as typists and exports leave them: one blank, tab or end of line
/// before or behind. Asked for where no scan finds them before: a row that nobody finds would clear the person.
pub(super) fn misspellings(person: &CitizenNumber) -> Vec<Zeroizing<String>> {
    let [upper, lower] = spellings(person);
    let mut all = Vec::new();
    for number in [&upper, &lower].into_iter().take(if upper == lower { 1 } else { 2 }) {
        all.extend([" ", "\t", "\u{3000}", "\u{a0}"].map(|blank| Zeroizing::new(format!("{blank}{}", **number))));
        let behind = [" ", "\t", "\u{3000}", "\u{a0}", "\r", "\n", "\r\n"];
        all.extend(behind.map(|blank| Zeroizing::new(format!("{}{blank}", **number))));
    }
    all
}

/// The number in a cell: 18 characters, upper case, with a birth date and check character that fit. So a placeholder, a
/// masked number, the number of another document and one of 15 digits are none.
pub(super) fn number(cell: Cell<'_>, encoding: Encoding) -> Result<Personal<CitizenNumber>, What> {
    let decoded;
    let text = match cell {
        Cell::Text(text) => text,
        Cell::Bytes(bytes) => {
            decoded = Zeroizing::new(encoding.decode(bytes)?.into_owned());
            decoded.as_str()
        }
        Cell::Null => return Err(What::NoNumber),
        Cell::Int(_) | Cell::Real(_) | Cell::Number(_) => return Err(What::NumberCell),
        Cell::Bool(_) | Cell::Date(_) | Cell::DateTime(_) | Cell::Instant(_) => return Err(What::NoNumber),
    };
    CitizenNumber::parse(bare(text)).map_err(|_| What::NoNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_X: &str = "99010119900307004X";

    fn read(cell: Cell<'_>) -> Result<String, What> {
        number(cell, Encoding::Utf8).map(|person| person.disclose(|person| person.as_str().to_owned()))
    }

    #[test]
    fn placeholders_masks_and_other_documents_are_no_key() {
        for text in [
            "",
            "00000000000000000X",
            "000000000000000000",
            "111111111111111111",
            "999999999999999999",
            "123456789012345678",
            "330921************",
            "990101199003******",
            "990101********004X",
            "E12345678",
            "990101900307004",
            "\\N",
            "无",
            "９９０１０１１９９００３０７００４Ｘ",
        ] {
            assert_eq!(read(Cell::Text(text)), Err(What::NoNumber), "{text}");
        }
        assert_eq!(read(Cell::Null), Err(What::NoNumber));
        assert_eq!(read(Cell::Bytes(b"\xff")), Err(What::Encoding));
    }

    #[test]
    fn a_number_cell_is_no_key_even_if_its_digits_are_right() {
        for cell in
            [Cell::Int(990_101_199_003_070_015), Cell::Real(9.901_011_990_030_7e17), Cell::Number("990101199003070015")]
        {
            assert_eq!(read(cell), Err(What::NumberCell));
        }
    }

    #[test]
    fn both_cases_of_the_last_character_are_one_person() {
        let person = CitizenNumber::parse(WITH_X).unwrap();
        let [upper, lower] = person.disclose(spellings);
        assert_eq!((upper.as_str(), lower.as_str()), (WITH_X, WITH_X.to_ascii_lowercase().as_str()));
        for text in [upper.as_str(), lower.as_str(), " 99010119900307004x\u{3000}"] {
            assert_eq!(read(Cell::Text(text)).unwrap(), WITH_X);
        }
    }
}
