//! The draw: nobody chooses what is reviewed. The supervisor cannot, since the nonce is committed to before the period; nor can
//! the operator, who does not know it when the checkpoint is made.

use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::mark::{framed, sha256};

/// What decides which queries of a period are drawn: SHA-256(nonce ‖ text of the first checkpoint after it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// From the nonce and the checkpoint of the tree whose last leaf is the first one after the period.
    #[must_use]
    pub fn new(nonce: &[u8; 32], checkpoint: &Checkpoint) -> Self {
        Self(sha256(&[nonce, checkpoint.to_text().as_bytes()]))
    }

    /// Whether a query is drawn where so many of a thousand are.
    #[must_use]
    pub fn draws(&self, query: Uuid, per_mille: u64) -> bool {
        let drawn = sha256(&[&self.0, query.as_bytes()]);
        let first = drawn.first_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes));
        u128::from(first) * 1_000 < u128::from(per_mille) << 64
    }
}

/// What the supervisor commits to before a period: SHA-256 of framed("credit/sampling-nonce", period, nonce).
#[must_use]
pub fn commitment(period: &str, nonce: &[u8; 32]) -> [u8; 32] {
    framed(&[b"credit/sampling-nonce", period.as_bytes(), nonce])
}

/// What the supervisor commits to of a query that it had made: SHA-256 of framed("credit/known-item", query, verdict, nonce), the
/// query as text.
#[must_use]
pub fn known_commitment(query: Uuid, verdict: &str, nonce: &[u8; 32]) -> [u8; 32] {
    framed(&[b"credit/known-item", query.to_string().as_bytes(), verdict.as_bytes(), nonce])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_the_rate_says_and_others_under_another_nonce_or_checkpoint() {
        let checkpoint = |size| Checkpoint { origin: "log".to_owned(), size, root: [7; 32] };
        let seed = Seed::new(&[1; 32], &checkpoint(9));
        let ids: Vec<_> = (0..10_000).map(|number: u128| Uuid::from_u128(number)).collect();
        let drawn = |seed: Seed, rate| ids.iter().filter(|id| seed.draws(**id, rate)).copied().collect::<Vec<_>>();
        let ours = drawn(seed, 20);
        assert!((150..=250).contains(&ours.len()), "{}", ours.len());
        assert_eq!(drawn(seed, 1_000).len(), ids.len());
        assert_eq!(drawn(seed, 0).len(), 0);
        assert_ne!(drawn(Seed::new(&[2; 32], &checkpoint(9)), 20), ours);
        assert_ne!(drawn(Seed::new(&[1; 32], &checkpoint(10)), 20), ours);
    }

    #[test]
    fn a_commitment_is_to_the_period_and_to_the_verdict() {
        assert_ne!(commitment("2026-11", &[1; 32]), commitment("2026-12", &[1; 32]));
        assert_ne!(commitment("2026-11", &[1; 32]), commitment("2026-11", &[2; 32]));
        let (query, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_ne!(known_commitment(query, "explained", &[1; 32]), known_commitment(query, "suspicious", &[1; 32]));
        assert_ne!(known_commitment(query, "explained", &[1; 32]), known_commitment(other, "explained", &[1; 32]));
    }
}
