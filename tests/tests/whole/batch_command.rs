//! `credit-gateway ask --batch`: the command killed, the gateway killed, and files that are not as it left them.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use credit_tests::{Ended, Folder, Gateway, Leaf, Program, binaries, checked, command, query::look_up_under};
use serde_json::Value;

use crate::{
    batches::alone,
    consents::assert_sound,
    faults::{Chance, is_full, namespace::Namespace, verify, within},
    large_batches::{lines, spacious},
    stores::http::{
        Truth, behind,
        service::{Service, Step},
    },
};

const SEED: u64 = 0x2026_1130;
const SOON: Duration = Duration::from_secs(60);

/// A file of queries of the housing department, and where the answers to it are kept.
struct Asked {
    queries: PathBuf,
    out: PathBuf,
}

impl Asked {
    /// So many look-ups, without their numbers: the command counts them.
    fn new(folder: &Folder, count: usize) -> Self {
        let asked = Self { queries: folder.join("queries.ndjson"), out: folder.join("answers.ndjson") };
        fs::write(&asked.queries, lines(folder, count)).unwrap();
        asked
    }

    fn command(&self, folder: &Folder) -> Command {
        let mut command = Command::new(binaries::credit_gateway());
        let url = format!("https://127.0.0.1:{}", folder.port_base());
        command.args(["ask", "--json", "--url", &url, "--authority"]).arg(folder.join("ca.pem"));
        command.arg("--certificate").arg(folder.join("institutions/housing.pem"));
        command.arg("--key").arg(folder.join("institutions/housing.key"));
        command.arg("--batch").arg(&self.queries).arg("--out").arg(&self.out);
        command
    }

    /// The command, run to its end, in this language.
    fn ended_in(&self, folder: &Folder, language: &str) -> Ended {
        ended_in(&self.command(folder), language)
    }

    fn ended(&self, folder: &Folder) -> Ended {
        self.ended_in(folder, "C.UTF-8")
    }

