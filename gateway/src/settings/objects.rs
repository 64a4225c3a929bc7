//! `[log.objects]`: where the published log goes as well.

use std::{path::PathBuf, time::Duration};

use hyper::Uri;
use schemars::JsonSchema;
use serde::Deserialize;

/// An S3-compatible store to which everything that is published goes as well: hash tiles and checkpoint to one bucket, entry
/// bundles to another. The log's own folder stays whole, and no query waits for the store. Left out = nothing goes anywhere.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectSettings {
    /// Its address, `https://s3.example:9000`, without a path: buckets are named in the path. Plain http on this machine only.
    pub(crate) url: String,
    /// The region that requests are signed for.
    #[serde(default = "region")]
    pub(crate) region: String,
    /// Bucket of hash tiles and checkpoint, which may be public. Everything in it lies below the log's name.
    pub(crate) bucket: String,
    /// Bucket of the entry bundles, another one, and private: a bucket that anybody may read is refused.
    pub(crate) entries_bucket: String,
    /// Whose access it is: a file as the tools of S3 have it (`aws_access_key_id`, `aws_secret_access_key`,
    /// `aws_session_token`), mode 0600; read again for each request.
    pub(crate) credentials_file: PathBuf,
    /// The authorities that its certificate must be of, in PEM.
    pub(crate) authorities: Option<PathBuf>,
    /// The certificate that the gateway shows to it, in PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// The key of that certificate, in PEM, mode 0600.
    pub(crate) key: Option<PathBuf>,
    /// How what is put is locked against removal, in buckets with object lock; left out = as the buckets say.
    pub(crate) lock: Option<LockMode>,
    /// For how many days, with `lock`.
    #[serde(default = "lock_days")]
    #[schemars(range(min = 1, max = 36_500))]
    pub(crate) lock_days: u32,
    /// How often what is new is put, in seconds. Each time some partial tiles go along, which nobody removes.
    #[serde(default = "every_s")]
    #[schemars(range(min = 1, max = 3_600))]
    pub(crate) every_s: u64,
    /// How many of the objects before are read again and compared each time, round and round.
    #[serde(default = "checks")]
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) checks: usize,
    /// How long one request may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 100, max = 120_000))]
    pub(crate) timeout_ms: u64,
}

/// How an object is locked (S3 object lock).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LockMode {
    /// By whoever may bypass it, it can be removed.
    Governance,
    /// By nobody.
    Compliance,
}

impl ObjectSettings {
    /// How long one request may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let files = [&mut self.authorities, &mut self.certificate, &mut self.key];
        files.into_iter().filter_map(Option::as_mut).chain([&mut self.credentials_file])
    }

    /// What is wrong with it, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut wrong = |is_wrong: bool, what: &str| {
            if is_wrong {
                faults.push(what.to_owned());
            }
        };
        let uri = self.url.parse::<Uri>().ok();
        let is_plain = self.url.starts_with("http://");
        wrong(
            uri.is_none_or(|uri| uri.scheme().is_none() || uri.host().is_none() || !matches!(uri.path(), "" | "/")),
            "log.objects.url must be an address without a path, such as https://s3.example:9000",
        );
        wrong(
            is_plain == self.authorities.is_some(),
            "log.objects: an https address needs `authorities`, the certificates by which the store's is verified; plain http has none",
        );
        wrong(
            self.certificate.is_some() != self.key.is_some() || (is_plain && self.key.is_some()),
            "log.objects: `certificate` and `key` belong together, and to an https address",
        );
        wrong(
            !is_bucket(&self.bucket) || !is_bucket(&self.entries_bucket),
            "log.objects: the name of a bucket has 3 to 63 small letters, digits, hyphens and dots",
        );
        wrong(
            self.bucket == self.entries_bucket,
            "log.objects: `entries_bucket` must be another one than `bucket`, which may be public",
        );
        wrong(
            self.region.is_empty() || !self.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "log.objects.region must have letters, digits and hyphens, such as us-east-1",
        );
        wrong(!(1..=36_500).contains(&self.lock_days), "log.objects.lock_days must be between 1 and 36500");
        wrong(!(1..=3_600).contains(&self.every_s), "log.objects.every_s must be between 1 and 3600");
        wrong(!(1..=10_000).contains(&self.checks), "log.objects.checks must be between 1 and 10000");
        wrong(!(100..=120_000).contains(&self.timeout_ms), "log.objects.timeout_ms must be between 100 and 120000");
        faults
    }
}

/// As S3 names buckets.
fn is_bucket(name: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    (3..=63).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.contains("..")
        && is_end(name.bytes().next())
        && is_end(name.bytes().last())
}

fn region() -> String {
    "us-east-1".to_owned()
}
fn lock_days() -> u32 {
    1_095
}
fn every_s() -> u64 {
    60
}
fn checks() -> usize {
    64
}
fn timeout_ms() -> u64 {
    30_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "url = \"https://s3.example:9000\"\nbucket = \"log\"\nentries_bucket = \"log-entries\"\n\
        credentials_file = \"c\"\nauthorities = \"ca.pem\"\n";

    #[test]
    fn what_is_wrong_with_it_is_told_with_what_to_write() {
        let faults = |text: &str| toml::from_str::<ObjectSettings>(text).unwrap().faults().join("; ");
        assert_eq!(faults(SOUND), "");
        assert_eq!(
            faults(&SOUND.replace("https://s3.example:9000", "http://127.0.0.1:9").replace("authorities", "# a")),
            ""
        );
        for (right, wrong, told) in [
            ("https://s3.example:9000", "https://s3.example/log", "without a path"),
            ("https://s3.example:9000", "s3", "without a path"),
            ("authorities = \"ca.pem\"", "", "needs `authorities`"),
            ("https://s3.example:9000", "http://127.0.0.1:9", "needs `authorities`"),
            ("\"c\"", "\"c\"\nkey = \"k\"", "belong together"),
            ("\"log\"", "\"Log\"", "name of a bucket"),
            ("\"log\"", "\"l/og\"", "name of a bucket"),
            ("\"log\"", "\"-log\"", "name of a bucket"),
            ("\"log-entries\"", "\"log\"", "another one"),
            ("\"c\"", "\"c\"\nregion = \"a b\"", "region"),
            ("\"c\"", "\"c\"\nlock_days = 0", "lock_days"),
            ("\"c\"", "\"c\"\nevery_s = 3601", "every_s"),
            ("\"c\"", "\"c\"\nchecks = 0", "checks"),
            ("\"c\"", "\"c\"\ntimeout_ms = 99", "timeout_ms"),
        ] {
            let text = SOUND.replacen(right, wrong, 1);
            assert!(faults(&text).contains(told), "{text}: {}", faults(&text));
        }
        assert!(toml::from_str::<ObjectSettings>(&format!("{SOUND}colour = 1")).is_err());
        assert!(toml::from_str::<ObjectSettings>(&format!("{SOUND}lock = \"none\"")).is_err());
    }
}
