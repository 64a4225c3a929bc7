//! The pages for institutions and operators: their commands, run as printed, print what the page says that they print.
//!
//! A block ```sh is run; the block ```text behind it is what it prints, `…` standing for what differs from run to run.

use std::{fs, os::unix::fs::symlink, path::Path};

use credit_gateway::for_tests::folder::PORTS;
use credit_policy::Code;
use credit_tests::{Folder, Gateway, arguments::Watched, binaries, command, of_any_day};

use super::read;

/// A block of commands, and what the page says that it prints.
struct Block {
    commands: String,
    prints: Option<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        match (kind, blocks.last_mut()) {
            ("sh", _) => blocks.push(Block { commands: text, prints: None }),
            ("text", Some(block)) => assert!(block.prints.replace(text).is_none(), "two blocks of text in a row"),
            // Shown, and neither run nor printed.
            (_, _) => {}
        }
    }
    blocks
}

/// Makes the folder around a demo look like a repository with built programs; nothing in it builds.
fn repository_around<'a>(demo: &'a Path, page: &str) -> (&'a Path, Watched) {
    let root = demo.parent().unwrap();
    let (bin, release) = (root.join("bin"), root.join("target/release"));
    let watched = Watched::new(&bin, page);
    if root.join("policy").exists() {
        return (root, watched);
    }
    symlink(super::repository("policy"), root.join("policy")).unwrap();
    fs::create_dir_all(&release).unwrap();
    for built in [binaries::credit_gateway(), binaries::credit_audit()] {
        watched.add(&release.join(built.file_name().unwrap()), &format!("exec {} \"$@\"", built.display()));
    }
    // `cargo run -p NAME -- …` runs what is built, and `cargo build` has nothing to do.
    let cargo = "[ \"$1\" = run ] || exit 0\nwhile [ \"$1\" != -- ]; do [ \"$1\" = -p ] && name=$2; shift; done\nshift";
    watched.add(&bin.join("cargo"), &format!("{cargo}; exec {}/$name \"$@\"", release.display()));
    (root, watched)
}

/// Runs the blocks of a page, one after the other in one shell, beside a demo; each must print what the page says.
fn run(page: &str, language: &str, demo: &Folder) {
    for (block, printed) in printed(page, language, demo) {
        let expected = block.prints.as_deref().unwrap_or_default();
        assert!(is_like(&printed, expected), "{}\nprints\n{printed}\nand not\n{expected}", block.commands);
    }
}

/// Runs the blocks of a page, one after the other in one shell, beside a demo; gives what each printed.
fn printed(page: &str, language: &str, demo: &Folder) -> Vec<(Block, String)> {
    const MARK: &str = "\u{1e}";
    // The demo of a test has ports of its own.
    let page = (0..PORTS)
        .fold(page.to_owned(), |page, nr| page.replace(&(8443 + nr).to_string(), &(demo.port_base() + nr).to_string()));
    let blocks = blocks(&page);
    let commands: String = blocks.iter().map(|block| block.commands.as_str()).collect();
    let (root, watched) = repository_around(demo.path(), &commands);
    // What a page starts ends with its shell.
    let mut script = "trap 'kill $(jobs -p) 2> /dev/null' EXIT\n".to_owned();
    for block in &blocks {
        script.push_str(&format!("printf '{MARK}'\n{}", block.commands));
    }
    let file = root.join("page.sh");
    fs::write(&file, script).unwrap();
    let line = format!("cd {0} && PATH={0}/bin:$PATH && . ./page.sh 2>&1", root.display());
    let said = command("env", &["-u", "LC_ALL", &format!("LANG={language}"), "bash", "-c", &line]).out;
    let printed: Vec<_> = said.split(MARK).skip(1).map(of_any_day).collect();
    assert_eq!(printed.len(), blocks.len(), "{said}");
    watched.are_impersonal();
    blocks.into_iter().zip(printed).collect()
}

/// Whether a text is as expected, where `…` stands for anything within a line.
fn is_like(text: &str, expected: &str) -> bool {
    text.lines().count() == expected.lines().count()
        && text.lines().zip(expected.lines()).all(|(line, pattern)| is_line(line, pattern))
}

