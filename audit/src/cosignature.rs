//! Cosignatures of witnesses (c2sp.org/tlog-cosignature): Ed25519 of type 0x04 and ML-DSA-44 of type 0x06, each with the
//! time at which it was made.

use std::fmt;

use ml_dsa::{EncodedVerifyingKey, MlDsa44, Signature, VerifyingKey};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::checkpoint::Checkpoint;
use crate::merkle::Hash;
use crate::note::{VerifierKeyError, id_of, is_name, is_written_so, key_parts, write_key};

/// Bytes of an ML-DSA-44 public key (FIPS 204, table 2).
pub const ML_DSA_44_KEY_LEN: usize = 1_312;

/// Bytes of the time before a signature.
const TIME_LEN: usize = 8;

/// A witness's public key: `<name>+<key id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: u32,
    public: CosignerPublic,
}

/// The key itself, by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CosignerPublic {
    /// Type 0x04.
    Ed25519([u8; 32]),
    /// Type 0x06, which new witnesses should have.
    MlDsa44(Box<[u8; ML_DSA_44_KEY_LEN]>),
}

impl CosignerPublic {
    fn kind(&self) -> u8 {
        match self {
            Self::Ed25519(_) => 0x04,
            Self::MlDsa44(_) => 0x06,
        }
    }

    /// The bytes of the key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key,
            Self::MlDsa44(key) => &key[..],
        }
    }
}

impl CosignerKey {
    /// The key with this name.
    ///
    /// # Errors
    /// When the name is empty, holds a space, a control character or `+`, or is longer than 255 bytes (which the
    /// message of ML-DSA-44 has no room for).
    pub fn new(name: &str, public: CosignerPublic) -> Result<Self, VerifierKeyError> {
        if !is_name(name) || name.len() > usize::from(u8::MAX) {
            return Err(VerifierKeyError::Name);
        }
        let id = id_of(name, (public.kind(), public.bytes()));
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// Reads a key of type 0x04 or 0x06; a newline may follow it.
    ///
    /// # Errors
    /// As [`VerifierKeyError`] says.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, id, bytes) = key_parts(text)?;
        let bytes = bytes.ok_or(VerifierKeyError::CosignerKey)?;
        let public = match bytes.split_first() {
            Some((0x04, key)) => key.try_into().ok().map(CosignerPublic::Ed25519),
            Some((0x06, key)) => {
                <[u8; ML_DSA_44_KEY_LEN]>::try_from(key).ok().map(Box::new).map(CosignerPublic::MlDsa44)
            }
            _ => None,
        };
        let key = Self::new(name, public.ok_or(VerifierKeyError::CosignerKey)?)?;
        if is_written_so(key.id, id) { Ok(key) } else { Err(VerifierKeyError::Id) }
    }

    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), big-endian.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The key without its name.
    #[must_use]
    pub fn public(&self) -> &CosignerPublic {
        &self.public
    }

    /// Checks a signature line's bytes against a checkpoint's text. Gives the time of the cosignature in seconds since
    /// 1970; nothing when it is not valid, or without a time.
    #[must_use]
    pub fn verify(&self, text: &str, timestamped: &[u8]) -> Option<u64> {
        let (time, signature) = timestamped.split_first_chunk::<TIME_LEN>()?;
        let time = u64::from_be_bytes(*time);
        if time == 0 || i64::try_from(time).is_err() {
            return None;
        }
        let is_valid = match &self.public {
            CosignerPublic::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(ed25519_message(text, time).as_bytes(), signature).is_ok()
            }
            CosignerPublic::MlDsa44(key) => {
                let checkpoint = Checkpoint::parse_with_extensions(text).ok()?;
                let message = ml_dsa_message(&self.name, time, &checkpoint.origin, checkpoint.size, &checkpoint.root)?;
                let key = VerifyingKey::<MlDsa44>::decode(&EncodedVerifyingKey::<MlDsa44>::try_from(&key[..]).ok()?);
                key.verify_with_context(&message, &[], &Signature::try_from(signature).ok()?)
            }
        };
        is_valid.then_some(time)
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, (self.public.kind(), self.public.bytes()))
    }
}

/// What a witness signs with Ed25519: a fixed line, the time, the whole text of the checkpoint.
pub(crate) fn ed25519_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// What a witness signs with ML-DSA-44: `cosigned_message` over the whole tree. Nothing when a name is longer than its
/// length of one byte can say.
pub(crate) fn ml_dsa_message(name: &str, time: u64, origin: &str, size: u64, root: &Hash) -> Option<Vec<u8>> {
    let mut message = b"subtree/v1\n\0".to_vec();
    message.push(u8::try_from(name.len()).ok()?);
    message.extend_from_slice(name.as_bytes());
    message.extend_from_slice(&time.to_be_bytes());
    message.push(u8::try_from(origin.len()).ok()?);
    message.extend_from_slice(origin.as_bytes());
    message.extend_from_slice(&0u64.to_be_bytes());
    message.extend_from_slice(&size.to_be_bytes());
    message.extend_from_slice(root);
    Some(message)
}
