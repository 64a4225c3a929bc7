//! What is asked on the tour: bodies of queries, and the consents that the demo's authority signs.

use std::{fs, ops::Deref, path::Path};

use credit_policy::{
    CitizenNumber, FieldName, Personal, ScenarioName,
    consent::{Frequency, Grant, Period, SigningKey, Terms, TokenId, issue},
};
use jiff::SignedDuration;
use ring::rand::SystemRandom;
use serde_json::json;
use zeroize::Zeroizing;

use super::failure::{TourError, unexpected};
use crate::{
    callers::thumbprint::Thumbprint,
    demo::folder::{AUTHORITY, AUTHORITY_ES256, ISSUER},
    gateway::Gateway,
};

/// Where queries go.
pub(super) const QUERIES: &str = "/v1/queries";

const OPERATOR: &str = "staff-0017";

/// A look-up for public rental housing.
pub(super) fn asked(person: &Personal<String>, case: Option<&str>) -> String {
    asked_by(OPERATOR, person, case)
}

/// The same, by this member of staff.
pub(super) fn asked_by(staff: &str, person: &Personal<String>, case: Option<&str>) -> String {
    person.disclose(|number| {
        let mut body = json!({"scenario": "public-rental-housing", "subject": number, "operator": staff});
        if let (Some(case), Some(body)) = (case, body.as_object_mut()) {
            body.insert("case".to_owned(), json!(case));
        }
        body.to_string()
    })
}

/// A query on consent: the person comes from the token.
pub(super) fn on_consent(scenario: &str) -> String {
    json!({"scenario": scenario, "operator": OPERATOR}).to_string()
}

/// The consent authority's side.
pub(super) struct Authority {
    eddsa: SigningKey,
    es256: SigningKey,
    random: SystemRandom,
}

impl Authority {
    /// The authority of a demo folder.
    pub(super) fn of(dir: &Path) -> Result<Self, TourError> {
        let random = SystemRandom::new();
        let key = |name: &str| {
            let jwk = fs::read_to_string(dir.join(name)).map(Zeroizing::new);
            let jwk = jwk.map_err(|error| TourError::Unexpected(format!("`{name}`: {error}")))?;
            SigningKey::from_jwk(&jwk, &random).map_err(|error| TourError::Unexpected(format!("`{name}`: {error}")))
        };
        Ok(Self { eddsa: key(AUTHORITY)?, es256: key(AUTHORITY_ES256)?, random })
    }
}

/// What the person agreed to.
pub(super) struct Agreed<'a> {
    /// The institution, by the name of its certificate.
    pub(super) institution: &'a str,
    pub(super) scenario: &'a str,
    pub(super) fields: &'a [&'a str],
    pub(super) uses: u64,
    pub(super) frequency: &'a str,
    /// How long ago.
    pub(super) ago_s: i64,
    /// Whether the ES256 key signs.
    pub(super) es256: bool,
}

impl<'a> Agreed<'a> {
    /// To one answer with these fields, within the hour.
    pub(super) fn to(institution: &'a str, scenario: &'a str, fields: &'a [&'a str]) -> Self {
        Self { institution, scenario, fields, uses: 1, frequency: "1/P1M", ago_s: 0, es256: false }
    }
}

const LIFETIME_S: i64 = 3_600;

/// A token, with its id.
pub(super) struct Token {
    pub(super) jti: String,
    text: Zeroizing<String>,
}

impl Deref for Token {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Token {
    /// The part that the issuer signed: it names nobody.
    pub(super) fn issuer_signed(&self) -> &str {
        self.split('~').next().unwrap_or_default()
    }

    /// The same with another signature.
    pub(super) fn tampered(&self) -> Zeroizing<String> {
        let Some((signed, signature)) = self.rsplit_once('.') else { return Zeroizing::default() };
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        Zeroizing::new(format!("{signed}.{other}{}", signature.get(1..).unwrap_or_default()))
    }
}

impl Authority {
    /// Signs what `person` agreed to.
    pub(super) fn token(
        &self,
        dir: &Path,
        gateway: &Gateway,
        person: &Personal<String>,
        agreed: &Agreed<'_>,
    ) -> Result<Token, TourError> {
        fn no<T, E: std::fmt::Display>(made: Result<T, E>) -> Result<T, TourError> {
            made.map_err(|error| unexpected(&error))
        }
        let certificate = dir.join(format!("institutions/{}.pem", agreed.institution));
        let fields = agreed.fields.iter().map(|field| FieldName::parse(field)).collect::<Result<Vec<_>, _>>();
        let issued_at = no(gateway.clock.now().checked_sub(SignedDuration::from_secs(agreed.ago_s)))?;
        let jti = format!("tour-{}", gateway.new_id());
        let grant = Grant {
            iss: ISSUER.to_owned(),
            jti: TokenId::parse(&jti).ok_or_else(|| TourError::Unexpected("no token id".to_owned()))?,
            issued_at,
            not_before: issued_at,
            expires_at: no(issued_at.checked_add(SignedDuration::from_secs(LIFETIME_S)))?,
            certificate: no(Thumbprint::of_file(&certificate))?.into_bytes(),
            terms: Terms {
                scenario: no(ScenarioName::parse(agreed.scenario))?,
                fields: Some(no(fields)?),
                look_back: no(Period::parse("P5Y"))?,
                uses: agreed.uses,
                frequency: no(Frequency::parse(agreed.frequency))?,
                data_life: no(Period::parse("P1M"))?,
            },
        };
        let person = no(person.disclose(|number| CitizenNumber::parse(number)))?;
        let key = if agreed.es256 { &self.es256 } else { &self.eddsa };
        let text = no(issue(key, &grant, &person, &self.random))?;
        Ok(Token { jti, text })
    }
}
