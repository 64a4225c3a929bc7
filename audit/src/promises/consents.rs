//! Consents: withdrawn ones, and the numbers of their uses.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};

use crate::leaf::{Carried, QuerySummary, Revocation};

use super::broken::Broken;

/// What stands for a consent, as in a `carried` leaf: 16 bytes of SHA-256 over framed("consent", iss, jti).
type Key = [u8; 16];

/// A consent, and the number of its use.
pub(super) type Use = (Key, u64);

#[derive(Default)]
pub(super) struct Consents {
    /// Leaves with a token, and whose it is.
    tokens: HashMap<u64, Key>,
    uses: HashSet<Use>,
    revoked: HashSet<Key>,
}

impl Consents {
    /// Takes a query in: answered or refused, with a token or pointing at one. Gives the use that it was.
    pub(super) fn query(&mut self, index: u64, query: &QuerySummary<'_>) -> Result<Option<Use>, Broken> {
        if query.has_token() {
            let name = query.consent().ok_or(Broken::Token)?;
            self.tokens.insert(index, key_of(&name.iss, &name.jti));
        }
        let Some((holder, number)) = query.consent_use(index) else { return Ok(None) };
        let consent = *self.tokens.get(&holder).ok_or(Broken::First(holder))?;
        if !query.is_answered() {
            return Ok(Some((consent, number)));
        }
        if self.revoked.contains(&consent) {
            return Err(Broken::Withdrawn);
        }
        // A repeat is the first query's own use once more.
        if query.repeats.is_none() && !self.uses.insert((consent, number)) {
            return Err(Broken::UseAgain(number));
        }
        Ok(Some((consent, number)))
    }

    pub(super) fn revoke(&mut self, revocation: &Revocation) {
        self.revoked.insert(key_of(&revocation.issuer, &revocation.jti));
    }

    pub(super) fn carry(&mut self, carried: &Carried) -> Result<(), Broken> {
        for revoked in &carried.revoked {
            self.revoked.insert(parse(revoked)?);
        }
        for (consent, number, _, _) in &carried.uses {
            if !self.uses.insert((parse(consent)?, *number)) {
                return Err(Broken::UseAgain(*number));
            }
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Key, Broken> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Broken::Form("a key in it is not 16 bytes of base64".to_owned()))
}

fn key_of(iss: &str, jti: &str) -> Key {
    let mut context = Context::new(&SHA256);
    for part in ["consent", iss, jti] {
        context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = [0; 16];
    key.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    key
}
