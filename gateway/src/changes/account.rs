//! Who acts, as leaves name one.

use credit_audit::leaf::Actor;

/// An account of the operating system at this machine, an officer by certificate, or the gateway by a rule of its own.
#[derive(Clone, Debug)]
pub(crate) struct Account(Actor);

impl Account {
    /// The account with this number, and its name where `/etc/passwd` has it: `uid 1000 (name)`.
    #[must_use]
    pub(crate) fn of(uid: u32) -> Self {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = accounts.lines().find_map(|line| {
            let mut parts = line.split(':');
            let (name, _, id) = (parts.next()?, parts.next()?, parts.next()?);
            (id.parse() == Ok(uid)).then_some(name)
        });
        Self(Actor::Account(match name {
            Some(name) => format!("uid {uid} ({name})"),
            None => format!("uid {uid}"),
        }))
    }

    /// An officer, by id and certificate.
    #[must_use]
    pub(crate) fn officer(officer: String, certificate: String) -> Self {
        Self(Actor::Officer { officer, certificate })
    }

    /// The supervisor, by id and certificate.
    #[must_use]
    pub(crate) fn supervisor(institution: String, certificate: String) -> Self {
        Self(Actor::Institution { institution, certificate })
    }

    /// The gateway, by a rule of its own.
    #[must_use]
    pub(crate) fn gateway() -> Self {
        Self(Actor::gateway())
    }

    /// As it stands in a leaf.
    pub(super) fn actor(&self) -> Actor {
        self.0.clone()
    }
}
