//! One connection to the shared state, and when what was written on it counts.

use std::{sync::Arc, time::Duration};

use futures_util::{
    StreamExt,
    future::{select_ok, try_join},
    stream::poll_fn,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout_at},
};
use tokio_postgres::{
    AsyncMessage, Client, Config,
    config::{ChannelBinding, Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::StateFault;
use crate::{
    settings::{SharedState, Standby},
    stores::{
        postgres::{PostgresFault, secret, tls},
        reread::Reread,
    },
};

/// How often it is looked whether the standby has it, where it has not at once.
const LOOK: Duration = Duration::from_millis(1);

/// How far the server has written, and whether a synchronous standby has all of it. A standby that is away, a cancelled wait and
/// emptied `synchronous_standby_names` all end in an ordinary success of COMMIT; what a standby flushed is told by itself alone.
/// (The view `pg_stat_replication` is this function, and who is connected from where beside it: several times as dear.)
const WRITTEN: &str = "SELECT pg_catalog.pg_current_wal_flush_lsn()::text, EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_senders() \
     WHERE sync_state IN ('sync', 'quorum') AND flush_lsn >= pg_catalog.pg_current_wal_flush_lsn())";
/// Whether a synchronous standby has what was written up to there.
const HAS: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_senders() \
     WHERE sync_state IN ('sync', 'quorum') AND flush_lsn >= $1::text::pg_catalog.pg_lsn)";
/// Whether this role is shown how far standbys are.
const MAY_SEE: &str = "SELECT pg_catalog.pg_has_role(session_user, 'pg_read_all_stats', 'MEMBER')";

/// How connections are made.
#[derive(Clone)]
pub(super) struct Server {
    settings: SharedState,
    tls: Reread<MakeRustlsConnect>,
}

impl Server {
    /// # Errors
    /// When one of its files cannot be used.
    pub(super) fn new(settings: &SharedState) -> Result<Self, StateFault> {
        let own = settings.certificate.clone().zip(settings.key.clone());
        Ok(Self { settings: settings.clone(), tls: tls::encrypted("[state]", settings.authorities.clone(), own)? })
    }

    /// How long a write may take.
    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout()
    }

    /// A new connection to the server that takes writes.
    ///
    /// # Errors
    /// [`StateFault`].
    pub(super) async fn connect(&self) -> Result<Link, StateFault> {
        let latest = Instant::now() + self.timeout();
        timeout_at(latest, self.connected()).await.unwrap_or(Err(StateFault::Late))
    }

    /// A client, and what hears of news.
    async fn client_of(&self, config: Config) -> Result<(Client, Arc<Notify>), PostgresFault> {
        let connected = config.connect(self.tls.in_force().made.clone()).await;
        let (client, mut connection) = connected.map_err(|error| PostgresFault::of_connecting(&error))?;
        let news = Arc::new(Notify::new());
        let noticed = Arc::clone(&news);
        // What ended it, the next statement says.
        tokio::spawn(async move {
            let mut messages = poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    noticed.notify_one();
                }
            }
        });
        Ok((client, news))
    }

    async fn connected(&self) -> Result<Link, StateFault> {
        let mut config = self.settings.server().map_err(|_| PostgresFault::Protocol)?;
        config.channel_binding(match (config.get_ssl_mode(), &self.settings.password_file) {
            (SslMode::Disable, _) => ChannelBinding::Disable,
            (_, Some(_)) => ChannelBinding::Require,
            (_, None) => ChannelBinding::Prefer,
        });
        if let Some(path) = &self.settings.password_file {
            config.password(secret::password(path)?.as_bytes());
        }
        let limit = self.timeout().as_millis();
        // None of them ends a wait for a standby: that is for the caller's own limit. A transaction of a gateway that is cut off in
        // its midst ends, or its locks would keep all the others from what it asked for.
        config
            .options(format!("-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit} -c search_path=\"$user\",public -c default_transaction_isolation=read\\ committed"))
            .application_name("credit-gateway-state");
        self.tls.look().await;
        // All at once: one that is cut off says nothing, and would keep the others from being asked.
        let hosts = each_host(&config).into_iter().map(|config| Box::pin(self.client_of(config)));
        let ((client, news), _) = select_ok(hosts).await?;
        let is_proved = self.settings.standby == Standby::Required;
        if is_proved && !client.query_one(MAY_SEE, &[]).await?.try_get::<_, bool>(0)? {
            return Err(StateFault::Unseen);
        }
        let (written, has) = try_join(client.prepare(WRITTEN), client.prepare(HAS)).await?;
        Ok(Link { client, news, written, has, is_proved })
    }
}

/// The servers of a configuration, each by itself.
fn each_host(all: &Config) -> Vec<Config> {
    let port = |at: usize| all.get_ports().get(at).or(all.get_ports().first());
    let of = |(at, host): (usize, &Host)| {
        let mut config = Config::new();
        match host {
            Host::Tcp(name) => config.host(name),
            Host::Unix(path) => config.host_path(path),
        };
        port(at).map(|port| config.port(*port));
        all.get_user().map(|user| config.user(user));
        all.get_dbname().map(|name| config.dbname(name));
        all.get_password().map(|password| config.password(password));
        all.get_options().map(|options| config.options(options));
        all.get_application_name().map(|name| config.application_name(name));
        all.get_connect_timeout().map(|time| config.connect_timeout(*time));
        all.get_tcp_user_timeout().map(|time| config.tcp_user_timeout(*time));
        config
            .ssl_mode(all.get_ssl_mode())
            .channel_binding(all.get_channel_binding())
            .keepalives_idle(all.get_keepalives_idle())
            .target_session_attrs(all.get_target_session_attrs());
        config
    };
    all.get_hosts().iter().enumerate().map(of).collect()
}

/// A connection. One that met a fault is not used again: what it had under way may still be done.
pub(super) struct Link {
    pub(super) client: Client,
    /// Woken by each notice of the server, where this connection listens.
    pub(super) news: Arc<Notify>,
    written: tokio_postgres::Statement,
    has: tokio_postgres::Statement,
    is_proved: bool,
}

impl Link {
    /// Looks, after a commit, whether a synchronous standby has it.
    ///
    /// # Errors
    /// [`StateFault::NoStandby`] where none has it in time, or what the server says: then nobody may be told that it is done.
    pub(super) async fn prove(&self, latest: Instant) -> Result<(), StateFault> {
        if !self.is_proved {
            return Ok(());
        }
        let row = self.client.query_one(&self.written, &[]).await?;
        let (written, mut has) = (row.try_get::<_, String>(0)?, row.try_get::<_, bool>(1)?);
        let mut waits = Duration::ZERO;
        while !has {
            if Instant::now() >= latest {
                return Err(StateFault::NoStandby);
            }
            // Mostly another connection wrote something since, which the standby has in a moment.
            sleep(waits).await;
            waits = LOOK;
            has = self.client.query_one(&self.has, &[&written]).await?.try_get(0)?;
        }
        Ok(())
    }
}
