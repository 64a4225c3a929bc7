//! Sealing what the gateway keeps for a while outside of its own memory: who is logged in, say. Whoever has the place where it is kept
//! can neither read it nor make one, nor put one under another name.
//!
//! sealed = nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), under a key of the name: HKDF-Expand of the state key with label and name.
//! Nothing else opens it, so label and name need not be associated data.

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use crate::{entropy::Entropy, mac::MacKey, seal::SealError, state::StateKey};

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

impl StateKey {
    /// Seals content that is kept under a name; the label names the use.
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(
        &self,
        (label, name): (&str, &[u8]),
        content: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce)?;
        let mut buffer = Zeroizing::new(Vec::with_capacity(NONCE_BYTES + content.len() + TAG_BYTES));
        buffer.extend_from_slice(&nonce);
        buffer.extend_from_slice(content);
        let (_, inside) = buffer.split_at_mut_checked(NONCE_BYTES).ok_or(SealError::Cipher)?;
        let tag = cipher(self.in_force(), label, name)
            .encrypt_inout_detached((&nonce).into(), &[], inside.into())
            .map_err(|_| SealError::Cipher)?;
        buffer.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *buffer))
    }

    /// Opens what [`Self::seal`] made under this name, also under the key before, and under one whose time comes within minutes.
    /// Nothing where it was made under another one, or was changed.
    #[must_use]
    pub fn open(&self, (label, name): (&str, &[u8]), sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.beside().find_map(|key| {
            let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
            let (inside, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
            let mut content = Zeroizing::new(inside.to_vec());
            let opened = cipher(key, label, name).decrypt_inout_detached(
                nonce.into(),
                &[],
                content.as_mut_slice().into(),
                tag.into(),
            );
            opened.ok().map(|()| content)
        })
    }
}

fn cipher(key: &MacKey, label: &str, name: &[u8]) -> Aes256Gcm {
    let key = Zeroizing::new(key.expand("credit/kept", &[label.as_bytes(), name]));
    Aes256Gcm::new((&*key).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn key(current: u8, previous: Option<u8>, next: Option<u8>) -> StateKey {
        let of = |byte: u8| MacKey::new(&[byte; 32]);
        StateKey::with_former(of(current), (previous.map(of), next.map(of)), Vec::new())
    }

    #[test]
    fn what_was_sealed_opens_under_its_key_and_name_alone() {
        let (old, entropy) = (key(1, None, None), SystemEntropy::new());
        let sealed = old.seal(("session", b"a"), b"who it is", &entropy).expect("sealed");
        assert_eq!(old.open(("session", b"a"), &sealed).as_deref().map(Vec::as_slice), Some(&b"who it is"[..]));
        assert!(!sealed.windows(6).any(|part| part == b"who it"));
        assert_ne!(sealed, old.seal(("session", b"a"), b"who it is", &entropy).expect("sealed"), "a nonce of its own");
        for (label, name) in [("session", &b"b"[..]), ("login", b"a"), ("session", b"")] {
            assert!(old.open((label, name), &sealed).is_none(), "{label}");
        }
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(old.open(("session", b"a"), &altered).is_none(), "{place}");
            assert!(old.open(("session", b"a"), &sealed[..place]).is_none(), "{place}");
        }
        // By who has the key after it, and by who has not turned yet.
        for (other, opens) in
            [(key(2, Some(1), None), true), (key(2, None, Some(1)), true), (key(2, None, None), false)]
        {
            assert_eq!(other.open(("session", b"a"), &sealed).is_some(), opens);
        }
    }
}
