//! The guard before every free text that becomes a record: it finds a citizen number however it is usually written.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::person::{CitizenNumber, LENGTH, OLD_LENGTH, is_old_birth_date};
use crate::personal::Personal;

/// Signs that part numbers: what stands on both sides of one is not read as a number of the old form.
const PARTING: &str = ":;,=<>\"'|&%$#@!?+~^`*\\、";

/// The zeros of the decimal digits of other scripts that NFKC leaves as they are; nine digits follow each (Unicode,
/// general category Nd).
const ZEROS: [u32; 58] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60,
    0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950,
];

/// The ones of signs for 1 to 9 that NFKC leaves as they are: Suzhou numerals, counting rods (units and tens), circled and
/// Ethiopic digits.
const ONES: [u32; 9] = [0x3021, 0x1D360, 0x1D369, 0x24F5, 0x2776, 0x2780, 0x278A, 0x1369, 0x11052];

/// Whether a free text contains a citizen number: 17 digits and a digit or `X` that [`CitizenNumber::parse`] takes, or
/// 15 digits whose digits 7 to 12 are a date (the form issued before 1999).
///
/// The text is read in NFKC, with the digits of every script, Chinese numerals and counting rods as digits, with what looks
/// like an `X` as one, and with white space, signs and the words of a date left out. The old form has no check character, so it is looked for more narrowly: its 15 digits begin and end
/// where digits begin and end, and where signs stand between them no letter of hexadecimal touches them, as in a UUID.
#[must_use]
pub fn holds_citizen_number(text: &str) -> bool {
    places_with_room(text).any(reads_citizen_number)
}

/// The parts of a text in which so many digits stand with no letter of ASCII between them, each with the letter before it and
/// the letter behind it; what is not ASCII counts as a digit a byte, which no character's NFKC exceeds. Every number is found
/// in such a place, for a letter ends what is read before it. Few texts have one: of the others one byte in fifteen is looked
/// at.
fn places_with_room(text: &str) -> impl Iterator<Item = &str> {
    let (bytes, mut at) = (text.as_bytes(), OLD_LENGTH - 1);
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_alphabetic() {
                at += OLD_LENGTH;
                continue;
            }
            let (before, after) = bytes.split_at(at);
            let start = before.iter().rposition(u8::is_ascii_alphabetic).unwrap_or_default();
            let end = after.iter().position(u8::is_ascii_alphabetic).map_or(bytes.len(), |letter| at + letter);
            at = end + OLD_LENGTH;
            // Letters of ASCII are whole characters, so both ends lie between two of them.
            let place = text.get(start..bytes.len().min(end + 1)).unwrap_or(text);
            if has_room(place) {
                return Some(place);
            }
        }
        None
    })
}

/// Whether so many digits can stand in a text with no letter between them. Of Han characters it is known which are digits.
fn has_room(text: &str) -> bool {
    let (mut room, mut bytes) = (0, text.as_bytes());
    while let Some((byte, rest)) = bytes.split_first() {
        bytes = rest;
        if byte.is_ascii() {
            room += usize::from(byte.is_ascii_digit());
        } else if let Some(c) = leading_han(*byte, rest) {
            bytes = rest.get(2..).unwrap_or_default();
            room = if digit(c).is_some() { room + 3 } else { room * usize::from(is_of_a_date(c)) };
        } else {
            room += 1;
        }
        if room >= OLD_LENGTH {
            return true;
        }
    }
    false
}

/// The Han character of three bytes that begins with `byte`.
fn leading_han(byte: u8, rest: &[u8]) -> Option<char> {
    let (second, third) = (rest.first()?, rest.get(1)?);
    let code = u32::from(byte & 0x0f) << 12 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
    char::from_u32(code).filter(|c| byte >> 4 == 0b1110 && is_han(*c))
}

/// Whose number a text is that has nothing but a citizen number in it, in whatever writing: digits of every script, blanks and
/// signs anywhere, `x` in either case, the form of 15 digits. It is no way to ask for a person: stores are searched with it for
/// rows that nobody finds.
#[must_use]
pub fn meant_citizen_number(text: &str) -> Option<Personal<CitizenNumber>> {
    let mut folded = Zeroizing::new(String::with_capacity(LENGTH));
    for c in text.chars().flat_map(|c| std::iter::once(c).nfkc()) {
        match digit(c) {
            Some(value) => folded.push(char::from(b'0' + value)),
            None if c.eq_ignore_ascii_case(&'x') => folded.push('X'),
            None if c.is_alphabetic() => return None,
            None => continue,
        }
        if folded.len() > LENGTH {
            return None;
        }
    }
    CitizenNumber::parse(&folded).ok().or_else(|| CitizenNumber::of_old(&folded))
}

fn reads_citizen_number(text: &str) -> bool {
    let mut scan = Scan::default();
    let mut found = false;
    for c in text.chars() {
        if c.is_ascii() || is_han(c) {
            found |= scan.take(c);
        } else {
            for c in std::iter::once(c).nfkc() {
                found |= scan.take(c);
            }
        }
        if found {
            return true;
        }
    }
    scan.end_of_digits(None)
}

