//! The tables of the embedded store: their columns, what form each has, and the statements that read them.

use rusqlite::Connection;

/// Tables of the embedded store.
pub(crate) const SCHEMA: &str = include_str!("schema.sql");

/// What a column contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A citizen number in canonical form.
    Number,
    /// A class of the data list that has records.
    Class,
    /// A list of persons.
    List,
    /// An attribute of the data list.
    Field,
    /// A whole number.
    Whole,
    /// A whole number that is not negative, or NULL.
    SomeAmount,
    /// How grave an act was.
    Severity,
    /// A day.
    Day,
    /// A day, or NULL.
    SomeDay,
    /// 0 or 1.
    Flag,
    /// A JSON scalar.
    Scalar,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Its columns, in the order of `schema.sql`; the first is the citizen number.
    pub(crate) columns: &'static [(&'static str, Form)],
    /// How many of the columns make the key.
    pub(crate) key: usize,
    /// What a look-up reads; the names asked for follow.
    pub(crate) select: &'static str,
}

pub(crate) const RECORD: Table = Table {
    name: "record",
    columns: &[
        ("number", Form::Number),
        ("class", Form::Class),
        ("nr", Form::Whole),
        ("severity", Form::Severity),
        ("act", Form::Day),
        ("determined", Form::Day),
        ("sentence_end", Form::SomeDay),
        ("effect_end", Form::SomeDay),
        ("repaired", Form::SomeDay),
        ("repair_revoked", Form::SomeDay),
        ("disputed", Form::Flag),
        ("performed", Form::SomeDay),
        ("amount", Form::SomeAmount),
    ],
    key: 3,
    select: "SELECT class, severity, act, determined, sentence_end, effect_end, repaired, repair_revoked, disputed, performed, amount FROM record WHERE number = ?1 AND class IN",
};

pub(crate) const LISTING: Table = Table {
    name: "listing",
    columns: &[
        ("number", Form::Number),
        ("list", Form::List),
        ("nr", Form::Whole),
        ("since", Form::Day),
        ("until", Form::SomeDay),
        ("disputed", Form::Flag),
    ],
    key: 3,
    select: "SELECT list, since, until, disputed FROM listing WHERE number = ?1 AND list IN",
};

pub(crate) const ATTRIBUTE: Table = Table {
    name: "attribute",
    columns: &[("number", Form::Number), ("field", Form::Field), ("value", Form::Scalar)],
    key: 2,
    select: "SELECT field, value FROM attribute WHERE number = ?1 AND field IN",
};

/// All of them.
pub(crate) const TABLES: [&Table; 3] = [&RECORD, &LISTING, &ATTRIBUTE];

impl Table {
    /// Reads every column of every row, in the order of the key: the n-th is row n.
    pub(crate) fn all_rows(&self) -> String {
        // Qualified: SQLite may take a bare name in quotation marks for a text where there is no such column.
        let names: Vec<_> = self.columns.iter().map(|(name, _)| format!("{}.{name}", self.name)).collect();
        let key: Vec<_> = names.iter().take(self.key).map(String::as_str).collect();
        format!("SELECT {} FROM {} ORDER BY {}", names.join(", "), self.name, key.join(", "))
    }

    /// Reads what a look-up reads, of everybody, with the number last; in the order of the key.
    pub(super) fn people(&self) -> String {
        let (columns, _) = self.select.split_once(" FROM ").unwrap_or_default();
        let key: Vec<_> = self.columns.iter().take(self.key).map(|(name, _)| *name).collect();
        format!("{columns}, {0}.number FROM {0} ORDER BY {1}", self.name, key.join(", "))
    }

    /// Whether its look-ups find a person by an index, and do not read the whole table.
    pub(crate) fn is_indexed(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {} (?)", self.select))?;
        let mut steps = plan.query(["", ""])?;
        while let Some(step) = steps.next()? {
            if step.get_ref("detail")?.as_str().is_ok_and(|detail| detail.starts_with("SCAN")) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Fails where a table or column is missing: prepares what look-ups and checks read. Of SQLite's message only names of
/// the schema come out.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    for table in TABLES {
        connection.prepare(&format!("{} (?)", table.select))?;
        connection.prepare(&table.all_rows())?;
    }
    Ok(())
}
