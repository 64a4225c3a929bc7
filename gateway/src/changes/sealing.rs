//! What a leaf seals of one person outside a query (`FORMAT.md` §5), and how start-up and pages open it again.

use std::sync::Arc;

use credit_audit::leaf::{Actor, Base64};
use credit_keys::{KeyId, Person, SealedBytes, UnsealError};
use credit_policy::{CitizenNumber, Personal};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::ChangeError;
use crate::{
    gateway::Gateway,
    keyring::{Current, Keyring},
};

/// A person, of whom a task keeps the number as long as it needs it.
pub(crate) type Number = Arc<Personal<CitizenNumber>>;

/// Seals members of one leaf that is about one person.
pub(super) struct Sealing<'a> {
    gateway: &'a Gateway,
    keys: Arc<Current>,
    person: Person,
    number: &'a Personal<CitizenNumber>,
    id: Uuid,
}

impl<'a> Sealing<'a> {
    /// For a leaf that is to be made, about this person.
    pub(super) fn begin(gateway: &'a Gateway, number: &'a Personal<CitizenNumber>) -> Self {
        let keys = gateway.current_keys();
        let person = number.disclose(|number| keys.sealer.person(number.as_str()));
        Self { gateway, keys, person, number, id: gateway.new_id() }
    }

    /// The id of the leaf.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// The data key, as the leaf names it.
    pub(super) fn key(&self) -> String {
        self.keys.sealer.key_id().as_str().to_owned()
    }

    /// The person as who acts.
    pub(super) fn actor(&self) -> Actor {
        Actor::Person(Base64(self.person.actor_tag()))
    }

    /// A member: what `make` makes of the number.
    ///
    /// # Errors
    /// [`ChangeError::Unsealed`].
    pub(super) fn member<T: Serialize>(
        &self,
        name: &str,
        make: impl FnOnce(String) -> T,
    ) -> Result<Base64<Vec<u8>>, ChangeError> {
        let plain = self.number.disclose(|number| serde_json::to_vec(&make(number.as_str().to_owned())));
        let plain = plain.map(Zeroizing::new).map_err(|_| ChangeError::Unsealed)?;
        let bytes = SealedBytes::least_for(plain.len()).ok_or(ChangeError::Unsealed)?;
        let sealed = self.person.seal(&format!("{}/{name}", self.id), &plain, bytes, &self.gateway.entropy);
        let sealed = sealed.map_err(|_| ChangeError::Unsealed)?;
        Ok(Base64([sealed.commit.as_slice(), &sealed.ciphertext].concat()))
    }
}

/// A sealed member as it stands in a leaf.
#[derive(Clone, Copy)]
pub(crate) struct SealedMember<'a> {
    /// The id of the leaf.
    pub(crate) leaf: Uuid,
    /// The name of the member.
    pub(crate) name: &'a str,
    /// The data key that the leaf names.
    pub(crate) key: &'a str,
    /// `commit` and what is sealed.
    pub(crate) bytes: &'a [u8],
}

impl SealedMember<'_> {
    /// Whether it does not open because its key was destroyed, whole or for a person.
    pub(super) fn is_destroyed(self, keys: &Keyring, origin: &str) -> bool {
        let parts = self.bytes.split_first_chunk::<32>().zip(KeyId::parse(self.key).ok());
        parts.is_some_and(|((commit, sealed), key)| {
            let id = format!("{}/{}", self.leaf, self.name);
            let opened = keys.with(|ring| ring.unseal(&key, origin, &id, sealed, commit));
            matches!(opened, Err(UnsealError::Destroyed(_) | UnsealError::PersonDestroyed(_)))
        })
    }

    /// Opens it; nothing where its key is destroyed, or it is not of this form.
    pub(crate) fn open<T: DeserializeOwned>(self, keys: &Keyring, origin: &str) -> Option<T> {
        let (commit, sealed) = self.bytes.split_first_chunk::<32>()?;
        let (key, id) = (KeyId::parse(self.key).ok()?, format!("{}/{}", self.leaf, self.name));
        let opened = keys.with(|ring| ring.unseal(&key, origin, &id, sealed, commit)).ok()?;
        opened.disclose(|plain| serde_json::from_slice(plain).ok())
    }
}
