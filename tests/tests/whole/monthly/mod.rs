//! `credit-audit report`: the report of a month is what a program of Python makes of the log, to the last digit; the same log
//! gives the same bytes; Chromium makes a PDF of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use credit_tests::{
    Ended, Folder, Gateway, audit, binaries, checked, command, gateway,
    query::{look_up, with},
    scratch,
    tools::python,
};
use serde_json::{Value, json};

use crate::cases::{decide, open, recorded, report};

/// The month in China in which the tests run.
pub(crate) fn this_month(folder: &Folder) -> String {
    let leaves = folder.leaves();
    let at: jiff::Timestamp = leaves.last().unwrap().text("at").parse().unwrap();
    let day = jiff::tz::Offset::constant(8).to_datetime(at).date();
    format!("{:04}-{:02}", day.year(), day.month())
}

pub(crate) fn of_month(folder: &Folder, month: &str, more: &[&str]) -> Ended {
    let log = folder.log();
    audit(&[&["report", log.to_str().unwrap(), "--month", month][..], more].concat())
}

/// What the Python program makes of the files of the log.
pub(crate) fn recomputed(folder: &Folder, month: &str) -> Value {
    let desk = scratch::folder("monthly");
    fs::write(desk.join("coverage.py"), include_str!("../cases/coverage.py")).unwrap();
    fs::write(desk.join("report.py"), include_str!("report.py")).unwrap();
    let (script, log) = (desk.join("report.py"), folder.log());
    let said = command(python(), &[script.to_str().unwrap(), log.to_str().unwrap(), month]).held();
    serde_json::from_str(&said).unwrap()
}

/// A month with something of everything that can be made in a moment.
fn busy(folder: &Folder) {
    let (housing, supervisor) = (folder.caller("housing"), folder.caller("supervisor"));
    let person = |nr| folder.person("clean", nr);
    for nr in 0..6 {
        checked::answer(folder, "housing", &housing.ask(&look_up(&person(nr))));
    }
    let inspection = with(look_up(&person(0)), "scenario", "supervision-inspection");
    checked::answer(folder, "supervisor", &supervisor.ask(&inspection));
    let fewer = with(look_up(&person(1)), "fields", json!(["black_listed"]));
    let answer = checked::answer(folder, "housing", &housing.ask(&fewer));
    for wrong in [with(look_up(&person(0)), "operator", ""), with(look_up(&person(0)), "scenario", "none"), json!([])] {
        assert_eq!(housing.ask(&wrong).status, 400);
    }
    assert_eq!(housing.ask(&look_up(&folder.person("minor", 0))).status, 403);
    // So many that some share leaves.
    credit_tests::run(async {
        let mut connection = housing.http1().await.unwrap();
        for _ in 0..260 {
            assert_eq!(connection.ask(&json!({})).await.unwrap().status, 400);
        }
    });
    open(folder, "R-1", &person(2));
    decide(folder, "R-1", None);
    open(folder, "R-2", &person(9));
    decide(folder, "R-2", None);
    open(folder, "R-3", &person(9));
    let said = json!({"query": answer.text("id"), "operator": "clerk", "result": "reward", "measure": "benefit"});
    recorded(folder, &report(&housing, "/v1/feedback", &said));
    let config = folder.config();
    let config = config.to_str().unwrap();
    drop(gateway(&["notice", "give", "--config", config, "--way", "counter", answer.text("id")]).held());
    for command in ["suspend", "resume"] {
        let reason = ["--reason", "a <b>check</b> & more"];
        drop(gateway(&[&["institution", command, "employer", "--config", config][..], &reason].concat()).held());
    }
}

