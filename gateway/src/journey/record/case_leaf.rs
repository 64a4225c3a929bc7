//! How a case or an appointment is written: the person sealed, and a keyed tag by which look-ups are found.

use credit_audit::{
    leaf::{Appointment, Base64, Case, CaseState},
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

/// What a leaf says of a case or an appointment beside the person.
pub(super) struct Words {
    pub(super) institution: String,
    pub(super) scenario: String,
    pub(super) on: Date,
    pub(super) operator: String,
}

/// The person as a leaf has it.
struct Sealed {
    subject: Base64<[u8; 32]>,
    key: String,
    sealed: Base64<Vec<u8>>,
    commit: Base64<[u8; 32]>,
}

#[derive(Serialize)]
struct Inside<'a> {
    number: &'a str,
}

fn seal(
    gateway: &Gateway,
    id: Uuid,
    keys: &Current,
    words: &Words,
    number: &Personal<CitizenNumber>,
) -> Result<Sealed, NotRecordable> {
    let catalogue = gateway.catalogue();
    let group = catalogue.scenario(&words.scenario).map_or("", |found| found.purpose_group());
    number.disclose(|number| {
        let person = keys.sealer.person(number.as_str());
        let plain = serde_json::to_vec(&Inside { number: number.as_str() }).map(Zeroizing::new);
        let plain = plain.map_err(|error| unrecordable(&error))?;
        let sealed = person.seal(&id.to_string(), &plain, SealedBytes::B1024, gateway.recorder.nonces());
        let sealed = sealed.map_err(|error| unrecordable(&error))?;
        Ok(Sealed {
            subject: Base64(person.subject_tag(&words.institution, group)),
            key: keys.sealer.key_id().as_str().to_owned(),
            sealed: Base64(sealed.ciphertext),
            commit: Base64(sealed.commit),
        })
    })
}

/// Renders a case, with the tag under these keys where a person is known.
pub(super) fn case_leaf(
    gateway: &Gateway,
    id: Uuid,
    keys: &Current,
    words: Words,
    (state, case): (CaseState, String),
    number: Option<&Personal<CitizenNumber>>,
) -> Result<Case, NotRecordable> {
    let person = number.map(|number| seal(gateway, id, keys, &words, number)).transpose()?;
    let (subject, key, sealed, commit) = match person {
        Some(Sealed { subject, key, sealed, commit }) => (Some(subject), Some(key), Some(sealed), Some(commit)),
        None => (None, None, None, None),
    };
    let Words { scenario, on, operator, .. } = words;
    Ok(Case { state, scenario, case, on, operator, subject, key, sealed, commit })
}

/// Renders an appointment, with the tag under these keys.
pub(super) fn appointment_leaf(
    gateway: &Gateway,
    id: Uuid,
    keys: &Current,
    words: Words,
    number: &Personal<CitizenNumber>,
) -> Result<Appointment, NotRecordable> {
    let Sealed { subject, key, sealed, commit } = seal(gateway, id, keys, &words, number)?;
    let Words { scenario, on, operator, .. } = words;
    Ok(Appointment { scenario, on, operator, subject, key, sealed, commit })
}
