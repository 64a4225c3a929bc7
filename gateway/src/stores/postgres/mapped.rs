//! Tables of a database that a map describes: as the database spells them, with the types of their columns.

use std::{collections::HashMap, sync::Arc};

use credit_policy::History;
use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Row, error::SqlState, types::ToSql};
use zeroize::Zeroizing;

use super::{
    asked::{Most, Question, of_one_moment},
    cells::Asked as Read,
    fault::PostgresFault,
    indexed::{NOBODY, is_indexed},
};
use crate::stores::{
    StoreError, StoreFault,
    contract::Asked,
    map::{Cell, Column, Map, MapFault, Reading, Select, Source},
};

/// Tables and views of a name, whatever its case: in a schema, or in the role's path.
const NAMED: &str = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.lower(c.relname::text) = pg_catalog.lower($1::text) \
     AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname::text = $2::text END";

/// Columns of a table. Names that cannot be read in this encoding are left out: no map can have them.
const COLUMNS: &str = "SELECT a.attname::text FROM pg_catalog.pg_attribute a \
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname::text = $1::text AND c.relname::text = $2::text AND a.attnum > 0 AND NOT a.attisdropped \
     AND (pg_catalog.getdatabaseencoding() <> 'SQL_ASCII' OR a.attname::text !~ '[^ -~]')";

/// A map as a connection found its tables.
pub(super) struct Bound {
    map: Map,
    are_texts_decoded: bool,
    reads: HashMap<(Arc<str>, Arc<str>), Read>,
}

/// Looks at the tables of a new connection.
///
/// # Errors
/// What of the map does not fit, and what of the tables.
pub(super) async fn bind(session: &ClientWrapper, map: &Map, encoding: &str) -> Result<Bound, PostgresFault> {
    let mut bound = Bound { map: map.clone(), are_texts_decoded: encoding == "UTF8", reads: HashMap::new() };
    for source in map.sources() {
        if encoding == "EUC_CN" && source.columns().iter().any(|column| !column.is_gb18030()) {
            return Err(PostgresFault::EncodingOfMap(source.name().to_owned()));
        }
        bound.map = spelled(session, bound.map, source).await?;
    }
    for select in bound.map.everything() {
        bound.types(session, &select).await?;
        let name = select.source().name();
        let statement = bound.statement(&select, &format!("= ANY ('{{{NOBODY}}}')"), Most::of(1, 0));
        match is_indexed(session, &statement).await {
            Ok(true) => {}
            Ok(false) => return Err(PostgresFault::NoIndex(name.to_owned())),
            Err(error) => return Err(not_readable(&error, name)),
        }
    }
    Ok(bound)
}

async fn spelled(session: &ClientWrapper, map: Map, source: &Source) -> Result<Map, PostgresFault> {
    let unmapped = |faults: Vec<MapFault>| PostgresFault::Unmapped(joined(&faults));
    let texts = |rows: Vec<Row>| rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>();
    let found = session.query(NAMED, &[&source.table(), &source.schema()]).await.map_err(|error| of(&error))?;
    let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
    let live = found.iter().map(pair).collect::<Result<Vec<_>, _>>().map_err(|error| of(&error))?;
    let map = map.bind_table(source.name(), &live).map_err(|fault| unmapped(vec![fault]))?;
    let is_it = |one: &&Arc<Source>| one.name() == source.name();
    let (schema, table) = map.sources().iter().find(is_it).map_or((None, None), |it| (it.schema(), it.table()));
    let columns = session.query(COLUMNS, &[&schema, &table]).await.and_then(texts).map_err(|error| of(&error))?;
    map.bind(source.name(), &columns).map_err(unmapped)
}

