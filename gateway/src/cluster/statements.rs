//! What is said to the database in a batch, and how it goes about it.

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Statement};

use super::fault::StateFault;
use crate::stores::postgres::PostgresFault;

/// Each row is found by its key, however large a table has become since the statement was planned; and it is planned once, not for
/// each batch: that took longer than to do it.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off";

macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $text:expr;)+) => {
        /// The statements on one connection.
        pub(super) struct Statements {
            $($(#[$about])* pub(super) $name: Statement,)+
        }

        impl Statements {
            /// # Errors
            /// [`StateFault`].
            pub(super) async fn prepare(client: &Client) -> Result<Self, StateFault> {
                client.batch_execute(PLANS).await?;
                let made = try_join_all([$($text),+].map(|text| client.prepare(text))).await?;
                let mut made = made.into_iter();
                $(let Some($name) = made.next() else { return Err(PostgresFault::Protocol.into()) };)+
                Ok(Self { $($name),+ })
            }
        }
    };
}

statements! {
    /// A number of 64 bits for each consent or key: whoever has it is alone with that consent or key until the transaction ends.
    lock = "SELECT pg_catalog.pg_advisory_xact_lock(k) FROM (SELECT DISTINCT unnest($1::bigint[]) AS k ORDER BY 1) AS keys";
    /// What was reserved in rows of claims; whoever has these is alone with them.
    reserved = "SELECT id, held FROM credit_claim WHERE id = ANY ($1) ORDER BY id FOR UPDATE";
    /// Of what is on the books still.
    used = "UPDATE credit_use u SET at = t.a FROM unnest($1::bytea[], $2::bytea[], $3::integer[], $4::bigint[]) AS t (r, c, n, a) \
        WHERE u.consent = ANY ($2) AND u.consent = t.c AND u.number = t.n \
        AND t.r IN (SELECT id FROM credit_claim WHERE id = ANY ($1))";
    answered = "UPDATE credit_repeat q SET answered = true FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS t (r, k, f) \
        WHERE q.key = ANY ($2) AND q.key = t.k AND q.first = t.f \
        AND t.r IN (SELECT id FROM credit_claim WHERE id = ANY ($1))";
    unuse = "DELETE FROM credit_use u USING unnest($1::bytea[], $2::integer[]) AS t (c, n) \
        WHERE u.consent = ANY ($1) AND u.consent = t.c AND u.number = t.n";
    unasked = "DELETE FROM credit_repeat q USING unnest($1::bytea[], $2::bytea[]) AS t (k, f) \
        WHERE q.key = ANY ($1) AND q.key = t.k AND q.first = t.f AND NOT q.answered";
    unrepeated = "UPDATE credit_repeat SET repeats = repeats - 1 WHERE key = ANY ($1)";
    /// What is reserved still, of claims that are in one row.
    keep = "UPDATE credit_claim q SET held = t.h FROM unnest($1::bytea[], $2::bytea[]) AS t (r, h) \
        WHERE q.id = ANY ($1) AND q.id = t.r";
    uses = "SELECT consent, number, at, until FROM credit_use WHERE consent = ANY ($1)";
    firsts = "SELECT key, identity, origin, asked, answered, repeats FROM credit_repeat WHERE key = ANY ($1)";
    /// Rows of claims go of which nothing is under way. Counts change in the order of the keys, so that two batches take the rows in the
    /// same order; then the numbers of different persons, by who is looked up as often as it is asked for here; in their order too.
    count = "WITH done AS (DELETE FROM credit_claim WHERE id = ANY ($9)), \
        counted AS (INSERT INTO credit_count AS c (key, n, until) \
          SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[]) \
          ON CONFLICT (key) DO UPDATE SET n = c.n + excluded.n, until = greatest(c.until, excluded.until) RETURNING key, n), \
        persons AS (INSERT INTO credit_count AS c (key, n, until) \
          SELECT s, sum(d)::integer, max(u) FROM unnest($4::bytea[], $5::integer[], $6::integer[], $7::bytea[], $8::bigint[]) \
          AS t (p, a, d, s, u) JOIN counted ON counted.key = t.p AND counted.n = t.a GROUP BY s ORDER BY s \
          ON CONFLICT (key) DO UPDATE SET n = c.n + excluded.n, until = greatest(c.until, excluded.until) RETURNING key, n) \
        SELECT key, n FROM counted UNION ALL SELECT key, n FROM persons";
    earlier = "SELECT key, n FROM credit_count WHERE key = ANY ($1)";
    /// What was counted for claims that are refused; the rows are there.
    uncount = "UPDATE credit_count c SET n = c.n + t.d FROM unnest($1::bytea[], $2::integer[]) AS t (k, d) \
        WHERE c.key = ANY ($1) AND c.key = t.k";
    /// Another consent has the name of one that is over.
    forget = "DELETE FROM credit_use WHERE consent = ANY ($1) AND at < 9223372036854775807";
    lengthen = "UPDATE credit_use u SET until = t.e FROM unnest($1::bytea[], $2::bigint[]) AS t (c, e) \
        WHERE u.consent = ANY ($1) AND u.consent = t.c AND u.until < t.e";
    use_ = "INSERT INTO credit_use (consent, number, at, until) \
        SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[])";
    first = "INSERT INTO credit_repeat (key, identity, first, origin, asked, answered, repeats) \
        SELECT k, i, f, $4, a, false, 0 FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $5::bigint[]) AS t (k, i, f, a) \
        ON CONFLICT (key) DO UPDATE SET identity = excluded.identity, first = excluded.first, origin = excluded.origin, \
        asked = excluded.asked, answered = false, repeats = 0";
    repeated = "UPDATE credit_repeat SET repeats = repeats + 1 WHERE key = ANY ($1)";
    claim = "INSERT INTO credit_claim (id, origin, held) SELECT i, $2, h FROM unnest($1::bytea[], $3::bytea[]) AS t (i, h)";
}
