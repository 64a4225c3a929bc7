//! Tokens that are refused: each with its code and its leaf, and each spends nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credit_policy::consent::Grant;
use credit_tests::{Folder, Leaf, Reply, checked, each, query::with, shared};
use jiff::{SignedDuration, ToSpan};
use serde_json::json;

use super::{
    altered, ask, ask_for, bearer, disclosure, fields, frequency, grant, issuer_signed, loan, new_jti, period,
    scenario, sign, thumbprint, token, withdraw,
};

type Alter<'a> = &'a dyn Fn(&mut Grant);

/// The refusal is on the record, without a ground and without a word of the token.
#[track_caller]
fn assert_refused(folder: &Folder, who: &str, reply: &Reply, status: u16, code: &str, token: &str) -> Leaf {
    let leaf = checked::refusal(folder, who, reply, status, code);
    let text = String::from_utf8_lossy(&leaf.bytes);
    assert!(leaf.json.get("ground").is_none(), "{text}");
    for part in token.split(['.', '~']).filter(|part| part.len() > 8) {
        assert!(!text.contains(part) && !reply.text().contains(part), "`{part}` in {text}");
    }
    leaf
}

/// The good token of that `jti` still has its one use.
#[track_caller]
fn assert_unspent(folder: &Folder, jti: &str, number: &str) {
    let reply = ask(&folder.caller("bank"), &altered(folder, jti, number, |_| {}));
    let leaf = checked::answer(folder, "bank", &reply);
    assert_eq!(leaf.json["ground"]["use"], 1);
}

#[test]
fn no_token_and_what_is_no_token() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 2));
    let reply = caller.ask(&loan());
    assert_refused(folder, "bank", &reply, 401, "consent-required", "");
    let jti = new_jti();
    let good = altered(folder, &jti, &number, |_| {});
    let (jwt, disclosed) = (issuer_signed(&good).to_owned(), disclosure(&good).to_owned());
    let [header, payload, signature] = jwt.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let flipped = |text: &str, at: usize| {
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let other_person = token(folder, &folder.person("clean", 3), 1);
    let unsigned = encoded(r#"{"alg":"none","typ":"consent+sd-jwt","kid":"demo-eddsa"}"#);
    let stranger = encoded(r#"{"alg":"EdDSA","typ":"consent+sd-jwt","kid":"nobody"}"#);
    let confused = encoded(r#"{"alg":"ES256","typ":"consent+sd-jwt","kid":"demo-eddsa"}"#);
    #[rustfmt::skip]
    let headers = [
        format!("Basic {good}"), "Bearer".to_owned(), "Bearer ".to_owned(), good.clone(), bearer("x"), bearer("~~"),
        bearer(&jwt), bearer(&format!("{jwt}~")), bearer(&format!("{jwt}~{disclosed}")),
        bearer(&format!("{jwt}~{disclosed}~{disclosed}~")), bearer(&format!("{good}{jwt}")),
        bearer(&format!("{jwt}~{}~", disclosure(&other_person))),
        bearer(&format!("{jwt}~{}~", flipped(&disclosed, 4))),
        bearer(&format!("{header}.{payload}.{}~{disclosed}~", flipped(signature, 8))),
        bearer(&format!("{header}.{payload}.{signature}=~{disclosed}~")),
        bearer(&format!("{header}.{}.{signature}~{disclosed}~", flipped(payload, 20))),
        bearer(&format!("{unsigned}.{payload}.~{disclosed}~")),
        bearer(&format!("{stranger}.{payload}.{signature}~{disclosed}~")),
        bearer(&format!("{confused}.{payload}.{signature}~{disclosed}~")),
        bearer(&"x".repeat(9_000)),
    ];
    each(headers, |header| {
        let reply = caller.ask_with(&loan(), &[("authorization", header)]);
        let leaf = assert_refused(folder, "bank", &reply, 401, "consent-invalid", &good);
        assert!(leaf.json.get("subject").is_none(), "a person of a token that was not verified");
    });
    let twice = [("authorization", bearer(&good)), ("authorization", bearer(&good))];
    let twice: Vec<_> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_refused(folder, "bank", &caller.ask_with(&loan(), &twice), 401, "consent-invalid", &good);
    assert_unspent(folder, &jti, &number);
}

#[test]
fn tokens_that_do_not_hold_here_and_now() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 4));
    let seconds = SignedDuration::from_secs;
    let table: &[(&str, u16, Alter<'_>)] = &[
        ("consent-expired", 401, &|grant| {
            grant.issued_at -= 2.hours();
            grant.not_before = grant.issued_at;
            grant.expires_at = grant.issued_at + seconds(3_600);
        }),
        // No leeway.
        ("consent-expired", 401, &|grant| {
            grant.issued_at -= 2.hours();
            grant.not_before = grant.issued_at;
            grant.expires_at = grant.issued_at + seconds(7_200);
        }),
        ("consent-not-yet-valid", 401, &|grant| {
            grant.issued_at += seconds(60);
            grant.not_before = grant.issued_at;
        }),
        ("consent-not-yet-valid", 401, &|grant| grant.not_before += seconds(60)),
        ("consent-invalid", 401, &|grant| grant.not_before = grant.expires_at),
        ("consent-invalid", 401, &|grant| grant.iss = "https://another.example".to_owned()),
        ("consent-invalid", 401, &|grant| grant.terms.uses = 0),
        ("consent-wrong-institution", 403, &|grant| grant.certificate = thumbprint(folder, "employer")),
        ("consent-wrong-institution", 403, &|grant| grant.certificate = thumbprint(folder, "revoked")),
        ("consent-wrong-institution", 403, &|grant| grant.certificate = [0; 32]),
        ("consent-wrong-scenario", 403, &|grant| grant.terms.scenario = scenario("employment")),
        ("consent-wrong-scenario", 403, &|grant| grant.terms.scenario = scenario("no-scenario")),
        ("unknown-field", 400, &|grant| grant.terms.fields = fields(&["score_band", "religion"])),
        ("field-not-allowed", 403, &|grant| grant.terms.fields = fields(&["score_band", "volunteer_service_exists"])),
    ];
    for (nr, (code, status, alter)) in table.iter().enumerate() {
        let jti = new_jti();
        let bad = altered(folder, &jti, &number, alter);
        let reply = ask(&caller, &bad);
        assert_eq!(reply.code(), *code, "row {nr}");
        assert_refused(folder, "bank", &reply, *status, code, &bad);
        assert_unspent(folder, &jti, &number);
    }
}

#[test]
fn a_token_of_another_person_than_the_body_names() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 5));
    let jti = new_jti();
    let good = altered(folder, &jti, &number, |_| {});
    let reply = ask_for(&caller, &good, &with(loan(), "subject", folder.person("clean", 6)));
    let leaf = assert_refused(folder, "bank", &reply, 403, "consent-wrong-subject", &good);
    assert!(leaf.json.get("subject").is_none());
    assert_unspent(folder, &jti, &number);
    // The same person may be named again.
    let reply = ask_for(&caller, &token(folder, &number, 1), &with(loan(), "subject", number.as_str()));
    checked::answer(folder, "bank", &reply);
}

