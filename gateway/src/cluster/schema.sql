-- What several gateways of one operator count together (`[state]` of the configuration). Run it once as the owner of the database:
--   credit-gateway state schema | psql "$DATABASE"
-- The gateway's role needs SELECT, INSERT, UPDATE and DELETE on these tables, and membership in pg_read_all_stats. It holds keyed digests, ids,
-- and the acts of the logs as they stand there; no person in clear.

BEGIN;

-- One row a gateway: when it was last here, the digest of its key ring, and up to which leaf its acts are told.
CREATE TABLE credit_replica (
    origin text PRIMARY KEY,
    beat timestamptz NOT NULL,
    ring bytea NOT NULL,
    told bigint NOT NULL
);

-- Acts that every gateway must know: suspensions, stops, withdrawals, what persons said. In the order in which they hold.
CREATE TABLE credit_act (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    origin text NOT NULL,
    leaf_index bigint NOT NULL,
    leaf bytea NOT NULL,
    UNIQUE (origin, leaf_index)
);

-- Look-ups by keyed digest: of a case, of a person and of a member of staff on a day; different persons of a day.
CREATE TABLE credit_count (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    n integer NOT NULL,
    until bigint NOT NULL
);

-- Uses of consents: each number once.
CREATE TABLE credit_use (
    consent bytea NOT NULL CHECK (length(consent) = 16),
    number integer NOT NULL,
    at bigint NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (consent, number)
);

-- Idempotency keys, and the first query under each.
CREATE TABLE credit_repeat (
    key bytea PRIMARY KEY CHECK (length(key) = 16),
    identity bytea NOT NULL CHECK (length(identity) = 16),
    first bytea NOT NULL CHECK (length(first) = 16),
    origin text NOT NULL,
    asked bigint NOT NULL,
    answered boolean NOT NULL,
    repeats integer NOT NULL
);

-- Queries under way: what each reserved. Gone once it is settled; what a gateway left behind it settles by its own log.
CREATE TABLE credit_claim (
    id bytea PRIMARY KEY CHECK (length(id) = 16),
    origin text NOT NULL,
    held bytea NOT NULL
);
CREATE INDEX credit_claim_of ON credit_claim (origin);

COMMIT;
