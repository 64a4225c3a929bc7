//! Leaves as they are published: read from entry bundles.

use std::{fs, path::Path};

use credit_audit::{pruned::Pruned, tile};

use super::projection::FoldError;

/// Gives the leaves `from` to `until` in order, of those that were let go the ones that are kept, where `from` is the first leaf of a bundle.
///
/// # Errors
/// When a bundle is not there or is not framed as one, and what `take` says.
pub(crate) fn each(
    log_folder: &Path,
    from: u64,
    until: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let mut next = from / 256;
    while next < until.div_ceil(256) {
        let bundle = next;
        let first = bundle * 256;
        let width = u16::try_from((until - first).min(256)).unwrap_or(256);
        let read = |width| fs::read(log_folder.join(tile::entries_path(bundle, width)));
        // In a copy that was made while the log grew, the checkpoint's partial bundle is gone and its full one there.
        let bytes = read(width).or_else(|error| read(tile::FULL_WIDTH).map_err(|_| error));
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                let pruned = Pruned::read(log_folder, None).ok().flatten();
                let Some(pruned) = pruned.filter(|pruned| first < pruned.head.until) else {
                    return Err(FoldError::unread(first, error));
                };
                for (index, leaf) in pruned.kept_from(first).take_while(|(index, _)| *index < until) {
                    take(index, leaf)?;
                }
                next = pruned.head.until / 256;
                continue;
            }
        };
        next += 1;
        for (index, leaf) in (first..until).zip(tile::entries(&bytes)) {
            let leaf = leaf.map_err(|error| FoldError::unread(index, std::io::Error::other(error)))?;
            take(index, leaf)?;
        }
    }
    Ok(())
}
