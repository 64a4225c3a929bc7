//! Consents: withdrawn ones, and the numbers of their uses.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};

use crate::leaf::{Carried, QuerySummary, Revocation};

use super::broken::Broken;
use super::place::{Place, Since};

/// What stands for a consent, as in a `carried` leaf: 16 bytes of SHA-256 over framed("consent", iss, jti).
type Key = [u8; 16];

/// A consent, and the number of its use.
pub(super) type Use = (Key, u64);

#[derive(Default)]
pub(super) struct Consents {
    /// Leaves with a token, by log and index, and whose it is.
    tokens: HashMap<(usize, u64), Key>,
    uses: HashSet<Use>,
    revoked: HashMap<Key, Vec<Since>>,
    /// Of a set: how many uses each allows.
    allowed: Option<HashMap<Key, u64>>,
}

impl Consents {
    /// Of a set: what a consent allows is counted over all logs. (In one log, a consent that is opened again says it.)
    pub(super) fn of_set() -> Self {
        Self { allowed: Some(HashMap::new()), ..Self::default() }
    }

    /// Takes a query in: answered or refused, with a token or pointing at one. Gives the use that it was.
    /// Of a token that was let go, before `let_go`, the leaf stands for the consent.
    pub(super) fn query(&mut self, place: Place, query: &QuerySummary<'_>, let_go: u64) -> Result<Option<Use>, Broken> {
        if query.has_token() {
            let name = query.consent().ok_or(Broken::Token)?;
            let consent = key_of(&name.iss, &name.jti);
            self.tokens.insert((place.log, place.index), consent);
            if let (Some(allowed), Some(uses)) = (&mut self.allowed, query.allowed_uses()) {
                allowed.entry(consent).or_insert(uses);
            }
        }
        let Some((holder, number)) = query.consent_use(place.index) else { return Ok(None) };
        let known = self.tokens.get(&(place.log, holder)).copied();
        let consent = known.or_else(|| (holder < let_go).then(|| unknown(place.log, holder)));
        let consent = consent.ok_or(Broken::First(holder))?;
        if !query.is_answered() {
            return Ok(Some((consent, number)));
        }
        let revoked = self
            .revoked
            .get(&consent)
            .is_some_and(|all| all.iter().any(|revoked| revoked.holds_for(place.log, query.at)));
        if revoked {
            return Err(Broken::Withdrawn);
        }
        let allowed = self.allowed.as_ref().and_then(|allowed| allowed.get(&consent)).copied();
        if let Some(allowed) = allowed.filter(|allowed| number > *allowed) {
            return Err(Broken::UseBeyond { allowed, found: number });
        }
        // A repeat is the first query's own use once more.
        if query.repeats.is_none() && !self.uses.insert((consent, number)) {
            return Err(Broken::UseAgain(number));
        }
        Ok(Some((consent, number)))
    }

    pub(super) fn revoke(&mut self, revocation: &Revocation, since: Since) {
        self.revoked.entry(key_of(&revocation.issuer, &revocation.jti)).or_default().push(since);
    }

    pub(super) fn carry(&mut self, carried: &Carried, since: Since) -> Result<(), Broken> {
        for revoked in &carried.revoked {
            self.revoked.entry(parse(revoked)?).or_default().push(since);
        }
        for (consent, number, _, _) in &carried.uses {
            // Another log of the set may have the use itself, or have taken it over too.
            if !self.uses.insert((parse(consent)?, *number)) && self.allowed.is_none() {
                return Err(Broken::UseAgain(*number));
            }
        }
        Ok(())
    }
}

/// A consent whose token was let go, by the leaf that had it.
fn unknown(log: usize, holder: u64) -> Key {
    (u128::from(holder) << 64 | u128::from(u32::try_from(log).unwrap_or(u32::MAX))).to_be_bytes()
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
