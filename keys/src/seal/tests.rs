//! Refusals of the seal before its successes.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    data_key::PersonKeys,
    scratch::{NoEntropy, Stream},
};

const LOG: &str = "credit-gateway.example/2026/r1";
const QUERY: &str = "01930000-0000-7000-8000-000000000001";
const NUMBER: &str = "990001199003071012";
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
    DataKey::new(KeyId::parse(id).expect("an id"), Arc::new(PersonKeys::of(&key)))
}

/// The key of the vectors: `bytes(range(64, 96))`.
fn key() -> DataKey {
    key_from(64, "data-2026-11")
}

fn sealer_from(key: DataKey) -> Sealer {
    Sealer::new(key, LOG, Timestamp::UNIX_EPOCH).expect("a whole key")
}

fn person() -> Person {
    sealer_from(key()).person(NUMBER)
}

fn sealed() -> Sealed {
    person().seal(QUERY, PLAIN, SealedBytes::B1024, &Counting).expect("sealed")
}

fn opened(result: Result<Secret<Vec<u8>>, UnsealError>) -> Result<Vec<u8>, UnsealError> {
    result.map(|secret| secret.disclose(Clone::clone))
}

/// Seals any inside, however it is padded.
fn seal_inside(inside: &[u8]) -> Sealed {
    let nonce = [7; NONCE_BYTES];
    let (key, person) = (key(), person());
    let mut body = inside.to_vec();
    let tag = record_cipher(&person.key, LOG, QUERY)
        .encrypt_inout_detached((&nonce).into(), &associated_data(LOG, QUERY, &key.id), body.as_mut_slice().into())
        .expect("encrypted");
    let commit = match inside.split_first_chunk() {
        Some((opening, padded)) => commitment(opening, LOG, QUERY, without_padding(padded).unwrap_or_default()),
        None => [0; 32],
    };
    Sealed { ciphertext: [&nonce, &person.path.locator(&nonce)[..], &body, &tag].concat(), commit }
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
        let refused = opened(unseal(&key, log, query, &ciphertext, &commit));
        assert_eq!(refused, Err(UnsealError::NotGenuine));
    }
}

#[test]
fn a_change_anywhere_does_not_open() {
    let Sealed { ciphertext, commit } = sealed();
    let open = |bytes: &[u8]| opened(unseal(&key(), LOG, QUERY, bytes, &commit));
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
        let refused = opened(unseal(&key(), LOG, QUERY, &ciphertext, &changed));
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
        inside(3072, &[(40, 0x80)]),
        inside(4097, &[(40, 0x80)]),
        inside(16_384, &[(16_000, 0x80)]),
    ] {
        let Sealed { ciphertext, commit } = seal_inside(&wrong);
        let refused = opened(unseal(&key(), LOG, QUERY, &ciphertext, &commit));
        assert_eq!(refused, Err(UnsealError::Padding), "{} bytes", wrong.len());
    }
    for (length, end) in [(1024, 1023), (2048, 32), (2048, 2047), (4096, 4095), (8192, 8191)] {
        let Sealed { ciphertext, commit } = seal_inside(&inside(length, &[(end, 0x80)]));
        let plain = opened(unseal(&key(), LOG, QUERY, &ciphertext, &commit));
        assert_eq!(plain, Ok(vec![0; end - 32]));
    }
}

#[test]
fn nothing_is_sealed_without_entropy_or_room() {
    let refused = person().seal(QUERY, PLAIN, SealedBytes::B1024, &NoEntropy);
    assert_eq!(refused, Err(SealError::Entropy(EntropyError)));
    for (sealed_bytes, plain_bytes) in
        [(SealedBytes::B1024, 992), (SealedBytes::B1024, 1 << 20), (SealedBytes::B2048, 2016)]
    {
        let refused = person().seal(QUERY, &vec![b' '; plain_bytes], sealed_bytes, &Counting);
        assert_eq!(refused, Err(SealError::TooLong), "{plain_bytes}");
    }
    assert_eq!([0, 1023, 1025, 8193].map(SealedBytes::of), [None; 4]);
}

