//! Work that is done to its end, whatever becomes of who waits for it. It is a part of the task that waits, since a task of its
//! own is put into the queue of the thread twice for each request; where that task ends before it, it goes on in one of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

use super::turns::Line;

/// See the module. In a task of its own it stands in the same line.
pub(crate) struct Kept<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    line: Line,
    /// Until it is over.
    work: Option<Pin<Box<F>>>,
}

/// It panicked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

impl<F> Kept<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    /// Begins once it is waited for.
    pub(crate) fn new(line: &Line, work: F) -> Self {
        Self { line: line.clone(), work: Some(Box::pin(work)) }
    }
}

impl<F> Future for Kept<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Taken out: what panics is not done on.
        let Some(mut work) = self.work.take() else { return Poll::Ready(Err(Panicked)) };
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {
                self.work = Some(work);
                Poll::Pending
            }
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

impl<F> Drop for Kept<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        // Without a runtime the process is at its end.
        if let Some(work) = self.work.take()
            && Handle::try_current().is_ok()
        {
            drop(self.line.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::{
        sync::oneshot,
        task::yield_now,
        time::{Duration, timeout},
    };

    use super::*;
    use crate::transport::turns::{Turns, Whose};

    fn line() -> Line {
        Turns::begin().line(Whose::Strangers)
    }

    /// Counts two steps, the second once it is told to go on.
    fn in_two_steps() -> (impl Future<Output = &'static str> + Send + 'static, Arc<AtomicUsize>, oneshot::Sender<()>) {
        let (steps, (go_on, told)) = (Arc::new(AtomicUsize::new(0)), oneshot::channel());
        let counted = Arc::clone(&steps);
        let work = async move {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(told.await);
            counted.fetch_add(1, Ordering::SeqCst);
            "done"
        };
        (work, steps, go_on)
    }

    #[tokio::test]
    async fn work_that_is_waited_for_is_done_in_the_task_that_waits_and_only_once_it_is_waited_for() {
        let (work, steps, go_on) = in_two_steps();
        let mut kept = Kept::new(&line(), work);
        yield_now().await;
        assert_eq!(steps.load(Ordering::SeqCst), 0);
        assert!(timeout(Duration::from_millis(1), &mut kept).await.is_err(), "it waits");
        assert_eq!(steps.load(Ordering::SeqCst), 1);
        go_on.send(()).unwrap();
        yield_now().await;
        assert_eq!(steps.load(Ordering::SeqCst), 1, "nobody waits for it");
        assert_eq!(kept.await, Ok("done"));
        assert_eq!(steps.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn work_goes_on_once_where_who_waited_for_it_is_gone() {
        for is_begun in [true, false] {
            let (work, steps, go_on) = in_two_steps();
            let mut kept = Kept::new(&line(), work);
            if is_begun {
                assert!(timeout(Duration::from_millis(1), &mut kept).await.is_err());
            }
            drop(kept);
            go_on.send(()).unwrap();
            for _ in 0..3 {
                yield_now().await;
            }
            assert_eq!(steps.load(Ordering::SeqCst), 2, "begun: {is_begun}");
        }
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_and_not_who_waits_for_it() {
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        let kept = Kept::new(&line(), async move {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("as a test wants it");
        });
        let outcome: Result<(), Panicked> = kept.await;
        assert_eq!(outcome, Err(Panicked));
        yield_now().await;
        assert_eq!(begun.load(Ordering::SeqCst), 1, "it is not begun again");
    }
}
