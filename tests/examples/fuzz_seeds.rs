//! Makes the seeds of the fuzz targets anew, in `tests/fuzz/seeds`: `cargo run -p credit-tests --example fuzz_seeds`.
//!
//! They are made of the project's own formats and of nobody's data, and the same every time. Those whose names begin with
//! `not-` are to be refused, all others to be taken; what the fuzzer found (`found-…`) is put beside them by hand.

use std::{fs, path::Path};

use credit_audit::{
    leaf::{self, Entry, Kind},
    tile,
};
use credit_tests::fuzz::{
    KEY_NAME, authority, certificates, issuer_signed, log_key, receipt, revocation_list, segment, signed, thumbprint,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// Of nobody: division code 99, with the check character of GB 11643.
const NUMBER: &str = "990101199003070015";
const ROOT: &str = "T+5AlMY60HC5LfuPOGx4u8Ewf/h4p+hbDOV0DM1o4G0=";
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds");

fn put(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = Path::new(SEEDS).join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("a seed");
}

fn main() {
    notes();
    proofs();
    bundles();
    frames();
    tokens();
    bodies();
    heads();
    identities();
    catalogues();
}

fn notes() {
    let text = format!("{KEY_NAME}\n1234\n{ROOT}\n");
    let note = signed(&text);
    let stranger = "\u{2014} witness.example AAAAAAECAwQFBgcICQoLDA0ODw==\n";
    put("checkpoint", "text", &text);
    put("checkpoint", "signed", &note);
    put("checkpoint", "empty-log", format!("{KEY_NAME}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"));
    put("checkpoint", "not-with-an-extension", format!("{text}more\n"));
    put("checkpoint", "not-with-zero-before-size", format!("{KEY_NAME}\n01\n{ROOT}\n"));
    put("note", "signed", &note);
    put("note", "with-a-stranger", format!("{note}{stranger}"));
    put("note", "stranger-first", note.replacen("\n\n", &format!("\n\n{stranger}"), 1));
    put("note", "not-a-note", "one\n\ntwo\n");
    put("note", "not-with-carriage-returns", note.replace('\n', "\r\n"));
    put("note", "key", log_key());
}

fn proofs() {
    let whole = receipt(5, 8);
    put("proof", "whole", &whole);
    put("proof", "extra", whole.replacen('\n', "\nextra AAEC\n", 1));
    for (index, size) in [(0, 1), (5, 8), (256, 300), (299, 300)] {
        let text = receipt(index, size);
        let (path, _) = text.split_once("\n\n").expect("an empty line");
        put("proof", &format!("{index}-of-{size}"), format!("{path}\n\n{size}"));
    }
}

fn id(last: u8) -> Uuid {
    let mut bytes = *b"\x01\x93\x4b\x2f\x6a\0\x70\0\x80\0\0\0\0\0\0\0";
    bytes[15] = last;
    Uuid::from_bytes(bytes)
}

fn leaves() -> Vec<Vec<u8>> {
    let rows: [(Kind, Option<&str>, Value); 4] = [
        (Kind::Open, None, json!({"origin": KEY_NAME, "vkey": log_key().trim_end()})),
        (Kind::Suspension, None, json!({"institution": "bank", "suspended": true, "by": "root", "reason": "drill"})),
        (
            Kind::Query,
            Some("housing"),
            json!({
                "operator": "staff-0017",
                "scenario": "public-rental-housing",
                "ground": {"statute": "HZ (二)2", "case": "HZ-2026-001234"},
                "outcome": "refused",
                "code": "scenario-not-allowed",
            }),
        ),
        (Kind::Query, Some("bank"), json!({"outcome": "refused", "code": "malformed-request"})),
    ];
    let at: Timestamp = "2026-11-22T02:19:00.123456Z".parse().expect("an instant");
    let leaf = |(nth, (kind, institution, body)): (u8, (Kind, Option<&str>, Value))| {
        let entry = Entry::new(kind, id(nth), institution, &body).expect("a leaf");
        leaf::render(&entry, at, 1)
    };
    (0..).zip(rows).map(leaf).collect()
}

fn bundles() {
    let leaves = leaves();
    let mut bundle = Vec::new();
    for leaf in &leaves {
        tile::push_entry(&mut bundle, leaf).expect("it fits");
    }
    put("bundle", "four-leaves", &bundle);
    put("bundle", "not-cut-short", &bundle[..bundle.len() - 1]);
    put("bundle", "not-an-empty-entry", [0, 0]);
    for (nth, leaf) in leaves.iter().enumerate() {
        put("bundle", &format!("leaf-{nth}"), leaf);
    }
    put(
        "bundle",
        "unknown-kind",
        leaves[0]
            .as_slice()
            .to_vec()
            .strip_prefix(b"{\"v\":1,\"kind\":\"open")
            .map_or_else(Vec::new, |rest| [b"{\"v\":1,\"kind\":\"later", rest].concat()),
    );
    put("bundle", "path", "tile/0/x001/x234/067.p/12");
    put("bundle", "path-of-entries", "tile/entries/x001/000");
}

/// Frames and trailers whose checksums and roots are still to be put right.
fn batches(sizes: &[usize]) -> Vec<u8> {
    let (mut bytes, mut leaves, mut size) = (Vec::new(), leaves().into_iter().cycle(), 0);
    for count in sizes {
        let start = bytes.len();
        for leaf in leaves.by_ref().take(*count) {
            bytes.extend_from_slice(&u32::try_from(leaf.len()).expect("small").to_be_bytes());
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&leaf);
        }
        size += *count as u64;
        let frames = u32::try_from(bytes.len() - start).expect("small");
        bytes.extend_from_slice(b"\xff\xff\xff\xffEND1");
        bytes.extend_from_slice(&size.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(*count).expect("small").to_be_bytes());
        bytes.extend_from_slice(&frames.to_be_bytes());
        bytes.extend_from_slice(&[0; 40]);
    }
    bytes
}

