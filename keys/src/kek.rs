//! The key encryption key: what the custodian keeps, and under which the ring's own key is wrapped.

use std::path::Path;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    entropy::{Entropy, EntropyError},
    folder::{FileError, read_private, sync_parent, write_new},
    secret::{Material, Secret},
};

const SALT_BYTES: usize = 16;
const SHORTEST_PASSPHRASE_CHARACTERS: usize = 12;
const MOST_MEMORY_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 64;

/// A key encryption key, as the custodian presents it.
pub struct Kek(Source);

enum Source {
    KeyFile(Material),
    Passphrase(Secret<String>, Argon2Cost),
}

/// A key encryption key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// The key file is missing, unreadable or not private.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key file contains something else.
    #[error("the key file contains no key: it must be 64 hexadecimal digits on one line")]
    Content,
    /// Too easily guessed.
    #[error("the passphrase is shorter than {SHORTEST_PASSPHRASE_CHARACTERS} characters: choose a longer one")]
    Short,
    /// The ring asks for the other kind.
    #[error("this ring is locked by {wanted}: give that instead")]
    OtherKind {
        /// `a passphrase` or `a key file`.
        wanted: &'static str,
    },
    /// Parameters or salt of Argon2id outside what is allowed.
    #[error(
        "the Argon2id parameters or salt are out of bounds: use 8 KiB a lane to 1 GiB, 1 to 64 passes, 1 to 64 lanes"
    )]
    Cost,
    /// No salt or key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// What a guess at the passphrase costs: parameters of Argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Argon2Cost {
    /// Memory in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over the memory.
    pub(crate) passes: u32,
    /// Degree of parallelism.
    pub(crate) lanes: u32,
}

impl Argon2Cost {
    /// The second recommended choice of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes.
    pub(crate) const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
}

impl Kek {
    /// From a key file: 64 hexadecimal digits on one line, mode 0600, owned by who runs this.
    ///
    /// # Errors
    /// [`KekError::File`] or [`KekError::Content`].
    pub fn from_key_file(path: &Path) -> Result<Self, KekError> {
        let content = read_private(path)?;
        let digits = content.strip_suffix(b"\n").unwrap_or(&content);
        let key = Material::make(|key| from_hex(digits, key).ok_or(KekError::Content))?;
        Ok(Self(Source::KeyFile(key)))
    }

    /// From a passphrase on the one line of a file, mode 0600, owned by who runs this. A ring that is made with it asks
    /// 64 MiB, 3 passes and 4 lanes of Argon2id for each guess (RFC 9106 §4).
    ///
    /// # Errors
    /// [`KekError::File`], [`KekError::Content`] where it is no UTF-8, or [`KekError::Short`].
    pub fn from_passphrase_file(path: &Path) -> Result<Self, KekError> {
        let content = read_private(path)?;
        let line = content.strip_suffix(b"\n").unwrap_or(&content);
        let text = std::str::from_utf8(line).map_err(|_| KekError::Content)?;
        Self::from_passphrase(Secret::new(text.to_owned()), Argon2Cost::RECOMMENDED)
    }

    /// Makes a key file with a new key, and takes it. An existing file is never overwritten.
    ///
    /// # Errors
    /// [`KekError::File`] or [`KekError::Entropy`].
    pub fn create_key_file(path: &Path, entropy: &dyn Entropy) -> Result<Self, KekError> {
        let key = Material::make(|key| entropy.fill(key))?;
        let mut line = Zeroizing::new(String::with_capacity(65));
        key.disclose(|key| {
            for byte in key {
                for nibble in [byte >> 4, byte & 15] {
                    line.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
                }
            }
        });
        line.push('\n');
        write_new(path, line.as_bytes())?;
        sync_parent(path)?;
        Ok(Self(Source::KeyFile(key)))
    }

    /// From a passphrase; a ring that is made with it costs as much, a ring that is opened says itself what it cost.
    pub(crate) fn from_passphrase(passphrase: Secret<String>, cost: Argon2Cost) -> Result<Self, KekError> {
        let characters = passphrase.disclose(|text| text.chars().count());
        if characters < SHORTEST_PASSPHRASE_CHARACTERS {
            return Err(KekError::Short);
        }
        Ok(Self(Source::Passphrase(passphrase, cost)))
    }

