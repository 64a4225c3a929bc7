//! Ed25519 (RFC 8032 §5.1.7) for keys that are few and used often: with multiples of each key and of the base point a signature
//! costs some additions, and no doublings. Taken is what a single verification without the cofactor takes, ring's among them.

use std::sync::{Arc, LazyLock};

use curve25519_dalek::{
    EdwardsPoint, Scalar, constants::ED25519_BASEPOINT_POINT, edwards::CompressedEdwardsY, traits::Identity,
};
use ring::digest::{Context, SHA512};

/// Bits of a place. With more of them there are fewer places to add, and more multiples: 220 KiB of a key, 640 KiB of the base point.
const OF_KEY: u32 = 6;
const OF_BASE: u32 = 8;

static BASE: LazyLock<Multiples<OF_BASE>> = LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));

/// A public key, ready to verify.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    encoded: [u8; 32],
    /// Multiples of the key, negated: R = s·B − k·A.
    negated: Arc<Multiples<OF_KEY>>,
}

impl VerifyingKey {
    /// Nothing where the bytes are no point of the curve: nothing verifies with them.
    pub(super) fn new(encoded: [u8; 32]) -> Option<Self> {
        let point: EdwardsPoint = CompressedEdwardsY(encoded).decompress()?;
        Some(Self { encoded, negated: Arc::new(Multiples::of(-point)) })
    }

    /// Whether the signature is this key's over the message. `s` is below the order of the base point, and `R` is the one
    /// encoding of its point: a signature has no second form.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some((r, s)) = signature.split_first_chunk::<32>() else { return false };
        let s = <[u8; 32]>::try_from(s).ok().and_then(|s| Scalar::from_canonical_bytes(s).into_option());
        let Some(s) = s else { return false };
        let mut hash = Context::new(&SHA512);
        for part in [r, &self.encoded, message] {
            hash.update(part);
        }
        let Ok(hash) = <&[u8; 64]>::try_from(hash.finish().as_ref()).copied() else { return false };
        let k = Scalar::from_bytes_mod_order_wide(&hash);
        let expected = self.negated.add_product(&k, BASE.add_product(&s, EdwardsPoint::identity()));
        expected.compress().as_bytes() == r
    }
}

/// Of a point, for each place of a number, the multiples with the digits that may stand there: a product is a sum of one of each
/// place. Which are taken can be seen from outside by their time, so this is for what everybody may know, as a signature.
struct Multiples<const BITS: u32>(Vec<EdwardsPoint>);

impl<const BITS: u32> Multiples<BITS> {
    /// Digits are between this and its negative.
    const LARGEST: i16 = 1 << (BITS - 1);
    /// A scalar is below 2^253, and its last place has room for what is carried.
    const PLACES: usize = 254_u32.div_ceil(BITS) as usize;

    fn of(point: EdwardsPoint) -> Self {
        let (mut all, mut once) = (Vec::new(), point);
        for _ in 0..Self::PLACES {
            let mut multiple = EdwardsPoint::identity();
            all.extend((0..Self::LARGEST).map(|_| {
                multiple += once;
                multiple
            }));
            once = multiple + multiple;
        }
        Self(all)
    }

    /// The sum with the product of the point and a number.
    fn add_product(&self, number: &Scalar, mut sum: EdwardsPoint) -> EdwardsPoint {
        let places = self.0.chunks_exact(usize::from(Self::LARGEST.unsigned_abs()));
        for (digit, multiples) in digits::<BITS>(number.as_bytes()).zip(places) {
            let Some(multiple) = usize::from(digit.unsigned_abs()).checked_sub(1).and_then(|at| multiples.get(at))
            else {
                continue;
            };
            if digit < 0 {
                sum -= multiple;
            } else {
                sum += multiple;
            }
        }
        sum
    }
}

