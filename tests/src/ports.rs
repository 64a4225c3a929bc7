//! Ports for the gateways of this test process.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

use credit_gateway::for_tests::folder::PORTS;

const FIRST: u16 = 20_000;
/// Where the system begins to give ports to callers.
const END: u16 = 32_000;
const APART: u16 = 10;

/// The first of six ports that nobody listens on. No two calls in one process give the same ones.
#[must_use]
pub fn ports() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let places = (END - FIRST) / APART;
    // Two test processes at once begin at different places.
    let begin = u16::try_from(std::process::id() % 97).expect("below 97") * 12;
    for _ in 0..places {
        let place = (begin + TAKEN.fetch_add(1, Ordering::Relaxed)) % places;
        let base = FIRST + place * APART;
        if (base..base + PORTS).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return base;
        }
    }
    panic!("no six free ports between {FIRST} and {END}");
}
