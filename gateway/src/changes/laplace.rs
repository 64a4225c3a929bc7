//! Discrete Laplace noise, exactly and from the system's randomness (Canonne, Kamath, Steinke, *The Discrete Gaussian for
//! Differential Privacy*, 2020, algorithms 1 and 2): no floating point, no seed.

use credit_keys::{Entropy, EntropyError};

/// Draws noise.
pub(super) struct Noise<'a> {
    entropy: &'a dyn Entropy,
    /// The scale is `over` / `under`: a whole number k is drawn with a probability as e^(−|k| · under / over).
    over: u64,
    under: u64,
}

impl<'a> Noise<'a> {
    /// Noise for a figure that one person changes by `sensitivity` at most, for a budget of so many thousandths.
    pub(super) fn new(entropy: &'a dyn Entropy, sensitivity: u64, milli_epsilon: u64) -> Self {
        Self { entropy, over: sensitivity.saturating_mul(1_000).max(1), under: milli_epsilon.max(1) }
    }

    /// One draw.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub(super) fn draw(&self) -> Result<i64, EntropyError> {
        loop {
            let within = self.below(self.over)?;
            if !self.exp(within, self.over)? {
                continue;
            }
            let mut beyond = 0_u64;
            while self.exp(1, 1)? {
                beyond = beyond.saturating_add(1);
            }
            let size = within.saturating_add(self.over.saturating_mul(beyond)) / self.under;
            let is_negative = self.below(2)? == 1;
            // Nought has one sign, or it would be drawn twice as often.
            if is_negative && size == 0 {
                continue;
            }
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            return Ok(if is_negative { -size } else { size });
        }
    }

    /// True with probability e^(−a/b), for a not above b.
    fn exp(&self, a: u64, b: u64) -> Result<bool, EntropyError> {
        let mut tries = 1_u64;
        while self.below(b.saturating_mul(tries))? < a {
            tries = tries.saturating_add(1);
        }
        Ok(tries % 2 == 1)
    }

    /// A number below `end`, each as likely.
    fn below(&self, end: u64) -> Result<u64, EntropyError> {
        let uneven = (u64::MAX % end + 1) % end;
        loop {
            let mut bytes = [0; 8];
            self.entropy.fill(&mut bytes)?;
            let number = u64::from_le_bytes(bytes);
            if number <= u64::MAX - uneven {
                return Ok(number % end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use credit_keys::SystemEntropy;

    use super::*;

    /// With scale s, e = e^(−1/s): the mean is 0, the variance 2e/(1−e)², the share of nought (1−e)/(1+e).
    #[test]
    fn draws_have_the_distribution_that_they_should() {
        let entropy = SystemEntropy::new();
        for (sensitivity, milli_epsilon) in [(1, 1_000), (10, 1_000), (10, 500)] {
            let noise = Noise::new(&entropy, sensitivity, milli_epsilon);
            let draws: Vec<i64> = (0..40_000).map(|_| noise.draw().unwrap()).collect();
            let count = draws.len() as f64;
            let e = (-(milli_epsilon as f64) / (1_000.0 * sensitivity as f64)).exp();
            let variance = 2.0 * e / (1.0 - e).powi(2);
            let mean = draws.iter().sum::<i64>() as f64 / count;
            let spread = draws.iter().map(|draw| (*draw as f64).powi(2)).sum::<f64>() / count;
            let nought = draws.iter().filter(|draw| **draw == 0).count() as f64 / count;
            // Six standard deviations of each: one run in a hundred million fails by chance.
            assert!(mean.abs() < 6.0 * (variance / count).sqrt(), "{mean}");
            assert!((spread / variance - 1.0).abs() < 6.0 * (5.0 / count).sqrt(), "{spread} {variance}");
            let share = (1.0 - e) / (1.0 + e);
            assert!((nought - share).abs() < 6.0 * (share * (1.0 - share) / count).sqrt(), "{nought} {share}");
        }
    }

    struct Silent;

    impl Entropy for Silent {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }

    #[test]
    fn without_randomness_nothing_is_drawn() {
        assert!(Noise::new(&Silent, 10, 83).draw().is_err());
    }
}
