//! What the index says of records that were let go is taken out, so that it is the index of what is left.

use jiff::{Timestamp, ToSpan, tz::Offset};
use rusqlite::params;

use super::{
    error::IndexError,
    file::{IndexFile, signed},
};

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

/// For whom and what nobody is left.
const NOBODY: &str = "DELETE FROM asked WHERE NOT EXISTS (SELECT 1 FROM query WHERE person IS NOT NULL AND \
                      data_key = asked.data_key AND institution IS asked.institution AND on_behalf IS asked.on_behalf AND \
                      scenario IS asked.scenario)";

/// The queries that are left of the last day, before an instant of it.
const DAY: &str = "INSERT INTO day SELECT ?1, COUNT(*) FILTER (WHERE code IS NULL), COUNT(code) FROM query WHERE at < ?2 HAVING COUNT(*) > 0";

/// Combinations are numbered as they come, now from the first query that is left on.
const COMBINATIONS: &str = "
CREATE TEMP TABLE came AS
  SELECT combination AS old, ROW_NUMBER() OVER (ORDER BY MIN(leaf)) AS number FROM query GROUP BY combination;
CREATE TEMP TABLE numbered AS
  SELECT came.number, institution, scenario, code FROM came JOIN combination ON combination.number = came.old;
UPDATE query SET combination = (SELECT number FROM came WHERE old = query.combination)
  WHERE combination IN (SELECT old FROM came WHERE old <> number);
DELETE FROM combination;
INSERT INTO combination SELECT number, institution, scenario, code FROM numbered;
DROP TABLE came;
DROP TABLE numbered;
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
        let whole = self.connection.transaction()?;
        for gone in GONE {
            whole.execute(gone, params![signed(until)])?;
        }
        whole.execute(NOBODY, [])?;
        whole.execute_batch(COMBINATIONS)?;
        whole.execute("DELETE FROM day WHERE day <= ?1", params![day.to_string()])?;
        whole.execute(DAY, params![day.to_string(), next.as_microsecond()])?;
        whole.commit()?;
        self.forget_known();
        Ok(())
    }
}
