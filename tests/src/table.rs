//! Tables of cases.

use std::{
    fmt::Debug,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Checks every row, and fails once with all rows that failed: a table is read best whole.
#[track_caller]
pub fn each<T: Debug>(rows: impl IntoIterator<Item = T>, check: impl Fn(&T)) {
    let failed: Vec<String> = rows
        .into_iter()
        // What a row that failed leaves behind is looked at by nobody.
        .filter(|row| catch_unwind(AssertUnwindSafe(|| check(row))).is_err())
        .map(|row| format!("{row:?}"))
        .collect();
    assert!(failed.is_empty(), "{} rows failed:\n{}", failed.len(), failed.join("\n"));
}

/// What a test measured, for whoever reads its output; shown also where the test passes.
pub fn figures(what: impl std::fmt::Display) {
    // Nobody waits for it, so a standard error that is gone is no fault.
    drop(writeln!(std::io::stderr(), "{what}"));
}
