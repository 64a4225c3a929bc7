//! That officers looked at queries about the person: opened one for review, or its sealed part.

use std::sync::Arc;

use credit_audit::{
    leaf,
    leaf::{Actor, Body},
};
use credit_policy::Language;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use uuid::Uuid;

use super::sessions::LoggedIn;
use crate::{doors::latest::of_index, gateway::Gateway, index::read_leaf};

/// Looks that are listed: the newest.
const MOST: u32 = 40;

/// A look.
#[derive(Clone, Serialize)]
pub(super) struct LookedAt {
    /// The leaf's number.
    index: u64,
    pub(super) at: Timestamp,
    pub(super) day: Date,
    /// The query.
    query: Uuid,
    officer: String,
    /// `review` or `unsealing`.
    what: &'static str,
    /// All of it in one sentence.
    pub(super) says: String,
}

/// The looks at queries about the person, newest first.
///
/// # Errors
/// What the operator reads.
pub(super) async fn looked_at(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    language: Language,
) -> Result<Vec<LookedAt>, &'static str> {
    let number = Arc::clone(&person.person);
    let found = of_index(gateway, move |gateway, index, _| {
        let person = number.disclose(|number| index.person(number.as_str()));
        let looks = index.looks(&person, MOST, gateway.today())?;
        let read = |place| read_leaf(&gateway.log_folder(), place);
        looks.into_iter().map(|(place, query)| Ok((place.leaf, query, read(place)?))).collect()
    });
    let leaves: Vec<(u64, Uuid, Vec<u8>)> = found.await?;
    Ok(leaves.iter().filter_map(|(index, query, leaf)| look(gateway, (*index, *query), leaf, language)).collect())
}

fn look(gateway: &Gateway, (index, query): (u64, Uuid), bytes: &[u8], language: Language) -> Option<LookedAt> {
    let leaf = leaf::parse(bytes).ok()??;
    let Some(Actor::Officer { officer, .. }) = leaf.actor else { return None };
    let is_unsealing = matches!(leaf.body, Body::Unseal(_));
    let says = match (language, is_unsealing) {
        (Language::Zh, true) => format!("管理人员 {officer} 打开了一条关于您的查询的密封部分。"),
        (Language::En, true) => format!("The officer {officer} opened the sealed part of a query about you."),
        (Language::Zh, false) => format!("管理人员 {officer} 为复核查看了一条关于您的查询。"),
        (Language::En, false) => format!("The officer {officer} looked at a query about you, to review it."),
    };
    let (at, day) = (leaf.head.at, gateway.catalogue().today(leaf.head.at));
    let what = if is_unsealing { "unsealing" } else { "review" };
    Some(LookedAt { index, at, day, query, officer, what, says })
}
