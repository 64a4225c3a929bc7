//! The record of the gateway and everything that checks it: leaves, the Merkle log in C2SP formats, receipts,
//! verification and replay, and the `credit-audit` command for auditors and regulators.
//!
//! Begin with `FORMAT.md` beside this crate's `Cargo.toml`: it is complete enough to write a verifier from. Then read
//! [`leaf`] (what one record says), [`merkle`] and [`tile`] (how records become a tree of files), [`note`],
//! [`checkpoint`] and [`proof`] (what is signed), [`verify`] (a whole log checked), [`decision`] (one decision made again),
//! [`promises`] (what leaves promise each other), [`replay`] (both, over a whole log) [`coverage`] (cases that must be checked) [`review`] (which queries are reviewed, and what came of it), [`monthly`] (the report of a month) and [`evidence`] (leaves with their proofs, to hand over). [`directory`] and [`set`] are of several logs together. [`witness`] is the other side of a log: it signs ([`cosigner`], [`cosignature`]) that it saw nothing but growth, [`trust_policy`] says how many must, and [`cosigning`] asks them. [`log`] is the writing side: write-ahead log, commit, publication and recovery.
//!
//! What this crate deliberately does not do: serve queries, hold a key of the gateway (a signature is asked of a
//! [`log::Signer`]), open a sealed part, or decide a rule of law (that is `credit-policy`, which [`replay`] calls).

pub mod checkpoint;
pub mod clock;
mod consents_again;
pub mod cosignature;
pub mod cosigner;
pub mod cosigning;
pub mod coverage;
pub mod decision;
pub mod directory;
pub mod edge;
pub mod evidence;
pub mod help;
pub mod leaf;
pub mod links;
pub mod log;
mod mark;
pub mod merkle;
pub mod monthly;
pub mod note;
pub mod person;
pub mod promises;
pub mod proof;
pub mod pruned;
pub mod published;
pub mod replay;
pub mod review;
pub mod set;
pub mod tile;
pub mod translation;
pub mod trust_policy;
pub mod verify;
pub mod witness;
