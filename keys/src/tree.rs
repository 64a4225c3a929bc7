//! A puncturable tree of keys (Goldreich, Goldwasser, Micali): one node gives the key of every position below it, and
//! one position can be cut out while all others keep their keys. The bytes are settled in `docs/0006`.

use aes_gcm::{
    KeyInit,
    aes::{Aes256Enc, Block, cipher::BlockCipherEncrypt},
};
use zeroize::Zeroizing;

/// Levels of the tree, and bytes of a position: each byte chooses one of 256 children.
pub(crate) const POSITION_BYTES: usize = 5;
pub(crate) const NODE_BYTES: usize = 32;
/// A subtree at rest: depth (1) ‖ position, zeros below the depth (5) ‖ node (32).
pub(crate) const SUBTREE_BYTES: usize = 1 + POSITION_BYTES + NODE_BYTES;

/// A place among the leaves.
pub(crate) type Position = [u8; POSITION_BYTES];

/// A position, each byte masked by the node above it.
pub(crate) type Locator = [u8; POSITION_BYTES];

/// A key from which every key below it follows, and none above or beside it.
#[derive(Clone)]
pub(crate) struct Node(Zeroizing<[u8; NODE_BYTES]>);

impl Node {
    pub(crate) fn new(bytes: [u8; NODE_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; NODE_BYTES] {
        &self.0
    }

    fn step(&self) -> Step {
        Step(Aes256Enc::new((&*self.0).into()))
    }

    fn child(&self, byte: u8) -> Self {
        self.step().child(byte)
    }
}

/// A node as a key of AES-256: the schedule is made once for the way down and for all masks. It is wiped when it is
/// dropped.
struct Step(Aes256Enc);

/// The last byte of a block says what the block is for, so that no child meets another or a mask.
const MASK: u8 = 0;
const CHILD: [u8; 2] = [1, 2];

impl Step {
    /// The child by this byte: two blocks, one a half.
    fn child(&self, byte: u8) -> Node {
        let mut child = Zeroizing::new([0_u8; NODE_BYTES]);
        for (half, purpose) in child.chunks_exact_mut(NODE_BYTES / 2).zip(CHILD) {
            let mut input = [0; 12];
            set(&mut input, 0, byte);
            half.copy_from_slice(&self.block(&input, purpose));
        }
        Node(child)
    }

    /// What hides the next byte of the position in the record of this nonce.
    fn mask(&self, nonce: &[u8; 12]) -> u8 {
        self.block(nonce, MASK).first().copied().unwrap_or_default()
    }

    /// AES-256 of `input` (12) ‖ 0 (3) ‖ `purpose` (1).
    fn block(&self, input: &[u8; 12], purpose: u8) -> Block {
        let mut block = Block::default();
        for (to, from) in block.iter_mut().zip(input.iter().chain(&[0, 0, 0, purpose])) {
            *to = *from;
        }
        self.0.encrypt_block(&mut block);
        block
    }
}

/// The nodes from the root down to one leaf.
pub(crate) struct Path {
    position: Position,
    above: [Step; POSITION_BYTES],
    leaf: Node,
}

impl Path {
    pub(crate) fn new(root: &Node, position: Position) -> Self {
        let mut leaf = root.clone();
        let above = position.map(|byte| {
            let step = leaf.step();
            leaf = step.child(byte);
            step
        });
        Self { position, above, leaf }
    }

    pub(crate) fn leaf(&self) -> &Node {
        &self.leaf
    }

    pub(crate) fn locator(&self, nonce: &[u8; 12]) -> Locator {
        let mut locator = self.position;
        for (byte, step) in locator.iter_mut().zip(&self.above) {
            *byte ^= step.mask(nonce);
        }
        locator
    }
}

/// All leaves that begin with the first `depth` bytes of `position`.
#[derive(Clone)]
struct Subtree {
    depth: usize,
    position: Position,
    node: Node,
}

impl Subtree {
    fn contains(&self, position: &Position) -> bool {
        self.position.iter().zip(position).take(self.depth).all(|(one, other)| one == other)
    }

    fn leaf(&self, position: &Position) -> Node {
        position.iter().skip(self.depth).fold(self.node.clone(), |node, byte| node.child(*byte))
    }

    /// The leaf that a locator leads to from here: the right one if its position is in this subtree.
    fn follow(&self, locator: &Locator, nonce: &[u8; 12]) -> Node {
        locator.iter().skip(self.depth).fold(self.node.clone(), |node, byte| {
            let step = node.step();
            step.child(*byte ^ step.mask(nonce))
        })
    }
}

/// The tree of one data key, as far as it is still there.
#[derive(Clone)]
pub(crate) struct Tree(Vec<Subtree>);

impl Tree {
    pub(crate) fn whole(root: Node) -> Self {
        Self(vec![Subtree { depth: 0, position: [0; POSITION_BYTES], node: root }])
    }

    /// The root, unless a position was cut out.
    pub(crate) fn root(&self) -> Option<&Node> {
        self.0.iter().find(|subtree| subtree.depth == 0).map(|subtree| &subtree.node)
    }

    /// The key of a position; `None` if it was cut out.
    pub(crate) fn leaf(&self, position: &Position) -> Option<Node> {
        let subtree = self.0.iter().find(|subtree| subtree.contains(position))?;
        Some(subtree.leaf(position))
    }

    /// The leaves that a locator may mean; the right one is among them unless it was cut out.
    pub(crate) fn follow(&self, locator: &Locator, nonce: &[u8; 12]) -> impl Iterator<Item = Node> {
        self.0.iter().map(|subtree| subtree.follow(locator, nonce))
    }

