//! `GET /me/export`: every query about the person as its leaf, with what proves each, in one file that is checked without
//! this gateway (`credit-audit person`). The record of the export commits to its bytes and is durable before the first of
//! them leaves.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{log::Paths, merkle::Hash};
use credit_keys::KeyId;
use hyper::{
    Response, StatusCode,
    header::{CONTENT_DISPOSITION, HeaderValue},
};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    acting::{self, DoneFor},
    entries::Entry,
    found::{self, Found, Listed},
    page::{self, Frame, Words},
    queries::BEHIND,
    range::{ListOf, Range},
    report::NOT_RECORDABLE,
    sessions::{LoggedIn, Through},
    statement::{self, Record, Shown},
};
use crate::{gateway::Gateway, index::Asked, transport::Body};

/// Entries of one file: with their leaves some megabytes.
const MOST: usize = 2_000;
/// Acts of others for the person that it has: the newest.
const DONE_FOR: u32 = 2_000;

/// What the record commits to.
#[derive(Serialize)]
struct Export<'a> {
    form: &'static str,
    origin: &'a str,
    vkey: String,
    from: Date,
    to: Date,
    /// Leaves of the log that were looked through; the entries are those of `after` to `before`.
    covers: u64,
    after: u64,
    before: u64,
    /// Scenarios whose queries are withheld until a notice, or for good.
    left_out: BTreeSet<String>,
    tags: Vec<Tag>,
    entries: Vec<Line<'a, Entry>>,
    /// What others did for the person: in the first file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    done_for: Vec<Line<'a, DoneFor>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// The tag of the person in leaves of one institution, scenario and month.
#[derive(Serialize)]
struct Tag {
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    key: String,
    tag: String,
}

/// A query, or what somebody did for the person.
#[derive(Serialize)]
struct Line<'a, T> {
    index: u64,
    leaf: &'a str,
    shown: &'a T,
}

impl<'a, T> Line<'a, T> {
    fn new(index: u64, leaf: &'a [u8], shown: &'a T) -> Result<Self, &'static str> {
        let leaf = std::str::from_utf8(leaf).map_err(|_| "a leaf is no text")?;
        Ok(Self { index, leaf, shown })
    }
}

/// The file.
#[derive(Serialize)]
struct File<'a> {
    export: &'a RawValue,
    statement: Proven<'a>,
    paths: Vec<Vec<String>>,
    checkpoint: &'a str,
}

/// The record of the export.
#[derive(Serialize)]
struct Proven<'a> {
    index: u64,
    leaf: &'a str,
    opening: &'a str,
    path: Vec<String>,
}

/// Finds, records, waits until it is published, then answers.
pub(super) async fn export(
    gateway: Arc<Gateway>,
    person: LoggedIn,
    frame: Frame,
    json: bool,
    range: Range,
) -> Response<Body> {
    let refuse = |words: Words| {
        let sentence = words.of(frame.language());
        match json {
            true => page::problem(&frame, sentence, StatusCode::SERVICE_UNAVAILABLE),
            false => page::notice(&frame, sentence, StatusCode::SERVICE_UNAVAILABLE),
        }
    };
    if gateway.is_draining() || !gateway.may_answer() {
        gateway.metrics.unrecorded();
        return refuse(NOT_RECORDABLE);
    }
    match file(&gateway, &person, &frame, &range).await {
        Ok(file) => attached(&frame, file),
        Err(cause) => {
            tracing::error!(cause, "an export could not be made");
            refuse(BEHIND)
        }
    }
}

/// The file as an answer.
pub(super) fn attached(frame: &Frame, file: Vec<u8>) -> Response<Body> {
    let mut response = page::answer(frame, "application/json; charset=utf-8", file, StatusCode::OK);
    let name = HeaderValue::from_static("attachment; filename=\"credit-export.json\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    response
}

/// The file, once its record is published.
///
/// # Errors
/// What the operator reads.
pub(super) async fn file(
    gateway: &Arc<Gateway>,
    person: &LoggedIn,
    frame: &Frame,
    range: &Range,
) -> Result<Vec<u8>, &'static str> {
    let Listed { found, covers, next } = found::listed(gateway, person, range, MOST, frame.language()).await?;
    let mut done_for = match range.before {
        None => acting::done_for(gateway, person, DONE_FOR, frame.language()).await?,
        Some(_) => Vec::new(),
    };
    // What was recorded since is in the next one.
    done_for.retain(|(done, _)| done.index < covers);
    let tags = tags(gateway, person, &found).await?;
    let left_out = left_out(gateway, tags.left_out);
    let (origin, lists) = (&gateway.settings.log.origin, person.lists(gateway));
    let cursor = next.map(|leaf| range.cursor(leaf, ListOf { person: &lists, log: origin }));
    let entries = found.iter().map(|found| Line::new(found.index, &found.leaf, &found.entry));
    let done = done_for.iter().map(|(done, leaf)| Line::new(done.index, leaf, done));
    let export = Export {
        form: "credit-gateway/export/1",
        origin,
        vkey: vkey(gateway)?,
        from: range.from,
        to: range.to,
        covers,
        after: next.unwrap_or(0),
        before: range.before.unwrap_or(covers),
        left_out,
        tags: tags.tags,
        entries: entries.collect::<Result<_, _>>()?,
        done_for: done.collect::<Result<_, _>>()?,
        next: cursor.as_deref(),
    };
    let export = serde_json::value::to_raw_value(&export).map_err(|_| "it is no JSON")?;
    let is_told = !matches!(person.through, Some(Through::Officer(_)));
    let shown = Shown {
        from: range.from,
        to: range.to,
        covers,
        list: export.get().as_bytes(),
        ids: found.iter().map(|found| found.entry.query).collect(),
        told: found.iter().filter(|found| is_told && found.entry.is_owed).map(|found| found.entry.query).collect(),
    };
    let recorded = statement::record(gateway, person, shown).await;
    let Record { durable, opening } = recorded.map_err(|_| "it could not be recorded")?;
    found::published(gateway, durable.index).await?;
    let (log, entries) = (gateway.log.clone(), found.iter().map(|found| found.index));
    let done = done_for.iter().map(|(done, _)| done.index);
    let indices: Vec<_> = entries.chain(done).chain([durable.index]).collect();
    let proven = tokio::task::spawn_blocking(move || log.paths(&indices)).await;
    let Ok(Ok(Paths { checkpoint, paths })) = proven else { return Err("the log's tiles cannot be read") };
    let mut paths: Vec<Vec<String>> = paths.iter().map(|path| in_base64(path)).collect();
    let path = paths.pop().unwrap_or_default();
    let leaf = std::str::from_utf8(&durable.leaf).map_err(|_| "a leaf is no text")?;
    let statement = Proven { index: durable.index, leaf, opening: &opening, path };
    let file = File { export: &export, statement, paths, checkpoint: &checkpoint };
    serde_json::to_vec(&file).map_err(|_| "it is no JSON")
}

