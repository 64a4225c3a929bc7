//! Signed notes (c2sp.org/signed-note), strictly: Ed25519 of type 0x01 only. Signatures by unknown keys are ignored,
//! every signature by a known key must verify, at least one must be there.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use ring::signature::{ED25519, UnparsedPublicKey};

/// Type byte of plain Ed25519 signatures.
const TYPE_ED25519: u8 = 0x01;

/// Longest note that is read, in bytes.
const MAX_BYTES: usize = 1_000_000;

/// Most signatures that are read: a log's own, and two of each of the 32 witnesses that c2sp.org/tlog-policy asks for.
pub const MAX_SIGNATURES: usize = 65;

/// A public key by which notes are checked: `<name>+<key id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    public: [u8; 32],
}

/// A verifier key that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not three parts divided by `+`.
    #[error("a verifier key has the form `name+id+key`, on one line")]
    Form,
    /// Empty, or with a space or a `+`.
    #[error("the key's name is empty or contains a space or a control character")]
    Name,
    /// Not a canonical base64 of an Ed25519 key.
    #[error("the key is no base64 of type 0x01 and 32 bytes (Ed25519)")]
    Key,
    /// Not a canonical base64 of a witness's key.
    #[error("the key is no base64 of type 0x04 and 32 bytes (Ed25519), or of type 0x06 and 1,312 bytes (ML-DSA-44)")]
    CosignerKey,
    /// The id does not belong to name and key.
    #[error("the key's id does not belong to its name and key: was it copied whole?")]
    Id,
}

impl VerifierKey {
    /// The key with this name (the log's origin) and these 32 bytes of Ed25519.
    ///
    /// # Errors
    /// When the name is empty or holds a space, a control character or `+`.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, VerifierKeyError> {
        if !is_name(name) {
            return Err(VerifierKeyError::Name);
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, &public), public })
    }

    /// Reads a verifier key; a newline may follow it, as in `log.vkey`.
    ///
    /// # Errors
    /// As [`VerifierKeyError`] says.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, id, bytes) = key_parts(text)?;
        let bytes = bytes.ok_or(VerifierKeyError::Key)?;
        let public = match bytes.split_first() {
            Some((&TYPE_ED25519, public)) => public.try_into().map_err(|_| VerifierKeyError::Key)?,
            _ => return Err(VerifierKeyError::Key),
        };
        let key = Self::new(name, public)?;
        if is_written_so(key.id, id) { Ok(key) } else { Err(VerifierKeyError::Id) }
    }

    /// The key's name: of a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), big-endian.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The key itself.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, (TYPE_ED25519, &self.public))
    }
}

/// Name, id and the bytes of type and key of a key that is written out; no bytes where they are no canonical base64.
pub(crate) fn key_parts(text: &str) -> Result<(&str, &str, Option<Vec<u8>>), VerifierKeyError> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let (name, rest) = line.split_once('+').ok_or(VerifierKeyError::Form)?;
    // The key's base64 may hold a `+` itself.
    let (id, key) = rest.split_once('+').ok_or(VerifierKeyError::Form)?;
    Ok((name, id, STANDARD.decode(key).ok()))
}

/// Whether an id is written so: lower-case hexadecimal of fixed length, so nothing but the one spelling passes.
pub(crate) fn is_written_so(id: u32, text: &str) -> bool {
    format!("{id:08x}") == text
}

/// Writes a key of this type as [`key_parts`] reads it.
pub(crate) fn write_key(f: &mut fmt::Formatter<'_>, name: &str, id: u32, (kind, key): (u8, &[u8])) -> fmt::Result {
    write!(f, "{name}+{id:08x}+{}", STANDARD.encode([&[kind], key].concat()))
}

/// The key id that signed-note recommends, for Ed25519.
#[must_use]
pub fn key_id(name: &str, public: &[u8; 32]) -> u32 {
    id_of(name, (TYPE_ED25519, public))
}

