//! Two languages: every fault has a Chinese form, faults of the command line have no English sentence left under a Chinese
//! `LANG`, and Chinese is written with full-width punctuation (GB/T 15834).

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use credit_tests::{Folder, binaries, scratch};

use super::{read, repository};

const CRATES: [&str; 4] = ["policy", "keys", "audit", "gateway"];
const TEXTS: [&str; 2] = ["audit/src/chinese.po", "gateway/src/terminal/chinese.po"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The string literals behind a mark, without what their places are called.
fn literals_behind(mark: &str, text: &str) -> Vec<String> {
    let behind = text.split(mark).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    behind.map(|rest| bare(&literal(rest))).collect()
}

/// A string literal up to its end, without its escapes.
fn literal(rest: &str) -> String {
    let (mut text, mut chars) = (String::new(), rest.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => match chars.next() {
                // A line that goes on: what is before the next word is left out.
                Some('\n') => {
                    let rest = chars.as_str().trim_start();
                    chars = rest.chars();
                }
                Some('n') => text.push('\n'),
                other => text.extend(other),
            },
            other => text.push(other),
        }
    }
    text
}

fn bare(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "{}" + part.split_once('}').map_or("", |(_, after)| after))
}

fn translated() -> BTreeSet<String> {
    let known = TEXTS.iter().flat_map(|file| literals_behind("\nmsgid ", &read(file))).collect::<BTreeSet<_>>();
    assert!(known.len() > 500);
    known
}

#[test]
fn every_error_of_every_crate_has_a_chinese_text() {
    let known = translated();
    let mut missing = Vec::new();
    for name in CRATES {
        let mut files = Vec::new();
        sources(&repository(name).join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            // `{0}` alone is another error's text.
            let texts = literals_behind("#[error(", &text).into_iter().filter(|text| text != "{}");
            missing
                .extend(texts.filter(|text| !known.contains(text)).map(|text| format!("{}: {text}", file.display())));
        }
    }
    assert!(missing.is_empty(), "give these a Chinese text in {}:\n{}", TEXTS.join(" or "), missing.join("\n"));
}

fn is_han(char: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&char)
}

/// Half-width punctuation beside a Chinese character, but for what stands between backticks.
fn half_width(text: &str) -> Option<String> {
    let chars: Vec<char> = text.split('`').step_by(2).flat_map(|part| part.chars().chain(['`'])).collect();
    let is_half = |char: &char| ",:;()".contains(*char);
    let beside = |pair: &[char]| is_half(&pair[0]) && is_han(pair[1]) || is_han(pair[0]) && is_half(&pair[1]);
    let at = chars.windows(2).position(beside)?;
    Some(chars[at.saturating_sub(8)..(at + 8).min(chars.len())].iter().collect())
}

