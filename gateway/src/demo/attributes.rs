//! The attributes that the table of applicants does not give. All of them are made up.

use serde_json::{Value, json};

use super::{history::History, note::Note, number::Sequence};

/// Field name and value: one row of the table `attribute`.
pub(super) type Attribute = (&'static str, Value);

/// Name and number of everybody on file. The names are nobody's, and easy to search for in what must not hold them.
pub(super) fn identity(serial: u64, number: &str) -> [Attribute; 2] {
    [("citizen_number", json!(number)), ("name", json!(format!("测试甲{serial:04}")))]
}

/// Score, objection, repair and the second tier of an adult, to whom the table gave `given`.
pub(super) fn made_up(
    note: Option<Note>,
    history: &History,
    given: &[Attribute],
    sequence: &mut Sequence,
) -> Vec<Attribute> {
    let good = given.iter().any(|(field, value)| *field == "creditability" && value == "good");
    // From the loan alone: a score that knew the records would tell of those that are expired or repaired.
    let score = if good { sequence.between(620, 880) } else { sequence.between(420, 690) };
    let pays_tax = sequence.chance(80);
    let tax = sequence.between(100, 30_000);
    let objection =
        history.records.iter().any(|record| record.disputed) || history.listings.iter().any(|listing| listing.disputed);
    // Nobody whose note means a clean answer has anything left to repair.
    let to_repair = matches!(note, None | Some(Note::Late)) && history.records.iter().any(|one| one.repaired.is_none());
    let repair = to_repair && sequence.chance(40);
    let statement = match (objection, repair) {
        (true, _) => json!("本人对所载信息有异议"),
        (false, true) => json!("本人已履行义务，申请信用修复"),
        (false, false) => Value::Null,
    };
    vec![
        ("insurance_policies", json!(sequence.between(0, 4))),
        ("objection_open", json!(objection)),
        ("repair_applied_for", json!(repair)),
        ("score", json!(score)),
        ("securities_held", json!(sequence.pick("none", &["none", "funds", "government bonds", "shares"]))),
        ("subject_statement", statement),
        ("tax_paid_last_year", json!(if pays_tax { tax } else { 0 })),
    ]
}