#[test]
fn a_token_presented_by_another_institution() {
    let folder = shared().folder();
    let (jti, number) = (new_jti(), folder.person("clean", 5));
    let good = altered(folder, &jti, &number, |grant| grant.terms.scenario = scenario("employment"));
    let body = with(loan(), "scenario", "employment");
    let reply = ask_for(&folder.caller("employer"), &good, &body);
    assert_refused(folder, "employer", &reply, 403, "consent-wrong-institution", &good);
    assert_unspent(folder, &jti, &number);
}

#[test]
fn a_minor_s_consent() {
    let folder = shared().folder();
    let minor = token(folder, &folder.person("minor", 0), 1);
    assert_refused(folder, "bank", &ask(&folder.caller("bank"), &minor), 403, "subject-minor", &minor);
}

#[test]
fn a_token_wider_than_the_catalogue_s_maxima_by_any_bound() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 7));
    let day = SignedDuration::from_hours(24);
    let table: &[(&str, Alter<'_>)] = &[
        ("lifetime", &|grant| grant.expires_at = grant.issued_at + day * 368),
        ("uses", &|grant| grant.terms.uses = 13),
        ("uses", &|grant| grant.terms.uses = u64::from(u32::MAX)),
        ("frequency", &|grant| grant.terms.frequency = frequency("11/P1D")),
        ("frequency", &|grant| grant.terms.frequency = frequency("1/PT1H")),
        ("look_back", &|grant| grant.terms.look_back = period("P5Y1D")),
        ("data_life", &|grant| grant.terms.data_life = period("P7M")),
        // Of several the first in the order of formats.md §3.
        ("lifetime", &|grant| {
            grant.expires_at = grant.issued_at + day * 368;
            (grant.terms.uses, grant.terms.data_life) = (13, period("P7M"));
        }),
    ];
    for (bound, alter) in table {
        let jti = new_jti();
        let bad = altered(folder, &jti, &number, alter);
        let reply = ask(&caller, &bad);
        assert_refused(folder, "bank", &reply, 403, "consent-exceeds-bound", &bad);
        assert_eq!(reply.json()["bound"], *bound);
        assert_unspent(folder, &jti, &number);
    }
    // As wide as the maxima, in everything at once.
    let widest = altered(folder, &new_jti(), &number, |grant| {
        grant.expires_at = grant.issued_at + day * 365;
        (grant.terms.uses, grant.terms.frequency) = (12, frequency("10/P1D"));
        (grant.terms.look_back, grant.terms.data_life) = (period("P5Y"), period("P6M"));
    });
    checked::answer(folder, "bank", &ask(&caller, &widest));
}

