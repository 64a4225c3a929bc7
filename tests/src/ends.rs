//! Ends what goes on beside a test, also where the test fails.

use std::sync::atomic::{AtomicBool, Ordering};

/// Says that it is over when it is dropped. A scope of threads waits for all of them: one that asks until it is told to stop
/// would otherwise go on for ever after a failed assertion, and slow down every other test.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
