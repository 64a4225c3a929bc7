//! The formats against programs that others wrote, and against damage.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests: a failed step is a failed test"
)]

mod command;
mod consents;
mod corrections;
mod covered;
mod decisions;
mod exports;
mod folders;
mod hostile;
mod leaves;
mod links;
mod logs;
mod mirrors;
mod oracles;
mod persons;
mod promises;
mod pruned;
mod repeats;
mod samples;
mod served;
mod sets;
mod show;
mod together;
mod tree;
mod whole;
mod witnesses;