/// Han characters that NFKC leaves as they are.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// What stands between the digits of a date, or after a number.
fn is_of_a_date(c: char) -> bool {
    matches!(c, '年' | '月' | '日' | '号' | '號')
}

/// What is read as the check character `X`.
fn is_x(c: char) -> bool {
    matches!(c, 'x' | 'X' | 'Х' | 'х' | 'Χ' | 'χ' | '×' | '✕' | '✖' | '╳' | '☓' | '⨉' | '⨯')
}

fn digit(c: char) -> Option<u8> {
    let value = match c {
        '0'..='9' => u32::from(c) - u32::from('0'),
        '〇' | '零' | '○' | '◯' | '⓿' | '🄋' | '🄌' => 0,
        '一' | '壹' | '壱' | '弌' | '幺' => 1,
        '二' | '贰' | '貳' | '弐' | '弍' | '貮' | '两' | '兩' => 2,
        '三' | '叁' | '參' | '参' | '叄' | '弎' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' | '漆' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ if c.is_ascii() || is_han(c) => return None,
        _ => {
            let of = |starts: &[u32], most| {
                starts.iter().find_map(|start| u32::from(c).checked_sub(*start).filter(|value| *value < most))
            };
            of(&ZEROS, 10).or_else(|| of(&ONES, 9).map(|value| value + 1))?
        }
    };
    u8::try_from(value).ok()
}

/// Digits with nothing but signs between them.
#[derive(Default)]
struct Scan {
    /// In ASCII. Zeroed on drop, for a number may stand in it.
    digits: Zeroizing<Vec<u8>>,
    /// Where runs of digits without a sign before them begin.
    runs: Vec<usize>,
    /// Whether a sign stands before the next digit.
    apart: bool,
    /// Whether a letter of hexadecimal stands directly before the first run.
    after_hex: bool,
    /// Whether one was read last.
    last_is_hex: bool,
}

impl Scan {
    /// Reads one more character; whether a number ends with it.
    fn take(&mut self, c: char) -> bool {
        if let Some(value) = digit(c) {
            if self.runs.is_empty() {
                self.after_hex = self.last_is_hex;
            }
            if self.apart || self.runs.is_empty() {
                self.runs.push(self.digits.len());
            }
            (self.apart, self.last_is_hex) = (false, false);
            self.digits.push(b'0' + value);
            return self.ends_with_number(None);
        }
        if is_x(c) && self.ends_with_number(Some(b'X')) {
            return true;
        }
        let is_of_a_date = is_of_a_date(c);
        if c.is_alphanumeric() && !is_of_a_date {
            return self.end_of_digits(Some(c));
        }
        if is_of_a_date || PARTING.contains(c) {
            let found = self.has_old_form(self.after_hex, false);
            // The check character makes the new form certain enough to be looked for across such signs.
            self.runs.clear();
            (self.apart, self.last_is_hex) = (true, false);
            return found;
        }
        (self.apart, self.last_is_hex) = (true, false);
        false
    }

    /// The digits are over, by a letter or by the end of the text.
    fn end_of_digits(&mut self, letter: Option<char>) -> bool {
        let is_hex = letter.is_some_and(|letter| letter.is_ascii_hexdigit());
        let found = self.has_old_form(self.after_hex, is_hex && !self.apart);
        self.digits.clear();
        self.runs.clear();
        (self.apart, self.last_is_hex) = (false, is_hex);
        found
    }

    fn ends_with_number(&self, check: Option<u8>) -> bool {
        let mut number = Zeroizing::new([0_u8; 18]);
        let wanted = number.len() - usize::from(check.is_some());
        let Some(start) = self.digits.len().checked_sub(wanted) else { return false };
        let digits = self.digits.iter().skip(start).copied().chain(check);
        number.iter_mut().zip(digits).for_each(|(to, from)| *to = from);
        std::str::from_utf8(&*number).is_ok_and(|number| CitizenNumber::parse(number).is_ok())
    }

