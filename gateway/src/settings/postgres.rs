//! What a `[[store]]` of kind `postgres` says: where the server is, and as whom the gateway reads there.

use std::{net::IpAddr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::store::Store;

/// Connections where the configuration says nothing.
const CONNECTIONS: usize = 16;

/// Why an address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressFault {
    #[error(
        "`url` must have the form `postgresql://user@host:5432/database`, or `postgresql://user@%2Frun%2Fpostgresql/database` for a socket"
    )]
    Form,
    #[error("`url` contains a password: put it into a file of mode 0600 and name that in `password_file`")]
    Password,
    #[error("`url` contains settings after a `?`: the gateway sets them itself; leave them out")]
    Settings,
    #[error(
        "PostgreSQL needs `authorities`, the certificates by which the server's is verified; without TLS only loopback and sockets are reached"
    )]
    NoTls,
    #[error("`authorities` is of no use with a socket, which has no TLS: leave it out")]
    TlsOnSocket,
    #[error("`certificate` and `key` belong together, and to `authorities`")]
    HalfPair,
}

/// Where a PostgreSQL server is, as the configuration says it.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    /// `url`.
    pub(crate) url: &'a str,
    /// Whether there are `authorities`.
    pub(crate) has_authorities: bool,
    /// Whether there are `certificate` and `key`.
    pub(crate) own: (bool, bool),
    /// A connection must be made, and what is sent must arrive, within this time.
    pub(crate) timeout: Duration,
}

impl Store {
    /// The connections of the pool.
    #[must_use]
    pub(crate) fn pool_size(&self) -> usize {
        self.connections.unwrap_or(CONNECTIONS)
    }

    /// Where the server is, and how it is spoken to; without the password.
    ///
    /// # Errors
    /// [`AddressFault`].
    pub(crate) fn server(&self) -> Result<Config, AddressFault> {
        let address = Address {
            url: self.url.as_deref().unwrap_or_default(),
            has_authorities: self.authorities.is_some(),
            own: (self.certificate.is_some(), self.key.is_some()),
            timeout: Duration::from_millis(self.timeout_ms),
        };
        address.server()
    }
}

impl Address<'_> {
    /// Where the server is, and how it is spoken to; without the password.
    ///
    /// # Errors
    /// [`AddressFault`].
    pub(crate) fn server(&self) -> Result<Config, AddressFault> {
        let Self { url, has_authorities, own: (has_certificate, has_key), timeout } = *self;
        if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
            return Err(AddressFault::Form);
        }
        if url.contains('?') {
            return Err(AddressFault::Settings);
        }
        let mut config: Config = url.parse().map_err(|_| AddressFault::Form)?;
        if config.get_password().is_some() {
            return Err(AddressFault::Password);
        }
        if config.get_user().is_none_or(str::is_empty)
            || config.get_dbname().is_none_or(str::is_empty)
            || config.get_hosts().is_empty()
        {
            return Err(AddressFault::Form);
        }
        let hosts = config.get_hosts();
        let has_socket = hosts.iter().any(is_socket);
        let is_near = hosts.iter().all(|host| is_socket(host) || is_loopback(host));
        if has_certificate != has_key || (has_key && !has_authorities) {
            return Err(AddressFault::HalfPair);
        }
        config.ssl_mode(match (has_authorities, has_socket, is_near) {
            (true, true, _) => return Err(AddressFault::TlsOnSocket),
            (true, false, _) => SslMode::Require,
            (false, _, true) => SslMode::Disable,
            (false, _, false) => return Err(AddressFault::NoTls),
        });
        config.connect_timeout(timeout).tcp_user_timeout(timeout).keepalives_idle(Duration::from_secs(10));
        Ok(config)
    }
}

fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn store(url: &str, authorities: bool) -> Store {
        let mut store: Store = toml::from_str("name = \"own\"\nkind = \"postgres\"\n").unwrap();
        store.url = Some(url.to_owned());
        store.authorities = authorities.then(|| PathBuf::from("ca.pem"));
        store
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        for (url, tls, fault) in [
            ("", true, AddressFault::Form),
            ("http://reader@db.example/credit", true, AddressFault::Form),
            ("host=db.example user=reader dbname=credit", true, AddressFault::Form),
            ("postgresql://db.example/credit", true, AddressFault::Form),
            ("postgresql://@db.example/credit", true, AddressFault::Form),
            ("postgresql://reader@db.example", true, AddressFault::Form),
            ("postgresql://reader@db.example/", true, AddressFault::Form),
            ("postgresql://reader@db.example:99999/credit", true, AddressFault::Form),
            ("postgresql://reader:hunter2@db.example/credit", true, AddressFault::Password),
            ("postgresql://reader:@db.example/credit", true, AddressFault::Password),
            ("postgresql://reader@db.example/credit?sslmode=disable", true, AddressFault::Settings),
            ("postgresql://reader@db.example/credit?password=hunter2", true, AddressFault::Settings),
            ("postgresql://reader@db.example/credit", false, AddressFault::NoTls),
            ("postgresql://reader@127.0.0.1,db.example/credit", false, AddressFault::NoTls),
            ("postgresql://reader@localhost.example/credit", false, AddressFault::NoTls),
            ("postgresql://reader@%2Frun%2Fpostgresql/credit", true, AddressFault::TlsOnSocket),
        ] {
            assert_eq!(store(url, tls).server().err(), Some(fault), "{url}");
            assert!(!fault.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn tls_is_left_out_only_where_nobody_listens() {
        for (url, tls, mode) in [
            ("postgresql://reader@db.example/credit", true, SslMode::Require),
            ("postgresql://reader@db1.example:5432,db2.example:5433/credit", true, SslMode::Require),
            ("postgresql://reader@127.0.0.1:5433/credit", true, SslMode::Require),
            ("postgresql://reader@127.0.0.1:5433/credit", false, SslMode::Disable),
            ("postgresql://reader@localhost/credit", false, SslMode::Disable),
            ("postgres://reader@%2Frun%2Fpostgresql:5433/credit", false, SslMode::Disable),
        ] {
            assert_eq!(store(url, tls).server().unwrap().get_ssl_mode(), mode, "{url}");
        }
        let mut half = store("postgresql://reader@db.example/credit", true);
        half.key = Some(PathBuf::from("gateway.key"));
        assert_eq!(half.server().err(), Some(AddressFault::HalfPair));
    }
}
