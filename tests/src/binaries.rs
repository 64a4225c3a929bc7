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
    static FOUND: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| find("credit-gateway"));
    known(&FOUND)
}

/// `credit-audit`.
#[must_use]
pub fn credit_audit() -> &'static Path {
    static FOUND: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| find("credit-audit"));
    known(&FOUND)
}

fn known(found: &'static Result<PathBuf, String>) -> &'static Path {
    found.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

/// In the folder that `CREDIT_BINARIES` names, else in `target/<profile>/`, above the test's own `deps/`.
fn find(name: &str) -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os("CREDIT_BINARIES") {
        let path = PathBuf::from(folder).join(name);
        let missing = || format!("CREDIT_BINARIES: there is no `{}`", path.display());
        return path.is_file().then(|| path.clone()).ok_or_else(missing);
    }
    let test = env::current_exe().map_err(|error| format!("the test binary has no path: {error}"))?;
    let profile = test.ancestors().nth(2).ok_or("the test binary is not in target/<profile>/deps/")?;
    let path = profile.join(name);
    let build = "run `cargo build --workspace --bins` first";
    if !path.is_file() {
        return Err(format!("`{}` is missing: {build}", path.display()));
    }
    match newer_source(&path) {
        Some(newer) => Err(format!("`{}` is older than `{newer}`: {build}", path.display())),
        None => Ok(path),
    }
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
