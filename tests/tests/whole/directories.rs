//! Several gateways that are one: a directory lists their logs, each serves only where its own is listed, and an auditor
//! checks all of them together.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use credit_tests::{Ended, Folder, Gateway, audit, checked, command, gateway, plain, query::look_up, scratch};
use serde_json::Value;

use crate::{
    consents,
    faults::clock::ahead,
    monthly::this_month,
    witnesses::{Site, ed25519},
};

const ORIGIN: &str = "credit-gateway.example/directory";

/// After which what was withdrawn or suspended at one gateway may be answered at no other.
const SOON_ENOUGH: Duration = Duration::from_millis(1_100);

/// A directory on a machine of its own.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn init() -> Self {
        let directory = Self(scratch::folder("directory"));
        drop(directory.run("init", &["--origin", ORIGIN]).held());
        directory
    }

    fn run(&self, verb: &str, more: &[&str]) -> Ended {
        let [dir, key] = ["directory", "key.pem"].map(|name| self.0.join(name));
        let [dir, key] = [&dir, &key].map(|path| path.to_str().unwrap());
        gateway(&[&["directory", verb, dir, "--key", key], more].concat())
    }

    fn add(&self, vkey: &str, more: &[&str]) -> Ended {
        let file = self.0.join("listed.vkey");
        fs::write(&file, vkey).unwrap();
        self.run("add", &[&["--vkey", file.to_str().unwrap()], more].concat())
    }

    fn log(&self) -> PathBuf {
        self.0.join("directory/log")
    }

    fn vkey(&self) -> PathBuf {
        self.log().join("log.vkey")
    }

    /// Lists the log of a folder whose keys are made, and gives it what it needs to serve.
    pub(crate) fn lists(&self, folder: &Folder) {
        self.is_of(folder);
        drop(self.add(&vkey(folder), &[]).held());
        copy(&self.log(), &folder.join("directory"));
    }

    /// Writes into a configuration where its copy is.
    fn is_of(&self, folder: &Folder) {
        folder.edit_config(|text| {
            let name = text.lines().find(|line| line.starts_with("origin = ")).unwrap().to_owned();
            let listed = "directory = \"directory\"\ndirectory_vkey = \"directory.vkey\"";
            text.replace(&name, &format!("{name}\n{listed}"))
        });
        fs::copy(self.vkey(), folder.join("directory.vkey")).unwrap();
    }

    /// All listed logs keep their promises together, and each decision is made again as it was.
    #[track_caller]
    pub(crate) fn holds(&self, folders: &[Folder]) {
        let logs: Vec<_> = folders.iter().map(|folder| folder.log().to_str().unwrap().to_owned()).collect();
        let logs: Vec<_> = logs.iter().map(String::as_str).collect();
        drop(self.audit("verify", &logs).held());
        let rules = self.0.join("rules");
        if !rules.exists() {
            drop(gateway(&["policy", "export", rules.to_str().unwrap()]).held());
        }
        drop(self.audit("replay", &[&logs[..], &["--catalogue", rules.to_str().unwrap()]].concat()).held());
    }

    /// The figures of a month over the logs of these folders, as JSON.
    #[track_caller]
    pub(crate) fn report(&self, folders: &[Folder], month: &str) -> String {
        self.of_set("report", folders, &["--month", month, "--json"]).held()
    }

    /// What a command of `credit-audit` says of the logs of these folders together.
    pub(crate) fn of_set(&self, verb: &str, folders: &[Folder], more: &[&str]) -> Ended {
        let logs: Vec<_> = folders.iter().map(|folder| folder.log().to_str().unwrap().to_owned()).collect();
        let logs: Vec<_> = logs.iter().map(String::as_str).collect();
        self.audit(verb, &[&logs[..], more].concat())
    }

    /// What `credit-audit` is given to check a set by it.
    fn audit(&self, verb: &str, more: &[&str]) -> Ended {
        let (log, vkey) = (self.log(), self.vkey());
        let set = ["--directory", log.to_str().unwrap(), "--directory-vkey", vkey.to_str().unwrap()];
        audit(&[&[verb], more, &set[..]].concat())
    }
}

