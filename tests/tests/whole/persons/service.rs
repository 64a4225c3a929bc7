//! An identity service of the tests: it asks nobody anything, and says what it is told to say.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

/// What it does otherwise than a service should.
#[derive(Clone, Debug)]
pub(crate) enum Lie {
    /// A claim of the ID token has another value; `null`: it is left out.
    Claim(&'static str, Value),
    /// A claim of the ID token that is a time is so many seconds away from now.
    Time(&'static str, i64),
    /// A member of the ID token's head has another value.
    Head(&'static str, Value),
    /// The ID token is signed by a key that is not published.
    OtherKey,
    /// The ID token's signature is another one's.
    Signature,
    /// No ID token.
    NoToken,
    /// The code is not taken.
    NoCode,
    /// A member of the userinfo has another value; `null`: it is left out.
    Userinfo(&'static str, Value),
    /// A member of the way back has another value; `None`: it is left out.
    Back(&'static str, Option<String>),
    /// Asked without asking anybody, it answers this error; `None`: a code, since its own session is still open.
    Silent(Option<&'static str>),
}

struct Key {
    pair: EcdsaKeyPair,
    kid: String,
}

struct State {
    issuer: String,
    number: String,
    lies: Vec<Lie>,
    key: Key,
    codes: HashMap<String, (String, String)>,
    made: u32,
    key_reads: u32,
}

/// The service. It answers until the test process ends.
#[derive(Clone)]
pub(crate) struct Service(Arc<Mutex<State>>);

impl Service {
    /// At `http://localhost:<port>`; whoever comes is the person with this number.
    pub(crate) fn start(port: u16, number: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let state = State {
            issuer: format!("http://localhost:{port}"),
            number: number.to_owned(),
            lies: Vec::new(),
            key: key("k1"),
            codes: HashMap::new(),
            made: 0,
            key_reads: 0,
        };
        let service = Self(Arc::new(Mutex::new(state)));
        let shared = service.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.answer(stream);
            }
        });
        service
    }

    /// From now on.
    pub(crate) fn lie(&self, lies: impl Into<Vec<Lie>>) {
        self.0.lock().unwrap().lies = lies.into();
    }

    /// Who comes from now on is this person.
    pub(crate) fn person(&self, number: &str) {
        self.0.lock().unwrap().number = number.to_owned();
    }

    /// Signs by another key from now on, which it publishes.
    pub(crate) fn turn_key(&self, kid: &str) {
        self.0.lock().unwrap().key = key(kid);
    }

    /// How often its keys were read.
    pub(crate) fn key_reads(&self) -> u32 {
        self.0.lock().unwrap().key_reads
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() {
            return;
        }
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap_or_default();
        let target = first.split(' ').nth(1).unwrap_or("/").to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (status, header, text) = self.0.lock().unwrap().answer(path, query, &String::from_utf8_lossy(&body));
        let reply = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{header}\r\n{text}",
            text.len()
        );
        stream.write_all(reply.as_bytes()).unwrap_or_default();
    }
}

impl State {
    fn answer(&mut self, path: &str, query: &str, body: &str) -> (u16, String, String) {
        let ok = |value: Value| (200, String::new(), value.to_string());
        match path {
            "/.well-known/openid-configuration" => ok(json!({
                "issuer": self.issuer,
                "authorization_endpoint": format!("{}/authorize", self.issuer),
                "token_endpoint": format!("{}/token", self.issuer),
                "userinfo_endpoint": format!("{}/userinfo", self.issuer),
                "end_session_endpoint": format!("{}/end", self.issuer),
                "jwks_uri": format!("{}/jwks", self.issuer),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "authorization_response_iss_parameter_supported": true,
            })),
            "/jwks" => {
                self.key_reads += 1;
                let point = self.key.pair.public_key().as_ref();
                let half = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
                ok(
                    json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.key.kid, "x": half(1), "y": half(33)}]}),
                )
            }
            "/authorize" => (303, format!("Location: {}\r\n", self.back(query)), String::new()),
            // Whether the person says yes or no there, this is where the browser goes.
            "/end" => (303, format!("Location: {}\r\n", parsed(query)["post_logout_redirect_uri"]), String::new()),
            "/token" => match self.token(body) {
                Some(tokens) => ok(tokens),
                None => (400, String::new(), json!({"error": "invalid_grant"}).to_string()),
            },
            "/userinfo" => {
                let mut claims = json!({"sub": "subject-1", "citizen_number": self.number});
                for lie in &self.lies {
                    if let Lie::Userinfo(name, value) = lie {
                        put(&mut claims, name, value);
                    }
                }
                ok(claims)
            }
            _ => (404, String::new(), String::new()),
        }
    }

    fn back(&mut self, query: &str) -> String {
        let asked = parsed(query);
        self.made += 1;
        let code = format!("code-{}", self.made);
        self.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        let silent = self.lies.iter().find_map(|lie| if let Lie::Silent(error) = lie { Some(*error) } else { None });
        let first = match silent.unwrap_or(Some("login_required")) {
            Some(error) if asked.get("prompt").is_some_and(|prompt| prompt == "none") => ("error", error.to_owned()),
            Some(_) | None => ("code", code),
        };
        let mut back = vec![first, ("state", asked["state"].clone()), ("iss", self.issuer.clone())];
        for lie in &self.lies {
            if let Lie::Back(name, value) = lie {
                back.retain(|(known, _)| known != name);
                back.extend(value.as_ref().map(|value| (*name, value.clone())));
            }
        }
        let pairs: Vec<_> = back.iter().map(|(name, value)| format!("{name}={}", value.replace(':', "%3A"))).collect();
        format!("{}?{}", asked["redirect_uri"], pairs.join("&"))
    }

    fn token(&mut self, body: &str) -> Option<Value> {
        let form = parsed(body);
        let (nonce, challenge) = self.codes.remove(&form["code"])?;
        assert_eq!(challenge, URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes())), "PKCE");
        if self.lies.iter().any(|lie| matches!(lie, Lie::NoCode)) {
            return None;
        }
        let access = format!("access-{}", self.made);
        let now = now();
        let half = &digest(&SHA256, access.as_bytes()).as_ref()[..16].to_vec();
        let mut claims = json!({
            "iss": self.issuer, "sub": "subject-1", "aud": "credit-gateway-demo", "iat": now, "exp": now + 300,
            "nonce": nonce, "acr": "urn:credit-gateway:demo", "at_hash": URL_SAFE_NO_PAD.encode(half),
        });
        let mut head = json!({"alg": "ES256", "kid": self.key.kid, "typ": "JWT"});
        let mut tokens = json!({"access_token": access, "token_type": "Bearer", "expires_in": 300});
        for lie in &self.lies {
            match lie {
                Lie::Claim(name, value) => put(&mut claims, name, value),
                Lie::Time(name, away) => put(&mut claims, name, &json!(now + away)),
                Lie::Head(name, value) => put(&mut head, name, value),
                _ => {}
            }
        }
        let other = key("k1");
        let by = if self.lies.iter().any(|lie| matches!(lie, Lie::OtherKey)) { &other } else { &self.key };
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = by.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec();
        if self.lies.iter().any(|lie| matches!(lie, Lie::Signature)) {
            signature[40] ^= 1;
        }
        if !self.lies.iter().any(|lie| matches!(lie, Lie::NoToken)) {
            tokens["id_token"] = json!(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)));
        }
        Some(tokens)
    }
}

fn put(object: &mut Value, name: &str, value: &Value) {
    let members = object.as_object_mut().unwrap();
    match value {
        Value::Null => drop(members.remove(name)),
        value => drop(members.insert(name.to_owned(), value.clone())),
    }
}

fn key(kid: &str) -> Key {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    Key { pair, kid: kid.to_owned() }
}

fn parsed(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Opens an address of a service on this machine; gives where it sends on to.
pub(crate) fn visit(address: &str) -> Option<String> {
    let rest = address.strip_prefix("http://localhost:")?;
    let (port, path) = rest.split_once('/')?;
    let reply = credit_tests::plain(port.parse().ok()?, "GET", &format!("/{path}"));
    reply.header("location").map(str::to_owned)
}

/// Seconds of Unix time.
fn now() -> i64 {
    use credit_audit::clock::{Clock, SystemClock};
    SystemClock::new().now().as_second()
}