/// The digits of a number, the lowest first, each between half the radix and its negative.
fn digits<const BITS: u32>(number: &[u8; 32]) -> impl Iterator<Item = i16> {
    let mut carried = 0;
    (0_u32..).step_by(BITS as usize).map(move |from| {
        let at = (from / 8) as usize;
        let byte = |at: usize| u16::from(number.get(at).copied().unwrap_or(0));
        let bits = ((byte(at) | byte(at + 1) << 8) >> (from % 8)) & ((1 << BITS) - 1);
        let digit = bits.cast_signed() + carried;
        carried = i16::from(digit > 1 << (BITS - 1));
        digit - (carried << BITS)
    })
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::prelude::*;
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

    use super::*;

    /// A key of both.
    struct Both([u8; 32], Option<VerifyingKey>);

    impl Both {
        fn new(encoded: [u8; 32]) -> Self {
            Self(encoded, VerifyingKey::new(encoded))
        }

        /// Both agree; returns what they say.
        fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            let Self(key, ours) = self;
            let ours = ours.as_ref().is_some_and(|key| key.verifies(message, signature));
            let rings = UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok();
            assert_eq!(ours, rings, "key {key:02x?}, message {message:02x?}, signature {signature:02x?}");
            ours
        }
    }

    fn public(pair: &Ed25519KeyPair) -> Both {
        Both::new(pair.public_key().as_ref().try_into().unwrap())
    }

    /// Encodings of points whose order divides eight, with those that RFC 8032 §5.1.3 would not have: y not below p, and a
    /// sign without an x.
    fn edges() -> Vec<[u8; 32]> {
        let mut all: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
        let above_p = |above: u8| {
            let mut bytes = [0xff; 32];
            bytes[0] = 0xed + above;
            bytes[31] = 0x7f;
            bytes
        };
        all.extend((0..=18).map(above_p));
        let signs: Vec<_> =
            all.iter().map(|bytes| std::array::from_fn(|at| bytes[at] ^ if at == 31 { 0x80 } else { 0 })).collect();
        all.extend(signs);
        all
    }

    fn signature(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
        std::array::from_fn(|at| if at < 32 { r[at] } else { s[at - 32] })
    }

    #[test]
    fn edge_points_are_taken_and_refused_as_by_ring() {
        let (edges, mut taken) = (edges(), 0);
        let scalars = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(8_u8)];
        for key in &edges {
            let key = Both::new(*key);
            for s in scalars {
                let by_s = (ED25519_BASEPOINT_POINT * s).compress().to_bytes();
                for r in edges.iter().copied().chain([by_s]) {
                    taken += usize::from(key.verifies(b"message", &signature(r, s.to_bytes())));
                }
            }
        }
        assert!(taken > 20, "{taken}: hardly an edge was met");
    }

    #[test]
    fn a_key_or_a_point_with_a_part_of_small_order_is_taken_and_refused_as_by_ring() {
        let secret = Scalar::from(987_654_321_u64);
        let (mut taken, mut refused) = (0, 0);
        for of_key in EIGHT_TORSION {
            let encoded = (ED25519_BASEPOINT_POINT * secret + of_key).compress().to_bytes();
            let key = Both::new(encoded);
            for (of_r, nonce) in EIGHT_TORSION.iter().flat_map(|of_r| (1..=8_u64).map(move |nonce| (of_r, nonce))) {
                let nonce = Scalar::from(nonce);
                let r = (ED25519_BASEPOINT_POINT * nonce + of_r).compress().to_bytes();
                let hash = ring::digest::digest(&SHA512, &[&r[..], &encoded, b"message"].concat());
                let k = Scalar::from_bytes_mod_order_wide(hash.as_ref().try_into().unwrap());
                let is_taken = key.verifies(b"message", &signature(r, (nonce + k * secret).to_bytes()));
                *(if is_taken { &mut taken } else { &mut refused }) += 1;
            }
        }
        assert!(taken > 8 && refused > 100, "{taken} {refused}");
    }

    #[test]
    fn an_s_that_is_not_below_the_order_and_other_lengths_are_refused() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key = public(&pair);
        let signed = pair.sign(b"message");
        let signed = signed.as_ref();
        assert!(key.verifies(b"message", signed));
        // s + ℓ, little-endian: ℓ = 2^252 + 27742317777372353535851937790883648493.
        let order = (-Scalar::ONE).to_bytes();
        let (mut more, mut carry) = (signed.to_vec(), 1_u16);
        for (at, byte) in order.iter().enumerate() {
            let sum = u16::from(more[32 + at]) + u16::from(*byte) + carry;
            (more[32 + at], carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        assert_eq!(carry, 0);
        assert!(!key.verifies(b"message", &more));
        for length in [0, 31, 32, 63] {
            assert!(!key.verifies(b"message", &signed[..length]));
        }
        assert!(!key.verifies(b"message", &[signed, &[0]].concat()));
    }

    /// The lowest and highest digits, and those from which something is carried through all places.
    #[test]
    fn a_sum_of_multiples_is_the_product() {
        let carries = |byte: u8| Scalar::from_bytes_mod_order([byte; 32]);
        let powers = (0..253)
            .map(|bit| Scalar::from_bytes_mod_order(std::array::from_fn(|at| u8::from(at == bit / 8) << (bit % 8))));
        let numbers =
            [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, carries(0x7f), carries(0x80), carries(0x81), carries(0xff)];
        let (key, other) = (Multiples::<OF_KEY>::of(ED25519_BASEPOINT_POINT), EIGHT_TORSION[1]);
        for number in numbers.into_iter().chain(powers.flat_map(|power| [power, -power])) {
            let expected = ED25519_BASEPOINT_POINT * number + other;
            assert_eq!(key.add_product(&number, other), expected, "{number:?}");
            assert_eq!(BASE.add_product(&number, other), expected, "{number:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_taken_and_refused_as_by_ring(
            key: [u8; 32], other in any::<[u8; 64]>(), message: Vec<u8>, seed: [u8; 32], at in 0..64_usize, bit in 0..8_u8,
        ) {
            prop_assert!(!Both::new(key).verifies(&message, &other));
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
            let key = public(&pair);
            let mut signed: Vec<u8> = pair.sign(&message).as_ref().to_vec();
            prop_assert!(key.verifies(&message, &signed));
            signed[at] ^= 1 << bit;
            prop_assert!(!key.verifies(&message, &signed));
        }
    }
}
