//! A search of the record by whoever reviews it: by institution, member of staff, scenario, outcome, case and time.

use rusqlite::{OptionalExtension, Row, ToSql, params, params_from_iter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{error::IndexError, file::IndexFile, rows::case_key};

/// What is looked for; what is left out restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) institution: Option<String>,
    /// Of the institution.
    pub(crate) staff: Option<String>,
    pub(crate) scenario: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    /// Of the institution.
    pub(crate) case: Option<String>,
    /// What stands for the consent in the state.
    pub(crate) consent: Option<[u8; 16]>,
    /// From this instant on, in microseconds of Unix time.
    pub(crate) from: Option<i64>,
    /// Before this instant.
    pub(crate) until: Option<i64>,
    /// Before this leaf.
    pub(crate) before: Option<u64>,
}

/// How a query ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// With any code.
    Refused,
    Code(String),
}

/// A query as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) query: Uuid,
    pub(crate) index: u64,
    /// In microseconds of Unix time.
    #[serde(skip)]
    pub(crate) at: i64,
    /// Nobody where a person or the public asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) institution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_behalf: Option<String>,
    #[serde(rename = "operator", skip_serializing_if = "Option::is_none")]
    pub(crate) staff: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<String>,
    /// Of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

/// A consent on which institutions asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsedConsent {
    /// What stands for it in the state.
    pub(crate) key: [u8; 16],
    pub(crate) institution: Option<String>,
    pub(crate) scenario: Option<String>,
    /// Queries that were answered on it.
    pub(crate) answered: u64,
    /// The last query on it, in microseconds of Unix time.
    pub(crate) last: i64,
}

/// Queries on consents that are looked at for a list of these: what it costs does not grow with the log.
const LAST_ON_CONSENT: u32 = 500;

/// What a list shows, as [`listed`] reads it.
const LISTED: &str = "id, leaf, at, institution, on_behalf, staff, scenario, case_number, code";

fn listed(row: &Row<'_>) -> Result<Listed, rusqlite::Error> {
    let id = row.get::<_, Vec<u8>>(0)?;
    Ok(Listed {
        query: Uuid::from_slice(&id).unwrap_or_default(),
        index: row.get::<_, i64>(1)?.unsigned_abs(),
        at: row.get(2)?,
        institution: row.get(3)?,
        on_behalf: row.get(4)?,
        staff: row.get(5)?,
        scenario: row.get(6)?,
        case: row.get(7)?,
        code: row.get(8)?,
    })
}

impl Search {
    /// Whether whom the queries are by, for what or how they ended is asked for.
    fn is_by_combination(&self) -> bool {
        self.institution.is_some() || self.staff.is_some() || self.scenario.is_some() || self.outcome.is_some()
    }
}

/// From the first of two leaves on and before the second.
pub(super) type Leaves = (i64, i64);

/// A condition with its value.
type Condition<'a> = (&'static str, &'a dyn ToSql);