#[test]
fn the_length_says_nothing_of_the_person() {
    for (choice, bytes, sealed_bytes) in [
        (SealedBytes::B1024, 1024, 1057),
        (SealedBytes::B2048, 2048, 2081),
        (SealedBytes::B4096, 4096, 4129),
        (SealedBytes::B8192, 8192, 8225),
    ] {
        // The row of a scenario chooses between the first two.
        assert_eq!(SealedBytes::of(bytes), Some(choice).filter(|_| bytes <= 2048));
        for plain_bytes in [0, 1, choice.plaintext()] {
            let sealed = person().seal(QUERY, &vec![0x80; plain_bytes], choice, &Counting);
            assert_eq!(sealed.expect("sealed").ciphertext.len(), sealed_bytes, "{plain_bytes}");
        }
    }
}

/// Made with Python's `hmac`, `hashlib` and `cryptography` from `docs/0006`: data key `bytes(range(64, 96))`, nonce
/// `bytes(range(100, 112))`, opening `bytes(range(112, 144))`; of `sealed` its SHA-256 is compared.
#[test]
fn the_seal_is_made_as_the_vector_says() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let Sealed { ciphertext, commit } = sealed();
    assert_eq!(hex(&key().position(NUMBER)), "f354cf3c8d");
    assert_eq!(hex(&ciphertext[..24]), "6465666768696a6b6c6d6e6ffb6e07b821f02bc494da674f");
    assert_eq!(hex(&Sha256::digest(&ciphertext)), "fce9ac7a5b329a1a6d11ad22aec66801c221d0d8b74dea26713351618e030400");
    assert_eq!(hex(&commit), "9c6c1079eab7f3ae89a0d203a6fc4cbdedef72c495962aa14cc9c2146b4be6c8");
    assert_eq!(
        hex(&person().subject_tag("housing-hz", "housing")),
        "5d076d514b525f2c796211a7c5a9f89a78a040c9215db709788f1ce1d1ba0d1f"
    );
    assert_eq!(hex(&person().actor_tag()), "72fee709ca19003f6ba8fca58ce228713756477bf334656cffab8159b47bbcda");
}

#[test]
fn a_persons_position_cannot_be_compared_between_two_records() {
    let seal = |entropy: &dyn Entropy| person().seal(QUERY, PLAIN, SealedBytes::B1024, entropy).expect("sealed");
    let (one, two) = (seal(&Counting), seal(&Stream::new()));
    assert_ne!(one.ciphertext[12..17], two.ciphertext[12..17]);
}

proptest! {
    #[test]
    fn what_is_sealed_opens_to_itself(plain in prop::collection::vec(any::<u8>(), 0..2016), query in "[ -~]{0,40}") {
        let Sealed { ciphertext, commit } = person().seal(&query, &plain, SealedBytes::B2048, &Stream::new()).expect("sealed");
        prop_assert_eq!(opened(unseal(&key(), LOG, &query, &ciphertext, &commit)), Ok(plain));
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        prop_assert_eq!(opened(unseal(&key(), LOG, QUERY, &bytes, &[0; 32])), Err(UnsealError::NotGenuine));
    }

    #[test]
    fn subject_tags_are_shared_by_nobody(
        one in ("[ab-]{1,3}", "[ab-]{0,2}", "99[0-9]{2}"),
        two in ("[ab-]{1,3}", "[ab-]{0,2}", "99[0-9]{2}"),
    ) {
        let tag = |of: &(String, String, String)| sealer_from(key()).person(&of.2).subject_tag(&of.0, &of.1);
        prop_assert_eq!(tag(&one) == tag(&two), one == two);
        let same = SubjectTagger::new(key()).subject_tag(&one.0, &one.1, &one.2);
        prop_assert_eq!(same, Some(tag(&one)));
        let later = SubjectTagger::new(key_from(65, "data-2026-12"));
        prop_assert_ne!(later.subject_tag(&two.0, &two.1, &two.2), Some(tag(&two)));
    }
}
