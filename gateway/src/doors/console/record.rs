//! One record of a query: what it says in words, the leaf as it stands, and what proves it.

use std::sync::Arc;

use askama::Template;
use credit_audit::proof;
use hyper::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    page::Frame,
    under_review::{Reviewed, UnderReview},
};
use crate::{
    doors::persons::entries::{Entry, Field, Ground, entry},
    gateway::Gateway,
    index::{Index, leaf_at},
    transport::Body,
};

/// The member of a leaf that names who asked.
const STAFF: &str = "operator";

/// One record.
#[derive(Serialize)]
struct Record<'a> {
    query: Uuid,
    index: u64,
    /// The leaf, byte for byte; left out while it names who asked to nobody who may judge it.
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<&'a RawValue>,
    /// Where it is under review.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<UnderReview>,
    /// Its receipt (c2sp.org/tlog-proof), to the checkpoint that is published now.
    proof: &'a str,
}

#[derive(Template)]
#[template(path = "officers/query.html")]
struct RecordPage<'a> {
    frame: &'a Frame,
    title: &'a str,
    record: &'a Record<'a>,
    /// What it says, in words.
    entry: Option<Entry>,
    members: Vec<(String, String)>,
    /// The number of the case under which the institution asked.
    case_number: Option<String>,
    /// Whether who asked is not shown, as nobody opened it for review yet.
    is_hidden: bool,
    /// Whether the institution or the member of staff who asked is suspended now.
    suspended: bool,
    /// Whether two officers decide.
    by_two: bool,
}

impl RecordPage<'_> {
    /// The one that the register has: of a gateway, not for whom it asked.
    fn institution(&self) -> Option<&str> {
        self.member("institution")
    }

    fn staff(&self) -> Option<&str> {
        self.member(STAFF)
    }

    fn is_suspended(&self, gateway: &Gateway) -> bool {
        let known = self.institution().and_then(|id| gateway.register.by_id(id).ok());
        known.is_some_and(|institution| {
            let parts = institution.suspensions.parts();
            institution.is_suspended()
                || parts.iter().any(|part| part.staff().is_some() && part.staff() == self.staff())
        })
    }

    fn member(&self, wanted: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn fields(fields: &[Field]) -> String {
        fields.iter().map(|field| format!("{} ({})", field.title, field.name)).collect::<Vec<_>>().join("; ")
    }
}

pub(super) async fn one(gateway: &Arc<Gateway>, id: Uuid, frame: &Frame) -> Response<Body> {
    let shared = Arc::clone(gateway);
    let look = move || {
        let index = shared.index.as_ref()?;
        Some(read(&shared, index, id))
    };
    let (index, leaf, proof) = match tokio::task::spawn_blocking(look).await {
        Ok(Some(Ok(Some(found)))) => found,
        Ok(Some(Ok(None))) => {
            return frame.not_here("没有这一查询", "there is no such query");
        }
        Ok(None) => return frame.no_index(),
        Ok(Some(Err(_))) | Err(_) => return frame.unreadable(),
    };
    let reviewed = Reviewed::of(gateway, frame, vec![id]).await;
    let (review, is_hidden) = (reviewed.get(id), reviewed.hides(id));
    let entry = entry(gateway, &leaf, false, frame.language());
    let Some(raw) = String::from_utf8(leaf).ok().and_then(|leaf| RawValue::from_string(leaf).ok()) else {
        return frame.unreadable();
    };
    let members: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(raw.get()).ok();
    let ground = members.as_ref().and_then(|members| members.get("ground")?.get("case")?.as_str());
    let case_number = ground.map(str::to_owned);
    let shown = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut members: Vec<(String, String)> =
        members.unwrap_or_default().into_iter().map(|(name, value)| (name, shown(value))).collect();
    // What a person or the public asked has no member of staff.
    let is_hidden = is_hidden && members.iter().any(|(name, _)| name == STAFF);
    members.retain(|(name, _)| !(is_hidden && name == STAFF));
    let leaf = (!is_hidden).then_some(&*raw);
    let record = Record { query: id, index, leaf, review, proof: &proof };
    let title = frame.say("一条记录", "One record");
    let (suspended, by_two, record) = (false, gateway.is_by_two(), &record);
    let mut page = RecordPage { frame, title, record, entry, members, case_number, is_hidden, suspended, by_two };
    page.suspended = page.is_suspended(gateway);
    frame.show(&page, record)
}

/// Place, leaf and proof of a query.
type Read = (u64, Vec<u8>, String);

/// Blocks.
fn read(gateway: &Gateway, index: &Index, id: Uuid) -> Result<Option<Read>, String> {
    let Some(leaf) = index.leaf_of(id).map_err(|error| error.to_string())? else { return Ok(None) };
    let bytes = leaf_at(&gateway.log_folder(), leaf).map_err(|error| error.to_string())?;
    let proven = gateway.log.paths(&[leaf]).map_err(|error| error.to_string())?;
    let path = proven.paths.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Some((leaf, bytes, proof::format(leaf, path, &proven.checkpoint))))
}
