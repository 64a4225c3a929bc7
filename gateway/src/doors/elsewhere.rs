//! The operator's other gateways, as this one asks them at their officers' port: one client, one time and one size for whatever is
//! asked there, for persons and for officers. What they answer is believed in nothing but their own log.

use std::time::Duration;

use credit_policy::Language;
use http_body_util::Full;
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_TYPE, HOST},
};
use zeroize::Zeroizing;

use crate::{
    settings::{OtherGateway, Persons},
    stores::http::{Endpoint, HttpFault, HttpOpenError, Place},
};

/// How long another gateway may take.
const TIME: Duration = Duration::from_secs(5);
/// Longest answer: an export of 2,000 entries, each with its leaf, what is shown of it and its proof, at 16 KiB.
const BYTES: usize = 32 << 20;
/// Connections to each.
const CONNECTIONS: usize = 4;

/// The other gateways of this operator.
#[derive(Default)]
pub(crate) struct Others(Vec<Other>);

/// One of them.
pub(super) struct Other {
    log: String,
    /// Its officers' port.
    url: String,
    endpoint: Endpoint,
}

/// Why another gateway did not answer. It names nobody.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Http(#[from] HttpFault),
    #[error("it did not answer within 5 s")]
    Late,
    #[error(
        "it answered {0}; where that is 401 or 403, its register must have this gateway's certificate, as an officer with the role `gateway`"
    )]
    Refused(StatusCode),
    #[error("what it answered is no list of the log `{0}`")]
    NotAList(String),
    #[error("what is asked makes no request")]
    Unaskable,
}

impl Others {
    /// Those that the configuration names. Reads certificates; no connection is made.
    ///
    /// # Errors
    /// What of them cannot be used.
    pub(crate) fn new(settings: &Persons) -> Result<Self, HttpOpenError> {
        let other = |other: &OtherGateway| {
            let place = Place {
                name: "persons.gateways",
                url: &other.url,
                authorities: Some(&other.authorities),
                own: Some((other.certificate.clone(), other.key.clone())),
                connections: CONNECTIONS,
            };
            Ok(Other { log: other.log.clone(), url: other.url.clone(), endpoint: Endpoint::at(&place)? })
        };
        settings.gateways.iter().map(other).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Other> {
        self.0.iter()
    }

    /// The one with this log.
    pub(super) fn find(&self, log: &str) -> Option<&Other> {
        self.0.iter().find(|other| other.log == log)
    }
}

impl Other {
    /// The name of its log.
    pub(super) fn log(&self) -> &str {
        &self.log
    }

    /// Where its officers' pages are.
    pub(super) fn url(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    /// That what it answered is no list of its log.
    pub(super) fn no_list(&self) -> Fault {
        Fault::NotAList(self.log.clone())
    }

    /// Posts JSON to one of its paths.
    ///
    /// # Errors
    /// [`Fault`]; what it answers with another status is for the caller.
    pub(super) async fn ask(
        &self,
        path: &'static str,
        body: Zeroizing<Vec<u8>>,
        language: Language,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Fault> {
        self.endpoint.look().await;
        let language = match language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, self.endpoint.authority())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(ACCEPT_LANGUAGE, language)
            .body(Full::new(Bytes::from_owner(body)))
            .map_err(|_| Fault::Unaskable)?;
        let exchange = tokio::time::timeout(TIME, self.endpoint.exchange(request, BYTES)).await;
        let (status, _, bytes) = exchange.map_err(|_| Fault::Late)??;
        Ok((status, bytes))
    }
}
