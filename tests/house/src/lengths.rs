//! Files of at most 500 lines, functions of at most 70.

use crate::{
    items::group,
    sources::Sources,
    tokens::{Token, tokens},
};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

/// Functions that may be longer: file, name, why. One that is short again must leave this list.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("policy/src/catalogue/shipped.rs", "shipped", "the list of the catalogue's files, a line a file"),
    ("policy/tests/suite/consent/hostile.rs", "payloads", "a list of hostile payloads, a line or two each"),
];

/// What is too long, and exceptions that are not needed.
fn too_long(sources: &Sources, exceptions: &[(&str, &str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut left = exceptions.to_vec();
    for (file, text) in sources.rust() {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            faults.push(format!("{file}: {lines} lines; at most {FILE_LINES}: split it"));
        }
        for (name, line, lines) in functions(&tokens(text)).into_iter().filter(|(.., lines)| *lines > FUNCTION_LINES) {
            match left.iter().position(|(where_, which, _)| *where_ == file && *which == name) {
                Some(at) => drop(left.remove(at)),
                None => faults.push(format!("{file}:{line}: `{name}` has {lines} lines; at most {FUNCTION_LINES}")),
            }
        }
    }
    let needless =
        left.iter().map(|(file, name, _)| format!("{file}: `{name}` needs no exception: take it out of the list"));
    faults.extend(needless);
    faults
}

/// Name, line and number of lines of each function with a body.
fn functions<'t>(tokens: &[Token<'t>]) -> Vec<(&'t str, usize, usize)> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        if keyword.text != "fn" || !name.is_word() {
            continue;
        }
        let mut body = at + 2;
        while let Some(token) = tokens.get(body)
            && !matches!(token.text, "{" | ";" | "}")
        {
            body += if matches!(token.text, "(" | "[") { group(&tokens[body..]) } else { 1 };
        }
        if tokens.get(body).is_some_and(|token| token.text == "{") {
            let end = body + group(&tokens[body..]) - 1;
            found.push((name.text, keyword.line, tokens[end].line - keyword.line + 1));
        }
    }
    found
}

#[test]
fn files_and_functions_are_short() {
    let faults = too_long(&Sources::of_the_workspace(), LONG_FUNCTIONS);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_exception_has_a_reason() {
    assert!(LONG_FUNCTIONS.iter().all(|(_, _, why)| why.len() > 20));
}

#[cfg(test)]
fn of(text: &str, exceptions: &[(&str, &str, &str)]) -> Vec<String> {
    too_long(&Sources::made_up(&[("x/src/lib.rs", text)]), exceptions)
}

#[test]
fn a_file_of_501_lines_is_too_long() {
    assert!(of(&"\n".repeat(500), &[]).is_empty());
    assert_eq!(of(&"\n".repeat(501), &[]), ["x/src/lib.rs: 501 lines; at most 500: split it"]);
}

#[test]
fn a_function_of_71_lines_is_too_long_unless_excepted() {
    let function =
        |lines: usize| format!("\nimpl X {{ fn a(x: [u8; 2]) -> u8 {{{}}} fn b(); }}", "\n".repeat(lines - 1));
    assert!(of(&function(70), &[]).is_empty());
    assert_eq!(of(&function(71), &[]), ["x/src/lib.rs:2: `a` has 71 lines; at most 70"]);
    assert!(of(&function(71), &[("x/src/lib.rs", "a", "a table")]).is_empty());
}

#[test]
fn an_exception_that_is_not_needed_fails() {
    let faults = of("fn a() {}", &[("x/src/lib.rs", "a", "a table")]);
    assert_eq!(faults, ["x/src/lib.rs: `a` needs no exception: take it out of the list"]);
}
