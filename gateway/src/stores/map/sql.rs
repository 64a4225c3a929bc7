//! A question as a statement of SQL, in the words that SQLite and PostgreSQL share.

use super::{column::Column, select::Select};

impl Select {
    /// The statement, with parameters for the spellings of the number. Names are quoted, and qualified: SQLite
    /// takes a bare name in quotation marks for a text where there is no such column.
    pub(crate) fn sql(&self, spellings: [&str; 4]) -> String {
        self.statement(&format!("IN ({})", spellings.join(", ")), |_, name| name)
    }

    /// The statement in the words of an engine: what the key must be, and how the value of a column is read, given its
    /// qualified name.
    pub(crate) fn statement(&self, found_by: &str, read: impl Fn(&Column, String) -> String) -> String {
        let key = self.columns().first().map_or_else(String::new, |key| qualified(key.stored()));
        let mut sql = format!("{} WHERE {key} {found_by}", self.all_rows(read));
        for exclude in self.excludes() {
            let column = qualified(&exclude.column);
            let codes: Vec<_> = exclude.codes.iter().map(|code| format!("'{code}'")).collect();
            sql.push_str(&format!(" AND ({column} IS NULL OR CAST({column} AS TEXT) NOT IN ({}))", codes.join(", ")));
        }
        sql
    }

    /// The statement that reads all rows.
    pub(crate) fn all_sql(&self) -> String {
        self.all_rows(|_, name| name)
    }

    /// The same in the words of an engine.
    pub(crate) fn all_rows(&self, read: impl Fn(&Column, String) -> String) -> String {
        let columns: Vec<_> = self.columns().iter().map(|column| read(column, qualified(column.stored()))).collect();
        format!("SELECT {} FROM {} AS r", columns.join(", "), self.table())
    }

    /// What is put behind a statement of all rows, so that those of one person come together where that tells something.
    pub(crate) fn order(&self) -> String {
        let key = self.columns().first().filter(|_| self.has_single_values());
        key.map(|key| format!(" ORDER BY {}", qualified(key.stored()))).unwrap_or_default()
    }

    /// The table, as a statement names it.
    pub(crate) fn table(&self) -> String {
        let source = self.source();
        let table = quoted(source.table().unwrap_or_default());
        let schema = source.schema().map(|schema| quoted(schema) + ".").unwrap_or_default();
        schema + &table
    }
}

fn qualified(column: &str) -> String {
    format!("r.{}", quoted(column))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
