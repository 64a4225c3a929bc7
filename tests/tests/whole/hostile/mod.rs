//! Hostile callers. Each attack is bounded in number and time and comes from an institution of its own, or from nobody;
//! while it runs, another institution asks fifty queries a second, and all of them are answered. The gateway's memory
//! stays below 300 MiB and comes back afterwards.
//!
//! [`requests`] are single requests that no client would send, as tables; [`floods`] and [`frames`] are the attacks;
//! [`bounds`] shows that what is not waited for is closed; [`tls`] asks an outside judge of TLS.

mod bounds;
mod floods;
mod frames;
mod readers;
mod requests;
mod siege;
mod tls;
mod wire;
