//! Header, claims and disclosure of a token, from their JSON: exactly the members of formats.md §3.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::claim_names::Claim;
use super::fault::ConsentFault;
use super::json::{Json, Object};
use super::keys::Algorithm;
use super::period::{Frequency, Period};
use super::terms::{Terms, TokenId};
use crate::names::{FieldName, ScenarioName};
use crate::person::CitizenNumber;
use crate::personal::Personal;

/// The fewest characters of a salt in base64url and in hexadecimal: 128 bits (RFC 9901 §4.2.1 asks for as much). A
/// shorter one would let whoever reads the log find the number by trying.
const SHORTEST_BASE64URL: usize = 22;
const SHORTEST_HEXADECIMAL: usize = 32;
/// The longest `vct`, in characters.
const LONGEST_TYPE: usize = 128;

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

/// The claims of the profile. A token with any other is refused, for its record keeps all of them.
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) jti: TokenId,
    pub(super) iat: Timestamp,
    pub(super) nbf: Timestamp,
    pub(super) exp: Timestamp,
    pub(super) certificate: [u8; 32],
    /// `_sd` of the payload: what may be disclosed, and decoys.
    pub(super) digests: Vec<String>,
    /// The digests that stand deeper: decoys only.
    pub(super) decoys: Vec<String>,
    pub(super) terms: Terms,
}

impl Claims {
    /// The first fault in the order of the members below; what is no such object at all is [`ConsentFault::Claims`].
    pub(super) fn read(text: &[u8]) -> Result<Self, ConsentFault> {
        let mut members = Object::parse(text).ok_or(ConsentFault::Claims)?;
        let digests = members.take("_sd").and_then(Json::digests).ok_or(wrong(Claim::Sd))?;
        let mut decoys = Vec::new();
        members.take_decoys(&mut decoys).ok_or(wrong(Claim::Sd))?;
        let claims = Self {
            iss: members.text("iss").ok_or(wrong(Claim::Iss))?,
            aud: members.text("aud").ok_or(wrong(Claim::Aud))?,
            jti: members.text("jti").and_then(|jti| TokenId::parse(&jti)).ok_or(wrong(Claim::Jti))?,
            iat: members.instant("iat").ok_or(wrong(Claim::Iat))?,
            nbf: members.instant("nbf").ok_or(wrong(Claim::Nbf))?,
            exp: members.instant("exp").ok_or(wrong(Claim::Exp))?,
            certificate: members.take("cnf").and_then(certificate).ok_or(wrong(Claim::Cnf))?,
            digests,
            decoys,
            terms: members.take("authorization_details").ok_or(wrong(Claim::Details)).and_then(terms)?,
        };
        // RFC 9901 §4.1.1: left out, it is sha-256.
        let is = |given: Option<Json>, form: &dyn Fn(&str) -> bool| {
            given.is_none_or(|given| given.text().is_some_and(|text| form(&text)))
        };
        refuse_unless(is(members.take("_sd_alg"), &|text| text == "sha-256"), Claim::SdAlg)?;
        refuse_unless(is(members.take("vct"), &is_type), Claim::Vct)?;
        members.end().ok_or(ConsentFault::UnknownClaim)?;
        Ok(claims)
    }
}

fn wrong(claim: Claim) -> ConsentFault {
    ConsentFault::Claim(claim)
}

fn refuse_unless(sound: bool, claim: Claim) -> Result<(), ConsentFault> {
    if sound { Ok(()) } else { Err(wrong(claim)) }
}

fn is_type(text: &str) -> bool {
    (1..=LONGEST_TYPE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `cnf`: the thumbprint of a certificate and nothing else (RFC 8705 §3.1).
fn certificate(cnf: Json) -> Option<[u8; 32]> {
    let mut cnf = cnf.object()?;
    let thumbprint = URL_SAFE_NO_PAD.decode(cnf.text("x5t#S256")?).ok()?;
    cnf.end()?;
    thumbprint.try_into().ok()
}

/// The one detail.
fn terms(details: Json) -> Result<Terms, ConsentFault> {
    let one = details.array().and_then(|details| <[Json; 1]>::try_from(details).ok());
    let mut detail = one.and_then(|[detail]| detail.object()).ok_or(wrong(Claim::Details))?;
    refuse_unless(detail.text("type").as_deref() == Some("credit-query"), Claim::Type)?;
    let mut period = |key, claim| {
        let period = detail.text(key).and_then(|text| Period::parse(&text).ok());
        period.filter(|period| period.is_of_days()).ok_or(wrong(claim))
    };
    let (look_back, data_life) = (period("look_back", Claim::LookBack)?, period("data_life", Claim::DataLife)?);
    let scenario = detail.text("scenario").and_then(|name| ScenarioName::parse(&name).ok());
    let frequency = detail.text("frequency").and_then(|text| Frequency::parse(&text).ok());
    let named = detail.take("fields").map(|names| fields(names).ok_or(wrong(Claim::Fields))).transpose()?;
    let terms = Terms {
        scenario: scenario.ok_or(wrong(Claim::Scenario))?,
        fields: named,
        look_back,
        uses: detail.number("uses").filter(|uses| *uses > 0).ok_or(wrong(Claim::Uses))?,
        frequency: frequency.ok_or(wrong(Claim::Frequency))?,
        data_life,
    };
    detail.end().ok_or(wrong(Claim::Details))?;
    Ok(terms)
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
    let known = name == "citizen_number" && is_long_enough(salt);
    if known { CitizenNumber::parse(number).ok() } else { None }
}

/// 128 bits at least: a salt of hexadecimal digits alone has four in each, any other is taken as base64url.
fn is_long_enough(salt: &str) -> bool {
    let hexadecimal = salt.bytes().all(|c| c.is_ascii_hexdigit());
    let shortest = if hexadecimal { SHORTEST_HEXADECIMAL } else { SHORTEST_BASE64URL };
    salt.len() >= shortest && salt.bytes().all(|c| c.is_ascii_graphic())
}