    /// The key for a new ring, and what its header says of it.
    pub(crate) fn lock(&self, entropy: &dyn Entropy) -> Result<(Material, Lock), KekError> {
        let lock = match &self.0 {
            Source::KeyFile(_) => Lock::KeyFile {},
            Source::Passphrase(_, cost) => {
                let mut salt = [0; SALT_BYTES];
                entropy.fill(&mut salt)?;
                Lock::Passphrase { argon2id: *cost, salt: BASE64.encode(salt) }
            }
        };
        Ok((self.unlock(&lock)?, lock))
    }

    /// The key for a ring whose header says this of it.
    pub(crate) fn unlock(&self, lock: &Lock) -> Result<Material, KekError> {
        match (&self.0, lock) {
            (Source::KeyFile(key), Lock::KeyFile {}) => Material::make(|copy| {
                key.disclose(|key| copy.clone_from(key));
                Ok(())
            }),
            (Source::Passphrase(passphrase, _), Lock::Passphrase { argon2id, salt }) => {
                stretch(passphrase, *argon2id, salt)
            }
            (Source::KeyFile(_), Lock::Passphrase { .. }) => Err(KekError::OtherKind { wanted: "a passphrase" }),
            (Source::Passphrase(..), Lock::KeyFile {}) => Err(KekError::OtherKind { wanted: "a key file" }),
        }
    }
}

/// How a ring is locked: in clear in its header.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub(crate) enum Lock {
    KeyFile {},
    Passphrase { argon2id: Argon2Cost, salt: String },
}

fn stretch(passphrase: &Secret<String>, cost: Argon2Cost, salt: &str) -> Result<Material, KekError> {
    let Argon2Cost { memory_kib, passes, lanes } = cost;
    // A header is read before it is proved genuine, so it must not make us spend without bound.
    if memory_kib > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > MOST_LANES {
        return Err(KekError::Cost);
    }
    let params = Params::new(memory_kib, passes, lanes, None).map_err(|_| KekError::Cost)?;
    let salt = BASE64.decode(salt).map_err(|_| KekError::Cost)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let key = Material::make(|key| {
        passphrase
            .disclose(|text| argon2.hash_password_into_with_memory(text.as_bytes(), &salt, key, &mut memory))
            .map_err(|_| KekError::Cost)
    });
    memory.iter_mut().for_each(Zeroize::zeroize);
    key
}

fn from_hex(digits: &[u8], bytes: &mut [u8; 32]) -> Option<()> {
    if digits.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let nibble = char::from(*digit).to_digit(16)?;
            *byte = (*byte << 4) | u8::try_from(nibble).ok()?;
        }
    }
    Some(())
}

/// Argon2id that costs a test nothing.
#[cfg(test)]
pub(crate) const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 32, passes: 1, lanes: 1 };

