//! What `store check` prints of the gateway's own tables.

use credit_policy::Language;

use crate::{
    commands::failure::Failure,
    stores::examine::Tally,
    terminal::{language, print, said, words},
};

/// A line for each kind of fault and place.
pub(super) fn lines(tally: &Tally) -> Vec<String> {
    match language() {
        Language::Zh => tally.chinese_lines().collect(),
        Language::En => tally.lines().collect(),
    }
}

/// Prints how many rows of each table were read, and what was found.
pub(super) fn told(rows: &[(&str, u64)], lines: Vec<String>) -> Result<(), Failure> {
    let rows: Vec<_> = rows.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
    print(said(|| format!("已检查的行数：{}", rows.join("，")), || format!("rows checked: {}", rows.join(", "))));
    if lines.is_empty() {
        print(words("数据源无误", "nothing was found"));
        Ok(())
    } else {
        Err(Failure { code: 1, lines })
    }
}