fn is_line(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn the_page_for_institutions_does_what_it_says() {
    for (page, language) in [("docs/institutions.md", "C.UTF-8"), ("docs/institutions.zh-CN.md", "zh_CN.UTF-8")] {
        let gateway = Gateway::demo(Folder::new());
        run(&read(page), language, gateway.folder());
    }
}

#[test]
fn the_page_for_operators_does_what_it_says() {
    for (page, language) in [("docs/operators.md", "C.UTF-8"), ("docs/operators.zh-CN.md", "zh_CN.UTF-8")] {
        run(&read(page), language, &Folder::new());
    }
}

#[test]
fn the_page_for_a_gateway_of_one_s_own_does_what_it_says() {
    for (page, language) in [("docs/own-gateway.md", "C.UTF-8"), ("docs/own-gateway.zh-CN.md", "zh_CN.UTF-8")] {
        // Of the demo beside it the page uses the ports and nothing else.
        run(&read(page), language, &Folder::new());
    }
}

#[test]
fn the_readme_s_calls_do_what_it_says() {
    // A page works again, and after it the one in the other language, on the same demo.
    let gateway = Gateway::demo(Folder::new());
    let english = ("README.md", "C.UTF-8", "## A first query");
    for (page, language, heading) in [english, english, ("README.zh-CN.md", "zh_CN.UTF-8", "## 第一次查询")] {
        let text = read(page);
        // Before it a machine is set up.
        let calls = &text[text.find(heading).unwrap()..];
        let printed: Vec<String> =
            printed(calls, language, gateway.folder()).into_iter().map(|(_, printed)| printed).collect();
        let [first, refusal, consent, withdrawal, receipt, pairs, log] = &printed[..] else { panic!("{printed:?}") };
        assert!(first.contains(r#""clean_three_years": true"#) && first.contains(r#""receipt": {"#), "{first}");
        assert!(refusal.contains(r#""code":"case-required""#), "{refusal}");
        assert!(consent.contains(r#""score_band": "A""#), "{consent}");
        assert!(withdrawal.contains(r#""revoked": true"#), "{withdrawal}");
        let pairs: Vec<&str> = pairs.lines().collect();
        assert!(pairs.len() == 4 && pairs[0] == pairs[1] && pairs[2] == pairs[3], "{pairs:?}");
        let (held, continued, decided) = match language {
            "C.UTF-8" => ("the receipt is valid", "the log is valid", "queries decided again, each as recorded"),
            _ => ("回执有效", "日志核验通过", "次查询，均与记录一致"),
        };
        assert!(receipt.contains(held), "{receipt}");
        assert!(log.matches(continued).count() == 4 && log.contains(decided), "{log}");
    }
}

#[test]
fn both_pages_tell_of_every_alert() {
    let rules = read("docs/prometheus/credit-gateway.rules.yml");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for page in ["docs/operators.md", "docs/operators.zh-CN.md"] {
        let text = read(page);
        for alert in &alerts {
            assert!(text.contains(&format!("`{alert}`")), "`{page}` does not tell what `{alert}` means");
        }
    }
}

#[test]
fn both_pages_tell_of_every_code() {
    for page in ["docs/institutions.md", "docs/institutions.zh-CN.md"] {
        let text = read(page);
        for code in Code::ALL {
            assert!(text.contains(&format!("`{code}`")), "`{page}` does not tell what to do about `{code}`");
        }
    }
}

#[test]
fn both_languages_have_the_same_commands() {
    for page in ["docs/institutions", "docs/operators", "docs/own-gateway", "README"] {
        let commands = |name: String| -> Vec<String> {
            let commands = blocks(&read(&name)).into_iter().map(|block| block.commands).collect::<String>();
            commands.lines().map(bare).collect()
        };
        assert_eq!(commands(format!("{page}.md")), commands(format!("{page}.zh-CN.md")), "{page}");
    }
}

/// A command without what is translated in it: comments, and what it says to the reader.
fn bare(line: &str) -> String {
    let line = line.split("  # ").next().unwrap_or_default().trim_end();
    let line = line.split("echo '").next().unwrap_or_default();
    line.replace("-Language: zh", "-Language: en")
}