impl IndexFile {
    /// The newest queries that fit, newest first.
    pub(super) fn search(&self, search: &Search, most: u32) -> Result<Vec<Listed>, IndexError> {
        // Records stand in the order of their times: instants become leaves, and no row is looked at twice.
        let first = search.from.map_or(Ok(0), |from| self.leaf_since(from))?;
        let end = search.until.map_or(Ok(i64::MAX), |until| self.leaf_since(until))?;
        let before = search.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let leaves = (first, end.min(before));
        // A case and a consent have few queries: what else is wanted is looked for among these.
        if search.case.is_some() || search.consent.is_some() || !search.is_by_combination() {
            return self.search_rows(search, leaves, most);
        }
        let mut select = self.connection.prepare_cached(&format!("SELECT {LISTED} FROM said WHERE leaf = ?1"))?;
        let found = self.newest(search, leaves, most)?.into_iter().map(|leaf| select.query_row(params![leaf], listed));
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// By looking at one row after the other.
    fn search_rows(&self, search: &Search, (first, end): Leaves, most: u32) -> Result<Vec<Listed>, IndexError> {
        let code = match &search.outcome {
            Some(Outcome::Code(code)) => Some(code),
            Some(Outcome::Answered | Outcome::Refused) | None => None,
        };
        let consent = search.consent.as_ref().map(<[u8; 16]>::as_slice);
        let case = search.institution.as_ref().zip(search.case.as_ref()).map(|(of, case)| case_key(of, case));
        let conditions: [Option<Condition<'_>>; 7] = [
            case.as_ref().map(|value| ("case_key = ?", value as &dyn ToSql)),
            search.institution.as_ref().map(|value| ("institution = ?", value as &dyn ToSql)),
            search.staff.as_ref().map(|value| ("staff = ?", value as &dyn ToSql)),
            search.scenario.as_ref().map(|value| ("scenario = ?", value as &dyn ToSql)),
            search.case.as_ref().map(|value| ("case_number = ?", value as &dyn ToSql)),
            consent.as_ref().map(|value| ("consent = ?", value as &dyn ToSql)),
            code.map(|value| ("code = ?", value as &dyn ToSql)),
        ];
        let mut wanted = vec!["leaf >= ?", "leaf < ?"];
        let mut values: Vec<&dyn ToSql> = vec![&first, &end];
        for (condition, value) in conditions.into_iter().flatten() {
            wanted.push(condition);
            values.push(value);
        }
        wanted.extend(match search.outcome {
            Some(Outcome::Answered) => Some("code IS NULL"),
            Some(Outcome::Refused) => Some("code IS NOT NULL"),
            Some(Outcome::Code(_)) | None => None,
        });
        values.push(&most);
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {LISTED} FROM said WHERE {} ORDER BY leaf DESC LIMIT ?",
            wanted.join(" AND ")
        ))?;
        let found = select.query_map(params_from_iter(values), listed)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The consents of the newest queries on one, the one used last first.
    pub(super) fn used_consents(&self) -> Result<Vec<UsedConsent>, IndexError> {
        let mut newest = self.connection.prepare_cached(
            "SELECT consent, institution, scenario, at FROM query INDEXED BY query_on_consent \
             CROSS JOIN combination ON combination.number = combination WHERE consent IS NOT NULL ORDER BY leaf DESC LIMIT ?1",
        )?;
        let mut answered =
            self.connection.prepare_cached("SELECT COUNT(*) FROM said WHERE consent = ?1 AND code IS NULL")?;
        let mut used: Vec<UsedConsent> = Vec::new();
        let mut rows = newest.query(params![LAST_ON_CONSENT])?;
        while let Some(row) = rows.next()? {
            let Ok(key) = <[u8; 16]>::try_from(row.get::<_, Vec<u8>>(0)?) else { continue };
            if used.iter().any(|one| one.key == key) {
                continue;
            }
            let count: Option<i64> = answered.query_row(params![key.as_slice()], |row| row.get(0)).optional()?;
            let answered = count.unwrap_or_default().unsigned_abs();
            used.push(UsedConsent {
                key,
                institution: row.get(1)?,
                scenario: row.get(2)?,
                answered,
                last: row.get(3)?,
            });
        }
        Ok(used)
    }

    /// The first leaf from an instant on, or one behind the last.
    pub(super) fn leaf_since(&self, at: i64) -> Result<i64, IndexError> {
        let mut next =
            self.connection.prepare_cached("SELECT leaf, at FROM query WHERE leaf >= ?1 ORDER BY leaf LIMIT 1")?;
        let (mut low, mut high) = (0, i64::try_from(self.size()).unwrap_or(i64::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            let mut rows = next.query(params![middle])?;
            match rows.next()? {
                Some(row) if row.get::<_, i64>(1)? < at => low = row.get::<_, i64>(0)? + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}
