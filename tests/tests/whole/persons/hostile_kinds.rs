//! A hundred hostile requests of each kind, at the login and at the pages: varied by a seed, all refused, each with a line for
//! the operator. Those of the login that differ in one claim alone stand in `hostile.rs`, each once.

use credit_tests::{Gateway, Reply, figures};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

use super::{Browser, Lie, Service, blocks::wide, gateway};
use crate::{
    consents::{ask, new_jti},
    faults::{Chance, within},
};

const SEED: u64 = 0x2026_1129_0013;
const EACH: usize = 100;
/// How every line of a refusal ends.
const LINE: &str = "at the persons' door was refused";

struct Attack {
    gateway: Gateway,
    service: Service,
    chance: Chance,
    refused: usize,
}

impl Attack {
    fn word(&mut self, least: u64, most: u64) -> String {
        const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let length = self.chance.between(least, most);
        (0..length).map(|_| char::from(CHARACTERS[self.chance.between(0, 63) as usize])).collect()
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.chance.between(0, count as u64 - 1)).unwrap()
    }

    /// A text with one character replaced by another.
    fn altered(&mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let place = self.below(bytes.len());
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    }

    #[track_caller]
    fn is_refused(&mut self, what: &str, reply: &Reply) {
        assert!(reply.status.is_client_error(), "{what}: {}", reply.status);
        self.refused += 1;
    }

    /// Each refusal has one line, once all are written.
    fn has_lines(&self, what: &str) {
        let lines = || self.gateway.err().text().matches(LINE).count();
        let is_there = within(Duration::from_secs(20), || lines() >= self.refused);
        assert!(is_there && lines() == self.refused, "{what}: {} lines of {}", lines(), self.refused);
    }

    /// What the service lies in one login.
    fn lies(&mut self, kind: &str) -> Vec<Lie> {
        let (word, far) = (self.word(1, 40), i64::try_from(self.chance.between(0, 10_000_000)).unwrap());
        let which = self.below(6);
        vec![match (kind, which) {
            ("state", 0) => Lie::Back("state", None),
            ("state", _) => Lie::Back("state", Some(word)),
            ("nonce", 0) => Lie::Claim("nonce", json!(null)),
            ("nonce", _) => Lie::Claim("nonce", json!(word)),
            ("mix-up", 0) => Lie::Back("iss", None),
            ("mix-up", 1) => Lie::Claim("iss", json!(format!("https://{word}.example"))),
            ("mix-up", 2) => Lie::Claim("aud", json!([word, "credit-gateway-demo"])),
            ("mix-up", 3) => Lie::Claim("azp", json!(word)),
            ("mix-up", _) => Lie::Back("iss", Some(format!("https://{word}.example"))),
            ("forged", 0) => Lie::OtherKey,
            ("forged", 1) => Lie::Signature,
            ("forged", 2) => Lie::Head("alg", json!(["none", "HS256", "RS256", "ES384", "PS256"][self.below(5)])),
            ("forged", 3) => Lie::Userinfo("sub", json!(word)),
            ("forged", 4) => Lie::Claim("at_hash", json!(word)),
            ("forged", _) => Lie::Claim("sub", json!(word)),
            ("expired", 0..3) => Lie::Time("exp", -1 - far),
            ("expired", _) => Lie::Time("iat", -310 - far),
            ("unknown keys", _) => Lie::Head("kid", json!(word)),
            ("clock skew", _) => Lie::Time("iat", 40 + far),
            (other, _) => panic!("no kind is called {other}"),
        }]
    }
}

fn attack() -> Attack {
    let (gateway, service) = gateway();
    Attack { gateway, service, chance: Chance(SEED), refused: 0 }
}

