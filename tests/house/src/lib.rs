//! The house: which module may import which, how long files and functions may be, which dependencies are used.
//!
//! `cargo test -p credit-house` reads the sources of the workspace and compiles nothing but this crate. Begin with
//! [`rooms`], the table of what may import what; [`circles`], [`lengths`] and [`dependencies`] hold the other rules. Each
//! rule has a test on the real sources and tests on small made-up ones in which it must fail.
//!
//! The reader ([`tokens`], [`items`], [`paths`], [`modules`], [`resolve`]) knows as much of Rust's grammar as imports
//! need. It does not expand macros: a path inside a macro's arguments counts, an item that a macro makes is taken to be
//! in the file that calls the macro. A path in a string (serde's `with`) is not seen.

#![cfg(test)]

mod circles;
mod dependencies;
mod items;
mod lengths;
mod manifests;
mod modules;
mod paths;
mod resolve;
mod rooms;
mod sources;
mod tokens;
