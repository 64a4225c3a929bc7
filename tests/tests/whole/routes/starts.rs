//! Routes that cannot be served: `check` names route and member before a port opens, in both languages.

use credit_tests::{Folder, binaries, gateway, sh};

use super::{ROUTE, before};

#[test]
fn what_the_catalogue_does_not_permit_does_not_start() {
    let folder = before("http://127.0.0.1:9/", ROUTE);
    let (sound, map) = (std::fs::read_to_string(folder.config()).unwrap(), include_str!("report.toml"));
    for (from, to, english, chinese) in [
        (
            "field = \"housing\"",
            "field = \"tax_paid_last_year\"",
            "route `report`: member `finance.housing`: the scenario `commercial-loan` does not release the field `tax_paid_last_year`",
            "路由 `report`：成员 `finance.housing`：应用场景 `commercial-loan` 不提供数据项 `tax_paid_last_year`",
        ),
        (
            "field = \"housing\"",
            "field = \"black_listed\"",
            "member `finance.housing`: the field `black_listed` rests on entries",
            "数据项 `black_listed` 由条目得出",
        ),
        (
            "class = \"loan-overdue\"",
            "class = \"traffic-violation\"",
            "member `overdue`: no field of the scenario `commercial-loan` rests on `traffic-violation` alone",
            "成员 `overdue`：应用场景 `commercial-loan` 没有仅由 `traffic-violation` 得出的数据项",
        ),
        ("\"B\" = \"black\"", "\"B\" = \"grey\"", "member `lists`: no field of the scenario", "成员 `lists`：应用场景"),
        ("source = \"overdue\"", "source = \"due\"", "no source `due`", "没有名为 `due` 且"),
        (
            "scenario = \"commercial-loan\"",
            "scenario = \"self-query\"",
            "no scenario `self-query`",
            "没有机构可用的应用场景",
        ),
        ("store = \"reports\"", "store = \"own\"", "no store `own` of kind http", "没有名为 `own` 的 http 类型数据源"),
        (
            "at = [\"finance\", \"rate\"]",
            "at = [\"finance\"]",
            "member `finance`: another member stands",
            "成员 `finance`：",
        ),
        ("x-report-version", "cookie", "the header `cookie`", "请求头 `cookie`"),
        ("x-report-version", "if-none-match", "the header `if-none-match`", "请求头 `if-none-match`"),
        ("/reports/{citizen_number}?", "/reports?", "must stand once", "须在 `path` 中出现一次"),
        ("?view=full", "?id={citizen_number}", "must stand once", "须在 `path` 中出现一次"),
        ("?view=full", "?view=full&view=full", "each name once", "每个名称一次"),
        ("/reports/{citizen_number}", "/v1/{citizen_number}", "the gateway's own", "网关自身"),
        ("/reports/{citizen_number}", "/a/../{citizen_number}", "`path` must be a path", "`path` 须为"),
        ("show = [[\"no\"]", "field = \"loan_overdue_band\"\nshow = [[\"no\"]", "give `show`", "请给出 `show`"),
        ("person = true", "person = true\nfield = \"housing\"", "give `person`, or", "请给出 `person`"),
        ("method = \"GET\"", "method = \"POST\"", "`body` belongs to method POST", "`body` 用于"),
        ("headers =", "staff = { member = \"a\" }\nheaders =", "has no member for `staff`", "没有 `staff` 的成员"),
        ("headers =", "staff = { header = \"a\", parameter = \"b\" }\nheaders =", "give one of", "只能给出"),
    ] {
        // What stands before the route is the demo's.
        let at = sound.find("name = \"report\"").unwrap();
        let changed = format!("{}{}", &sound[..at], sound[at..].replacen(from, to, 1));
        std::fs::write(folder.config(), &changed).unwrap();
        std::fs::write(folder.join("report.toml"), map.replacen(from, to, 1)).unwrap();
        assert!(changed != sound || map.contains(from), "`{from}` is nowhere");
        named(&folder, english, chinese);
    }
    std::fs::write(folder.join("report.toml"), map).unwrap();
    std::fs::write(folder.config(), &sound).unwrap();
    drop(gateway(&["check", "--config", folder.config().to_str().unwrap()]).held());
}

#[test]
fn a_scenario_of_yes_or_no_shows_no_entries() {
    let member = ROUTE.rsplit_once("[[route.member]]").unwrap().1;
    let head = ROUTE.split_once("[[route.member]]").unwrap().0.replace("commercial-loan", "public-rental-housing");
    let folder = before("http://127.0.0.1:9/", &format!("{head}[[route.member]]{member}"));
    let english = "member `lists`: the scenario `public-rental-housing` answers yes or no alone";
    named(&folder, english, "成员 `lists`：应用场景 `public-rental-housing` 只作是或否的应答");
}

/// What `check` says of a folder, in both languages.
#[track_caller]
fn named(folder: &Folder, english: &str, chinese: &str) {
    let config = folder.config();
    let said = gateway(&["check", "--config", config.to_str().unwrap()]).failed(64);
    assert!(said.contains(english), "{english}: {said}");
    let program = binaries::credit_gateway().display();
    let said = sh(&format!("LC_ALL=zh_CN.UTF-8 {program} check --config {}", config.display())).failed(64);
    assert!(said.contains(chinese), "{chinese}: {said}");
}
