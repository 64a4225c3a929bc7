//! A real browser at the door: Chromium, with npm's oidc-provider as the identity service.

use std::{path::PathBuf, process::Command};

use credit_tests::{
    Folder, Gateway, checked, figures,
    query::{look_up, with},
    tools::node_script,
};
use serde_json::{Value, json};

use super::IDENTITY;

/// Where the pictures go.
fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tests/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

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
    let script = node_script("chromium.mjs", include_str!("chromium.mjs"));
    let (door, port) = (folder.port_base() + 1, folder.port_base() + IDENTITY);
    let ran = Command::new("node")
        .arg(script)
        .args([format!("https://127.0.0.1:{door}"), port.to_string(), number])
        .args([home(folder), pictures()])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    let lines: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let version = lines.iter().find_map(|line| line["version"].as_str()).unwrap();
    figures(version);
    let looks: Vec<_> = lines.iter().filter(|line| line["page"].is_string()).collect();
    assert_eq!(looks.len(), 13 * 2 * 2, "{out}");
    for look in looks {
        let (page, language) = (&look["page"], look["language"].as_str().unwrap());
        assert_eq!(look["violations"], json!([]), "{page} {language}");
        assert!(look["passes"].as_u64().unwrap() > 5, "{page}: axe looked at nothing");
        assert_eq!(look["inner"], look["width"], "{page}");
        assert!(look["wide"].as_u64() <= look["width"].as_u64(), "{page} {language} is wider than the screen: {look}");
        assert_eq!(look["lang"], if language == "zh" { "zh-Hans" } else { "en" }, "{page}");
        assert_eq!(look["scripts"], 0, "{page}");
        figures(format_args!("{page} {language}: not decided by axe: {}", look["incomplete"]));
    }
    let said: Vec<_> = lines.iter().filter(|line| line["console"].is_string()).collect();
    assert!(said.iter().all(|line| !line["console"].as_str().unwrap().contains("Security Policy")), "{said:?}");
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
    assert!(at("sign-in").iter().all(|address| address.starts_with(&origin(port))), "{out}");
    assert!(at("sign-out").iter().all(|address| address.starts_with(&origin(port))), "{out}");
    tells_no_from_yes(&lines);
    let own = format!("https://127.0.0.1:{door}/me/queries");
    assert_eq!(at("in-again"), [&own, &own], "the no was a no: {out}");
    let first = format!("https://127.0.0.1:{door}/");
    assert_eq!(at("out"), [&first, &first], "{out}");
    // Nobody is logged in any more: the way leads to the identity service, which asks anew.
    assert!(at("after").iter().all(|address| address.starts_with(&origin(port))), "{out}");
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
