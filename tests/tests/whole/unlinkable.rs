//! Answers about the same people share nothing by which two institutions, or two purpose groups of one, could bring them
//! together; and a pseudonym leads to the institution and the group that got it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use credit_tests::{Authority, Folder, Gateway, Leaf, Reply, Wish, gateway, query::with, request, run, stranger};
use hyper::Method;
use serde_json::{Value, json};

use crate::consents::{EDDSA, bearer, frequency, grant, loan, new_jti, period, scenario, sign, thumbprint};

/// How many are in the demo's store, and as many who are not.
const HALF: usize = 500;

/// A gateway with two more banks.
fn with_two_banks() -> Gateway {
    let (folder, authority) = (Folder::new(), Authority::new("an authority of the tests"));
    authority.take_over(&folder, &[], &authority.list(1, &[255], 86_400));
    let gateway_running = Gateway::serve(folder);
    let folder = gateway_running.folder();
    for (serial, id) in [(1, "bank-a"), (2, "bank-b")] {
        authority.put(folder, &Wish::caller(id, serial));
        let (certificate, config) = (folder.join(format!("institutions/{id}.pem")), folder.config());
        #[rustfmt::skip]
        let arguments = [
            "institution", "add", id, "--kind", "bank", "--certificate", certificate.to_str().unwrap(),
            "--rate-per-s", "100000", "--burst", "100000", "--config", config.to_str().unwrap(),
        ];
        drop(gateway(&arguments).held());
    }
    gateway_running
}

fn people(folder: &Folder) -> Vec<String> {
    let store = rusqlite::Connection::open(folder.join("data/store.sqlite")).unwrap();
    let mut statement = store.prepare("SELECT DISTINCT number FROM attribute ORDER BY number").unwrap();
    let known = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    let minors = folder.noted("minor");
    let known: Vec<String> = known.filter(|number| !minors.contains(number)).take(HALF).collect();
    assert_eq!(known.len(), HALF);
    let strangers: Vec<String> = (0..).take(HALF).map(stranger).collect();
    assert!(strangers.iter().all(|number| !known.contains(number)));
    known.into_iter().chain(strangers).collect()
}

/// What an institution is told about each of the people, with a consent of each.
async fn told(folder: &Folder, institution: &str, purpose: &str, people: &[String]) -> Vec<Reply> {
    let mut connection = folder.caller(institution).http2().await.unwrap();
    let body = with(loan(), "scenario", purpose).to_string();
    let mut replies = Vec::new();
    for number in people {
        let mut grant = grant(folder, &new_jti());
        grant.certificate = thumbprint(folder, institution);
        grant.terms.scenario = scenario(purpose);
        grant.terms.frequency = frequency("1/P1M");
        grant.terms.data_life = period("P1M");
        let bearer = bearer(&sign(folder, EDDSA, &grant, number));
        let headers = [("content-type", "application/json"), ("authorization", &bearer)];
        let reply = connection.send(request(Method::POST, "/v1/queries", &headers, body.clone())).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        replies.push(reply);
    }
    replies
}

/// Every text in a value, and every number as one, but for some members.
fn texts(value: &Value, without: &[&str], into: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => drop(into.insert(number.to_string())),
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| texts(value, without, into)),
        Value::Object(members) => {
            let kept = members.iter().filter(|(member, _)| !without.contains(&member.as_str()));
            kept.for_each(|(_, value)| texts(value, without, into));
        }
    }
}

/// Body and headers, without what was asked for and the time: many may have the same score.
fn of_answer(reply: &Reply) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    texts(&reply.json(), &["data", "marks", "obligations"], &mut all);
    let headers = reply.headers.iter().filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
    all.extend(headers.map(|(_, value)| value.to_str().unwrap().to_owned()));
    all
}

/// The record, which the institution may read: without its time, the institution's count, and the catalogue's inputs.
fn of_leaf(leaf: &Leaf) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    texts(&leaf.json, &["at", "seq", "inputs", "v", "use"], &mut all);
    all
}

/// Texts that both have and that could tell people apart: what stands in every answer of one side tells nobody apart.
fn shared(one: &[BTreeSet<String>], other: &[BTreeSet<String>]) -> Vec<String> {
    let counted = |answers: &[BTreeSet<String>]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        answers.iter().flatten().for_each(|text| *counts.entry(text.clone()).or_default() += 1);
        counts
    };
    let (ours, theirs) = (counted(one), counted(other));
    let constant = |text: &str| ours[text] == one.len() && theirs[text] == other.len();
    ours.keys().filter(|text| theirs.contains_key(*text) && !constant(text)).cloned().collect()
}

