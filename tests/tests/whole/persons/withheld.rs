//! What the law defers or exempts from notice (PIPL art. 18, 35), at every door that could tell of it: deferred look-ups are
//! absent everywhere until their day and there from then on, exempt ones never.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::clock::{Clock, SystemClock};
use credit_keys::{Kek, KeyId, Ring};
use credit_tests::{
    Folder, Gateway, Leaf, Reply, gateway as command,
    query::{look_up, with},
};
use hyper::Method;
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use super::{
    Browser, Lie, Service,
    blocks::wide,
    consents::ISSUER,
    counter::at_counter,
    repairs::{REPAIRS, post, repair},
    serve,
};
use crate::{
    consents::{ask, bearer, loan, new_jti},
    faults::clock::ahead,
    officers::by_two::{ONE, at_port, listed},
};

/// Days until the person may know, and after which the gateway's clock is that day's.
const DEFERRED_DAYS: i64 = 2;
/// Queries of the list that may be known: with the person's own report they are all of one page.
const KNOWN: usize = 39;

/// The demo's rules, but that a loan is told of on a day to come.
fn folder() -> Folder {
    let folder = Folder::new();
    let rules = folder.join("rules");
    drop(command(&["policy", "export", rules.to_str().unwrap()]).held());
    let loan = rules.join("scenarios/commercial-loan.toml");
    let text = std::fs::read_to_string(&loan).unwrap();
    let day = SystemClock::new().now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date();
    let day: Date = day.saturating_add(DEFERRED_DAYS.days());
    let deferred = text.replace("notice = \"owed\"", &format!("notice = \"deferred until {day}\""));
    assert_ne!(deferred, text);
    std::fs::write(loan, deferred).unwrap();
    folder.replace_in_config("# dir = \"catalogue\"", &format!("dir = {rules:?}"));
    // A second officer, so that sealed parts can be opened.
    folder.replace_in_config("id = \"employer\"", "id = \"officer2\"");
    folder.replace_in_config("kind = \"employer\"", "kind = \"officer\"");
    folder
}

/// Who was asked about, and by which queries: those that may be known, are deferred, and exempt.
struct Asked {
    person: String,
    /// About whom there is nothing that may be known.
    hidden: [String; 2],
    jti: String,
    /// What each query is, by its id.
    what: BTreeMap<String, &'static str>,
    record: Value,
    /// Reports that the person made, and acts at the counter.
    own: Cell<(u64, usize)>,
}

fn id(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.code());
    reply.json()["query"].as_str().unwrap().to_owned()
}

fn ask_all(folder: &Folder) -> Asked {
    let (person, jti) = (folder.person("late", 0), new_jti());
    let hidden = [folder.person("late", 1), folder.person("late", 2)];
    let (housing, supervisor, bank) = (folder.caller("housing"), folder.caller("supervisor"), folder.caller("bank"));
    let mut what = BTreeMap::new();
    // The oldest are deferred: on a page of forty they would be the ones that do not fit.
    let token = wide(folder, &jti, &person);
    what.insert(id(&ask(&bank, &token), 200), "deferred");
    let score = with(loan(), "fields", json!(["citizen_number"]));
    let refused = bank.ask_with(&score, &[("authorization", &bearer(&token))]);
    what.insert(id(&refused, 403), "deferred and refused");
    let inspect = |number: &str| with(look_up(number), "scenario", "supervision-inspection");
    what.insert(id(&supervisor.ask(&inspect(&person)), 200), "exempt");
    let other_fields = with(inspect(&person), "fields", json!(["citizen_number"]));
    what.insert(id(&supervisor.ask(&other_fields), 403), "exempt and refused");
    for nr in 0..KNOWN {
        let asked = with(look_up(&person), "case", format!("HZ-2026-{nr:06}"));
        what.insert(id(&housing.ask(&asked), 200), "known");
    }
    drop(id(&ask(&bank, &wide(folder, &new_jti(), &hidden[0])), 200));
    drop(id(&supervisor.ask(&inspect(&hidden[1])), 200));
    for kind in ["deferred", "exempt", "known"] {
        open_sealed(folder, what.iter().find(|(_, of)| **of == kind).unwrap().0);
    }
    Asked { person, hidden, jti, what, record: Value::Null, own: Cell::default() }
}

/// Two officers open the sealed part of a query.
fn open_sealed(folder: &Folder, query: &str) {
    let entry = folder.leaves().iter().position(|leaf| leaf.text("id") == query).unwrap().to_string();
    let words = ["unseal", &entry, "--reason", "court order 7"];
    drop(at_port(folder, ONE, &words).held());
    let id = listed(folder)["proposals"][0]["proposal"].as_str().unwrap().to_owned();
    drop(at_port(folder, "employer", &[&words[..], &["--approve", &id]].concat()).held());
    let out = folder.join(format!("opened-{entry}"));
    drop(at_port(folder, ONE, &[&words[..], &["--proposal", &id, "--out", out.to_str().unwrap()]].concat()).held());
}

