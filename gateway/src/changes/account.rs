//! Who acts at this machine, as leaves name one.

use credit_audit::leaf::Actor;

/// An account of the operating system: `uid 1000 (name)`.
#[derive(Clone, Debug)]
pub struct Account(String);

impl Account {
    /// The account with this number, and its name where `/etc/passwd` has it.
    #[must_use]
    pub fn of(uid: u32) -> Self {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = accounts.lines().find_map(|line| {
            let mut parts = line.split(':');
            let (name, _, id) = (parts.next()?, parts.next()?, parts.next()?);
            (id.parse() == Ok(uid)).then_some(name)
        });
        Self(match name {
            Some(name) => format!("uid {uid} ({name})"),
            None => format!("uid {uid}"),
        })
    }

    /// As it stands in a leaf.
    pub(super) fn actor(&self) -> Actor {
        Actor::Account(self.0.clone())
    }
}
