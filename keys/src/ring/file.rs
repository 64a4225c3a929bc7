//! The ring at rest: one file of one JSON object on one line.
//!
//! `{"header":{…},"body":"…"}` and a line feed. The header is in clear: how the ring is locked, its own key wrapped under
//! the key encryption key, and the name and life of every key. The body is base64 of nonce (12) ‖ AES-256-GCM
//! ciphertext ‖ tag (16) under the ring's own key; inside stand the keys that are not destroyed, in the order of the header:
//! 32 bytes each, of a data key under which persons were destroyed its position key and subtrees (`docs/0006`). The header's very bytes are the associated data, so no byte of the file can be changed.

use std::sync::Arc;

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    entry::{Entry, Key, Stored},
    error::RingError,
    fingerprint::fingerprint,
};
use crate::{
    data_key::PersonKeys,
    entropy::Entropy,
    frame::framed,
    id::{KeyId, KeyUse},
    kek::{Kek, Lock},
    secret::{KEY_BYTES, Material},
};

const FORMAT: &str = "credit-keys/ring/2";
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const OPEN: &str = "{\"header\":";
const BETWEEN: &str = ",\"body\":\"";
const CLOSE: &str = "\"}\n";

/// What the file contains, opened.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) demo: bool,
    pub(super) lock: Lock,
    pub(super) ring: RingKey,
    pub(super) keys: Vec<Key>,
}

/// The ring's own key, wrapped.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RingKey {
    pub(super) epoch: u32,
    pub(super) fingerprint: String,
    pub(super) activates: Timestamp,
    wrapped: String,
}

/// What every release's header has.
#[derive(Deserialize)]
struct Format {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    demo: bool,
    lock: Lock,
    ring: RingKey,
    keys: Vec<Entry>,
}

/// A ring's content and the two keys that guard it.
pub(super) struct Opened {
    pub(super) content: Content,
    pub(super) kek: Material,
    pub(super) ring_key: Material,
}

impl RingKey {
    /// Makes a new ring key and wraps it.
    pub(super) fn make(
        epoch: u32,
        activates: Timestamp,
        kek: &Material,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Material), RingError> {
        let key = Material::make(|key| entropy.fill(key))?;
        let wrapped = key.disclose(|key| encrypt(kek, &wrap_data(epoch), key, entropy))?;
        let fingerprint = fingerprint(KeyUse::Ring, &ring_key_id(epoch), &key);
        Ok((Self { epoch, fingerprint, activates, wrapped }, key))
    }

    pub(super) fn id(&self) -> KeyId {
        ring_key_id(self.epoch)
    }
}

/// The file's bytes.
pub(super) fn write(content: &Content, ring_key: &Material, entropy: &dyn Entropy) -> Result<String, RingError> {
    let header = Header {
        format: FORMAT.to_owned(),
        demo: content.demo,
        lock: content.lock.clone(),
        ring: content.ring.clone(),
        keys: content.keys.iter().map(|key| key.entry.clone()).collect(),
    };
    let header = serde_json::to_string(&header).map_err(|_| RingError::Malformed("header"))?;
    // Of the final size from the beginning: it does not move while it fills, so no copy of a key stays behind.
    let bytes = content.keys.iter().filter_map(|key| bytes_of(&key.entry)).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes));
    for key in &content.keys {
        match &key.stored {
            Stored::Whole(material) => material.disclose(|key| plain.extend_from_slice(key)),
            Stored::Punctured(persons) => persons.write(&mut plain),
            Stored::Destroyed => {}
        }
    }
    let body = encrypt(ring_key, &body_data(&header), &plain, entropy)?;
    Ok(compose(&header, &body))
}

/// Header and sealed body on one line.
pub(super) fn compose(header: &str, body: &str) -> String {
    [OPEN, header, BETWEEN, body, CLOSE].concat()
}

/// The header's very bytes, and the sealed body.
pub(super) fn split(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?.rsplit_once(BETWEEN)
}

/// Opens the file's bytes with what the custodian presents.
pub(super) fn read(bytes: &[u8], kek: &Kek) -> Result<Opened, RingError> {
    read_by(bytes, |lock| Ok(kek.unlock(lock)?))
}

