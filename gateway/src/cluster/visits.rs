//! Who visits the persons' door of any of the gateways: all steps that wait go in one transaction, and are told once it is proved.
//!
//! One transaction after the other, over all gateways: so no two of them wait for each other in a circle, and "five of one person" is
//! five. Times are the server's. Nobody's steps may keep queries from the server: a gateway has one transaction under way, of so many
//! steps, and refuses what it cannot take.

use std::{sync::Arc, time::Duration};

use credit_policy::Language;
use futures_util::future::{join_all, try_join3};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout_at},
};
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::{
    fault::StateFault,
    handle::{Cluster, ToVisits},
    link::{Link, Server},
};
use crate::state::{
    Key,
    visits::{
        IDLE, LONGEST, OF_ALL_NETWORKS, OF_ONE_NETWORK, OF_ONE_PERSON, RECORDED_A_MINUTE, Said, Step, WORDS, Word,
    },
};

/// Steps of one transaction.
const AT_ONCE: usize = 64;
/// Sessions of all gateways.
const SESSIONS: i64 = 100_000;
/// What is over is removed so often.
const SWEEPS: Duration = Duration::from_secs(30);
/// Not at once again after a fault: a server that is away would be asked without end.
const AGAIN: Duration = Duration::from_millis(20);

/// One gateway after the other, until its commit.
const ALONE: &str = "SELECT pg_catalog.pg_advisory_xact_lock(7234017283807668)";
const IS_HERE: &str = "used > pg_catalog.clock_timestamp() - $IDLE AND began > pg_catalog.clock_timestamp() - $LONGEST";
const LEAVES: &str = "DELETE FROM credit_session WHERE name IN (SELECT name FROM credit_session WHERE person = ANY ($1) AND $IS_HERE \
     ORDER BY began DESC, name OFFSET $ROOM)";
const BEGINS: &str = "INSERT INTO credit_session (name, person, sealed, language) SELECT $1, $2, $3, $4 \
     WHERE (SELECT count(*) FROM (SELECT FROM credit_session WHERE $IS_HERE LIMIT $SESSIONS) AS here) < $SESSIONS";
const USES: &str = "UPDATE credit_session SET used = pg_catalog.clock_timestamp(), language = coalesce($2, language) \
     WHERE name = $1 AND $IS_HERE RETURNING sealed, language";
const CHANGES: &str = "UPDATE credit_session SET sealed = $2 WHERE name = $1 AND $IS_HERE";
const RECORDS: &str = "UPDATE credit_session SET \
     recorded = CASE WHEN minute > pg_catalog.clock_timestamp() - interval '1 minute' THEN recorded + 1 ELSE 1 END, \
     minute = CASE WHEN minute > pg_catalog.clock_timestamp() - interval '1 minute' THEN minute ELSE pg_catalog.clock_timestamp() END \
     WHERE name = $1 AND $IS_HERE RETURNING recorded";
const ENDS: &str = "DELETE FROM credit_session WHERE name = $1";
const REPLACES: &str = "DELETE FROM credit_word WHERE kind = $1 AND instead = ANY ($2)";
const KEEPS: &str = "INSERT INTO credit_word (key, kind, proof, instead, sealed, until) \
     VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp() + $6 * interval '1 second') \
     ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, proof = excluded.proof, instead = excluded.instead, sealed = excluded.sealed, \
     until = excluded.until";
const FORGETS: &str = "DELETE FROM credit_word WHERE key IN \
     (SELECT key FROM credit_word WHERE kind = $1 ORDER BY until DESC, key OFFSET $WORDS)";
const TAKES: &str = "DELETE FROM credit_word WHERE kind = $1 AND key = ANY ($2) AND proof = $3 \
     RETURNING sealed, until > pg_catalog.clock_timestamp()";
/// What one network asks beyond its own number is not counted for all.
const ASKS: &str = "WITH one AS ($COUNT VALUES ($1, pg_catalog.date_trunc('minute', pg_catalog.clock_timestamp()), 1) $MORE) \
     $COUNT SELECT $2, pg_catalog.date_trunc('minute', pg_catalog.clock_timestamp()), 1 FROM one WHERE one.n <= $OF_ONE $MORE";
const COUNT: &str = "INSERT INTO credit_asked AS asked (network, minute, n)";
const MORE: &str = "ON CONFLICT (network) DO UPDATE SET minute = excluded.minute, \
     n = CASE WHEN asked.minute = excluded.minute THEN asked.n + 1 ELSE 1 END RETURNING n";
const SWEEP: [&str; 3] = [
    "DELETE FROM credit_session WHERE NOT ($IS_HERE)",
    "DELETE FROM credit_word WHERE until <= pg_catalog.clock_timestamp()",
    "DELETE FROM credit_asked WHERE minute < pg_catalog.clock_timestamp() - interval '2 minutes'",
];
/// Stands for all networks together; no digest is that.
const ALL_NETWORKS: Key = [0; 16];

