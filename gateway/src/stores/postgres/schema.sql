-- The gateway's own tables in PostgreSQL 15 or later, in a database of encoding UTF8: those of the embedded store, with the
-- same constraints. Further tables and columns may stand beside these; nothing reads them.
--
-- The gateway reads as a role of its own, which may read these three tables and write nothing anywhere:
--   CREATE ROLE credit_reader LOGIN PASSWORD '…';
--   GRANT SELECT ON record, listing, attribute TO credit_reader;
-- Views of these names and columns serve as well as tables.

-- Acts and determinations about persons: penalties, judgments, licences, honours.
CREATE TABLE record(
  -- Whose record it is: 18 characters, the last a digit or `X` in upper case.
  number text COLLATE "C" NOT NULL CHECK (number ~ '^[0-9]{17}[0-9X]$'),
  -- A class of the data list that has records: `tax`, `court-judgment`.
  class text COLLATE "C" NOT NULL CHECK (class ~ '^[a-z0-9-]+$'),
  -- Counts the records of this person and class; it tells them apart and means nothing else.
  nr bigint NOT NULL,
  -- How grave the act was: 轻微, 一般, 严重.
  severity text NOT NULL CHECK (severity IN ('minor', 'general', 'serious')),
  -- The day of the act.
  act date NOT NULL CHECK (isfinite(act)),
  -- The day of the determination (认定), from which the record counts; not before the act.
  determined date NOT NULL CHECK (isfinite(determined) AND determined >= act),
  -- The day on which a custodial sentence ends; NULL: there is none.
  sentence_end date CHECK (isfinite(sentence_end)),
  -- The day on which the effect of the measure or of the licence ends; NULL: no end is known.
  effect_end date CHECK (isfinite(effect_end)),
  -- The day of the credit repair (信用修复); NULL: it was not repaired.
  repaired date CHECK (isfinite(repaired)),
  -- The day on which the repair was revoked; NULL: it was not revoked.
  repair_revoked date CHECK (isfinite(repair_revoked)),
  -- True while an objection to the record is open.
  disputed boolean NOT NULL DEFAULT false,
  -- The day on which the duty was performed in full (履行完毕): repaid, fulfilled, corrected; NULL: it was not, or there is none.
  performed date CHECK (isfinite(performed) AND performed >= act),
  -- What the duty amounts to, in yuan, rounded up; NULL: not known.
  amount bigint CHECK (amount >= 0),
  PRIMARY KEY (number, class, nr)
);

-- Entries on the lists of persons.
CREATE TABLE listing(
  -- Who stands on the list.
  number text COLLATE "C" NOT NULL CHECK (number ~ '^[0-9]{17}[0-9X]$'),
  -- Which list: 红名单, 灰名单, 黑名单.
  list text COLLATE "C" NOT NULL CHECK (list IN ('red', 'grey', 'black')),
  -- Counts the entries of this person on this list; it tells them apart and means nothing else.
  nr bigint NOT NULL,
  -- The first day on the list.
  since date NOT NULL CHECK (isfinite(since)),
  -- The first day no longer on it, not before `since`; NULL: no end is set.
  until date CHECK (isfinite(until) AND until >= since),
  -- True while an objection to the entry is open.
  disputed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (number, list, nr)
);

-- Facts about persons, one a row.
CREATE TABLE attribute(
  -- Whose it is.
  number text COLLATE "C" NOT NULL CHECK (number ~ '^[0-9]{17}[0-9X]$'),
  -- A field of the data list: `credit_amount`.
  field text COLLATE "C" NOT NULL CHECK (field ~ '^[a-z0-9_]+$'),
  -- A JSON scalar: a text in quotation marks, a whole number, true, false, or null where it is not known.
  value text NOT NULL CHECK (json_typeof(value::json) IN ('string', 'boolean', 'null') OR value ~ '^-?[0-9]+$'),
  PRIMARY KEY (number, field)
);
