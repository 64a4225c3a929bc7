//! `GET /v1/notices`: whom a notice is owed that was not given yet, for an institution that reaches persons who never log in (PIPL
//! art. 17, 18, 35): number and a fixed text, nothing of the queries. `POST /v1/notices/acknowledgements`: it told them.

use std::collections::BTreeMap;

use credit_audit::leaf::Read;
use serde::Serialize;
use uuid::Uuid;

use super::asker::{Asker, Undone};
use crate::{
    changes::{ChangeError, about, give_to},
    doors::latest::of_index,
    gateway::Gateway,
    index::{Index, IndexError, Owed, OwedNotice, read_leaf},
};

/// Persons of one answer.
const MOST: usize = 100;

/// Queries that are looked at together.
const ROWS: u32 = 1_000;

const PATH: &str = "/v1/notices";

const TEXT_ZH: &str = "有机构依法或经授权查询了您的公共信用信息。您可以登录个人端口或到服务窗口查看：何机构、何时、因何事、依据什么、查询了哪些内容，并可提出异议。";
const TEXT_EN: &str = "An institution has looked up your public credit information, as a statute or your consent allows. Log in at the \
                       persons' door, or come to a counter, to see who asked, when, what for, on which ground and what was \
                       returned; you can object there.";

#[derive(Serialize)]
struct Answer {
    query: Uuid,
    notices: Vec<Notice>,
    text: Text,
    /// What to ask for next.
    after: u64,
    /// Whether there may be more of them now.
    more: bool,
}

#[derive(Serialize)]
struct Text {
    zh: &'static str,
    en: &'static str,
}

/// A notice that is owed to a person.
#[derive(Serialize)]
struct Notice {
    /// Its id: what is acknowledged.
    notice: Uuid,
    number: String,
}

#[derive(Serialize)]
struct Given {
    query: Uuid,
    recorded: bool,
}

struct Found {
    notices: Vec<Notice>,
    after: u64,
    more: bool,
}

/// Finds them, records that they are read, then tells them.
pub(super) async fn fetch(asker: &Asker, after: u64) -> Result<Vec<u8>, Undone> {
    let gateway = &asker.gateway;
    let found = of_index(gateway, move |gateway, index, covers| find(gateway, index, after, covers)).await;
    let Found { notices, after, more } = found.map_err(unfound)?;
    let id = gateway.new_id();
    let entry = asker.by().entry(&Read { path: PATH.to_owned() }, id).map_err(ChangeError::from)?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| Undone::NotRecordable)?;
    let text = Text { zh: TEXT_ZH, en: TEXT_EN };
    Ok(asker.recorded(&Answer { query: id, notices, text, after: asker.to_go_on(after), more }, id, &durable))
}

fn unfound(cause: &'static str) -> Undone {
    tracing::error!(cause, "notices that are owed could not be found");
    Undone::NotRecordable
}

/// One notice a person: its id is that of the last query that it is about. Blocks.
fn find(gateway: &Gateway, index: &Index, after: u64, covers: u64) -> Result<Found, IndexError> {
    let today = gateway.today();
    let owed = index.owed(&Owed { after, until: covers, person: None, most: ROWS }, today)?;
    let more = owed.len() == ROWS as usize;
    let mut last: BTreeMap<[u8; 16], OwedNotice> = BTreeMap::new();
    let mut found = Found { notices: Vec::new(), after, more };
    for row in owed {
        if last.len() == MOST && !last.contains_key(&row.person) {
            found.more = true;
            break;
        }
        found.after = row.place.leaf;
        last.insert(row.person, row);
    }
    for row in last.into_values() {
        // Whose key is destroyed is told nothing: nobody knows who it was.
        if let Some(number) = about(gateway, &read_leaf(&gateway.log_folder(), row.place)?) {
            let number = number.disclose(|number| number.as_str().to_owned());
            found.notices.push(Notice { notice: row.id, number });
        }
    }
    found.notices.sort_by_key(|notice| notice.notice);
    Ok(found)
}

/// Records that persons were told; all of the notices, or none, must be owed.
pub(super) async fn acknowledge(asker: &Asker, given: Vec<Uuid>) -> Result<Vec<u8>, Undone> {
    let gateway = &asker.gateway;
    // One after the other: what two acknowledge at once is recorded once.
    let _in_a_row = gateway.changes.lock().await;
    let wanted = given.clone();
    let found = of_index(gateway, move |gateway, index, _| {
        wanted.iter().map(|id| owed(gateway, index, *id)).collect::<Result<Vec<_>, _>>()
    });
    let found = found.await.map_err(unfound)?;
    let unknown = || Undone::from(ChangeError::UnknownNotice);
    let found = found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
    let mut last = None;
    for (place, queries) in found {
        let shared = std::sync::Arc::clone(gateway);
        let number = tokio::task::spawn_blocking(move || {
            read_leaf(&shared.log_folder(), place).ok().and_then(|leaf| about(&shared, &leaf))
        });
        let number = number.await.ok().flatten().ok_or_else(unknown)?;
        last = give_to(gateway, &asker.by(), &number, &queries).await?.pop();
    }
    let (id, durable) = last.ok_or_else(unknown)?;
    Ok(asker.recorded(&Given { query: id, recorded: true }, id, &durable))
}

type OfPerson = (crate::index::Place, Vec<Uuid>);

/// The queries of which a notice with this id tells; nothing where none is owed. Blocks.
fn owed(gateway: &Gateway, index: &Index, id: Uuid) -> Result<Option<OfPerson>, IndexError> {
    let Some(leaf) = index.leaf_of(id)? else { return Ok(None) };
    let today = gateway.today();
    let own = Owed { after: leaf.saturating_sub(1), until: leaf, person: None, most: 1 };
    let Some(own) = index.owed(&own, today)?.pop() else { return Ok(None) };
    let all = Owed { after: 0, until: leaf, person: Some(own.person), most: ROWS };
    let queries = index.owed(&all, today)?.into_iter().map(|owed| owed.id).collect();
    Ok(Some((own.place, queries)))
}
