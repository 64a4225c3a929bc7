//! The operator's commands: against a running gateway over its socket, and with none running. Each change is a leaf that
//! names who.

use std::{fs, os::unix::fs::PermissionsExt};

use credit_gateway::for_tests::folder::PORTS;
use credit_tests::{
    Ended, Folder, Gateway, Leaf, checked, command, gateway,
    query::{look_up, look_up_under, new_case},
    scratch,
};
use serde_json::Value;

/// Runs a command with the folder's configuration.
fn run(folder: &Folder, arguments: &[&str]) -> Ended {
    let config = folder.config();
    gateway(&[arguments, &["--config", config.to_str().unwrap()]].concat())
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(folder, arguments).held()).unwrap()
}

fn of_kind(folder: &Folder, kind: &str) -> Vec<Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == kind).collect()
}

/// Who runs this test, as leaves name one.
fn me() -> String {
    let said = |flag| command("id", &[flag]).held().trim().to_owned();
    format!("uid {} ({})", said("-u"), command("id", &["-un"]).held().trim())
}

/// A folder whose bank is in no register, so that its certificate can be given to another.
fn without_bank() -> Folder {
    let folder = Folder::new();
    folder.unregister("bank");
    folder
}

fn add<'a>(id: &'a str, certificate: &'a str) -> Vec<&'a str> {
    vec!["institution", "add", id, "--kind", "housing-department", "--certificate", certificate]
}

#[test]
fn what_cannot_be_registered_is_refused_with_its_reason_and_not_recorded() {
    let gateway = Gateway::serve(without_bank());
    let folder = gateway.folder();
    let file = |name: &str| folder.join(format!("institutions/{name}.pem")).to_str().unwrap().to_owned();
    let (bank, housing, key) = (file("bank"), file("housing"), folder.join("institutions/bank.key"));
    let before = folder.leaves().len();
    for (code, arguments, word) in [
        (64, add("Upper", &bank), "Upper"),
        (64, add("", &bank), "id"),
        (64, add("new", "/nowhere.pem"), "/nowhere.pem"),
        (64, add("new", key.to_str().unwrap()), "bank.key"),
        (64, vec!["institution", "add", "new", "--kind", "king", "--certificate", &bank], "king"),
        (64, vec!["institution", "add", "new", "--kind", "bank"], "--certificate"),
        (1, add("housing", &bank), "housing"),
        (1, add("new", &housing), "housing"),
        (1, [add("new", &bank), vec!["--burst", "0"]].concat(), "new"),
        (1, vec!["institution", "suspend", "nobody"], "nobody"),
        (1, vec!["institution", "resume", "nobody"], "nobody"),
        (64, vec!["institution", "suspend"], "ID"),
        (1, vec!["institution", "suspend", "housing", "--reason", "about 990101 19900307 0015"], "citizen number"),
        (64, add("a-990101-19900307-0015", &bank), "citizen number"),
    ] {
        let said = run(folder, &arguments).failed(code);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    checked::fixed(&folder.caller("bank").ask(&look_up(&folder.person("clean", 0))), 401, "certificate-unknown");
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
    assert_eq!(folder.leaves().len(), before + 1);
}

#[test]
fn an_institution_added_to_a_running_gateway_asks_at_once_and_after_a_restart() {
    let gateway = Gateway::serve(without_bank());
    let folder = gateway.folder();
    let certificate = folder.join("institutions/bank.pem");
    let said =
        run(folder, &[add("housing-2", certificate.to_str().unwrap()), vec!["--rate-per-s", "50"]].concat()).held();
    assert!(said.contains("housing-2"), "{said}");
    let person = folder.person("clean", 0);
    checked::answer(folder, "housing-2", &folder.caller("bank").ask(&look_up(&person)));
    let added = of_kind(folder, "institution");
    assert_eq!(added.len(), 1);
    let leaf = &added[0];
    assert_eq!(
        (leaf.text("institution"), leaf.text("change"), leaf.text("institution_kind"), leaf.account()),
        ("housing-2", "added", "housing-department", me().as_str())
    );
    assert_eq!(leaf.json["rate_per_s"], 50);
    assert!(leaf.json.get("seq").is_none(), "it is about an institution, not by it");
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    checked::answer(folder, "housing-2", &folder.caller("bank").ask(&look_up(&person)));
    let listed = json(folder, &["institution", "list", "--json"]);
    let found = listed.as_array().unwrap().iter().find(|one| one["id"] == "housing-2").unwrap();
    assert_eq!((&found["kind"], &found["suspended"]), (&"housing-department".into(), &false.into()));
}

#[test]
fn changes_made_while_none_runs_hold_once_one_does() {
    let folder = without_bank();
    let certificate = folder.join("institutions/bank.pem");
    drop(run(&folder, &add("housing-2", certificate.to_str().unwrap())).held());
    drop(run(&folder, &["institution", "suspend", "housing", "--reason", "an audit 审计"]).held());
    let suspended = |folder: &Folder| {
        let listed = json(folder, &["institution", "list", "--json"]);
        let suspended = listed.as_array().unwrap().iter().filter(|one| one["suspended"] == true);
        suspended.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(suspended(&folder), ["housing"]);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let person = folder.person("clean", 0);
    checked::answer(folder, "housing-2", &folder.caller("bank").ask(&look_up(&person)));
    checked::refusal(folder, "housing", &folder.caller("housing").ask(&look_up(&person)), 403, "institution-suspended");
    assert_eq!(suspended(folder), ["housing"]);
    let leaf = &of_kind(folder, "suspension")[0];
    assert_eq!((leaf.text("reason"), leaf.account()), ("an audit 审计", me().as_str()));
    assert_eq!(of_kind(folder, "institution")[0].account(), me());
    // The other way round: lifted while none runs.
    let folder = gateway.stop();
    drop(run(&folder, &["institution", "resume", "housing"]).held());
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&person)));
    drop(
        credit_tests::audit(&[
            "verify",
            folder.log().to_str().unwrap(),
            "--vkey",
            folder.log().join("log.vkey").to_str().unwrap(),
        ])
        .held(),
    );
}

