//! What the requests of the persons' door share.

use std::sync::Arc;

use credit_policy::Language;
use hyper::Uri;

use super::{page::Frame, provider::Provider, sessions::LoggedIn};
use crate::{doors::elsewhere::Others, gateway::Gateway, state::visits::memory::Memory};

/// The persons' door, where the configuration has `[persons]`.
pub(crate) struct Portal {
    pub(super) provider: Provider,
    /// What was asked here without a login.
    pub(super) visitors: Memory,
    /// The operator's other gateways.
    pub(super) others: Others,
    /// This door as browsers reach it.
    pub(super) address: String,
    /// Scheme and host of the identity service.
    provider_origin: Arc<str>,
    is_demo: bool,
    /// The log of this gateway, where it is one of several.
    log: Option<Arc<str>>,
}

impl Portal {
    /// The door, if there is one.
    pub(crate) fn new(gateway: &Gateway, provider: Option<Provider>, others: Others) -> Option<Self> {
        let settings = gateway.settings.persons.as_ref()?;
        Some(Self {
            provider: provider?,
            visitors: Memory::new(Arc::clone(&gateway.clock)),
            others,
            address: settings.address.clone(),
            provider_origin: origin(&settings.issuer).into(),
            is_demo: gateway.settings.demo,
            log: gateway.is_one_of_several().then(|| gateway.settings.log.origin.as_str().into()),
        })
    }

    /// The operator's other gateways.
    pub(in crate::doors) fn others(&self) -> &Others {
        &self.others
    }

    /// What every page has around its own part.
    pub(super) fn frame(&self, session: Option<&LoggedIn>, language: Language) -> Frame {
        let form = session.map(|session| Arc::clone(&session.form));
        let frame = Frame::new(language, form, Arc::clone(&self.provider_origin), self.is_demo);
        let frame = frame.of_log(self.log.clone());
        frame.for_another(session.is_some_and(|session| session.through.is_some()))
    }
}

/// Scheme and host of an address.
fn origin(address: &str) -> String {
    let parsed: Option<Uri> = address.parse().ok();
    let parts = parsed.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    parts.map_or_else(String::new, |(scheme, authority)| format!("{scheme}://{authority}"))
}
