//! Who did what a leaf records, where it is an act: the key `actor`, directly after `at` (`FORMAT.md` §2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credit_policy::holds_citizen_number;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::encoded::Base64;

/// Longest id, certificate or account in an actor, in bytes.
const LONGEST_PART: usize = 128;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An institution, by its certificate.
    Institution {
        /// Its id in the register.
        institution: String,
        /// x5t#S256 of the certificate.
        certificate: String,
    },
    /// An officer of the gateway's operator, by certificate.
    Officer {
        /// The officer's id in the register.
        officer: String,
        /// x5t#S256 of the certificate.
        certificate: String,
    },
    /// Somebody at the machine, by the account that the operating system knows.
    Account(String),
    /// A person, about himself or herself: HMAC(person's key, framed("credit/actor", number)).
    Person(Base64<[u8; 32]>),
    /// The program itself: what made it act.
    System(String),
}

impl Actor {
    /// The gateway, of its own accord.
    #[must_use]
    pub fn gateway() -> Self {
        Self::System("credit-gateway".to_owned())
    }

    /// Reads the value of `actor`; only the one spelling that a writer has is taken.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        let (actor, rest) = ActorText::split(json)?;
        let owned = str::to_owned;
        match (actor, rest) {
            (ActorText::Institution(id, certificate), "") => {
                Some(Self::Institution { institution: owned(id), certificate: owned(certificate) })
            }
            (ActorText::Officer(id, certificate), "") => {
                Some(Self::Officer { officer: owned(id), certificate: owned(certificate) })
            }
            (ActorText::Account(account), "") => Some(Self::Account(owned(account))),
            (ActorText::Person(tag), "") => serde_json::from_str(&format!("\"{tag}\"")).ok().map(Self::Person),
            (ActorText::System(system), "") => Some(Self::System(owned(system))),
            _ => None,
        }
    }

    /// Whether a leaf may name it: no part is empty, too long, or needs an escape in JSON.
    pub(super) fn is_well_formed(&self) -> bool {
        match self {
            Self::Institution { institution: id, certificate } | Self::Officer { officer: id, certificate } => {
                is_part(id) && is_part(certificate)
            }
            Self::Account(text) | Self::System(text) => is_part(text),
            Self::Person(_) => true,
        }
    }
}

impl Actor {
    /// Whether a name in it is a citizen number. Certificates and tags are made by nobody.
    pub(super) fn names_somebody(&self) -> bool {
        match self {
            Self::Institution { institution: name, .. }
            | Self::Officer { officer: name, .. }
            | Self::Account(name)
            | Self::System(name) => holds_citizen_number(name),
            Self::Person(_) => false,
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Institution { institution, certificate } => {
                map.serialize_entry("institution", institution)?;
                map.serialize_entry("certificate", certificate)?;
            }
            Self::Officer { officer, certificate } => {
                map.serialize_entry("officer", officer)?;
                map.serialize_entry("certificate", certificate)?;
            }
            Self::Account(account) => map.serialize_entry("account", account)?,
            Self::Person(tag) => map.serialize_entry("person", tag)?,
            Self::System(system) => map.serialize_entry("system", system)?,
        }
        map.end()
    }
}

/// An actor as it stands in a leaf.
pub(super) enum ActorText<'a> {
    Institution(&'a str, &'a str),
    Officer(&'a str, &'a str),
    Account(&'a str),
    Person(&'a str),
    System(&'a str),
}

impl<'a> ActorText<'a> {
    /// The object at the beginning of the text, and what follows it.
    pub(super) fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let (name, rest) = text.strip_prefix("{\"")?.split_once("\":\"")?;
        let (part, rest) = take_part(rest)?;
        let (actor, rest) = match name {
            "institution" | "officer" => {
                let (certificate, rest) = take_part(rest.strip_prefix(",\"certificate\":\"")?)?;
                let of = if name == "officer" { Self::Officer } else { Self::Institution };
                (of(part, certificate), rest)
            }
            "account" => (Self::Account(part), rest),
            "person" if STANDARD.decode(part).is_ok_and(|tag| tag.len() == 32) => (Self::Person(part), rest),
            "system" => (Self::System(part), rest),
            _ => return None,
        };
        Some((actor, rest.strip_prefix('}')?))
    }
}

fn take_part(text: &str) -> Option<(&str, &str)> {
    text.split_once('"').filter(|(part, _)| is_part(part))
}

fn is_part(text: &str) -> bool {
    (1..=LONGEST_PART).contains(&text.len())
        && !text.contains(['"', '\\', '{', '}'])
        && !text.contains(char::is_control)
}