/// Makes steps until the process ends.
pub(super) async fn keep(cluster: Arc<Cluster>, server: Server, mut inbox: mpsc::Receiver<ToVisits>) {
    let (mut book, mut is_said) = (None, false);
    let mut sweeps = interval(SWEEPS);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let first = tokio::select! {
            first = inbox.recv() => match first {
                Some(first) => Some(first),
                None => return,
            },
            _ = sweeps.tick() => None,
        };
        let mut waiting: Vec<_> = first.into_iter().collect();
        while !waiting.is_empty()
            && waiting.len() < AT_ONCE
            && let Ok(next) = inbox.try_recv()
        {
            waiting.push(next);
        }
        // Who does not wait any more asked for nothing.
        waiting.retain(|(_, reply)| !reply.is_closed());
        let latest = Instant::now() + server.timeout();
        let made = timeout_at(latest, made(&server, &mut book, &waiting, latest)).await;
        match made.unwrap_or(Err(StateFault::Late)) {
            // Whoever was not heard meanwhile may have ended what is in use here.
            Ok(said) if cluster.is_fresh() => {
                is_said = false;
                for ((_, reply), said) in waiting.into_iter().zip(said) {
                    drop(reply.send(said));
                }
            }
            Ok(_) => {}
            Err(error) => {
                if !std::mem::replace(&mut is_said, true) {
                    tracing::error!(%error, "who visits the persons' door could not be kept in the shared state");
                }
                book = None;
                drop(waiting);
                sleep(AGAIN).await;
            }
        }
    }
}

/// Makes what waits; nothing waits where only what is over is to be removed.
async fn made(
    server: &Server,
    book: &mut Option<Book>,
    waiting: &[(Step, oneshot::Sender<Said>)],
    latest: Instant,
) -> Result<Vec<Said>, StateFault> {
    let opened = match book.take() {
        Some(opened) => opened,
        None => Book::open(server).await?,
    };
    let book = book.insert(opened);
    if waiting.is_empty() {
        book.sweep().await?;
        return Ok(Vec::new());
    }
    book.make(waiting.iter().map(|(step, _)| step), latest).await
}

/// A connection, and what is asked over it.
struct Book {
    link: Link,
    leaves: Statement,
    begins: Statement,
    uses: Statement,
    changes: Statement,
    records: Statement,
    ends: Statement,
    replaces: Statement,
    keeps: Statement,
    forgets: Statement,
    takes: Statement,
    asks: Statement,
}

fn text(template: &str) -> String {
    let seconds = |time: Duration| format!("interval '{} seconds'", time.as_secs());
    let filled = template.replace("$IS_HERE", IS_HERE).replace("$IDLE", &seconds(IDLE));
    let filled = filled.replace("$LONGEST", &seconds(LONGEST)).replace("$COUNT", COUNT).replace("$MORE", MORE);
    let filled = filled.replace("$ROOM", &OF_ONE_PERSON.saturating_sub(1).to_string());
    let filled = filled.replace("$SESSIONS", &SESSIONS.to_string()).replace("$WORDS", &WORDS.to_string());
    filled.replace("$OF_ONE", &OF_ONE_NETWORK.to_string())
}

fn kind(word: Word) -> i16 {
    match word {
        Word::Login => 1,
        Word::Code => 2,
    }
}