#[test]
fn a_list_for_people_names_everybody() {
    let folder = Folder::new();
    let said = run(&folder, &["institution", "list"]).held();
    for id in ["bank", "employer", "housing", "supervisor", "officer", "authority", "credit-office", "notifier"] {
        let line = said.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("no `{id}` in {said}"));
        assert!(line.contains("active") && line.contains("/s ("), "{line}");
    }
    assert_eq!(said.lines().count(), 18, "a line for each institution, and one for each certificate");
    assert_eq!(said.lines().filter(|line| line.contains("SHA-256") && line.contains("valid until 2")).count(), 9);
    assert_eq!(of_kind(&folder, "read").len(), 0);
}

#[test]
fn a_log_has_one_process_only() {
    let gateway_running = Gateway::serve(Folder::new());
    let folder = gateway_running.folder();
    let socket = folder.join("data/admin.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // Another server on other ports.
    let text = fs::read_to_string(folder.config()).unwrap();
    let other = folder.join("other.toml");
    let base = credit_tests::ports();
    let moved = (0..PORTS).fold(text, |text, offset| {
        text.replace(&format!(":{}\"", folder.port_base() + offset), &format!(":{}\"", base + offset))
    });
    fs::write(&other, moved).unwrap();
    let said = gateway(&["serve", "--config", other.to_str().unwrap()]).failed(69);
    assert_eq!(said.lines().filter(|line| line.starts_with("credit-gateway: ")).count(), 1, "{said}");
    assert!(std::net::TcpStream::connect(("127.0.0.1", base)).is_err());
    // A command that cannot find the socket, while somebody has the log.
    fs::remove_file(&socket).unwrap();
    drop(run(folder, &["institution", "suspend", "housing"]).failed(69));
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
}

#[test]
fn keys_are_listed_without_a_key() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let before = folder.leaves().len();
    let status = json(folder, &["keys", "status", "--json"]);
    let keys = status.as_array().unwrap();
    let uses: std::collections::BTreeSet<&str> = keys.iter().map(|key| key["use"].as_str().unwrap()).collect();
    for wanted in ["pseudonym", "tag", "data", "log"] {
        assert!(uses.contains(wanted), "{uses:?}");
    }
    let text = run(folder, &["keys", "status"]).held();
    assert_eq!(text.lines().count(), keys.len());
    for file in fs::read_dir(folder.join("keys")).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    // No 32 bytes in hexadecimal or base64 in what is said.
    for said in [text, status.to_string()] {
        let longest = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').map(str::len).max();
        assert!(longest.unwrap() < 32, "{said}");
    }
    assert_eq!(folder.leaves().len(), before);
}

