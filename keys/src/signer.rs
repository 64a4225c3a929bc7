//! The key that signs the log's checkpoints.

use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::secret::Material;

/// Signs for one origin with Ed25519 (RFC 8032).
///
/// ring holds the expanded key for as long as this value lives and does not wipe it: the process keeps one, and
/// writes no core dumps.
pub struct LogSigner {
    pair: Ed25519KeyPair,
    public_key: [u8; 32],
}

impl LogSigner {
    /// `None` only if ring refuses the seed, which it does for no seed of 32 bytes.
    pub(crate) fn new(seed: &Material) -> Option<Self> {
        let pair = seed.disclose(|seed| Ed25519KeyPair::from_seed_unchecked(seed).ok())?;
        let public_key = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, public_key })
    }

    /// The signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0_u8; 64];
        for (to, from) in signature.iter_mut().zip(self.pair.sign(message).as_ref()) {
            *to = *from;
        }
        signature
    }

    /// The public key, 32 bytes as RFC 8032 writes it.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.public_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `cryptography`: `Ed25519PrivateKey.from_private_bytes(bytes(range(32)))`, its public key and
    /// its signature over `b"checkpoint\n"`.
    #[test]
    fn the_signature_is_that_of_the_rfc() {
        let seed = std::array::from_fn(|place| u8::try_from(place).expect("small"));
        let signer = LogSigner::new(&Material::new(seed)).expect("a signer");
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(&signer.public_key()), "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
        assert_eq!(
            hex(&signer.sign(b"checkpoint\n")),
            "7ce4d3c378916ddfd28a2f4f069aa08b49dcc8f6fbcede24a53d26da703efa6a\
             fed5e6c8a2dddc605c889417c410d5f32fac71fff9d13a81f851fe0b0d3a9c0d"
        );
        assert_ne!(signer.sign(b"checkpoint"), signer.sign(b"checkpoint\n"));
    }
}