fn in_base64(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// The log's verifier key, as it is published.
fn vkey(gateway: &Gateway) -> Result<String, &'static str> {
    let text = std::fs::read_to_string(gateway.log_folder().join("log.vkey"));
    text.map(|text| text.trim_end().to_owned()).map_err(|_| "log.vkey cannot be read")
}

/// Scenarios whose queries are withheld until a notice or for good, with those that are in no catalogue any more.
fn left_out(gateway: &Gateway, unknown: BTreeSet<String>) -> BTreeSet<String> {
    let catalogue = gateway.catalogue();
    let withheld = catalogue.scenarios().into_iter().filter(|scenario| scenario.notice() != "owed");
    withheld.map(|scenario| scenario.name().as_str().to_owned()).chain(unknown).collect()
}

/// The person's tags, and scenarios of which there is none.
struct Tags {
    tags: Vec<Tag>,
    left_out: BTreeSet<String>,
}

/// The person's tag for each institution, scenario and month in which somebody was asked about: whether the person was or
/// not, so that whoever has the log sees that nothing is missing. None of what is withheld, but what is in the list.
async fn tags(gateway: &Arc<Gateway>, person: &LoggedIn, found: &[Found]) -> Result<Tags, &'static str> {
    let (shared, number) = (Arc::clone(gateway), Arc::clone(&person.person));
    let made = tokio::task::spawn_blocking(move || {
        let asked = shared.index.as_ref()?.asked().ok()?;
        let mut taggers = BTreeMap::new();
        let (mut tags, mut left_out) = (Vec::new(), BTreeSet::new());
        let catalogue = shared.catalogue();
        for Asked { institution, on_behalf, scenario, data_key } in asked {
            let group = match &scenario {
                None => "",
                Some(name) => match catalogue.scenario(name) {
                    Some(known) if known.notice() == "owed" => known.purpose_group(),
                    Some(_) => continue,
                    None => {
                        left_out.insert(name.clone());
                        continue;
                    }
                },
            };
            let tagger = taggers.entry(data_key.clone()).or_insert_with(|| {
                let id = KeyId::parse(&data_key).ok()?;
                shared.keys.with(|ring| ring.subject_tagger(&id))
            });
            let counted_for = counted_for(institution.as_deref(), on_behalf.as_deref());
            let tag = tagger
                .as_ref()
                .and_then(|tagger| number.disclose(|number| tagger.subject_tag(&counted_for, group, number.as_str())));
            // Without the key of the month, or the person's part of it, nobody is known there.
            let Some(tag) = tag else { continue };
            tags.push(Tag { institution, on_behalf, scenario, key: data_key, tag: STANDARD.encode(tag) });
        }
        Some(Tags { tags, left_out })
    });
    let mut made = made.await.ok().flatten().ok_or("the index cannot be used")?;
    for found in found {
        made.add(&found.leaf);
    }
    Ok(made)
}

fn counted_for(institution: Option<&str>, on_behalf: Option<&str>) -> String {
    match (institution, on_behalf) {
        (Some(gateway), Some(end)) => credit_audit::leaf::OnBehalf::counted_for(gateway, end),
        (institution, _) => institution.unwrap_or_default().to_owned(),
    }
}

impl Tags {
    /// The tag of an entry, where it is not there yet: of what was deferred and is told of now.
    fn add(&mut self, leaf: &[u8]) {
        let Ok(leaf) = credit_audit::leaf::QueryLeaf::parse(leaf) else { return };
        let (Some(subject), Some(key)) = (leaf.subject, leaf.key) else { return };
        let tag = Tag {
            institution: leaf.institution,
            on_behalf: leaf.on_behalf.map(|end| end.institution),
            scenario: leaf.scenario.map(|name| name.as_str().to_owned()),
            key,
            tag: STANDARD.encode(subject.0),
        };
        let is_same = |known: &Tag| {
            (&known.institution, &known.on_behalf, &known.scenario, &known.key)
                == (&tag.institution, &tag.on_behalf, &tag.scenario, &tag.key)
        };
        if !self.tags.iter().any(is_same) {
            self.tags.push(tag);
        }
    }
}
