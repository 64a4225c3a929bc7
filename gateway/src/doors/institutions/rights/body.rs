//! The bodies of what credit offices and source departments say.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::{CitizenNumber, Code};
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    super::json_body::{object, present},
    right::Right,
};
use crate::{
    changes::{RepairNotice, RepairedRecord, is_text},
    gateway::Gateway,
    journey::{detail::Detail, refusal::Refusal},
};

/// Characters of the number of a document.
const LONGEST_DOCUMENT: usize = 64;

/// Notices that are given at once.
pub(super) const MOST_NOTICES: usize = 100;

/// Bytes of a record's id.
const RECORD_BYTES: usize = 16;

/// What is said.
pub(super) enum Act {
    Repair(Box<RepairNotice>),
    Decision { objection: Uuid, upheld: bool, reason: String },
    Notices(Vec<Uuid>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepairBody {
    subject: Zeroizing<String>,
    class: String,
    #[serde(default, deserialize_with = "present")]
    record: Option<String>,
    #[serde(default, deserialize_with = "present")]
    document: Option<String>,
    #[serde(default, deserialize_with = "present")]
    determined: Option<Date>,
    #[serde(default, deserialize_with = "present")]
    repaired_on: Option<Date>,
    #[serde(default, deserialize_with = "present")]
    revoked_on: Option<Date>,
    order: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    objection: Uuid,
    result: DecisionResult,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticesBody {
    notices: Vec<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DecisionResult {
    Upheld,
    Rejected,
}

impl Act {
    /// Reads a body.
    ///
    /// # Errors
    /// `malformed-request`, `invalid-citizen-number`.
    pub(super) fn read(gateway: &Gateway, right: Right, body: &[u8]) -> Result<Self, Refusal> {
        match right {
            Right::Decision => {
                let DecisionBody { objection, result, reason } = object(body, |_| Detail::DecisionMembers)?;
                if !is_text(&reason) {
                    return Err(malformed("`reason` is no text", Detail::DecisionMembers));
                }
                let upheld = matches!(result, DecisionResult::Upheld);
                Ok(Self::Decision { objection, upheld, reason })
            }
            Right::Acknowledgement => {
                let NoticesBody { notices } = object(body, |_| Detail::NoticeMembers)?;
                if !(1..=MOST_NOTICES).contains(&notices.len()) {
                    return Err(malformed("`notices` has none, or too many", Detail::NoticeMembers));
                }
                Ok(Self::Notices(notices))
            }
            Right::Repair | Right::RepairRevocation | Right::Corrections | Right::Notices => {
                let is_revoked = right == Right::RepairRevocation;
                let detail = if is_revoked { Detail::RevokedRepairMembers } else { Detail::RepairMembers };
                let body = object(body, |_| detail)?;
                notice(gateway, body, is_revoked, detail).map(|notice| Self::Repair(Box::new(notice)))
            }
        }
    }
}

fn malformed(cause: &'static str, detail: Detail) -> Refusal {
    Refusal::because(Code::MalformedRequest, cause).with(detail)
}

fn notice(gateway: &Gateway, body: RepairBody, is_revoked: bool, detail: Detail) -> Result<RepairNotice, Refusal> {
    let RepairBody { subject, class, record, document, determined, repaired_on, revoked_on, order } = body;
    let number = CitizenNumber::parse(&subject)
        .map_err(|error| Refusal::from(Code::InvalidCitizenNumber).with(Detail::Subject(error)))?;
    if number.disclose(|number| !number.is_born_on(gateway.today())) {
        return Err(Refusal::from(Code::InvalidCitizenNumber).with(Detail::NotBorn));
    }
    let catalogue = gateway.catalogue();
    let known = catalogue.class(&class).filter(|known| known.holds_records() || known.list().is_some());
    let is_list = known.ok_or_else(|| malformed("`class` is no class of records", detail))?.list().is_some();
    let on = match (repaired_on, revoked_on, is_revoked) {
        (Some(on), None, false) | (None, Some(on), true) => on,
        _ => return Err(malformed("the day is not given once", detail)),
    };
    let record = match (record, document, determined) {
        (Some(id), None, determined) if is_record(&id) => RepairedRecord::Id(id, determined),
        // An entry on a list has no document: its day says which it is.
        (None, Some(document), Some(day)) if is_document(&document) => RepairedRecord::Document(document, day),
        (None, None, Some(day)) if is_list => RepairedRecord::Document(String::new(), day),
        _ => return Err(malformed("the record is not named", detail)),
    };
    let begun = match &record {
        RepairedRecord::Id(_, determined) => determined.unwrap_or(on),
        RepairedRecord::Document(_, determined) => *determined,
    };
    if !(begun <= on && on <= gateway.today()) {
        return Err(malformed("the days are not in order, or have not come", detail));
    }
    if !is_text(&order) {
        return Err(malformed("`order` is no text", detail));
    }
    Ok(RepairNotice { number, class, record, on, order, is_revoked })
}

/// Whether it has the form of a record's id: base64url of 16 bytes, as a person's report has it.
fn is_record(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == RECORD_BYTES)
}

fn is_document(text: &str) -> bool {
    (1..=LONGEST_DOCUMENT).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
