//! Sealing the personal part of a record.
//!
//! sealed = nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), under the record's own key HKDF-SHA-256(data key, no salt,
//! log ‖ id), with log, id and key id as associated data. Inside stand a random opening (32) and the padded
//! plaintext; `commit` = HMAC-SHA-256(opening, log ‖ id ‖ padded plaintext), because AES-GCM alone does not commit to its
//! key: without it a record could be made that opens to two different contents under two keys.

use std::sync::Arc;

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    entropy::{Entropy, EntropyError},
    frame::framed,
    id::KeyId,
    mac::MacKey,
    secret::Secret,
};

const NONCE_BYTES: usize = 12;
const OPENING_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// What stands inside a seal (opening, plaintext, padding) is this long for nearly everybody …
const SMALLEST_INSIDE_BYTES: usize = 1024;
/// … and doubles up to this, so that its base64 fits a leaf of 16 KiB.
const LARGEST_INSIDE_BYTES: usize = 8192;
/// Ends the plaintext; zeros follow.
const END_OF_PLAINTEXT: u8 = 0x80;

/// A sealed personal part and the commitment to it: leaf keys `sealed` and `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// nonce ‖ ciphertext ‖ tag.
    pub ciphertext: Vec<u8>,
    /// HMAC under the sealed opening.
    pub commit: [u8; 32],
}

/// A personal part was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than 8,159 bytes of plaintext.
    #[error("the personal part is longer than a leaf can hold: record less")]
    TooLong,
    /// No nonce and no opening.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The cipher refused; it does so for lengths only that cannot come here.
    #[error("the cipher refused the record: nothing was sealed")]
    Cipher,
}

/// A sealed personal part does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// No key of this id was ever in the ring.
    #[error("this ring has no key `{0}`: open the record with the ring that sealed it")]
    UnknownKey(KeyId),
    /// The key was destroyed.
    #[error("key `{0}` was destroyed: what it sealed is gone for good")]
    Destroyed(KeyId),
    /// Sealed under another key, for another log or query, or changed since.
    #[error("the sealed part is not what key, log and query id made: it was changed or belongs to another record")]
    NotGenuine,
    /// Opened, but to something else than the record committed to.
    #[error("the sealed part opens to other content than its record committed to: do not rely on it")]
    Commitment,
    /// Opened, but is not written as a sealer writes it.
    #[error("the sealed part opens to content without proper padding: it was not made by a sealer")]
    Padding,
}

/// Seals records and makes subject tags under the data key of one period, for one log: a snapshot of the ring at
/// one instant. Cloning is cheap; sealing takes no lock and begins from prepared key states. It keeps its key alive
/// until it is dropped: take a new one after any change of the ring and when [`valid_until`](Self::valid_until)
/// has come.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    key: DataKey,
    log: String,
    valid_until: Timestamp,
}

impl Sealer {
    pub(crate) fn new(key: DataKey, log: &str, valid_until: Timestamp) -> Self {
        Self(Arc::new(Inner { key, log: log.to_owned(), valid_until }))
    }

    /// Id of the data key: leaf key `key`.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.0.key.id
    }

    /// The instant from which another data key is in force.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        self.0.valid_until
    }

    /// The tag under which an institution's queries about one person can be counted while the data key lives: leaf
    /// key `subject`. Tags of two institutions or periods cannot be linked.
    #[must_use]
    pub fn subject_tag(&self, institution: &str, number: &str) -> [u8; 32] {
        self.0.key.subject_tag(institution, number)
    }

    /// Seals the personal part of the record of query `id`.
    ///
    /// # Errors
    /// [`SealError`]; nothing of the plaintext stays behind.
    pub fn seal(&self, id: &str, plaintext: &[u8], entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        let Inner { key, log, .. } = &*self.0;
        let inside_bytes = inside_length(plaintext.len()).ok_or(SealError::TooLong)?;
        // One buffer of the final size: it never moves, so the plaintext is written once and encrypted in place.
        let mut buffer = Zeroizing::new(Vec::with_capacity(NONCE_BYTES + inside_bytes + TAG_BYTES));
        buffer.resize(NONCE_BYTES + OPENING_BYTES, 0);
        entropy.fill(&mut buffer)?;
        buffer.extend_from_slice(plaintext);
        buffer.push(END_OF_PLAINTEXT);
        buffer.resize(NONCE_BYTES + inside_bytes, 0);

        let (nonce, inside) = buffer.split_first_chunk_mut::<NONCE_BYTES>().ok_or(SealError::Cipher)?;
        let (opening, padded) = inside.split_first_chunk::<OPENING_BYTES>().ok_or(SealError::Cipher)?;
        let commit = commitment(opening, log, id, padded);
        let tag = key
            .record_cipher(log, id)
            .ok_or(SealError::Cipher)?
            .encrypt_inout_detached((&*nonce).into(), &associated_data(log, id, &key.id), inside.into())
            .map_err(|_| SealError::Cipher)?;
        buffer.extend_from_slice(&tag);
        Ok(Sealed { ciphertext: std::mem::take(&mut *buffer), commit })
    }
}

