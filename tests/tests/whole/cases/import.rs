//! `credit-gateway case import`: a department's cases out of a spreadsheet.

use std::fs;

use credit_audit::clock::{Clock, SystemClock};
use credit_tests::{Ended, Folder, Gateway, gateway, query::wrong_check};
use jiff::ToSpan;

use super::assert_sound;

fn import(folder: &Folder, text: &str, more: &[&str]) -> Ended {
    let file = folder.join("cases.csv");
    fs::write(&file, text).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let url = format!("https://localhost:{}", folder.port_base());
    let (ca, cert, key) = (path("ca.pem"), path("institutions/housing.pem"), path("institutions/housing.key"));
    let file = file.to_str().unwrap();
    let common = ["case", "import", file, "--url", &url, "--authority", &ca, "--certificate", &cert, "--key", &key];
    gateway(&[&common[..], more].concat())
}

#[test]
fn a_file_with_a_fault_sends_nothing_and_names_lines_and_columns() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let (person, before) = (folder.person("clean", 0), folder.leaves().len());
    let wrong = wrong_check(&person);
    let head = "case,scenario,subject,operator,opened,decided\n";
    let row = format!("C-1,public-rental-housing,{person},clerk,2026-01-05,\n");
    for (text, fault) in [
        (String::new(), "empty"),
        ("case,scenario\n".to_owned(), "line 1 must name the columns"),
        (format!("{}name,{head}", ""), "line 1 must name the columns"),
        (format!("{head}{row}C-2,public-rental-housing,{wrong},clerk,2026-01-05,\n"), "line 3, subject"),
        (format!("{head}C-1,public-rental-housing,,clerk,2026-01-05,\n"), "line 2, subject"),
        (format!("{head}C-1,public-rental-housing,{person},a clerk,2026-01-05,\n"), "line 2, operator"),
        (format!("{head}{person},public-rental-housing,{person},clerk,2026-01-05,\n"), "line 2, case"),
        (format!("{head}C-1,,{person},clerk,2026-01-05,\n"), "line 2, scenario"),
        (format!("{head}C-1,public-rental-housing,{person},clerk,,\n"), "line 2, opened"),
        (format!("{head}C-1,public-rental-housing,{person},clerk,5.1.2026,\n"), "line 2, opened"),
        (format!("{head}C-1,public-rental-housing,{person},clerk,2026-01-05\n"), "line 2, *"),
        (
            "scenario,subject,operator,appointment\npublic-rental-housing,,clerk,2026-12-05\n".to_owned(),
            "line 2, subject",
        ),
        (format!("scenario,subject,operator,appointment\npublic-rental-housing,{person},clerk,soon\n"), "appointment"),
    ] {
        for more in [&[][..], &["--dry-run"]] {
            let said = import(folder, &text, more).failed(1);
            assert!(said.contains(fault) && !said.contains(&person) && !said.contains(&wrong), "{text}: {said}");
        }
    }
    drop(import(folder, &format!("{head}{row}"), &["--dry-run"]).held());
    assert_eq!(folder.leaves().len(), before, "nothing was sent");
}

#[test]
fn every_row_is_a_case_on_the_record_and_what_the_gateway_refuses_is_named() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let (one, two) = (folder.person("clean", 0), folder.person("late", 0));
    let text = format!(
        "case,scenario,subject,operator,opened,decided\n\
         C-1,public-rental-housing,{one},clerk,2026-01-05,2026-01-06\n\
         C-2,public-rental-housing,{two},clerk,2026-01-05,\n\
         C-3,commercial-loan,{two},clerk,2026-01-05,\n\
         C-4,public-rental-housing,,clerk,,2026-01-06\n"
    );
    let said = import(folder, &text, &[]).failed(1);
    assert!(said.contains("line 4: scenario-not-allowed") && said.contains("line 5: not-found"), "{said}");
    assert!(!said.contains(&one) && !said.contains(&two), "{said}");
    let today = jiff::tz::Offset::constant(8).to_datetime(SystemClock::new().now()).date();
    let text = format!(
        "scenario;subject;operator;appointment\npublic-rental-housing;{one};desk;{}\n",
        today.checked_add(7.days()).unwrap()
    );
    drop(import(folder, &text.replace(';', ","), &[]).held());
    let leaves = folder.leaves();
    assert_eq!(leaves.iter().filter(|leaf| leaf.text("kind") == "appointment").count(), 1);
    let cases: Vec<_> = leaves.iter().filter(|leaf| leaf.text("kind") == "case").collect();
    let said = |leaf: &&credit_tests::Leaf| format!("{} {}", leaf.text("case"), leaf.text("state"));
    assert_eq!(cases.iter().map(said).collect::<Vec<_>>(), ["C-1 opened", "C-1 decided", "C-2 opened"]);
    assert_sound(folder);
}
