//! How a case is written: the person sealed, and a keyed tag by which look-ups are found.

use credit_audit::{
    leaf::{Base64, Case, CaseState},
    log::NotRecordable,
};
use credit_keys::SealedBytes;
use credit_policy::{CitizenNumber, Personal};
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::entry::unrecordable;
use crate::{gateway::Gateway, keyring::Current};

/// What a leaf says of a case beside the person.
pub(super) struct Words {
    pub(super) institution: String,
    pub(super) state: CaseState,
    pub(super) scenario: String,
    pub(super) case: String,
    pub(super) on: Date,
    pub(super) operator: String,
}

#[derive(Serialize)]
struct Inside<'a> {
    number: &'a str,
}

/// Renders it, with the tag under these keys where a person is known.
pub(super) fn case_leaf(
    gateway: &Gateway,
    id: Uuid,
    keys: &Current,
    words: Words,
    number: Option<&Personal<CitizenNumber>>,
) -> Result<Case, NotRecordable> {
    let Words { institution, state, scenario, case, on, operator } = words;
    let catalogue = gateway.catalogue();
    let group = catalogue.scenario(&scenario).map_or("", |found| found.purpose_group());
    let person = number.map(|number| {
        number.disclose(|number| {
            let person = keys.sealer.person(number.as_str());
            let plain = serde_json::to_vec(&Inside { number: number.as_str() }).map(Zeroizing::new);
            let plain = plain.map_err(|error| unrecordable(&error))?;
            let sealed = person.seal(&id.to_string(), &plain, SealedBytes::B1024, &gateway.entropy);
            let sealed = sealed.map_err(|error| unrecordable(&error))?;
            Ok((person.subject_tag(&institution, group), sealed))
        })
    });
    let person = person.transpose()?;
    let key = person.as_ref().map(|_| keys.sealer.key_id().as_str().to_owned());
    let (subject, sealed, commit) = match person {
        Some((tag, sealed)) => (Some(Base64(tag)), Some(Base64(sealed.ciphertext)), Some(Base64(sealed.commit))),
        None => (None, None, None),
    };
    Ok(Case { state, scenario, case, on, operator, subject, key, sealed, commit })
}
