//! The process itself: no core dumps, and panics that say where and not what.

use std::panic::PanicHookInfo;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Sets up panics and core dumps. A dump of memory would hold citizen numbers and
/// keys; a panic's message might quote them.
///
/// # Errors
/// When the system does not let us turn core dumps off.
pub(crate) fn harden() -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a thread panicked");
    }));
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

/// Raises the number of files that this process may open as far as the system lets it; gives what it is then.
#[must_use]
pub(crate) fn raise_open_files() -> u64 {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