#[test]
fn the_figures_are_those_of_another_program_and_the_same_log_gives_the_same_bytes() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    busy(folder);
    drop(folder.leaves());
    let month = this_month(folder);
    let figures: Value = serde_json::from_str(&of_month(folder, &month, &["--json"]).held()).unwrap();
    assert_eq!(figures, recomputed(folder, &month));
    let queries = &figures["queries"];
    assert_eq!((queries["all"]["answered"].as_u64(), queries["all"]["refused"].as_u64()), (Some(8), Some(264)));
    assert_eq!(queries["scenarios"]["public-rental-housing"]["answered"], 7);
    assert_eq!(
        queries["fields"]["black_listed"].as_u64(),
        queries["scenarios"]["public-rental-housing"]["answered"].as_u64().map(|count| count + 1)
    );
    assert_eq!(figures["alarms"]["case_misses"], 1);
    assert_eq!(
        (figures["feedback"]["reward"].as_u64(), figures["notices_given"]["counter"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(figures["suspensions"].as_array().unwrap().len(), 2);
    // A month before has nothing but what is counted at the end of the log.
    let before: Value = serde_json::from_str(&of_month(folder, "2020-02", &["--json"]).held()).unwrap();
    assert_eq!((before["leaves"].as_u64(), before.get("first")), (Some(0), None));
    assert_eq!(before, recomputed(folder, "2020-02"));
    drop(served.stop());
}

#[test]
fn the_page_is_the_same_each_time_in_both_languages_and_chromium_prints_it() {
    let served = Gateway::serve(Folder::new());
    busy(served.folder());
    drop(served.folder().leaves());
    let month = this_month(served.folder());
    let folder = served.stop();
    let english = of_month(&folder, &month, &[]).held();
    assert_eq!(english, of_month(&folder, &month, &[]).held());
    let in_chinese = || {
        let (program, log) = (binaries::credit_audit(), folder.log());
        let mut run = std::process::Command::new(program);
        let run = run
            .args(["report", log.to_str().unwrap(), "--month", &month])
            .env("LC_ALL", "zh_CN.UTF-8")
            .output()
            .unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    let chinese = in_chinese();
    assert_eq!(chinese, in_chinese());
    for (page, title, lang) in [
        (&english, "Monthly compliance report", "<html lang=\"en\">"),
        (&chinese, "征信查询月度合规报告", "<html lang=\"zh-CN\">"),
    ] {
        assert!(page.contains(title) && page.contains(lang) && page.contains("<svg role=\"img\""), "{page}");
        assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));
        assert!(page.contains("a &lt;b&gt;check&lt;/b&gt; &amp; more") && !page.contains("<b>check"));
        assert!((0..10).all(|nr| !page.contains(&folder.person("clean", nr))));
        assert!(page.contains("(public-rental-housing)</th>") && page.contains("(black_listed)</th>"), "with titles");
    }
    assert!(english.contains("ends before the month is over") && chinese.contains("止于本月结束之前"));
    let earlier = of_month(&folder, "2020-02", &[]).held();
    assert!(!earlier.contains("ends before the month is over") && earlier.contains(": none</p>"));
    assert!(!english.contains(&leaf_time(&folder)), "times are where the departments are");
    let out = folder.join("report.html");
    drop(of_month(&folder, &month, &["--out", out.to_str().unwrap()]).held());
    assert_eq!(fs::read_to_string(&out).unwrap(), english);
    let figures: Value = serde_json::from_str(&of_month(&folder, &month, &["--json"]).held()).unwrap();
    for page in [&english, &chinese] {
        fs::write(&out, page).unwrap();
        has_it_all(&printed(&folder, &out), page, &figures);
    }
}

/// The time of the last suspension as its leaf has it.
fn leaf_time(folder: &Folder) -> String {
    let all = folder.leaves();
    all.iter().rfind(|leaf| leaf.text("kind") == "suspension").unwrap().text("at").to_owned()
}

/// The page as Chromium prints it.
fn printed(folder: &Folder, page: &Path) -> PathBuf {
    let (pdf, profile) = (folder.join("report.pdf"), scratch::folder("chromium"));
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--no-pdf-header-footer".to_owned(),
        format!("--user-data-dir={}", profile.display()),
        format!("--print-to-pdf={}", pdf.display()),
        format!("file://{}", page.display()),
    ];
    drop(command("chromium", &arguments).held());
    pdf
}

/// The texts between the tags of a page, as they are read.
fn texts(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("<body>").unwrap();
    let texts = body.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text));
    let read = |text: &str| {
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    texts.map(|text| without_space(&read(text))).filter(|text| !text.is_empty()).collect()
}

/// Lines are broken elsewhere in print.
fn without_space(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '\u{feff}').collect()
}

/// Everything that the page says stands in the PDF whole, nothing of it beyond an edge, and no page is empty.
#[track_caller]
fn has_it_all(pdf: &Path, page: &str, figures: &Value) {
    let desk = scratch::folder("pdf");
    fs::write(desk.join("pdf.py"), include_str!("pdf.py")).unwrap();
    let said = command(python(), &[desk.join("pdf.py"), pdf.to_path_buf()]).held();
    let pages: Vec<Value> = serde_json::from_str(&said).unwrap();
    let of_page = |one: &Value| without_space(one["text"].as_str().unwrap());
    let read: Vec<String> = pages.iter().map(of_page).collect();
    assert!(read.len() > 1 && read.iter().all(|text| text.chars().count() > 20), "{read:?}");
    for (nr, one) in pages.iter().enumerate() {
        assert_eq!(one["outside"], json!([]), "cut off on page {}", nr + 1);
    }
    let read = read.concat();
    let missing: Vec<_> = texts(page).into_iter().filter(|text| !read.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "not in the PDF: {missing:?}\n{read}");
    // What a reader looks for first stands there with its figure.
    let all = &figures["queries"]["all"];
    let (answered, refused, root) = (&all["answered"], &all["refused"], figures["root"].as_str().unwrap());
    let headline = match page.contains("<html lang=\"en\">") {
        true => format!("QueriesAnswered{answered}Refused{refused}"),
        false => format!("查询答复{answered}拒绝{refused}"),
    };
    assert!(read.contains(&headline) && read.contains(root), "{headline}: {read}");
}

#[test]
fn what_is_no_month_and_what_is_no_valid_log_is_refused() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    drop(folder.leaves());
    let month = this_month(folder);
    for wrong in ["2026-13", "2026-1", "26-01", "2026-11-01", "now"] {
        drop(of_month(folder, wrong, &[]).failed(64));
    }
    drop(of_month(folder, &month, &["--utc-offset", "8"]).failed(64));
    let folder = served.stop();
    let file = folder.log().join("checkpoint");
    let note = fs::read_to_string(&file).unwrap();
    fs::write(&file, note.replacen("credit-gateway", "credit-getaway", 1)).unwrap();
    drop(of_month(&folder, &month, &[]).failed(1));
}
