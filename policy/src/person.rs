//! The citizen identification number of GB 11643, and what it says about a person's age.

use jiff::civil::Date;
use zeroize::{Zeroize, Zeroizing};

use crate::personal::Personal;

/// The number of characters of a citizen number.
pub(crate) const LENGTH: usize = 18;
/// The number of digits of the form issued before 1999, which has neither century nor check character.
pub(crate) const OLD_LENGTH: usize = 15;
/// The digits of the division code.
const DIVISION_LENGTH: usize = 6;
/// Nobody whose number can be asked for was born earlier.
const FIRST_YEAR: i16 = 1900;
/// The age at which records are answered about (R24; Civil Code art. 17).
const ADULT_YEARS: i16 = 18;

/// A citizen identification number (公民身份号码, GB 11643): division code, birth date, sequence, check character.
///
/// Only [`CitizenNumber::parse`] makes one, and it comes wrapped in [`Personal`].
#[derive(Zeroize)]
pub struct CitizenNumber([u8; LENGTH]);

/// Why a text is no citizen number. It never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CitizenNumberError {
    /// Not 18 characters, or other characters than 17 ASCII digits and a digit or `X`.
    #[error("a citizen number has 17 digits and then a digit or `X`: send all 18 characters")]
    Form,
    /// The eight digits of the birth date name no day of the calendar, or one before 1900.
    #[error("the birth date in the citizen number is no date since 1900: check digits 7 to 14")]
    BirthDate,
    /// The check character does not fit (ISO 7064, MOD 11-2).
    #[error("the check character of the citizen number does not fit: compare it with the document")]
    CheckCharacter,
}

impl CitizenNumber {
    /// Parses the 18 characters of GB 11643: ASCII digits, a birth date since 1900, and the check character of
    /// ISO 7064 MOD 11-2. `x` is taken for `X`; the canonical form is upper case. Whether the person is born yet is
    /// for whoever knows the day: [`CitizenNumber::is_born_on`].
    ///
    /// # Errors
    ///
    /// The first of form, birth date and check character that does not hold.
    pub fn parse(text: &str) -> Result<Personal<Self>, CitizenNumberError> {
        let mut bytes: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| CitizenNumberError::Form)?;
        bytes.make_ascii_uppercase();
        let [digits @ .., check] = &bytes;
        if !digits.iter().all(u8::is_ascii_digit) || !(check.is_ascii_digit() || *check == b'X') {
            return Err(CitizenNumberError::Form);
        }
        if birth_date(&bytes).is_none() {
            return Err(CitizenNumberError::BirthDate);
        }
        if check_character(digits) != *check {
            return Err(CitizenNumberError::CheckCharacter);
        }
        Ok(Personal::new(Self(bytes)))
    }

    /// The number of whom the 15 digits issued before 1999 name: with the century, and the check character that fits.
    pub(crate) fn of_old(text: &str) -> Option<Personal<Self>> {
        if text.len() != OLD_LENGTH || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (division, rest) = text.split_at_checked(DIVISION_LENGTH)?;
        let digits = Zeroizing::new(format!("{division}19{rest}"));
        let whole = Zeroizing::new(format!("{}{}", *digits, char::from(check_character(digits.as_bytes()))));
        Self::parse(&whole).ok()
    }

    /// The 15 digits issued before 1999 to whom was born in the 20th century.
    #[must_use]
    pub fn old_form(&self) -> Option<Zeroizing<String>> {
        let (division, rest) = self.as_str().split_at_checked(DIVISION_LENGTH)?;
        let rest = rest.strip_prefix("19")?;
        Some(Zeroizing::new(format!("{division}{}", rest.get(..OLD_LENGTH - DIVISION_LENGTH)?)))
    }

    /// The 18 characters.
    #[must_use]
    #[expect(clippy::expect_used, reason = "parse() let only ASCII through")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("ASCII")
    }

    /// The birth date that digits 7 to 14 give.
    #[must_use]
    #[expect(clippy::expect_used, reason = "parse() made this very date once")]
    pub fn birth_date(&self) -> Date {
        birth_date(&self.0).expect("a date of the calendar")
    }

    /// Whether the birth date is that day or an earlier one: a number of somebody who is not born yet is nobody's.
    #[must_use]
    pub fn is_born_on(&self, on: Date) -> bool {
        self.birth_date() <= on
    }

    /// Whether the person has reached the age of 18 on that day (R24): from the eighteenth birthday on, and for those
    /// born on 29 February from 1 March, since the eighteenth year after a leap year is none.
    #[must_use]
    pub fn is_adult_on(&self, on: Date) -> bool {
        let birth = self.birth_date();
        // Compared as numbers, 29 February of a common year lies after 28 February and before 1 March.
        (on.year(), on.month(), on.day()) >= (birth.year() + ADULT_YEARS, birth.month(), birth.day())
    }
}

fn birth_date(bytes: &[u8; LENGTH]) -> Option<Date> {
    let number = |at: std::ops::Range<usize>| {
        let digits = bytes.get(at)?;
        Some(digits.iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0')))
    };
    let month = i8::try_from(number(10..12)?).ok()?;
    let day = i8::try_from(number(12..14)?).ok()?;
    Date::new(number(6..10)?, month, day).ok().filter(|date| date.year() >= FIRST_YEAR)
}

/// Whether six digits, in ASCII, are a birth date of the form issued before 1999: year, month and day of the 20th century.
pub(crate) fn is_old_birth_date(digits: &[u8]) -> bool {
    let number = |two: &[u8]| two.iter().fold(0_i8, |sum, digit| sum * 10 + i8::try_from(digit - b'0').unwrap_or(0));
    let mut parts = digits.chunks(2).map(number);
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return false };
    Date::new(FIRST_YEAR + i16::from(year), month, day).is_ok()
}

/// ISO 7064, pure system MOD 11-2: double and add, then the character that brings the sum to 1.
fn check_character(digits: &[u8]) -> u8 {
    let sum = digits.iter().fold(0_u32, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - sum) % 11 {
        10 => b'X',
        // Below 10, so that the conversion cannot fail.
        rest => b'0' + u8::try_from(rest).unwrap_or_default(),
    }
}
