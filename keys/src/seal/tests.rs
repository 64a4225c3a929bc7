//! Refusals of the seal before its successes.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::scratch::{NoEntropy, Stream};

const LOG: &str = "credit-gateway.example/2026/r1";
const QUERY: &str = "01930000-0000-7000-8000-000000000001";
const PLAIN: &[u8] = br#"{"number":"990001199003071012","counts":[3,1,1,0]}"#;

/// Counts up from 100: nonce 100…111, opening 112…143.
struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = 100 + u8::try_from(place).expect("small");
        }
        Ok(())
    }
}

fn key_from(first: u8, id: &str) -> DataKey {
    let key = std::array::from_fn(|place| first + u8::try_from(place).expect("small"));
    DataKey::new(KeyId::parse(id).expect("an id"), &key)
}

/// The key of the vectors: `bytes(range(64, 96))`.
fn key() -> DataKey {
    key_from(64, "data-2026-11")
}

fn sealer() -> Sealer {
    Sealer::new(key(), LOG, Timestamp::UNIX_EPOCH)
}

fn sealed() -> Sealed {
    sealer().seal(QUERY, PLAIN, &Counting).expect("sealed")
}

fn opened(result: Result<Secret<Vec<u8>>, UnsealError>) -> Result<Vec<u8>, UnsealError> {
    result.map(|secret| secret.disclose(Clone::clone))
}

/// Seals any inside, however it is padded.
fn seal_inside(inside: &[u8]) -> Sealed {
    let nonce = [7; NONCE_BYTES];
    let key = key();
    let mut body = inside.to_vec();
    let tag = key
        .record_cipher(LOG, QUERY)
        .expect("a cipher")
        .encrypt_inout_detached((&nonce).into(), &associated_data(LOG, QUERY, &key.id), body.as_mut_slice().into())
        .expect("encrypted");
    let commit = match inside.split_first_chunk() {
        Some((opening, padded)) => commitment(opening, LOG, QUERY, padded),
        None => [0; 32],
    };
    Sealed { ciphertext: [&nonce, body.as_slice(), &tag].concat(), commit }
}

#[test]
fn another_key_log_query_or_key_id_does_not_open_it() {
    let Sealed { ciphertext, commit } = sealed();
    for (key, log, query) in [
        (key_from(65, "data-2026-11"), LOG, QUERY),
        (key_from(64, "data-2026-12"), LOG, QUERY),
        (key(), "credit-gateway.example/2026/r2", QUERY),
        (key(), LOG, "01930000-0000-7000-8000-000000000002"),
        // The same bytes in a row, divided elsewhere.
        (key(), "credit-gateway.example/2026/r10", "1930000-0000-7000-8000-000000000001"),
    ] {
        let refused = opened(key.unseal(log, query, &ciphertext, &commit));
        assert_eq!(refused, Err(UnsealError::NotGenuine));
    }
}

#[test]
fn a_change_anywhere_does_not_open() {
    let Sealed { ciphertext, commit } = sealed();
    let open = |bytes: &[u8]| opened(key().unseal(LOG, QUERY, bytes, &commit));
    for place in 0..ciphertext.len() {
        let mut changed = ciphertext.clone();
        changed[place] ^= 1;
        assert_eq!(open(&changed), Err(UnsealError::NotGenuine), "{place}");
        assert_eq!(open(&ciphertext[..place]), Err(UnsealError::NotGenuine), "{place}");
    }
    let longer = [ciphertext.as_slice(), &[0]].concat();
    assert_eq!(open(&longer), Err(UnsealError::NotGenuine));
    assert_eq!(open(&ciphertext).as_deref(), Ok(PLAIN));
}

#[test]
fn another_commitment_is_an_error_of_its_own() {
    let Sealed { ciphertext, commit } = sealed();
    for place in 0..commit.len() {
        let mut changed = commit;
        changed[place] ^= 0x80;
        let refused = opened(key().unseal(LOG, QUERY, &ciphertext, &changed));
        assert_eq!(refused, Err(UnsealError::Commitment), "{place}");
    }
}