#[test]
fn a_token_that_was_withdrawn() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 8));
    let (jti, other) = (new_jti(), new_jti());
    let used = altered(folder, &jti, &number, |grant| grant.terms.uses = 2);
    checked::answer(folder, "bank", &ask(&caller, &used));
    assert_eq!(withdraw(folder, &jti).status, 200);
    assert_refused(folder, "bank", &ask(&caller, &used), 403, "consent-revoked", &used);
    // Whatever else is signed under that name.
    let again = altered(folder, &jti, &number, |_| {});
    assert_refused(folder, "bank", &ask(&caller, &again), 403, "consent-revoked", &again);
    assert_unspent(folder, &other, &number);
}

#[test]
fn a_token_that_is_used_up() {
    let folder = shared().folder();
    let (caller, number) = (folder.caller("bank"), folder.person("clean", 9));
    let thrice = token(folder, &number, 3);
    for number in 1..=3 {
        let leaf = checked::answer(folder, "bank", &ask(&caller, &thrice));
        assert_eq!(leaf.json["ground"]["use"], number);
    }
    for _ in 0..2 {
        assert_refused(folder, "bank", &ask(&caller, &thrice), 403, "consent-used-up", &thrice);
    }
    // More uses in a day than its frequency has room for.
    let jti = new_jti();
    let often = altered(folder, &jti, &number, |grant| {
        (grant.terms.uses, grant.terms.frequency) = (5, frequency("2/P1D"));
    });
    for _ in 0..2 {
        checked::answer(folder, "bank", &ask(&caller, &often));
    }
    assert_refused(folder, "bank", &ask(&caller, &often), 403, "consent-used-up", &often);
    // A token of the same name signed with the other key is the same consent.
    let mut grant = grant(folder, &jti);
    (grant.terms.uses, grant.terms.frequency) = (2, frequency("2/P1D"));
    let signed_again = sign(folder, super::ES256, &grant, &number);
    assert_refused(folder, "bank", &ask(&caller, &signed_again), 403, "consent-used-up", &signed_again);
}

#[test]
fn of_two_faults_the_earlier_one_is_told() {
    let folder = shared().folder();
    let number = folder.person("clean", 10);
    let (good, minor) = (token(folder, &number, 1), token(folder, &folder.person("minor", 1), 1));
    let wide = |jti: &str| altered(folder, jti, &number, |grant| grant.terms.uses = 13);
    let religion = with(loan(), "fields", json!(["religion"]));
    let revoked = new_jti();
    assert_eq!(withdraw(folder, &revoked).status, 200);
    #[rustfmt::skip]
    let table = [
        ("housing", 403, "scenario-not-allowed", loan(), "x".to_owned()),
        ("employer", 403, "scenario-not-allowed", loan(), good.clone()),
        ("bank", 400, "operator-required", json!({"scenario": "commercial-loan"}), good.clone()),
        ("bank", 400, "invalid-citizen-number", with(loan(), "subject", "1"), "x".to_owned()),
        ("bank", 401, "consent-invalid", religion.clone(), "x".to_owned()),
        ("bank", 403, "consent-revoked", loan(), wide(&revoked)),
        ("bank", 403, "consent-exceeds-bound", religion.clone(), wide(&new_jti())),
        ("bank", 400, "unknown-field", religion.clone(), minor.clone()),
        ("bank", 400, "unknown-field", religion, good.clone()),
        ("bank", 403, "field-not-allowed", with(loan(), "fields", json!(["tax_paid_band"])), minor),
    ];
    each(table, |(who, status, code, body, token)| {
        let reply = ask_for(&folder.caller(who), token, body);
        checked::refusal(folder, who, &reply, *status, code);
    });
    checked::answer(folder, "bank", &ask(&folder.caller("bank"), &good));
}