#[test]
fn turning_the_pseudonym_key_shows_both_pseudonyms_and_both_are_traced() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, person) = (folder.caller("housing"), folder.person("clean", 0));
    let asked = || caller.ask(&look_up(&person)).json();
    let before = asked();
    assert!(before.get("subject_previous").is_none());
    drop(run(folder, &["keys", "rotate", "pseudonym", "--overlap-days", "30"]).held());
    let reply = caller.ask(&look_up(&person));
    checked::answer(folder, "housing", &reply);
    let keys = credit_tests::wire::keys(&reply.body);
    assert_eq!(keys[..6], ["query", "scenario", "ground", "subject", "subject_previous", "catalogue"]);
    let after = reply.json();
    assert_eq!(after["subject_previous"], before["subject"]);
    assert_ne!(after["subject"], before["subject"]);
    let turned = of_kind(folder, "key");
    assert!(turned.iter().any(|leaf| leaf.text("use") == "pseudonym" && leaf.account() == me()), "{turned:?}");
    let mut epochs = Vec::new();
    for answer in [&before, &after] {
        let traced: Value =
            serde_json::from_str(&run(folder, &["keys", "trace", answer["subject"].as_str().unwrap()]).held()).unwrap();
        assert_eq!((&traced["institution"], &traced["purpose_group"]), (&"housing".into(), &"housing".into()));
        epochs.push(traced["epoch"].as_u64().unwrap());
    }
    assert!(epochs[0] < epochs[1], "{epochs:?}");
    // After a restart the answers are the same.
    let gateway = Gateway::serve(gateway.stop());
    let again = gateway.folder().caller("housing").ask(&look_up(&person)).json();
    assert_eq!((&again["subject"], &again["subject_previous"]), (&after["subject"], &after["subject_previous"]));
    // A second turn would retire the key before, so it is made on purpose only.
    let refused = run(gateway.folder(), &["keys", "rotate", "pseudonym"]).failed(1);
    assert!(refused.contains("`pseudonym-1` is accepted until") && refused.contains("--end-overlap"), "{refused}");
    let asked = || gateway.folder().caller("housing").ask(&look_up(&person)).json();
    assert_eq!(asked()["subject"], after["subject"]);
    drop(run(gateway.folder(), &["keys", "rotate", "pseudonym", "--end-overlap"]).held());
    assert_eq!(asked()["subject_previous"], after["subject"]);
}

#[test]
fn a_pseudonym_altered_anywhere_is_traced_to_nobody() {
    let gateway_running = Gateway::serve(Folder::new());
    let folder = gateway_running.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0))).json();
    let pseudonym = reply["subject"].as_str().unwrap().to_owned();
    drop(run(folder, &["keys", "trace", &pseudonym]).held());
    for at in 0..pseudonym.len() {
        let mut altered = pseudonym.clone().into_bytes();
        // The next one of the alphabet, so that the last character keeps the form of its kind.
        altered[at] = match altered[at] {
            b'z' => b'2',
            b'7' => b'a',
            b'1' => b'2',
            other => other + 1,
        };
        let altered = String::from_utf8(altered).unwrap();
        let said = run(folder, &["keys", "trace", &altered]).failed(1);
        assert_eq!(said.lines().count(), 1, "character {at}: {said}");
    }
    for none in ["", "psn1", &pseudonym[..42], &pseudonym.to_uppercase(), &folder.person("clean", 0)] {
        drop(run(folder, &["keys", "trace", none]).failed(1));
    }
    assert_eq!(of_kind(folder, "key").iter().filter(|leaf| leaf.account() == me()).count(), 0);
}

