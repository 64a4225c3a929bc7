//! The worked example of the page on stores, in both languages, as it is printed.

use credit_policy::CitizenNumber;
use credit_tests::{Folder, Gateway};

use super::{ask, checked, consent};
use crate::stores::http::service::{Service, Step, ok};

/// The blocks of a kind below the heading of routes.
fn blocks(page: &str, heading: &str, kind: &str) -> Vec<String> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(file).unwrap();
    let part = text.split_once(heading).unwrap().1;
    let fence = format!("```{kind}\n");
    part.split(&fence).skip(1).map(|block| block.split_once("```").unwrap().0.to_owned()).collect()
}

#[test]
fn the_example_of_the_page_gives_what_the_page_says() {
    let printed = "990101199003070015";
    assert!(CitizenNumber::parse(printed).is_ok(), "nobody's number, but a valid one");
    for (page, heading) in [("stores.md", "## Routes"), ("stores.zh-CN.md", "## 路由")] {
        let (toml, json) = (blocks(page, heading, "toml"), blocks(page, heading, "json"));
        let ([config, map], [answer, expected]) = (&toml[..], &json[..]) else { panic!("{page}: {toml:?} {json:?}") };
        let service = Service::plain(|_| vec![Step::Close]);
        let folder = Folder::new();
        std::fs::write(folder.join("report.toml"), map).unwrap();
        let at = format!("http://127.0.0.1:{}", service.port());
        assert!(config.contains("http://127.0.0.1:8080"));
        folder.edit_config(|text| text + "\n" + &config.replace("http://127.0.0.1:8080", &at));
        let gateway = Gateway::serve(folder);
        let folder = gateway.folder();
        let number = folder.person("clean", 0);
        let answer = answer.replace(printed, &number);
        service.answers(move |_| ok(answer.as_bytes()));
        let consent = consent(folder, &number, 1);
        let reply = ask(folder, &format!("/reports/{number}"), &consent, &[]);
        checked(folder, &reply, |pseudonym| expected.trim().replace('…', pseudonym));
    }
}
