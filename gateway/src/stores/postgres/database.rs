//! A pool of connections, and look-ups over them: alone, several by one statement, or with whoever else waits
//! ([`gathered`](super::gathered)).

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use credit_audit::clock::Clock;
use credit_policy::{Catalogue, History};
use deadpool::managed::{Pool, PoolError};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    fault::PostgresFault,
    gathered::{Queue, Together},
    sessions::{Lent, Session, Sessions},
    tables,
};
use crate::stores::{
    StoreError, StoreFault,
    contract::Asked,
    examine::Domain,
    figures::{Figures, Waits},
    reread::Reread,
};

/// What look-ups need of a database.
pub(super) struct Database {
    pub(super) pool: Pool<Sessions>,
    pub(super) queue: Queue,
    pub(super) tls: Reread<MakeRustlsConnect>,
    pub(super) timeout: Duration,
    pub(super) figures: Arc<Figures>,
    pub(super) domain: Mutex<Arc<Domain>>,
    pub(super) classes: Vec<String>,
    pub(super) most_bytes: usize,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Database {
    /// Runs a question on a connection of its own, until the deadline.
    pub(super) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.in_time(async { self.over(self.connection().await?, question).await }).await
    }

    /// As [`Self::ask`], over this connection, without a deadline.
    async fn over<T>(
        &self,
        lent: Lent,
        question: impl AsyncFnOnce(&Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = question(lent.session()?).await;
        // What the database said of a statement says nothing good of the connection; what is wrong with a value does.
        // Of an answer that is too large the rest is still on its way.
        let is_cut = matches!(&found, Err(StoreError::Failed(StoreFault::Postgres(PostgresFault::TooLarge(_)))));
        if !is_cut && found.as_ref().err().is_none_or(StoreError::is_of_data) {
            lent.give_back();
        }
        found
    }

    pub(super) async fn in_time<T>(&self, asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.timeout, asked).await.unwrap_or(Err(StoreError::Timeout))
    }

    /// What is known of each person, for one plan and one purpose.
    pub(super) async fn histories(&self, asked: &[Asked]) -> Result<Vec<Result<History, StoreError>>, StoreError> {
        self.ask(async |session: &Session| self.histories_by(session, asked).await).await
    }

    async fn histories_by(
        &self,
        session: &Session,
        asked: &[Asked],
    ) -> Result<Vec<Result<History, StoreError>>, StoreError> {
        // Whole in this module: a number goes to the server as the value of a parameter, and nowhere else.
        match &session.bound {
            Some(bound) => bound.histories(&session.client, asked, self.most_bytes).await,
            None => {
                let (client, domain) = (&session.client, self.domain());
                tables::histories(client, asked, &self.classes, &domain, self.most_bytes).await
            }
        }
    }

    async fn connection(&self) -> Result<Lent, StoreError> {
        let _waits = Waits::begin(&self.figures);
        match self.pool.get().await {
            Ok(session) => Ok(Lent::new(session, self.tls.clone())),
            Err(PoolError::Backend(fault)) => Err(fault.into()),
            Err(PoolError::Timeout(_)) => Err(StoreError::Timeout),
            Err(_) => Err(PostgresFault::Closed.into()),
        }
    }

    /// What values may be today.
    pub(super) fn domain(&self) -> Arc<Domain> {
        let today = self.catalogue.today(self.clock.now());
        let mut domain = self.domain.lock().unwrap_or_else(PoisonError::into_inner);
        if !domain.is_of(today) {
            *domain = Arc::new(Domain::of(&self.catalogue, today));
        }
        Arc::clone(&domain)
    }

    /// Looks up together with others that wait.
    pub(super) async fn look_up(self: &Arc<Self>, asked: Asked) -> Result<History, StoreError> {
        let waiting = self.queue.add(asked, Waits::begin(&self.figures));
        if waiting.is_first {
            self.await_connection();
        }
        match tokio::time::timeout(self.timeout, waiting.found).await {
            Ok(found) => found.unwrap_or(Err(StoreError::Failed(StoreFault::ReaderEnded))),
            Err(_) => Err(StoreError::Timeout),
        }
    }

    /// A task of its own: it asks for others too, whoever is gone meanwhile.
    fn await_connection(self: &Arc<Self>) {
        tokio::spawn(Awaiting { database: Arc::clone(self), is_over: false }.ask());
    }

    /// A connection, however long that takes, as long as anybody waits for it.
    async fn lent(&self) -> Result<Option<Lent>, StoreError> {
        loop {
            match self.pool.get().await {
                Ok(session) => return Ok(Some(Lent::new(session, self.tls.clone()))),
                Err(PoolError::Timeout(_)) if self.queue.is_anybody_there() => {}
                Err(PoolError::Timeout(_)) => return Ok(None),
                Err(PoolError::Backend(fault)) => return Err(fault.into()),
                Err(_) => return Err(PostgresFault::Closed.into()),
            }
        }
    }

    /// Asks one question for all of them. Given up at the server when all of them are gone.
    async fn answer(&self, lent: Lent, Together { asked, mut replies }: Together) {
        let found = {
            let all_are_gone = async {
                for reply in &mut replies {
                    reply.closed().await;
                }
            };
            tokio::select! {
                biased;
                found = self.in_time(self.over(lent, async |session| self.histories_by(session, &asked).await)) => found,
                () = all_are_gone => return,
            }
        };
        let found = match found {
            Err(error) if error.is_of_data() && asked.len() > 1 => self.each_alone(&asked).await,
            Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
            Ok(found) => found,
        };
        for (reply, found) in replies.into_iter().zip(found) {
            // Whoever is gone needs no answer.
            drop(reply.send(found));
        }
    }

    /// Asks about each alone: what was read fails all of them, and nobody can say because of whom.
    pub(super) async fn each_alone(&self, asked: &[Asked]) -> Vec<Result<History, StoreError>> {
        let mut each: Vec<_> = asked.iter().map(|_| Err(StoreError::Timeout)).collect();
        let all = async {
            for (found, one) in each.iter_mut().zip(asked) {
                let alone = self.histories(std::slice::from_ref(one)).await;
                *found = alone.and_then(|mut alone| alone.pop().unwrap_or(Err(PostgresFault::Protocol.into())));
            }
            Ok(())
        };
        // Whoever is not told by then is late.
        drop(self.in_time(all).await);
        each
    }
}

/// Whoever waits for a connection for all. If it ends before it says that it is over, nobody waits for it any longer.
struct Awaiting {
    database: Arc<Database>,
    is_over: bool,
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        if !self.is_over {
            self.database.queue.refuse(&StoreError::Failed(StoreFault::ReaderEnded));
        }
    }
}

impl Awaiting {
    /// Asks once there is a connection, and sees to it that whoever is left is asked for too.
    fn ask(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // Whole: of a part of it, the block would have a copy.
            let mut awaiting = self;
            let database = Arc::clone(&awaiting.database);
            // Whoever is about to ask as well comes along.
            tokio::task::yield_now().await;
            let lent = database.lent().await;
            // From here on others may be waited for by somebody else.
            awaiting.is_over = true;
            let lent = match lent {
                Ok(Some(lent)) => lent,
                Ok(None) => return,
                Err(error) => return database.queue.refuse(&error),
            };
            let together = database.queue.take();
            if database.queue.is_anybody_there() {
                database.await_connection();
            }
            if together.asked.is_empty() {
                return lent.give_back();
            }
            database.answer(lent, together).await;
        })
    }
}
