//! A device of 4 MiB for the data folder fills up: a tmpfs in a namespace of our own, so that nobody needs to be root.

use std::{fs, io::Write, path::PathBuf, process::Command, time::Duration};

use credit_tests::{Folder, Gateway, Leaf, Reply, checked, query::look_up};
use serde_json::Value;

use super::{load::Load, namespace::Namespace, query, readiness, record, verify, within};

const SMALL: &str = "size=4m,mode=0700";
const LARGER: &str = "remount,size=64m";

/// A small device, mounted in a namespace.
struct Device {
    namespace: Namespace,
    path: PathBuf,
}

impl Device {
    fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).expect("a mount point");
        let script = format!(r#"mount -t tmpfs -o {SMALL} tmpfs "$1""#);
        Self { namespace: Namespace::new(&script, &[&path]), path }
    }

    fn inside(&self, command: &Command) -> Command {
        self.namespace.inside(command)
    }

    /// A file on it, as we see it from outside.
    fn join(&self, name: &str) -> PathBuf {
        self.namespace.seen(&self.path.join(name))
    }

    fn enlarge(&self) {
        // With type and source, mount leaves out the options in force, one of which only the owner of the machine may set.
        self.namespace.mount(&["-t", "tmpfs", "-o", LARGER, "tmpfs"], &[&self.path]);
    }

    fn leaves(&self) -> Vec<Leaf> {
        Leaf::all(&self.join("log"))
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut filler = fs::File::create(self.join("filler")).expect("a file");
        for block in [64 << 10, 4096, 1] {
            while filler.write_all(&vec![b'x'; block]).is_ok() {
                assert!(filler.metadata().expect("open").len() < 8 << 20, "the device is larger than it should be");
            }
        }
    }
}

fn is_ready(folder: &Folder) -> bool {
    readiness(folder).0 == 200
}

#[test]
fn without_room_nothing_is_answered_until_there_is_some() {
    let folder = Folder::new();
    folder.replace_in_config("dir = \"data\"", "dir = \"small\"");
    let device = Device::new(folder.join("small"));
    let command = device.inside(&Gateway::serve_command(&folder));
    let mut gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    assert!(is_ready(folder));

    // Somebody else takes the room: the log can be written for a while, but not published.
    device.fill();
    // Whoever is answered now could not get the proof within two seconds: so nobody is for long.
    let caller = folder.caller("housing");
    let mut held = vec![caller.ask(&query(&folder.person("clean", 0), "staff-0017", "not to be published"))];
    assert!(within(Duration::from_secs(20), || !is_ready(folder)), "it records what it cannot publish");
    let (status, reasons) = readiness(folder);
    let known = |reason: &str| ["not-recordable: room", "not-recordable: publication"].contains(&reason);
    assert!(status == 503 && reasons.lines().count() >= 1 && reasons.lines().all(known), "{status} {reasons}");
    for nr in 0..20 {
        let reply = caller.ask(&query(&folder.person("clean", 1), "staff-0017", &format!("full-{nr}")));
        checked::fixed(&reply, 503, "not-recordable");
    }
    assert!(!is_ready(folder));
    fs::remove_file(device.join("filler")).expect("ours");
    assert!(within(Duration::from_secs(20), || is_ready(folder)), "it does not recover by itself");
    let reply = caller.ask(&query(&folder.person("clean", 1), "staff-0017", "there is room"));
    assert_eq!(reply.status, 200);
    held.push(reply);

    // The log itself takes the room.
    let load = Load::start(folder, "growing");
    let full = within(Duration::from_secs(30), || !is_ready(folder));
    assert!(full, "4 MiB do not fill up");
    load.goes_on(20);
    let outcome = load.stop();
    assert_eq!(outcome.unanswered, 0);
    let refused = outcome.replies.iter().filter(|timed| timed.reply.status == 503).count();
    assert!(refused > 0, "nobody was refused");
    held.extend(outcome.recorded("not-recordable"));
    assert!(gateway.is_running());
    let folder = gateway.folder();
    device.enlarge();
    assert!(within(Duration::from_secs(20), || is_ready(folder)), "it does not recover by itself");
    let reply = caller.ask(&query(&folder.person("clean", 1), "staff-0017", "there is more room"));
    assert_eq!(reply.status, 200);
    held.push(reply);

    let last = held.iter().map(Reply::index).max().expect("some");
    assert!(within(Duration::from_secs(2), || device.leaves().len() as u64 > last), "leaf {last} is not published");
    let vkey = device.join("log/log.vkey");
    verify(&device.join("."), &vkey, None);
    let leaves = device.leaves();
    let key = credit_audit::note::VerifierKey::parse(&fs::read_to_string(&vkey).expect("log.vkey")).expect("a key");
    record::assert_whole(&leaves, &held, &key);
    // And the other way round: no leaf but of those who got its receipt, none of those who were refused.
    assert_eq!(record::queries(&leaves).count(), held.len());
    // The folder is kept for a while: with its mount point, the device would go.
    let folder = gateway.stop();
    verify(&device.join("."), &vkey, None);
    // Those who were refused without a record are counted, now that there is room for it.
    let leaves = device.leaves();
    let floods = leaves.iter().filter(|leaf| leaf.text("kind") == "flood");
    let counted: u64 = floods.filter_map(|leaf| leaf.json["counts"]["not-recordable"].as_u64()).sum();
    assert_eq!(counted, 20 + refused as u64);
    drop(folder);
}

