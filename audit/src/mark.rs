//! What stands for texts where millions of them are remembered: a beginning of their SHA-256.

use ring::digest::{Context, SHA256};

/// What stands for a case, a person or an appointment: the first 16 bytes of SHA-256.
pub(crate) type Mark = [u8; 16];

/// The mark of texts, each with its length before it, so that no two lists of texts are the same bytes.
pub(crate) fn mark(parts: &[&[u8]]) -> Mark {
    let mut mark = Mark::default();
    mark.iter_mut().zip(framed(parts)).for_each(|(to, from)| *to = from);
    mark
}

/// SHA-256 over parts, each with its length before it.
pub(crate) fn framed(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(part);
    }
    finished(context)
}

/// SHA-256 over parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    finished(context)
}

fn finished(context: Context) -> [u8; 32] {
    let mut made = [0; 32];
    made.copy_from_slice(context.finish().as_ref());
    made
}
