//! Decimal numbers, exact: no binary fraction stands between a store's digits and an answer.

use serde::Deserialize;

use super::unfit::What;

/// Digits of a number at most.
const DIGITS: usize = 30;
/// A binary fraction gives back this many decimal digits as they were written.
const REAL_DIGITS: usize = 15;

/// In what an amount is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    /// 元.
    Yuan,
    /// 万元: 10,000 yuan.
    WanYuan,
    /// 分: a hundredth of a yuan.
    Fen,
}

impl Unit {
    /// Powers of ten from the unit to fen.
    const fn to_fen(self) -> i32 {
        match self {
            Self::Yuan => 2,
            Self::WanYuan => 6,
            Self::Fen => 0,
        }
    }
}

/// `mantissa` × 10 to the power of `exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// Reads digits with a sign, a point, and the exponent that JSON knows. No blanks, no separators of thousands.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        if !(-DIGITS_SIGNED..=DIGITS_SIGNED).contains(&exponent) {
            return None;
        }
        let digits = number.strip_prefix('-').unwrap_or(number);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_bare_point = digits.contains('.') && part.is_empty();
        if whole.is_empty()
            || has_bare_point
            || !is_digits(whole)
            || !is_digits(part)
            || whole.len() + part.len() > DIGITS
        {
            return None;
        }
        let fold = |sum: i128, digit: u8| sum * 10 + i128::from(digit - b'0');
        let mantissa = whole.bytes().chain(part.bytes()).fold(0, fold);
        let mantissa = if number.starts_with('-') { -mantissa } else { mantissa };
        Some(Self { mantissa, exponent: exponent - i32::try_from(part.len()).ok()? })
    }

    /// A binary fraction that a decimal was put into: the shortest decimal that gives it, if that was short enough to be
    /// kept.
    pub(super) fn of_real(real: f64) -> Option<Self> {
        let text = real.to_string();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        (real.is_finite() && digits <= REAL_DIGITS + 1).then(|| Self::parse(&text)).flatten()
    }

    /// The whole number that it is.
    pub(super) fn whole(self) -> Option<i64> {
        i64::try_from(self.shifted(0)?).ok()
    }

    /// As fen, of which no part is left over.
    pub(super) fn fen(self, unit: Unit) -> Result<i64, What> {
        let fen = self.shifted(unit.to_fen()).ok_or(What::TooFine)?;
        i64::try_from(fen).map_err(|_| What::NoAmount)
    }

    /// Times ten to the power of `places`, if that is whole.
    fn shifted(self, places: i32) -> Option<i128> {
        let exponent = self.exponent + places;
        let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent >= 0 {
            self.mantissa.checked_mul(factor)
        } else {
            (self.mantissa % factor == 0).then_some(self.mantissa / factor)
        }
    }
}

/// The exponent of JSON's numbers at most.
const DIGITS_SIGNED: i32 = 30;

/// An amount as the data list has it: yuan with two decimals.
pub(super) fn yuan_text(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuan(text: &str, unit: Unit) -> Result<String, What> {
        Decimal::parse(text).ok_or(What::NoAmount)?.fen(unit).map(yuan_text)
    }

    #[test]
    fn amounts_are_exact_in_each_unit() {
        for (text, unit, wanted) in [
            ("0.2", Unit::WanYuan, "2000.00"),
            ("0.200000", Unit::WanYuan, "2000.00"),
            ("0.000001", Unit::WanYuan, "0.01"),
            ("12345678901.234567", Unit::WanYuan, "123456789012345.67"),
            ("2000", Unit::Yuan, "2000.00"),
            ("0.1", Unit::Yuan, "0.10"),
            ("-0.05", Unit::Yuan, "-0.05"),
            ("7", Unit::Fen, "0.07"),
            ("2e3", Unit::Yuan, "2000.00"),
            ("5E-1", Unit::WanYuan, "5000.00"),
            ("1.500", Unit::Yuan, "1.50"),
        ] {
            assert_eq!(yuan(text, unit).unwrap(), wanted, "{text} {unit:?}");
        }
    }

    #[test]
    fn what_is_finer_than_a_fen_or_no_number_fails() {
        assert_eq!(yuan("0.0000001", Unit::WanYuan), Err(What::TooFine));
        assert_eq!(yuan("0.001", Unit::Yuan), Err(What::TooFine));
        assert_eq!(yuan("0.5", Unit::Fen), Err(What::TooFine));
        for text in [
            "", "-", ".5", "5.", "1,000", "1 000", "0x10", "1e", "1e99", "NaN", "inf", "+1", "２０", "二", "1.2.3",
            "--1",
        ] {
            assert_eq!(yuan(text, Unit::Yuan), Err(What::NoAmount), "{text}");
        }
        assert_eq!(yuan(&"9".repeat(31), Unit::Yuan), Err(What::NoAmount));
        assert_eq!(yuan(&"9".repeat(30), Unit::Yuan), Err(What::NoAmount));
    }

    #[test]
    fn a_binary_fraction_is_the_decimal_that_was_put_into_it() {
        for (real, wanted) in [(0.2, "2000.00"), (0.1 + 0.2 - 0.1, "2000.00"), (1_234.567_8, "12345678.00")] {
            let decimal = Decimal::of_real(real);
            if real == 0.2 || real > 1.0 {
                assert_eq!(decimal.unwrap().fen(Unit::WanYuan).map(yuan_text).unwrap(), wanted);
            } else {
                // 0.20000000000000004: computed, not written.
                assert_eq!(decimal, None);
            }
        }
        assert_eq!(Decimal::of_real(f64::NAN), None);
        assert_eq!(Decimal::of_real(f64::INFINITY), None);
        assert_eq!(Decimal::of_real(1e300), None);
    }

    #[test]
    fn whole_numbers_have_no_part() {
        for (text, wanted) in
            [("12", Some(12)), ("12.000", Some(12)), ("-3", Some(-3)), ("1e2", Some(100)), ("12.5", None)]
        {
            assert_eq!(Decimal::parse(text).unwrap().whole(), wanted, "{text}");
        }
    }
}
