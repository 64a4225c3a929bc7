//! The number of a case: as it was sent for the record, in its normal form for the counts.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::asker::{Allowed, IdError, check, names_nobody};

/// Signs that a case number may have; their full-width forms too.
const SIGNS: &str = " -_./()〔〕【】[]";

/// The number of the case for which a statute lets the institution ask: 1 to 64 letters and marks of any script, digits,
/// spaces and `-_./()（）〔〕【】[]`, at least one of them a letter or a digit (formats.md §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaseNumber(Arc<str>);

impl CaseNumber {
    /// Parses a case number.
    ///
    /// # Errors
    ///
    /// [`IdError`]: the first of length, characters and citizen number that does not hold.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text, is_allowed, Allowed::CaseNumber)?;
        // Letters and digits of ASCII stay what they are.
        let has_word = text.contains(|c: char| c.is_ascii_alphanumeric());
        if !has_word && !normal_case(text).contains(char::is_alphanumeric) {
            return Err(IdError::Character(Allowed::CaseNumber));
        }
        names_nobody(text).map(|()| Self(text.into()))
    }

    /// The text of the case number, as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for CaseNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The form in which cases are compared and counted: NFKC, without white space and invisible characters, every bracket
/// `(` or `)`, in upper case. Any text has one, for records of before are counted too.
#[must_use]
pub fn normal_case(text: &str) -> String {
    if text.is_ascii() {
        // NFKC leaves it as it is.
        return text.chars().filter(|c| !c.is_whitespace()).map(|c| bracket(c).to_ascii_uppercase()).collect();
    }
    let folded = text.nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c)).map(bracket);
    // Upper case can take a letter apart that has one code point.
    folded.flat_map(char::to_uppercase).nfkc().collect()
}

fn bracket(c: char) -> char {
    match c {
        '〔' | '【' | '[' | '{' => '(',
        '〕' | '】' | ']' | '}' => ')',
        other => other,
    }
}

fn is_allowed(c: char) -> bool {
    // The tsheg between Tibetan syllables is punctuation to Unicode, and as much a part of a word as a letter.
    let is_of_a_word = c.is_alphabetic() || is_combining_mark(c) || matches!(c, '\u{f0b}' | '\u{f0c}');
    is_of_a_word || c.is_ascii_digit() || SIGNS.contains(c) || half_width(c).is_some_and(is_half_width)
}

/// What a full-width form of ASCII stands for (Unicode, Halfwidth and Fullwidth Forms), and the full-width space.
fn half_width(c: char) -> Option<char> {
    match c {
        '\u{3000}' => Some(' '),
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => None,
    }
}

fn is_half_width(c: char) -> bool {
    c.is_ascii_digit() || SIGNS.contains(c)
}

/// Marks and letters that show nothing (Unicode, `Default_Ignorable_Code_Point`): two cases that look alike are one.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}
