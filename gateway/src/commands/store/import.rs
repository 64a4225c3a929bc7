//! `store import`: makes a store of text files. Everything is read and checked first; the new store takes the place of the
//! one before by a rename, or nothing changes.

use std::{
    fmt::Display,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read as _, Seek as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use credit_policy::CitizenNumber;
use rusqlite::{Connection, ErrorCode, Statement, params_from_iter};

use super::import_mapped::{self, Line};
use crate::{
    commands::failure::{ConfigFile, Failure},
    stores::{
        SCHEMA,
        delimited::{Cells, Rows},
        examine::{Domain, RowFault, check_row},
        layout::{Form, TABLES, Table},
        map::Map,
    },
    terminal::{eprint, print, said, words},
};

/// Faults that are told one a line; what follows is counted.
const TOLD: usize = 1_000;
/// Rows between two lines of progress.
const PROGRESS: u64 = 500_000;
/// The column that may be left out: the import counts then.
const COUNTER: &str = "nr";

#[derive(clap::Args)]
pub(in crate::commands) struct Arguments {
    /// Text files, each with the rows of one table under a line with the names of its columns; with --map, spreadsheets 文本文件；指定映射时为电子表格
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The store to make; left out = the one that the configuration names 目标数据源
    #[arg(long, value_name = "STORE")]
    to: Option<PathBuf>,
    /// The map of spreadsheets (.xlsx, .ods) of another layout: a shipped one, or a file 电子表格所用的映射
    #[arg(long, value_name = "MAP")]
    map: Option<PathBuf>,
    /// Take a file without rows too: what it is about is nowhere in the store then 允许没有数据行的文件：数据源中即不再有其内容
    #[arg(long)]
    allow_empty: bool,
    /// Check everything, and change nothing 只检查，不改动
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// 0 where the new store is in place (or could be), 1 where a row does not fit, 64 where a file is no table.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (settings, domain) = super::domain::read(&arguments.config)?;
    let to = super::place::own_tables(&settings, arguments.to.as_ref())?;
    let no = |what: &Path| {
        let what = what.display().to_string();
        move |error: std::io::Error| Failure::usage(at(&what, &error))
    };
    let wal = beside(&to, "-wal");
    if fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0) {
        let wal = wal.display();
        return Err(Failure::usage(said(
            || format!("`{wal}` 正在使用：请先结束写入数据源的程序"),
            || format!("`{wal}` is in use: end the program that writes the store first"),
        )));
    }
    let made = Made(beside(&to, &format!(".import-{}", std::process::id())));
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made.0).map_err(no(&made.0))?;
    let map = arguments.map.as_ref().map(|map| Map::open(map, domain.catalogue()));
    let map = map.transpose().map_err(Failure::usage)?;
    let allows_empty = arguments.allow_empty;
    let mut import = Import { domain: &domain, map, allows_empty, faults: Vec::new(), more: 0, rows: 0, left_out: 0 };
    import.fill(&made.0, &arguments.files)?;
    if !import.faults.is_empty() {
        let more = import.more;
        if more > 0 {
            import.faults.push(format!("… {}{more}", words("另有：", "and more: ")));
        }
        import.faults.push(words("未导入任何数据", "nothing was imported").to_owned());
        return Err(Failure { code: 1, lines: import.faults });
    }
    let rows = import.rows;
    if import.left_out > 0 {
        print(format_args!(
            "{}{}",
            words("不计入而未导入的行数：", "rows left out, as they count nowhere: "),
            import.left_out
        ));
    }
    if arguments.dry_run {
        print(format_args!(
            "{}{rows}",
            words("全部行均可导入，未作改动：", "every row can be imported, nothing was changed: ")
        ));
        return Ok(());
    }
    put_in_place(&made.0, &to).map_err(no(&to))?;
    print(format_args!("{}{rows} → `{}`", words("已导入行数：", "rows imported: "), to.display()));
    Ok(())
}

