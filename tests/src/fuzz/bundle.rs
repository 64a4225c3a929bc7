//! Entry bundles, the leaves in them, and the paths of tiles. The bytes are a bundle, a path, and one leaf.
//!
//! 1. A bundle that is read to its end is written the same.
//! 2. The beginning of a leaf that is read is written the same by the log's writer, and the rest stands as it was; the
//!    strict reader of JSON agrees about it, where it is JSON.
//! 3. A path that is read is written the same.

use credit_audit::{
    leaf::{self, Actor, Entry, Kind},
    tile,
};
use serde_json::Value;

pub(super) fn feed(bytes: &[u8]) -> bool {
    let mut taken = one_leaf(bytes);
    if let Ok(entries) = tile::entries(bytes).collect::<Result<Vec<_>, _>>() {
        let mut written = Vec::new();
        for entry in &entries {
            tile::push_entry(&mut written, entry).expect("it came from a bundle");
            taken |= one_leaf(entry);
        }
        assert_eq!(written, bytes);
    } else {
        let read = tile::entries(bytes);
        let whole: usize = read.map_while(Result::ok).map(|entry| entry.len() + 2).sum();
        assert!(whole < bytes.len(), "an error, and yet every byte is of an entry");
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(name) = tile::parse_path(text)
    {
        assert_eq!(name.path(), text);
        assert!((1..=tile::FULL_WIDTH).contains(&name.width));
        taken = true;
    }
    taken
}

/// Whether it is one.
fn one_leaf(bytes: &[u8]) -> bool {
    let Ok(peek) = leaf::peek(bytes) else { return false };
    assert!(bytes.len() <= leaf::MAX_LEAF_BYTES && !bytes.contains(&b'\n'));
    assert_eq!(peek.institution.is_some(), peek.seq.is_some());
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    if let Some(json) = json.filter(|_| !twice(bytes)) {
        assert_eq!(json["v"], 1);
        assert_eq!(json["kind"], peek.kind);
        assert_eq!(json["id"], peek.id.to_string());
        assert_eq!(json["at"], format!("{:.6}", peek.at));
        if let Some(institution) = peek.institution {
            assert_eq!(json["institution"], institution);
            assert_eq!(json["seq"].as_u64(), peek.seq);
        }
    }
    // Readers accept kinds that a writer does not have.
    let Some(kind) = Kind::parse(peek.kind) else { return true };
    let institution = peek.institution.map(str::to_owned);
    let actor = peek.actor.map(|actor| Box::new(Actor::parse(actor).expect("an actor that was seen can be read")));
    let empty = Entry { kind, id: peek.id, actor, institution, tail: Vec::new(), shared: None };
    let seq = peek.seq.unwrap_or(0);
    let beginning = leaf::render(&empty, peek.at, seq);
    let beginning = beginning.strip_suffix(b"}").expect("it ends with a brace");
    let tail = bytes.strip_prefix(beginning).and_then(|rest| rest.strip_suffix(b"}"));
    let tail = tail.expect("the beginning is written as it was read").to_vec();
    assert_eq!(leaf::render(&Entry { tail, ..empty }, peek.at, seq), bytes);
    true
}

/// Whether a key of the beginning may stand again behind it, where a reader of JSON would take the last one.
fn twice(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // Escapes could hide a key.
    text.contains('\\')
        || ["v", "kind", "id", "at", "institution", "seq"]
            .iter()
            .any(|key| text.matches(&format!("\"{key}\"")).count() > 1)
}
