-- The embedded store. Dates are ISO 8601 text. `class`, `list` and `field` are names of the data list; what the list
-- does not name is never asked for.
CREATE TABLE record(
  number TEXT NOT NULL, class TEXT NOT NULL, nr INTEGER NOT NULL,
  severity TEXT NOT NULL,           -- minor, general, serious (轻微 一般 严重)
  act TEXT NOT NULL, determined TEXT NOT NULL, sentence_end TEXT, effect_end TEXT,
  repaired TEXT, repair_revoked TEXT,
  disputed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(number, class, nr)
) WITHOUT ROWID, STRICT;
CREATE TABLE listing(
  number TEXT NOT NULL, list TEXT NOT NULL, nr INTEGER NOT NULL,   -- red, grey, black
  since TEXT NOT NULL, until TEXT,
  disputed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(number, list, nr)
) WITHOUT ROWID, STRICT;
CREATE TABLE attribute(
  number TEXT NOT NULL, field TEXT NOT NULL,
  value TEXT NOT NULL,              -- a JSON scalar
  PRIMARY KEY(number, field)
) WITHOUT ROWID, STRICT;