#[test]
fn turning_the_data_key_seals_under_a_new_one_and_forgets_no_case() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let (caller, person, case) = (folder.caller("housing"), folder.person("clean", 0), new_case());
    let asked = || caller.ask(&look_up_under(&person, &case));
    let first = checked::answer(folder, "housing", &asked());
    checked::answer(folder, "housing", &asked());
    drop(run(folder, &["keys", "rotate", "data"]).held());
    let third = checked::answer(folder, "housing", &asked());
    assert_ne!(first.text("key"), third.text("key"));
    assert_ne!(first.text("subject"), third.text("subject"), "tags of two data keys can be linked");
    checked::refusal(folder, "housing", &asked(), 409, "case-already-used");
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    let again = folder.caller("housing").ask(&look_up_under(&person, &case));
    checked::refusal(folder, "housing", &again, 409, "case-already-used");
}

#[test]
fn uses_that_do_not_turn_are_refused() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let before = json(folder, &["keys", "status", "--json"]);
    // A tag key turns with its pseudonym key, and by itself never.
    for name in ["log", "tag", "nothing", "Pseudonym", ""] {
        let ended = run(folder, &["keys", "rotate", name]);
        assert!(matches!(ended.code, Some(1 | 64)), "{ended:?}");
    }
    assert_eq!(json(folder, &["keys", "status", "--json"]), before);
    for name in ["state", "ring"] {
        drop(run(folder, &["keys", "rotate", name]).held());
    }
    // All still opens.
    let gateway = Gateway::serve(gateway.stop());
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
}

/// Makes a copy of the ring's file, turns a key, and puts the copy back.
#[test]
fn an_older_ring_than_the_log_knows_is_refused() {
    let folder = Gateway::serve(Folder::new()).stop();
    let ring = folder.join("keys/ring.json");
    let older = fs::read(&ring).unwrap();
    let mut folder = folder;
    // The ring's own key seals nothing but the ring; an older one would be rotated once more to one of the same name.
    for use_ in ["ring", "data"] {
        let gateway = Gateway::serve(folder);
        drop(run(gateway.folder(), &["keys", "rotate", use_]).held());
        folder = gateway.stop();
        let newest = fs::read(&ring).unwrap();
        fs::write(&ring, &older).unwrap();
        for command in ["serve", "check"] {
            let said = run(&folder, &[command]).failed(64);
            assert!(said.contains("this is an older ring"), "{use_}: {said}");
            assert_eq!(said.lines().count(), 1, "{use_}: {said}");
        }
        fs::write(&ring, &newest).unwrap();
    }
    drop(Gateway::serve(folder).stop());
}

