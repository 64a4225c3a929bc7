//! What is sealed in a leaf `binding`: a mandate, an act that is not the person's own, or the account by which the person logs in.

use credit_audit::leaf::{Binding, Body, Leaf};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sealing::SealedMember;
use crate::{
    keyring::Keyring,
    state::{bound_ids::LoginId, mandates::MandateKind},
};

/// The sealed `person` of a `binding`.
#[derive(Serialize, Deserialize)]
pub(super) struct Bound {
    /// For whom.
    pub(super) number: String,
    /// Who may act: the citizen number of a mandate's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// Why, of a mandate.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<MandateKind>,
    /// The last day of a mandate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Date>,
    /// The leaf that began the mandate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<Uuid>,
    /// What was done; then it binds nobody for longer than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<String>,
    /// The account by which the person logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<LoginMember>,
}

impl Bound {
    /// A person and the account by which the person logs in.
    pub(super) fn of_login(number: String, login: LoginMember) -> Self {
        Self { number, account: None, kind: None, until: None, first: None, act: None, login: Some(login) }
    }
}

/// The account in a sealed `person`.
#[derive(Serialize, Deserialize)]
pub(super) struct LoginMember {
    pub(super) iss: String,
    pub(super) sub: String,
}

impl From<&LoginId> for LoginMember {
    fn from(id: &LoginId) -> Self {
        Self { iss: id.iss.clone(), sub: id.sub.clone() }
    }
}

/// Opens a stored leaf; nothing where it is none, or does not open any more.
pub(super) fn open<'a>(keys: &Keyring, origin: &str, leaf: &'a Leaf<'_>) -> Option<(&'a Binding, Bound)> {
    let Body::Binding(binding) = &leaf.body else { return None };
    let member = SealedMember { leaf: leaf.head.id, name: "person", key: &binding.key, bytes: &binding.person.0 };
    Some((binding, member.open(keys, origin)?))
}