fn frames() {
    let fed = |how: u8, bytes: &[u8]| [&[how], bytes].concat();
    put("frame", "not-a-leaf", [0]);
    put("frame", "one-batch", fed(3, &batches(&[1])));
    put("frame", "three-batches", fed(3, &batches(&[1, 3, 2])));
    let three = fed(3, &batches(&[1, 1, 1]));
    put("frame", "torn", &three[..three.len() - 10]);
    put("frame", "torn-frame", &three[..three.len() - 100]);
    let mut damaged = segment(&three);
    put("frame", "whole", fed(4, &damaged));
    // A byte of the first batch: whole batches follow.
    damaged[200] ^= 1;
    put("frame", "not-damaged", fed(4, &damaged));
    put("frame", "not-with-wrong-roots", fed(1, &batches(&[2, 1])));
    put("frame", "not-with-half-a-header", fed(4, &damaged[..100]));
}

fn tokens() {
    let header = r#"{"alg":"EdDSA","typ":"consent+sd-jwt","kid":"ed"}"#;
    let disclosure = format!(r#"["_26bc4LT-ac6q2KI6cBW5e","citizen_number","{NUMBER}"]"#);
    let claims = json!({
        "iss": "https://consent.example", "aud": "credit-gateway", "jti": "c-0001",
        "iat": 1_795_309_100, "nbf": 1_795_309_100, "exp": 1_795_312_700,
        "cnf": {"x5t#S256": "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU"},
        "_sd_alg": "sha-256", "_sd": ["(digest)"],
        "authorization_details": [{
            "type": "credit-query", "scenario": "commercial-loan", "fields": ["score_band", "clean_three_years"],
            "look_back": "P5Y", "uses": 1, "frequency": "1/P1M", "data_life": "P1M",
        }],
    });
    let lines = |header: &str, disclosure: &str, claims: &Value| format!("{header}\n{disclosure}\n{claims}");
    let with = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        claims
    };
    put("consent_token", "presented", issuer_signed(header, &disclosure, &claims.to_string()));
    put("consent_token", "good", lines(header, &disclosure, &claims));
    let decoys = with("_sd", json!(["(digest)", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]));
    put("consent_token", "decoy", lines(header, &disclosure, &decoys));
    let mut tier = claims.clone();
    tier["authorization_details"][0].as_object_mut().expect("an object").remove("fields");
    put("consent_token", "first-tier", lines(header, &disclosure, &tier));
    put(
        "consent_token",
        "not-with-an-unknown-claim",
        lines(header, &disclosure, &with("sub", json!({"deep": [[1, null, true]]}))),
    );
    let mut hidden = claims.clone();
    hidden.as_object_mut().expect("an object").remove("_sd_alg");
    hidden["cnf"]["_sd"] = json!(["47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]);
    hidden["authorization_details"][0]["fields"] =
        json!(["score_band", {"...": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"}]);
    put("consent_token", "decoys-everywhere", lines(header, &disclosure, &hidden));
    put(
        "consent_token",
        "not-with-a-number-in-clear",
        lines(header, &disclosure, &with("sub", json!(format!("cn:{NUMBER}")))),
    );
    put("consent_token", "not-expired", lines(header, &disclosure, &with("exp", json!(1_795_309_150))));
    put(
        "consent_token",
        "not-for-a-list-of-audiences",
        lines(header, &disclosure, &with("aud", json!(["credit-gateway"]))),
    );
    put("consent_token", "not-of-another-algorithm", lines(&header.replace("EdDSA", "ES256"), &disclosure, &claims));
    put("consent_token", "not-by-another-key", lines(&header.replace(r#""ed""#, r#""other""#), &disclosure, &claims));
    put("consent_token", "not-critical", lines(&header.replace('}', r#","crit":["x"]}"#), &disclosure, &claims));
    put("consent_token", "not-with-a-short-salt", lines(header, &disclosure.replace("_26bc4LT-", ""), &claims));
}

fn bodies() {
    let whole = json!({
        "scenario": "public-rental-housing", "subject": NUMBER, "operator": "staff-0017", "case": "HZ-2026-001234",
    });
    let with = |key: &str, value: Value| {
        let mut body = whole.clone();
        body[key] = value;
        body.to_string()
    };
    put("query_body", "statute", whole.to_string());
    put("query_body", "fields", with("fields", json!(["black_listed", "clean_three_years"])));
    put("query_body", "unknown-field", with("fields", json!(["shoe_size"])));
    put("query_body", "not-with-a-field-twice", with("fields", json!(["black_listed", "black_listed"])));
    put("query_body", "consent", json!({"scenario": "commercial-loan", "operator": "a.b@bank_1"}).to_string());
    put("query_body", "case-in-chinese", with("case", json!("惠房〔2026〕001234号（甲）")));
    put("query_body", "not-with-a-number-in-the-case", with("case", json!(format!("案{NUMBER}号"))));
    put("query_body", "not-with-an-old-number-in-the-operator", with("operator", json!("a-990101900307001.b")));
    put("query_body", "not-with-a-wrong-check", with("subject", json!("990101199003070018")));
    put("query_body", "minor", with("subject", json!("99010120120307001X")));
    put("query_body", "not-with-an-unknown-key", with("name", json!("x")));
    put("query_body", "not-with-a-key-twice", whole.to_string().replacen('{', r#"{"case":"a","#, 1));
    put("query_body", "escapes", whole.to_string().replace("staff", r"st\u0061ff"));
    put("query_body", "not-with-null", with("case", Value::Null));
    put(
        "query_body",
        "not-an-array",
        json!(["public-rental-housing", NUMBER, "staff-0017", "HZ-2026-001234", ["black_listed"]]).to_string(),
    );
}

fn heads() {
    let body = r#"{"scenario":"x"}"#;
    let length = body.len();
    let post = format!(
        "POST /v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let get = "GET /v1/receipts/0193 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let fed = |piece: u8, text: &str| [&[piece], text.as_bytes()].concat();
    put("head", "post", fed(0, &post));
    put("head", "pipelined", fed(0, &format!("{post}{get}{post}")));
    put("head", "in-pieces", fed(3, &format!("\r\n{post}{get}")));
    put("head", "not-with-a-bare-lf", fed(0, &post.replace("localhost\r\n", "localhost\n")));
    put("head", "not-with-a-bare-cr", fed(0, &post.replace("localhost\r\n", "local\rhost\r\n")));
    put("head", "not-with-two-lengths", fed(0, &post.replace("Host", &format!("content-length:{length}\r\nHost"))));
    put(
        "head",
        "not-with-a-list-of-lengths",
        fed(0, &post.replace(&format!("h: {length}"), &format!("h: {length}, {length}"))),
    );
    put("head", "not-with-a-signed-length", fed(0, &post.replace(&format!("h: {length}"), &format!("h: +{length}"))));
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n{get}"
    );
    put("head", "not-chunked", fed(0, &chunked));
    put("head", "not-chunked-with-a-length", fed(0, &chunked.replace("Host", "Content-Length: 5\r\nHost")));
    put("head", "not-without-a-host", fed(0, "GET / HTTP/1.1\r\n\r\n"));
    put("head", "not-with-two-hosts", fed(0, &get.replace("Host", "Host: localhost\r\nHost")));
    put("head", "absolute", fed(0, &get.replace("GET /", "GET http://localhost/")));
    put("head", "not-for-elsewhere", fed(0, &get.replace("GET /", "GET http://elsewhere/")));
    put("head", "not-folded", fed(0, &get.replace("Host", "A: b\r\n c\r\nHost")));
    put("head", "not-with-space-before-a-colon", fed(0, &get.replace("Host:", "Content-Length : 3\r\nHost:")));
    put("head", "http-1.0", fed(0, &get.replace("1.1", "1.0")));
    put("head", "expect", fed(0, &post.replace("Host", "Expect: 100-continue\r\nHost")));
    put("head", "connect", fed(0, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nmore"));
    put("head", "upgrade", fed(0, &get.replace("Host", "Connection: upgrade\r\nUpgrade: h2c\r\nHost")));
    put("head", "not-http-2", fed(0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    put("head", "not-with-many-lines", fed(0, &get.replace("Host", &format!("{}Host", "A: b\r\n".repeat(70)))));
}

fn identities() {
    for (name, der) in certificates() {
        let name = if name == "bank" { name.to_owned() } else { format!("not-{name}") };
        put("certificate", &name, &der);
        // Between the outer head, of 4 bytes, and the algorithm and signature of Ed25519, of 74.
        put("certificate", &format!("{name}-to-be-signed"), [b"S", &der[4..der.len() - 74]].concat());
    }
    put("certificate", "not-the-authority", authority());
    put("certificate", "not-a-revocation-list", revocation_list());
    put("certificate", "thumbprint", thumbprint());
}

/// Those that no file of the shipped catalogue is; `tests/fuzz/run` adds the shipped ones.
fn catalogues() {
    let list = |name: &str, sensitivity: &str| {
        format!(
            "data-list/{name}.toml\nclass = \"{name}\"\ntitle = {{ zh = \"甲\", en = \"A\" }}\nsources = [\"HD 二(五)2\"]\n\
             citation = \"依据\"\nsensitivity = \"{sensitivity}\"\ntier = \"first\"\nclock = \"public-credit\"\n"
        )
    };
    put("catalogue", "new-class", list("parking", "adverse"));
    put("catalogue", "not-a-forbidden-class", list("parking", "forbidden"));
    put(
        "catalogue",
        "not-a-class-in-another-file",
        list("parking", "adverse").replace("class = \"parking\"", "class = \"tax\""),
    );
    put("catalogue", "not-an-unknown-file", "notes/x.txt\nanything\n");
    put("catalogue", "not-an-empty-statute", "statutes/adults-only.cedar\n");
    put("catalogue", "not-toml", "catalogue.toml\n[[[\n");
    put(
        "catalogue",
        "not-a-statute-without-its-law",
        "statutes/adults-only.cedar\n@id(\"adults-only\")\nforbid (principal, action, resource) when { false };\n",
    );
}