#[test]
fn a_data_folder_of_the_first_release_is_refused() {
    let folder = Gateway::serve(Folder::new()).stop();
    let state = folder.join("data/state.sqlite");
    fs::write(&state, "").unwrap();
    let said = run(&folder, &["serve"]).failed(64);
    assert!(said.contains("is of the first release") && said.contains("data.dir"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    fs::remove_file(&state).unwrap();
    drop(Gateway::serve(folder).stop());
}

#[test]
fn a_ring_is_made_once_and_opens_by_its_own_key_only() {
    let folder = Folder::new();
    drop(run(&folder, &["keys", "init"]).failed(64));
    fs::rename(folder.join("keys"), folder.join("old-keys")).unwrap();
    // By a passphrase.
    let passphrase = folder.join("passphrase");
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    folder.replace_in_config("key_file = \"keys/ring.key\"", "passphrase_file = \"passphrase\"");
    drop(run(&folder, &["keys", "init"]).held());
    fs::copy(folder.join("old-keys/consent-authority.jwks"), folder.join("keys/consent-authority.jwks")).unwrap();
    drop(run(&folder, &["keys", "status"]).held());
    drop(run(&folder, &["keys", "init"]).failed(64));
    fs::write(&passphrase, "another\n").unwrap();
    drop(run(&folder, &["keys", "status"]).failed(64));
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", 0))));
}

#[test]
fn the_catalogue_is_checked_and_shown() {
    let checked = gateway(&["policy", "check"]).held();
    let shown: Value = serde_json::from_str(&gateway(&["policy", "show", "--json"]).held()).unwrap();
    let label = shown["catalogue"].as_str().unwrap();
    assert!(checked.contains(label), "{checked}");
    let scenarios = shown["scenarios"].as_array().unwrap();
    let housing = scenarios.iter().find(|row| row["name"] == "public-rental-housing").unwrap();
    assert_eq!(housing["fields"], serde_json::json!(["black_listed", "clean_three_years", "grey_listed"]));
    assert_eq!((&housing["ground"], &housing["case_limit"]), (&"statute".into(), &3.into()));
    assert_eq!((&housing["second_tier"], &housing["consent"]), (&serde_json::json!([]), &Value::Null));
    let loan = scenarios.iter().find(|row| row["name"] == "commercial-loan").unwrap();
    let named = [
        "housing",
        "installment_rate_in_percentage_of_disposable_income",
        "property",
        "savings_account_and_bonds",
        "status_of_existing_checking_account",
        "tax_paid_band",
    ];
    assert_eq!(loan["second_tier"], serde_json::json!(named));
    let widest = serde_json::json!({
        "lifetime": "P1Y", "uses": 12, "frequency": "10/P1D", "look_back": "P5Y", "data_life": "P6M",
    });
    assert_eq!(loan["consent"], widest);
    assert!(!housing["sources"].as_array().unwrap().is_empty());
    assert!(housing["title"]["zh"].as_str().unwrap().contains('住'));
    let low = gateway(&["policy", "show", "--to-confirm"]).held();
    assert!(low.contains("household-registration") && low.contains("DEMO-CITY 3 city-rule CN-99-01 made up"), "{low}");
    assert!(low.contains("EXAM-TITLES 7, 8, 12 department-rule CN read in one copy"), "{low}");
    assert!(!low.contains("\ncompany-officer"), "a law that was read needs no word of the city: {low}");
    assert_eq!((&housing["rank"], &housing["consent_on_file"]), (&"city-rule".into(), &true.into()));
    assert!(!low.contains("\ncommercial-loan"), "consent needs no power: {low}");
    let read = gateway(&["policy", "show"]).held();
    assert!(read.contains("public-rental-housing") && read.contains(&named.join(" ")));
}

#[test]
fn a_catalogue_with_faults_is_told_line_by_line() {
    let dir = scratch::folder("catalogue");
    for (path, text) in credit_policy::catalogue::shipped() {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = dir.to_str().unwrap().to_owned();
    // The same files as those built in: nothing new to prove.
    assert!(!gateway(&["policy", "check", &path]).held().contains("Cedar"));
    let scenario = dir.join("scenarios/public-rental-housing.toml");
    let text = fs::read_to_string(&scenario).unwrap();
    for (from, to) in [("housing-department", "king"), ("[\"black_listed\"", "[\"religion\""), ("P1M", "1 month")] {
        assert!(text.contains(from), "{from}");
        fs::write(&scenario, text.replace(from, to)).unwrap();
        let said = gateway(&["policy", "check", &path]).failed(64);
        let line = said.lines().find(|line| line.contains(to.trim_matches(['[', '"'])));
        let line = line.unwrap_or_else(|| panic!("no `{to}` in {said}"));
        assert!(line.contains("scenarios/public-rental-housing.toml:"), "no file and line: {line}");
    }
    fs::write(&scenario, text.replace("ground =", "grund =")).unwrap();
    drop(gateway(&["policy", "show", &path]).failed(64));
    drop(gateway(&["policy", "check", "/nowhere"]).failed(64));
}

#[test]
fn a_catalogue_of_one_s_own_is_proved_when_it_is_checked() {
    let dir = scratch::folder("own-catalogue");
    for (path, text) in credit_policy::catalogue::shipped() {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = dir.to_str().unwrap();
    let main = dir.join("catalogue.toml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, text.replace("version = \"2026.11\"", "version = \"2026.12\"")).unwrap();
    let said = gateway(&["policy", "check", path]).held();
    assert!(said.contains("2026.12@sha256:") && said.contains("proved for every possible request"), "{said}");
    // It loads, because no row of it breaks the statute as it now stands; the shipped one forbids more.
    let statute = dir.join("statutes/score-never-for-restraint.cedar");
    let text = fs::read_to_string(&statute).unwrap();
    let weaker = text.replace("restraint &&", "restraint && resource.shape != Shape::\"band\" &&");
    assert_ne!(weaker, text);
    fs::write(&statute, weaker).unwrap();
    drop(gateway(&["policy", "show", path]).held());
    let said = gateway(&["policy", "check", path]).failed(1);
    assert!(said.contains("score-never-for-restraint"), "{said}");
}

#[test]
fn usage_is_told_with_64_and_help_with_0() {
    for wrong in [&[][..], &["dance"], &["serve", "--surplus"], &["keys"], &["institution", "list", "--yaml"]] {
        let ended = gateway(wrong);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(!ended.err.is_empty());
    }
    for right in [&["--help"][..], &["--version"], &["serve", "--help"], &["keys", "trace", "--help"]] {
        assert!(!gateway(right).held().is_empty());
    }
}

#[test]
fn a_catalogue_follows_the_law_of_the_place_that_is_named() {
    let dir = scratch::folder("place").join("rules");
    let path = dir.to_str().unwrap();
    let export = |more: &[&str]| gateway(&[&["policy", "export", path], more].concat());
    for wrong in [&["--jurisdiction", "china"][..], &["--jurisdiction", "CN", "--least-rank", "rumour"]] {
        drop(export(wrong).failed(64));
        assert!(!dir.exists(), "{wrong:?}");
    }
    drop(export(&["--jurisdiction", "CN-SD-02", "--least-rank", "local-regulation"]).held());
    let shown = gateway(&["policy", "show", path]).held();
    let title = "《中华人民共和国科学技术进步法》69〔law〕；《山东省社会信用条例》22(1)(3)〔local-regulation〕";
    assert!(shown.contains(title), "{shown}");
    assert!(shown.contains("public-rental-housing  Public rental housing\n  not available: no ground in CN-SD-02\n"));
    let explained =
        gateway(&["policy", "explain", "--scenario", "professional-title", "--kind", "personnel-department", path]);
    assert!(explained.held().contains("SD-CREDIT 《山东省社会信用条例》22(1)(3)〔local-regulation〕"));
    let low = gateway(&["policy", "show", "--to-confirm", path]).held();
    assert!(low.contains("SD-CREDIT 22(1)(3) local-regulation CN-SD"), "{low}");
    // The demo's rule is for the demo alone, and a folder says its place itself.
    let folder = Folder::new();
    folder.replace_in_config("# jurisdiction = \"CN\"", "jurisdiction = \"CN\"");
    let config = folder.config();
    drop(gateway(&["check", "--config", config.to_str().unwrap()]).held());
    folder.replace_in_config("# dir = \"catalogue\"", &format!("dir = {path:?}"));
    let said = gateway(&["check", "--config", config.to_str().unwrap()]).failed(64);
    assert!(said.contains("leave them out beside it"), "{said}");
    folder.replace_in_config("demo = true", "demo = false");
    folder.replace_in_config("jurisdiction = \"CN\"\n", "");
    folder.replace_in_config(&format!("dir = {path:?}"), "");
    let said = gateway(&["check", "--config", config.to_str().unwrap()]).failed(64);
    assert!(said.contains("the catalogue rests on `DEMO-CITY`"), "{said}");
}
