//! A real browser: what every test in Chromium shares.

use std::{ffi::OsStr, fs, path::PathBuf, process::Command};

use credit_tests::{figures, tools::node_script};
use serde_json::{Value, json};

/// Where the pictures go.
pub(crate) fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tests/pictures");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a script prints, one line of JSON each. It finds `looks.mjs` and `officers.mjs` beside it.
#[track_caller]
pub(crate) fn lines(name: &str, text: &str, arguments: &[impl AsRef<OsStr>]) -> Vec<Value> {
    let script = node_script(name, text);
    for (beside, text) in [("looks.mjs", include_str!("looks.mjs")), ("officers.mjs", include_str!("officers.mjs"))] {
        fs::write(script.with_file_name(beside), text).unwrap();
    }
    let ran = Command::new("node").arg(script).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// So many pages were looked at in both languages and at both widths, and nothing is wrong with any of them.
#[track_caller]
pub(crate) fn are_sound(lines: &[Value], pages: usize) {
    are_sound_in_one(lines, pages * 2);
}

/// The same, of pages each of which was looked at in one language.
#[track_caller]
pub(crate) fn are_sound_in_one(lines: &[Value], pages: usize) {
    let looks: Vec<_> = lines.iter().filter(|line| line["page"].is_string()).collect();
    assert_eq!(looks.len(), pages * 2, "{looks:?}");
    for look in looks {
        let (page, language) = (&look["page"], look["language"].as_str().unwrap());
        assert_eq!(look["violations"], json!([]), "{page} {language}");
        assert!(look["passes"].as_u64().unwrap() > 5, "{page}: axe looked at nothing");
        assert_eq!(look["inner"], look["width"], "{page}");
        assert!(look["wide"].as_u64() <= look["width"].as_u64(), "{page} {language} is wider than the screen: {look}");
        let right = look["lang"].as_str().unwrap().starts_with(language);
        assert!(right, "{page} {language}: {}", look["lang"]);
        assert_eq!(look["scripts"], 0, "{page}");
        figures(format_args!("{page} {language}: not decided by axe: {}", look["incomplete"]));
    }
    let said: Vec<_> = lines.iter().filter(|line| line["console"].is_string()).collect();
    assert!(said.iter().all(|line| !line["console"].as_str().unwrap().contains("Security Policy")), "{said:?}");
}
