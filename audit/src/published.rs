//! Figures that were published (`FORMAT.md` §15): a file, held against what the log that it names says of it, and against the logs in
//! which a person may stand.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use crate::leaf::{self, Body, BodyError, Kind, Peek};

/// The form before each month was divided by the number of logs.
const OF_ONE: &str = "credit-gateway/figures/1";
const FORM: &str = "credit-gateway/figures/2";

/// Publications of a year.
const MONTHS: u64 = 12;

/// Queries of a person that count.
const CLIPPED_TO: u64 = 10;

/// Why figures are not those of their log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FiguresFault {
    /// It is none of ours.
    #[error("the file is no published figures of a form that this release knows")]
    Form,
    /// The log does not say that they were published.
    #[error("no record says that figures of {0} were published")]
    NotRecorded(String),
    /// The log says that others were.
    #[error("entry {index} says that other figures of {period} were published: they are drawn once")]
    Others {
        /// The leaf.
        index: u64,
        /// The period.
        period: String,
    },
    /// The budget that they say they spent is not the one on the record.
    #[error("entry {0} says that another `epsilon` was spent on them")]
    Epsilon(u64),
    /// They spent more than a month's share of one log.
    #[error("`epsilon` is more than a twelfth of `epsilon_a_year` divided by `logs`")]
    Share,
    /// There were more logs in which a person could stand.
    #[error("they say that there are {said} logs, and the directory has {listed} that began before entry {index}")]
    Logs {
        /// As the file says.
        said: u64,
        /// As the directory says.
        listed: u64,
        /// The leaf that says that they were published.
        index: u64,
    },
    /// All logs together spent more than a month's share.
    #[error("the logs spent more on {0} together than a twelfth of `epsilon_a_year`")]
    Together(String),
    /// The log had not begun.
    #[error("the log began after {0}: it has nothing of it")]
    NotBegun(String),
}

/// A file of figures.
#[derive(Debug, Clone)]
pub struct PublishedFigures {
    /// The log that it names.
    pub origin: String,
    /// The month.
    pub period: String,
    /// The budget that it spent, as it says.
    pub epsilon: String,
    /// Among how many logs the month was divided; nothing in the form before.
    pub logs: Option<u64>,
    /// Thousandths: what it spent, and what a year has.
    milli: u64,
    milli_a_year: Option<u64>,
    digest: [u8; 32],
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    form: String,
    origin: String,
    period: String,
    #[serde(default)]
    epsilon_a_year: Option<String>,
    #[serde(default)]
    logs: Option<u64>,
    epsilon: String,
    clipped_to: u64,
    #[serde(rename = "noise")]
    _noise: String,
    #[serde(rename = "cells")]
    _cells: Vec<Cell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    #[serde(rename = "scenario")]
    _scenario: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(rename = "answered")]
    _answered: i64,
}

impl PublishedFigures {
    /// Reads a file. What it says of its own share of the budget is looked at.
    ///
    /// # Errors
    /// [`FiguresFault::Form`] or [`FiguresFault::Share`].
    pub fn of(bytes: &[u8]) -> Result<Self, FiguresFault> {
        let file: File = serde_json::from_slice(bytes).map_err(|_| FiguresFault::Form)?;
        let is_divided = file.epsilon_a_year.is_some() && file.logs.is_some_and(|logs| logs > 0);
        let is_ours = match file.form.as_str() {
            FORM => is_divided,
            OF_ONE => file.epsilon_a_year.is_none() && file.logs.is_none(),
            _ => false,
        };
        if !is_ours || file.clipped_to != CLIPPED_TO {
            return Err(FiguresFault::Form);
        }
        let milli = milli(&file.epsilon).ok_or(FiguresFault::Form)?;
        let milli_a_year = file.epsilon_a_year.as_deref().map(|text| self::milli(text).ok_or(FiguresFault::Form));
        let milli_a_year = milli_a_year.transpose()?;
        let spent = file.logs.map_or(Some(0), |logs| milli.checked_mul(MONTHS)?.checked_mul(logs));
        if milli_a_year.is_some_and(|a_year| spent.is_none_or(|spent| spent > a_year)) {
            return Err(FiguresFault::Share);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        let File { origin, period, epsilon, logs, .. } = file;
        Ok(Self { origin, period, epsilon, logs, milli, milli_a_year, digest: hash })
    }
}

/// What the logs say of figures, as they are read.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Of each log when it began.
    begun: BTreeMap<String, Timestamp>,
    /// Of each log what was published of a period; a log that continues another says it again.
    said: BTreeMap<(String, String), Said>,
}