#[test]
fn a_hundred_of_each_kind_at_the_login_log_nobody_in() {
    let mut attack = attack();
    for kind in ["state", "nonce", "mix-up", "forged", "expired", "unknown keys", "clock skew"] {
        for _ in 0..EACH {
            let lies = attack.lies(kind);
            attack.service.lie(lies);
            let browser = Browser::new(attack.gateway.folder());
            let reply = browser.log_in();
            attack.is_refused(kind, &reply);
            assert_eq!(browser.cookie("__Host-session"), None, "{kind}");
        }
        attack.has_lines(kind);
    }
    attack.service.lie([]);
    // A code that was taken, in the same browser and in others.
    for nr in 0..EACH / 4 {
        let browser = Browser::new(attack.gateway.folder());
        let callback = browser.to_callback("/login");
        let login = browser.cookie("__Host-login").unwrap();
        assert_eq!(browser.get(&callback).status, StatusCode::SEE_OTHER, "{nr}");
        for _ in 0..2 {
            browser.set_cookie("__Host-login", &login);
            let reply = browser.get(&callback);
            attack.is_refused("code replay", &reply);
        }
        let (other, altered) = (Browser::new(attack.gateway.folder()), attack.altered(&login));
        for cookie in [&login, &altered] {
            other.set_cookie("__Host-login", cookie);
            let reply = other.get(&callback);
            attack.is_refused("code replay", &reply);
            assert_eq!(other.cookie("__Host-session"), None);
        }
    }
    attack.has_lines("code replay");
    // Elsewhere than to our pages.
    for nr in 0..EACH {
        let word = attack.word(12, 20);
        let next = match nr % 6 {
            0 => format!("https://{word}.example/"),
            1 => format!("//{word}.example/me/queries"),
            2 => format!("/%5C{word}.example"),
            3 => format!("/me/queries%2F..%2F{word}"),
            4 => format!("/me/queries@{word}.example"),
            _ => format!("javascript:{word}"),
        };
        let browser = Browser::new(attack.gateway.folder());
        let begun = browser.get(&format!("/login?next={next}"));
        let to = begun.header("location").unwrap();
        assert!(to.starts_with("http://localhost:") && !to.contains(&word), "it leads elsewhere");
        attack.refused += 1;
        if nr % 10 == 0 {
            let back = browser.get(&browser.to_callback(&format!("/login?next={next}")));
            assert_eq!(back.header("location"), Some("/me/queries"));
            attack.refused += 1;
        }
    }
    attack.has_lines("open redirect");
    assert_eq!(Browser::new(attack.gateway.folder()).log_in().status, StatusCode::SEE_OTHER);
    figures(format_args!("{} hostile requests at the login, each with a line", attack.refused));
}

/// A browser that has tried so often that it makes room for another one.
const TRIES_OF_A_SESSION: usize = 20;

#[test]
fn a_hundred_of_each_kind_at_the_pages_do_nothing_and_show_nobody_else() {
    let mut attack = attack();
    let (victim, own) = (attack.gateway.folder().person("clean", 0), attack.gateway.folder().person("late", 0));
    let jti = new_jti();
    let token = wide(attack.gateway.folder(), &jti, &victim);
    assert_eq!(ask(&attack.gateway.folder().caller("bank"), &token).status, StatusCode::OK);
    attack.service.person(&victim);
    let other = Browser::new(attack.gateway.folder());
    drop(other.log_in());
    let records = other.json("/me/report").json();
    let session = other.cookie("__Host-session").unwrap();
    let (form, cursor) = (other.form_token(), attack.word(20, 60));
    attack.service.person(&own);
    let leaves = |attack: &Attack| {
        let acts = ["revocation", "block", "objection", "repair", "binding", "statement"];
        let leaves = attack.gateway.folder().leaves();
        leaves.iter().filter(|leaf| acts.contains(&leaf.text("kind"))).count()
    };
    let before = leaves(&attack);
    let mut browser = Browser::new(attack.gateway.folder());
    for nr in 0..4 * EACH {
        if nr % TRIES_OF_A_SESSION == 0 {
            browser = Browser::new(attack.gateway.folder());
            drop(browser.log_in());
        }
        let (what, reply) = match nr / EACH {
            0 => ("CSRF", forged_form(&mut attack, &browser, &form)),
            1 => ("another's ids", foreign_id(&mut attack, &browser, &jti, &records)),
            2 => ("cursors", cursors(&mut attack, &browser, &cursor)),
            _ => {
                let stranger = Browser::new(attack.gateway.folder());
                let guess = match nr % 4 {
                    0 => attack.altered(&session),
                    1 => session[1..].to_owned() + &attack.word(1, 1),
                    2 => attack.word(1, 60),
                    _ => attack.word(43, 43),
                };
                stranger.set_cookie("__Host-session", &guess);
                ("guessed sessions", stranger.json("/me/report"))
            }
        };
        attack.is_refused(what, &reply);
        assert!(!reply.text().contains(&victim), "{what}: it shows somebody else");
        if nr % EACH == EACH - 1 {
            attack.has_lines(what);
        }
    }
    assert_eq!(leaves(&attack), before, "something was done or shown");
    assert_eq!(other.json("/me/report").status, StatusCode::OK, "the other is still logged in");
    figures(format_args!("{} hostile requests at the pages, each with a line", attack.refused));
}

