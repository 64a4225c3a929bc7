//! `[state]`: where several gateways count together.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use tokio_postgres::{Config, config::TargetSessionAttrs};

use super::{
    postgres::{Address, AddressFault},
    rates::SharedRates,
};

/// Where several gateways of one operator (replicas) count together: uses of consents, look-ups of a case, of a day and of a
/// person, withdrawals, suspensions and what persons said. Left out = this gateway counts alone, in its memory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedState {
    /// `postgresql://user@host:5432/database`, never with a password; of several hosts, with commas between, the one that
    /// takes writes is used. PostgreSQL 15 or later, with the tables of `credit-gateway state schema`.
    pub(crate) url: String,
    /// The file of the user's password, mode 0600; read again for each new connection.
    pub(crate) password_file: Option<PathBuf>,
    /// The authorities that its certificate must be of, in PEM; may be left out on this machine alone.
    pub(crate) authorities: Option<PathBuf>,
    /// The certificate that the gateway shows to it, in PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM, mode 0600.
    pub(crate) key: Option<PathBuf>,
    /// What is not written within this time is not believed, and the query is refused as `state-unavailable`, in milliseconds.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 100, max = 10_000))]
    pub(crate) timeout_ms: u64,
    /// Whether a write counts only when a synchronous standby has it too.
    #[serde(default)]
    pub(crate) standby: Standby,
    /// Where the rates of institutions are kept together.
    pub(crate) rates: Option<SharedRates>,
}

/// Whether there must be a standby.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standby {
    /// A write counts when a synchronous standby has it, which is looked at after each commit.
    #[default]
    Required,
    /// The server is alone: what it loses is counted anew. For tests and for one machine.
    None,
}

impl SharedState {
    /// How long a write may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Where the server is; without the password.
    ///
    /// # Errors
    /// [`AddressFault`].
    pub(crate) fn server(&self) -> Result<Config, AddressFault> {
        let address = Address {
            url: &self.url,
            has_authorities: self.authorities.is_some(),
            own: (self.certificate.is_some(), self.key.is_some()),
            timeout: self.timeout(),
        };
        let mut config = address.server()?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(config)
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [&mut self.password_file, &mut self.authorities, &mut self.certificate, &mut self.key];
        files.into_iter().filter_map(Option::as_mut).chain(self.rates.iter_mut().flat_map(SharedRates::paths_mut))
    }

    /// What is wrong with it, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> = self.server().err().map(|fault| format!("state: {fault}")).into_iter().collect();
        if !(100..=10_000).contains(&self.timeout_ms) {
            faults.push("state.timeout_ms must be between 100 and 10000".to_owned());
        }
        faults.extend(self.rates.iter().flat_map(SharedRates::faults));
        faults
    }
}

fn timeout_ms() -> u64 {
    1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_it_is_told_with_what_to_write() {
        let faults = |text: &str| toml::from_str::<SharedState>(text).unwrap().faults().join("; ");
        for (text, told) in [
            ("url = \"postgresql://a:b@127.0.0.1/c\"", "state: `url` contains a password"),
            ("url = \"postgresql://a@db.example/c\"", "state: PostgreSQL needs"),
            ("url = \"postgresql://a@127.0.0.1/c\"\ntimeout_ms = 99", "timeout_ms must be between"),
            ("url = \"postgresql://a@127.0.0.1/c\"\ncertificate = \"c.pem\"", "belong together"),
        ] {
            assert!(faults(text).contains(told), "{text}: {}", faults(text));
        }
        assert_eq!(faults("url = \"postgresql://a@127.0.0.1,localhost/c\""), "");
        assert!(toml::from_str::<SharedState>("url = \"x\"\ncolour = 1").is_err());
    }
}
