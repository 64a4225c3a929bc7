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

/// Prints how many rows of each table were read, of a sample that there may be more, and what was found.
pub(super) fn told(rows: &[(&str, u64)], sample: Option<u64>, lines: Vec<String>) -> Result<(), Failure> {
    let is_cut = sample.is_some_and(|most| rows.iter().any(|(_, rows)| *rows >= most));
    let rows: Vec<_> = rows.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
    print(said(|| format!("已检查的行数：{}", rows.join("，")), || format!("rows checked: {}", rows.join(", "))));
    if let Some(most) = sample.filter(|_| is_cut) {
        print(said(
            || format!("每张表只检查了前 {most} 行，其余各行未检查"),
            || format!("only the first {most} rows of each table were checked, and not those behind them"),
        ));
    }
    if lines.is_empty() {
        print(words("数据源无误", "nothing was found"));
        Ok(())
    } else {
        Err(Failure { code: 1, lines })
    }
}
