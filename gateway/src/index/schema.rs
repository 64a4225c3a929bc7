//! The tables of the index.

/// Raised with every change of what follows or of what a row says: an index of another form is made again.
pub(super) const FORM: i64 = 11;

pub(super) const TABLES: &str = "
CREATE TABLE head (
  form INTEGER NOT NULL,
  origin TEXT NOT NULL,
  index_key TEXT NOT NULL,
  size INTEGER NOT NULL,
  last BLOB NOT NULL
) STRICT;
-- A query. `place` and `length`: where its leaf lies in the entry bundle. `combination`, `staff` and `data_key`: their numbers in the
-- tables below. `person` is NULL where nobody is known, or not any more. `known_from`: the day from which the person may know of it,
-- as 20261129, 0 = at once; NULL = never, unless a notice was given. `owed`: the same where a notice is owed. `case_key` stands for
-- institution and case. `due`, `fetched`: the last leaf that says that a correction of the answer is due, to whom (`due_of`), and that it
-- was fetched. Numbers instead of texts: a row is short, and so are the pages that a new one changes.
CREATE TABLE query (
  leaf INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  length INTEGER NOT NULL,
  id BLOB NOT NULL,
  at INTEGER NOT NULL,
  combination INTEGER NOT NULL,
  staff INTEGER,
  data_key INTEGER,
  known_from INTEGER,
  owed INTEGER,
  person BLOB,
  case_key INTEGER,
  case_number TEXT,
  consent BLOB,
  notice INTEGER,
  due INTEGER,
  due_at INTEGER,
  due_of TEXT,
  fetched INTEGER
) STRICT;
-- By whom queries were asked, for whom, for what, and how they ended: few, however long the log is.
CREATE TABLE combination (
  number INTEGER PRIMARY KEY,
  institution TEXT,
  on_behalf TEXT,
  scenario TEXT,
  code TEXT
) STRICT;
-- Members of staff.
CREATE TABLE staff (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
-- Data keys, and between which leaves those of each stand.
CREATE TABLE data_key (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
-- The combinations of which there are queries about somebody in a month, once each.
CREATE TABLE asked (
  data_key INTEGER NOT NULL,
  combination INTEGER NOT NULL,
  PRIMARY KEY (data_key, combination)
) STRICT, WITHOUT ROWID;
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
CREATE INDEX query_case ON query (case_key, leaf) WHERE case_key IS NOT NULL;
CREATE INDEX query_due ON query (due_of, due) WHERE due_of IS NOT NULL;
-- Those that are owed are counted each second: by the day from which they are.
CREATE INDEX query_owed ON query (owed, leaf) WHERE owed IS NOT NULL;
-- What the rows say, in words. A row's leaf leads: whatever is wanted of the other tables, rows come in the log's order.
CREATE VIEW said AS
  SELECT leaf, place, length, query.id, at, institution, on_behalf, staff.name AS staff, scenario, code, consent, case_number, case_key,
         person, data_key.id AS data_key, known_from, owed, notice, due, due_at, due_of, fetched
  FROM query CROSS JOIN combination ON combination.number = query.combination
  LEFT JOIN staff ON staff.number = query.staff LEFT JOIN data_key ON data_key.number = query.data_key;
";

/// What is compared of a row, in words: numbers are given in the order in which they are met.
pub(super) const SAID: &str = "leaf, place, length, id, at, institution, on_behalf, staff, scenario, code, consent, case_number, case_key, \
                               person, data_key, known_from, owed, notice, due, due_at, due_of, fetched";
