//! What two officers approved is loaded while the gateway serves: no query is lost at the switch, and nothing is loaded by half.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use credit_policy::catalogue;
use credit_tests::{Ends, Folder, Gateway, audit, checked, gateway, query::look_up};
use serde_json::{Value, json};

use super::{
    act,
    by_two::{ONE, OTHER, at_port, listed, two_officers},
    command, of_kind,
};
use crate::faults::within;

/// How long a switch may take here: a second, and time for a slow machine.
const SOON: Duration = Duration::from_secs(30);

const FIELDS: &str = "fields = [\"black_listed\", \"clean_three_years\", \"grey_listed\"]";
const FEWER: &str = "fields = [\"black_listed\", \"grey_listed\"]";

/// The shipped catalogue, edited; its folder.
pub(crate) fn written(folder: &Folder, name: &str, edit: impl Fn(&str) -> String) -> PathBuf {
    let dir = folder.join(name);
    for (path, text) in catalogue::shipped() {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, edit(&text)).unwrap();
    }
    dir
}

fn shipped(folder: &Folder, name: &str) -> PathBuf {
    written(folder, name, str::to_owned)
}

/// A catalogue like the one in this folder, in which the housing department gets one field less.
pub(super) fn with_fewer_fields(dir: PathBuf) -> PathBuf {
    let row = dir.join("scenarios/public-rental-housing.toml");
    let text = fs::read_to_string(&row).unwrap();
    assert!(text.contains(FIELDS));
    fs::write(row, text.replace(FIELDS, FEWER)).unwrap();
    dir
}

fn fewer_fields(folder: &Folder, name: &str) -> PathBuf {
    with_fewer_fields(shipped(folder, name))
}

/// Writes the configuration that is to follow.
pub(super) fn follow(folder: &Folder, edit: impl FnOnce(String) -> String) -> PathBuf {
    let path = folder.config().with_extension("toml.next");
    let text = edit(fs::read_to_string(folder.config()).unwrap());
    // In one step, as an operator's editor should: what is half written would be read again, and told of.
    let new = folder.join("new.toml");
    fs::write(&new, text).unwrap();
    fs::rename(new, &path).unwrap();
    path
}

/// Proposes what a configuration has; the proposals by their acts.
fn proposed(folder: &Folder, config: &Path) -> Vec<(String, String)> {
    drop(at_port(folder, ONE, &["catalogue", "propose", "--config", config.to_str().unwrap()]).held());
    let list = listed(folder);
    let all = list["proposals"].as_array().unwrap().iter().filter(|one| one["approved_by"].is_null());
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    all.map(|one| (word(one, "act"), word(one, "proposal"))).collect()
}

fn approve(folder: &Folder, config: &Path, proposal: &str) -> String {
    at_port(folder, OTHER, &["catalogue", "approve", proposal, "--config", config.to_str().unwrap()]).held()
}

/// The names of the fields that a query is answered with now.
fn fields(folder: &Folder) -> Vec<String> {
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    checked::answer(folder, "housing", &reply);
    reply.json()["data"].as_object().unwrap().keys().cloned().collect()
}

fn with_dir(config: String, dir: &Path) -> String {
    let replaced = config.replace("[catalogue]", &format!("[catalogue]\ndir = \"{}\"", dir.display()));
    assert_ne!(config, replaced);
    replaced
}

pub(super) fn loaded(folder: &Folder) -> Vec<String> {
    let reads = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    reads.filter(|path| path.ends_with("/loaded")).collect()
}

/// Asks as fast as it is answered; how many fields each answer had.
fn asks(folder: &Folder, nr: usize, asked: &AtomicUsize, ends: &AtomicBool) -> Vec<usize> {
    let (caller, person) = (folder.caller("housing"), folder.person("clean", nr));
    let mut seen = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let reply = caller.ask(&look_up(&person));
        assert_eq!(reply.status, 200, "a query is refused: {}", reply.code());
        seen.push(reply.json()["data"].as_object().unwrap().len());
        asked.fetch_add(1, Ordering::Relaxed);
    }
    seen
}

