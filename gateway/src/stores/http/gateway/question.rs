//! What another gateway is sent. The person's number and the consent stand in the body and in a header that is never
//! indexed, and in no address.

use credit_policy::{FieldName, InstitutionKind};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::stores::{contract::Asked, http::fault::HttpFault};

/// For whom another gateway is asked, and on which ground.
pub struct EndQuery {
    /// The institution that asks this gateway.
    pub(crate) institution: String,
    /// Its kind.
    pub(crate) kind: InstitutionKind,
    /// x5t#S256 of the certificate that it presented.
    pub(crate) certificate: String,
    /// This gateway's log.
    pub(crate) origin: String,
    /// The query's id.
    pub(crate) query: Uuid,
    /// The same for every query that repeats another, and for no other one.
    pub(crate) repeat_key: String,
    /// The member of staff.
    pub(crate) staff: String,
    /// The case.
    pub(crate) case: Option<String>,
    /// The consent as it was presented.
    pub(crate) token: Option<Zeroizing<String>>,
}

#[derive(Serialize)]
struct Body<'a> {
    scenario: &'a str,
    subject: &'a str,
    operator: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    fields: &'a [FieldName],
    on_behalf: OnBehalf<'a>,
}

#[derive(Serialize)]
struct OnBehalf<'a> {
    institution: &'a str,
    kind: &'a str,
    certificate: &'a str,
    origin: &'a str,
    query: Uuid,
}

/// The body of the query.
pub(super) fn body(asked: &Asked, fields: &[FieldName], end: &EndQuery) -> Result<Zeroizing<Vec<u8>>, HttpFault> {
    asked.person.disclose(|number| {
        let body = Body {
            scenario: asked.scenario.as_str(),
            subject: number.as_str(),
            operator: &end.staff,
            case: end.case.as_deref(),
            fields,
            on_behalf: OnBehalf {
                institution: &end.institution,
                kind: end.kind.as_str(),
                certificate: &end.certificate,
                origin: &end.origin,
                query: end.query,
            },
        };
        // Room enough, so that no half-written copy of the number is left behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *bytes, &body).map_err(|_| HttpFault::Broken)?;
        Ok(bytes)
    })
}

/// The whole proof is asked for with the answer. The key is the same for a repeat, so that it is one there too.
pub(super) fn add_headers(headers: &mut HeaderMap, end: &EndQuery) -> Result<(), HttpFault> {
    headers.insert("prefer", HeaderValue::from_static("receipt=proof"));
    let key = HeaderValue::from_str(&end.repeat_key).map_err(|_| HttpFault::Broken)?;
    headers.insert("idempotency-key", key);
    if let Some(token) = &end.token {
        let bearer = Zeroizing::new(["Bearer ", token.as_str()].concat());
        let mut value = HeaderValue::from_str(&bearer).map_err(|_| HttpFault::Broken)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(())
}
