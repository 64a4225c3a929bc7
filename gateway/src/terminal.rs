//! Words for people at a terminal: in Chinese or English by `LANG`, through one writer. Whoever does not read delays the
//! process for a moment only.

use std::{io::Write, sync::mpsc::channel, time::Duration};

use credit_policy::Language;

/// The language of messages: Chinese where `LC_ALL`, `LC_MESSAGES` or `LANG` says `zh`, else English.
#[must_use]
pub(crate) fn language() -> Language {
    let wish = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match wish {
        Some(wish) if wish.starts_with("zh") => Language::Zh,
        Some(_) | None => Language::En,
    }
}

/// The text of the language in use.
#[must_use]
pub(crate) fn words<'a>(chinese: &'a str, english: &'a str) -> &'a str {
    match language() {
        Language::Zh => chinese,
        Language::En => english,
    }
}

/// Longest wait for a reader of the last lines of a process.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The text of the language in use, where it is made for the moment.
pub(crate) fn said(chinese: impl FnOnce() -> String, english: impl FnOnce() -> String) -> String {
    match language() {
        Language::Zh => chinese(),
        Language::En => english(),
    }
}

/// Writes one line to standard output. A reader that went away (`| head`) is no fault of ours.
pub(crate) fn print(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads standard output");
    }
}

/// Writes one line to standard error: a command's complaint, before and outside the structured log.
pub(crate) fn eprint(line: impl std::fmt::Display) {
    let mut out = std::io::stderr().lock();
    if writeln!(out, "credit-gateway: {line}").is_err() {
        tracing::debug!("nobody reads standard error");
    }
}

/// Writes the last lines of a process that fails. A pipe that is full and that nobody reads does not keep it from ending.
pub(crate) fn eprint_last(lines: &[String]) {
    let (lines, (done, waits)) = (lines.to_owned(), channel());
    let write = move || {
        lines.iter().for_each(eprint);
        // Whoever waited may have given up.
        done.send(()).ok();
    };
    match std::thread::Builder::new().name("last-lines".to_owned()).spawn(write) {
        Ok(_) => drop(waits.recv_timeout(LAST_LINES)),
        Err(error) => tracing::debug!(%error, "the last lines could not be written"),
    }
}
