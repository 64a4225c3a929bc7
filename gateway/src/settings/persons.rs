//! What `[persons]` says: the identity service by which persons log in at their door.

use std::path::PathBuf;

use hyper::Uri;
use schemars::JsonSchema;
use serde::Deserialize;

/// The identity service (an OpenID provider) by which persons log in, and how this door is known to it. Without it the
/// persons' door answers every path with 404.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persons {
    /// This door as browsers reach it, for example `https://credit.example`; `/login/callback` behind it is the address
    /// that the identity service must know for this client, and the address itself the one after a logout.
    pub address: String,
    /// The identity service's `issuer`; `/.well-known/openid-configuration` is read behind it.
    pub issuer: String,
    /// The id under which the identity service knows this gateway.
    pub client_id: String,
    /// File with the client's secret in its first line, mode 0600; left out = a client without a secret.
    pub client_secret_file: Option<PathBuf>,
    /// Certificates of the authorities by which the identity service's is verified (PEM); needed where its address is
    /// `https`.
    pub authorities: Option<PathBuf>,
    /// By what a person is known: `claim` (the service gives the citizen number), or `binding` (it gives none: an officer binds the
    /// account to the number of who is present, once, at the counter).
    #[serde(default)]
    pub identified_by: IdentifiedBy,
    /// The claim of the service's userinfo that is the citizen number; of no use with `identified_by = "binding"`.
    #[serde(default = "claim")]
    pub citizen_number_claim: String,
    /// The scopes asked for beside `openid`, so that the claim is among the userinfo.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How a person must have been authenticated (`acr`): one of these; the first is preferred. Left out = as the service
    /// sees fit.
    #[serde(default)]
    pub acr: Vec<String>,
    /// Reports a year that a person may have without a fee; each is counted, and the page says which one it is. None is refused
    /// beyond it.
    #[serde(default = "free_reports")]
    pub free_reports_a_year: u16,
    /// The other gateways of this operator, each with a log of its own: persons and officers see what stands there too.
    #[serde(default)]
    pub gateways: Vec<OtherGateway>,
}

/// Another gateway of this operator. Its register has this one as an officer with `role = "gateway"`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherGateway {
    /// The name of its log (`log.origin`).
    pub log: String,
    /// Its officers' port, `https://host:8445`, without a path.
    pub url: String,
    /// The authorities that its certificate must be of, in PEM.
    pub authorities: PathBuf,
    /// The certificate that this gateway shows to it, in PEM.
    pub certificate: PathBuf,
    /// The key of that certificate, in PEM, mode 0600.
    pub key: PathBuf,
}

/// By what a person who logs in is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifiedBy {
    /// By the citizen number, which the service gives.
    #[default]
    Claim,
    /// By the account, which an officer bound to a citizen number.
    Binding,
}

/// Credit-reporting regulation, art. 17; Shanghai, art. 34.
fn free_reports() -> u16 {
    2
}

/// Notices that persons are owed of queries about them, and that are given to those who never log in by an institution of
/// kind `notifier`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// Days after a query, or after the day until which its notice was deferred, within which the notice must be given; later ones are
    /// overdue.
    #[schemars(range(min = 1, max = 3_650))]
    pub within_days: u16,
}

impl Notices {
    /// What may not be.
    pub(super) fn fault(&self) -> Option<String> {
        let is_right = (1..=3_650).contains(&self.within_days);
        (!is_right).then(|| "notices.within_days must be between 1 and 3650".to_owned())
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self { within_days: 30 }
    }
}

fn claim() -> String {
    "citizen_number".to_owned()
}