#[test]
fn improper_padding_is_an_error_of_its_own() {
    let inside = |length: usize, marks: &[(usize, u8)]| {
        let mut inside = vec![0; length];
        for (place, byte) in marks {
            inside[*place] = *byte;
        }
        inside
    };
    for wrong in [
        Vec::new(),
        inside(31, &[]),
        inside(32, &[]),
        inside(1024, &[]),
        inside(1024, &[(40, 0x80), (1023, 1)]),
        inside(1024, &[(40, 0x81)]),
        inside(256, &[(40, 0x80)]),
        inside(1025, &[(40, 0x80)]),
        inside(2048, &[(40, 0x80)]),
        inside(2048, &[(1023, 0x80)]),
        inside(16_384, &[(16_000, 0x80)]),
    ] {
        let Sealed { ciphertext, commit } = seal_inside(&wrong);
        let refused = opened(key().unseal(LOG, QUERY, &ciphertext, &commit));
        assert_eq!(refused, Err(UnsealError::Padding), "{} bytes", wrong.len());
    }
    let Sealed { ciphertext, commit } = seal_inside(&inside(2048, &[(1024, 0x80)]));
    let longest_of_two = opened(key().unseal(LOG, QUERY, &ciphertext, &commit));
    assert_eq!(longest_of_two, Ok(vec![0; 1024 - 32]));
}

#[test]
fn nothing_is_sealed_without_entropy_or_room() {
    let refused = sealer().seal(QUERY, PLAIN, &NoEntropy);
    assert_eq!(refused, Err(SealError::Entropy(EntropyError)));
    let seal = |bytes: usize| sealer().seal(QUERY, &vec![b' '; bytes], &Counting);
    assert_eq!(seal(8192 - 32), Err(SealError::TooLong));
    assert_eq!(seal(1 << 20), Err(SealError::TooLong));
}

#[test]
fn the_length_says_nothing_for_nearly_everybody() {
    for (plain_bytes, sealed_bytes) in [
        (0, 1052),
        (1, 1052),
        (991, 1052),
        (992, 2076),
        (2015, 2076),
        (2016, 4124),
        (4063, 4124),
        (4064, 8220),
        (8159, 8220),
    ] {
        let sealed = sealer().seal(QUERY, &vec![0x80; plain_bytes], &Counting);
        assert_eq!(sealed.expect("sealed").ciphertext.len(), sealed_bytes, "{plain_bytes}");
    }
}

/// Made with Python's `hmac` and `cryptography`, `framed` as in the vectors of pseudonyms:
/// `record_key = HKDF(SHA256(), 32, None, framed(b"credit/seal", log, query)).derive(bytes(range(64, 96)))`,
/// `padded = plain + b"\x80" + bytes(1024 - 32 - len(plain) - 1)`, `opening = bytes(range(112, 144))`,
/// `commit = hmac.new(opening, framed(b"credit/commit", log, query, padded), sha256)`,
/// `sealed = nonce + AESGCM(record_key).encrypt(nonce, opening + padded, framed(b"credit/seal-aad", log, query, key_id))`
/// with `nonce = bytes(range(100, 112))`; of `sealed` its SHA-256 is compared.
#[test]
fn the_seal_is_made_as_the_vector_says() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let Sealed { ciphertext, commit } = sealed();
    assert_eq!(hex(&ciphertext[..24]), "6465666768696a6b6c6d6e6fa9ace7a806ffc0de8e2cf91d");
    assert_eq!(hex(&Sha256::digest(&ciphertext)), "7a746c8cbac35dd068a7b4e664d6ef6c35d19001e8bfa678a6d2fd1d52c8d52f");
    assert_eq!(hex(&commit), "2520d2a3ae7afa5ffb066b6b57f094da717f068e1ef476de9d7f607d3a17449e");
    // `hmac.new(bytes(range(64, 96)), framed(b"credit/subject", b"housing-hz", number), sha256)`
    assert_eq!(
        hex(&sealer().subject_tag("housing-hz", "990001199003071012")),
        "0a625eb55f8a9aa1e3a1b12e7b31494236de32bb5ef90fd3f1850312ed46ccda"
    );
}

proptest! {
    #[test]
    fn what_is_sealed_opens_to_itself(plain in prop::collection::vec(any::<u8>(), 0..2500), query in "[ -~]{0,40}") {
        let Sealed { ciphertext, commit } = sealer().seal(&query, &plain, &Stream::new()).expect("sealed");
        prop_assert_eq!(opened(key().unseal(LOG, &query, &ciphertext, &commit)), Ok(plain));
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        prop_assert_eq!(opened(key().unseal(LOG, QUERY, &bytes, &[0; 32])), Err(UnsealError::NotGenuine));
    }

    #[test]
    fn subject_tags_are_shared_by_nobody(
        one in ("[ab-]{1,3}", "99[0-9]{2}"),
        two in ("[ab-]{1,3}", "99[0-9]{2}"),
    ) {
        let same_key = sealer().subject_tag(&one.0, &one.1) == sealer().subject_tag(&two.0, &two.1);
        prop_assert_eq!(same_key, one == two);
        let later = SubjectTagger::new(key_from(65, "data-2026-12"));
        prop_assert_ne!(later.subject_tag(&one.0, &one.1), sealer().subject_tag(&two.0, &two.1));
    }
}
