//! The one place that makes an HMAC-SHA-256.

use hmac::{Hmac, KeyInit, Mac};
use ring::hmac as ring_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::frame;

/// Block length of SHA-256, to which HMAC pads its key.
const BLOCK_BYTES: usize = 64;

/// An HMAC key whose inner and outer states are computed once; a MAC starts from a copy of them. The states are
/// wiped when they are dropped.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // HMAC pads a short key with zeros to one block; done here, because the fixed length cannot fail.
        let mut block = Zeroizing::new([0_u8; BLOCK_BYTES]);
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        Self(Hmac::new((&*block).into()))
    }

    /// MAC of the framed parts.
    pub(crate) fn framed(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        frame::feed(label, parts, |bytes| mac.update(bytes));
        mac.finalize().into_bytes().into()
    }

    /// HKDF-Expand (RFC 5869 §2.3) to 32 bytes with the framed parts as info and this key as the pseudorandom key.
    pub(crate) fn expand(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        frame::feed(label, parts, |bytes| mac.update(bytes));
        mac.update(&[1]);
        mac.finalize().into_bytes().into()
    }

    /// MAC of one message that is no concatenation.
    #[cfg(test)]
    fn plain(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

/// The first `N` bytes of a MAC.
pub(crate) fn first<const N: usize>(mac: impl AsRef<[u8]>) -> [u8; N] {
    let mut cut = [0_u8; N];
    for (to, from) in cut.iter_mut().zip(mac.as_ref()) {
        *to = *from;
    }
    cut
}

/// The commitment to an answer: HMAC-SHA-256 under a random opening over the response body without its `receipt`
/// member (formats, leaf key `answer`). The asker gets the opening, so its receipt proves what was returned; the
/// record alone says nothing about the answer.
#[must_use]
pub fn answer_commitment(opening: &[u8; 32], body: &[u8]) -> [u8; 32] {
    // The asker gets this key, so nothing has to wipe it: `ring` hashes a long body in fewer instructions.
    let mac = ring_hmac::sign(&ring_hmac::Key::new(ring_hmac::HMAC_SHA256, opening), body);
    first(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231 §4.3 has a key of 4 bytes, which is the same key padded with zeros.
    #[test]
    fn the_mac_is_that_of_the_rfc() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&MacKey::new(&key).plain(b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    /// Against the hkdf crate, from the same pseudorandom key.
    #[test]
    fn expanding_is_that_of_the_rfc() {
        let key = [5; 32];
        let mut wanted = [0; 32];
        let hkdf = hkdf::Hkdf::<Sha256>::from_prk(&key).expect("long enough");
        hkdf.expand(&frame::framed("use", &[b"a", b"b"]), &mut wanted).expect("short enough");
        assert_eq!(MacKey::new(&key).expand("use", &[b"a", b"b"]), wanted);
    }

    /// Made with Python: `hmac.new(bytes(range(112, 144)), b'{"query":"x","data":{}}', hashlib.sha256).hexdigest()`.
    #[test]
    fn the_commitment_to_an_answer_is_a_plain_mac() {
        let opening = std::array::from_fn(|place| 112 + u8::try_from(place).expect("small"));
        let commitment = answer_commitment(&opening, br#"{"query":"x","data":{}}"#);
        assert_eq!(hex(&commitment), "d90d26acfe1113b4398512bef94d7b2b150b7f858f218facd3eeb1623cb4e8b8");
        assert_ne!(commitment, answer_commitment(&[0; 32], br#"{"query":"x","data":{}}"#));
        assert_ne!(commitment, answer_commitment(&opening, br#"{"query":"x","data":{} }"#));
    }
}
