//! What a data key gives: a key of its own for every person. The bytes are settled in `docs/0006`.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    id::KeyId,
    mac::{MacKey, first},
    tree::{NODE_BYTES, Node, Position, SUBTREE_BYTES, Tree},
};

/// The position key and the tree: all that is used of a data key, and all that is kept of it once a person's records
/// were destroyed.
pub(crate) struct PersonKeys {
    position_key: Zeroizing<[u8; NODE_BYTES]>,
    tree: Tree,
}

impl PersonKeys {
    pub(crate) fn of(key: &[u8; NODE_BYTES]) -> Self {
        let key = MacKey::new(key);
        Self {
            position_key: Zeroizing::new(key.expand("credit/position-key", &[])),
            tree: Tree::whole(Node::new(key.expand("credit/root", &[]))),
        }
    }

    /// Without one person; `None` if the person is gone already.
    pub(crate) fn without(&self, number: &str) -> Option<Self> {
        let position = position(&MacKey::new(&self.position_key), number);
        Some(Self { position_key: self.position_key.clone(), tree: self.tree.without(&position)? })
    }

    /// The number of subtrees, from which the length at rest follows.
    pub(crate) fn subtrees(&self) -> usize {
        self.tree.len()
    }

    pub(crate) fn bytes_at_rest(subtrees: usize) -> Option<usize> {
        subtrees.checked_mul(SUBTREE_BYTES)?.checked_add(NODE_BYTES)
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&*self.position_key);
        self.tree.write(bytes);
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (position_key, tree) = bytes.split_first_chunk()?;
        Some(Self { position_key: Zeroizing::new(*position_key), tree: Tree::read(tree)? })
    }
}

/// A data key, made ready for use.
pub(crate) struct DataKey {
    pub(crate) id: KeyId,
    position: MacKey,
    persons: Arc<PersonKeys>,
}

impl DataKey {
    pub(crate) fn new(id: KeyId, persons: Arc<PersonKeys>) -> Self {
        Self { id, position: MacKey::new(&persons.position_key), persons }
    }

    pub(crate) fn position(&self, number: &str) -> Position {
        position(&self.position, number)
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.persons.tree
    }
}

fn position(key: &MacKey, number: &str) -> Position {
    first(key.framed("credit/position", &[number.as_bytes()]))
}

/// The digest of a proposal that names the person.
pub(crate) fn proposal_digest(person: &MacKey, what: &[u8]) -> [u8; 32] {
    person.framed("credit/proposal", &[what])
}

/// The tag of a person in leaves of one institution and purpose group.
pub(crate) fn subject_tag(person: &MacKey, institution: &str, purpose_group: &str, number: &str) -> [u8; 32] {
    let parts = [institution.as_bytes(), purpose_group.as_bytes(), number.as_bytes()];
    person.framed("credit/subject", &parts)
}
