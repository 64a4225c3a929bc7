//! The formats against programs that others wrote, and against damage.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests: a failed step is a failed test"
)]

mod hostile;
mod logs;
mod oracles;
mod tree;
mod whole;