#[test]
fn chinese_has_full_width_punctuation() {
    assert!(half_width("完成,退出").is_some() && half_width("完成 (ok)，`a,中`").is_none());
    let mut files =
        vec![repository("gateway/src/demo/config.toml.in"), repository("gateway/src/commands/init/config.toml.in")];
    files.extend(TEXTS.iter().map(|file| repository(file)));
    for name in CRATES {
        sources(&repository(name).join("src"), &mut files);
    }
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // What the command line prints of comments; the others are for readers of the code.
        let is_printed = file.components().any(|part| part.as_os_str() == "commands");
        for (nr, line) in (1..).zip(text.lines()) {
            let is_comment =
                line.trim_start().starts_with("//") && !(is_printed && line.trim_start().starts_with("///"));
            // A Chinese term within an English sentence.
            let line = if is_comment { "" } else { line }.replace(" (应查必查)", "");
            let line = line.as_str();
            wrong.extend(half_width(line).map(|part| format!("{}:{nr}: {part}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A command's standard error under a Chinese `LANG`.
fn in_chinese(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_remove("LC_ALL").env("LANG", "zh_CN.UTF-8").env_remove("RUST_LOG");
    let ended = command.stdin(Stdio::null()).output().unwrap();
    assert!(!ended.status.success(), "{arguments:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.chars().any(is_han), "{arguments:?}: {said}");
    said
}

/// What a command prints, in a language.
fn help(program: &Path, arguments: &[&str], language: &str) -> String {
    let mut command = Command::new(program);
    let ended = command.args(arguments).env_remove("LC_ALL").env("LANG", language).output().unwrap();
    assert!(ended.status.success(), "{arguments:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn help_is_in_the_language_and_in_no_other() {
    let (gateway, audit) = (binaries::credit_gateway(), binaries::credit_audit());
    let every: [(&Path, &[&str]); 8] = [
        (gateway, &["--help"]),
        (gateway, &["init", "--help"]),
        (gateway, &["policy", "explain", "--help"]),
        (gateway, &["keys", "rotate", "--help"]),
        (audit, &["--help"]),
        (audit, &["verify", "--help"]),
        (audit, &["replay", "--help"]),
        (audit, &["show", "--help"]),
    ];
    for (program, arguments) in every {
        let (chinese, in_english) = (help(program, arguments, "zh_CN.UTF-8"), help(program, arguments, "C.UTF-8"));
        // How the command is called is in no language.
        let plain: String =
            chinese.lines().filter(|line| !line.starts_with("用法：")).map(|line| line.to_owned() + "\n").collect();
        assert!(english(&plain).is_none(), "{:?} in\n{chinese}", english(&plain));
        assert!(!in_english.chars().any(is_han), "{in_english}");
    }
}

#[test]
fn the_words_of_the_catalogue_are_shown_in_the_language() {
    let show = |language| help(binaries::credit_gateway(), &["policy", "show"], language);
    let (chinese, in_english) = (show("zh_CN.UTF-8"), show("C.UTF-8"));
    assert!(chinese.contains("银行和其他贷款机构（bank）") && chinese.contains("本人授权（consent）"), "{chinese}");
    // A kind that has no Chinese would stand twice.
    let twice = |text: &str| {
        text.split('（').zip(text.split('（').skip(1)).any(|(before, behind)| {
            let word = before.rsplit([' ', '\n']).next().unwrap_or_default();
            behind.split_once('）').is_some_and(|(inside, _)| inside == word)
        })
    };
    assert!(twice("a bank（bank）") && !twice(&chinese), "{chinese}");
    assert!(in_english.contains("\n  ground consent\n") && !in_english.contains('（'), "{in_english}");
}

/// Three English words in a row that are no name: what stands between backticks, an address, a path.
fn english(text: &str) -> Option<String> {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let runs = plain.split(|char: char| !char.is_ascii_alphabetic() && char != ' ');
    runs.map(str::trim).find(|run| run.split(' ').count() > 2).map(str::to_owned)
}

/// What is replaced in the demo's configuration, and by what: a fault each.
const SPOILED: [(&str, &str); 21] = [
    // Configuration.
    ("segment_mib = 16", "segment_mib = 0"),
    ("segment_mib = 16", "segment = 16"),
    ("segment_mib = 16", "segment_mib = \"x\""),
    ("key_file = \"keys/ring.key\"", ""),
    ("kind = \"employer\"", "kind = \"king\""),
    ("demo = true", ""),
    // Files.
    ("\"server.pem\"", "\"gone.pem\""),
    ("\"server.pem\"", "\"persons.csv\""),
    ("\"crl.pem\"", "\"ca.pem\""),
    ("\"keys/consent-authority.jwks\"", "\"consent-authority.jwk\""),
    ("\"institutions/bank.pem\"", "\"institutions/gone.pem\""),
    ("\"keys/ring.key\"", "\"server.key\""),
    ("dir = \"keys\"", "dir = \"data\""),
    ("\"data/store.sqlite\"", "\"gone.sqlite\""),
    ("\"data/store.sqlite\"", "\"persons.csv\""),
    ("# dir = \"catalogue\"", "dir = \"institutions\""),
    ("dir = \"data\"\n", "dir = \"persons.csv\"\n"),
    ("institution = \"authority\"", "institution = \"bank\""),
    ("# continues = \"/var/lib/old-data/log/checkpoint\"", "continues = \"ca.pem\""),
    ("# second_place = \"/var/lib/other-device/second-place\"", "second_place = \"/gone/second-place\""),
    ("# traces = \"http", "traces = \"ftp"),
];

/// Commands that fail in a demo's folder.
const FAILING: [&[&str]; 16] = [
    &["check", "--config", "gone.toml"],
    &["keys", "init", "--config", "config.toml"],
    &["keys", "trace", "psn1x", "--config", "config.toml"],
    &["keys", "rotate", "log", "--origin", "credit-gateway.example/demo/r1", "--config", "config.toml"],
    &["institution", "add", "Bad Id", "--kind", "bank", "--certificate", "ca.pem", "--config", "config.toml"],
    &[
        "institution",
        "add",
        "bank",
        "--kind",
        "bank",
        "--certificate",
        "institutions/bank.pem",
        "--config",
        "config.toml",
    ],
    &["institution", "suspend", "nobody", "--config", "config.toml"],
    &["consent", "revoke", "a b", "--config", "config.toml"],
    &["consent", "issue", "--key", "consent-authority.jwk", "--certificate", "institutions/bank.pem"],
    &["policy", "show", "curiosity"],
    &["policy", "check", "institutions"],
    &["policy", "explain", "--scenario", "commercial-loan", "--kind", "bank", "--fields", "nothing"],
    &["init", "."],
    &["store", "import", "persons.csv", "--config", "config.toml"],
    &["policy", "explain", "--scenario", "commercial-loan", "--kind", "king"],
    &["serve", "--nothing"],
];

#[test]
fn faults_of_the_commands_are_chinese_where_the_language_is() {
    assert!(
        english("无法读取 `a b c`：there is none").is_some() && english("请运行 `credit gateway now` 一次").is_none()
    );
    let gateway = binaries::credit_gateway();
    let mut wrong = Vec::new();
    for (from, to) in SPOILED {
        let folder = Folder::new();
        folder.replace_in_config(from, to);
        let said = in_chinese(gateway, &["check", "--config", "config.toml"], folder.path());
        wrong.extend(english(&said).map(|words| format!("{to}: {words}: {said}")));
    }
    let folder = Folder::new();
    for arguments in FAILING {
        let said = in_chinese(gateway, arguments, folder.path());
        wrong.extend(english(&said).map(|words| format!("{arguments:?}: {words}: {said}")));
    }
    let audit = binaries::credit_audit();
    let empty = scratch::folder("languages");
    fs::write(empty.join("log.vkey"), "nothing").unwrap();
    let commands: [&[&str]; 4] = [
        &["verify", ".", "--vkey", "gone.vkey"],
        &["verify", ".", "--vkey", "log.vkey"],
        &["show", "."],
        &["replay", ".", "--catalogue", "gone"],
    ];
    for arguments in commands {
        let said = in_chinese(audit, arguments, &empty);
        wrong.extend(english(&said).map(|words| format!("{arguments:?}: {words}: {said}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
