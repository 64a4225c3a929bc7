//! Work that nobody waits for: on threads that let those that serve go first.

use tokio::sync::oneshot;

/// Less than those that serve: a quarter of a core that both want, and they are not kept waiting for the end of a batch.
const NICE: i32 = 5;

/// Runs what blocks on a thread of its own, behind those that serve; none where it panicked or there is no thread.
///
/// The blocking threads of the runtime are not for this: callers wait for their work, and a thread that is behind others stays so.
pub(super) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let run = move || {
        // Of this thread alone, as Linux has it. Where it may not be, it only disturbs the others more.
        rustix::process::setpriority_process(None, NICE).unwrap_or_default();
        drop(done.send(work()));
    };
    std::thread::Builder::new().name("background".to_owned()).spawn(run).ok()?;
    result.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_goes_behind_the_thread_that_waits_and_a_panic_is_told() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let own = nice();
        assert_eq!(in_background(nice).await, Some(NICE.max(own)));
        assert_eq!(nice(), own, "the others keep theirs");
        assert_eq!(in_background(|| panic!("of a test")).await, None::<()>);
    }
}