impl Persons {
    /// What may not be.
    /// `own` is the name of this gateway's log.
    pub(super) fn faults(&self, own: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_origin(&self.address) {
            faults.push(
                "persons.address must be an https address without a path, such as https://credit.example".to_owned(),
            );
        }
        match self.issuer.parse::<Uri>() {
            Ok(issuer) if is_secure(&issuer) && !self.issuer.contains(['?', '#', '@']) => {
                let is_tls = issuer.scheme_str() == Some("https");
                if is_tls != self.authorities.is_some() {
                    faults.push(
                        "persons.authorities belongs to an issuer whose address is https, and to no other".to_owned(),
                    );
                }
            }
            Ok(_) | Err(_) => faults.push(
                "persons.issuer must be an https address without a question mark; http is for this machine alone (127.0.0.1, ::1, localhost)"
                    .to_owned(),
            ),
        }
        for (name, value) in [("client_id", &self.client_id), ("citizen_number_claim", &self.citizen_number_claim)] {
            if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
                faults.push(format!("persons.{name} must be a word"));
            }
        }
        let words = self.scopes.iter().map(|scope| ("scopes", scope)).chain(self.acr.iter().map(|acr| ("acr", acr)));
        for (name, value) in words {
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                faults.push(format!("persons.{name} must be a list of words"));
            }
        }
        for (at, other) in self.gateways.iter().enumerate() {
            if !is_origin(&other.url) {
                faults.push("persons.gateways: each `url` must be an https address without a path, such as https://r2.example:8445".to_owned());
            }
            if other.log.is_empty()
                || other.log == own
                || self.gateways.iter().take(at).any(|before| before.log == other.log)
            {
                faults.push("persons.gateways: each `log` must be the name of another log".to_owned());
            }
        }
        faults
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let own = [&mut self.client_secret_file, &mut self.authorities].into_iter().filter_map(Option::as_mut);
        let others = self.gateways.iter_mut();
        own.chain(others.flat_map(|other| [&mut other.authorities, &mut other.certificate, &mut other.key]))
    }
}

/// An `https` address without path, query and user.
fn is_origin(address: &str) -> bool {
    let parsed = address.parse::<Uri>().ok();
    parsed.is_some_and(|uri| {
        uri.scheme_str() == Some("https")
            && uri.authority().is_some_and(|authority| address == format!("https://{authority}"))
            && !address.contains('@')
    })
}

/// Whether an address is reached over TLS, or does not leave this machine.
#[must_use]
pub(crate) fn is_secure(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match address.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "address = \"https://credit.example\"\nissuer = \"https://id.example/city\"\nclient_id = \"credit\"\n\
                         authorities = \"ca.pem\"\n";

    #[test]
    fn what_cannot_be_is_told_with_what_to_write() {
        let faults = |text: &str| toml::from_str::<Persons>(text).unwrap().faults("own").join("\n");
        assert_eq!(faults(SOUND), "");
        assert_eq!(faults(&SOUND.replace("https://credit.example", "https://127.0.0.1:8444")), "");
        let near = SOUND.replace("https://id.example/city", "http://localhost:8448");
        assert_eq!(faults(&near.replace("authorities = \"ca.pem\"\n", "")), "");
        for (right, wrong, told) in [
            ("https://credit.example", "http://credit.example", "persons.address"),
            ("https://credit.example", "https://credit.example/", "persons.address"),
            ("https://credit.example", "https://credit.example/me?x", "persons.address"),
            ("https://credit.example", "https://me@credit.example", "persons.address"),
            ("https://id.example/city", "http://id.example/city", "persons.issuer"),
            ("https://id.example/city", "https://id.example/?x=1", "persons.issuer"),
            ("https://id.example/city", "https://me@id.example/", "persons.issuer"),
            ("https://id.example/city", "id.example", "persons.issuer"),
            ("https://id.example/city", "http://localhost:8448", "persons.authorities"),
            ("authorities = \"ca.pem\"\n", "", "persons.authorities"),
            ("\"credit\"", "\"\"", "persons.client_id"),
            ("\"credit\"", "\"credit\"\ncitizen_number_claim = \"a b\"", "citizen_number_claim"),
            ("\"credit\"", "\"credit\"\nscopes = [\"a b\"]", "persons.scopes"),
            ("\"credit\"", "\"credit\"\nacr = [\"\"]", "persons.acr"),
        ] {
            assert!(SOUND.contains(right), "{right}");
            assert!(faults(&SOUND.replacen(right, wrong, 1)).contains(told), "{wrong}");
        }
        let others = |all: &[(&str, &str)]| {
            let one = |(log, url): &(&str, &str)| {
                format!(
                    "[[gateways]]\nlog = \"{log}\"\nurl = \"{url}\"\nauthorities = \"a\"\ncertificate = \"c\"\nkey = \"k\"\n"
                )
            };
            faults(&format!("{SOUND}{}", all.iter().map(one).collect::<String>()))
        };
        assert_eq!(others(&[("r2", "https://r2.example:8445"), ("r3", "https://r3.example:8445")]), "");
        for (log, url, told) in [
            ("r3", "http://r2.example:8445", "each `url`"),
            ("r3", "https://r2.example:8445/x", "each `url`"),
            ("", "https://r2.example:8445", "each `log`"),
            ("own", "https://r2.example:8445", "each `log`"),
            ("r2", "https://r2.example:8445", "each `log`"),
        ] {
            let told_of = others(&[("r2", "https://r2.example:8445"), (log, url)]);
            assert!(told_of.contains(told), "{log} {url}: {told_of}");
        }
    }
}