    fn has_old_form(&self, after_hex: bool, before_hex: bool) -> bool {
        let ends = || self.runs.iter().copied().skip(1).chain([self.digits.len()]);
        self.runs.iter().enumerate().any(|(first, start)| {
            ends().enumerate().skip(first).any(|(last, end)| {
                let touched = after_hex && first == 0 || before_hex && last + 1 == self.runs.len();
                end - start == OLD_LENGTH
                    && (first == last || !touched)
                    && self.digits.get(start + 6..start + 12).is_some_and(is_old_birth_date)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NUMBER: &str = "990101199003070015";

    /// Of the parts that a number, what hides it and what ends it are made of.
    fn parts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            4 => "[0-9]{1,18}",
            2 => "[-_./()  :;,]{1,3}",
            1 => "[a-zA-Z]{1,20}",
            1 => "[一二三四五六七八九〇壹贰]{1,6}",
            1 => "[０-９①-⑳㏠-㏾½⅒٠-٩〡-〩𝍠-𝍨é证号年月日×Х]{1,6}",
            1 => Just(NUMBER.to_owned()),
            1 => Just("990101900307001".to_owned()),
        ];
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_found_in_places_with_room_is_what_is_found_in_the_whole(text in parts()) {
            prop_assert_eq!(holds_citizen_number(&text), reads_citizen_number(&text), "{}", text);
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(before in "[a-z]{0,40}", after in "[a-z]{0,40}", sign in "[-_./() ]") {
            let apart: String = NUMBER.chars().flat_map(|digit| [digit.to_string(), sign.clone()]).collect();
            for number in [NUMBER, &apart] {
                let text = format!("{before} {number}{after}");
                prop_assert!(holds_citizen_number(&text));
            }
        }
    }

    #[test]
    fn no_character_becomes_more_digits_than_it_has_bytes() {
        for c in char::MIN..=char::MAX {
            let digits = std::iter::once(c).nfkc().filter(|c| digit(*c).is_some()).count();
            assert!(digits <= c.len_utf8(), "{c}");
        }
    }

    #[test]
    fn what_has_no_room_is_read_no_further() {
        for text in [
            "",
            "1234567890",
            "CASE-2026-000123",
            "12345678901234a5678901234",
            "\"statute\":\"《北京市积分落户管理办法》（京政办发〔2020〕9号）第二条、第三条\",",
        ] {
            assert_eq!(places_with_room(text).next(), None, "{text}");
        }
        let text = "aaaaaaaaaaaaaaaaaaaaaaaab123456789012345cdddddddddddddddddddddddddddd";
        assert_eq!(places_with_room(text).collect::<Vec<_>>(), ["b123456789012345c"]);
    }

    #[test]
    fn a_number_is_found_in_every_spelling() {
        let digits = |number: &str, digits: &str| -> String {
            let digits: Vec<char> = digits.chars().collect();
            number.chars().map(|c| c.to_digit(10).map_or(c, |digit| digits[digit as usize])).collect()
        };
        let spellings = [
            "〇〡〢〣〤〥〦〧〨〩",
            "〇一二三四五六七八九",
            "零壱弐参四五六七八九",
            "零壹贰叁肆伍陆柒捌玖",
            "零弌貮弎肆伍陸漆捌玖",
            "◯幺两叄四五六七八九",
            "〇𝍠𝍡𝍢𝍣𝍤𝍥𝍦𝍧𝍨",
            "〇𝍩𝍪𝍫𝍬𝍭𝍮𝍯𝍰𝍱",
            "⓪①②③④⑤⑥⑦⑧⑨",
            "⓿❶❷❸❹❺❻❼❽❾",
            "🄋➀➁➂➃➄➅➆➇➈",
            "🄌➊➋➌➍➎➏➐➑➒",
            "⓪⓵⓶⓷⓸⓹⓺⓻⓼⓽",
            "٠١٢٣٤٥٦٧٨٩",
            "０１２３４５６７８９",
        ];
        for spelling in spellings {
            let text = digits(NUMBER, spelling);
            assert!(holds_citizen_number(&text) && holds_citizen_number(&format!("案{text}号")), "{text}");
        }
        for x in "xXХхΧχ×ⅩⅹＸ✕✖╳".chars() {
            for text in [format!("99521019751118442{x}"), format!("{}-{x}", digits("99521019751118442", spellings[0]))]
            {
                assert!(holds_citizen_number(&text), "{text}");
            }
        }
        for text in ["990101 1990年03月07日 0015", "990101一九九〇年〇三月〇七日0015", "990101·1990年03月07日·001号5"]
        {
            assert!(holds_citizen_number(text), "{text}");
        }
        for text in [
            "2026年11月22日至2027年01月31日",
            "99521019751118442Ж",
            "9952101975111844×2",
            "（2026）粤01民初1959号第0101877号",
        ] {
            assert!(!holds_citizen_number(text), "{text}");
        }
    }

    #[test]
    fn letters_beside_a_place_are_read_with_it() {
        // The old form is none where hexadecimal touches it and signs part its digits.
        for (text, found) in [
            ("99010119900307001X", false),
            ("aaaaaaaaaaaaaaaaaaa99010119900307001Xaaaaaaaaaaaaaaa", false),
            ("zzzzzzzzzzzzzzzzzz990101199003070015zzzzzzzzzzzzzzz", true),
            ("zzzzzzzzzzzzzzzzzz990101-900307-001zzzzzzzzzzzzzzz", true),
            ("zzzzzzzzzzzzzzzzza990101-900307-001zzzzzzzzzzzzzzz", false),
            ("zzzzzzzzzzzzzzzzzz990101-900307-001azzzzzzzzzzzzzz", false),
        ] {
            assert_eq!(holds_citizen_number(text), found, "{text}");
            assert_eq!(reads_citizen_number(text), found, "{text}");
        }
    }
}
