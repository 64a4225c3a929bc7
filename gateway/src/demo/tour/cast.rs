//! Who takes part in the tour.

use std::path::Path;

use credit_audit::note::VerifierKey;
use credit_policy::Personal;

use super::{
    asking::{Agreed, Authority, Token},
    failure::{TourError, unexpected},
};
use crate::{
    demo::{Note, client::Caller, folder},
    gateway::Gateway,
};

/// Look-ups on one person that one case of public rental housing allows.
pub(super) const CASE_LIMIT: u64 = 3;

/// Who takes part, and what is found out on the way.
pub(super) struct Tour<'a> {
    pub(super) dir: &'a Path,
    pub(super) gateway: &'a Gateway,
    pub(super) housing: Caller,
    pub(super) bank: Caller,
    pub(super) employer: Caller,
    pub(super) authority: Caller,
    /// The demo's consent authority, with its private keys.
    signs: Authority,
    /// The first `clean` person: nobody else of the demo is asked about.
    pub(super) clean: Personal<String>,
    pub(super) case: String,
    pub(super) log_key: VerifierKey,
}

impl<'a> Tour<'a> {
    /// Everybody of the demo in `dir`, which `gateway` serves.
    pub(super) fn new(dir: &'a Path, gateway: &'a Gateway) -> Result<Self, TourError> {
        let caller = |name| Caller::new(dir, name, gateway.settings.listen.institutions);
        let log_key =
            std::fs::read_to_string(gateway.log_folder().join("log.vkey")).map_err(|error| unexpected(&error))?;
        Ok(Self {
            dir,
            gateway,
            housing: caller("housing")?,
            bank: caller("bank")?,
            employer: caller("employer")?,
            authority: caller("authority")?,
            signs: Authority::of(dir)?,
            clean: folder::person(dir, Note::Clean)?,
            case: format!("TOUR-{}", gateway.clock.now().as_millisecond()),
            log_key: VerifierKey::parse(&log_key).map_err(|error| unexpected(&error))?,
        })
    }

    /// Another institution of the demo.
    pub(super) fn caller(&self, name: &str) -> Result<Caller, TourError> {
        Ok(Caller::new(self.dir, name, self.gateway.settings.listen.institutions)?)
    }

    /// Has the authority sign a consent of the first clean person.
    pub(super) fn token(&self, agreed: &Agreed<'_>) -> Result<Token, TourError> {
        self.signs.token(self.dir, self.gateway, &self.clean, agreed)
    }
}