fn copy(from: &Path, to: &Path) {
    drop(fs::remove_dir_all(to));
    assert_eq!(command("cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()]).code, Some(0));
}

/// A replica with a log of its own name, and a copy of the directory beside its configuration.
fn replica(origin: &str, directory: &Directory) -> Folder {
    let folder = Folder::new();
    let config = folder.config();
    let rotate = ["keys", "rotate", "log", "--without-seal", "--origin", origin, "--config", config.to_str().unwrap()];
    drop(gateway(&rotate).held());
    folder.edit_config(|text| {
        let name = text.lines().find(|line| line.starts_with("origin = ")).unwrap().to_owned();
        text.replace(&name, &format!("origin = \"{origin}\""))
    });
    directory.is_of(&folder);
    copy(&directory.log(), &folder.join("directory"));
    folder
}

fn vkey(folder: &Folder) -> String {
    gateway(&["directory", "vkey", "--config", folder.config().to_str().unwrap()]).held()
}

/// Neither `check` nor `serve` gets past it, and both say why.
#[track_caller]
fn refuses(folder: &Folder, code: i32, why: &str) {
    for verb in ["check", "serve"] {
        let said = gateway(&[verb, "--config", folder.config().to_str().unwrap()]).failed(code);
        let lines: Vec<_> =
            said.lines().filter(|line| line.starts_with("credit-gateway: ") && !line.contains("warning")).collect();
        assert!(matches!(lines[..], [line] if line.contains(why)), "{verb}: {said}");
    }
}

#[test]
fn a_gateway_serves_only_where_its_log_is_listed_in_a_directory_that_goes_on() {
    let directory = Directory::init();
    let folder = replica("credit-gateway.example/r1", &directory);
    let own = vkey(&folder);
    let again = || copy(&directory.log(), &folder.join("directory"));
    // Not listed: the line has what the directory's machine needs.
    refuses(&folder, 64, own.trim_end());
    // Its name under another key, then the right one, in another directory of the same name and key.
    let other = own.replacen("r1+", "r1-other+", 1);
    assert!(directory.add(&other, &[]).code == Some(64), "a key whose number does not fit its name");
    drop(directory.add(&own, &["--from", "2126-01-01T00:00:00Z"]).held());
    again();
    refuses(&folder, 69, "from 2126-01-01T00:00:00Z on");
    drop(fs::remove_dir_all(directory.0.join("directory")));
    drop(directory.run("init", &["--origin", ORIGIN]).held());
    drop(directory.add(&own, &[]).held());
    let older = folder.join("older");
    copy(&directory.log(), &older);
    again();
    let gateway = Gateway::serve(folder);
    let reply = gateway.folder().caller("housing").ask(&look_up(&gateway.folder().person("clean", 0)));
    drop(checked::answer(gateway.folder(), "housing", &reply));
    // Anyone sees by which directory it goes, and not who wrote it.
    let public = |path: &str| plain(gateway.folder().port_base() + 3, "GET", path);
    let checkpoint = public("/directory/checkpoint");
    assert_eq!(checkpoint.text(), fs::read_to_string(directory.log().join("checkpoint")).unwrap());
    let paths = [
        "/directory/log.vkey",
        "/directory/tile/0/000.p/2",
        "/directory/tile/entries/000.p/2",
        "/directory/",
        "/directoryx",
    ];
    assert_eq!(paths.map(|path| public(path).status.as_u16()), [200, 200, 403, 404, 404]);
    // What would keep it from starting is told while it serves.
    fs::write(gateway.folder().join("directory/checkpoint"), checkpoint.text().replacen('\n', "\n1", 1)).unwrap();
    assert!(gateway.err().wait(|said| said.contains("the directory would keep this gateway from starting")));
    copy(&directory.log(), &gateway.folder().join("directory"));
    let folder = gateway.stop();

    // Older than what was seen, another history, an altered checkpoint, another key, none at all.
    let second = replica("credit-gateway.example/r2", &directory);
    drop(directory.add(&vkey(&second), &[]).held());
    copy(&directory.log(), &folder.join("directory"));
    let folder = Gateway::serve(folder).stop();
    let again = || copy(&directory.log(), &folder.join("directory"));
    copy(&older, &folder.join("directory"));
    refuses(&folder, 64, "it was cut or put back");
    again();
    let checkpoint = folder.join("directory/checkpoint");
    let signed = fs::read_to_string(&checkpoint).unwrap();
    fs::write(&checkpoint, signed.replacen('\n', "\n1", 1)).unwrap();
    refuses(&folder, 64, "signature");
    fs::remove_file(&checkpoint).unwrap();
    refuses(&folder, 69, "there is none");
    fs::write(folder.join("directory.vkey"), &own).unwrap();
    again();
    refuses(&folder, 64, "remembers a checkpoint of another directory");
    fs::copy(directory.vkey(), folder.join("directory.vkey")).unwrap();
    drop(fs::remove_dir_all(directory.0.join("directory")));
    drop(directory.run("init", &["--origin", ORIGIN]).held());
    for listed in [&own, &vkey(&second)] {
        drop(directory.add(listed, &[]).held());
    }
    again();
    refuses(&folder, 64, "does not lead to the root of a signed checkpoint");
}

#[test]
fn the_commands_of_a_directory_list_and_close_once_and_say_so() {
    let directory = Directory::init();
    let mode = fs::metadata(directory.0.join("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = directory.run("init", &["--origin", ORIGIN]).failed(64);
    assert!(said.contains("begun before"), "{said}");
    let said = directory.run("close", &["--origin", "credit-gateway.example/r1"]).failed(64);
    assert!(said.contains("is not listed"), "{said}");
    let folder = replica("credit-gateway.example/r1", &directory);
    let own = vkey(&folder);
    let said = directory.add(&own, &["--from", "2026-11-01T00:00:00Z"]).held();
    assert!(said.contains("`credit-gateway.example/r1` is listed from 2026-11-01T00:00:00Z on"), "{said}");
    assert!(directory.add(&own, &[]).failed(64).contains("listed already"));
    copy(&directory.log(), &folder.join("directory"));
    let serving = Gateway::serve(folder);
    assert!(directory.run("close", &["--origin", "credit-gateway.example/r1"]).held().contains("is closed at"));
    for listed in [&[][..], &["--from", "2026-11-01T00:00:00Z"]] {
        assert!(directory.add(&own, listed).failed(64).contains("is closed"));
    }
    // The gateway that serves it goes down by itself, in order.
    copy(&directory.log(), &serving.folder().join("directory"));
    assert!(serving.err().wait(|said| said.contains("the directory closed this log: going down")));
    let (status, folder) = serving.ended();
    assert_eq!(status.code(), Some(0));
    refuses(&folder, 64, "closed the log `credit-gateway.example/r1`");
    let dir = directory.log();
    let said = gateway(&["directory", "list", dir.to_str().unwrap(), "--json"]).held();
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((listed["size"].as_u64(), &listed["logs"][0]["vkey"]), (Some(3), &Value::from(own.trim_end())));
    assert!(listed["logs"][0]["until"].is_string());
    // Another key signs nothing, and an altered directory is named.
    fs::rename(directory.0.join("key.pem"), directory.0.join("old.pem")).unwrap();
    assert_eq!(directory.add(&own, &[]).code, Some(64), "no key");
    fs::write(directory.0.join("key.pem"), command("openssl", &["genpkey", "-algorithm", "ed25519"]).held()).unwrap();
    let second = replica("credit-gateway.example/r2", &directory);
    assert_eq!(directory.add(&vkey(&second), &[]).code, Some(69), "another key");
    let bundle = directory.log().join("tile/entries/000.p/3");
    let bytes = fs::read(&bundle).unwrap();
    fs::write(&bundle, String::from_utf8_lossy(&bytes).replace("/r1", "/r9").into_bytes()).unwrap();
    assert_eq!(gateway(&["directory", "list", dir.to_str().unwrap()]).code, Some(1));
}

/// Two gateways whose logs are listed. They share keys, people and institutions, and no state.
fn two(directory: &Directory) -> [Gateway; 2] {
    let replicas = ["credit-gateway.example/r1", "credit-gateway.example/r2"].map(|name| replica(name, directory));
    for folder in &replicas {
        drop(directory.add(&vkey(folder), &[]).held());
    }
    replicas.map(|folder| {
        copy(&directory.log(), &folder.join("directory"));
        Gateway::serve(folder)
    })
}

/// Gateways that do not know of each other what they ought to know: each log holds, and both together do not.
#[test]
fn what_two_gateways_do_that_share_no_state_is_found_by_their_logs_together() {
    type Wrong = fn(&Folder, &Folder);
    let wrongs: [(Wrong, &str); 4] = [
        (
            |one, other| {
                let token = consents::token(one, &one.person("clean", 0), 1);
                for folder in [one, other] {
                    drop(checked::answer(folder, "bank", &consents::ask(&folder.caller("bank"), &token)));
                }
            },
            "use 1 of the consent was made before",
        ),
        (
            |one, other| {
                let jti = consents::new_jti();
                let token = consents::altered(one, &jti, &one.person("clean", 0), |grant| grant.terms.uses = 2);
                drop(checked::answer(other, "bank", &consents::ask(&other.caller("bank"), &token)));
                assert_eq!(consents::withdraw(one, &jti).status, 200);
                std::thread::sleep(SOON_ENOUGH);
                let reply = consents::ask(&other.caller("bank"), &token);
                drop(checked::answer(other, "bank", &reply));
            },
            "answered on a consent that had been withdrawn",
        ),
        (
            |one, other| {
                let asked = look_up(&one.person("clean", 0));
                for folder in [one, other] {
                    let reply = folder.caller("housing").ask_with(&asked, &[("idempotency-key", "once")]);
                    drop(checked::answer(folder, "housing", &reply));
                }
            },
            "was answered in another log",
        ),
        (
            |one, other| {
                let config = one.config();
                let suspend = ["institution", "suspend", "housing", "--config", config.to_str().unwrap()];
                drop(gateway(&suspend).held());
                std::thread::sleep(SOON_ENOUGH);
                let reply = other.caller("housing").ask(&look_up(&other.person("clean", 0)));
                drop(checked::answer(other, "housing", &reply));
            },
            "a query of `housing` was answered while it was suspended",
        ),
    ];
    for (wrong, why) in wrongs {
        let directory = Directory::init();
        let [one, other] = two(&directory);
        wrong(one.folder(), other.folder());
        let logs = [one, other].map(|gateway| gateway.stop());
        let [first, second] = logs.each_ref().map(|folder| folder.log().to_str().unwrap().to_owned());
        for log in [&first, &second] {
            drop(audit(&["verify", log, "--vkey", &format!("{log}/log.vkey")]).held());
        }
        let said = directory.audit("verify", &[&second, &first]).failed(1);
        assert!(said.contains("log `credit-gateway.example/r2`: entry ") && said.contains(why), "{said}");
        let month = this_month(&logs[0]);
        assert_eq!(directory.audit("report", &[&second, &first, "--month", &month]).failed(1), said);
    }
}

#[test]
fn an_auditor_checks_the_logs_of_two_gateways_by_their_directory() {
    let directory = Directory::init();
    let stopped = two(&directory).map(|gateway| {
        let folder = gateway.folder();
        for nr in 0..2 {
            let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", nr)));
            drop(checked::answer(folder, "housing", &reply));
        }
        gateway.stop()
    });
    let [one, two] = stopped.each_ref().map(Folder::log);
    let [one, two] = [&one, &two].map(|log| log.to_str().unwrap());
    let both = directory.audit("verify", &[one, two, "--json"]).held();
    assert_eq!(both, directory.audit("verify", &[two, one, "--json"]).held(), "in whatever order");
    let both: Value = serde_json::from_str(&both).unwrap();
    assert_eq!((&both["holds"], both["logs"].as_array().map(Vec::len)), (&Value::from(true), Some(2)));
    assert!(directory.audit("verify", &[one, two]).held().contains("2 logs are listed, 0 of them closed"));
    let said = directory.audit("verify", &[one]).failed(1);
    assert_eq!(
        said,
        "credit-audit: the log `credit-gateway.example/r2` is listed in the directory and was not given\n"
    );
    let kept = directory.0.join("kept");
    fs::copy(stopped[1].log().join("checkpoint"), &kept).unwrap();
    let old = ["--old", kept.to_str().unwrap()];
    drop(directory.audit("verify", &[&[one, two], &old[..]].concat()).held());
    // Decided again, reported, in whatever order the same bytes.
    let rules = directory.0.join("rules");
    drop(gateway(&["policy", "export", rules.to_str().unwrap()]).held());
    let by = ["--catalogue", rules.to_str().unwrap(), "--json"];
    let again = directory.audit("replay", &[&[one, two], &by[..]].concat()).held();
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((again["decided_again"].as_u64(), &again["holds"]), (Some(4), &Value::from(true)));
    let month = this_month(&stopped[0]);
    let report = |logs: [&str; 2], more: &[&str]| {
        let of_month = [&logs[..], &["--month", &month], more].concat();
        directory.audit("report", &of_month).held()
    };
    let figures = report([one, two], &["--json"]);
    assert_eq!((&figures, report([one, two], &[])), (&report([two, one], &["--json"]), report([two, one], &[])));
    let figures: Value = serde_json::from_str(&figures).unwrap();
    assert_eq!(figures["queries"]["all"]["answered"].as_u64(), Some(4));
    assert_eq!(figures["numbers"]["housing credit-gateway.example/r2"], serde_json::json!([1, 2]));
    let key = directory.vkey();
    assert_eq!(audit(&["verify", one, two, "--vkey", key.to_str().unwrap()]).code, Some(64), "two without a directory");
    assert_eq!(directory.audit("verify", &["http://127.0.0.1:1"]).code, Some(64), "an address");
}

/// Cosigns what lies in a folder; the witnesses of other logs do not know it.
fn cosign(log: &Path, policy: &str) -> Ended {
    gateway(&["directory", "witness", log.to_str().unwrap(), "--policy", policy])
}

#[test]
fn witnesses_remember_the_directory_and_each_log_of_a_set() {
    let directory = Directory::init();
    let [one, other] = two(&directory).map(Gateway::stop);
    let logs = [one.log(), other.log(), directory.log()];
    let older = directory.0.join("older");
    copy(&logs[1], &older);
    let again = Gateway::serve(other);
    let reply = again.folder().caller("housing").ask(&look_up(&again.folder().person("clean", 0)));
    drop(checked::answer(again.folder(), "housing", &reply));
    let _other = again.stop();
    let names = ["witness.example/w1", "witness.example/w2", "witness.example/w3"];
    let sites = names.map(|name| Site::new(name, &ed25519()));
    let mut lines = String::new();
    let mut serving = Vec::new();
    for (nr, (site, log)) in sites.iter().zip(&logs).enumerate() {
        let (program, address) = site.serve(&log.join("log.vkey"), true, 0);
        lines += &format!("witness w{nr} {} {address}\n", site.vkey());
        serving.push(program);
    }
    let policy = directory.0.join("policy");
    fs::write(&policy, lines + "group enough any w0 w1 w2\nquorum enough\n").unwrap();
    let policy = policy.to_str().unwrap();
    let [first, second, key] = [&logs[0], &logs[1], &directory.vkey()].map(|path| path.to_str().unwrap().to_owned());
    let set = |second: &str| directory.audit("verify", &[&first, second, "--policy", policy]);
    assert!(set(&second).failed(69).contains("asks no witnesses"));
    for log in &logs {
        assert!(cosign(log, policy).held().contains("witnesses cosigned"));
    }
    assert_eq!(set(&second).held().matches("by 1 of 3 witnesses").count(), 2);
    let said = directory.audit("verify", &[&first, &second, "--policy", policy, "--json"]).held();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["logs"][1]["witnessed"]["by"][0]["name"], "w1");
    // A log that was put back is found without anything that the auditor kept; and its witness cosigns it no more.
    fs::copy(logs[1].join("checkpoint.witnessed"), older.join("checkpoint.witnessed")).unwrap();
    let said = set(older.to_str().unwrap()).failed(1);
    assert!(
        said.contains("log `credit-gateway.example/r2`: the log has") && said.contains("it was cut or put back"),
        "{said}"
    );
    assert!(cosign(&older, policy).failed(1).contains("the log was rolled back"));
    // The directory grows, and its witness goes on.
    drop(directory.add(&vkey(&replica("credit-gateway.example/r3", &directory)), &[]).held());
    drop(cosign(&logs[2], policy).held());
    let said = audit(&["verify", logs[2].to_str().unwrap(), "--vkey", &key, "--policy", policy]).held();
    assert!(said.contains("cosigned at size 4 by 1 of 3 witnesses"), "{said}");
}

/// A person may stand in each log, and each publishes figures of its own.
#[test]
fn what_all_logs_publish_of_a_month_is_within_a_months_budget_and_an_auditor_says_so() {
    let directory = Directory::init();
    let folders = two(&directory).map(Gateway::stop);
    let month = this_month(&folders[0]);
    // In another month.
    let gateways = folders.map(|folder| {
        let command = ahead(Gateway::serve_command(&folder), 32);
        Gateway::start(folder, command)
    });
    let files: Vec<_> = (1..=2).map(|nr| directory.0.join(format!("{nr}.json")).display().to_string()).collect();
    for (gateway, file) in gateways.iter().zip(&files) {
        let config = gateway.folder().config();
        let arguments = ["figures", "publish", "--month", &month, "--out", file, "--config", config.to_str().unwrap()];
        let said = credit_tests::gateway(&arguments).held();
        let of_two =
            format!("{month}: privacy budget 0.041, a twelfth of 1.000 a year divided by the number of logs, 2\n");
        assert_eq!(said, of_two);
    }
    let folders = gateways.map(Gateway::stop);
    let logs: Vec<_> = folders.iter().map(|folder| folder.log().display().to_string()).collect();
    let of_set = |files: &[&str]| {
        directory.audit("figures", &[files, &["--log", logs[0].as_str(), "--log", logs[1].as_str()][..]].concat())
    };
    let said = of_set(&[&files[0], &files[1]]).held();
    for origin in ["r1", "r2"] {
        let line = said.lines().find(|line| line.contains(&format!("`credit-gateway.example/{origin}`"))).unwrap();
        assert!(line.ends_with("epsilon 0.041, the share of one of 2 logs in a month's budget"), "{line}");
    }
    let json = audit(&["figures", &files[1], "--log", &logs[1], "--json"]).held();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["holds"], &json["logs"], &json["epsilon"]), (&true.into(), &2.into(), &"0.041".into()));
    assert!(audit(&["figures", &files[1], "--log", &logs[0]]).failed(1).contains("no record says"), "another's log");
    let text = fs::read_to_string(&files[0]).unwrap();
    for (from, to, said) in [
        ("\"kind\":\"", "\"kind\":\"another-", "says that other figures"),
        ("\"logs\":2", "\"logs\":3", "`epsilon` is more than a twelfth"),
        ("figures/2", "figures/3", "a form that this release knows"),
    ] {
        fs::write(&files[0], text.replacen(from, to, 1)).unwrap();
        let why = of_set(&[&files[0]]).failed(1);
        assert!(why.contains(said), "{why}");
    }
}