impl Asked {
    /// What the ids in a text are of.
    fn among(&self, text: &str) -> BTreeSet<&'static str> {
        self.what.iter().filter(|(id, _)| text.contains(id.as_str())).map(|(_, what)| *what).collect()
    }

    /// What institutions in a text asked: one for each kind.
    fn askers(text: &str) -> BTreeSet<&'static str> {
        let all = [("\"housing\"", "known"), ("\"bank\"", "deferred"), ("\"supervisor\"", "exempt")];
        all.into_iter().filter(|(name, _)| text.contains(name)).map(|(_, what)| what).collect()
    }

    /// The ids that statements and notices on the record have, which are sealed.
    fn sealed(&self, folder: &Folder, kind: &str) -> BTreeSet<&'static str> {
        let kek = Kek::from_key_file(&folder.join("keys/ring.key")).ok().unwrap();
        let ring = Ring::open(&folder.join("keys"), &kek).ok().unwrap();
        let opened = |leaf: &Leaf| {
            let bytes = STANDARD.decode(leaf.text("ids")).unwrap();
            let (key, member) = (KeyId::parse(leaf.text("key")).unwrap(), format!("{}/ids", leaf.text("id")));
            let commit: [u8; 32] = bytes[..32].try_into().unwrap();
            let plain =
                ring.unseal(&key, "credit-gateway.example/demo/r1", &member, &bytes[32..], &commit).ok().unwrap();
            plain.disclose(|plain| self.among(std::str::from_utf8(plain).unwrap()))
        };
        let leaves = folder.leaves();
        leaves.iter().filter(|leaf| leaf.text("kind") == kind).flat_map(opened).collect()
    }

    /// Each page of a list, and how many there are.
    fn pages(&self, browser: &Browser, path: &str, list: &str) -> (BTreeSet<&'static str>, usize) {
        let (mut found, mut next, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let reply = browser.json(&format!("{path}{next}"));
            assert_eq!(reply.status.as_u16(), 200, "{path}");
            found.extend(self.among(&reply.text()));
            pages += 1;
            match reply.json()[list].get("next").and_then(Value::as_str) {
                Some(cursor) => next = format!("?cursor={cursor}"),
                None => return (found, pages),
            }
        }
    }

    /// One more report.
    fn report(&self, browser: &Browser) -> Reply {
        let reply = browser.json("/me/report");
        assert_eq!(reply.status.as_u16(), 200);
        let (reports, acts) = self.own.get();
        self.own.set((reports + 1, acts));
        reply
    }

    /// What is counted among the reports of the year: those that the person made are known.
    fn number(&self, report: &Reply) -> BTreeSet<&'static str> {
        let said = report.header("credit-report-of-year").unwrap();
        let counted: u64 = said.split_once(';').unwrap().0.parse().unwrap();
        if counted == self.own.get().0 { ["known"].into() } else { ["deferred"].into() }
    }

    /// What is said to have been done for the person: the acts at the counter, which are known, and no more.
    fn acts(&self, done_for: &Value) -> BTreeSet<&'static str> {
        let mut found = self.among(&done_for.to_string());
        found.extend(Self::askers(&done_for.to_string()));
        let count = done_for.as_array().map_or(0, Vec::len);
        found.insert(if count == self.own.get().1 { "known" } else { "deferred" });
        found
    }

    /// What each door tells of.
    fn doors(&self, folder: &Folder, browser: &Browser) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let at_counter = |act: &str| {
            let reply = at_counter(folder, "officer", &json!({"number": self.person, "act": act}));
            assert_eq!(reply.status.as_u16(), 200, "{act}");
            let (reports, acts) = self.own.get();
            self.own.set((reports, acts + 1));
            reply.text()
        };
        let has = |text: &str, word: &str, what: &'static str| -> BTreeSet<&'static str> {
            if text.contains(word) { [what].into() } else { [].into() }
        };
        let goes_on = |more: bool| -> BTreeSet<&'static str> {
            if more { ["known", "deferred"].into() } else { ["known"].into() }
        };
        let notices = folder.caller("notifier").get("/v1/notices").text();
        let mut owed = has(&notices, &self.person, "known");
        owed.extend(has(&notices, &self.hidden[0], "deferred"));
        owed.extend(has(&notices, &self.hidden[1], "exempt"));
        // A list gives the notices that it shows; so after the notices.
        let (list_at_counter, uses_at_counter) = (at_counter("queries"), at_counter("consents"));
        let (list, pages) = self.pages(browser, "/me/queries", "list");
        let html = browser.get("/me/queries").text();
        let record = self.record["class"].as_str().unwrap();
        let recipients = browser.json(&format!("/me/recipients?record={record}")).text();
        let export = browser.json("/me/export");
        let entries = export.json()["export"]["entries"].to_string();
        assert_eq!(super::export::check(folder, &export.text(), true), None);
        let corrections: Vec<_> = ["housing", "bank", "supervisor"]
            .into_iter()
            .map(|who| folder.caller(who).get("/v1/corrections?after=0").text())
            .collect();
        let due: Vec<_> = folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "correction").collect();
        let due: String = due.iter().map(|leaf| leaf.text("query").to_owned() + " ").collect();
        let report = self.report(browser);
        let first = browser.json("/me/queries").json();
        let export_json = export.json();
        BTreeMap::from([
            ("reports of the year", self.number(&report)),
            ("done for", self.acts(&first["list"]["done_for"])),
            ("done for, in the export", self.acts(&export_json["export"]["done_for"])),
            ("looks at queries", self.among(&first["list"]["looked_at"].to_string())),
            ("list", list),
            ("page", goes_on(html.contains("cursor="))),
            ("cursors", goes_on(pages > 1)),
            ("uses", has(&browser.json("/me/consents").text(), &self.jti, "deferred")),
            ("recipients", Self::askers(&recipients)),
            ("export", self.among(&entries)),
            ("tags of the export", Self::askers(&export.json()["export"]["tags"].to_string())),
            ("corrections", self.among(&corrections.join(" "))),
            ("corrections on the record", self.among(&due)),
            ("statements on the record", self.sealed(folder, "statement")),
            ("notices on the record", self.sealed(folder, "notice")),
            // Its newest page has no room for the oldest; the looks beside it name them.
            ("list at the counter", self.among(&list_at_counter)),
            ("looks at the counter", self.among(&looks_of(&list_at_counter))),
            ("uses at the counter", has(&uses_at_counter, &self.jti, "deferred")),
            ("notices", owed),
        ])
    }
}