/// Opens the file's bytes; `unlock` gives the key encryption key.
pub(super) fn read_by(
    bytes: &[u8],
    unlock: impl FnOnce(&Lock) -> Result<Material, RingError>,
) -> Result<Opened, RingError> {
    let (header_text, body) = split(bytes).ok_or(RingError::Malformed("outline"))?;
    let Format { format } = serde_json::from_str(header_text).map_err(|_| RingError::Malformed("header"))?;
    if format != FORMAT {
        return Err(RingError::Format);
    }
    let header: Header = serde_json::from_str(header_text).map_err(|_| RingError::Malformed("header"))?;
    let kek = unlock(&header.lock)?;
    let unwrapped = decrypt(&kek, &wrap_data(header.ring.epoch), &header.ring.wrapped).ok_or(RingError::WrongKek)?;
    let ring_key = material(&unwrapped).ok_or(RingError::Damaged)?;
    let plain = decrypt(&ring_key, &body_data(header_text), body).ok_or(RingError::Damaged)?;
    let keys = put_together(header.keys, &plain).ok_or(RingError::Damaged)?;
    Ok(Opened { content: Content { demo: header.demo, lock: header.lock, ring: header.ring, keys }, kek, ring_key })
}

/// Gives each key that is not destroyed its bytes; `None` if there are too few or too many.
fn put_together(entries: Vec<Entry>, mut plain: &[u8]) -> Option<Vec<Key>> {
    let mut keys = Vec::with_capacity(entries.len());
    for entry in entries {
        let (bytes, rest) = plain.split_at_checked(bytes_of(&entry)?)?;
        plain = rest;
        let stored = match (entry.destroyed, entry.punctured) {
            (Some(_), _) => Stored::Destroyed,
            (None, Some(_)) => Stored::Punctured(Arc::new(PersonKeys::read(bytes)?)),
            (None, None) => Stored::Whole(Arc::new(material(bytes)?)),
        };
        keys.push(Key { entry, stored });
    }
    plain.is_empty().then_some(keys)
}

/// How long a key is in the body; `None` where the header gives a length beyond all memory.
fn bytes_of(entry: &Entry) -> Option<usize> {
    match (entry.destroyed, entry.punctured) {
        (Some(_), _) => Some(0),
        (None, Some(punctured)) => PersonKeys::bytes_at_rest(punctured.subtrees),
        (None, None) => Some(KEY_BYTES),
    }
}

fn ring_key_id(epoch: u32) -> KeyId {
    KeyId::of_epoch(KeyUse::Ring, epoch)
}

pub(super) fn material(bytes: &[u8]) -> Option<Material> {
    let bytes: &[u8; KEY_BYTES] = bytes.try_into().ok()?;
    Material::make(|key| {
        key.clone_from(bytes);
        Ok::<(), ()>(())
    })
    .ok()
}

fn wrap_data(epoch: u32) -> Vec<u8> {
    framed("credit/ring-key", &[&epoch.to_be_bytes()])
}

fn body_data(header: &str) -> Vec<u8> {
    framed("credit/ring", &[header.as_bytes()])
}

/// Base64 of nonce ‖ ciphertext ‖ tag.
pub(super) fn encrypt(
    key: &Material,
    associated: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<String, RingError> {
    let mut nonce = [0_u8; NONCE_BYTES];
    entropy.fill(&mut nonce)?;
    let mut buffer = Zeroizing::new(plain.to_vec());
    let tag = cipher(key)
        .encrypt_inout_detached((&nonce).into(), associated, buffer.as_mut_slice().into())
        .map_err(|_| RingError::Malformed("size"))?;
    Ok(BASE64.encode([&nonce, buffer.as_slice(), &tag].concat()))
}

/// The plaintext, or nothing if key, associated data or a byte of the text is another.
pub(super) fn decrypt(key: &Material, associated: &[u8], text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = BASE64.decode(text).ok()?;
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (body, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut plain = Zeroizing::new(body.to_vec());
    cipher(key).decrypt_inout_detached(nonce.into(), associated, plain.as_mut_slice().into(), tag.into()).ok()?;
    Some(plain)
}

fn cipher(key: &Material) -> Aes256Gcm {
    key.disclose(|key| Aes256Gcm::new(key.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_with_more_or_fewer_keys_than_the_header_is_refused() {
        let entry = |epoch, destroyed| Entry {
            id: KeyId::of_epoch(KeyUse::State, epoch),
            key_use: KeyUse::State,
            fingerprint: String::new(),
            epoch,
            origin: None,
            activates: Timestamp::UNIX_EPOCH,
            ends: None,
            punctured: None,
            destroyed,
        };
        let entries = || {
            let gone = Some(Timestamp::UNIX_EPOCH);
            vec![entry(1, None), entry(2, gone), entry(3, None)]
        };
        let body = |bytes: usize| vec![1; bytes];
        for bytes in [0, 31, 32, 63, 65, 96, 128] {
            assert!(put_together(entries(), &body(bytes)).is_none(), "{bytes} bytes");
        }
        let keys = put_together(entries(), &[[1; 32], [3; 32]].concat()).expect("keys");
        let first_bytes: Vec<_> = keys.iter().map(|key| key.disclose(|key| key[0]).ok()).collect();
        assert_eq!(first_bytes, [Some(1), None, Some(3)]);
    }
}