/// A form that comes from elsewhere: without the session's token, with another's, or from another site.
fn forged_form(attack: &mut Attack, browser: &Browser, others: &str) -> Reply {
    let path = ["/logout", "/me/blocks", "/me/objections", "/me/consents/withdrawals", "/me/mandates"][attack.below(5)];
    let (own, word) = (browser.form_token(), attack.word(1, 50));
    let more = "&scenario=commercial-loan&record=x&statement=x&jti=x&mandate=";
    let site = format!("https://{word}.example");
    match attack.below(6) {
        0 => browser.post(path, more, &[]),
        1 => browser.post(path, &format!("form={others}{more}"), &[]),
        2 => browser.post(path, &format!("form={word}{more}"), &[]),
        3 => browser.post(path, &format!("form={}{more}", attack.altered(&own)), &[]),
        4 => browser.post(path, &format!("form={own}{more}"), &[("origin", &site)]),
        _ => browser.post(path, &format!("form={own}{more}"), &[("sec-fetch-site", "cross-site")]),
    }
}

/// A consent, record or mandate that is another person's, or nobody's.
fn foreign_id(attack: &mut Attack, browser: &Browser, jti: &str, report: &Value) -> Reply {
    let records = report["records"].as_array().unwrap();
    let record = records.first().map_or("AAAAAAAAAAAAAAAAAAAAAA", |record| record["record"].as_str().unwrap());
    let (altered_jti, altered_record) = (attack.altered(jti), attack.altered(record));
    let (path, body) = match attack.below(6) {
        0 => ("/me/consents/withdrawals", json!({"iss": "https://consent.example", "jti": jti})),
        1 => ("/me/consents/withdrawals", json!({"iss": "https://consent.example", "jti": altered_jti})),
        2 => ("/me/objections", json!({"record": record, "statement": "not mine"})),
        3 => ("/me/objections", json!({"record": altered_record, "statement": "not mine"})),
        4 => ("/me/mandates", json!({"mandate": format!("019aa000-0000-7000-8000-{:012x}", attack.below(1 << 40))})),
        _ => ("/me/mandates", json!({"mandate": attack.word(1, 40)})),
    };
    browser.send_json(Method::POST, path, &body)
}

/// A cursor of nobody, or with other days.
fn cursors(attack: &mut Attack, browser: &Browser, cursor: &str) -> Reply {
    let path = ["/me/queries", "/me/export", "/me/recipients"][attack.below(3)];
    let (altered, number) = (attack.altered(cursor), attack.below(1 << 40));
    let query = match attack.below(5) {
        0 => format!("cursor={altered}"),
        1 => format!("cursor={number}"),
        2 => format!("cursor={}", attack.word(1, 120)),
        3 => format!("from=2026-01-01&cursor={cursor}"),
        _ => format!("from={number}"),
    };
    browser.json(&format!("{path}?{query}"))
}
