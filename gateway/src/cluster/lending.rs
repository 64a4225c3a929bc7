//! Lends rates: asks the Redis server that the gateways have in common, for many at once, and gives what it lends to who waits.
//!
//! Soft on purpose: nothing whose loss would be an unlawful answer is there. While the server is away each gateway keeps its share of
//! every rate ([`lease`](crate::callers::lease)).

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, Script, ServerErrorKind, TlsCertificates, aio::MultiplexedConnection,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};

use super::handle::Process;
use crate::{
    callers::lease::{Ask, LeaseKey, Leased, Lender, Taken},
    settings::SharedRates,
    stores::postgres::secret,
};

/// GCRA, of many rates at once: how much of each there may be now, and after how many microseconds there is more.
const GCRA: &str = include_str!("gcra.lua");
/// All keys are of one slot, so that a cluster of servers keeps them in one place too.
const PREFIX: &str = "{credit-gateway}:";
/// So many asks go to the server at once.
const AT_ONCE: usize = 512;
/// How often it is looked whether the server is there.
const EVERY: Duration = Duration::from_secs(1);
/// How long a new connection may take: nobody waits for it.
const CONNECT: Duration = Duration::from_secs(1);

/// Why the server cannot be used. Of its own texts nothing comes out.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RatesFault {
    /// A file of its settings.
    #[error("state.rates: {0}")]
    File(String),
    /// Nobody there, or not with this certificate.
    #[error("the server of `[state.rates]` cannot be reached: see its `url`, and `authorities` where it has TLS")]
    Unreachable,
    /// User or password.
    #[error(
        "the server of `[state.rates]` does not let this user in, or not do this: see `url`, `password_file` and its rules (EVALSHA, SCRIPT, GET, SET, TIME, PING)"
    )]
    NotLetIn,
    /// It took too long.
    #[error("the server of `[state.rates]` does not answer in time (`state.rates.timeout_ms`)")]
    Late,
    /// Anything else that it says.
    #[error("the server of `[state.rates]` refuses what it is asked: it must be Redis 5 or later, and take writes")]
    Refuses,
}

impl From<RedisError> for RatesFault {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            _ if error.is_timeout() => Self::Late,
            ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => Self::NotLetIn,
            _ if error.code().is_some_and(|code| ["NOAUTH", "WRONGPASS", "NOPERM"].contains(&code)) => Self::NotLetIn,
            _ if error.is_io_error() || error.is_connection_dropped() => Self::Unreachable,
            _ => Self::Refuses,
        }
    }
}

/// What a file says.
fn file(path: &Path) -> Result<Vec<u8>, RatesFault> {
    fs::read(path).map_err(|error| RatesFault::File(format!("cannot use `{}`: {error}", path.display())))
}

/// A client of the server, by the files as they are now.
///
/// # Errors
/// When a file cannot be used.
fn client(settings: &SharedRates) -> Result<Client, RatesFault> {
    let address = settings.server().map_err(|fault| RatesFault::File(fault.to_owned()))?;
    let secret = |fault: crate::stores::postgres::PostgresFault| RatesFault::File(fault.to_string());
    let mut who = RedisConnectionInfo::default().set_db(address.database.into()).set_skip_set_lib_name();
    if let Some(user) = &address.user {
        who = who.set_username(user);
    }
    if let Some(path) = &settings.password_file {
        who = who.set_password(secret::password(path).map_err(secret)?.as_str());
    }
    let place = match address.is_encrypted {
        true => ConnectionAddr::TcpTls { host: address.host, port: address.port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(address.host, address.port),
    };
    let info: ConnectionInfo = place.into_connection_info()?.set_redis_settings(who);
    let Some(authorities) = &settings.authorities else { return Ok(Client::open(info)?) };
    let client_tls = match settings.certificate.as_ref().zip(settings.key.as_ref()) {
        Some((certificate, key)) => {
            secret::refuse_open(key).map_err(secret)?;
            Some(ClientTlsConfig { client_cert: file(certificate)?, client_key: file(key)? })
        }
        None => None,
    };
    let tls = TlsCertificates { client_tls, root_cert: Some(file(authorities)?) };
    let unusable = || RatesFault::File("`authorities`, `certificate` or `key` is no PEM file of its kind".to_owned());
    Client::build_with_tls(info, tls).map_err(|_| unusable())
}

/// Whether its files can be used. The server may be away.
///
/// # Errors
/// [`RatesFault::File`].
pub(crate) fn check_files(settings: &SharedRates) -> Result<(), RatesFault> {
    client(settings).map(drop)
}

/// Lends until the process ends.
pub(super) async fn lend(settings: SharedRates, lender: Arc<Lender>, process: Arc<dyn Process>) {
    let Some(asked) = lender.asked() else { return };
    let script = Script::new(GCRA);
    let mut lending = Lending { settings, lender, process, asked, script, connection: None };
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            first = lending.asked.recv() => match first {
                Some(first) => lending.lend(first).await,
                None => return,
            },
            _ = every.tick() => lending.look().await,
        }
    }
}

