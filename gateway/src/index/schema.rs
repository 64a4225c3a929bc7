//! The tables of the index.

/// Raised with every change of what follows or of what a row says: an index of another form is made again.
pub(super) const FORM: i64 = 10;

pub(super) const TABLES: &str = "
CREATE TABLE head (
  form INTEGER NOT NULL,
  origin TEXT NOT NULL,
  index_key TEXT NOT NULL,
  size INTEGER NOT NULL,
  last BLOB NOT NULL
) STRICT;
-- A query. `place` and `length`: where its leaf lies in the entry bundle. `person` is NULL where nobody is known, or
-- not any more. `known_from`: the day from which the person may know of it; NULL = never, unless a notice was given.
-- `due`, `fetched`: the last leaf that says that a correction of the answer is due, and that it was fetched. `combination`:
-- the number of its institution, scenario and code together.
CREATE TABLE query (
  leaf INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  length INTEGER NOT NULL,
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  institution TEXT,
  on_behalf TEXT,
  staff TEXT,
  scenario TEXT,
  code TEXT,
  consent BLOB,
  case_number TEXT,
  person BLOB,
  data_key TEXT,
  known_from TEXT,
  notice INTEGER,
  due INTEGER,
  due_at INTEGER,
  fetched INTEGER,
  combination INTEGER NOT NULL
) STRICT;
-- By whom queries were asked, for what, and how they ended: few, however long the log is.
CREATE TABLE combination (
  number INTEGER PRIMARY KEY,
  institution TEXT,
  scenario TEXT,
  code TEXT
) STRICT;
-- For whom and what there are queries about somebody in a month, once each.
CREATE TABLE asked (
  institution TEXT,
  on_behalf TEXT,
  scenario TEXT,
  data_key TEXT NOT NULL,
  UNIQUE (data_key, institution, on_behalf, scenario)
) STRICT;
-- What somebody did for a person at the persons' door or the counter, and mandates to do so.
CREATE TABLE act (
  leaf INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  length INTEGER NOT NULL,
  person BLOB,
  data_key TEXT NOT NULL
) STRICT;
-- That an officer looked at what stands in a query: opened it for review, or its sealed part.
CREATE TABLE look (
  leaf INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  length INTEGER NOT NULL,
  query INTEGER NOT NULL
) STRICT;
-- Queries of a day of the jurisdiction, by how they ended.
CREATE TABLE day (
  day TEXT PRIMARY KEY,
  answered INTEGER NOT NULL,
  refused INTEGER NOT NULL
) STRICT;
CREATE INDEX look_query ON look (query, leaf);
CREATE INDEX act_person ON act (person, leaf) WHERE person IS NOT NULL;
CREATE INDEX query_id ON query (id);
-- All that a page of a person is made of, so that its rows lie together however long the log is.
CREATE INDEX query_person ON query (person, leaf, place, length, at, known_from, notice, due, fetched) WHERE person IS NOT NULL;
CREATE INDEX query_combination ON query (combination, leaf);
CREATE INDEX query_staff ON query (staff, combination, leaf) WHERE staff IS NOT NULL;
CREATE INDEX query_consent ON query (consent, leaf) WHERE consent IS NOT NULL;
CREATE INDEX query_on_consent ON query (leaf) WHERE consent IS NOT NULL;
CREATE INDEX query_case ON query (institution, case_number, leaf);
CREATE INDEX query_due ON query (institution, due) WHERE due IS NOT NULL;
CREATE INDEX query_owed ON query (leaf) WHERE notice IS NULL AND code IS NULL AND person IS NOT NULL AND institution IS NOT NULL;
-- Those that are owed are counted each second: by the day from which they are.
CREATE INDEX query_owed_from ON query (known_from, leaf) WHERE notice IS NULL AND code IS NULL AND person IS NOT NULL AND institution IS NOT NULL;
CREATE INDEX query_data_key ON query (data_key);
";

/// The columns of a row, in the order in which rows are written and compared.
pub(super) const COLUMNS: &str = "leaf, place, length, id, at, institution, on_behalf, staff, scenario, code, consent, \
                                  case_number, person, data_key, known_from, notice, due, due_at, fetched, combination";
