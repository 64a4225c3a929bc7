//! Roots, tiles, proofs, notes and checkpoints beside `tlog_tiles`, `ct-merkle` and `signed_note`.

use std::sync::LazyLock;

use credit_audit::checkpoint::Checkpoint;
use credit_audit::merkle::{self, Hash, leaf_hash};
use credit_audit::note::{self, VerifierKey};
use credit_audit::{proof, tile};
use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::Sha256;
use signed_note::Verifiers as _;

use crate::tree::Tree;

const SIZES: [u64; 9] = [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000];
const LARGEST: u64 = 70_000;

static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::of((0..LARGEST).map(leaf)));

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index} {}", "x".repeat(usize::try_from(index % 60).unwrap())).into_bytes()
}

/// The oracle's view of the tree: our nodes in its order. That the nodes are right follows from the roots, which the
/// other oracle makes from the leaves.
struct Stored;

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let node = |index: &u64| {
            let (height, number) = tlog_tiles::split_stored_hash_index(*index);
            tlog_tiles::Hash(TREE.node(height, number))
        };
        Ok(indexes.iter().map(node).collect())
    }
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(*hash)).collect()
}

/// A sequence that looks random and is the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[test]
fn roots_equal_those_of_two_other_programs() {
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut pushed = 0;
    for size in SIZES {
        while pushed < size {
            other.push(leaf(pushed));
            pushed += 1;
        }
        let root = merkle::root(size, &*TREE).unwrap();
        let mut tiled = Tree::of((0..size).map(leaf));
        tiled.remembers = false;
        assert_eq!(merkle::root(size, &tiled).unwrap(), root, "from tiles, size {size}");
        assert_eq!(tlog_tiles::tree_hash(size, &Stored).unwrap().0, root, "tlog_tiles, size {size}");
        if size > 0 {
            assert_eq!(other.root().as_bytes().as_slice(), root, "ct-merkle, size {size}");
        }
    }
    assert_eq!(merkle::empty_root(), tlog_tiles::EMPTY_HASH.0);
}

#[test]
fn tiles_equal_those_of_another_program() {
    for size in SIZES {
        let mut tiles = 0u64;
        for level in 0..tile::MAX_LEVELS {
            let mut index = 0;
            while tile::width_at(level, index, size) > 0 {
                let width = tile::width_at(level, index, size);
                let oracle = tlog_tiles::Tile::new(8, level, index, u32::from(width), false);
                let ours = merkle::HashReader::tile(&*TREE, level, index, width).unwrap();
                assert_eq!(*ours, *oracle.read_data(&Stored).unwrap(), "{}", oracle.path());
                // Its paths have the height in them; without it they are those of C2SP.
                assert_eq!(oracle.path().replacen("tile/8/", "tile/", 1), tile::path(level, index, width));
                (index, tiles) = (index + 1, tiles + 1);
            }
        }
        let oracle = tlog_tiles::Tile::new_tiles(8, 0, size);
        // It also makes the full parents that a later size needs; of one size from nothing the count is the same.
        assert_eq!(tiles, oracle.len() as u64, "size {size}");
    }
}

#[test]
fn a_hundred_thousand_random_proofs_hold_for_two_other_programs() {
    let mut numbers = Numbers(2026);
    for round in 0..50_000 {
        let size = 1 + numbers.below(LARGEST);
        let root = merkle::root(size, &*TREE).unwrap();
        let oracle_root = RootHash::<Sha256>::new(root.into(), size);

        let index = numbers.below(size);
        let bytes = leaf(index);
        let path = merkle::inclusion_proof(index, size, &*TREE).unwrap();
        let hash = leaf_hash(&bytes);
        merkle::verify_inclusion(index, size, &hash, &path, &root).unwrap();
        let record = tlog_tiles::Hash(hash);
        tlog_tiles::check_record(&theirs(&path), size, tlog_tiles::Hash(root), index, record).unwrap();
        let oracle = ct_merkle::InclusionProof::try_from_bytes(path.concat()).unwrap();
        oracle_root.verify_inclusion(&bytes, index, &oracle).unwrap();

        let old = 1 + numbers.below(size);
        let old_root = merkle::root(old, &*TREE).unwrap();
        let steps = merkle::consistency_proof(old, size, &*TREE).unwrap();
        merkle::verify_consistency(old, size, &old_root, &root, &steps).unwrap();
        let (new, old_hash) = (tlog_tiles::Hash(root), tlog_tiles::Hash(old_root));
        tlog_tiles::check_tree(&theirs(&steps), size, new, old, old_hash).unwrap();
        let oracle = ct_merkle::ConsistencyProof::try_from_bytes(steps.concat()).unwrap();
        let old_root = RootHash::<Sha256>::new(old_root.into(), old);
        oracle_root.verify_consistency(&old_root, &oracle).unwrap();

        if round % 100 == 0 {
            // And theirs are ours, hash by hash.
            let made = tlog_tiles::prove_record(size, index, &Stored).unwrap();
            assert_eq!(theirs(&path), made);
            assert_eq!(theirs(&steps), tlog_tiles::prove_tree(size, old, &Stored).unwrap());
        }
    }
}