/// What a file is by its first bytes, where that is no text in UTF-8, and what to do with it.
fn other_than_text(mut file: &File) -> io::Result<Option<&'static str>> {
    let mut first = [0; 4];
    let mut read = 0;
    while let Some(rest) = first.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            more => read += more,
        }
    }
    file.rewind()?;
    Ok(match first {
        [b'P', b'K', 3, 4] => Some(words(
            "为电子表格：请用 --map 指定说明其各列的映射，或另存为 CSV（UTF-8）",
            "is a spreadsheet: name the map that says what its columns are with --map, or save it as CSV in UTF-8",
        )),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(words(
            "为 UTF-16：请先转换：iconv -f UTF-16 -t UTF-8",
            "is UTF-16: convert it first: iconv -f UTF-16 -t UTF-8",
        )),
        _ => None,
    })
}

/// Where something is wrong, and what.
fn at(place: impl Display, what: impl Display) -> String {
    said(|| format!("`{place}`：{what}"), || format!("`{place}`: {what}"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// As readable as the one before, and durable before it takes its name.
fn put_in_place(made: &Path, to: &Path) -> std::io::Result<()> {
    if let Ok(before) = fs::metadata(to) {
        fs::set_permissions(made, fs::Permissions::from_mode(before.mode() & 0o777))?;
        let new = fs::metadata(made)?;
        if (new.uid(), new.gid()) != (before.uid(), before.gid()) {
            chown(made, Some(before.uid()), Some(before.gid()))?;
        }
    }
    File::open(made)?.sync_all()?;
    fs::rename(made, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

struct Import<'a> {
    domain: &'a Domain,
    /// What spreadsheets are; text files have the gateway's own columns.
    map: Option<Map>,
    allows_empty: bool,
    faults: Vec<String>,
    more: u64,
    rows: u64,
    left_out: u64,
}

impl Import<'_> {
    fn fault(&mut self, file: &Path, line: u64, what: impl Display) {
        if self.faults.len() < TOLD {
            self.faults.push(format!("{}:{line}{}{what}", file.display(), words("：", ": ")));
        } else {
            self.more += 1;
        }
    }

    fn fill(&mut self, made: &Path, files: &[PathBuf]) -> Result<(), Failure> {
        let system = |error: rusqlite::Error| {
            Failure::unavailable(at(made.display(), format_args!("{:?}", error.sqlite_error_code())))
        };
        let mut store = Connection::open(made).map_err(system)?;
        store
            .execute_batch(&format!("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}"))
            .map_err(system)?;
        let transaction = store.transaction().map_err(system)?;
        let map = self.map.take();
        for file in files {
            let before = (self.rows, self.faults.len());
            match &map {
                None => self.file(&transaction, file)?,
                Some(map) => self.mapped_file(&transaction, file, map)?,
            }
            if before == (self.rows, self.faults.len()) && !self.allows_empty {
                let none = words(
                    "没有可导入的行，导入后此前的内容将全部消失：如确属如此，请加 --allow-empty",
                    "has no row to import, and all that stood there before would be gone: where that is right, say --allow-empty",
                );
                self.faults.push(at(file.display(), none));
            }
        }
        transaction.commit().map_err(system)
    }

    fn file(&mut self, store: &Connection, path: &Path) -> Result<(), Failure> {
        let no = |what: &dyn Display| Failure::usage(at(path.display(), what));
        let file = File::open(path).map_err(|error| no(&error))?;
        if let Some(why) = other_than_text(&file).map_err(|error| no(&error))? {
            return Err(no(&why));
        }
        let mut rows = Rows::new(BufReader::new(file));
        let header = rows.next_row().map_err(|(line, fault)| {
            no(&said(|| format!("第 {line} 行：{}", fault.chinese()), || format!("line {line}: {fault}")))
        })?;
        let header = header.ok_or_else(|| no(&words("文件为空", "is empty")))?;
        let columns = Columns::of(&header.cells).map_err(|what| no(&what))?;
        let mut insert = store.prepare(&columns.insert()).map_err(|error| no(&error))?;
        loop {
            let row = match rows.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err((line, fault)) => {
                    self.fault(path, line, said(|| fault.chinese(), || fault.to_string()));
                    return Ok(());
                }
            };
            self.rows += 1;
            if self.rows.is_multiple_of(PROGRESS) {
                eprint(format_args!("{}{}", words("已读取行数：", "rows read: "), self.rows));
            }
            let line = row.line;
            let Some(values) = self.values(path, &columns, row) else { continue };
            self.insert(&mut insert, columns.table, path, line, values)?;
        }
    }

    /// A spreadsheet of another layout.
    fn mapped_file(&mut self, store: &Connection, path: &Path, map: &Map) -> Result<(), Failure> {
        let mut failed = None;
        import_mapped::lines(path, map, &mut |line, found| {
            self.rows += u64::from(!matches!(found, Line::LeftOut));
            match found {
                Line::LeftOut => self.left_out += 1,
                Line::Fault(what) => self.fault(path, line, what),
                Line::Row(table, values) => {
                    if self.fits(path, table, &values, true, line)
                        && let Err(failure) = self.insert_one(store, table, path, line, values)
                    {
                        failed.get_or_insert(failure);
                    }
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn insert_one(
        &mut self,
        store: &Connection,
        table: &'static Table,
        path: &Path,
        line: u64,
        values: Vec<Option<String>>,
    ) -> Result<(), Failure> {
        let no = |error: rusqlite::Error| {
            Failure::usage(at(path.display(), format_args!("{:?}", error.sqlite_error_code())))
        };
        let mut insert = store.prepare_cached(&Columns::all_of(table).insert()).map_err(no)?;
        self.insert(&mut insert, table, path, line, values)
    }

    fn insert(
        &mut self,
        insert: &mut Statement<'_>,
        table: &Table,
        path: &Path,
        line: u64,
        values: Vec<Option<String>>,
    ) -> Result<(), Failure> {
        match insert.execute(params_from_iter(values)) {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                let key: Vec<_> = table.columns.iter().take(table.key).map(|(name, _)| *name).collect();
                let key = key.join(", ");
                let said = said(
                    || format!("前面已有 {key} 相同的行"),
                    || format!("a row with the same {key} stands before it"),
                );
                self.fault(path, line, said);
            }
            Err(error) => {
                return Err(Failure::usage(at(path.display(), format_args!("{:?}", error.sqlite_error_code()))));
            }
        }
        Ok(())
    }

    /// The values of one row in the order of the table's columns, if all of them fit.
    fn values(&mut self, path: &Path, columns: &Columns, row: Cells) -> Option<Vec<Option<String>>> {
        let Cells { line, cells } = row;
        if cells.len() != columns.places.len() {
            let (has, wanted) = (cells.len(), columns.places.len());
            let said = said(
                || format!("有 {has} 个单元格，而首行有 {wanted} 个"),
                || format!("{has} cells, and the first line has {wanted}"),
            );
            self.fault(path, line, said);
            return None;
        }
        let mut values: Vec<Option<String>> = columns.table.columns.iter().map(|_| None).collect();
        for (cell, place) in cells.into_iter().zip(&columns.places) {
            if let Some(value) = values.get_mut(*place) {
                *value = Some(cell).filter(|cell| !cell.is_empty() && cell != "\\N");
            }
        }
        for ((_, form), value) in columns.table.columns.iter().zip(&mut values) {
            match (form, value.as_deref()) {
                // The one form of a number; what is none is told below.
                (Form::Number, Some(text)) => {
                    if let Ok(person) = CitizenNumber::parse(text.trim()) {
                        *value = Some(person.disclose(|person| person.as_str().to_owned()));
                    }
                }
                (Form::Flag, None) => *value = Some("0".to_owned()),
                _ => {}
            }
        }
        self.fits(path, columns.table, &values, columns.counts, line).then_some(values)
    }

    /// Whether all values fit, and tells which do not.
    fn fits(&mut self, path: &Path, table: &Table, values: &[Option<String>], counts: bool, line: u64) -> bool {
        let mut to_check = values.to_vec();
        let counter = table.columns.iter().position(|(name, _)| counts && *name == COUNTER);
        if let Some(counter) = counter.and_then(|counter| to_check.get_mut(counter)) {
            *counter = Some("0".to_owned());
        }
        let mut found = Vec::new();
        check_row(table, &to_check, line, self.domain, &mut |fault, _| found.push(fault));
        let fits = found.is_empty();
        for RowFault { column, what, .. } in found {
            let said = said(|| format!("列 `{column}`：{}", what.chinese()), || format!("column `{column}`: {what}"));
            self.fault(path, line, said);
        }
        fits
    }
}

/// Which table a file is of, and in which order its columns stand.
struct Columns {
    table: &'static Table,
    places: Vec<usize>,
    /// Whether the counter is left out.
    counts: bool,
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, String> {
        let names: Vec<_> = header.iter().map(|name| name.trim()).collect();
        let own = |table: &&&Table| table.columns.get(1).is_some_and(|(name, _)| names.contains(name));
        let Some(table) = TABLES.iter().find(own) else {
            return Err(words(
                "首行未指明是哪张表：除 `number` 外，应有列 `class`（记录）、`list`（名单）或 `field`（属性）",
                "the first line names no table: it has a column `class` (records), `list` (listings) or `field` \
                 (attributes), beside `number`",
            )
            .to_owned());
        };
        let place = |name: &&str| table.columns.iter().position(|(column, _)| column == name);
        if let Some(unknown) = names.iter().find(|name| place(name).is_none()) {
            let known: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
            let (table, known) = (table.name, known.join(", "));
            return Err(said(
                || format!("表 `{table}` 没有列 `{unknown}`；它的列为 {known}"),
                || format!("the table `{table}` has no column `{unknown}`: it has {known}"),
            ));
        }
        let twice = |(at, name): (usize, &&str)| names.iter().skip(at + 1).any(|other| other == name);
        if names.iter().enumerate().any(twice) {
            return Err(words("首行中同一列出现两次", "the first line names a column twice").to_owned());
        }
        let counts = table.columns.iter().any(|(name, _)| *name == COUNTER) && !names.contains(&COUNTER);
        let may_miss =
            |name: &str, form: Form| name == COUNTER || matches!(form, Form::SomeDay | Form::SomeAmount | Form::Flag);
        let missing = table.columns.iter().find(|(name, form)| !names.contains(name) && !may_miss(name, *form));
        match missing {
            Some((name, _)) => Err(said(|| format!("缺少列 `{name}`"), || format!("the column `{name}` is missing"))),
            None => Ok(Self { table, places: names.iter().filter_map(place).collect(), counts }),
        }
    }

    /// All columns of a table, in their order; the import counts.
    fn all_of(table: &'static Table) -> Self {
        let counts = table.columns.iter().any(|(name, _)| *name == COUNTER);
        Self { table, places: (0..table.columns.len()).collect(), counts }
    }

    fn insert(&self) -> String {
        let Table { name, columns, .. } = self.table;
        let value = |(at, (column, form)): (usize, &(&str, Form))| match form {
            Form::Whole if self.counts => {
                let second = columns.get(1).map_or("", |(name, _)| name);
                format!(
                    "(SELECT ifnull(max({column}), 0) + 1 FROM {name} WHERE number = ?1 AND {second} = ?2 AND ?3 IS NULL)"
                )
            }
            _ => format!("?{}", at + 1),
        };
        let values: Vec<_> = columns.iter().enumerate().map(value).collect();
        format!("INSERT INTO {name} VALUES ({})", values.join(", "))
    }
}

/// A file that is removed unless it was renamed.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        // Gone where it took its place.
        drop(fs::remove_file(&self.0));
    }
}