    fn kept(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// The whole lines of the answers.
    fn whole(&self) -> usize {
        self.kept().matches('\n').count()
    }
}

fn ended_in(asks: &Command, language: &str) -> Ended {
    let mut arguments = vec![format!("LC_ALL={language}").into(), asks.get_program().to_owned()];
    arguments.extend(asks.get_args().map(ToOwned::to_owned));
    command("env", &arguments)
}

/// Of each line's case, the leaves of its answers without and with `repeats`; no line was refused. A batch as a whole may be, where
/// the lines before had the rate: it names no case, and is asked again.
fn answered(folder: &Folder) -> HashMap<String, (usize, usize)> {
    let mut by_case: HashMap<String, (usize, usize)> = HashMap::new();
    for Leaf { json, .. } in folder.leaves().iter().filter(|leaf| leaf.json["kind"] == "query") {
        if json["code"] == "rate-limited" && json["inputs"]["case"] == false {
            continue;
        }
        assert_eq!(json["outcome"], "answered", "{json}");
        let case = json["ground"]["case"].as_str().unwrap().to_owned();
        let (first, again) = by_case.entry(case).or_default();
        *(if json.get("repeats").is_none() { first } else { again }) += 1;
    }
    by_case
}

/// What is killed.
#[derive(Clone, Copy)]
enum Killed {
    Command,
    Gateway,
    Both,
}

/// Asks until some more answers are kept, and kills; the gateway is there again afterwards. How many answers were kept then.
fn killed(asked: &Asked, gateway: Gateway, what: Killed, more: u64, chance: &mut Chance) -> (Gateway, usize) {
    let until = asked.whole() + usize::try_from(more).unwrap();
    let client = Program::start(asked.command(gateway.folder()));
    assert!(within(SOON * 5, || asked.whole() >= until), "{}", client.err().text());
    std::thread::sleep(Duration::from_millis(chance.between(0, 40)));
    let gateway = match what {
        Killed::Command => {
            drop(client);
            gateway
        }
        // It goes on by itself for a while, and is killed then.
        Killed::Gateway => {
            let gateway = Gateway::serve(gateway.kill());
            let before = asked.whole();
            assert!(within(SOON, || asked.whole() > before), "it does not go on: {}", client.err().text());
            drop(client);
            gateway
        }
        Killed::Both => {
            let folder = gateway.kill();
            drop(client);
            Gateway::serve(folder)
        }
    };
    // A disk may have lost the end of what was written.
    let kept = asked.kept();
    let torn = kept.len() - usize::try_from(chance.between(0, 400)).unwrap();
    fs::write(&asked.out, &kept.as_bytes()[..torn]).unwrap();
    (gateway, asked.whole())
}

#[test]
fn a_command_that_is_killed_again_and_again_loses_no_line_and_asks_only_what_it_has_not() {
    let (count, rounds) = if is_full() { (100_000, 12) } else { (300, 6) };
    let folder = spacious();
    if !is_full() {
        // So that there is a middle.
        folder.set_of_institution("housing", "rate_per_s = 100000", "rate_per_s = 120");
        folder.set_of_institution("housing", "burst = 100000", "burst = 20");
    }
    let asked = Asked::new(&folder, count);
    let (mut gateway, mut chance, mut kept) = (Gateway::serve(folder), Chance(SEED), Vec::new());
    let most = count as u64 / (rounds + 2);
    for round in 0..rounds {
        let what = match round % 6 {
            2 => Killed::Gateway,
            4 => Killed::Both,
            _ => Killed::Command,
        };
        let more = chance.between(1, most);
        let whole;
        (gateway, whole) = killed(&asked, gateway, what, more, &mut chance);
        kept.push(whole);
    }
    assert!(kept.last().is_some_and(|last| *last < count), "{kept:?}: it was not killed in the middle");
    for _ in 0..2 {
        let told = asked.ended(gateway.folder()).held();
        assert!(told.ends_with(&format!("{{\"answered\":{count},\"refused\":0,\"of\":{count}}}\n")), "{told}");
    }

    let answers = asked.kept();
    for (number, line) in (1..).zip(answers.lines()) {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert_eq!((answer["line"].as_u64(), answer["status"].as_u64()), (Some(number), Some(200)), "{line}");
        if number % (count as u64 / 20) == 0 {
            checked::answer(gateway.folder(), "housing", &alone(line));
        }
    }
    assert_eq!(asked.whole(), count);
    let folder = gateway.stop();
    let counted = answered(&folder);
    assert_eq!(counted.len(), count);
    for line in 1..=count {
        let (first, again) = counted[&format!("LARGE-{line}")];
        let lost = kept.iter().filter(|kept| **kept < line).count();
        assert!(first == 1 && again <= lost, "line {line}: {first} and {again} again; killed with {kept:?}");
    }
    if is_full() { verify(&folder.join("data"), &folder.log().join("log.vkey"), None) } else { assert_sound(&folder) }
}

/// Which of the folder's people a line is about, and after what time of the first question the store answers about that one.
/// In groups, so that the gateway writes three times to a command that is gone.
const PEOPLE: [(usize, Duration); 4] = [
    (32, Duration::from_millis(300)),
    (32, Duration::from_millis(1_000)),
    (32, Duration::from_millis(1_500)),
    (4, Duration::from_secs(5)),
];

#[test]
fn a_command_that_is_started_again_at_once_waits_for_lines_that_are_still_under_way() {
    let folder = Folder::new();
    let (truth, people) = (Truth::of(&folder), folder.noted("clean"));
    let (asked, mut text, mut count) = (Asked::new(&folder, 1), String::new(), 0);
    for (person, (lines, _)) in people.iter().zip(PEOPLE) {
        for _ in 0..lines {
            count += 1;
            text.push_str(&format!("{}\n", look_up_under(person, &format!("LARGE-{count}"))));
        }
    }
    fs::write(&asked.queries, text).unwrap();
    // The last answers come long after the command is gone, and the gateway has noticed that.
    let (last, begun) = (people[3].clone(), OnceLock::new());
    let service = Service::plain(move |asked| {
        let begun = begun.get_or_init(Instant::now);
        let nr = people.iter().position(|person| asked.body["citizen_number"] == **person).unwrap();
        let wait = PEOPLE[nr].1.saturating_sub(begun.elapsed());
        [vec![Step::Wait(wait)], truth.answer(asked)].concat()
    });
    behind(&folder, &service.url(), "connections = 100");
    folder.replace_in_config("timeout_ms = 1000", "timeout_ms = 20000");
    let gateway = Gateway::serve(folder);
    let client = Program::start(asked.command(gateway.folder()));
    let is_last_asked = || service.asked().iter().any(|asked| asked.body["citizen_number"] == *last);
    assert!(within(SOON, is_last_asked), "{}", client.err().text());
    drop(client);
    drop(asked.ended(gateway.folder()).held());
    assert_eq!(asked.whole(), count);
    let counted = answered(&gateway.stop());
    assert!(counted.len() == count && counted.values().all(|(first, again)| *first == 1 && *again <= 1), "{counted:?}");
}

/// In English and in Chinese: how the command ends, and what it says.
#[track_caller]
fn says(asks: &Command, code: i32, english: &str, chinese: &str) {
    for (language, words) in [("C.UTF-8", english), ("zh_CN.UTF-8", chinese)] {
        let said = ended_in(asks, language).failed(code);
        assert!(said.contains(words), "`{words}` is missing: {said}");
        assert!(!said.contains("99010"), "a number: {said}");
    }
}

#[test]
fn a_file_that_is_not_as_it_was_left_is_named_with_what_is_to_be_done() {
    let gateway = Gateway::serve(spacious());
    let folder = gateway.folder();
    let asked = Asked::new(folder, 20);
    drop(asked.ended(folder).held());
    let (whole, queries) = (asked.kept(), fs::read_to_string(&asked.queries).unwrap());
    let (out, beside) = (asked.out.display().to_string(), format!("{}.batch", asked.out.display()));
    let asks = asked.command(folder);
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&out), mode(&beside)), (0o600, 0o600));

    // The queries were changed, and stand as they were again.
    fs::write(&asked.queries, queries.replacen("LARGE-7", "LARGE-77", 1)).unwrap();
    let put_back = format!("in `{}` now: put those back, or name another file", asked.queries.display());
    says(&asks, 64, &put_back, "请恢复原查询文件，或另指定应答文件");
    fs::write(&asked.queries, &queries).unwrap();
    drop(asked.ended(folder).held());

    // A line was lost in the middle, another is not whole, one is of no batch, and there is one too many.
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    for (text, line) in [
        ([&lines[..6], &lines[7..]].concat().concat(), 7),
        ([&lines[..3], &[&lines[3][..40], "\n"], &lines[4..]].concat().concat(), 4),
        (format!("{{\"line\":1,\"status\":200}}\n{}", lines[1..].concat()), 1),
        (format!("{whole}{}", lines[19].replace("{\"line\":20", "{\"line\":21")), 21),
    ] {
        fs::write(&asked.out, &text).unwrap();
        let (english, chinese) = (
            format!(
                "`{out}` is not as it was left: its line {line} is not the answer to line {line} of the batch; take it"
            ),
            format!("`{out}` 已被改动：其第 {line} 行不是批次第 {line} 行的应答；请删去该行"),
        );
        says(&asks, 64, &english, &chinese);
        assert_eq!(asked.kept(), text, "what is not understood is not touched");
    }
    // As it is told to be done.
    fs::write(&asked.out, lines[..6].concat()).unwrap();
    drop(asked.ended(folder).held());
    assert_eq!(asked.kept().matches("\"repeats\":").count(), 14);

    // Of answers alone nobody can tell whose they are.
    for mark in [None, Some("")] {
        fs::remove_file(&beside).unwrap();
        mark.into_iter().for_each(|text| fs::write(&beside, text).unwrap());
        let english =
            format!("`{beside}` does not say to which queries the answers in `{out}` belong: name another file");
        says(&asks, 64, &english, "中的应答属于哪些查询：请另指定应答文件");
        fs::write(&beside, "").unwrap();
    }
    let counted = answered(folder);
    assert!(counted.values().all(|(first, _)| *first == 1), "{counted:?}");
}