#[derive(Debug)]
struct Said {
    index: u64,
    at: Timestamp,
    digest: [u8; 32],
    epsilon: String,
}

impl Recorded {
    /// Takes in a leaf of the log of that name. `is_first` is false where records before it were let go.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn leaf(&mut self, origin: &str, index: u64, peek: &Peek<'_>) -> Result<(), BodyError> {
        if index == 0 {
            self.begun.insert(origin.to_owned(), peek.at);
        }
        if peek.kind != Kind::Figures.as_str() {
            return Ok(());
        }
        if let Some(Body::Figures(figures)) = leaf::parse(peek.text.as_bytes())?.map(|leaf| leaf.body) {
            let said = Said { index, at: peek.at, digest: figures.digest.0, epsilon: figures.epsilon };
            self.said.entry((origin.to_owned(), figures.period)).or_insert(said);
        }
        Ok(())
    }

    /// Holds a file against its log: the leaf that says that it was published, where it is so.
    ///
    /// # Errors
    /// What is otherwise. `began` gives when each log of the directory begins; none where there is no directory.
    pub fn has(&self, file: &PublishedFigures, began: &[Timestamp], offset: Offset) -> Result<u64, FiguresFault> {
        let (origin, period) = (&file.origin, &file.period);
        let said = self.said.get(&(origin.clone(), period.clone()));
        let said = said.ok_or_else(|| FiguresFault::NotRecorded(period.clone()))?;
        if said.digest != file.digest {
            return Err(FiguresFault::Others { index: said.index, period: period.clone() });
        }
        if milli(&said.epsilon) != Some(file.milli) {
            return Err(FiguresFault::Epsilon(said.index));
        }
        let until = end(period, offset).ok_or(FiguresFault::Form)?;
        if self.begun.get(origin).is_some_and(|begun| *begun >= until) {
            return Err(FiguresFault::NotBegun(period.clone()));
        }
        let listed = began.iter().filter(|from| **from <= said.at).count() as u64;
        if let Some(logs) = file.logs.filter(|logs| *logs < listed) {
            return Err(FiguresFault::Logs { said: logs, listed, index: said.index });
        }
        // The same figures may stand in a log and in the one that continues it.
        let of_period = self.said.iter().filter(|((_, of), _)| of == period).map(|(_, said)| said);
        let each: BTreeMap<_, _> = of_period.map(|said| (said.digest, milli(&said.epsilon))).collect();
        let spent = each.values().try_fold(0_u64, |sum, milli| sum.checked_add((*milli)?));
        let share = file.milli_a_year.map(|a_year| a_year / MONTHS);
        if share.is_some_and(|share| spent.is_none_or(|spent| spent > share)) {
            return Err(FiguresFault::Together(period.clone()));
        }
        Ok(said.index)
    }
}

/// The end of a month at an offset.
fn end(month: &str, offset: Offset) -> Option<Timestamp> {
    let last = format!("{month}-01").parse::<Date>().ok()?.last_of_month();
    offset.to_timestamp(last.tomorrow().ok()?.at(0, 0, 0, 0)).ok()
}

