//! Who acts, as leaves name one.

use credit_audit::leaf::Actor;

use crate::settings::Role;

/// An account of the operating system at this machine, an officer by certificate, or the gateway by a rule of its own.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    actor: Actor,
    /// What an officer may do.
    role: Option<Role>,
}

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
        let actor = Actor::Account(match name {
            Some(name) => format!("uid {uid} ({name})"),
            None => format!("uid {uid}"),
        });
        Self { actor, role: None }
    }

    /// An officer, by id and certificate, with a role.
    #[must_use]
    pub(crate) fn officer(officer: String, certificate: String, role: Role) -> Self {
        Self { actor: Actor::Officer { officer, certificate }, role: Some(role) }
    }

    /// The supervisor, by id and certificate.
    #[must_use]
    pub(crate) fn supervisor(institution: String, certificate: String) -> Self {
        Self { actor: Actor::Institution { institution, certificate }, role: None }
    }

    /// The gateway, by a rule of its own.
    #[must_use]
    pub(crate) fn gateway() -> Self {
        Self { actor: Actor::gateway(), role: None }
    }

    /// As it stands in a leaf.
    pub(crate) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// Whether an officer of this role decides on an act that needs two.
    pub(super) fn decides(&self, act: &str) -> bool {
        self.role.is_none_or(|role| role.decides_on(act))
    }
}
