//! Whatever needs two officers, over HTTP: what is no second officer's approval of the very thing, in time and once, does nothing,
//! over restarts neither, and each try is on the record.

use std::{thread, time::Duration};

use credit_tests::{Authority, Folder, Gateway, Wish, audit, checked, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    act,
    by_two::{ONE, OTHER, listed},
    command,
    loading::{follow, loaded, with_fewer_fields},
    of_kind,
};
use crate::{
    faults::within,
    persons::destruction::{self, later},
};

/// The certificate of an officer who has no part in it.
pub(super) const THIRD: &str = "notifier";

/// As those of [`destruction::folder`], and a third officer.
pub(super) fn with_third(folder: Folder) -> Folder {
    folder.replace_in_config("id = \"notifier\"", "id = \"third\"");
    folder.replace_in_config("kind = \"notifier\"", "kind = \"officer\"");
    folder
}

const PROPOSALS: &str = "/officers/proposals";
const APPROVALS: &str = "/officers/approvals";
const DIGEST: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// What needs two, as its bodies say it.
pub(super) struct Kind {
    pub(super) act: &'static str,
    /// For its messages: no bodies, since some name a person.
    pub(super) name: &'static str,
    /// What is proposed.
    pub(super) proposed: Value,
    /// What is approved, and what is something else, where that is said and not a digest.
    pub(super) said: Option<[Value; 2]>,
    /// Where it is done, and how, and how something else; what is loaded is done by nobody.
    pub(super) done: Option<(&'static str, Value, Value)>,
}

impl Kind {
    fn said(act: &'static str, name: &'static str, [what, other]: [Value; 2], path: &'static str) -> Self {
        let of = |what: &Value| json!({act: what});
        let (proposed, said) = (of(&what), [of(&what), of(&other)]);
        Self { act, name, proposed, said: Some(said), done: Some((path, what, other)) }
    }

