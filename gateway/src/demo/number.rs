//! Synthetic citizen numbers, and the sequence that everything made up for the demo is drawn from.
//!
//! The division codes `99xxxx` are assigned to no place (GB/T 2260), so that the numbers are nobody's; in all else they
//! are as GB 11643 says.

use credit_policy::Personal;
use jiff::civil::Date;

/// A deterministic sequence (SplitMix64, Steele et al. 2014). The demo's people must be the same wherever it is made;
/// nothing here is a secret.
pub(super) struct Sequence(u64);

impl Sequence {
    /// The sequence of one stream: people do not shift when another one is given a longer history.
    pub(super) fn of(stream: u64) -> Self {
        let mut whitened = Self(stream ^ 0x6372_6564_6974);
        Self(whitened.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included; `low` where they are the wrong way round.
    pub(super) fn between(&mut self, low: i16, high: i16) -> i16 {
        let width = u64::from(high.abs_diff(low)) + 1;
        let offset = i16::try_from(self.next() % width).unwrap_or(0);
        low.saturating_add(offset)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: i16) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let last = i16::try_from(others.len()).unwrap_or(i16::MAX);
        let at = usize::try_from(self.between(0, last)).unwrap_or(0);
        at.checked_sub(1).and_then(|at| others.get(at)).copied().unwrap_or(first)
    }
}

/// A number for someone born on that day. Each of the first 1,800 serials has a division code of its own, so that no two
/// people share a number.
pub(super) fn draw(serial: u64, born: Date, sequence: &mut Sequence) -> Personal<String> {
    let place = serial.wrapping_mul(37) % 1_800;
    let mut number = format!(
        "99{:02}{:02}{:04}{:02}{:02}{:03}",
        place / 20,
        place % 20 + 1,
        born.year(),
        born.month(),
        born.day(),
        sequence.between(1, 999),
    );
    number.push(check_character(&number));
    Personal::new(number)
}

/// The check character of ISO 7064 MOD 11-2 over 17 digits (GB 11643 §4.2.4).
fn check_character(digits: &str) -> char {
    // Weights are powers of two modulo 11, from the left; so a running doubling does.
    let sum = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - sum) % 11 {
        10 => 'X',
        value => char::from_digit(value, 10).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_check_character_is_the_standard_s() {
        // The two examples of GB 11643-1999.
        assert_eq!(check_character("11010519491231002"), 'X');
        assert_eq!(check_character("44052418800101001"), '4');
    }

    #[test]
    fn the_sequence_is_splitmix64() {
        // Reference output of splitmix64.c for the seed 1234567.
        let mut sequence = Sequence(1_234_567);
        assert_eq!(sequence.next(), 6_457_827_717_110_365_317);
        assert_eq!(sequence.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_draw_stays_within_its_bounds_and_reaches_both() {
        let mut sequence = Sequence::of(1);
        let drawn: Vec<_> = (0..1_000).map(|_| sequence.between(-2, 3)).collect();
        assert_eq!(drawn.iter().min(), Some(&-2));
        assert_eq!(drawn.iter().max(), Some(&3));
        let picked: Vec<_> = (0..1_000).map(|_| sequence.pick('a', &['b', 'c'])).collect();
        assert!(['a', 'b', 'c'].iter().all(|one| picked.contains(one)));
    }

    #[test]
    fn a_number_holds_its_birth_date_and_a_division_of_nobody() {
        let number = draw(7, date(1987, 3, 9), &mut Sequence::of(7));
        number.disclose(|number| {
            assert_eq!(number.len(), 18);
            assert!(number.starts_with("99"));
            assert_eq!(number.get(6..14), Some("19870309"));
        });
    }
}
