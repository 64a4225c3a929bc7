//! `[state.rates]`: where several gateways keep the rates of institutions together.

use std::{net::IpAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

/// A Redis server (or one that speaks as it) in which gateways that count together keep the rates of institutions and their staff. It
/// lends each of them what it may let through next, so most queries wait for nothing. While it is away each gateway keeps its share
/// of every rate, and says so. Left out = each gateway keeps every rate alone, and together they let through that many times as much.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedRates {
    /// `rediss://user@host:6379/0`, never with a password; `redis://` (without TLS) on this machine only.
    pub(crate) url: String,
    /// The file of the user's password, mode 0600; read again for each new connection.
    pub(crate) password_file: Option<PathBuf>,
    /// The authorities that its certificate must be of, in PEM.
    pub(crate) authorities: Option<PathBuf>,
    /// The certificate that the gateway shows to it, in PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM, mode 0600.
    pub(crate) key: Option<PathBuf>,
    /// How many gateways there are: while the server is away each lets through this part of a rate.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) gateways: NonZeroU32,
    /// Longest time that a query waits for the server, in milliseconds; after that its gateway keeps its share.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 5, max = 1_000))]
    pub(crate) timeout_ms: u64,
}

/// Where the server is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RedisAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_encrypted: bool,
    pub(crate) user: Option<String>,
    pub(crate) database: u8,
}

impl SharedRates {
    /// How long it may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Where the server is; without the password.
    ///
    /// # Errors
    /// What is wrong with `url`.
    pub(crate) fn server(&self) -> Result<RedisAddress, &'static str> {
        const FORM: &str = "state.rates.url must have the form rediss://user@host:6379/0";
        let (is_encrypted, rest) = match self.url.split_once("://").ok_or(FORM)? {
            ("rediss", rest) => (true, rest),
            ("redis", rest) => (false, rest),
            _ => return Err(FORM),
        };
        let (place, database) = rest.split_once('/').unwrap_or((rest, "0"));
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err(
                "state.rates.url contains a password: put it into a file of mode 0600 and name that in `password_file`",
            );
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| FORM)?),
            _ => (place, 6_379),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
        if host.is_empty() || !is_plain(&host) || user.is_some_and(|user| user.is_empty() || !is_plain(user)) {
            return Err(FORM);
        }
        let database = database.parse().map_err(|_| FORM)?;
        Ok(RedisAddress { host, port, is_encrypted, user: user.map(ToOwned::to_owned), database })
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [&mut self.password_file, &mut self.authorities, &mut self.certificate, &mut self.key];
        files.into_iter().filter_map(Option::as_mut)
    }

    /// What is wrong with it, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut wrong = |is_wrong: bool, what: &str| {
            if is_wrong {
                faults.push(what.to_owned());
            }
        };
        match self.server() {
            Err(what) => wrong(true, what),
            Ok(address) => {
                wrong(
                    address.is_encrypted != self.authorities.is_some(),
                    "state.rates: rediss:// needs `authorities`, the certificates by which the server's is verified; redis:// has none",
                );
                wrong(
                    !address.is_encrypted && !is_near(&address.host),
                    "state.rates: without TLS (redis://) only this machine is reached",
                );
                wrong(
                    address.user.is_some() && self.password_file.is_none(),
                    "state.rates: a user needs a password in `password_file`",
                );
            }
        }
        wrong(
            self.certificate.is_some() != self.key.is_some() || (self.key.is_some() && self.authorities.is_none()),
            "state.rates: `certificate` and `key` belong together, and to `authorities`",
        );
        wrong(self.gateways.get() > 100, "state.rates.gateways must be between 1 and 100");
        wrong(!(5..=1_000).contains(&self.timeout_ms), "state.rates.timeout_ms must be between 5 and 1000");
        faults
    }
}

fn is_near(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn timeout_ms() -> u64 {
    50
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "url = \"rediss://rates@redis.example:6380/2\"\npassword_file = \"p\"\nauthorities = \"ca.pem\"\ngateways = 3\n";

    #[test]
    fn what_is_wrong_with_it_is_told_with_what_to_write() {
        let faults = |text: &str| toml::from_str::<SharedRates>(text).unwrap().faults().join("; ");
        assert_eq!(faults(SOUND), "");
        assert_eq!(faults("url = \"redis://127.0.0.1\"\ngateways = 1"), "");
        assert_eq!(faults("url = \"redis://[::1]\"\ngateways = 1"), "");
        for (right, wrong, told) in [
            ("rediss://rates@redis.example:6380/2", "http://redis.example", "must have the form"),
            ("rediss://rates@redis.example:6380/2", "redis.example:6379", "must have the form"),
            ("redis.example:6380", "redis.example:x", "must have the form"),
            ("/2", "/two", "must have the form"),
            ("rates@", "@", "must have the form"),
            ("rates@", "rates:secret@", "contains a password"),
            ("rates@", "rates:se@cret@", "contains a password"),
            ("rediss://", "redis://", "needs `authorities`"),
            ("authorities = \"ca.pem\"", "", "needs `authorities`"),
            ("password_file = \"p\"", "", "needs a password"),
            ("gateways = 3", "gateways = 3\nkey = \"k\"", "belong together"),
            ("gateways = 3", "gateways = 101", "gateways must"),
            ("gateways = 3", "gateways = 3\ntimeout_ms = 4", "timeout_ms"),
        ] {
            let text = SOUND.replacen(right, wrong, 1);
            assert!(faults(&text).contains(told), "{text}: {}", faults(&text));
            assert!(!faults(&text).contains("secret"), "{told}");
        }
        assert!(faults("url = \"redis://10.0.0.1\"\ngateways = 1").contains("only this machine"));
        for text in [format!("{SOUND}colour = 1"), SOUND.replace("gateways = 3", "gateways = 0")] {
            assert!(toml::from_str::<SharedRates>(&text).is_err());
        }
    }

    #[test]
    fn an_address_has_its_parts() {
        let server = |url: &str| {
            toml::from_str::<SharedRates>(&format!("url = \"{url}\"\ngateways = 1")).unwrap().server().unwrap()
        };
        let address = server("rediss://rates@redis.example:6380/2");
        let parts = (&*address.host, address.port, address.is_encrypted, address.user.as_deref(), address.database);
        assert_eq!(parts, ("redis.example", 6_380, true, Some("rates"), 2));
        let address = server("redis://[::1]");
        assert_eq!((&*address.host, address.port, address.is_encrypted, address.database), ("::1", 6_379, false, 0));
    }
}
