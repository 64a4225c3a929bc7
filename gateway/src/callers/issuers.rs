//! Who may issue consents: issuers of the configuration with their public keys, and which institution acts for each.

use std::fs;

use credit_policy::consent::IssuerKeys;

use crate::settings::ConsentIssuer;

/// The issuers of the configuration.
#[derive(Default)]
pub struct Issuers {
    /// Their public keys.
    pub keys: IssuerKeys,
    /// `iss` and the institution that acts for it.
    acting: Vec<(String, String)>,
}

/// An issuer that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("consent issuer `{iss}`: `{path}` {why}")]
pub struct IssuerError {
    iss: String,
    path: String,
    why: String,
}

impl Issuers {
    /// Reads the key files.
    ///
    /// # Errors
    /// The first that cannot be read or holds no public key set.
    pub fn read(issuers: &[ConsentIssuer]) -> Result<Self, IssuerError> {
        let mut read = Self::default();
        for issuer in issuers {
            for path in &issuer.keys {
                let fault =
                    |why: String| IssuerError { iss: issuer.iss.clone(), path: path.display().to_string(), why };
                let text = fs::read_to_string(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
                read.keys.add(&issuer.iss, &text).map_err(|error| fault(format!("is not usable: {error}")))?;
            }
            read.acting.push((issuer.iss.clone(), issuer.institution.as_str().to_owned()));
        }
        Ok(read)
    }

    /// The `iss` of each.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.acting.iter().map(|(iss, _)| iss.as_str())
    }

    /// The issuers for which an institution acts.
    pub fn of<'a>(&'a self, institution: &'a str) -> impl Iterator<Item = &'a str> {
        self.acting.iter().filter(move |(_, acting)| acting == institution).map(|(iss, _)| iss.as_str())
    }
}
