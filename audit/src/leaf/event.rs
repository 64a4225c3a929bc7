//! What the keys of a kind are, as types: an [`Event`] happened, an [`Act`] was done by somebody.

use serde::Serialize;
use uuid::Uuid;

use super::actor::Actor;
use super::entry::{Entry, LeafError};
use super::kind::Kind;

/// The keys of a kind without `actor`.
pub trait Event: Serialize {
    /// Its kind.
    const KIND: Kind;

    /// The entry of this event.
    ///
    /// # Errors
    /// When it is longer than a leaf may be, or the id is no UUIDv7.
    fn entry(&self, id: Uuid) -> Result<Entry, LeafError>
    where
        Self: Sized,
    {
        Entry::new(Self::KIND, id, None, self)
    }
}

/// The keys of a kind that somebody does.
pub trait Act: Serialize {
    /// Its kind.
    const KIND: Kind;

    /// The entry of this act, done by `actor`.
    ///
    /// # Errors
    /// When it is longer than a leaf may be, the actor cannot stand in one, or the id is no UUIDv7.
    fn entry(&self, id: Uuid, actor: Actor) -> Result<Entry, LeafError>
    where
        Self: Sized,
    {
        Entry::new(Self::KIND, id, None, self)?.by(actor)
    }

    /// The entry of this act as an institution's own: it takes the institution's next number, and its receipt.
    ///
    /// # Errors
    /// As [`Act::entry`].
    fn own_entry(&self, id: Uuid, institution: &str, certificate: &str) -> Result<Entry, LeafError>
    where
        Self: Sized,
    {
        let actor = Actor::Institution { institution: institution.to_owned(), certificate: certificate.to_owned() };
        Entry::new(Self::KIND, id, Some(institution), self)?.by(actor)
    }
}

/// The entry of an act that somebody else records among those of an institution, such as a case that the gateway says again: it
/// takes the institution's next number.
///
/// # Errors
/// As [`Act::entry`].
pub fn entry_among<A: Act>(act: &A, id: Uuid, institution: &str, actor: Actor) -> Result<Entry, LeafError> {
    Entry::new(A::KIND, id, Some(institution), act)?.by(actor)
}

macro_rules! impl_kind {
    ($($trait:ident $body:ident = $kind:ident;)+) => {
        $(impl $trait for $body {
            const KIND: Kind = Kind::$kind;
        })+
    };
}

pub(super) use impl_kind;