#[test]
fn a_catalogue_that_two_approved_is_loaded_under_load_and_no_query_is_lost() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let dir = fewer_fields(folder, "next-catalogue");
    let config = follow(folder, |config| with_dir(config, &dir));
    let (asked, ends) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let over = Ends(&ends);
        let askers: Vec<_> = (0..3)
            .map(|nr| {
                let (asked, ends) = (&asked, &ends);
                scope.spawn(move || asks(folder, nr, asked, ends))
            })
            .collect();
        let [(act_of, proposal)] = &proposed(folder, &config)[..] else { panic!("one part differs") };
        assert_eq!(act_of, "catalogue");
        // What it changes is shown before it is approved.
        assert!(
            within(SOON, || listed(folder)["proposals"][0]["differs"]["en"]
                .as_str()
                .is_some_and(|text| text.contains("loses") && text.contains("clean_three_years"))),
            "the difference is not shown"
        );
        // One signature loads nothing.
        let so_far = asked.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(2_500));
        assert_eq!((of_kind(folder, "catalogue").len(), loaded(folder).len()), (1, 0));
        assert_eq!(fields(folder).len(), 3);
        let said = approve(folder, &config, proposal);
        assert!(said.contains("loses") && said.contains("clean_three_years"), "{said}");
        assert!(within(SOON, || !loaded(folder).is_empty()), "it is not loaded");
        assert_eq!(loaded(folder), [format!("officers/catalogue/{proposal}/loaded")]);
        assert_eq!(fields(folder), ["black_listed", "grey_listed"]);
        thread::sleep(Duration::from_millis(500));
        drop(over);
        for asker in askers {
            let seen = asker.join().unwrap();
            let switch = seen.iter().position(|count| *count == 2).expect("one after the switch");
            assert!(switch > 0 && seen[..switch].iter().all(|count| *count == 3), "before it all by the old rules");
            assert!(seen[switch..].iter().all(|count| *count == 2), "after it all by the new ones");
        }
        assert!(asked.load(Ordering::Relaxed) > so_far);
    });
    let catalogues = of_kind(folder, "catalogue");
    assert_eq!(catalogues.len(), 2);
    assert_eq!(listed(folder)["proposals"][0]["done"], true);
    // It outlives a kill: what was to follow stands beside the configuration still.
    let gateway = Gateway::serve(gateway.kill());
    assert_eq!(fields(gateway.folder()).len(), 2);
    assert_eq!((of_kind(gateway.folder(), "catalogue").len(), loaded(gateway.folder()).len()), (2, 1), "said once");
    let folder = gateway.stop();
    // And the operator puts it in the place of the one before.
    fs::rename(&config, folder.config()).unwrap();
    let gateway = Gateway::serve(folder);
    assert_eq!(fields(gateway.folder()).len(), 2);
    let folder = gateway.stop();
    let (data, vkey) = (folder.join("data"), folder.log().join("log.vkey"));
    let shipped = shipped(&folder, "before");
    let [data, vkey, shipped, dir] = [&data, &vkey, &shipped, &dir].map(|path| path.to_str().unwrap());
    drop(audit(&["verify", data, "--vkey", vkey]).held());
    drop(audit(&["replay", data, "--catalogue", shipped, "--catalogue", dir, "--vkey", vkey]).held());
}

#[test]
fn a_register_that_two_approved_is_loaded_a_leaf_each_and_limits_go_with_it() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    assert!(folder.caller("employer").get("/v1/receipts/019aa000-0000-7000-8000-000000000000").status == 404);
    let config = follow(folder, |config| {
        config
            .replace("id = \"employer\"", "id = \"another-employer\"")
            .replace("rate_per_s = 2000", "rate_per_s = 1999")
    });
    let all = proposed(folder, &config);
    let proposal = |of: &str| all.iter().find(|(act, _)| act == of).unwrap().1.clone();
    assert_eq!(all.len(), 2, "register and limits: {all:?}");
    assert!(
        within(SOON, || {
            let list = listed(folder);
            let text = |nr: usize| list["proposals"][nr]["differs"]["en"].as_str().unwrap_or_default().to_owned();
            let both = text(0) + "\n" + &text(1);
            both.contains("− employer") && both.contains("+ another-employer") && both.contains("2000 → 1999")
        }),
        "the difference is not shown"
    );
    // One of the two parts loads neither: a configuration is loaded whole.
    drop(approve(folder, &config, &proposal("limits")));
    thread::sleep(Duration::from_millis(2_500));
    assert_eq!((of_kind(folder, "institution").len(), loaded(folder).len()), (0, 0));
    drop(approve(folder, &config, &proposal("register")));
    assert!(within(SOON, || loaded(folder).len() == 2), "it is not loaded");
    let said: Vec<_> = of_kind(folder, "institution")
        .iter()
        .map(|leaf| (leaf.text("institution").to_owned(), leaf.text("change").to_owned()))
        .collect();
    assert!(said.contains(&("employer".to_owned(), "removed".to_owned())), "{said:?}");
    assert!(said.contains(&("another-employer".to_owned(), "added".to_owned())), "{said:?}");
    assert!(said.contains(&("housing".to_owned(), "changed".to_owned())), "{said:?}");
    assert_eq!(fields(folder).len(), 3, "whoever is as before asks as before");
    let gone = json!({"institution": "employer", "suspended": true, "reason": "drill"});
    assert_eq!(act(folder, ONE, "/officers/suspensions", &gone).status, 409, "it is in the register no more");
    let gateway = Gateway::serve(gateway.kill());
    let folder = gateway.folder();
    let listed = command(folder, &["institution", "list", "--json"]).held();
    assert!(listed.contains("\"id\":\"another-employer\"") && !listed.contains("\"id\":\"employer\""));
    assert_eq!(loaded(folder).len(), 2);
    // Approved while it served, and loaded by the next start alone: the same, a leaf each.
    let config = follow(folder, |config| {
        let (before, rest) = config.split_once("[[institution]]\nid = \"employer\"").unwrap();
        let after = rest.find("[[institution]]").map_or("", |place| &rest[place..]);
        format!("{before}{after}").replace("rate_per_s = 2000", "rate_per_s = 1999")
    });
    let all = proposed(folder, &config);
    assert_eq!(all.len(), 2, "{all:?}");
    let hidden = folder.join("hidden.toml");
    fs::rename(&config, &hidden).unwrap();
    for (_, proposal) in &all {
        drop(approve(folder, &hidden, proposal));
    }
    let folder = gateway.kill();
    fs::rename(&hidden, folder.config()).unwrap();
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let listed = command(folder, &["institution", "list", "--json"]).held();
    assert!(!listed.contains("employer\","), "two officers let it go");
    let last = of_kind(folder, "institution").pop().unwrap();
    assert_eq!((last.text("institution"), last.text("change")), ("another-employer", "removed"));
    assert_eq!(loaded(folder).len(), 4);
    crate::limits::is_wholly_recorded(&gateway.stop());
}

