//! Single objects: put under a condition, read, and asked for without a name.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::clock::Clock;
use http_body_util::Full;
use hyper::{HeaderMap, Request, StatusCode, body::Bytes, header::ETAG};
use jiff::SignedDuration;
use ring::digest;
use zeroize::Zeroizing;

use super::{
    credentials::Credentials,
    fault::ObjectFault,
    signature::{Unsigned, encoded},
};
use crate::{
    settings::{LockMode, ObjectSettings},
    stores::http::{Endpoint, HttpFault, Place},
};

/// Largest answer that is no object: faults in XML.
const WORDS: usize = 64 * 1024;

/// Requests under way at a time.
pub(super) const AT_A_TIME: usize = 8;

/// An object as it was read.
pub(super) struct Object {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Names this content to `If-Match`.
    pub(super) etag: Option<String>,
}

/// When something may be put.
#[derive(Clone, Copy)]
pub(super) enum Condition<'a> {
    /// Where nothing is.
    Absent,
    /// Where this is still there; without an ETag, in any case.
    InPlaceOf(Option<&'a str>),
}

/// What a store answered.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Zeroizing<Vec<u8>>,
}

/// The store.
pub(crate) struct Client {
    endpoint: Endpoint,
    pub(super) settings: ObjectSettings,
    origin: String,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// Of the log with this name. Reads certificates and credentials; no connection is made.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub(crate) fn new(settings: &ObjectSettings, origin: &str, clock: &Arc<dyn Clock>) -> Result<Self, ObjectFault> {
        let endpoint = endpoint(settings)?;
        let (settings, origin, clock) = (settings.clone(), origin.to_owned(), Arc::clone(clock));
        Ok(Self { endpoint, settings, origin, clock })
    }

    /// Whether its files can be used.
    ///
    /// # Errors
    /// When one cannot.
    pub(crate) fn check_files(settings: &ObjectSettings) -> Result<(), ObjectFault> {
        endpoint(settings).map(drop)
    }

    /// Takes new certificates and keys, where there are.
    pub(super) async fn look(&self) {
        // Where they cannot be used, those before stay in force, and a line of the log says so.
        self.endpoint.look().await;
    }

    /// Where a file of the log lies.
    fn path(&self, bucket: &str, name: &str) -> String {
        encoded(&format!("/{bucket}/{}/{name}", self.origin))
    }

    /// Reads an object of at most so many bytes; nothing where it is not there. What is longer is read as nothing.
    pub(super) async fn get(&self, bucket: &str, name: &str, most: usize) -> Result<Option<Object>, ObjectFault> {
        let asked = Asked { method: "GET", path: self.path(bucket, name), ..Asked::default() };
        // A fault that is longer than the object is a fault all the same.
        let answered = match self.ask(asked, most.max(WORDS)).await {
            Err(ObjectFault::Http(HttpFault::TooLarge(_))) => {
                return Ok(Some(Object { bytes: Zeroizing::default(), etag: None }));
            }
            answered => answered?,
        };
        match (answered.status, &*code(&answered.bytes)) {
            (StatusCode::OK, _) => {
                let etag = answered.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
                Ok(Some(Object { bytes: answered.bytes, etag }))
            }
            (StatusCode::NOT_FOUND, "NoSuchKey") => Ok(None),
            (status, code) => Err(refused(bucket, "read", status, code)),
        }
    }

    /// Puts an object; false where the condition does not hold. Where nothing is to be covered, and nothing is there, S3s
    /// answer 404 or 412.
    pub(super) async fn put(
        &self,
        bucket: &str,
        name: &str,
        body: &[u8],
        condition: Condition<'_>,
    ) -> Result<bool, ObjectFault> {
        let mut headers = BTreeMap::from([(
            "x-amz-checksum-sha256",
            STANDARD.encode(digest::digest(&digest::SHA256, body).as_ref()),
        )]);
        match condition {
            Condition::Absent => drop(headers.insert("if-none-match", "*".to_owned())),
            Condition::InPlaceOf(Some(etag)) => drop(headers.insert("if-match", etag.to_owned())),
            Condition::InPlaceOf(None) => {}
        }
        if let Some(mode) = self.settings.lock {
            let until = SignedDuration::from_hours(24).saturating_mul(self.settings.lock_days.cast_signed());
            let until = self.clock.now().saturating_add(until).unwrap_or(jiff::Timestamp::MAX);
            let mode = match mode {
                LockMode::Governance => "GOVERNANCE",
                LockMode::Compliance => "COMPLIANCE",
            };
            headers.insert("x-amz-object-lock-mode", mode.to_owned());
            let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            headers.insert("x-amz-object-lock-retain-until-date", until);
        }
        let body = body.to_owned();
        let answered =
            self.ask(Asked { method: "PUT", path: self.path(bucket, name), headers, body, ..Asked::default() }, WORDS);
        let answered = answered.await?;
        match (answered.status, &*code(&answered.bytes)) {
            (StatusCode::OK, _) => Ok(true),
            (StatusCode::NOT_FOUND, "NoSuchKey") | (StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT, _) => {
                Ok(false)
            }
            (status, code) => Err(refused(bucket, "written", status, code)),
        }
    }

    /// Refuses a bucket that answers whoever asks: anything but "no" is said to somebody who may read there.
    pub(super) async fn is_private(&self, bucket: &str) -> Result<(), ObjectFault> {
        let path = self.path(bucket, PROBE);
        let answered = self.ask(Asked { method: "GET", path, is_nobody: true, ..Asked::default() }, WORDS).await?;
        match answered.status {
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Ok(()),
            StatusCode::OK | StatusCode::NOT_FOUND => Err(ObjectFault::Public(bucket.to_owned())),
            status => Err(refused(bucket, "read", status, &code(&answered.bytes))),
        }
    }

    /// Asks whether both buckets can be read and written as is needed; a store that keeps its promises has nothing written.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) async fn prove(&self) -> Result<(), ObjectFault> {
        let buckets = [&*self.settings.bucket, &*self.settings.entries_bucket];
        for bucket in buckets {
            drop(self.get(bucket, PROBE, WORDS).await?);
            let never = Condition::InPlaceOf(Some("\"00000000000000000000000000000000\""));
            if self.settings.lock.is_some() {
                self.is_locking(bucket).await?;
            }
            if self.put(bucket, PROBE, b"", never).await? {
                return Err(ObjectFault::Unconditional(bucket.to_owned()));
            }
        }
        self.is_private(&self.settings.entries_bucket).await
    }

    async fn is_locking(&self, bucket: &str) -> Result<(), ObjectFault> {
        let path = encoded(&format!("/{bucket}"));
        let answered = self.ask(Asked { path, query: "object-lock=", ..Asked::default() }, WORDS).await?;
        let said = String::from_utf8_lossy(&answered.bytes);
        match (answered.status, &*code(&answered.bytes)) {
            (StatusCode::OK, _) if said.contains(">Enabled<") => Ok(()),
            (StatusCode::OK, _) | (StatusCode::NOT_FOUND, "ObjectLockConfigurationNotFoundError") => {
                Err(ObjectFault::NoLock(bucket.to_owned()))
            }
            (status, code) => Err(refused(bucket, "read", status, code)),
        }
    }

    async fn ask(&self, asked: Asked, most: usize) -> Result<Answered, ObjectFault> {
        let Asked { method, path, query, mut headers, body, is_nobody } = asked;
        headers.insert("host", self.endpoint.authority().to_owned());
        if !is_nobody {
            let credentials = Credentials::read(&self.settings.credentials_file)?;
            let unsigned = Unsigned { method, path: &path, query, headers, body: &body };
            headers = unsigned.sign(&credentials, &self.settings.region, self.clock.now());
        }
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| HttpFault::Broken)?;
        let exchange = self.endpoint.exchange(request, most);
        match tokio::time::timeout(self.settings.timeout(), exchange).await {
            Ok(answered) => answered.map(|(status, headers, bytes)| Answered { status, headers, bytes }),
            Err(_) => return Err(ObjectFault::Late),
        }
        .map_err(ObjectFault::from)
    }
}

