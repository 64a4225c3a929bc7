//! `[log.copy]`: who keeps a second copy of the write-ahead log.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

/// Who keeps the second copy of the write-ahead log, with `log.copies = 2`: a leaf counts once it is durable here and there, and
/// while nobody is there nothing is recorded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopySettings {
    /// Where `credit-gateway copy keep` listens on the other machine: `copies.example:9444`. Its certificate must have that name.
    pub(crate) address: String,
    /// The authorities that its certificate must be of, in PEM.
    pub(crate) authorities: PathBuf,
    /// The certificate that the gateway shows to it, in PEM.
    pub(crate) certificate: PathBuf,
    /// The key of that certificate, in PEM, mode 0600.
    pub(crate) key: PathBuf,
    /// How long it may take to answer, in milliseconds; then it is taken for away, and connected anew.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 100, max = 60_000))]
    pub(crate) timeout_ms: u64,
}

impl CopySettings {
    /// How long it may take to answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The name in the address, without brackets, and the port.
    pub(crate) fn host(&self) -> Option<(&str, u16)> {
        let (host, port) = self.address.rsplit_once(':')?;
        let host = host.strip_prefix('[').map_or(Some(host), |host| host.strip_suffix(']'))?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        (!host.is_empty()).then_some((host, port))
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.authorities, &mut self.certificate, &mut self.key].into_iter()
    }

    /// What is wrong with it, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.host().is_none() {
            faults.push("log.copy.address must be a name and a port, such as copies.example:9444".to_owned());
        }
        if !(100..=60_000).contains(&self.timeout_ms) {
            faults.push("log.copy.timeout_ms must be between 100 and 60000".to_owned());
        }
        faults
    }
}

fn timeout_ms() -> u64 {
    2_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = "authorities = \"a\"\ncertificate = \"c\"\nkey = \"k\"\n";

    #[test]
    fn what_is_no_address_or_no_time_is_refused() {
        let of = |address: &str, more: &str| {
            toml::from_str::<CopySettings>(&format!("address = \"{address}\"\n{FILES}{more}")).unwrap()
        };
        assert_eq!(of("copies.example:9444", "").faults(), [""; 0]);
        assert_eq!(of("[::1]:9444", "").host(), Some(("::1", 9444)));
        for address in
            ["", "copies.example", ":9444", "copies.example:", "copies.example:0", "copies.example:66000", "[::1:1"]
        {
            assert!(of(address, "").faults().join("").contains("log.copy.address"), "{address}");
        }
        for time in [99, 60_001] {
            assert!(of("a:1", &format!("timeout_ms = {time}")).faults().join("").contains("timeout_ms"));
        }
        assert!(toml::from_str::<CopySettings>(&format!("address = \"a:1\"\n{FILES}colour = 1")).is_err());
    }
}