    fn loaded(act: &'static str, digests: &Value) -> Self {
        Self { act, name: act, proposed: json!({"digest": digests[act]}), said: None, done: None }
    }
}

/// The supervisor comes back.
fn reinstate() -> Kind {
    let back = |id: &str| json!({"institution": id, "suspended": false, "reason": "over"});
    Kind {
        act: "reinstate",
        name: "reinstate",
        proposed: json!({"institution": "supervisor"}),
        said: None,
        done: Some(("/officers/suspensions", back("supervisor"), back("third"))),
    }
}

/// Members of both.
fn with(one: &Value, other: Value) -> Value {
    let mut all = one.as_object().unwrap().clone();
    all.extend(other.as_object().unwrap().clone());
    Value::Object(all)
}

/// Every act that two officers decide; the last of them destroys what the others are about.
fn kinds(folder: &Folder, digests: &Value, entry: u64, month: &str) -> Vec<Kind> {
    let [person, other] = [0, 1].map(|nr| json!({"person": folder.person("clean", nr)}));
    let (reason, unsealed) = (json!({"reason": "over"}), json!({"entry": entry, "reason": "court order 7"}));
    let months = [month, "2020-01"].map(|month| json!({"month": month}));
    let words = |act, proposed: Value, other: Value, path| Kind {
        act,
        name: act,
        proposed: proposed.clone(),
        said: None,
        done: Some((path, proposed.clone(), with(&proposed, other))),
    };
    vec![
        Kind::loaded("catalogue", digests),
        Kind::loaded("limits", digests),
        Kind::loaded("sampling", digests),
        Kind::loaded("register", digests),
        words("unseal", unsealed, json!({"entry": entry - 1}), "/officers/unseals"),
        words("resume", reason, json!({"reason": "enough"}), "/officers/resume"),
        reinstate(),
        Kind::said("export", "export", [person.clone(), other.clone()], "/officers/exports"),
        Kind::said("destroy", "destroy a person's", [person, other], "/officers/destructions"),
        Kind::said("destroy", "destroy a month's", months, "/officers/destructions"),
    ]
}

/// How many leaves say that something two decide on was approved, done or loaded.
fn effects(folder: &Folder) -> Vec<(&'static str, usize)> {
    let leaves = folder.leaves();
    let count = |is_one: &dyn Fn(&Value) -> bool| leaves.iter().filter(|leaf| is_one(&leaf.json)).count();
    let of = |kind: &'static str| (kind, count(&|leaf| leaf["kind"] == kind));
    let is_path = |leaf: &Value, end: &str| {
        leaf["path"].as_str().is_some_and(|path| path.ends_with(end) && !path.contains("/refused/"))
    };
    vec![
        of("approval"),
        of("catalogue"),
        of("institution"),
        of("unseal"),
        of("prune"),
        of("statement"),
        of("binding"),
        ("resumed", count(&|leaf| leaf["stopped"] == false)),
        ("reinstated", count(&|leaf| leaf["suspended"] == false)),
        ("destroyed", count(&|leaf| leaf["kind"] == "key" && leaf["state"] == "destroyed")),
        ("done", count(&|leaf| is_path(leaf, "/done"))),
        ("loaded", count(&|leaf| is_path(leaf, "/loaded"))),
    ]
}

/// Why tries were refused, as the record has it.
fn refused(folder: &Folder) -> Vec<String> {
    let paths = of_kind(folder, "read").into_iter().map(|leaf| leaf.text("path").to_owned());
    paths.filter_map(|path| path.split_once("/refused/").map(|(_, why)| why.to_owned())).collect()
}

/// A try that does nothing but stand on the record.
#[track_caller]
fn is_refused(folder: &Folder, name: &str, (who, path, body): (&str, &str, &Value), why: &str) {
    let (tried, before, approved) = (refused(folder).len(), effects(folder), listed(folder)["approved"].clone());
    let reply = act(folder, who, path, body);
    assert_eq!(reply.status, StatusCode::CONFLICT, "{name}: {why}");
    assert_eq!(&refused(folder)[tried..], [why], "{name}: each try is on the record, once");
    assert_eq!(effects(folder), before, "{name}: {why}");
    assert_eq!(listed(folder)["approved"], approved, "{name}: {why}");
}

/// Proposes it; the approval's body, by an officer, and the id.
pub(super) fn propose(folder: &Folder, kind: &Kind) -> Made {
    let body = with(&json!({"act": kind.act}), kind.proposed.clone());
    assert_eq!(act(folder, ONE, PROPOSALS, &body).status, StatusCode::OK, "{}", kind.name);
    let made = listed(folder)["proposals"][0].clone();
    let of = json!({"proposal": made["proposal"]});
    let said = kind.said.as_ref().map_or_else(|| json!({"digest": made["digest"]}), |[what, _]| what.clone());
    (with(&of, said), of)
}

fn approve(folder: &Folder, kind: &Kind, approval: &Value) {
    assert_eq!(act(folder, OTHER, APPROVALS, approval).status, StatusCode::OK, "{}", kind.name);
}

/// What one officer can try before another one approved it.
pub(super) fn one_signature(folder: &Folder, kind: &Kind, (approval, of): &Made) {
    let refused = |tried: (&str, &str, &Value), why: &str| is_refused(folder, kind.name, tried, why);
    let other = kind.said.as_ref().map_or_else(|| json!({"digest": DIGEST}), |[_, other]| other.clone());
    let nothing = with(&json!({"proposal": Uuid::nil()}), approval.clone());
    refused((ONE, APPROVALS, approval), "own");
    refused((OTHER, APPROVALS, &with(of, other)), "other-digest");
    refused((OTHER, APPROVALS, &with(&nothing, json!({"proposal": Uuid::nil()}))), "unknown");
    if kind.said.is_some() {
        let digest = listed(folder)["proposals"][0]["digest"].clone();
        refused((OTHER, APPROVALS, &with(of, json!({"digest": digest}))), "in-words");
        refused((ONE, PROPOSALS, &json!({"act": kind.act, "digest": digest})), "in-words");
    }
    if let Some((path, body, _)) = &kind.done {
        refused((ONE, path, body), "alone");
        refused((OTHER, path, body), "alone");
        refused((ONE, path, &with(body, of.clone())), "not-yet");
    }
}

/// Beside the configuration, one of which every part differs; its digests.
fn next(folder: &Folder) -> Value {
    let dir = with_fewer_fields(destruction::rules(folder, "next-rules"));
    let config = follow(folder, |config| {
        config
            .replace("dir = \"rules\"", &format!("dir = \"{}\"", dir.display()))
            .replace("rate_per_s = 2000", "rate_per_s = 1999")
            .replace("per_mille = 20", "per_mille = 1")
            .replace("id = \"employer\"", "id = \"officer3\"")
            .replace("kind = \"employer\"", "kind = \"officer\"")
    });
    let said = credit_tests::gateway(&["catalogue", "digest", "--config", config.to_str().unwrap()]).held();
    let digests: Value = serde_json::from_str(&said).unwrap();
    let before = command(folder, &["catalogue", "digest"]).held();
    let before: Value = serde_json::from_str(&before).unwrap();
    for act in ["catalogue", "limits", "sampling", "register"] {
        assert!(digests[act].is_string() && digests[act] != before[act], "{act}");
    }
    digests
}

/// Time in which a gateway would have loaded what it has at hand.
fn wait_for_nothing() {
    thread::sleep(Duration::from_millis(2_500));
}

/// The bodies of an approval, and of what names the proposal.
pub(super) type Made = (Value, Value);

/// What was proposed and not approved in time, and then what was approved and not done in time.
pub(super) fn too_late(gateway: Gateway, kinds: &[Kind], first: &[Made]) -> Gateway {
    let gateway = later(gateway.kill(), 108);
    let folder = gateway.folder();
    for (kind, (approval, _)) in kinds.iter().zip(first) {
        is_refused(folder, kind.name, (OTHER, APPROVALS, approval), "expired");
    }
    let second: Vec<_> = kinds.iter().map(|kind| propose(folder, kind)).collect();
    for (kind, (approval, of)) in kinds.iter().zip(&second).filter(|(kind, _)| kind.act != "register") {
        approve(folder, kind, approval);
        is_refused(folder, kind.name, (OTHER, APPROVALS, approval), "again");
        if let Some((path, _, other)) = &kind.done {
            is_refused(folder, kind.name, (ONE, path, &with(other, of.clone())), "other-digest");
        }
    }
    let approved = effects(folder);
    wait_for_nothing();
    let gateway = later(gateway.kill(), 116);
    let folder = gateway.folder();
    for (kind, (approval, of)) in kinds.iter().zip(&second) {
        match &kind.done {
            Some((path, body, _)) => {
                is_refused(folder, kind.name, (ONE, path, &with(body, of.clone())), "expired");
            }
            None if kind.act == "register" => {
                is_refused(folder, kind.name, (OTHER, APPROVALS, approval), "expired");
            }
            None => {}
        }
    }
    wait_for_nothing();
    assert_eq!(
        effects(folder),
        approved,
        "three parts of four load nothing, and what was approved long ago is not done"
    );
    gateway
}

/// What is approved and done in time, by one of the two and by nobody else; the proposals.
fn in_time(folder: &Folder, kinds: &[Kind]) -> Vec<Made> {
    let made: Vec<_> = kinds.iter().map(|kind| propose(folder, kind)).collect();
    for (kind, (approval, _)) in kinds.iter().zip(&made) {
        approve(folder, kind, approval);
    }
    // What is loaded beside a try that is refused would be taken for its effect.
    assert!(within(Duration::from_secs(30), || loaded(folder).len() == 4), "what was approved in time is not loaded");
    for (kind, (_, of)) in kinds.iter().zip(&made) {
        let Some((path, body, _)) = &kind.done else { continue };
        let body = with(body, of.clone());
        is_refused(folder, kind.name, (THIRD, path, &body), "not-theirs");
        assert_eq!(act(folder, OTHER, path, &body).status, StatusCode::OK, "{}", kind.name);
    }
    made
}

/// The same once more.
fn replayed(folder: &Folder, kinds: &[Kind], made: &[Made]) {
    for (kind, (approval, of)) in kinds.iter().zip(made) {
        is_refused(folder, kind.name, (OTHER, APPROVALS, approval), "again");
        let Some((path, body, _)) = &kind.done else { continue };
        // What ended one stop, or one suspension, does not end the next.
        if kind.act == "reinstate" {
            drop(command(folder, &["institution", "suspend", "supervisor"]).held());
        }
        if kind.act == "resume" {
            assert_eq!(act(folder, ONE, "/officers/stop", &json!({"reason": "drill"})).status, StatusCode::OK);
        }
        for who in [ONE, OTHER] {
            is_refused(folder, kind.name, (who, path, &with(body, of.clone())), "done");
        }
    }
}

#[test]
fn of_every_act_one_signature_another_thing_a_late_or_a_second_approval_does_nothing() {
    let gateway = Gateway::serve(with_third(destruction::folder()));
    let folder = gateway.folder();
    let reply = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    let leaf = checked::answer(folder, "housing", &reply);
    let (month, entry) = (leaf.text("key").trim_start_matches("data-").to_owned(), reply.index());
    assert_eq!(act(folder, ONE, "/officers/stop", &json!({"reason": "drill"})).status, StatusCode::OK);
    drop(command(folder, &["institution", "suspend", "supervisor"]).held());

    let gateway = later(gateway.stop(), 100);
    let folder = gateway.folder();
    let kinds = kinds(folder, &next(folder), entry, &month);
    let nothing = effects(folder);
    let tried = |kind: &Kind| {
        let made = propose(folder, kind);
        one_signature(folder, kind, &made);
        made
    };
    let first: Vec<_> = kinds.iter().map(tried).collect();
    wait_for_nothing();
    assert_eq!(effects(folder), nothing, "one signature loads nothing");

    let gateway = too_late(gateway, &kinds, &first);
    let folder = gateway.folder();
    let made = in_time(folder, &kinds);
    let all = effects(folder);
    // What lets records go has a test of its own, with the same guards: a log begins at an edge then.
    let has_leaf = |(before, now): (&(&str, usize), &(&str, usize))| before.1 < now.1 || before.0 == "prune";
    assert!(nothing.iter().zip(&all).all(has_leaf), "each has its leaf: {nothing:?}, {all:?}");
    replayed(folder, &kinds, &made);
    let gateway = later(gateway.kill(), 116);
    let folder = gateway.folder();
    replayed(folder, &kinds, &made);
    wait_for_nothing();
    assert_eq!(effects(folder), all, "an approval that is replayed does nothing");
    let list = listed(folder);
    let is_done = |(_, of): &Made| {
        let mut all = list["proposals"].as_array().unwrap().iter();
        all.any(|one| one["proposal"] == of["proposal"] && one["done"] == true)
    };
    assert!(made.iter().all(is_done), "what was done is listed as done");
    let folder = gateway.stop();
    let paths = [folder.join("data"), folder.log().join("log.vkey"), folder.join("rules"), folder.join("next-rules")];
    let [data, vkey, rules, next_rules] = [0, 1, 2, 3].map(|nr: usize| paths[nr].to_str().unwrap());
    drop(audit(&["verify", data, "--vkey", vkey]).held());
    drop(audit(&["replay", data, "--catalogue", rules, "--catalogue", next_rules, "--vkey", vkey]).held());
}

#[test]
fn whoever_has_the_key_of_who_proposed_is_no_second_officer_under_another_name_either() {
    let folder = with_third(destruction::folder());
    let authority = Authority::new("Own CA");
    let wishes = [ONE, THIRD, "housing"].map(|name| Wish::caller(name, 1));
    authority.take_over(&folder, &wishes, &authority.list(1, &[], 3_600));
    // Another certificate, another name, the same key.
    authority.put_with_key_of(&folder, &Wish::caller(OTHER, 2), ONE);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let entry = folder.caller("housing").ask(&look_up(&folder.person("clean", 0))).index();
    assert_eq!(act(folder, ONE, "/officers/stop", &json!({"reason": "drill"})).status, StatusCode::OK);
    drop(command(folder, &["institution", "suspend", "supervisor"]).held());
    let kinds = kinds(folder, &next(folder), entry, "2020-02");
    // A month before the log has no keys that could be destroyed.
    let kinds: Vec<_> = kinds.iter().filter(|kind| kind.act != "destroy").collect();
    let tried = |kind: &&Kind| {
        let (approval, _) = propose(folder, kind);
        is_refused(folder, kind.name, (OTHER, APPROVALS, &approval), "same-key");
        approval
    };
    let made: Vec<_> = kinds.iter().map(tried).collect();
    for (kind, approval) in kinds.iter().zip(&made) {
        let approved = act(folder, THIRD, APPROVALS, approval);
        assert_eq!(approved.status, StatusCode::OK, "{}: by one with another key", kind.name);
    }
    drop(gateway.stop());
}
