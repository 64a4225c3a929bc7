//! Items of a module: where each begins and ends, what it is and whether only tests have it.

use crate::tokens::Token;

/// One item of a module, an `impl` or a trait, with its attributes.
pub(crate) struct Item<'a, 't> {
    pub(crate) keyword: &'t str,
    pub(crate) name: &'t str,
    pub(crate) test: bool,
    /// Attributes and head, up to the body or the end.
    pub(crate) head: &'a [Token<'t>],
    /// What stands between the braces, if it has any.
    pub(crate) body: Option<&'a [Token<'t>]>,
}

/// The items one after another.
pub(crate) fn items<'a, 't>(mut rest: &'a [Token<'t>]) -> Vec<Item<'a, 't>> {
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, after) = item(rest);
        items.push(item);
        rest = after;
    }
    items
}

/// Whether `#![cfg(test)]` stands at the beginning, and what follows the inner attributes.
pub(crate) fn inner_attributes<'a, 't>(mut tokens: &'a [Token<'t>]) -> (bool, &'a [Token<'t>]) {
    let mut test = false;
    while let [hash, mark, ..] = tokens
        && hash.text == "#"
        && mark.text == "!"
    {
        let end = 2 + group(&tokens[2..]);
        test |= is_of_tests(&tokens[2..end]);
        tokens = &tokens[end..];
    }
    (test, tokens)
}

/// Length of the group that the first token opens, with both ends.
pub(crate) fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn item<'a, 't>(tokens: &'a [Token<'t>]) -> (Item<'a, 't>, &'a [Token<'t>]) {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let (mut at, mut test) = (0, false);
    while text(at) == "#" {
        let end = at + 1 + group(&tokens[at + 1..]);
        test |= is_of_tests(&tokens[at + 1..end]);
        at = end;
    }
    if text(at) == "pub" {
        at += 1;
        if text(at) == "(" {
            at += group(&tokens[at..]);
        }
    }
    while is_qualifier(text(at), text(at + 1)) {
        at += 1;
    }
    let keyword = text(at);
    let name = match (keyword, text(at + 1)) {
        ("macro_rules", _) | ("static", "mut") => text(at + 2),
        (_, name) => name,
    };
    let semicolon = matches!(keyword, "use" | "const" | "static" | "type");
    let mut end = at;
    loop {
        match text(end) {
            "{" if !semicolon => {
                let length = group(&tokens[end..]);
                let body = Some(&tokens[end + 1..(end + length).saturating_sub(1).max(end + 1)]);
                let item = Item { keyword, name, test, head: &tokens[..end], body };
                return (item, &tokens[end + length..]);
            }
            "(" | "[" | "{" => end += group(&tokens[end..]),
            ";" | "" => break,
            _ => end += 1,
        }
    }
    let after = (end + 1).min(tokens.len());
    (Item { keyword, name, test, head: &tokens[..after], body: None }, &tokens[after..])
}

fn is_qualifier(word: &str, next: &str) -> bool {
    match word {
        "unsafe" | "async" => true,
        "const" => matches!(next, "fn" | "unsafe" | "async" | "extern"),
        "extern" => next.starts_with('"'),
        word => word.starts_with('"'),
    }
}

/// Of an attribute from `[` to `]`: `test`, `tokio::test`, `cfg(test)`, `cfg(all(test, …))`.
fn is_of_tests(attribute: &[Token<'_>]) -> bool {
    let has = |word: &str| attribute.iter().any(|token| token.text == word);
    match attribute.get(1).map(|token| token.text) {
        Some("cfg") => has("test") && !has("not") && !has("any"),
        Some("cfg_attr") => false,
        Some(_) => attribute.iter().rev().nth(1).is_some_and(|last| last.text == "test"),
        None => false,
    }
}

#[test]
fn items_are_cut_where_they_end() {
    let text = "use a::{b, c}; pub(crate) const X: [u8; 2] = { [1; 2] }; #[derive(A)] struct S(u8); \
        #[cfg(test)] mod tests { fn f() {} } pub const fn g() -> [u8; 2] { [1, 2] } \
        #[cfg(not(test))] macro_rules! m { () => {}; } m! { x } m!(y); #[tokio::test] async fn h() {}";
    let tokens = crate::tokens::tokens(text);
    let items: Vec<_> = items(&tokens).iter().map(|item| (item.keyword, item.name, item.test)).collect();
    assert_eq!(
        items,
        [
            ("use", "a", false),
            ("const", "X", false),
            ("struct", "S", false),
            ("mod", "tests", true),
            ("fn", "g", false),
            ("macro_rules", "m", false),
            ("m", "!", false),
            ("m", "!", false),
            ("fn", "h", true),
        ]
    );
}