/// A command of the gateway in the device's namespace: its exit code, and what it says.
fn run(device: &Device, folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(Gateway::serve_command(folder).get_program());
    command.args(arguments).arg("--config").arg(folder.config());
    let ended = device.inside(&command).env("LC_ALL", "C.UTF-8").output().expect("nsenter (util-linux)");
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8(said).expect("UTF-8"))
}

/// The pseudonym keys of the ring, and their states.
fn pseudonym_keys(device: &Device, folder: &Folder) -> Vec<(String, String)> {
    let (_, said) = run(device, folder, &["keys", "status", "--json"]);
    let keys: Value = serde_json::from_str(&said).expect("JSON");
    let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
    let keys = keys.as_array().expect("a list").iter().filter(|key| key["use"] == "pseudonym");
    keys.map(|key| (text(key, "id"), text(key, "state"))).collect()
}

#[test]
fn without_room_a_change_says_what_is_in_force_and_a_turn_of_keys_is_finished_later() {
    let folder = Folder::new();
    folder.unregister("bank");
    folder.replace_in_config("dir = \"data\"", "dir = \"small\"");
    let device = Device::new(folder.join("small"));
    let command = device.inside(&Gateway::serve_command(&folder));
    let gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    let change = |arguments: &[&str]| run(&device, folder, arguments);
    let caller = folder.caller("housing");
    let ask = || caller.ask(&look_up(&folder.person("clean", 0))).json();
    let before = ask();
    device.fill();
    assert!(within(Duration::from_secs(20), || !is_ready(folder)), "it records what it cannot publish");

    let certificate = folder.join("institutions/bank.pem");
    let add = ["institution", "add", "new", "--kind", "bank", "--certificate", certificate.to_str().expect("a path")];
    let (code, said) = change(&add);
    assert!(code == Some(1) && said.contains("was not made"), "{code:?} {said}");
    let (code, said) = change(&["institution", "suspend", "employer"]);
    assert!(code == Some(1) && said.contains("`employer` is suspended until this gateway ends"), "{code:?} {said}");
    let (_, listed) = change(&["institution", "list"]);
    let suspended: Vec<_> = listed.lines().filter(|line| line.contains("suspended")).collect();
    assert!(!listed.contains("new ") && suspended.len() == 1 && suspended[0].starts_with("employer"), "{listed}");
    let state = |id: &str, state: &str| (id.to_owned(), state.to_owned());
    let turned = [state("pseudonym-1", "accepted"), state("pseudonym-2", "active")];
    for _ in 0..2 {
        let (code, said) = change(&["keys", "rotate", "pseudonym"]);
        assert!(code == Some(1) && said.contains("`pseudonym-2`, `tag-2` are made and stay"), "{code:?} {said}");
        assert_eq!(pseudonym_keys(&device, folder), turned);
    }

    fs::remove_file(device.join("filler")).expect("ours");
    assert!(within(Duration::from_secs(20), || is_ready(folder)), "it does not recover by itself");
    for arguments in [&["keys", "rotate", "pseudonym"][..], &["institution", "suspend", "employer"], &add] {
        let (code, said) = change(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
    assert_eq!(pseudonym_keys(&device, folder), turned, "no key that institutions hold is retired");
    assert_eq!(ask()["subject_previous"], before["subject"]);
    let told = |kind: &str, key: &str| {
        let leaves = device.leaves();
        let leaves: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == kind).collect();
        leaves.iter().map(|leaf| leaf.text(key).to_owned()).collect::<Vec<_>>()
    };
    let is_told = || told("institution", "institution") == ["new"];
    assert!(within(Duration::from_secs(20), is_told), "{:?}", told("institution", "institution"));
    assert_eq!(told("suspension", "institution"), ["employer"]);
    let keys = [told("key", "key"), told("key", "use")];
    assert!(keys[0].ends_with(&["pseudonym-2".to_owned(), "tag-2".to_owned()]), "{keys:?}");
    assert!(keys[1].ends_with(&["pseudonym".to_owned(), "tag".to_owned()]), "{keys:?}");
    drop(gateway.stop());
}
