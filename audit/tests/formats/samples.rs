//! Logs that nobody wrote: of every kind, in any order.

use std::collections::BTreeSet;

use credit_audit::leaf::{self, Body, Kind, QueryLeaf, samples};
use credit_audit::promises::Promises;
use credit_audit::verify;

use crate::logs::Log;

#[test]
fn they_are_leaves_of_every_kind_and_the_same_for_the_same_seed() {
    let mut kinds = BTreeSet::new();
    for seed in 0..100 {
        let leaves = samples::log(seed, 40);
        assert!(leaves.len() >= 42, "seed {seed}: {}", leaves.len());
        assert_eq!(leaves, samples::log(seed, 40));
        for leaf in &leaves {
            let read = leaf::parse(leaf).unwrap().unwrap();
            kinds.insert(read.body.kind().as_str());
            if let Body::Query(_) = read.body {
                QueryLeaf::parse(leaf).unwrap();
            }
        }
    }
    assert_eq!(kinds, Kind::ALL.into_iter().map(Kind::as_str).collect());
    assert_ne!(samples::log(1, 40), samples::log(2, 40));
}

#[test]
fn they_hold_and_keep_every_promise() {
    for seed in 0..200 {
        let mut promises = Promises::default();
        for (index, leaf) in (0..).zip(samples::log(seed, 120)) {
            let kept = promises.leaf(index, &leaf);
            kept.unwrap_or_else(|broken| panic!("seed {seed}, {index}: {broken}\n{}", String::from_utf8_lossy(&leaf)));
        }
    }
    for seed in 0..4 {
        let log = Log::of_origin(samples::ORIGIN, samples::log(seed, 300));
        verify::directory(&log.folder, &log.key, &[], &mut ()).unwrap();
    }
}