/// Thousandths of a decimal with three digits at most behind the point.
fn milli(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 3 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(format!("{part:0<3}").parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(form: &str, more: &str, epsilon: &str) -> Vec<u8> {
        let head = format!(r#"{{"form":"{form}","origin":"r1","period":"2026-10",{more}"epsilon":"{epsilon}""#);
        format!(r#"{head},"clipped_to":10,"noise":"","cells":[{{"scenario":"a","kind":"b","answered":-3}}]}}"#).into()
    }

    #[test]
    fn a_share_is_a_twelfth_of_the_year_divided_by_the_logs_in_whole_thousandths() {
        let of = |logs: u64, epsilon: &str| {
            let more = format!(r#""epsilon_a_year":"1.000","logs":{logs},"#);
            PublishedFigures::of(&file(FORM, &more, epsilon)).map(|figures| figures.milli)
        };
        assert_eq!(of(1, "0.083"), Ok(83));
        assert_eq!(of(1, "0.084"), Err(FiguresFault::Share));
        assert_eq!(of(3, "0.027"), Ok(27));
        assert_eq!(of(3, "0.028"), Err(FiguresFault::Share));
        assert_eq!(of(u64::MAX, "0.001"), Err(FiguresFault::Share), "and no sum goes over");
        assert_eq!(PublishedFigures::of(&file(OF_ONE, "", "0.083")).map(|figures| figures.milli), Ok(83));
    }

    #[test]
    fn what_is_no_file_of_figures_is_none() {
        for (form, more, epsilon) in [
            ("credit-gateway/figures/3", "", "0.083"),
            (FORM, "", "0.083"),
            (FORM, r#""epsilon_a_year":"1.000","logs":0,"#, "0.083"),
            (OF_ONE, r#""logs":1,"#, "0.083"),
            (OF_ONE, "", "much"),
            (OF_ONE, "", "0.0831"),
            (OF_ONE, r#""more":1,"#, "0.083"),
        ] {
            let read = PublishedFigures::of(&file(form, more, epsilon)).map(|figures| figures.milli);
            assert_eq!(read, Err(FiguresFault::Form), "{form} {more} {epsilon}");
        }
    }

    #[test]
    fn a_file_is_held_against_what_was_recorded_and_the_logs_that_there_were() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let bytes = file(FORM, r#""epsilon_a_year":"1.000","logs":2,"#, "0.041");
        let figures = PublishedFigures::of(&bytes).unwrap();
        let offset = Offset::constant(8);
        let recorded = |digest: [u8; 32], epsilon: &str, begun: &str, other: &str| {
            let mut recorded = Recorded::default();
            recorded.begun.insert("r1".to_owned(), at(begun));
            let said = |index, digest, epsilon: &str| Said {
                index,
                at: at("2026-11-02T00:00:00Z"),
                digest,
                epsilon: epsilon.to_owned(),
            };
            recorded.said.insert(("r1".to_owned(), "2026-10".to_owned()), said(7, digest, epsilon));
            recorded.said.insert(("r2".to_owned(), "2026-10".to_owned()), said(9, [2; 32], other));
            recorded
        };
        let early = "2026-01-01T00:00:00Z";
        let two = [at(early), at(early)];
        let right = recorded(figures.digest, "0.041", early, "0.041");
        assert_eq!(right.has(&figures, &two, offset), Ok(7));
        assert_eq!(right.has(&figures, &[], offset), Ok(7));
        // A log that began later does not count.
        assert_eq!(right.has(&figures, &[two[0], two[1], at("2026-12-01T00:00:00Z")], offset), Ok(7));
        let three = [two[0], two[0], two[0]];
        let fault = FiguresFault::Logs { said: 2, listed: 3, index: 7 };
        assert_eq!(right.has(&figures, &three, offset), Err(fault));
        let period = || "2026-10".to_owned();
        for (recorded, fault) in [
            (Recorded::default(), FiguresFault::NotRecorded(period())),
            (recorded([1; 32], "0.041", early, "0.041"), FiguresFault::Others { index: 7, period: period() }),
            (recorded(figures.digest, "0.04", early, "0.041"), FiguresFault::Epsilon(7)),
            (recorded(figures.digest, "0.041", early, "0.083"), FiguresFault::Together(period())),
            (recorded(figures.digest, "0.041", early, "much"), FiguresFault::Together(period())),
            (recorded(figures.digest, "0.041", "2026-10-31T16:00:00Z", "0.041"), FiguresFault::NotBegun(period())),
        ] {
            assert_eq!(recorded.has(&figures, &two, offset), Err(fault));
        }
        assert!(recorded(figures.digest, "0.041", "2026-10-31T15:59:59Z", "0").has(&figures, &two, offset).is_ok());
    }
}
