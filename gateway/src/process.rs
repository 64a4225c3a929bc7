//! The process itself: no core dumps, and panics that say where and not what.

use std::panic::PanicHookInfo;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Sets up panics and core dumps. A dump of memory would hold citizen numbers and
/// keys; a panic's message might quote them.
///
/// # Errors
/// When the system does not let us turn core dumps off.
pub fn harden() -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a thread panicked");
    }));
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}
