//! Words for people at a terminal: in Chinese or English by `LANG`, through one writer.

use std::io::Write;

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
