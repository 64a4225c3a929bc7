//! The outside programs that `tests/run` installs below `target/tests`, pinned in `tests/tools`.

use std::path::{Path, PathBuf};

use crate::scratch;

/// The interpreter that has the Python packages of `tests/tools/requirements.txt`.
#[must_use]
#[track_caller]
pub fn python() -> PathBuf {
    installed("python/bin/python3")
}

/// A script for `node`, in a folder from which it finds the packages of `tests/tools/package.json`.
#[must_use]
#[track_caller]
pub fn node_script(name: &str, text: &str) -> PathBuf {
    let folder = scratch::folder("node");
    std::os::unix::fs::symlink(installed("node/node_modules"), folder.join("node_modules")).expect("a link");
    let script = folder.join(name);
    std::fs::write(&script, text).expect("a script");
    script
}

/// openapi-generator, which only `tests/run --full` installs (`tests/tools/generator.txt`).
#[must_use]
#[track_caller]
pub fn openapi_generator() -> PathBuf {
    installed("generator/openapi_generator_cli/openapi-generator.jar")
}

/// Prometheus' own checker of metrics and rules.
#[must_use]
#[track_caller]
pub fn promtool() -> PathBuf {
    installed("promtool/promtool")
}

/// etcd, of Debian's package.
#[must_use]
#[track_caller]
pub fn etcd() -> PathBuf {
    installed("etcd/etcd")
}

/// haproxy, of Debian's package.
#[must_use]
#[track_caller]
pub fn haproxy() -> PathBuf {
    installed("haproxy/haproxy")
}

/// A linter of container files, which comes as a package of Python's.
#[must_use]
#[track_caller]
pub fn hadolint() -> PathBuf {
    installed("python/bin/hadolint")
}

/// SeaweedFS, which comes as a package of Python's.
#[must_use]
#[track_caller]
pub fn weed() -> PathBuf {
    installed("python/bin/weed")
}

/// nginx, of Debian's package.
#[must_use]
#[track_caller]
pub fn nginx() -> PathBuf {
    installed("nginx/nginx")
}

#[track_caller]
fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tests").join(path);
    assert!(path.exists(), "`{}` is missing: run tests/run, which installs it", path.display());
    path
}