    /// The tree without one position; `None` if it was cut out before.
    pub(crate) fn without(&self, position: &Position) -> Option<Self> {
        let cut = self.0.iter().find(|subtree| subtree.contains(position))?;
        let mut kept: Vec<Subtree> = self.0.iter().filter(|subtree| !subtree.contains(position)).cloned().collect();
        let mut node = cut.node.clone();
        let mut prefix: Position = [0; POSITION_BYTES];
        for (level, byte) in position.iter().enumerate() {
            if level >= cut.depth {
                let step = node.step();
                for other in (0..=u8::MAX).filter(|other| other != byte) {
                    let mut beside = prefix;
                    set(&mut beside, level, other);
                    kept.push(Subtree { depth: level + 1, position: beside, node: step.child(other) });
                }
                node = step.child(*byte);
            }
            set(&mut prefix, level, *byte);
        }
        Some(Self(kept))
    }

    /// The subtrees, one behind the other, as they stand in the ring's file.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        for Subtree { depth, position, node } in &self.0 {
            bytes.push(u8::try_from(*depth).unwrap_or(u8::MAX));
            bytes.extend_from_slice(position);
            bytes.extend_from_slice(node.bytes());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let subtrees = bytes.chunks(SUBTREE_BYTES).map(|chunk| {
            let (depth, rest) = chunk.split_first()?;
            let (position, node) = rest.split_first_chunk()?;
            let (depth, node) = (usize::from(*depth), Node::new(node.try_into().ok()?));
            (depth <= POSITION_BYTES).then_some(Subtree { depth, position: *position, node })
        });
        subtrees.collect::<Option<_>>().map(Self)
    }
}

fn set(position: &mut [u8], level: usize, byte: u8) {
    if let Some(place) = position.get_mut(level) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: [u8; 12] = [7; 12];
    const LEAF: &str = "3c942993a14f07008d9ef69461f77a478407b5aab85ff1a9d8488ccfd4834112";
    const LOCATOR: &str = "a11eb56152";

    fn whole() -> Tree {
        Tree::whole(Node::new([9; 32]))
    }

    fn leaf(tree: &Tree, position: Position) -> Option<[u8; 32]> {
        tree.leaf(&position).map(|node| *node.bytes())
    }

    fn locator(position: Position) -> Locator {
        Path::new(&Node::new([9; 32]), position).locator(&NONCE)
    }

    #[test]
    fn a_position_is_cut_out_once_and_leaves_255_subtrees_a_level() {
        let position = [1, 2, 3, 4, 5];
        let cut = whole().without(&position).expect("cut");
        assert_eq!(cut.len(), 5 * 255);
        assert!(cut.root().is_none());
        assert_eq!(leaf(&cut, position), None);
        assert!(cut.without(&position).is_none());
        // A second one shares the first levels with what is gone already.
        let twice = cut.without(&[1, 2, 3, 4, 6]).expect("cut");
        assert_eq!(twice.len(), 5 * 255 - 1);
    }

    #[test]
    fn no_subtree_leads_to_a_leaf_that_was_cut_out() {
        let position = [0, 255, 3, 4, 5];
        let lost = leaf(&whole(), position).expect("a leaf");
        let cut = whole().without(&position).expect("cut");
        assert!(cut.follow(&locator(position), &NONCE).all(|node| *node.bytes() != lost));
        assert!(whole().follow(&locator(position), &NONCE).any(|node| *node.bytes() == lost));
    }

    #[test]
    fn half_a_subtree_is_not_read() {
        let mut bytes = Vec::new();
        whole().without(&[1; 5]).expect("cut").write(&mut bytes);
        assert_eq!(bytes.len(), 5 * 255 * SUBTREE_BYTES);
        assert!(Tree::read(&bytes[1..]).is_none());
        let mut deep = bytes.clone();
        deep[0] = 6;
        assert!(Tree::read(&deep).is_none());
        assert_eq!(Tree::read(&bytes).expect("read").len(), 5 * 255);
    }

    /// Made with `openssl enc -aes-256-ecb -nopad`: five times from `09` × 32, a child of the two blocks
    /// `b`, 14 zeros, `1` and `b`, 14 zeros, `2`; and before each step `b` XOR the first byte of the block `07` × 12, 4 zeros.
    #[test]
    fn path_and_locator_are_those_of_the_vector() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(&leaf(&whole(), [1, 2, 3, 4, 5]).expect("a leaf")), LEAF);
        assert_eq!(hex(&locator([1, 2, 3, 4, 5])), LOCATOR);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn all_others_keep_their_keys(cuts in prop::collection::vec(any::<Position>(), 1..4), other: Position) {
            let mut tree = whole();
            for cut in &cuts {
                tree = tree.without(cut).unwrap_or(tree);
            }
            let mut bytes = Vec::new();
            tree.write(&mut bytes);
            let read = Tree::read(&bytes).expect("read");
            for tree in [tree, read] {
                let mut last_changed = cuts[0];
                last_changed[4] ^= 1;
                for position in [other, last_changed].into_iter().filter(|position| !cuts.contains(position)) {
                    let kept = leaf(&whole(), position);
                    prop_assert_eq!(leaf(&tree, position), kept);
                    let followed = tree.follow(&locator(position), &NONCE).any(|node| Some(*node.bytes()) == kept);
                    prop_assert!(followed);
                }
            }
        }
    }
}
