//! Programs with the HTTP clients that institutions have: each makes look-ups with each of its ordinary forms of a body,
//! over each protocol that it speaks, and fetches the receipts. All rows are printed: `cargo test … client_programs --
//! --nocapture`.
//!
//! A program reads one body of a look-up a line from standard input, in `CREDIT_URL` the address, in `CREDIT_DIR` the demo's
//! folder, in `CREDIT_PKCS12` the institution's key and certificate for Java (password `changeit`). It prints a line for each
//! form: its name, a tab, and status, protocol and `receipt` or the code of the refusal.

mod table;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use credit_tests::{
    Folder, command, each,
    query::look_up,
    scratch, shared,
    tools::{node_script, python},
};

use self::table::Row;
use crate::faults::is_full;

/// A language: the command that runs its program, with a script or a source put where it is found.
struct Program {
    language: &'static str,
    command: Vec<PathBuf>,
    rows: &'static [Row],
}

fn script(name: &str, text: &str) -> PathBuf {
    let file = scratch::folder("client").join(name);
    fs::write(&file, text).unwrap();
    file
}

fn program(language: &'static str, command: Vec<PathBuf>, rows: &'static [Row]) -> Program {
    Program { language, command, rows }
}

/// Those that every machine with the tests has.
fn usual() -> Vec<Program> {
    vec![
        program("shell", vec!["bash".into(), script("client.sh", include_str!("client.sh"))], table::SHELL),
        program("Python", vec![python(), script("client.py", include_str!("client.py"))], table::PYTHON),
        program("node", vec!["node".into(), node_script("client.mjs", include_str!("client.mjs"))], table::NODE),
    ]
}

/// Those for which `tests/run --full` installs what they need.
fn further() -> Vec<Program> {
    let java = |jars: &[&str], name: &str, text: &str| {
        let path: Vec<_> = jars.iter().map(|jar| format!("/usr/share/java/{jar}.jar")).collect();
        vec!["java".into(), "-cp".into(), path.join(":").into(), script(name, text)]
    };
    let apache4 = ["httpclient", "httpcore", "commons-logging", "commons-codec"];
    let apache5 = ["httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api"];
    vec![
        program("Java", java(&["."], "Client.java", include_str!("Client.java")), table::JAVA),
        program("Apache 4", java(&apache4, "Apache4.java", include_str!("Apache4.java")), table::APACHE_4),
        program("Apache 5", java(&apache5, "Apache5.java", include_str!("Apache5.java")), table::APACHE_5),
        program("Go", vec!["go".into(), "run".into(), script("client.go", include_str!("client.go"))], table::GO),
        program("PHP", vec!["php".into(), script("client.php", include_str!("client.php"))], table::PHP),
        program("Ruby", vec!["ruby".into(), script("client.rb", include_str!("client.rb"))], table::RUBY),
        program("Perl", vec!["perl".into(), script("client.pl", include_str!("client.pl"))], table::PERL),
    ]
}

/// The institution's key and certificate in one file, as Java reads them.
pub(crate) fn pkcs12(folder: &Folder) -> PathBuf {
    let file = scratch::folder("pkcs12").join("housing.p12");
    let path = |name: &str| folder.join(name).into_os_string();
    let mut arguments: Vec<OsString> =
        ["pkcs12", "-export", "-passout", "pass:changeit", "-out"].map(Into::into).to_vec();
    arguments.extend([file.clone().into(), "-in".into(), path("institutions/housing.pem")]);
    arguments.extend(["-inkey".into(), path("institutions/housing.key")]);
    drop(command("openssl", &arguments).held());
    file
}

/// What the program says of each of its forms.
fn rows_of(program: &Program, folder: &Folder) -> BTreeMap<String, String> {
    // One person and case a body, so that no limit of one person or case is met.
    let bodies: Vec<_> =
        (0..program.rows.len()).map(|nr| look_up(&folder.person("clean", nr % 20)).to_string()).collect();
    let input = script("bodies", &(bodies.join("\n") + "\n"));
    let out = Command::new(&program.command[0])
        .args(&program.command[1..])
        .env("CREDIT_URL", format!("https://localhost:{}", folder.port_base()))
        .env("CREDIT_DIR", folder.path())
        .env("CREDIT_PKCS12", pkcs12(folder))
        .env("GOCACHE", scratch::folder("go"))
        .env("GO111MODULE", "off")
        .env_remove("HTTPS_PROXY")
        .env("NO_PROXY", "localhost")
        .stdin(fs::File::open(input).unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap_or_else(|error| panic!("`{}`: {error}", program.command[0].display()));
    assert!(out.status.success(), "{}: {}", program.language, String::from_utf8_lossy(&out.stderr));
    let said = String::from_utf8(out.stdout).unwrap();
    said.lines().filter_map(|line| line.split_once('\t')).map(|(name, said)| (name.into(), said.into())).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is for whoever asks for it")]
fn ordinary_clients_get_answers_and_receipts_with_each_form_of_a_body() {
    let folder = shared().folder();
    let programs = if is_full() { [usual(), further()].into_iter().flatten().collect() } else { usual() };
    let mut rows = Vec::new();
    for program in programs {
        let said = rows_of(&program, folder);
        assert_eq!(said.len(), program.rows.len(), "{}: {said:?}", program.language);
        for (form, expected) in program.rows {
            rows.push((program.language, *form, *expected, said.get(*form).cloned().unwrap_or_default()));
        }
    }
    let table: Vec<_> =
        rows.iter().map(|(language, form, _, said)| format!("| {language} | {form} | {said} |")).collect();
    println!("{}", table.join("\n"));
    each(&rows, |(_, _, expected, said)| assert_eq!(said, expected));
}
