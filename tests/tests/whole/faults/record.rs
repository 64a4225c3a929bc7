//! What must hold between a log and those who were answered, whatever happened to the gateway.

use std::collections::{HashMap, HashSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::note::VerifierKey;
use credit_tests::{Leaf, Reply};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Indices, ids, times and numbers of a whole log are in order, and every reply has its leaf.
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
            assert_eq!(seq, *before + 1, "leaf {index}: a gap in the institution's numbers");
            *before = seq;
        }
    }
    for reply in replies {
        assert_recorded(leaves, reply, vkey);
    }
}

/// The leaf at the receipt's index is this reply's, and commits to its bytes.
#[track_caller]
fn assert_recorded(leaves: &[Leaf], reply: &Reply, vkey: &VerifierKey) {
    let json = reply.json();
    let index = reply.index();
    let leaf = usize::try_from(index).ok().and_then(|index| leaves.get(index));
    let leaf = leaf.unwrap_or_else(|| panic!("leaf {index} is lost; the log ends at {}", leaves.len()));
    let receipt = &json["receipt"];
    assert_eq!(leaf.text("id"), json["query"].as_str().unwrap_or_default(), "leaf {index} is another's");
    assert_eq!(STANDARD.encode(leaf.hash()), receipt["leaf"].as_str().unwrap_or_default(), "leaf {index}");
    let (outcome, code) = match reply.status.as_u16() {
        200 => ("answered", String::new()),
        _ => ("refused", reply.code()),
    };
    assert_eq!((leaf.text("outcome"), leaf.text("code")), (outcome, code.as_str()), "leaf {index}");
    let opening = STANDARD.decode(receipt["opening"].as_str().unwrap_or_default()).expect("base64");
    assert_eq!(leaf.text("answer"), commitment(&opening, &without_receipt(&reply.body)), "leaf {index}");
    if let Some(proof) = receipt["tlog_proof"].as_str() {
        let (proven, _) = credit_audit::verify::receipt(proof, &leaf.bytes, vkey).expect("the proof holds");
        assert_eq!(proven, index);
    }
}

/// The body that the leaf commits to (formats.md §4 `answer`).
fn without_receipt(body: &[u8]) -> Vec<u8> {
    let member = br#","receipt":"#;
    let at = body.windows(member.len()).rposition(|window| window == member).expect("a receipt");
    [&body[..at], b"}"].concat()
}

fn commitment(opening: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(opening).expect("any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Leaves of kind `query`.
pub(super) fn queries(leaves: &[Leaf]) -> impl Iterator<Item = &Leaf> {
    leaves.iter().filter(|leaf| leaf.text("kind") == "query")
}