#[test]
fn an_address_where_nobody_answers_is_told_while_it_is_tried_and_given_up() {
    let folder = Folder::new();
    let asked = Asked::new(&folder, 3);
    let begun = Instant::now();
    let ended = asked.ended(&folder);
    assert!((10..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let events: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let why = ended.failed(69);
    let again: Vec<_> = events.iter().map(|event| event["again_in_s"].as_u64().unwrap()).collect();
    assert_eq!(again, [1, 2, 4, 8]);
    for event in &events {
        assert_eq!((&event["answered"], &event["of"]), (&0.into(), &3.into()), "{event}");
        assert!(event["waits_for"].as_str().unwrap().contains("Connection refused"), "{event}");
    }
    assert_eq!(why.matches("; it is tried again in").count(), 4, "{why}");
    assert!(why.contains("0 of 3 lines have their answers: run the same command again"), "{why}");
    assert_eq!(asked.whole(), 0);
}

#[test]
fn two_commands_do_not_write_one_file() {
    let folder = spacious();
    folder.set_of_institution("housing", "rate_per_s = 100000", "rate_per_s = 10");
    folder.set_of_institution("housing", "burst = 100000", "burst = 10");
    let asked = Asked::new(&folder, 60);
    let gateway = Gateway::serve(folder);
    let first = Program::start(asked.command(gateway.folder()));
    assert!(within(SOON, || asked.whole() > 0), "{}", first.err().text());
    let english = format!("`{}` is being written by another `ask --batch`: wait", asked.out.display());
    says(&asked.command(gateway.folder()), 69, &english, "正在写入");
    drop(first);
    assert!(asked.whole() < 60, "the first was still at work");
}

#[test]
fn answers_for_which_there_is_no_room_are_asked_for_again_when_there_is() {
    let folder = spacious();
    let (mut asked, small) = (Asked::new(&folder, 200), folder.join("small"));
    fs::create_dir(&small).unwrap();
    let namespace = Namespace::new(r#"mount -t tmpfs -o size=64k,mode=0700 tmpfs "$1""#, &[&small]);
    asked.out = small.join("answers.ndjson");
    let gateway = Gateway::serve(folder);
    let asks = namespace.inside(&asked.command(gateway.folder()));
    let english = format!("`{}` cannot be written: No space left on device", asked.out.display());
    says(&asks, 69, &english, "请腾出空间后再次执行同一命令");
    let seen = namespace.seen(&asked.out);
    let kept = fs::read_to_string(&seen).unwrap();
    assert!(kept.ends_with('\n') && (10..200).contains(&kept.lines().count()), "{}", kept.lines().count());

    namespace.mount(&["-t", "tmpfs", "-o", "remount,size=8m", "tmpfs"], &[&small]);
    drop(ended_in(&asks, "C.UTF-8").held());
    let whole = fs::read_to_string(&seen).unwrap();
    assert!(whole.starts_with(&kept) && whole.lines().count() == 200);
    let counted = answered(&gateway.stop());
    assert_eq!(counted.len(), 200);
    let kept = kept.lines().count();
    for line in 1..=200 {
        let (first, again) = counted[&format!("LARGE-{line}")];
        assert!(
            first == 1 && again <= if line > kept { 2 } else { 0 },
            "line {line} of {kept}: {first} and {again} again"
        );
    }
}
