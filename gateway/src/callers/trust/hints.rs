//! The names of the authorities, as callers are told them. rustls borrows them from the verifier for as long as it lives, so
//! those before stay where they are when others take their place.

use std::sync::OnceLock;

use rustls::DistinguishedName;

/// Names, and those that took their place.
pub(super) struct Hints {
    names: Vec<DistinguishedName>,
    next: OnceLock<Box<Hints>>,
}

impl Hints {
    pub(super) fn new(names: Vec<DistinguishedName>) -> Self {
        Self { names, next: OnceLock::new() }
    }

    fn newest(&self) -> &Self {
        let mut newest = self;
        while let Some(next) = newest.next.get() {
            newest = next;
        }
        newest
    }

    /// The names from the last change on.
    pub(super) fn names(&self) -> &[DistinguishedName] {
        &self.newest().names
    }

    /// Puts these names in the place of those before, where they are others.
    pub(super) fn follow(&self, names: Vec<DistinguishedName>) {
        if self.names().iter().map(AsRef::as_ref).eq(names.iter().map(AsRef::<[u8]>::as_ref)) {
            return;
        }
        let mut next = Box::new(Self::new(names));
        while let Err(overtaken) = self.newest().next.set(next) {
            next = overtaken;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_lent_stay_while_others_take_their_place() {
        let name = |byte: u8| vec![DistinguishedName::from(vec![byte])];
        let bytes =
            |names: &[DistinguishedName]| names.iter().flat_map(|name| name.as_ref().to_vec()).collect::<Vec<_>>();
        let hints = Hints::new(name(1));
        let lent = hints.names();
        for byte in [2, 3, 3, 4] {
            hints.follow(name(byte));
            assert_eq!(bytes(hints.names()), [byte]);
        }
        assert_eq!(bytes(lent), [1]);
        assert!(hints.next.get().unwrap().next.get().unwrap().next.get().unwrap().next.get().is_none(), "a name twice");
    }
}
