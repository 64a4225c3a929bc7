//! Figures that are published (R25): a month's answered queries by scenario and kind of institution, with noise, so that nobody
//! learns whether a person was asked about. Drawn once: what was published is given again unchanged.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use credit_audit::{
    leaf::{Base64, Event, Figures, peek},
    pruned::PrunedHead,
};
use jiff::{Timestamp, ToSpan, civil::Date};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{
    cells::{CLIPPED_TO, count},
    error::ChangeError,
    laplace::Noise,
    request::{LeafMade, Made},
};
use crate::{gateway::Gateway, index::leaf_at};

/// The form of the file.
const FORM: &str = "credit-gateway/figures/2";

/// Publications of a year.
const MONTHS: u64 = 12;

#[derive(Serialize)]
struct Published<'a> {
    form: &'static str,
    origin: &'a str,
    period: &'a str,
    epsilon_a_year: &'a str,
    logs: u64,
    epsilon: &'a str,
    clipped_to: u64,
    noise: &'static str,
    cells: Vec<PublishedCell>,
}

#[derive(Serialize)]
struct PublishedCell {
    scenario: String,
    kind: String,
    answered: i64,
}

/// Publishes the figures of a month, or gives what was published.
pub(super) async fn publish(gateway: &Arc<Gateway>, month: String) -> Result<Made, ChangeError> {
    let (since, until) = span(gateway, &month)?;
    let file = gateway.settings.data.dir.join("figures").join(format!("{month}.json"));
    let said = gateway.published_figures().iter().find(|figures| figures.period == month).cloned();
    if let Some(said) = said {
        let text = fs::read_to_string(&file).ok().filter(|text| sha256(text) == said.digest.0);
        let figures = text.ok_or(ChangeError::FiguresLost)?;
        return Ok(Made::Published { leaf: LeafMade::Already(true), epsilon: said.epsilon, figures });
    }
    if gateway.is_let_go(&month).map_err(|error| ChangeError::Index(error.to_string()))? {
        return Err(ChangeError::LetGo);
    }
    if !has_begun(gateway, until)? {
        return Err(ChangeError::NotBegun);
    }
    let share = Share::of(gateway);
    let spent: u64 = {
        let year = month.get(..4).unwrap_or_default();
        let published = gateway.published_figures();
        published.iter().filter(|known| known.period.starts_with(year)).map(|known| milli_of(&known.epsilon)).sum()
    };
    let (figures, epsilon) = match fs::read_to_string(&file) {
        // A crash came before its leaf: it was drawn, so it is not drawn again, and it spent what it says.
        Ok(text) => {
            let drawn: Drawn = serde_json::from_str(&text).map_err(|_| ChangeError::FiguresLost)?;
            (text, drawn.epsilon)
        }
        Err(_) if share.milli == 0 => return Err(ChangeError::BudgetTooSmall(share.logs)),
        Err(_) if spent + share.milli > share.milli_a_year => return Err(ChangeError::BudgetSpent),
        Err(_) => {
            let (shared, period) = (Arc::clone(gateway), month.clone());
            let drawn = tokio::task::spawn_blocking(move || draw(&shared, (since, until), &period, &share));
            let text = drawn.await.unwrap_or(Err(ChangeError::BrokenOff))?;
            keep(&file, &text).map_err(|_| ChangeError::NotMade)?;
            (text, decimal(share.milli))
        }
    };
    // From here on the file is there: if the process dies, the next command records it.
    let leaf = Figures { period: month, digest: Base64(sha256(&figures)), epsilon: epsilon.clone() };
    let entry = leaf.entry(gateway.new_id())?;
    let durable = gateway.recorder.record(entry).await.map_err(|_| ChangeError::NotMade)?;
    gateway.published_figures().push(leaf);
    Ok(Made::Published { leaf: LeafMade::Index(durable.index), epsilon, figures })
}

/// What was drawn, as far as its record needs it.
#[derive(Deserialize)]
struct Drawn {
    epsilon: String,
}

