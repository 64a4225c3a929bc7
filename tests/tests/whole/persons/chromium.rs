//! A real browser at the door: Chromium, with npm's oidc-provider as the identity service.

use std::{path::PathBuf, process::Command};

use credit_tests::{
    Folder, Gateway, checked, figures,
    query::{look_up, with},
};
use serde_json::{Value, json};

use super::IDENTITY;
use crate::chromium::{are_sound, lines, pictures};

/// A home for one browser, whose store of certificates has the demo's authority.
fn home(folder: &Folder) -> PathBuf {
    let home = folder.join("home");
    let store = home.join(".pki/nssdb");
    std::fs::create_dir_all(&store).unwrap();
    let store = format!("sql:{}", store.display());
    let authority = folder.join("ca.pem");
    for arguments in [
        vec!["-d", &store, "-N", "--empty-password"],
        vec!["-d", &store, "-A", "-t", "C,,", "-n", "ca", "-i", authority.to_str().unwrap()],
    ] {
        let ran =
            Command::new("certutil").args(&arguments).output().expect("certutil: run tests/run, which installs it");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
    home
}

/// That a no at the identity service is told from a yes, in both languages.
#[track_caller]
fn tells_no_from_yes(lines: &[Value]) {
    for (step, english, chinese) in
        [("no", "whoever uses this browser", "无须认证"), ("yes", "nobody is logged in there", "没有人登录")]
    {
        let said: Vec<_> = lines.iter().filter(|line| line["step"] == step).collect();
        assert_eq!(said.len(), 2, "{step}");
        for line in said {
            let expected = if line["language"] == "zh" { chinese } else { english };
            assert!(line["said"].as_str().unwrap().contains(expected), "{step}: {line}");
        }
    }
}

#[test]
fn chromium_goes_from_login_to_logout_in_both_languages() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let number = folder.person("disputed", 0);
    let housing = folder.caller("housing");
    for nr in 0..3 {
        let asked = with(look_up(&number), "case", format!("HZ-2026-{nr:06}"));
        drop(checked::answer(folder, "housing", &housing.ask(&asked)));
    }
    drop(housing.ask(&with(look_up(&number), "fields", json!(["score"]))));
    let (door, port) = (folder.port_base() + 1, folder.port_base() + IDENTITY);
    let arguments = [
        format!("https://127.0.0.1:{door}"),
        port.to_string(),
        number,
        home(folder).display().to_string(),
        pictures().display().to_string(),
    ];
    let lines = lines("chromium.mjs", include_str!("chromium.mjs"), &arguments);
    figures(lines.iter().find_map(|line| line["version"].as_str()).unwrap());
    are_sound(&lines, 13);
    let planted = lines.iter().find(|line| line["planted"].is_array()).unwrap();
    assert!(planted["planted"].to_string().contains("image-alt"), "axe does not find what was planted: {planted}");
    let cookies = lines.iter().find(|line| line["cookies"].is_array()).unwrap();
    let expected = json!([{"name": "__Host-session", "httpOnly": true, "secure": true, "sameSite": "Lax"}]);
    assert_eq!(cookies["cookies"], expected, "a browser keeps one cookie of ours");
    let at = |step: &str| -> Vec<&str> {
        let steps = lines.iter().filter(|line| line["step"] == step);
        steps.map(|line| line["address"].as_str().unwrap()).collect()
    };
    let origin = |port: u16| format!("http://localhost:{port}/");
    assert!(at("sign-in").iter().all(|address| address.starts_with(&origin(port))), "{lines:?}");
    assert!(at("sign-out").iter().all(|address| address.starts_with(&origin(port))), "{lines:?}");
    tells_no_from_yes(&lines);
    let own = format!("https://127.0.0.1:{door}/me/queries");
    assert_eq!(at("in-again"), [&own, &own], "the no was a no: {lines:?}");
    let first = format!("https://127.0.0.1:{door}/");
    assert_eq!(at("out"), [&first, &first], "{lines:?}");
    // Nobody is logged in any more: the way leads to the identity service, which asks anew.
    assert!(at("after").iter().all(|address| address.starts_with(&origin(port))), "{lines:?}");
    drop(gateway.stop());
    // The pictures of the documents.
    if std::env::var_os("CREDIT_TESTS_OVERWRITE").is_some() {
        let documents = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
        std::fs::create_dir_all(&documents).unwrap();
        for language in ["en", "zh"] {
            let made = pictures().join(format!("queries.{language}.1280.png"));
            std::fs::copy(made, documents.join(format!("who-asked.{language}.png"))).unwrap();
        }
    }
}