fn joined(faults: &[MapFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn of(error: &tokio_postgres::Error) -> PostgresFault {
    PostgresFault::of(error)
}

fn not_readable(error: &tokio_postgres::Error, source: &str) -> PostgresFault {
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => PostgresFault::MayNotRead(source.to_owned()),
        Some(_) | None => of(error),
    }
}

impl Bound {
    /// Finds the types of the columns of a source.
    async fn types(&mut self, session: &ClientWrapper, select: &Select) -> Result<(), PostgresFault> {
        let source = select.source().name();
        let typed = session.prepare(&select.all_sql()).await.map_err(|error| not_readable(&error, source))?;
        for (place, (column, live)) in select.columns().iter().zip(typed.columns()).enumerate() {
            let read = Read::of(live.type_(), self.are_texts_decoded);
            let fits_the_key = place > 0 || Read::is_key(live.type_());
            let read = read.filter(|_| fits_the_key).ok_or_else(|| PostgresFault::Type {
                column: format!("{source}.{}", column.name()),
                live: live.type_().name().to_owned(),
            })?;
            self.reads.insert((source.into(), column.stored().into()), read);
        }
        Ok(())
    }

    fn read(&self, select: &Select, column: &Column) -> Read {
        let key = (select.source().name().into(), column.stored().into());
        self.reads.get(&key).copied().unwrap_or(Read::Text)
    }

    fn statement(&self, select: &Select, found_by: &str, most: Most) -> String {
        let sql = select.statement(found_by, |column, name| self.read(select, column).written(&name));
        sql + &most.limit()
    }

    /// The statement that reads every row.
    pub(super) fn all(&self, select: &Select) -> String {
        select.all_rows(|column, name| self.read(select, column).written(&name))
    }

    /// The map, with tables and columns as they are spelled.
    pub(super) fn map(&self) -> &Map {
        &self.map
    }

    /// The cells of a row, lent to `take`.
    ///
    /// # Errors
    /// A value that is none of its type, or longer than any that fits.
    pub(super) fn cells<T>(
        &self,
        select: &Select,
        row: &Row,
        take: impl FnOnce(&[Cell<'_>]) -> T,
    ) -> Result<T, StoreError> {
        let mut cells = Vec::with_capacity(select.columns().len());
        for (at, column) in select.columns().iter().enumerate() {
            let cell = self.read(select, column).cell(row, at)?;
            let too_long = || StoreError::Failed(StoreFault::Mapped(select.too_long(column)));
            cells.push(cell.ok_or_else(too_long)?);
        }
        Ok(take(&cells))
    }

    /// What the tables say of each person, for the plan and the scenario.
    ///
    /// # Errors
    /// What the server says, and what of the rows does not fit and cannot be told of one person.
    pub(super) async fn histories(
        &self,
        session: &ClientWrapper,
        asked: &[Asked],
        most_bytes: usize,
    ) -> Result<Vec<Result<History, StoreError>>, StoreError> {
        let Some(first) = asked.first() else { return Ok(Vec::new()) };
        let mut persons: Vec<_> = asked.iter().map(|asked| Person::of(&self.map, asked)).collect();
        let keys = persons.iter().flat_map(|person| {
            // Where the server does not decode texts, it may refuse the whole statement for a character that it does not have.
            let wrong = person.wrong.iter().filter(|key| self.are_texts_decoded || key.is_ascii());
            person.right.iter().chain(wrong)
        });
        let parameter: Vec<Zeroizing<String>> = keys.cloned().collect();
        let parameter: Vec<&str> = parameter.iter().map(|key| key.as_str()).collect();
        let (selects, most) = (self.map.selects(&first.plan), Most::of(asked.len(), most_bytes));
        let questions = self.questions(&selects, &parameter, most);
        let found = of_one_moment(session, &questions, most).await?;
        for (select, rows) in selects.iter().zip(&found) {
            for row in rows {
                self.take(&mut persons, select, row)?;
            }
        }
        Ok(persons.into_iter().map(Person::history).collect())
    }

    fn questions<'a>(&self, selects: &'a [Select], keys: &'a (dyn ToSql + Sync), most: Most) -> Vec<Question<'a>> {
        let question = |select: &'a Select| Question {
            sql: self.statement(select, "= ANY ($1)", most),
            parameters: vec![keys],
            place: select.source().name(),
        };
        selects.iter().map(question).collect()
    }

    /// Takes a row as one of those about whom its key is; where only one is asked about, as that one's.
    fn take(&self, persons: &mut [Person<'_>], select: &Select, row: &Row) -> Result<(), StoreError> {
        if let [only] = persons {
            let is_misspelt = |key: &Cell<'_>| !only.right.iter().any(|right| key.is(right));
            let is_misspelt = self.key(select, row).is_some_and(|key| is_misspelt(&key));
            only.take(self, select, row, is_misspelt);
            return Ok(());
        }
        let key = self.key(select, row);
        let mut is_somebodys = false;
        for person in persons {
            let is_one_of = |keys: &[Zeroizing<String>]| key.is_some_and(|key| keys.iter().any(|it| key.is(it)));
            let is_right = is_one_of(&person.right);
            if is_right || is_one_of(&person.wrong) {
                is_somebodys = true;
                person.take(self, select, row, !is_right);
            }
        }
        if is_somebodys { Ok(()) } else { Err(StoreError::Failed(StoreFault::Mapped(select.misspelt()))) }
    }

    /// By whom the row is found.
    fn key<'r>(&self, select: &Select, row: &'r Row) -> Option<Cell<'r>> {
        self.read(select, select.columns().first()?).cell(row, 0).ok()?
    }

    /// Runs every statement for a number that nobody has.
    pub(super) async fn probe(&self, session: &ClientWrapper) -> Result<(), StoreError> {
        let (nobody, most) = (vec![NOBODY], Most::of(1, usize::MAX));
        let selects = self.map.everything();
        of_one_moment(session, &self.questions(&selects, &nobody, most), most).await.map(drop)
    }
}

/// One person of a question, and what was read about him or her.
struct Person<'a> {
    right: Vec<Zeroizing<String>>,
    wrong: Vec<Zeroizing<String>>,
    reading: Result<Reading<'a>, StoreError>,
}

impl<'a> Person<'a> {
    fn of(map: &'a Map, asked: &'a Asked) -> Self {
        let (right, wrong) =
            asked.person.disclose(|person| (Select::keys(person).into(), Select::misspelt_keys(person)));
        Self { right, wrong, reading: Ok(Reading::new(map, &asked.plan, &asked.scenario, &asked.person, asked.on)) }
    }

    /// Takes a row; what does not fit fails this person's look-up.
    fn take(&mut self, bound: &Bound, select: &Select, row: &Row, is_misspelt: bool) {
        let Ok(reading) = &mut self.reading else { return };
        let read = bound.cells(select, row, |cells| {
            reading.row(select, cells)?;
            // Who it is about is found out first: another person's row is worse than a blank.
            if is_misspelt && select.is_of_a_person(cells) { Err(select.misspelt()) } else { Ok(()) }
        });
        match read {
            Ok(Ok(())) => {}
            Ok(Err(unfit)) => self.reading = Err(StoreError::Failed(StoreFault::Mapped(unfit))),
            Err(error) => self.reading = Err(error),
        }
    }

    fn history(self) -> Result<History, StoreError> {
        self.reading.map(Reading::counted)
    }
}
