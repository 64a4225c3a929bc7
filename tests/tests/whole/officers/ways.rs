//! Ways on the officers' pages: from the bare address in, from an id to its record, and from what is suspended back.

use credit_tests::{Folder, Gateway, checked, query::look_up};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    act, at_door,
    console::{page, seen, until_listed},
};

#[test]
fn the_bare_address_leads_to_the_pages_and_an_id_to_its_record() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let answer = folder.caller("housing").ask(&look_up(&folder.person("clean", 0)));
    checked::answer(folder, "housing", &answer);
    let id = answer.json()["query"].as_str().unwrap_or_default().to_owned();
    let to = |path: &str| {
        let reply = at_door(folder, "officer").get(path);
        (reply.status, reply.header("location").unwrap_or_default().to_owned())
    };
    assert_eq!(to("/"), (StatusCode::SEE_OTHER, "/officers".to_owned()));
    let record = format!("/officers/queries/{id}");
    let (status, location) = to(&format!("/officers/queries?id=+{id}"));
    assert!(status == StatusCode::SEE_OTHER && location.starts_with(&record), "{status} {location}");
    for wrong in ["1", &id[1..], "x%0d%0ay"] {
        assert_eq!(to(&format!("/officers/queries?id={wrong}")), (StatusCode::BAD_REQUEST, String::new()), "{wrong}");
    }
    assert_eq!(to("/officers/queries?id=").0, StatusCode::OK);
    until_listed(folder, 1);
    assert!(page(folder, &record, "en").text().contains(&format!("<code>{id}</code>")), "its record names it");
    drop(gateway.stop());
}

#[test]
fn what_is_suspended_is_resumed_where_it_is_named() {
    let gateway = Gateway::serve(Folder::new());
    let folder = gateway.folder();
    let suspend = |part: Value, suspended: bool| {
        let mut body = json!({"institution": "housing", "suspended": suspended, "reason": "a drill"});
        body.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        assert_eq!(act(folder, "officer", "/officers/suspensions", &body).status, StatusCode::OK);
    };
    let shown = || page(folder, "/officers/institutions", "en").text();
    let (all, one) = ("aria-label=\"Resume housing\"", "aria-label=\"Resume staff-0017\"");
    assert!(!shown().contains("aria-label=\"Resume "), "nothing is suspended");
    suspend(json!({"operator": "staff-0017"}), true);
    let said = shown();
    assert!(said.contains(one) && !said.contains(all), "the one who is suspended, and not the institution");
    assert!(said.contains("name=\"operator\" value=\"staff-0017\""), "the form names whom it is about");
    suspend(json!({"operator": "staff-0017"}), false);
    suspend(json!({}), true);
    let said = shown();
    assert!(said.contains(all) && !said.contains(one));
    let parts = seen(folder, "/officers/institutions");
    let housing = parts["institutions"].as_array().unwrap().iter().find(|one| one["id"] == "housing").unwrap().clone();
    assert_eq!((&housing["suspended"], &housing["suspended_parts"]), (&json!(true), &json!([])));
    drop(gateway.stop());
}
