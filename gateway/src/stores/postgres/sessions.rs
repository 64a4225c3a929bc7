//! Connections to the server: how each is made and looked at before a look-up uses it, and how one is given up.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::{runtime::Handle, task::spawn_blocking, time::timeout};
use tokio_postgres::{
    Config,
    config::{ChannelBinding, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{fault::PostgresFault, fence::Fence, mapped::Bound, secret, tls};
use crate::{
    settings,
    stores::{map::Map, reread::Reread},
};

/// A connection that was lent so lately is lent again unasked.
const FRESH: Duration = Duration::from_millis(500);

/// How long the server is given to take a request to cancel.
const CANCEL: Duration = Duration::from_secs(1);

/// One connection.
pub(super) struct Session {
    pub(super) client: ClientWrapper,
    /// What its tables are, where a map describes them.
    pub(super) bound: Option<Bound>,
    /// Of the certificates by which it was made.
    generation: u64,
}

/// Makes connections.
pub(super) struct Sessions {
    config: Config,
    password_file: Option<PathBuf>,
    pub(super) tls: Reread<MakeRustlsConnect>,
    fence: Fence,
}

impl Sessions {
    /// As the settings say; a statement of theirs that takes longer than `limit` ends, and with no limit none does.
    ///
    /// # Errors
    /// When one of the files cannot be used.
    pub(super) fn of(
        settings: &settings::Store,
        map: Option<Arc<Map>>,
        limit: Duration,
    ) -> Result<Self, PostgresFault> {
        let mut config = settings.server().map_err(|_| PostgresFault::Protocol)?;
        // By chance, so that no other program's connections have it.
        let mark = format!("{:016x}", RandomState::new().hash_one(&settings.name));
        options(&mut config, &mark, limit, settings.password_file.is_some());
        let (tls, password_file) = (tls::connector(settings)?, settings.password_file.clone());
        Ok(Self { config, password_file, tls, fence: Fence { map, mark } })
    }

    async fn config(&self) -> Result<Config, PostgresFault> {
        let mut config = self.config.clone();
        if let Some(path) = self.password_file.clone() {
            // Read each time: a password that was changed holds without a new start.
            let read = spawn_blocking(move || secret::password(&path)).await;
            config.password(read.map_err(|_| PostgresFault::Closed)??.as_bytes());
        }
        Ok(config)
    }
}

impl Manager for Sessions {
    type Type = Session;
    type Error = PostgresFault;

    async fn create(&self) -> Result<Session, PostgresFault> {
        let tls = self.tls.in_force();
        let connected = self.config().await?.connect(tls.made.clone()).await;
        let (client, connection) = connected.map_err(|error| PostgresFault::of_connecting(&error))?;
        let encoding = connection.parameter("server_encoding").unwrap_or_default().to_owned();
        // What ended it, the next statement says.
        let task = tokio::spawn(async move { drop(connection.await) });
        let client = ClientWrapper::new(client, task);
        let bound = self.fence.check(&client, &encoding).await?;
        Ok(Session { client, bound, generation: tls.generation })
    }

    /// Asks the server for nothing where the connection was not used for a while, so that no look-up gets one that is dead
    /// and does not know it; and not at all over one that was made by certificates of before.
    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<PostgresFault> {
        if session.client.is_closed() || session.generation != self.tls.in_force().generation {
            return Err(RecycleError::Backend(PostgresFault::Closed));
        }
        // It ended its last look-up in order, or it were not here: in such a short time a server that goes says so.
        if metrics.last_used() < FRESH {
            return Ok(());
        }
        session
            .client
            .simple_query("")
            .await
            .map(drop)
            .map_err(|error| RecycleError::Backend(PostgresFault::of(&error)))
    }
}

/// A connection that a look-up uses. Unless it is given back, the statement under way is cancelled and the connection
/// leaves the pool: the next look-up must not wait for what this one left behind.
pub(super) struct Lent {
    session: Option<Object<Sessions>>,
    tls: Reread<MakeRustlsConnect>,
}

impl Lent {
    pub(super) fn new(session: Object<Sessions>, tls: Reread<MakeRustlsConnect>) -> Self {
        Self { session: Some(session), tls }
    }

    /// The connection, until it is given back.
    pub(super) fn session(&self) -> Result<&Session, PostgresFault> {
        self.session.as_deref().ok_or(PostgresFault::Closed)
    }

    /// Back into the pool: nothing is under way on it.
    pub(super) fn give_back(mut self) {
        drop(self.session.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(session), Ok(runtime)) = (self.session.take(), Handle::try_current()) else { return };
        let (session, tls) = (Object::take(session), self.tls.clone());
        if session.client.is_closed() {
            return;
        }
        runtime.spawn(async move {
            // One that cannot be cancelled ends by its `statement_timeout`.
            drop(timeout(CANCEL, session.client.cancel_token().cancel_query(tls.in_force().made.clone())).await);
            drop(session);
        });
    }
}

/// The settings of each connection, which the server puts in force before its first statement.
fn options(config: &mut Config, mark: &str, limit: Duration, has_password: bool) {
    let (limit, mode) = (limit.as_millis(), config.get_ssl_mode());
    // A password goes by SCRAM alone, bound to the server's certificate: a server that asks for less is not the one.
    config.channel_binding(match (mode, has_password) {
        (SslMode::Disable, _) => ChannelBinding::Disable,
        (_, true) => ChannelBinding::Require,
        (_, false) => ChannelBinding::Prefer,
    });
    let settings = [
        format!("statement_timeout={limit}"),
        format!("lock_timeout={limit}"),
        format!("idle_in_transaction_session_timeout={limit}"),
        // A reminder alone: a role can take it back. The fence are the grants that it has not.
        "default_transaction_read_only=on".to_owned(),
        "search_path=\"$user\",public".to_owned(),
        format!("{}={mark}", super::fence::MARK),
    ];
    let options: Vec<_> = settings.iter().map(|setting| format!("-c {setting}")).collect();
    config.options(options.join(" ")).application_name("credit-gateway");
}