fn pseudonyms(replies: &[Reply]) -> Vec<String> {
    replies.iter().map(|reply| reply.json()["subject"].as_str().unwrap().to_owned()).collect()
}

/// All runs of twelve characters after the prefix: sixty bits, which do not meet by chance.
fn runs(pseudonyms: &[String]) -> HashSet<&str> {
    pseudonyms.iter().flat_map(|one| (4..=one.len() - 12).map(|at| &one[at..at + 12])).collect()
}

#[track_caller]
fn assert_apart(one: &[Reply], other: &[Reply]) {
    let [ours, theirs] = [one, other].map(|replies| replies.iter().map(of_answer).collect::<Vec<_>>());
    assert_eq!(shared(&ours, &theirs), Vec::<String>::new());
    let [ours, theirs] = [one, other].map(pseudonyms);
    assert_eq!(ours.iter().chain(&theirs).collect::<HashSet<_>>().len(), one.len() + other.len());
    assert!(runs(&ours).is_disjoint(&runs(&theirs)), "pseudonyms have a part in common");
}

#[test]
fn two_institutions_and_two_purpose_groups_are_told_nothing_in_common_about_a_thousand_people() {
    let gateway_running = with_two_banks();
    let folder = gateway_running.folder();
    let people = people(folder);
    // In another order, so that it is the people that are compared and not their places.
    let reversed: Vec<String> = people.iter().rev().cloned().collect();
    let (a, b, a_wealth, a_brokered) = run(async {
        tokio::join!(
            told(folder, "bank-a", "commercial-loan", &people),
            told(folder, "bank-b", "commercial-loan", &reversed),
            told(folder, "bank-a", "wealth-management", &people),
            told(folder, "bank-a", "loan-facilitation", &people[..20]),
        )
    });
    assert_apart(&a, &b);
    assert_apart(&a, &a_wealth);
    assert_apart(&b, &a_wealth);

    // Within one group a person keeps the name, and this comparison sees it.
    assert_eq!(pseudonyms(&a)[..20], pseudonyms(&a_brokered));
    let [ours, theirs] = [&a[..20], &a_brokered].map(|replies| replies.iter().map(of_answer).collect::<Vec<_>>());
    assert_eq!(BTreeSet::from_iter(shared(&ours, &theirs)), pseudonyms(&a_brokered).into_iter().collect());

    // Nor do the records, each of which its institution may read.
    let leaves = folder.leaves();
    let [ours, theirs] = ["bank-a", "bank-b"].map(|institution| {
        let own = leaves.iter().filter(|leaf| leaf.text("institution") == institution && leaf.text("kind") == "query");
        own.filter(|leaf| leaf.text("scenario") == "commercial-loan").map(of_leaf).collect::<Vec<_>>()
    });
    assert_eq!((ours.len(), theirs.len()), (people.len(), people.len()));
    assert_eq!(shared(&ours, &theirs), Vec::<String>::new());

    traced(folder, &a, &b, &a_wealth);
}

/// Each leads to whom it was given; one that is put together from two leads to nobody.
fn traced(folder: &Folder, a: &[Reply], b: &[Reply], a_wealth: &[Reply]) {
    let config = folder.config();
    let trace = |pseudonym: &str| gateway(&["keys", "trace", pseudonym, "--config", config.to_str().unwrap()]);
    let [a, b, a_wealth] = [a, b, a_wealth].map(pseudonyms);
    for at in [0, HALF - 1, HALF, a.len() - 1] {
        for (pseudonym, institution, group) in
            [(&a[at], "bank-a", "lending"), (&b[at], "bank-b", "lending"), (&a_wealth[at], "bank-a", "wealth")]
        {
            let found: Value = serde_json::from_str(&trace(pseudonym).held()).unwrap();
            assert_eq!((&found["institution"], &found["purpose_group"]), (&json!(institution), &json!(group)));
        }
    }
    // The tag begins within the 26th character after the prefix.
    for (body, tag) in [(&a[0], &b[0]), (&b[0], &a[0]), (&a[0], &a_wealth[0]), (&a[0], &a[1])] {
        for cut in [4 + 25, 4 + 26] {
            drop(trace(&format!("{}{}", &body[..cut], &tag[cut..])).failed(1));
        }
    }
}