/// Of the year's budget of a person, what a month of one log may take: a person stands in any of the logs, and each publishes its own.
#[derive(Clone, Copy)]
struct Share {
    milli_a_year: u64,
    logs: u64,
    milli: u64,
}

impl Share {
    fn of(gateway: &Gateway) -> Self {
        let (milli_a_year, logs) = (gateway.settings.figures.milli_epsilon_a_year(), gateway.logs_of_all());
        Self { milli_a_year, logs, milli: milli_a_year / MONTHS.saturating_mul(logs) }
    }
}

/// Thousandths as a decimal.
fn decimal(milli: u64) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}

/// Whether the log had begun before that: of a month before its first record it would publish noise alone. What was let go had begun.
fn has_begun(gateway: &Gateway, until: Timestamp) -> Result<bool, ChangeError> {
    let unread = |error: &dyn std::fmt::Display| ChangeError::Index(error.to_string());
    let folder = gateway.log_folder();
    if PrunedHead::read(&folder, None).map_err(|error| unread(&error))?.is_some() {
        return Ok(true);
    }
    let first = leaf_at(&folder, 0).map_err(|error| unread(&error))?;
    Ok(peek(&first).map_err(|error| unread(&error))?.at < until)
}

/// A month that is over, by the jurisdiction's days.
fn span(gateway: &Gateway, month: &str) -> Result<(Timestamp, Timestamp), ChangeError> {
    let first = format!("{month}-01").parse::<Date>().ok().filter(|day| day.to_string() == format!("{month}-01"));
    let first = first.ok_or(ChangeError::Month)?;
    let next = first.checked_add(1.month()).map_err(|_| ChangeError::Month)?;
    if next > gateway.today() {
        return Err(ChangeError::Month);
    }
    let offset = gateway.catalogue().offset();
    let at = |day: Date| offset.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| ChangeError::Month);
    Ok((at(first)?, at(next)?))
}

fn draw(
    gateway: &Gateway,
    (since, until): (Timestamp, Timestamp),
    period: &str,
    share: &Share,
) -> Result<String, ChangeError> {
    let cells = count(gateway, since, until).map_err(|_| ChangeError::NotMade)?;
    let noise = Noise::new(&gateway.entropy, CLIPPED_TO, share.milli);
    let cells = cells.into_iter().map(|((scenario, kind), counted)| {
        let noise = noise.draw().map_err(|_| ChangeError::NotMade)?;
        let answered = i64::try_from(counted).unwrap_or(i64::MAX).saturating_add(noise);
        Ok(PublishedCell { scenario, kind: kind.to_string(), answered })
    });
    let published = Published {
        form: FORM,
        origin: &gateway.settings.log.origin,
        period,
        epsilon_a_year: &decimal(share.milli_a_year),
        logs: share.logs,
        epsilon: &decimal(share.milli),
        clipped_to: CLIPPED_TO,
        noise: "discrete Laplace of scale clipped_to / epsilon, one draw a cell; figures may be negative",
        cells: cells.collect::<Result<_, ChangeError>>()?,
    };
    serde_json::to_string(&published).map(|text| text + "\n").map_err(|_| ChangeError::NotMade)
}

/// Writes it so that it is whole or not there.
fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder)?;
    let half = file.with_extension("half");
    let mut written = File::create(&half)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(&half, file)?;
    File::open(&folder)?.sync_all()
}

fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// Thousandths of a decimal of ours; what is written otherwise counts as a whole budget.
fn milli_of(epsilon: &str) -> u64 {
    let (whole, part) = epsilon.split_once('.').unwrap_or((epsilon, "0"));
    let part = format!("{part:0<3}");
    let milli = part.get(..3).and_then(|part| part.parse::<u64>().ok()).filter(|_| part.len() == 3);
    whole.parse::<u64>().ok().zip(milli).map_or(u64::from(u32::MAX), |(whole, milli)| whole * 1_000 + milli)
}
