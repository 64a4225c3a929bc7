//! `docs/config.schema.json`: what `credit-gateway schema` prints, and what tells a sound configuration from others.

use credit_tests::{Folder, command, gateway, scratch, tools::python};

use super::{read, repository};

const FILE: &str = "docs/config.schema.json";

/// Says of each TOML file how many faults the schema finds in it.
const CHECK: &str = r#"
import json, sys, tomllib
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1], encoding="utf-8"))
Draft202012Validator.check_schema(schema)
for name in sys.argv[2:]:
    configuration = tomllib.load(open(name, "rb"))
    print(len(list(Draft202012Validator(schema).iter_errors(configuration))))
"#;

#[test]
fn the_committed_schema_is_the_one_that_is_printed() {
    assert_eq!(gateway(&["schema"]).held(), read(FILE), "run: credit-gateway schema > {FILE}");
}

#[test]
fn the_demo_s_configuration_is_of_the_schema_and_what_is_refused_is_not() {
    let sound = std::fs::read_to_string(Folder::new().config()).unwrap();
    // Every key that is commented out is one too; those of an institution stand above the first.
    let (above, below) = sound.split_once("[[institution]]\n").unwrap();
    let of_institution =
        |line: &&str| option(line).is_some_and(|line| line.contains("operator_") || line.starts_with("on_behalf_of"));
    let lines = above.lines().filter(|line| !of_institution(line)).chain(["[[institution]]"]);
    let lines = lines.chain(above.lines().filter(of_institution)).chain(below.lines());
    let whole: String = lines.map(|line| option(line).unwrap_or(line).to_owned() + "\n").collect();
    for option in ["\noperator_burst = ", "\nsecond_place = ", "\n[[route.member]]\nat = "] {
        assert!(whole.contains(option), "{option}: {whole}");
    }
    let changed = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    let spoiled = [
        changed("linger_us", "lingerus"),
        changed("[bounds]", "[surplus]\n[bounds]"),
        changed("origin = ", "# origin = "),
        changed("kind = \"employer\"", "kind = \"A King\""),
        changed("id = \"employer\"", "id = \"An Employer\""),
        changed("segment_mib = 16", "segment_mib = 0"),
        changed("demo = true", "demo = \"true\""),
    ];
    let folder = scratch::folder("configurations");
    let mut arguments = vec!["-c".to_owned(), CHECK.to_owned(), repository(FILE).to_str().unwrap().to_owned()];
    for (nr, text) in [&sound, &whole].into_iter().chain(&spoiled).enumerate() {
        let file = folder.join(format!("{nr}.toml"));
        std::fs::write(&file, text).unwrap();
        arguments.push(file.to_str().unwrap().to_owned());
    }
    let said = command(python(), &arguments).held();
    let faults: Vec<u32> = said.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(faults.len(), 2 + spoiled.len());
    assert_eq!(faults[..2], [0, 0], "sound ones");
    assert!(faults[2..].iter().all(|count| *count > 0), "{faults:?}");
}

/// The setting in a line that is commented out: `# key = value`, or the head of a table to which those below belong.
fn option(line: &str) -> Option<&str> {
    let setting = line.strip_prefix("# ")?;
    if setting.strip_prefix('[').and_then(|table| table.strip_suffix(']')).is_some() {
        return Some(setting);
    }
    let (key, _) = setting.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some(setting)
}