#[test]
fn proofs_from_tiles_equal_proofs_from_memory() {
    let mut numbers = Numbers(7);
    let mut sizes: Vec<u64> = SIZES[1..].to_vec();
    sizes.extend((0..100).map(|_| 1 + numbers.below(LARGEST)));
    let mut tiled = Tree::of((0..LARGEST).map(leaf));
    tiled.remembers = false;
    for size in sizes {
        let (index, old) = (numbers.below(size), numbers.below(size + 1));
        let path = merkle::inclusion_proof(index, size, &tiled).unwrap();
        assert_eq!(path, merkle::inclusion_proof(index, size, &*TREE).unwrap(), "{index} of {size}");
        let steps = merkle::consistency_proof(old, size, &tiled).unwrap();
        assert_eq!(steps, merkle::consistency_proof(old, size, &*TREE).unwrap(), "{old} to {size}");
    }
}

fn signer() -> (Ed25519KeyPair, VerifierKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    (pair, VerifierKey::new("credit-gateway.example/2026/r1", public).unwrap())
}

#[test]
fn checkpoints_open_in_other_programs_and_theirs_in_ours() {
    let (pair, key) = signer();
    let verifier = signed_note::StandardVerifier::new(&key.to_string()).unwrap();
    let known = signed_note::VerifierList::new(vec![Box::new(verifier)]);
    assert!(known.verifier(key.name(), key.id()).is_ok(), "same name and key id");
    for size in SIZES {
        let root = merkle::root(size, &*TREE).unwrap();
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size, root };
        let sign = |text: &[u8]| pair.sign(text).as_ref().try_into().unwrap();
        let signed = note::sign(key.name(), key.id(), &checkpoint.to_text(), sign);

        let oracle = signed_note::Note::from_bytes(signed.as_bytes()).unwrap();
        let (verified, unknown) = oracle.verify(&known).unwrap();
        assert_eq!((verified.len(), unknown.len()), (1, 0));
        let read = tlog_tiles::Checkpoint::from_bytes(oracle.text()).unwrap();
        assert_eq!((read.origin(), read.size(), read.hash().0), (key.name(), size, root));

        assert_eq!(Checkpoint::open(&signed, &key).unwrap(), checkpoint);
        let theirs = tlog_tiles::Checkpoint::new(key.name(), size, tlog_tiles::Hash(root), "").unwrap();
        assert_eq!(theirs.to_bytes(), checkpoint.to_text().as_bytes());
    }
}

#[test]
fn the_examples_of_the_specification_hold() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let key = VerifierKey::parse(key).unwrap();
    let text = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    assert_eq!(note::open(text, &[key]).unwrap().text(), "This is an example message.\n");
    assert_eq!(tile::path(0, 1_234_067, 12), "tile/0/x001/x234/067.p/12");
}

#[test]
fn a_receipt_proves_its_leaf_at_every_size() {
    let (pair, key) = signer();
    for size in SIZES.into_iter().filter(|size| *size > 0) {
        let root = merkle::root(size, &*TREE).unwrap();
        let text = Checkpoint { origin: key.name().to_owned(), size, root }.to_text();
        let sign = |text: &[u8]| pair.sign(text).as_ref().try_into().unwrap();
        let checkpoint = note::sign(key.name(), key.id(), &text, sign);
        for index in [0, size / 2, size - 1] {
            let path = merkle::inclusion_proof(index, size, &*TREE).unwrap();
            let receipt = proof::format(index, &path, &checkpoint);
            let parsed = proof::Proof::parse(&receipt).unwrap();
            assert_eq!(parsed.verify(&leaf_hash(&leaf(index)), &key).unwrap().size, size);
            parsed.verify(&leaf_hash(&leaf(index + 1)), &key).unwrap_err();
        }
    }
}