/// The key id for a key of this type.
pub(crate) fn id_of(name: &str, (kind, key): (u8, &[u8])) -> u32 {
    let mut context = Context::new(&SHA256);
    for part in [name.as_bytes(), b"\n", &[kind], key] {
        context.update(part);
    }
    context.finish().as_ref().first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// Whether a name may stand in a key and on a signature line.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A signed note of this text (which ends in a newline): the text, an empty line, one signature line.
/// `name` and `key_id` are those of the [`VerifierKey`]; `signature` signs the bytes of the text.
#[must_use]
pub fn sign(name: &str, key_id: u32, text: &str, signature: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
    let mut bytes = key_id.to_be_bytes().to_vec();
    bytes.extend_from_slice(&signature(text.as_bytes()));
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(bytes))
}

/// A note of which every signature by a known key was verified, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Note<'a> {
    text: &'a str,
    signed_by: Vec<&'a str>,
}

impl<'a> Note<'a> {
    /// The text that was signed, with its last newline.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The names of the keys whose signatures were verified, in the order of the note.
    #[must_use]
    pub fn signed_by(&self) -> &[&'a str] {
        &self.signed_by
    }
}

/// A note that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than is read.
    #[error("the note is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A control character other than newline (a carriage return, for example).
    #[error("the note contains a control character; fetch it again without changing its line ends")]
    ControlCharacter,
    /// No empty line before signatures, or no newline at the end.
    #[error("the note is not a text, an empty line and signature lines, each with its newline")]
    Form,
    /// A signature line that is none.
    #[error("signature line {0} is malformed")]
    SignatureLine(usize),
    /// More signatures than are read.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A signature by a known key does not verify.
    #[error("the signature of `{0}` is not valid for this text")]
    Signature(String),
    /// No signature by a known key.
    #[error("the note is not signed by a key that was given")]
    Unsigned,
}

/// A note taken apart; nothing in it was verified.
pub(crate) struct Parts<'a> {
    /// The text with its last newline.
    pub(crate) text: &'a str,
    /// The signatures, in the order of the note.
    pub(crate) signatures: Vec<SignatureLine<'a>>,
}

/// One line below a note's text.
pub(crate) struct SignatureLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: u32,
    pub(crate) signature: Vec<u8>,
}

/// Takes a note apart.
///
/// # Errors
/// What its form is not; signatures are not looked at.
pub(crate) fn parts(note: &str) -> Result<Parts<'_>, NoteError> {
    if note.len() > MAX_BYTES {
        return Err(NoteError::TooLong);
    }
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    // The last empty line divides; the text keeps its own newline.
    let divide = note.rfind("\n\n").ok_or(NoteError::Form)?;
    let (text, rest) = note.split_at_checked(divide + 1).ok_or(NoteError::Form)?;
    let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')).ok_or(NoteError::Form)?;
    let mut signatures = Vec::new();
    for (at, line) in lines.split('\n').enumerate() {
        if at >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(signature_line(line).ok_or(NoteError::SignatureLine(at + 1))?);
    }
    Ok(Parts { text, signatures })
}

/// Opens a note: checks its form and its signatures against the known keys.
///
/// # Errors
/// As [`NoteError`] says; the text of a note that failed is worth nothing.
pub fn open<'a>(note: &'a str, keys: &[VerifierKey]) -> Result<Note<'a>, NoteError> {
    let Parts { text, signatures } = parts(note)?;
    let mut signed_by = Vec::new();
    for SignatureLine { name, id, signature } in signatures {
        let Some(key) = keys.iter().find(|key| key.name == name && key.id == id) else {
            continue;
        };
        UnparsedPublicKey::new(&ED25519, &key.public)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| NoteError::Signature(name.to_owned()))?;
        signed_by.push(name);
    }
    if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok(Note { text, signed_by }) }
}

/// Name, key id and signature of one line; the base64 must be canonical.
pub(crate) fn signature_line(line: &str) -> Option<SignatureLine<'_>> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    if !is_name(name) || signature.is_empty() {
        return None;
    }
    Some(SignatureLine { name, id: u32::from_be_bytes(*id), signature: signature.to_vec() })
}
