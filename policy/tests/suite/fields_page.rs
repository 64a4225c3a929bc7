//! What the catalogue says of the values of its fields, and the page that is made of it.

use std::{fs, path::Path};

use credit_policy::{Catalogue, Language, Shape, ValueType, catalogue::shipped, fields_page};

fn catalogue() -> Catalogue {
    Catalogue::load(&shipped()).unwrap()
}

#[test]
fn the_committed_page_is_the_one_that_is_made() {
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fields.md")).unwrap();
    let made = fields_page(&catalogue());
    assert!(committed == made, "docs/fields.md: `credit-gateway policy fields > docs/fields.md` makes it again");
}

#[test]
fn every_shipped_field_has_a_type_and_every_number_a_unit() {
    let catalogue = catalogue();
    for field in catalogue.fields() {
        let value_type = field.value_type().unwrap_or_else(|| panic!("{} has no type", field.name()));
        for language in [Language::Zh, Language::En] {
            assert_eq!(field.unit(language).is_some(), value_type == ValueType::WholeNumber, "{}", field.name());
        }
        if field.shape() == Shape::Whole {
            assert!(field.null(Language::En).is_some(), "{}", field.name());
        }
    }
    let field = |name: &str| catalogue.field(name).unwrap();
    assert_eq!(field("score_band").values(), [("D", Some(0)), ("C", Some(550)), ("B", Some(650)), ("A", Some(750))]);
    assert_eq!(field("creditability").values(), [("good", None), ("bad", None)]);
    assert_eq!(field("credit_amount").unit(Language::En), Some("Deutsche Mark (DM)"));
    assert_eq!(field("clean_three_years").null(Language::En), None);
    assert!(!field("clean_three_years").clocks().is_empty());
    assert_eq!(field("black_listed").clocks(), ["determination never P1Y P3Y, at least none P3M P1Y"]);
}

#[test]
fn what_a_row_says_against_its_type_is_a_fault() {
    const LOANS: &str = "data-list/loan-performance.toml";
    for (from, to, word) in [
        ("type = \"whole-number\"\nunit = { zh = \"月\"", "type = \"text\"\nunit = { zh = \"月\"", "has a unit"),
        (
            "type = \"text\"\nvalues = [\n  \"bank\"",
            "type = \"yes-no\"\nvalues = [\n  \"bank\"",
            "values to choose from",
        ),
        ("  \"bank\",\n  \"stores\",\n", "  \"bank\",\n  \"bank\",\n", "each once"),
        ("type = \"whole-number\"", "type = \"number\"", "type of a value"),
    ] {
        let mut files = shipped();
        let file = files.iter_mut().find(|(path, _)| path == LOANS).unwrap();
        assert!(file.1.contains(from), "{from}");
        file.1 = file.1.replacen(from, to, 1);
        let faults = Catalogue::load(&files).err().unwrap();
        assert!(faults.iter().any(|fault| fault.to_string().contains(word)), "{word}: {faults:?}");
    }
}
