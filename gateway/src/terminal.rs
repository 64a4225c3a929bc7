//! Words for people at a terminal: in Chinese or English by `LANG`, through one writer. Whoever does not read delays the
//! process for a moment only.

use std::{
    io::Write,
    sync::{LazyLock, mpsc::channel},
    time::Duration,
};

use credit_audit::translation::{self, Translation};
use credit_policy::Language;

/// The language of messages: Chinese where `LC_ALL`, `LC_MESSAGES` or `LANG` says `zh`, else English.
#[must_use]
pub(crate) fn language() -> Language {
    translation::language()
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

/// What stands between a word and what it is about.
#[must_use]
pub(crate) fn colon() -> &'static str {
    words("：", ": ")
}

/// The Chinese texts of everything that is written in English.
#[must_use]
pub(crate) fn chinese() -> &'static Translation {
    static CHINESE: LazyLock<Translation> =
        LazyLock::new(|| Translation::parse(&[translation::CHINESE, include_str!("terminal/chinese.po")]));
    &CHINESE
}

/// A fault in the language in use. Faults are written in English, and in Chinese by the texts of `chinese.po`.
#[must_use]
pub(crate) fn fault(text: &str) -> String {
    match language() {
        Language::Zh => chinese().of(text),
        Language::En => text.to_owned(),
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
    let line = fault(&line.to_string());
    let mut out = std::io::stderr().lock();
    if writeln!(out, "credit-gateway{}{line}", colon()).is_err() {
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
