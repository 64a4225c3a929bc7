//! What the running gateway says of itself, and what its stores have.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use super::found::{Check, Findings, Looked};
use crate::terminal::said;

/// Longest wait for a page of the running gateway.
const WAIT: Duration = Duration::from_secs(10);

/// Rows of each table that are looked at.
const SAMPLE: &str = "10000";

/// Figures of `/metrics` that should be 0, as their alerts say (`docs/prometheus`).
const FIGURES: [&str; 11] = [
    "credit_gateway_case_misses_in_all",
    "credit_gateway_cases_unknown_in_all",
    "credit_gateway_feedback_contradictions_total",
    "credit_gateway_notices{state=\"overdue\"}",
    "credit_gateway_objections{state=\"overdue\"}",
    "credit_gateway_issuer_keys_refused",
    "credit_gateway_authorities_refused",
    "credit_gateway_revocation_list_refused",
    "credit_gateway_store_faulty_values",
    "credit_gateway_store_unlawful_rows",
    "credit_gateway_store_files_refused",
];

/// Reasons and warnings of `/readyz`, and figures of `/metrics` that should be 0. A gateway that does not run alarms of nothing.
pub(super) fn alarms(looked: &Looked<'_>, findings: &mut Findings) {
    let Some(ready) = page(looked, "/readyz") else { return };
    for line in ready.lines().filter(|line| *line != "ready" && !line.is_empty()) {
        findings.add(Check::Alarms, line.strip_prefix("warning: ").unwrap_or(line));
    }
    let figures = page(looked, "/metrics").unwrap_or_default();
    for line in figures.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let is_alarm = FIGURES.iter().any(|figure| name == *figure || name.split('{').next() == Some(figure));
        if is_alarm && value.parse::<f64>().is_ok_and(|value| value > 0.0) {
            findings.add(Check::Alarms, said(|| format!("`{name}` 为 {value}"), || format!("`{name}` is {value}")));
        }
    }
}

/// The body of a page, over plain HTTP on this machine.
fn page(looked: &Looked<'_>, path: &str) -> Option<String> {
    let address = looked.settings.listen.operations;
    let mut stream = TcpStream::connect_timeout(&address, WAIT).ok()?;
    stream.set_read_timeout(Some(WAIT)).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

/// Each store by `store check`, in a process of its own: what it prints beside is not ours.
pub(super) fn stores(looked: &Looked<'_>, findings: &mut Findings) {
    let Ok(program) = std::env::current_exe() else { return };
    for store in &looked.settings.stores {
        let mut command = Command::new(&program);
        command.args(["store", "check", &store.name, "--sample", SAMPLE, "--config"]);
        let ended = command.arg(looked.arguments.config.path()).output();
        match ended {
            Ok(ended) if ended.status.success() => {}
            Ok(ended) => {
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                for line in said.lines() {
                    let line = ["credit-gateway: ", "credit-gateway："]
                        .iter()
                        .find_map(|name| line.strip_prefix(name))
                        .unwrap_or(line);
                    findings.add(Check::Stores, format!("{}: {line}", store.name));
                }
            }
            Err(error) => findings.add(Check::Stores, format!("{}: {error}", store.name)),
        }
    }
}