#[test]
fn what_holds_from_a_later_day_waits_for_it_and_a_restart_loads_what_was_before() {
    let gateway = Gateway::serve(two_officers());
    let folder = gateway.folder();
    let dir = fewer_fields(folder, "later-catalogue");
    let main = dir.join("catalogue.toml");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, text.replace("pack = ", "holds_from = \"2999-01-01\"\npack = ")).unwrap();
    let config = follow(folder, |config| with_dir(config, &dir));
    let all = proposed(folder, &config);
    assert!(within(SOON, || listed(folder)["proposals"][0]["holds_from"] == "2999-01-01"), "the day is not shown");
    drop(approve(folder, &config, &all[0].1));
    thread::sleep(Duration::from_millis(2_500));
    assert_eq!((loaded(folder).len(), fields(folder).len()), (0, 3));
    let gateway = Gateway::serve(gateway.kill());
    assert_eq!((loaded(gateway.folder()).len(), fields(gateway.folder()).len()), (0, 3));
    let folder = gateway.stop();
    // In the place of the one in force it loads nothing: there is none to load until then.
    let before = fs::read_to_string(folder.config()).unwrap();
    fs::rename(&config, folder.config()).unwrap();
    let said = command(&folder, &["serve"]).failed(64);
    assert!(said.contains("2999-01-01") && said.contains(".next"), "{said}");
    // Without it beside, the one before is not what was approved last.
    fs::write(folder.config(), before).unwrap();
    assert!(command(&folder, &["serve"]).failed(64).contains("what the configuration has as `catalogue` is not"));
}

#[test]
fn a_kill_around_the_switch_loads_the_one_or_the_other_and_never_half() {
    let folder = two_officers();
    let dirs = [shipped(&folder, "shipped"), fewer_fields(&folder, "fewer")];
    let mut serving = Gateway::serve(folder);
    for (round, wait_ms) in [0, 300, 900, 1_200].into_iter().enumerate() {
        let folder = serving.folder();
        let is_fewer = round % 2 == 0;
        let config = follow(folder, |config| with_dir(config, &dirs[usize::from(is_fewer)]));
        let all = proposed(folder, &config);
        assert_eq!(all.len(), 1, "{all:?}");
        drop(approve(folder, &config, &all[0].1));
        thread::sleep(Duration::from_millis(wait_ms));
        serving = Gateway::serve(serving.kill());
        let folder = serving.folder();
        assert_eq!(fields(folder).len(), if is_fewer { 2 } else { 3 }, "round {round}");
        assert_eq!(of_kind(folder, "catalogue").len(), round + 2, "round {round}");
        assert!(loaded(folder).len() > round, "round {round}");
    }
    let folder = serving.stop();
    drop(gateway(&["check", "--config", folder.config().to_str().unwrap()]).held());
}
