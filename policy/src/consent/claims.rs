//! Header, claims and disclosure of a token, from their JSON: exactly the members of formats.md §3.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::json::{Json, Object};
use super::keys::Algorithm;
use super::period::{Frequency, Period};
use super::terms::{Terms, TokenId};
use crate::names::{FieldName, ScenarioName};
use crate::person::CitizenNumber;
use crate::personal::Personal;

/// The fewest characters of a salt: base64url of 128 bits has 22 (RFC 9901 §4.2.1 asks for as much). A shorter one
/// would let whoever reads the log find the number by trying.
const SHORTEST_SALT: usize = 22;

/// The protected header. It is closed, so there is no `crit`, `jwk`, `jku` or `x5c` to be led astray by.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
}

impl Header {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut members = Object::parse(text)?;
        let header = Self { algorithm: Algorithm::parse(&members.text("alg")?)?, kid: members.text("kid")? };
        let typ = members.text("typ")?;
        members.end()?;
        (typ == "consent+sd-jwt").then_some(header)
    }
}

/// The claims that the profile knows. Others are ignored.
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) jti: TokenId,
    pub(super) iat: Timestamp,
    pub(super) nbf: Timestamp,
    pub(super) exp: Timestamp,
    pub(super) certificate: [u8; 32],
    pub(super) digests: Vec<String>,
    pub(super) terms: Terms,
}

impl Claims {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut members = Object::parse(text)?;
        if members.text("_sd_alg")? != "sha-256" {
            return None;
        }
        let details = members.take("authorization_details")?.array()?;
        let [detail] = <[Json; 1]>::try_from(details).ok()?;
        Some(Self {
            iss: members.text("iss")?,
            aud: members.text("aud")?,
            jti: TokenId::parse(&members.text("jti")?)?,
            iat: members.instant("iat")?,
            nbf: members.instant("nbf")?,
            exp: members.instant("exp")?,
            certificate: certificate(members.take("cnf")?.object()?)?,
            digests: members.take("_sd")?.texts()?,
            terms: terms(detail.object()?)?,
        })
    }
}

/// `cnf`: the thumbprint of a certificate and nothing else (RFC 8705 §3.1).
fn certificate(mut cnf: Object) -> Option<[u8; 32]> {
    let thumbprint = URL_SAFE_NO_PAD.decode(cnf.text("x5t#S256")?).ok()?;
    cnf.end()?;
    thumbprint.try_into().ok()
}

/// The one detail.
fn terms(mut detail: Object) -> Option<Terms> {
    let fields = match detail.take("fields") {
        Some(names) => Some(fields(names)?),
        None => None,
    };
    let terms = Terms {
        scenario: ScenarioName::parse(&detail.text("scenario")?).ok()?,
        fields,
        look_back: Period::parse(&detail.text("look_back")?).ok()?,
        uses: detail.number("uses")?,
        frequency: Frequency::parse(&detail.text("frequency")?).ok()?,
        data_life: Period::parse(&detail.text("data_life")?).ok()?,
    };
    let known = detail.text("type")? == "credit-query";
    detail.end()?;
    let by_days = terms.look_back.is_of_days() && terms.data_life.is_of_days();
    (known && by_days && terms.uses > 0).then_some(terms)
}

/// At least one field: a consent to nothing is none.
fn fields(names: Json) -> Option<Vec<FieldName>> {
    let names: Vec<_> = names.texts()?.iter().map(|name| FieldName::parse(name).ok()).collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// The disclosure: salt, name, value. Escapes are refused, for undoing them would leave a copy of the number behind.
pub(super) fn person(disclosure: &[u8]) -> Option<Personal<CitizenNumber>> {
    if disclosure.contains(&b'\\') {
        return None;
    }
    let (salt, name, number): (&str, &str, &str) = serde_json::from_slice(disclosure).ok()?;
    let known = name == "citizen_number" && salt.len() >= SHORTEST_SALT && salt.bytes().all(|c| c.is_ascii_graphic());
    if known { CitizenNumber::parse(number).ok() } else { None }
}
