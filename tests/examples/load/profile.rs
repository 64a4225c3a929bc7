//! Where the time of a query goes: by stage as the gateway measures it, and by thread as the kernel does.

use std::{collections::BTreeMap, fs, time::Duration};

use credit_tests::{Gateway, plain};

use crate::{caller::one_after_the_other, questions::Questions, servers::Side};

/// Prints a table for each of look-ups by statute and by consent, alone and many at once.
pub(crate) fn profile(gateway: &Gateway, side: &Side, questions: &mut Questions) {
    drop(one_after_the_other(side, 128, questions.must_checks(2_000)));
    for connections in [1, 128] {
        table(gateway, side, "must-check", connections, questions.must_checks(4_000));
        table(gateway, side, "consent", connections, questions.consents(4_000));
    }
}

fn table(gateway: &Gateway, side: &Side, what: &str, connections: usize, questions: Vec<Vec<u8>>) {
    let count = u32::try_from(questions.len()).expect("a few thousand");
    let (stages, threads) = (by_stage(gateway), by_thread(gateway));
    drop(one_after_the_other(side, connections, questions));
    println!("\n{what}, {connections} at once: µs a query");
    let show = |kind: &str, before: &BTreeMap<String, Duration>, after: BTreeMap<String, Duration>| {
        for (name, now) in after {
            let took = now.saturating_sub(before.get(&name).copied().unwrap_or_default()) / count;
            println!("| {kind} | {name:<16} | {:>9.1} |", took.as_secs_f64() * 1e6);
        }
    };
    show("stage, until it is over", &stages, by_stage(gateway));
    show("thread, on a processor", &threads, by_thread(gateway));
}

/// All that the stages of recorded queries took.
fn by_stage(gateway: &Gateway) -> BTreeMap<String, Duration> {
    let text = plain(gateway.folder().port_base() + 4, "GET", "/metrics").text();
    let sum = |line: &str| {
        let rest = line.strip_prefix("credit_gateway_stage_seconds_sum{stage=\"")?;
        let (stage, seconds) = rest.split_once("\"} ")?;
        Some((stage.to_owned(), Duration::from_secs_f64(seconds.parse().ok()?)))
    };
    text.lines().filter_map(sum).collect()
}

/// Processor time of the threads, those of one kind together.
fn by_thread(gateway: &Gateway) -> BTreeMap<String, Duration> {
    let mut all = BTreeMap::<String, Duration>::new();
    for thread in fs::read_dir(format!("/proc/{}/task", gateway.pid())).expect("it runs").flatten() {
        let read = |file: &str| fs::read_to_string(thread.path().join(file)).ok();
        let (Some(name), Some(account)) = (read("comm"), read("schedstat")) else { continue };
        let nanos = account.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default();
        let kind = name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
        *all.entry(kind).or_default() += Duration::from_nanos(nanos);
    }
    all
}
