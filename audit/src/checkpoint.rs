//! Checkpoints (c2sp.org/tlog-checkpoint): origin, size and root of the tree, as the text of a signed note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;
use crate::note::{self, NoteError, VerifierKey};

/// The head of a log's tree at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, e.g. `credit-gateway.example/2026/r1`.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// Root of the tree (RFC 6962 §2.1).
    pub root: Hash,
}

/// A checkpoint that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it does not hold.
    #[error("the checkpoint is not valid: {0}")]
    Note(#[from] NoteError),
    /// Not UTF-8.
    #[error("the checkpoint is not UTF-8")]
    Encoding,
    /// Not exactly three lines. Extension lines are refused: this log writes none, and nobody could audit them.
    #[error("a checkpoint has three lines: origin, size, root")]
    Form,
    /// A size that is no decimal without leading zeroes.
    #[error("the checkpoint's size `{0}` is no number")]
    Size(String),
    /// A root that is no canonical base64 of 32 bytes.
    #[error("the checkpoint's root is no base64 of 32 bytes")]
    Root,
    /// The checkpoint of another log.
    #[error("the checkpoint is of the log `{found}`, the key is of `{wanted}`")]
    Origin {
        /// The origin it names.
        found: String,
        /// The name of the key that was given.
        wanted: String,
    },
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without its signatures.
    ///
    /// # Errors
    /// As [`CheckpointError`] says.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Form)?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Form);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Form);
        }
        let size = decimal(size).ok_or_else(|| CheckpointError::Size(size.chars().take(24).collect()))?;
        let root = hash_from_base64(root).ok_or(CheckpointError::Root)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads the text of another log's checkpoint, which may have lines of its own below the three
    /// (c2sp.org/tlog-checkpoint, "extension lines"); they are signed with it and mean nothing here.
    ///
    /// # Errors
    /// As [`CheckpointError`] says.
    pub fn parse_with_extensions(text: &str) -> Result<Self, CheckpointError> {
        let third = text.match_indices('\n').nth(2).ok_or(CheckpointError::Form)?.0;
        let (own, extensions) = text.split_at_checked(third + 1).ok_or(CheckpointError::Form)?;
        if !extensions.is_empty()
            && extensions.strip_suffix('\n').is_none_or(|lines| lines.split('\n').any(str::is_empty))
        {
            return Err(CheckpointError::Form);
        }
        Self::parse(own)
    }

    /// The text that is signed: three lines, each with its newline.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Opens a signed checkpoint: signature by `key`, and an origin equal to the key's name.
    ///
    /// # Errors
    /// As [`CheckpointError`] says.
    pub fn open(signed: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = note::open(signed, std::slice::from_ref(key))?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin { found: checkpoint.origin, wanted: key.name().to_owned() })
        }
    }
}

/// A decimal without sign or leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Canonical base64, with padding, of exactly 32 bytes.
pub(crate) fn hash_from_base64(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
