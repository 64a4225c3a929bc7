//! Sealing the personal part of a record, and the tags under which a person's records can be compared. The bytes are
//! settled in `docs/0006`.
//!
//! sealed = nonce (12) ‖ locator (5) ‖ AES-256-GCM ciphertext ‖ tag (16), under a key of the record that follows from the
//! person's key, with log, id and key id as associated data. Inside stand a random opening (32) and the padded
//! plaintext; `commit` is an HMAC under that opening, because AES-GCM alone does not commit to its key: without it a
//! record could be made that opens to two different contents under two keys.

use std::sync::Arc;

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use jiff::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    data_key::{DataKey, proposal_digest, subject_tag},
    entropy::{Entropy, EntropyError},
    frame::framed,
    id::KeyId,
    mac::MacKey,
    secret::Secret,
    tree::{Node, POSITION_BYTES, Path},
};

const NONCE_BYTES: usize = 12;
const OPENING_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Ends the plaintext; zeros follow.
const END_OF_PLAINTEXT: u8 = 0x80;

/// Bytes inside a seal (opening, plaintext and padding), the same for all records of a scenario, so that the length of
/// a leaf says nothing of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedBytes {
    /// 1,024: room for 991 bytes of plaintext.
    B1024,
    /// 2,048, where the scenario's row asks for it: room for 2,015 bytes.
    B2048,
    /// 4,096, of a member that does not fit the smaller ones (`FORMAT.md` §5).
    B4096,
    /// 8,192, likewise.
    B8192,
}

impl SealedBytes {
    const ALL: [Self; 4] = [Self::B1024, Self::B2048, Self::B4096, Self::B8192];
    /// Those of a scenario's row.
    const OF_ROWS: [Self; 2] = [Self::B1024, Self::B2048];

    /// The choice of this many bytes; `None` for any other number than 1,024 and 2,048.
    #[must_use]
    pub fn of(bytes: u16) -> Option<Self> {
        Self::OF_ROWS.into_iter().find(|choice| choice.inside() == usize::from(bytes))
    }

    /// The smallest with room for a plaintext of so many bytes; `None` where it fits none.
    #[must_use]
    pub fn least_for(plaintext: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| plaintext <= choice.plaintext())
    }

    /// The longest plaintext, in bytes.
    #[must_use]
    pub fn plaintext(self) -> usize {
        self.inside() - OPENING_BYTES - 1
    }

    fn inside(self) -> usize {
        match self {
            Self::B1024 => 1024,
            Self::B2048 => 2048,
            Self::B4096 => 4096,
            Self::B8192 => 8192,
        }
    }
}

/// A sealed personal part and the commitment to it: leaf keys `sealed` and `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// nonce ‖ locator ‖ ciphertext ‖ tag.
    pub ciphertext: Vec<u8>,
    /// HMAC under the sealed opening.
    pub commit: [u8; 32],
}

/// A personal part was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More plaintext than [`SealedBytes::plaintext`].
    #[error("the personal part is longer than the scenario's sealed part: put counts and a digest in its place")]
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
    /// Persons were destroyed under this key, and the record does not open for any other person: it is about one of
    /// them, or was changed. Nothing tells which.
    #[error("the sealed part does not open: its person was destroyed under key `{0}`, or it was changed")]
    PersonDestroyed(KeyId),
    /// Sealed under another key, for another log or query, or changed since.
    #[error("the sealed part is not what key, log and query id made: it was changed or belongs to another record")]
    NotGenuine,
    /// Opened, but to other content than the record committed to.
    #[error("the sealed part opens to other content than its record committed to: do not rely on it")]
    Commitment,
    /// Opened, but is not written as a sealer writes it.
    #[error("the sealed part opens to content without proper padding: it was not made by a sealer")]
    Padding,
}

/// Seals records and makes tags under the data key of one period, for one log: a snapshot of the ring at one instant.
/// Cloning is cheap; sealing takes no lock and begins from prepared key states. It keeps its key alive until it is
/// dropped: take a new one after any change of the ring and outside of [`Ring::steady`](crate::Ring::steady).
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    key: DataKey,
    root: Node,
    log: String,
    valid_until: Timestamp,
}

impl Sealer {
    /// `None` for a key from which persons were destroyed: it seals nothing more.
    pub(crate) fn new(key: DataKey, log: &str, valid_until: Timestamp) -> Option<Self> {
        let root = key.tree().root()?.clone();
        Some(Self(Arc::new(Inner { key, root, log: log.to_owned(), valid_until })))
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

    /// The keys of the person with this citizen number. Their making is most of the work of a tag or seal: take them
    /// once a query.
    #[must_use]
    pub fn person(&self, number: &str) -> Person {
        let path = Path::new(&self.0.root, self.0.key.position(number));
        let key = MacKey::new(path.leaf().bytes());
        Person { sealer: self.clone(), path, key, number: Zeroizing::new(number.to_owned()) }
    }
}

/// One person's keys under the data key of a [`Sealer`]: makes the person's tags and seals the person's records.
pub struct Person {
    sealer: Sealer,
    path: Path,
    key: MacKey,
    number: Zeroizing<String>,
}

impl Person {
    /// The tag under which an institution's queries about the person for one purpose group can be counted while the data
    /// key lives: leaf key `subject`. The group is empty while no scenario is known. Tags of two institutions, groups
    /// or periods cannot be linked.
    #[must_use]
    pub fn subject_tag(&self, institution: &str, purpose_group: &str) -> [u8; 32] {
        subject_tag(&self.key, institution, purpose_group, &self.number)
    }

    /// The tag of the person as the one who acts: `{"person":…}` of a leaf's `actor`.
    #[must_use]
    pub fn actor_tag(&self) -> [u8; 32] {
        self.key.framed("credit/actor", &[self.number.as_bytes()])
    }

