//! Which of the authorities are anchors: an authority that the one above it has revoked is none any more.

use super::{
    authorities::{Authorities, Authority},
    list::List,
};

/// Which authorities are none any more by these lists, by their places: those that the list of the authority above has
/// revoked, and those of which all authorities above are out. A root has nobody above it.
pub(super) fn revoked(authorities: &Authorities, lists: &[List]) -> Vec<bool> {
    let mut out: Vec<bool> = authorities.0.iter().map(|authority| is_listed(authorities, authority, lists)).collect();
    loop {
        let before = out.clone();
        for (authority, is_out) in authorities.0.iter().zip(&mut out) {
            let mut above = authorities.above(authority).peekable();
            let is_root = above.peek().is_none();
            *is_out |= !is_root && above.all(|nr| before.get(nr).copied().unwrap_or_default());
        }
        if out == before {
            return out;
        }
    }
}

/// Whether the issuer of a list is out.
pub(super) fn is_out(authorities: &Authorities, out: &[bool], list: &List) -> bool {
    authorities.0.iter().zip(out).filter(|(own, _)| list.is_by(own)).all(|(_, is_out)| *is_out)
}

fn is_listed(authorities: &Authorities, authority: &Authority, lists: &[List]) -> bool {
    authorities.above(authority).filter_map(|nr| authorities.0.get(nr)).any(|above| {
        let mut own = lists.iter().filter(|list| list.is_by(above));
        own.any(|list| list.revoked.contains(&authority.serial))
    })
}
