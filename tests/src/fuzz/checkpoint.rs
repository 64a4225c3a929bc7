//! Checkpoints. The bytes are a checkpoint's text, and the whole signed note of one.
//!
//! 1. A text that is read is written the same, and has three lines.
//! 2. A signed text opens exactly when it is a checkpoint of this log.
//! 3. What opens as a note is what was signed, and of this log.

use credit_audit::checkpoint::Checkpoint;

use super::signer::{KEY_NAME, key, signed};

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = Checkpoint::parse(text).ok();
    if let Some(checkpoint) = &read {
        assert_eq!(checkpoint.to_text(), text);
        assert_eq!(text.matches('\n').count(), 3);
        assert!(!checkpoint.origin.is_empty());
    }
    // A control character may stand in a text that is parsed alone, never in a note.
    let of_this_log = read.filter(|checkpoint| checkpoint.origin == KEY_NAME);
    assert_eq!(Checkpoint::open(&signed(text), key()).ok(), of_this_log);
    let mut taken = of_this_log.is_some();
    if let Ok(opened) = Checkpoint::open(text, key()) {
        assert_eq!(opened.origin, KEY_NAME);
        assert!(text.contains(signed(&opened.to_text()).lines().last().expect("the signature's line")));
        assert!(text.starts_with(&format!("{}\n", opened.to_text())));
        taken = true;
    }
    taken
}
