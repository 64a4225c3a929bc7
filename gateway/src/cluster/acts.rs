//! Acts that every gateway must know.

use credit_audit::leaf::{Entry, Kind, peek};

/// What the database draws for an act: it has another one where it lost the act and has another at its place.
pub(crate) type Mark = [u8; 16];

/// An act, as its log has it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// Its number among the acts of all gateways.
    pub(crate) seq: i64,
    /// The name of its log.
    pub(crate) origin: String,
    /// Its place there.
    pub(crate) index: u64,
    /// The leaf.
    pub(crate) leaf: Vec<u8>,
    /// What the database drew for it.
    pub(crate) mark: Mark,
}

/// Kinds of leaves that say what holds for every gateway.
const KINDS: [&str; 11] = [
    "suspension",
    "stop",
    "revocation",
    "block",
    "objection",
    "repair",
    "case",
    "binding",
    "proposal",
    "approval",
    "unseal",
];

/// Of these kinds is what officers decide. A `read` is one only where it says that something was loaded or done.
pub(super) const OFFICERS: [&str; 6] = ["proposal", "approval", "unseal", "stop", "suspension", "read"];

/// Whether every gateway must know what leaves of a kind say.
pub(crate) fn is_shared_kind(kind: Kind) -> bool {
    KINDS.contains(&kind.as_str())
}

/// Whether every gateway must know what an entry says.
pub(crate) fn is_shared_entry(entry: &Entry) -> bool {
    is_shared_kind(entry.kind) || (entry.kind == Kind::Read && says_done(&entry.tail))
}

/// Whether every gateway must know what a leaf says.
pub(crate) fn is_shared(leaf: &[u8]) -> bool {
    kind_of(leaf).is_some()
}

/// The kind of a leaf that every gateway must know.
pub(super) fn kind_of(leaf: &[u8]) -> Option<&str> {
    let kind = peek(leaf).ok()?.kind;
    (KINDS.contains(&kind) || (kind == Kind::Read.as_str() && says_done(leaf))).then_some(kind)
}

/// Whether a `read` says that what two officers approved is loaded, or done: by its path, which no page has.
fn says_done(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let path = text.split_once("\"path\":\"officers/").and_then(|(_, rest)| rest.split('"').next());
    // That it was refused because it is done says nothing new.
    path.is_some_and(|path| matches!(path.split('/').collect::<Vec<_>>()[..], [_, _, "loaded" | "done"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_told_to_nobody_and_what_was_loaded_or_done_is() {
        for (path, is_told) in [
            ("officers/catalogue/x/loaded", true),
            ("officers/export/x/done", true),
            ("officers/export/x/refused/done", false),
            ("officers/approvals/x/refused/own", false),
            ("/officers/proposals", false),
            ("/officers/x/done", false),
        ] {
            assert_eq!(says_done(format!("{{\"kind\":\"read\",\"path\":\"{path}\"}}").as_bytes()), is_told, "{path}");
        }
    }
}
