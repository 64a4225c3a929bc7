//! The key: a citizen number in a store, in the one form that two numbers are compared in.

use credit_policy::{CitizenNumber, Personal, meant_citizen_number};
use zeroize::Zeroizing;

use super::{cell::Cell, text::Encoding, text::bare, unfit::What};

/// The texts that stand for one person in a key column: the last character in upper and in lower case. Equal where it is a digit.
pub(super) fn spellings(person: &CitizenNumber) -> [Zeroizing<String>; 2] {
    let upper = Zeroizing::new(person.as_str().to_owned());
    let lower = Zeroizing::new(person.as_str().to_ascii_lowercase());
    [upper, lower]
}

/// From a character of ASCII to its full-width form.
const FULL_WIDTH: u32 = 0xfee0;

/// Texts of one person that are in no canonical form, as typists and exports leave them: one blank, tab or end of line
/// before or behind, in full width, with 15 digits. Asked for where no scan finds them before: a row that nobody finds would clear the person.
pub(super) fn misspellings(person: &CitizenNumber) -> Vec<Zeroizing<String>> {
    let [upper, lower] = spellings(person);
    let mut all = Vec::new();
    for number in [&upper, &lower].into_iter().take(if upper == lower { 1 } else { 2 }) {
        all.extend([" ", "\t", "\u{3000}", "\u{a0}"].map(|blank| Zeroizing::new(format!("{blank}{}", **number))));
        let behind = [" ", "\t", "\u{3000}", "\u{a0}", "\r", "\n", "\r\n"];
        all.extend(behind.map(|blank| Zeroizing::new(format!("{}{blank}", **number))));
        let wide = |c: char| char::from_u32(u32::from(c) + FULL_WIDTH).unwrap_or(c);
        all.push(Zeroizing::new(number.chars().map(wide).collect()));
    }
    all.extend(person.old_form());
    all
}

/// Of whom a key could be that look-ups do not find, or that is no number as a key must be: in another writing, with 15 digits,
/// as bytes that do not decode, as a number that lost its last digits. Nobody where it is nobody's in any reading.
pub(super) fn meant(cell: Cell<'_>, encoding: Encoding) -> Vec<Personal<CitizenNumber>> {
    let one = |text: &str| meant_citizen_number(text).into_iter().collect();
    match cell {
        Cell::Text(text) => one(text),
        Cell::Bytes(bytes) => match encoding.decode(bytes) {
            Ok(text) => one(&Zeroizing::new(text.into_owned())),
            Err(_) => one(&Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())),
        },
        Cell::Int(number) => one(&Zeroizing::new(number.to_string())),
        Cell::Number(digits) => match digits.split_once('.') {
            Some((whole, part)) if part.bytes().all(|digit| digit == b'0') => one(whole),
            Some(_) | None => one(digits),
        },
        Cell::Real(number) => rounded_to(number),
        Cell::Null | Cell::Bool(_) | Cell::Date(_) | Cell::DateTime(_) | Cell::Instant(_) => Vec::new(),
    }
}

/// All whose numbers are this binary fraction: it has room for 15 digits.
fn rounded_to(number: f64) -> Vec<Personal<CitizenNumber>> {
    /// Half of what is between two fractions of 18 digits.
    const APART: i64 = 64;
    let Ok(near) = format!("{number:.0}").parse::<i64>() else { return Vec::new() };
    let all = near.saturating_sub(APART)..=near.saturating_add(APART);
    let texts = all.map(|whole| Zeroizing::new(whole.to_string()));
    let is_it =
        |text: &Zeroizing<String>| text.parse::<f64>().is_ok_and(|rounded| rounded.to_bits() == number.to_bits());
    texts
        .filter(|text| text.len() >= 15)
        .filter_map(|text| Some((meant_citizen_number(&text)?, text)))
        .filter(|(_, text)| is_it(text))
        .map(|(person, _)| person)
        .collect()
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

    #[test]
    fn of_whom_a_key_could_be_is_known_in_every_class_of_storage() {
        let known = |cell: Cell<'_>| -> Vec<String> {
            let all = meant(cell, Encoding::Gb18030);
            all.into_iter().map(|person| person.disclose(|person| person.as_str().to_owned())).collect()
        };
        for cell in [
            Cell::Null,
            Cell::Text("330921************"),
            Cell::Text("00000000000000000X"),
            Cell::Int(1),
            Cell::Real(1e18),
            Cell::Real(f64::NAN),
            Cell::Number("990101199003070015.5"),
            Cell::Bytes(b"E12345678"),
        ] {
            assert_eq!(known(cell), Vec::<String>::new());
        }
        let wide = "９９０１０１１９９００３０７００４Ｘ";
        let gbk = encoding_rs::GB18030.encode(wide).0;
        let utf_16: Vec<u8> = WITH_X.bytes().flat_map(|byte| [byte, 0]).collect();
        for cell in [
            Cell::Text(wide),
            Cell::Text("990101900307004"),
            Cell::Text("'99010119900307004x "),
            Cell::Bytes(&gbk),
            Cell::Bytes(&utf_16),
            Cell::Bytes(b"\xff99010119900307004X"),
            Cell::Int(990_101_900_307_004),
            Cell::Real(990_101_900_307_004.0),
        ] {
            assert_eq!(known(cell), [WITH_X]);
        }
        assert_eq!(known(Cell::Int(990_101_199_003_070_015)), ["990101199003070015"]);
        assert_eq!(known(Cell::Number("990101199003070015.000")), ["990101199003070015"]);
        // Of a fraction one of several is meant, and nobody knows which.
        let several = known(Cell::Real(990_101_199_003_070_015.0));
        assert!(several.len() > 1 && several.contains(&"990101199003070015".to_owned()), "{}", several.len());
    }
}