struct Lending {
    settings: SharedRates,
    lender: Arc<Lender>,
    process: Arc<dyn Process>,
    asked: mpsc::UnboundedReceiver<Ask>,
    script: Script,
    connection: Option<MultiplexedConnection>,
}

/// Those who ask for one rate.
struct Group {
    of: Arc<Leased>,
    waiting: Vec<oneshot::Sender<Taken>>,
}

impl Lending {
    /// Looks whether the server is there, and connects where it was not.
    async fn look(&mut self) {
        let looked = match &mut self.connection {
            Some(connection) => {
                let ping = timeout(self.settings.timeout(), redis::cmd("PING").query_async::<()>(connection)).await;
                ping.map_or(Err(RatesFault::Late), |pinged| pinged.map_err(Into::into))
            }
            None => {
                let connected = timeout(CONNECT, connected(&self.settings)).await;
                connected.unwrap_or(Err(RatesFault::Late)).map(|connection| self.connection = Some(connection))
            }
        };
        self.note(looked);
    }

    fn note(&mut self, looked: Result<(), RatesFault>) {
        if looked.is_err() {
            self.connection = None;
        }
        self.lender.set_there(looked.is_ok());
        self.process.lends(looked.map_err(|fault| fault.to_string()));
    }

    /// Lends to all who ask now.
    async fn lend(&mut self, first: Ask) {
        let mut groups: HashMap<LeaseKey, Group> = HashMap::new();
        let mut next = Some(first);
        let mut count = 0;
        while let Some(Ask { of, reply }) = next {
            groups.entry(of.key()).or_insert_with(|| Group { of, waiting: Vec::new() }).waiting.extend(reply);
            count += 1;
            next = if count < AT_ONCE { self.asked.try_recv().ok() } else { None };
        }
        let groups: Vec<_> = groups.into_values().collect();
        match self.asked_for(&groups).await {
            Ok(lent) => groups.into_iter().zip(lent).for_each(|(group, lent)| group.takes(lent)),
            Err(fault) => {
                groups.iter().for_each(|group| group.of.not_lent());
                self.note(Err(fault));
            }
        }
    }

    /// How much of each is lent, and the time until there is more.
    async fn asked_for(&mut self, groups: &[Group]) -> Result<Vec<(u32, Duration)>, RatesFault> {
        let connection = self.connection.as_mut().ok_or(RatesFault::Unreachable)?;
        let mut call = self.script.prepare_invoke();
        for group in groups {
            let rate = group.of.rate();
            call.key([PREFIX.as_bytes(), &group.of.key()].concat());
            call.arg(1_000_000.0 / f64::from(rate.per_s.get())).arg(rate.burst.get()).arg(group.wanted());
        }
        let lent = timeout(self.settings.timeout(), call.invoke_async::<Vec<(u32, u64)>>(connection)).await;
        let lent = lent.map_err(|_| RatesFault::Late)??;
        if lent.len() != groups.len() {
            return Err(RatesFault::Refuses);
        }
        Ok(lent.into_iter().map(|(lent, wait)| (lent, Duration::from_micros(wait))).collect())
    }
}

impl Group {
    fn wanted(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX).saturating_add(self.of.ahead())
    }

    /// Gives what was lent to those who wait, and keeps the rest for others.
    fn takes(self, (mut left, wait): (u32, Duration)) {
        let is_enough = usize::try_from(left).is_ok_and(|left| left >= self.waiting.len());
        for reply in self.waiting {
            let taken = left.checked_sub(1).ok_or(wait);
            left = taken.unwrap_or(left);
            // Who does not wait any more leaves it to others.
            if reply.send(taken.map(drop)).is_err() && taken.is_ok() {
                left += 1;
            }
        }
        self.of.lent(left, (!is_enough).then_some(wait));
    }
}

async fn connected(settings: &SharedRates) -> Result<MultiplexedConnection, RatesFault> {
    let settings = settings.clone();
    let client = tokio::task::spawn_blocking(move || client(&settings)).await.map_err(|_| RatesFault::Refuses)??;
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(None);
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}
