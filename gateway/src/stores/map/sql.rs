//! A question as a statement of SQL, in the words that SQLite and PostgreSQL share.

use super::select::Select;

impl Select {
    /// The statement, with two parameters for the two spellings of the number. Names are quoted, and qualified: SQLite
    /// takes a bare name in quotation marks for a text where there is no such column.
    pub(crate) fn sql(&self, parameters: [&str; 2]) -> String {
        let columns: Vec<_> = self.columns().iter().map(|column| qualified(column.stored())).collect();
        let key = columns.first().map_or("", String::as_str);
        let [one, other] = parameters;
        let mut sql = format!("SELECT {} FROM {} WHERE {key} IN ({one}, {other})", columns.join(", "), self.table());
        for exclude in self.excludes() {
            let column = qualified(&exclude.column);
            let codes: Vec<_> = exclude.codes.iter().map(|code| format!("'{code}'")).collect();
            sql.push_str(&format!(" AND ({column} IS NULL OR CAST({column} AS TEXT) NOT IN ({}))", codes.join(", ")));
        }
        sql
    }

    /// The statement that reads all rows.
    pub(crate) fn all_sql(&self) -> String {
        let columns: Vec<_> = self.columns().iter().map(|column| qualified(column.stored())).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.table())
    }

    fn table(&self) -> String {
        let source = self.source();
        let table = quoted(source.table().unwrap_or_default());
        let schema = source.schema().map(|schema| quoted(schema) + ".").unwrap_or_default();
        format!("{schema}{table} AS r")
    }
}

fn qualified(column: &str) -> String {
    format!("r.{}", quoted(column))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
