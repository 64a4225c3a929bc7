//! The contract of a store, on every kind: the same people, the same answers, and the same refusals.

mod cases;
mod kinds;
mod walk;
