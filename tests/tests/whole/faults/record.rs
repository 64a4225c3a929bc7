//! What must hold between a log and those who were answered, whatever happened to the gateway.

use std::collections::{HashMap, HashSet};

use credit_audit::note::VerifierKey;
use credit_tests::{Leaf, Reply, checked};

/// Indices, ids, times and numbers of a whole log are in order, and every reply to the housing department has its leaf.
#[track_caller]
pub(super) fn assert_whole(leaves: &[Leaf], replies: &[Reply], vkey: &VerifierKey) {
    let mut ids = HashSet::new();
    let mut seqs: HashMap<&str, u64> = HashMap::new();
    let mut last = "";
    for (index, leaf) in (0..).zip(leaves) {
        assert_eq!(leaf.index, index);
        assert!(ids.insert(leaf.text("id")), "leaf {index}: the id is there already");
        assert!(leaf.text("at") >= last, "leaf {index}: time goes back");
        last = leaf.text("at");
        if let Some(seq) = leaf.json["seq"].as_u64() {
            let before = seqs.entry(leaf.text("institution")).or_default();
            // Refusals that share a leaf have each a number.
            let first = leaf.json["seqs"][0].as_u64().unwrap_or(seq);
            assert_eq!(first, *before + 1, "leaf {index}: a gap in the institution's numbers");
            *before = seq;
        }
    }
    for reply in replies {
        assert_recorded(leaves, reply, vkey);
    }
}

/// The leaf at the receipt's index is this reply's, and so is the proof, where it has one.
#[track_caller]
fn assert_recorded(leaves: &[Leaf], reply: &Reply, vkey: &VerifierKey) {
    let index = reply.index();
    let leaf = usize::try_from(index).ok().and_then(|index| leaves.get(index));
    let leaf = leaf.unwrap_or_else(|| panic!("leaf {index} is lost; the log ends at {}", leaves.len()));
    if leaf.text("kind") == "refusals" {
        assert!(leaf.json["counts"][reply.code().as_str()].as_u64() >= Some(1), "leaf {index}");
        assert_eq!(reply.json()["query"], leaf.text("id"), "leaf {index}");
        return assert_proven(leaf, reply, vkey);
    }
    checked::receipt("housing", reply, leaf);
    let outcome = if reply.status == 200 { "answered" } else { "refused" };
    assert_eq!((leaf.text("outcome"), leaf.text("code")), (outcome, reply.code().as_str()), "leaf {index}");
    assert_proven(leaf, reply, vkey);
}

#[track_caller]
fn assert_proven(leaf: &Leaf, reply: &Reply, vkey: &VerifierKey) {
    if let Some(proof) = reply.json()["receipt"]["tlog_proof"].as_str() {
        let (proven, _) = credit_audit::verify::receipt(proof, &leaf.bytes, vkey).expect("the proof holds");
        assert_eq!(proven, leaf.index);
    }
}

/// Leaves of kind `query`.
pub(super) fn queries(leaves: &[Leaf]) -> impl Iterator<Item = &Leaf> {
    leaves.iter().filter(|leaf| leaf.text("kind") == "query")
}