fn endpoint(settings: &ObjectSettings) -> Result<Endpoint, ObjectFault> {
    drop(Credentials::read(&settings.credentials_file)?);
    let place = Place {
        name: "log.objects",
        url: &settings.url,
        authorities: settings.authorities.as_deref(),
        own: settings.certificate.clone().zip(settings.key.clone()),
        connections: AT_A_TIME,
    };
    Ok(Endpoint::at(&place)?)
}

/// A name that is never put.
const PROBE: &str = "probe";

struct Asked {
    method: &'static str,
    path: String,
    query: &'static str,
    headers: BTreeMap<&'static str, String>,
    body: Vec<u8>,
    /// Without credentials.
    is_nobody: bool,
}

impl Default for Asked {
    fn default() -> Self {
        let (path, headers, body) = (String::new(), BTreeMap::new(), Vec::new());
        Self { method: "GET", path, query: "", headers, body, is_nobody: false }
    }
}

fn refused(bucket: &str, done: &'static str, status: StatusCode, code: &str) -> ObjectFault {
    ObjectFault::Refused { bucket: bucket.to_owned(), done, status: status.as_u16(), code: code.to_owned() }
}

/// The code in a fault of S3; `-` where there is none. Nothing else of it is read.
fn code(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let is_code = |code: &&str| (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    code.filter(is_code).unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_fault_only_its_code_is_read() {
        assert_eq!(code(b"<?xml?><Error><Code>NoSuchKey</Code><Message>x</Message></Error>"), "NoSuchKey");
        for none in [&b""[..], b"<Code>", b"<Code></Code>", b"<Code>a b</Code>", b"\xff<Code>A</Code>"] {
            assert_eq!(code(none), "-");
        }
    }
}
