//! What the index says of records that were let go is taken out, so that it is the index of what is left.

use jiff::{Timestamp, ToSpan, tz::Offset};
use rusqlite::params;

use super::{error::IndexError, file::IndexFile, place::signed, rows::NOBODY};

/// Rows of leaves before the first value, and what names one of them.
const GONE: [&str; 4] = [
    // The token of a consent stood there: by which query it was used later is told no more.
    "UPDATE query SET consent = NULL WHERE consent IN (SELECT consent FROM query WHERE leaf < ?1 AND consent IS NOT NULL)",
    "DELETE FROM look WHERE leaf < ?1 OR query < ?1",
    "DELETE FROM act WHERE leaf < ?1",
    "DELETE FROM query WHERE leaf < ?1",
];

/// Whether any of these rows is there.
const ANY: &str = "SELECT 1 FROM query WHERE leaf < ?1 UNION ALL SELECT 1 FROM act WHERE leaf < ?1 \
                   UNION ALL SELECT 1 FROM look WHERE leaf < ?1 OR query < ?1";

/// The queries that are left of the last day, before an instant of it.
const DAY: &str = "INSERT INTO day SELECT ?1, COUNT(*) FILTER (WHERE code IS NULL), COUNT(code) FROM said WHERE at < ?2 HAVING COUNT(*) > 0";

/// Names that stand in no row any more, and where the data keys begin now.
const NAMES: &str = "
DELETE FROM combination WHERE NOT EXISTS (SELECT 1 FROM query WHERE combination = number);
DELETE FROM staff WHERE NOT EXISTS (SELECT 1 FROM query WHERE staff = number);
DELETE FROM data_key WHERE NOT EXISTS (SELECT 1 FROM query WHERE data_key = number AND leaf BETWEEN first AND last);
";

impl IndexFile {
    /// Takes out what leaves before `until` say, whole or not at all.
    pub(super) fn let_go(&mut self, until: u64, last_at: Timestamp, offset: Offset) -> Result<(), IndexError> {
        let day = offset.to_datetime(last_at).date();
        let next = offset.to_timestamp(day.saturating_add(1.day()).at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
        // Where there is nothing of them any more, nothing is to be counted anew.
        if !self.connection.prepare(ANY)?.exists(params![signed(until)])? {
            return Ok(());
        }
        self.change_at_once(|whole| {
            for gone in GONE {
                whole.execute(gone, params![signed(until)])?;
            }
            whole.execute(NOBODY, [])?;
            whole.execute("UPDATE data_key SET first = MAX(first, ?1)", params![signed(until)])?;
            whole.execute_batch(NAMES)?;
            whole.execute("DELETE FROM day WHERE day <= ?1", params![day.to_string()])?;
            whole.execute(DAY, params![day.to_string(), next.as_microsecond()])?;
            Ok(())
        })
    }
}
