//! Rust's text as words and marks, without comments and white space.

/// A word, a literal, `::`, or another single character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

impl Token<'_> {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(in_word)
            && !self.text.starts_with(|first: char| first.is_ascii_digit())
            && !self.text.contains(['"', '\''])
    }
}

pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(length(rest));
        if !piece.starts_with(char::is_whitespace) && !piece.starts_with("//") && !piece.starts_with("/*") {
            tokens.push(Token { text: piece, line });
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    tokens
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Bytes of what stands at the beginning, at least one.
fn length(rest: &str) -> usize {
    let run = |of: fn(char) -> bool| rest.find(|character| !of(character)).unwrap_or(rest.len());
    if rest.starts_with(char::is_whitespace) {
        return run(char::is_whitespace);
    }
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| rest.starts_with(prefix)).unwrap();
    let literal = rest.strip_prefix(prefix).unwrap();
    if prefix.ends_with('r')
        && let Some(raw) = raw_string(literal)
    {
        return prefix.len() + raw;
    }
    if literal.starts_with('"') {
        return prefix.len() + quoted(literal, '"');
    }
    if rest.starts_with('\'') || rest.starts_with("b'") {
        return character_or_lifetime(rest);
    }
    if let Some(word) = rest.strip_prefix("r#")
        && word.starts_with(in_word)
    {
        return "r#".len() + word.find(|character| !in_word(character)).unwrap_or(word.len());
    }
    if rest.starts_with(in_word) {
        return run(in_word);
    }
    if rest.starts_with("::") { "::".len() } else { rest.chars().next().unwrap().len_utf8() }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let ahead = rest.get(at..).unwrap_or_default();
        if ahead.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if ahead.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// `"…"`, `#"…"#` and so on; `None` where it is no raw string but a raw identifier.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest.find(|character| character != '#')?;
    let body = rest.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(hashes + 1 + body.find(&end)? + end.len())
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let prefix = rest.find('\'').unwrap();
    let quote = rest.get(prefix..).unwrap();
    let mut characters = quote.chars().skip(1);
    let (first, second) = (characters.next(), characters.next());
    if first == Some('\\') || second == Some('\'') {
        return prefix + quoted(quote, '\'');
    }
    let name = quote.get(1..).unwrap_or_default();
    1 + name.find(|character| !in_word(character)).unwrap_or(name.len())
}

#[test]
fn comments_strings_and_lifetimes_are_no_words() {
    let text = r##"
        //! crate::comment
        /* crate::one /* crate::two */ crate::three */
        fn f<'a>(x: &'a str) -> char { r#"crate::raw " "#; "crate::text \" \\"; b'\''; '"'; 'x'; r#type }
    "##;
    let words: Vec<_> = tokens(text).into_iter().filter(Token::is_word).map(|token| token.text).collect();
    assert_eq!(words, ["fn", "f", "x", "str", "char", "r#type"]);
}

#[test]
fn a_token_knows_its_line() {
    let lines: Vec<_> =
        tokens("a\n\"two\nlines\" // …\nb::c").into_iter().map(|token| (token.text, token.line)).collect();
    assert_eq!(lines, [("a", 1), ("\"two\nlines\"", 2), ("b", 4), ("::", 4), ("c", 4)]);
}
