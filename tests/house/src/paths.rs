//! The paths in a text: the leaves of `use` trees, and paths such as `crate::a::b` elsewhere.

use crate::{items::group, tokens::Token};

/// A path as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'t> {
    pub(crate) segments: Vec<&'t str>,
    pub(crate) line: usize,
    pub(crate) role: Role<'t>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role<'t> {
    /// `use a::b` and `use a::c as b`: here it is called `b`.
    Name(&'t str),
    /// `use a::*`.
    Glob,
    /// `use a::B as _`, or a path outside of a `use`.
    Mention,
}

/// All paths of at least two segments, and all of `use`.
pub(crate) fn paths<'t>(tokens: &[Token<'t>]) -> Vec<Path<'t>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if text(at) == "use" && text(at + 1) != "<" {
            let end = (at..tokens.len()).find(|end| text(*end) == ";").unwrap_or(tokens.len());
            tree(&tokens[at + 1..end], &[], &mut found);
            at = end;
        } else if text(at) == "pub" && text(at + 1) == "(" {
            at += 1 + group(&tokens[at + 1..]);
        } else if tokens[at].is_word() {
            let mut segments = vec![text(at)];
            let line = tokens[at].line;
            while text(at + 1) == "::" && tokens.get(at + 2).is_some_and(Token::is_word) {
                segments.push(text(at + 2));
                at += 2;
            }
            if segments.len() > 1 {
                found.push(Path { segments, line, role: Role::Mention });
            }
            at += 1;
        } else if text(at) == "::" || text(at) == "." {
            // What follows `<T as Trait>::` or a dot begins no path; `::name` at a beginning does, of another crate.
            let begins = at == 0 || !(tokens[at - 1].is_word() || text(at - 1) == ">");
            at += if text(at) == "::" && begins { 1 } else { 2 };
        } else {
            at += 1;
        }
    }
    found
}

fn tree<'t>(tokens: &[Token<'t>], before: &[&'t str], found: &mut Vec<Path<'t>>) {
    let mut segments = before.to_vec();
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "::" => {}
            "*" => return found.push(Path { segments, line: token.line, role: Role::Glob }),
            "{" => {
                let inside = &tokens[at + 1..(at + group(&tokens[at..])).saturating_sub(1)];
                return branches(inside).into_iter().for_each(|branch| tree(branch, &segments, found));
            }
            "as" => {
                let name = tokens.get(at + 1).map_or("_", |name| name.text);
                let role = if name == "_" { Role::Mention } else { Role::Name(name) };
                return found.push(Path { segments: without_self(segments), line: token.line, role });
            }
            word => segments.push(word),
        }
    }
    let segments = without_self(segments);
    if let (Some(name), Some(token)) = (segments.last().copied(), tokens.first()) {
        found.push(Path { segments, line: token.line, role: Role::Name(name) });
    }
}

/// `a::{self}` is `a`; `self` alone stays.
fn without_self(mut segments: Vec<&str>) -> Vec<&str> {
    if segments.len() > 1 && segments.last() == Some(&"self") {
        segments.pop();
    }
    segments
}

fn branches<'a, 't>(tokens: &'a [Token<'t>]) -> Vec<&'a [Token<'t>]> {
    let mut depth = 0_usize;
    let commas = |token: &Token<'_>| {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token.text == ","
    };
    tokens.split(commas).filter(|branch| !branch.is_empty()).collect()
}

#[cfg(test)]
fn written(text: &str) -> Vec<String> {
    let tokens = crate::tokens::tokens(text);
    let render = |path: Path<'_>| match path.role {
        Role::Name(name) => format!("{} as {name}", path.segments.join("::")),
        Role::Glob => format!("{}::*", path.segments.join("::")),
        Role::Mention => path.segments.join("::"),
    };
    paths(&tokens).into_iter().map(render).collect()
}

#[test]
fn the_leaves_of_use_trees_are_found() {
    let text = "pub(in crate::a) use crate::{a::{self, B as C, d::*}, e, F as _}; use ::serde::de;";
    assert_eq!(
        written(text),
        ["crate::a as a", "crate::a::B as C", "crate::a::d::*", "crate::e as e", "crate::F", "serde::de as de"]
    );
}

#[test]
fn paths_in_code_are_found() {
    let text = "fn f(x: super::A<crate::b::B>) -> impl Fn() + use<'_> { self.g::<u8>(); <A as self::T>::go(); \
        $crate::h!(m::n::<u8>::o); x.y::z; use k::l; ::hex::encode(x) }";
    assert_eq!(written(text), ["super::A", "crate::b::B", "self::T", "crate::h", "m::n", "k::l as l", "hex::encode"]);
}