fn tag(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

fn language(tag: &str) -> Language {
    if tag == "en" { Language::En } else { Language::Zh }
}

fn bytes(keys: &[Key]) -> Vec<&[u8]> {
    keys.iter().map(|key| &key[..]).collect()
}

impl Book {
    async fn open(server: &Server) -> Result<Self, StateFault> {
        let link = server.connect().await?;
        let prepared = [LEAVES, BEGINS, USES, CHANGES, RECORDS, ENDS, REPLACES, KEEPS, FORGETS, TAKES, ASKS]
            .map(|template| prepared(&link.client, template));
        let prepared: Result<Vec<_>, _> = join_all(prepared).await.into_iter().collect();
        let Ok([leaves, begins, uses, changes, records, ends, replaces, keeps, forgets, takes, asks]) =
            <[Statement; 11]>::try_from(prepared?)
        else {
            return Err(StateFault::Late);
        };
        Ok(Self { link, leaves, begins, uses, changes, records, ends, replaces, keeps, forgets, takes, asks })
    }

    async fn sweep(&self) -> Result<(), StateFault> {
        let all: String = SWEEP.iter().map(|template| format!("{}; ", text(template))).collect();
        Ok(self.link.client.batch_execute(&format!("BEGIN; {ALONE}; {all} COMMIT")).await?)
    }

    /// All of them or none. All on their way at once: whoever is cut off between two of them would keep the lock from the others.
    async fn make(&self, steps: impl Iterator<Item = &Step>, latest: Instant) -> Result<Vec<Said>, StateFault> {
        let client = &self.link.client;
        let begin = format!("BEGIN; {ALONE}");
        let made =
            async { join_all(steps.map(|step| self.one(step))).await.into_iter().collect::<Result<Vec<_>, _>>() };
        let ((), said, ()) = try_join3(client.batch_execute(&begin), made, client.batch_execute("COMMIT")).await?;
        self.link.prove(latest).await?;
        Ok(said)
    }

    async fn one(&self, step: &Step) -> Result<Said, tokio_postgres::Error> {
        match step {
            Step::Begin { session, person, sealed, language } => {
                self.begin(session, person, (sealed, tag(*language))).await
            }
            Step::Use(session, chosen) => {
                let used = self.link.client.query_opt(&self.uses, &[&&session[..], &chosen.map(tag)]).await?;
                used.map_or(Ok(Said::Nothing), |row| {
                    Ok(Said::InUse { sealed: row.try_get(0)?, language: language(row.try_get(1)?) })
                })
            }
            Step::Change(session, sealed) => self.done(&self.changes, &[&&session[..], sealed]).await,
            Step::Record(session) => self.counted(&self.records, &[&&session[..]], RECORDED_A_MINUTE).await,
            Step::End(session) => self.done(&self.ends, &[&&session[..]]).await,
            Step::Keep { word, key, proof, instead, sealed } => self.keep(*word, (key, proof), instead, sealed).await,
            Step::Take { word, keys, proof } => {
                let taken = self.link.client.query(&self.takes, &[&kind(*word), &bytes(keys), &&proof[..]]).await?;
                let is_in_time = |row: &Row| Ok::<_, tokio_postgres::Error>((row.try_get(0)?, row.try_get(1)?));
                match taken.first().map(is_in_time).transpose()? {
                    Some((sealed, true)) => Ok(Said::Taken(sealed)),
                    Some((_, false)) | None => Ok(Said::Nothing),
                }
            }
            Step::Ask(network) => {
                let asked = self.counted(&self.asks, &[&&network[..], &&ALL_NETWORKS[..]], OF_ALL_NETWORKS).await?;
                // Nothing is counted for all where the network has asked too often.
                Ok(if asked == Said::Nothing { Said::No } else { asked })
            }
        }
    }

    async fn begin(
        &self,
        session: &Key,
        person: &[Key],
        (sealed, language): (&[u8], &str),
    ) -> Result<Said, tokio_postgres::Error> {
        let Some(written) = person.first() else { return Ok(Said::No) };
        let client = &self.link.client;
        let (of_person, written) = (bytes(person), &written[..]);
        let leaves: [&(dyn ToSql + Sync); 1] = [&of_person];
        let session = &session[..];
        let begins: [&(dyn ToSql + Sync); 4] = [&session, &written, &sealed, &language];
        let both = [client.execute(&self.leaves, leaves.as_slice()), client.execute(&self.begins, begins.as_slice())];
        let begun: Result<Vec<_>, _> = join_all(both).await.into_iter().collect();
        Ok(if begun?.last() == Some(&1) { Said::Yes } else { Said::No })
    }

    async fn keep(
        &self,
        word: Word,
        (key, proof): (&Key, &Key),
        instead: &[Key],
        sealed: &[u8],
    ) -> Result<Said, tokio_postgres::Error> {
        let client = &self.link.client;
        let (kind, of) = (kind(word), bytes(instead));
        let (key, proof, written) = (&key[..], &proof[..], of.first().copied());
        let lasts = word.lasts().as_secs_f64();
        let replaces: [&(dyn ToSql + Sync); 2] = [&kind, &of];
        let keeps: [&(dyn ToSql + Sync); 6] = [&key, &kind, &proof, &written, &sealed, &lasts];
        let forgets: [&(dyn ToSql + Sync); 1] = [&kind];
        let all = [
            client.execute(&self.replaces, replaces.as_slice()),
            client.execute(&self.keeps, keeps.as_slice()),
            client.execute(&self.forgets, forgets.as_slice()),
        ];
        let kept: Result<Vec<_>, _> = join_all(all).await.into_iter().collect();
        kept.map(|_| Said::Yes)
    }

    async fn done(&self, statement: &Statement, of: &[&(dyn ToSql + Sync)]) -> Result<Said, tokio_postgres::Error> {
        let done = self.link.client.execute(statement, of).await?;
        Ok(if done == 0 { Said::Nothing } else { Said::Yes })
    }

    /// Whether a count is no more than it may be; nothing where nothing was counted.
    async fn counted(
        &self,
        statement: &Statement,
        of: &[&(dyn ToSql + Sync)],
        most: u32,
    ) -> Result<Said, tokio_postgres::Error> {
        let Some(row) = self.link.client.query_opt(statement, of).await? else { return Ok(Said::Nothing) };
        let count: i32 = row.try_get(0)?;
        Ok(if u32::try_from(count).is_ok_and(|count| count <= most) { Said::Yes } else { Said::No })
    }
}

async fn prepared(client: &Client, template: &str) -> Result<Statement, tokio_postgres::Error> {
    client.prepare(&text(template)).await
}