/// Makes the subject tags of an earlier period whose data key is still accepted: for counts that reach back over the
/// turn of a month. It cannot seal.
#[derive(Clone)]
pub struct SubjectTagger(Arc<DataKey>);

impl SubjectTagger {
    pub(crate) fn new(key: DataKey) -> Self {
        Self(Arc::new(key))
    }

    /// Id of the data key.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.0.id
    }

    /// As [`Sealer::subject_tag`].
    #[must_use]
    pub fn subject_tag(&self, institution: &str, number: &str) -> [u8; 32] {
        self.0.subject_tag(institution, number)
    }
}

/// A data key, made ready for use.
pub(crate) struct DataKey {
    id: KeyId,
    subject: MacKey,
    records: Hkdf<Sha256>,
}

impl DataKey {
    pub(crate) fn new(id: KeyId, key: &[u8; 32]) -> Self {
        Self { id, subject: MacKey::new(key), records: Hkdf::new(None, key) }
    }

    fn subject_tag(&self, institution: &str, number: &str) -> [u8; 32] {
        let parts = [institution.as_bytes(), number.as_bytes()];
        self.subject.framed("credit/subject", &parts)
    }

    /// The cipher under the record's own key. `None` never comes: HKDF gives up to 8,160 bytes.
    fn record_cipher(&self, log: &str, id: &str) -> Option<Aes256Gcm> {
        let info = framed("credit/seal", &[log.as_bytes(), id.as_bytes()]);
        let mut key = Zeroizing::new([0_u8; 32]);
        self.records.expand(&info, &mut *key).ok()?;
        Some(Aes256Gcm::new((&*key).into()))
    }

    /// Opens what [`Sealer::seal`] made for the same key, log and query id.
    pub(crate) fn unseal(
        &self,
        log: &str,
        id: &str,
        sealed: &[u8],
        commit: &[u8; 32],
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(UnsealError::NotGenuine)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(UnsealError::NotGenuine)?;
        let mut inside = Zeroizing::new(body.to_vec());
        self.record_cipher(log, id)
            .ok_or(UnsealError::NotGenuine)?
            .decrypt_inout_detached(
                nonce.into(),
                &associated_data(log, id, &self.id),
                inside.as_mut_slice().into(),
                tag.into(),
            )
            .map_err(|_| UnsealError::NotGenuine)?;
        let (opening, padded) = inside.split_first_chunk::<OPENING_BYTES>().ok_or(UnsealError::Padding)?;
        if !bool::from(commitment(opening, log, id, padded).ct_eq(commit)) {
            return Err(UnsealError::Commitment);
        }
        let plaintext = without_padding(padded).ok_or(UnsealError::Padding)?;
        Ok(Secret::new(plaintext.to_vec()))
    }
}

fn commitment(opening: &[u8; OPENING_BYTES], log: &str, id: &str, padded: &[u8]) -> [u8; 32] {
    let parts = [log.as_bytes(), id.as_bytes(), padded];
    MacKey::new(opening).framed("credit/commit", &parts)
}

fn associated_data(log: &str, id: &str, key_id: &KeyId) -> Vec<u8> {
    let parts = [log.as_bytes(), id.as_bytes(), key_id.as_str().as_bytes()];
    framed("credit/seal-aad", &parts)
}

/// Length of opening, plaintext and padding together; `None` above the largest.
fn inside_length(plaintext_bytes: usize) -> Option<usize> {
    let least = plaintext_bytes.checked_add(OPENING_BYTES + 1)?;
    let mut inside = SMALLEST_INSIDE_BYTES;
    while inside < least {
        inside *= 2;
        if inside > LARGEST_INSIDE_BYTES {
            return None;
        }
    }
    Some(inside)
}

fn without_padding(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    let (plaintext, padding) = padded.split_at_checked(end)?;
    let proper = padding.first() == Some(&END_OF_PLAINTEXT)
        && inside_length(plaintext.len()) == Some(OPENING_BYTES + padded.len());
    proper.then_some(plaintext)
}

#[cfg(test)]
mod tests;
