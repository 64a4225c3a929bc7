//! Where the commands under test are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::SystemTime,
};

/// `credit-gateway`.
#[must_use]
pub fn credit_gateway() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| find("credit-gateway"));
    &FOUND
}

/// `credit-audit`.
#[must_use]
pub fn credit_audit() -> &'static Path {
    static FOUND: LazyLock<PathBuf> = LazyLock::new(|| find("credit-audit"));
    &FOUND
}

/// In the folder that `CREDIT_BINARIES` names, else in `target/<profile>/`, above the test's own `deps/`.
fn find(name: &str) -> PathBuf {
    if let Some(folder) = env::var_os("CREDIT_BINARIES") {
        let path = PathBuf::from(folder).join(name);
        assert!(path.is_file(), "CREDIT_BINARIES: there is no `{}`", path.display());
        return path;
    }
    let test = env::current_exe().expect("the path of the test binary");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/");
    let path = profile.join(name);
    assert!(path.is_file(), "`{}` is missing: run `cargo build --workspace --bins` first", path.display());
    if let Some(newer) = newer_source(&path) {
        panic!("`{}` is older than `{newer}`: run `cargo build --workspace --bins` first", path.display());
    }
    path
}

/// A source of the binary that changed after it was built, by the list that cargo leaves beside it.
fn newer_source(binary: &Path) -> Option<String> {
    let built = modified(binary)?;
    let list = fs::read_to_string(binary.with_extension("d")).ok()?;
    let (_, sources) = list.split_once(": ")?;
    // A blank within a path is escaped; such a path is not looked at.
    let newer = |source: &&str| modified(Path::new(source)).is_some_and(|changed| changed > built);
    sources.split_whitespace().find(newer).map(str::to_owned)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
