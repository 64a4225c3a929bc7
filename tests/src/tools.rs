//! The outside programs that `tests/run` installs below `target/tests`, pinned in `tests/tools`.

use std::path::{Path, PathBuf};

/// The interpreter that has the Python packages of `tests/tools/requirements.txt`.
#[must_use]
#[track_caller]
pub fn python() -> PathBuf {
    installed("python/bin/python3")
}

/// Prometheus' own checker of metrics and rules.
#[must_use]
#[track_caller]
pub fn promtool() -> PathBuf {
    installed("promtool/promtool")
}

#[track_caller]
fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tests").join(path);
    assert!(path.exists(), "`{}` is missing: run tests/run, which installs it", path.display());
    path
}
