-- What several gateways of one operator count together (`[state]` of the configuration). Run it as the owner of the database, once, and
-- again with each release that has more tables; what is there stays:
--   credit-gateway state schema | psql "$DATABASE"
-- The gateway's role needs SELECT, INSERT, UPDATE and DELETE on these tables, and membership in pg_read_all_stats. It holds keyed digests, ids,
-- the acts of the logs as they stand there, and sealed keys; no person in clear.

BEGIN;

-- The release of these tables. A gateway starts with tables of its own release or a later one.
CREATE TABLE IF NOT EXISTS credit_schema (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    version integer NOT NULL
);

-- One row a gateway: when it was last here, the digest of its key ring, and up to which leaf its acts are told.
CREATE TABLE IF NOT EXISTS credit_replica (
    origin text PRIMARY KEY,
    beat timestamptz NOT NULL,
    ring bytea NOT NULL,
    told bigint NOT NULL
);

-- Acts that every gateway must know: suspensions, stops, withdrawals, what persons said, who acts for whom, cases. In the order in which
-- they hold.
CREATE TABLE IF NOT EXISTS credit_act (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text NOT NULL,
    leaf_index bigint NOT NULL,
    leaf bytea NOT NULL,
    UNIQUE (origin, leaf_index)
);

-- What is done once by all of them: whoever has the row does it, and nobody else. It stays.
CREATE TABLE IF NOT EXISTS credit_once (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    origin text NOT NULL
);

-- Look-ups by keyed digest: of a case, of a person and of a member of staff on a day; different persons of a day.
CREATE TABLE IF NOT EXISTS credit_count (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    n integer NOT NULL,
    until bigint NOT NULL
);

-- By this it is found what no query can ask for any more. `until` ends with a day, so that it changes once a day and not with each query.
CREATE INDEX IF NOT EXISTS credit_count_until ON credit_count (until);

-- Uses of consents: each number once.
CREATE TABLE IF NOT EXISTS credit_use (
    consent bytea NOT NULL CHECK (length(consent) = 16),
    number integer NOT NULL,
    at bigint NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (consent, number)
);
CREATE INDEX IF NOT EXISTS credit_use_until ON credit_use (until);

-- Idempotency keys, and the first query under each.
CREATE TABLE IF NOT EXISTS credit_repeat (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    identity bytea NOT NULL CHECK (length(identity) = 16),
    first bytea NOT NULL CHECK (length(first) = 16),
    origin text NOT NULL,
    asked bigint NOT NULL,
    answered boolean NOT NULL,
    repeats integer NOT NULL
);
CREATE INDEX IF NOT EXISTS credit_repeat_asked ON credit_repeat (asked);

-- Queries under way: what they reserved, several of one gateway in a row. Gone once all of them are settled; what a gateway left behind it
-- settles by its own log.
CREATE TABLE IF NOT EXISTS credit_claim (
    id bytea PRIMARY KEY CHECK (length(id) = 16),
    origin text NOT NULL,
    held bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS credit_claim_of ON credit_claim (origin);

-- Release 2. Which kinds of acts a gateway has told: with more kinds it looks through its log for them once more.
ALTER TABLE credit_replica ADD COLUMN IF NOT EXISTS kinds integer NOT NULL DEFAULT 1;
-- The kind of the leaf, by which a start finds what officers decided.
ALTER TABLE credit_act ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT '';
CREATE INDEX IF NOT EXISTS credit_act_kind ON credit_act (kind, seq);
-- Release 3. What stands for an act: a gateway that remembers acts sees by it whether this is the database that had them.
ALTER TABLE credit_act ADD COLUMN IF NOT EXISTS mark uuid NOT NULL DEFAULT gen_random_uuid();
-- Release 4. The data key of each month, sealed under the key ring's own key: one for all, and written once. Without what is sealed it was
-- destroyed at one of them, and nobody takes it from here any more.
CREATE TABLE IF NOT EXISTS credit_key (
    id text PRIMARY KEY,
    handed text,
    origin text NOT NULL,
    mark uuid NOT NULL DEFAULT gen_random_uuid()
);
-- Release 5. The keys of the ring that are in force, or will be: id, fingerprint and from when on (microseconds), a line each. Nothing where
-- the gateway is of an earlier release. `credit_key` has the keys of rotations too, by the id of the first.
ALTER TABLE credit_replica ADD COLUMN IF NOT EXISTS keys text;
-- Whether a gateway has had them: keys whose time is past and that nobody had are not used.
ALTER TABLE credit_key ADD COLUMN IF NOT EXISTS taken boolean NOT NULL DEFAULT false;
-- Release 6. Who visits the persons' door: sessions, by a digest of what the browser has; who it is stands sealed under a key that the
-- rings have and another part that only the browser has. Rows that are over are removed; none of them is an act.
CREATE TABLE IF NOT EXISTS credit_session (
    name bytea PRIMARY KEY CHECK (length(name) = 16),
    person bytea NOT NULL CHECK (length(person) = 16),
    sealed bytea NOT NULL CHECK (length(sealed) <= 4096),
    language text NOT NULL,
    began timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    used timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    minute timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    recorded integer NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS credit_session_person ON credit_session (person);
-- What is taken once: logins under way at the identity service (kind 1), and codes that are said at the counter (kind 2).
CREATE TABLE IF NOT EXISTS credit_word (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    kind smallint NOT NULL,
    proof bytea NOT NULL CHECK (length(proof) = 16),
    instead bytea CHECK (length(instead) = 16),
    sealed bytea NOT NULL CHECK (length(sealed) <= 4096),
    until timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS credit_word_until ON credit_word (kind, until DESC, key);
CREATE INDEX IF NOT EXISTS credit_word_instead ON credit_word (instead) WHERE instead IS NOT NULL;
-- Questions without a login in a minute, by a digest of the network; of sixteen zeros, all of them.
CREATE TABLE IF NOT EXISTS credit_asked (
    network bytea PRIMARY KEY CHECK (length(network) = 16),
    minute timestamptz NOT NULL,
    n integer NOT NULL
);
-- Release 7. Which start of which data folder a log is served by: another one is refused. Nothing where the gateway is of an earlier release.
ALTER TABLE credit_replica ADD COLUMN IF NOT EXISTS owner bytea CHECK (length(owner) = 16);
INSERT INTO credit_schema (version) VALUES (7) ON CONFLICT (only_one) DO UPDATE SET version = greatest(credit_schema.version, 7);

COMMIT;
