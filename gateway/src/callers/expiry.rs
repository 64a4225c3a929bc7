//! When certificates of the register end. Only for lists and warnings: whether a certificate is trusted is for
//! [`trust`](super::trust) alone to say.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    chain::Chain,
    kept,
    register::{Institution, Register},
};
use crate::settings::Settings;

/// By fingerprint in hexadecimal digits.
pub(crate) type Expiries = BTreeMap<String, Timestamp>;

/// All that is known. What cannot be read is not known.
#[must_use]
pub(crate) fn known(settings: &Settings) -> Expiries {
    of_chains(&kept::all(settings))
}

/// Of those that were registered by command.
#[must_use]
pub(crate) fn of_those_by_command(settings: &Settings) -> Expiries {
    of_chains(&kept::by_command(settings).unwrap_or_default())
}

fn of_chains(chains: &[Chain]) -> Expiries {
    chains.iter().filter_map(|chain| Some((chain.thumbprint().hex(), chain.ends()?))).collect()
}

/// When each institution is without a certificate that has not ended. One with a certificate of which the end is not
/// known is left out.
#[must_use]
pub(crate) fn of_institutions(settings: &Settings, register: &Register) -> Vec<(String, Timestamp)> {
    let known = known(settings);
    let last = |institution: &Institution| {
        let ends = institution.record.certificates.iter().map(|certificate| known.get(&certificate.hex()).copied());
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    };
    let all = register.all().into_iter();
    all.filter_map(|institution| Some((institution.id().to_owned(), last(&institution)?))).collect()
}