/// The looks of officers in a list.
fn looks_of(list: &str) -> String {
    let list: Value = serde_json::from_str(list).unwrap();
    list["list"]["looked_at"].to_string()
}

/// The session of a person on the gateway's day.
fn logged_in(folder: &Folder, service: &Service, days: i64) -> Browser {
    let at = days * 86_400;
    service.lie([Lie::Time("iat", at), Lie::Time("exp", at + 300)]);
    let browser = Browser::new(folder);
    assert_eq!(browser.log_in().status.as_u16(), 303);
    browser
}

#[test]
fn what_is_withheld_is_at_no_door_until_its_day() {
    let (gateway, service) = serve(folder());
    let folder = gateway.folder();
    let mut asked = ask_all(folder);
    let browser = logged_in(folder, &service, 0);
    let records = asked.report(&browser).json()["records"].as_array().unwrap().clone();
    asked.record = records[0].clone();
    for record in &records {
        let reply = post(folder, "credit-office", REPAIRS, &repair(&asked.person, record));
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.code());
    }
    // Who knows a token of before learns nothing by it.
    let withdraw = |browser: &Browser, jti: &str| {
        browser.send_json(Method::POST, "/me/consents/withdrawals", &json!({"iss": ISSUER, "jti": jti}))
    };
    let (hidden, unknown) = (withdraw(&browser, &asked.jti), withdraw(&browser, "consent-nobody"));
    assert_eq!((hidden.status.as_u16(), &hidden.body), (404, &unknown.body));
    let known = BTreeSet::from(["known"]);
    for (door, found) in asked.doors(folder, &browser) {
        let expected = if door.starts_with("uses") { BTreeSet::new() } else { known.clone() };
        assert_eq!(found, expected, "{door}, before the day");
    }

    let (folder, days) = (gateway.stop(), DEFERRED_DAYS + 1);
    let command = ahead(Gateway::serve_command(&folder), days);
    let gateway = Gateway::start(folder, command);
    let folder = gateway.folder();
    let browser = logged_in(folder, &service, days);
    for (door, found) in asked.doors(folder, &browser) {
        let expected: BTreeSet<_> = match door {
            "uses" | "uses at the counter" => ["deferred"].into(),
            "list" | "export" | "statements on the record" => ["known", "deferred", "deferred and refused"].into(),
            // The person's own, whatever else there is.
            "reports of the year" | "done for" | "done for, in the export" => known.clone(),
            _ => ["known", "deferred"].into(),
        };
        assert_eq!(found, expected, "{door}, after the day");
    }
    assert_eq!(withdraw(&browser, &asked.jti).status.as_u16(), 200);
}
