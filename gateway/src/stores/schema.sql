-- The embedded store. `credit-gateway store check` says what in a store does not fit, `store import` makes one of CSV
-- files. Further tables and columns may stand beside these; nothing reads them.
--
-- A citizen number has 18 characters, the last a digit or `X` in upper case. Dates are ISO 8601 text, `2026-03-31`.
-- `date(d)` alone returns 30 February as it stands before SQLite 3.45; with a modifier it returns a day that exists.

-- Acts and determinations about persons: penalties, judgments, licences, honours.
CREATE TABLE record(
  -- Whose record it is.
  number TEXT NOT NULL CHECK (length(number) = 18 AND number NOT GLOB '*[^0-9X]*' AND substr(number, 1, 17) NOT GLOB '*[^0-9]*'),
  -- A class of the data list that has records: `tax`, `court-judgment`.
  class TEXT NOT NULL CHECK (class <> '' AND class NOT GLOB '*[^a-z0-9-]*'),
  -- Counts the records of this person and class; it tells them apart and means nothing else.
  nr INTEGER NOT NULL,
  -- How grave the act was: 轻微, 一般, 严重.
  severity TEXT NOT NULL CHECK (severity IN ('minor', 'general', 'serious')),
  -- The day of the act.
  act TEXT NOT NULL CHECK (act IS date(act, '+0 days')),
  -- The day of the determination (认定), from which the record counts; not before the act.
  determined TEXT NOT NULL CHECK (determined IS date(determined, '+0 days') AND determined >= act),
  -- The day on which a custodial sentence ends; NULL: there is none.
  sentence_end TEXT CHECK (sentence_end IS date(sentence_end, '+0 days')),
  -- The day on which the effect of the measure or of the licence ends; NULL: no end is known.
  effect_end TEXT CHECK (effect_end IS date(effect_end, '+0 days')),
  -- The day of the credit repair (信用修复); NULL: it was not repaired.
  repaired TEXT CHECK (repaired IS date(repaired, '+0 days')),
  -- The day on which the repair was revoked; NULL: it was not revoked.
  repair_revoked TEXT CHECK (repair_revoked IS date(repair_revoked, '+0 days')),
  -- 1 while an objection to the record is open, else 0.
  disputed INTEGER NOT NULL DEFAULT 0 CHECK (disputed IN (0, 1)),
  -- The day on which the duty was performed in full (履行完毕): repaid, fulfilled, corrected; NULL: it was not, or there is none.
  performed TEXT CHECK (performed IS date(performed, '+0 days') AND performed >= act OR performed IS NULL),
  -- What the duty amounts to, in yuan, rounded up; NULL: not known.
  amount INTEGER CHECK (amount >= 0),
  PRIMARY KEY(number, class, nr)
) WITHOUT ROWID, STRICT;

-- Entries on the lists of persons.
CREATE TABLE listing(
  -- Who stands on the list.
  number TEXT NOT NULL CHECK (length(number) = 18 AND number NOT GLOB '*[^0-9X]*' AND substr(number, 1, 17) NOT GLOB '*[^0-9]*'),
  -- Which list: 红名单, 灰名单, 黑名单.
  list TEXT NOT NULL CHECK (list IN ('red', 'grey', 'black')),
  -- Counts the entries of this person on this list; it tells them apart and means nothing else.
  nr INTEGER NOT NULL,
  -- The first day on the list.
  since TEXT NOT NULL CHECK (since IS date(since, '+0 days')),
  -- The first day no longer on it, not before `since`; NULL: no end is set.
  until TEXT CHECK (until IS date(until, '+0 days') AND until >= since OR until IS NULL),
  -- 1 while an objection to the entry is open, else 0.
  disputed INTEGER NOT NULL DEFAULT 0 CHECK (disputed IN (0, 1)),
  PRIMARY KEY(number, list, nr)
) WITHOUT ROWID, STRICT;

-- Facts about persons, one a row.
CREATE TABLE attribute(
  -- Whose it is.
  number TEXT NOT NULL CHECK (length(number) = 18 AND number NOT GLOB '*[^0-9X]*' AND substr(number, 1, 17) NOT GLOB '*[^0-9]*'),
  -- A field of the data list: `credit_amount`.
  field TEXT NOT NULL CHECK (field <> '' AND field NOT GLOB '*[^a-z0-9_]*'),
  -- A JSON scalar: a text in quotation marks, a whole number, true, false, or null where it is not known.
  value TEXT NOT NULL CHECK (json_valid(value) AND json_type(value) IN ('text', 'integer', 'true', 'false', 'null')),
  PRIMARY KEY(number, field)
) WITHOUT ROWID, STRICT;