    /// The digest of a proposal that names the person: of what else it says (audit/FORMAT.md §5).
    #[must_use]
    pub fn proposal_digest(&self, what: &[u8]) -> [u8; 32] {
        proposal_digest(&self.key, what)
    }

    /// Seals the personal part of the record `id` about the person.
    ///
    /// # Errors
    /// [`SealError`]; nothing of the plaintext stays behind.
    pub fn seal(
        &self,
        id: &str,
        plaintext: &[u8],
        sealed_bytes: SealedBytes,
        entropy: &dyn Entropy,
    ) -> Result<Sealed, SealError> {
        let Inner { key, log, .. } = &*self.sealer.0;
        if plaintext.len() > sealed_bytes.plaintext() {
            return Err(SealError::TooLong);
        }
        let mut random = Zeroizing::new([0_u8; NONCE_BYTES + OPENING_BYTES]);
        entropy.fill(&mut *random)?;
        let (nonce, opening) = random.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Cipher)?;
        let opening: &[u8; OPENING_BYTES] = opening.try_into().map_err(|_| SealError::Cipher)?;
        let before = NONCE_BYTES + POSITION_BYTES;
        // One buffer of the final size: it never moves, so the plaintext is written once and encrypted in place.
        let mut buffer = Zeroizing::new(Vec::with_capacity(before + sealed_bytes.inside() + TAG_BYTES));
        buffer.extend_from_slice(nonce);
        buffer.extend_from_slice(&self.path.locator(nonce));
        let commit = commitment(opening, log, id, plaintext);
        buffer.extend_from_slice(opening);
        buffer.extend_from_slice(plaintext);
        buffer.push(END_OF_PLAINTEXT);
        buffer.resize(before + sealed_bytes.inside(), 0);

        let (_, inside) = buffer.split_at_mut_checked(before).ok_or(SealError::Cipher)?;
        let tag = record_cipher(&self.key, log, id)
            .encrypt_inout_detached(nonce.into(), &associated_data(log, id, &key.id), inside.into())
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

    /// As [`Person::subject_tag`]; `None` if the person was destroyed under this key.
    #[must_use]
    pub fn subject_tag(&self, institution: &str, purpose_group: &str, number: &str) -> Option<[u8; 32]> {
        let person = self.0.tree().leaf(&self.0.position(number))?;
        Some(subject_tag(&MacKey::new(person.bytes()), institution, purpose_group, number))
    }

    /// As [`Person::proposal_digest`]; `None` if the person was destroyed under this key.
    #[must_use]
    pub fn proposal_digest(&self, what: &[u8], number: &str) -> Option<[u8; 32]> {
        let person = self.0.tree().leaf(&self.0.position(number))?;
        Some(proposal_digest(&MacKey::new(person.bytes()), what))
    }
}

/// Opens what [`Person::seal`] made under the same data key, for the same log and id.
pub(crate) fn unseal(
    key: &DataKey,
    log: &str,
    id: &str,
    sealed: &[u8],
    commit: &[u8; 32],
) -> Result<Secret<Vec<u8>>, UnsealError> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(UnsealError::NotGenuine)?;
    let (locator, rest) = rest.split_first_chunk::<POSITION_BYTES>().ok_or(UnsealError::NotGenuine)?;
    let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(UnsealError::NotGenuine)?;
    let associated = associated_data(log, id, &key.id);
    let mut inside = Zeroizing::new(vec![0; body.len()]);
    // The tag of the cipher says which of the remaining subtrees the person stands in.
    let opened = key.tree().follow(locator, nonce).any(|person| {
        inside.copy_from_slice(body);
        record_cipher(&MacKey::new(person.bytes()), log, id)
            .decrypt_inout_detached(nonce.into(), &associated, inside.as_mut_slice().into(), tag.into())
            .is_ok()
    });
    if !opened {
        return Err(match key.tree().root() {
            Some(_) => UnsealError::NotGenuine,
            None => UnsealError::PersonDestroyed(key.id.clone()),
        });
    }
    let (opening, padded) = inside.split_first_chunk::<OPENING_BYTES>().ok_or(UnsealError::Padding)?;
    let plaintext = without_padding(padded).ok_or(UnsealError::Padding)?;
    if !bool::from(commitment(opening, log, id, plaintext).ct_eq(commit)) {
        return Err(UnsealError::Commitment);
    }
    Ok(Secret::new(plaintext.to_vec()))
}

/// The cipher under the record's own key.
fn record_cipher(person: &MacKey, log: &str, id: &str) -> Aes256Gcm {
    let key = Zeroizing::new(person.expand("credit/seal", &[log.as_bytes(), id.as_bytes()]));
    Aes256Gcm::new((&*key).into())
}

fn commitment(opening: &[u8; OPENING_BYTES], log: &str, id: &str, plaintext: &[u8]) -> [u8; 32] {
    let parts = [log.as_bytes(), id.as_bytes(), plaintext];
    MacKey::new(opening).framed("credit/commit", &parts)
}

fn associated_data(log: &str, id: &str, key_id: &KeyId) -> Vec<u8> {
    let parts = [log.as_bytes(), id.as_bytes(), key_id.as_str().as_bytes()];
    framed("credit/seal-aad", &parts)
}

fn without_padding(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    let (plaintext, padding) = padded.split_at_checked(end)?;
    let is_a_length = SealedBytes::ALL.iter().any(|choice| choice.inside() == OPENING_BYTES + padded.len());
    (padding.first() == Some(&END_OF_PLAINTEXT) && is_a_length).then_some(plaintext)
}

#[cfg(test)]
mod tests;
