//! What the demo's identity service gave out and may still be asked about: logins, codes, access tokens. Each has a time
//! and is bounded in number; codes and logins are taken once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_audit::clock::Clock;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};

/// The client's id, as the demo's configuration has it.
pub(super) const CLIENT: &str = "credit-gateway-demo";
/// How the demo's people are authenticated: not at all.
pub(super) const ACR: &str = "urn:credit-gateway:demo";

const KEPT: Duration = Duration::from_secs(10 * 60);
const MOST: usize = 1_000;
const KID: &str = "demo";
/// Seconds for which an ID token is valid.
const VALID_S: i64 = 300;

/// Everything that was given out.
pub(super) struct Issued {
    clock: Arc<dyn Clock>,
    random: SystemRandom,
    key: EcdsaKeyPair,
    words: Mutex<Words>,
}

#[derive(Default)]
struct Words {
    logins: HashMap<String, (Duration, Login)>,
    codes: HashMap<String, (Duration, Login, usize)>,
    access: HashMap<String, (Duration, usize)>,
}

#[derive(Clone)]
struct Login {
    state: String,
    nonce: String,
    challenge: String,
}

/// The name of a person towards the client.
pub(super) fn subject(place: usize) -> String {
    format!("demo-person-{}", place + 1)
}

impl Issued {
    /// Nothing yet, and a new key; nothing at all where the system gives no randomness.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Option<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).ok()?;
        Some(Self { clock, random, key, words: Mutex::default() })
    }

    /// The public key, as a JWK Set.
    pub(super) fn keys(&self) -> serde_json::Value {
        let point = self.key.public_key().as_ref();
        let half = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
        serde_json::json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KID, "x": half(1), "y": half(33),
        }] })
    }

    /// A login begins; its word goes into the page.
    pub(super) fn begin(&self, state: &str, nonce: &str, challenge: &str) -> Option<String> {
        let login = Login { state: state.to_owned(), nonce: nonce.to_owned(), challenge: challenge.to_owned() };
        self.keep(|words, word, now| drop(words.logins.insert(word, (now, login))))
    }

    /// The state to send back, and a code for the person in this place.
    pub(super) fn code(&self, login: &str, place: usize) -> Option<(String, String)> {
        let (_, login) = self.words.lock().unwrap_or_else(PoisonError::into_inner).logins.remove(login)?;
        let state = login.state.clone();
        let code = self.keep(|words, word, now| drop(words.codes.insert(word, (now, login, place))))?;
        Some((state, code))
    }

    /// The tokens for a code, once, and only with the verifier of its challenge (RFC 7636 §4.6).
    pub(super) fn redeem(&self, code: &str, verifier: &str, issuer: &str) -> Option<serde_json::Value> {
        let (made, login, place) = self.words.lock().unwrap_or_else(PoisonError::into_inner).codes.remove(code)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        if challenge != login.challenge || self.clock.monotonic().saturating_sub(made) >= KEPT {
            return None;
        }
        let access = self.keep(|words, word, now| {
            words.access.insert(word, (now, place));
        })?;
        let now = self.clock.now().as_second();
        let hash = digest(&SHA256, access.as_bytes());
        let claims = serde_json::json!({
            "iss": issuer, "sub": subject(place), "aud": CLIENT, "iat": now, "exp": now + VALID_S, "auth_time": now,
            "nonce": login.nonce, "acr": ACR, "at_hash": URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16)?),
        });
        let head = serde_json::json!({ "alg": "ES256", "kid": KID, "typ": "JWT" });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(serde_json::json!({
            "access_token": access, "token_type": "Bearer", "expires_in": VALID_S,
            "id_token": format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
        }))
    }

    /// The person whose access token this is.
    pub(super) fn holder(&self, access: &str) -> Option<usize> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let (made, place) = *words.access.get(access)?;
        (self.clock.monotonic().saturating_sub(made) < KEPT).then_some(place)
    }

    fn keep(&self, put: impl FnOnce(&mut Words, String, Duration)) -> Option<String> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).ok()?;
        let word = URL_SAFE_NO_PAD.encode(bytes);
        let now = self.clock.monotonic();
        let is_kept = |made: Duration| now.saturating_sub(made) < KEPT;
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.logins.retain(|_, (made, _)| is_kept(*made));
        words.codes.retain(|_, (made, ..)| is_kept(*made));
        words.access.retain(|_, (made, _)| is_kept(*made));
        if words.logins.len() >= MOST || words.codes.len() >= MOST || words.access.len() >= MOST {
            return None;
        }
        put(&mut words, word.clone(), now);
        Some(word)
    }
}
