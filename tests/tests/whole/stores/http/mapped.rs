//! An interface that knows nothing of the gateway, read through a map: `nested-json`, as it is shipped.

use credit_policy::{Catalogue, catalogue};
use credit_tests::{Folder, Gateway, checked, query::look_up};
use serde_json::{Value, json};

use super::service::{Asked, Service, Step, ok};

const LICENCES: &str = "administrative-licence";

/// A folder whose licences are behind the interface.
fn split(service: &Service) -> Folder {
    let folder = Folder::new();
    let catalogue = Catalogue::load(&catalogue::shipped()).unwrap();
    let rest: Vec<_> = catalogue.classes().map(|class| class.name().as_str()).filter(|it| *it != LICENCES).collect();
    let base = service.url();
    let mapped =
        format!("[[store]]\nname = \"licences\"\nkind = \"http\"\nurl = \"{base}\"\nmap = \"nested-json\"\n\n");
    folder.replace_in_config("[[store]]\n", &format!("{mapped}[[store]]\nclasses = {rest:?}\n"));
    folder
}

fn row(number: &str) -> Value {
    json!({"entity": {"xk_xdr_zjhm": number, "XK_XDR_LB": "自然人", "xk_jdrq": "2025-03-01 00:00:00",
        "xk_yxqzi": "2099-12-31 00:00:00", "xk_zt": 1, "xk_fr_zjhm": number, "xk_nr": "内容"}, "id": 1.50})
}

fn found(rows: &[Value]) -> Value {
    json!({"code": 200, "msg": "ok", "data": {"total": rows.len(), "list": rows}})
}

fn of(asked: &Asked) -> String {
    assert!(asked.head.starts_with("POST /credit/licences/search HTTP/1.1\r\n"), "{}", asked.head);
    asked.body["where"]["xk_xdr_zjhm"].as_str().unwrap().to_owned()
}

fn licence(number: &str) -> Value {
    let mut body = look_up(number);
    body["scenario"] = "supervision-inspection".into();
    body["fields"] = json!(["administrative_licence_exists"]);
    body
}

#[test]
fn rows_of_an_interface_count_as_its_map_says_and_what_does_not_fit_refuses() {
    let service = Service::plain(|_| vec![Step::Close]);
    let gateway = Gateway::serve(split(&service));
    let folder = gateway.folder();
    let (number, other) = (folder.person("clean", 0), folder.person("late", 0));
    let ask = || folder.caller("supervisor").ask(&licence(&number));
    let answers = |answer: Value| {
        service.answers(move |asked| {
            drop(of(asked));
            ok(answer.to_string().as_bytes())
        })
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut answer = found(&[row(&number)]);
        change(&mut answer);
        answer
    };
    let entity = |answer: &mut Value, name: &str, value: Value| answer["data"]["list"][0]["entity"][name] = value;
    let hostile = [
        with(&|answer| answer["code"] = 500.into()),
        with(&|answer| drop(answer.as_object_mut().unwrap().remove("code"))),
        with(&|answer| answer["data"]["total"] = 2.into()),
        with(&|answer| drop(answer["data"].as_object_mut().unwrap().remove("total"))),
        with(&|answer| drop(answer["data"].as_object_mut().unwrap().remove("list"))),
        with(&|answer| answer["data"] = Value::Null),
        with(&|answer| answer["data"]["list"] = json!([1])),
        with(&|answer| entity(answer, "xk_xdr_zjhm", json!(other))),
        with(&|answer| entity(answer, "xk_xdr_zjhm", json!(9_901_011_990_u64))),
        with(&|answer| entity(answer, "xk_xdr_zjhm", json!("990101********0040"))),
        with(&|answer| entity(answer, "xk_xdr_zjhm", Value::Null)),
        with(&|answer| entity(answer, "XK_XDR_ZJHM", json!(number))),
        with(&|answer| entity(answer, "xk_jdrq", json!("2025-03-01"))),
        with(&|answer| entity(answer, "xk_jdrq", json!({"at": "2025-03-01 00:00:00"}))),
        with(&|answer| entity(answer, "xk_zt", json!("3"))),
        with(&|answer| entity(answer, "XK_XDR_LB", json!("法人"))),
    ];
    for (at, answer) in hostile.into_iter().enumerate() {
        answers(answer.clone());
        let refused = ask();
        assert_eq!(
            refused.status.as_u16(),
            502,
            "{at}: {}",
            answer.to_string().replace(&number, "…").replace(&other, "…")
        );
        checked::refusal(folder, "supervisor", &refused, 502, "store-failed");
    }
    for (answer, exists) in [
        (found(&[]), false),
        (found(&[row(&number)]), true),
        (found(&[row(&number), row(&number)]), true),
        (with(&|answer| entity(answer, "xk_zt", json!("2"))), false),
        (with(&|answer| entity(answer, "XK_XDR_LB", json!("03"))), false),
        (with(&|answer| answer["data"]["total"] = "1".into()), true),
    ] {
        answers(answer);
        let reply = ask();
        checked::answer(folder, "supervisor", &reply);
        assert_eq!(reply.json()["data"], json!({"administrative_licence_exists": exists}));
    }
    let heard = gateway.err().text();
    assert!(!heard.contains(&number) && !heard.contains(&other), "a line has a number");
}

#[test]
fn a_number_with_a_letter_is_asked_for_in_both_cases_and_its_rows_count_once() {
    let service = Service::plain(|asked| {
        let upper = of(asked).to_uppercase();
        ok(found(&[row(&upper)]).to_string().as_bytes())
    });
    let gateway = Gateway::serve(split(&service));
    let folder = gateway.folder();
    let with_x = folder.persons().into_iter().map(|person| person.number).find(|number| number.ends_with('X'));
    let number = with_x.expect("one of a hundred");
    let reply = folder.caller("supervisor").ask(&licence(&number));
    checked::answer(folder, "supervisor", &reply);
    let mut asked: Vec<_> = service.asked().iter().map(of).collect();
    asked.sort();
    assert_eq!(asked, [number.clone(), number.to_lowercase()]);
}