#[cfg(test)]
pub(crate) fn passphrase(text: &str) -> Kek {
    Kek::from_passphrase(Secret::new(text.to_owned()), CHEAP).expect("long enough")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{NoEntropy, Scratch, Stream};

    fn key(kek: &Kek, lock: &Lock) -> Result<Vec<u8>, KekError> {
        Ok(kek.unlock(lock)?.disclose(|key| key.to_vec()))
    }

    #[test]
    fn a_key_file_that_holds_no_key_is_refused() {
        let digits = "0f".repeat(32);
        let wrong = [
            String::new(),
            "\n".to_owned(),
            "0f".repeat(31),
            "0f".repeat(33),
            format!("{digits}\n\n"),
            format!("{digits}\r\n"),
            format!(" {digits}"),
            format!("{}xy", "0f".repeat(31)),
            format!("{}+f", "0f".repeat(31)),
        ];
        for content in wrong {
            let scratch = Scratch::new();
            let path = scratch.path().join("kek");
            write_new(&path, content.as_bytes()).expect("written");
            let refused = Kek::from_key_file(&path);
            assert!(matches!(refused, Err(KekError::Content)), "{content:?}");
        }
        let nowhere = Scratch::new().path().join("kek");
        assert!(matches!(Kek::from_key_file(&nowhere), Err(KekError::File(FileError::Io { .. }))));
    }

    #[test]
    fn a_key_file_is_read_as_it_was_made() {
        let scratch = Scratch::new();
        let path = scratch.path().join("kek");
        let refused = Kek::create_key_file(&path, &NoEntropy);
        assert!(matches!(refused, Err(KekError::Entropy(_))));
        assert!(!path.exists());

        let made = Kek::create_key_file(&path, &Stream::new()).expect("made");
        assert!(Kek::create_key_file(&path, &Stream::new()).is_err());
        let read = Kek::from_key_file(&path).expect("read");
        let key_of = |kek| key(kek, &Lock::KeyFile {}).expect("a key");
        assert_eq!(key_of(&made), key_of(&read));

        let plain = scratch.path().join("plain");
        write_new(&plain, "0F".repeat(32).as_bytes()).expect("written");
        let plain = Kek::from_key_file(&plain).expect("read");
        assert_eq!(key_of(&plain), [0x0f; 32]);
    }

    #[test]
    fn a_passphrase_file_is_read_like_the_passphrase_and_refused_when_others_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        let path = scratch.path().join("passphrase");
        write_new(&path, "correct horse battery\n".as_bytes()).expect("written");
        assert!(Kek::from_passphrase_file(&path).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
        assert!(matches!(Kek::from_passphrase_file(&path), Err(KekError::File(FileError::Mode { .. }))));
        let short = scratch.path().join("short");
        write_new(&short, b"horse").expect("written");
        assert!(matches!(Kek::from_passphrase_file(&short), Err(KekError::Short)));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let short = Secret::new("电池电池电池电池电池电".to_owned());
        assert!(matches!(Kek::from_passphrase(short, CHEAP), Err(KekError::Short)));
        let long = Secret::new("电池电池电池电池电池电池".to_owned());
        assert!(Kek::from_passphrase(long, CHEAP).is_ok());
    }

    #[test]
    fn one_kind_of_key_does_not_open_the_other() {
        let scratch = Scratch::new();
        let file = Kek::create_key_file(&scratch.path().join("kek"), &Stream::new()).expect("made");
        let phrase = passphrase("correct horse battery");
        let (_, phrase_lock) = phrase.lock(&Stream::new()).expect("locked");
        for (kek, lock) in [(&file, phrase_lock), (&phrase, Lock::KeyFile {})] {
            assert!(matches!(kek.unlock(&lock), Err(KekError::OtherKind { .. })));
        }
    }

    #[test]
    fn parameters_out_of_bounds_are_refused_before_anything_is_spent() {
        let kek = passphrase("correct horse battery");
        let good = "AAECAwQFBgcICQoLDA0ODw==";
        for (memory_kib, passes, lanes, salt) in [
            (u32::MAX, 1, 1, good),
            ((1 << 20) + 1, 1, 1, good),
            (32, 65, 1, good),
            (1024, 1, 65, good),
            (7, 1, 1, good),
            (32, 0, 1, good),
            (32, 1, 0, good),
            (32, 1, 1, ""),
            (32, 1, 1, "not base64"),
        ] {
            let lock = Lock::Passphrase { argon2id: Argon2Cost { memory_kib, passes, lanes }, salt: salt.to_owned() };
            assert!(matches!(kek.unlock(&lock), Err(KekError::Cost)), "{memory_kib} {passes} {lanes} {salt}");
        }
    }

    /// Made with Python's `cryptography`: `Argon2id(salt=bytes(range(16)), length=32, iterations=…, lanes=…,
    /// memory_cost=…).derive("correct horse 电池".encode())`.
    #[test]
    fn the_passphrase_is_stretched_as_the_rfc_says() {
        let kek = passphrase("correct horse 电池");
        for (memory_kib, passes, lanes, expected) in [
            (64, 2, 1, "090a2a41ddea10798904ba4ee98e168a99b58d64a31fe87933aee4e9989f1c92"),
            (32, 1, 2, "10d903f76db5ccd0354f3ce8a7571cbb45abb13b25a43690051a500a8afb475e"),
        ] {
            let lock = Lock::Passphrase {
                argon2id: Argon2Cost { memory_kib, passes, lanes },
                salt: "AAECAwQFBgcICQoLDA0ODw==".to_owned(),
            };
            let mut wanted = [0; 32];
            from_hex(expected.as_bytes(), &mut wanted).expect("hexadecimal");
            assert_eq!(key(&kek, &lock).expect("stretched"), wanted);
        }
    }

    #[test]
    fn every_ring_has_a_salt_of_its_own() {
        let kek = passphrase("correct horse battery");
        let entropy = Stream::new();
        let (one, _) = kek.lock(&entropy).expect("locked");
        let (two, lock) = kek.lock(&entropy).expect("locked");
        assert_ne!(one.disclose(|key| *key), two.disclose(|key| *key));
        assert_eq!(key(&kek, &lock).expect("opened"), two.disclose(|key| key.to_vec()));
        assert!(matches!(lock, Lock::Passphrase { argon2id, .. } if argon2id == CHEAP));
    }
}
