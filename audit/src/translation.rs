//! Chinese for what programs print in English: texts in pairs, in the form of gettext's PO files. `{…}` in a text stands
//! for anything; what was found there is translated in its turn, but for what stands between backticks, which is a name.
//! What another library says, and nobody translated, is quoted as it is.

use credit_policy::Language;

/// The faults of `credit-policy`, of this crate, and of the system.
pub const CHINESE: &str = include_str!("chinese.po");

/// The language of who reads: Chinese where `LC_ALL`, `LC_MESSAGES` or `LANG` says `zh`, else English.
#[must_use]
pub fn language() -> Language {
    let wish = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match wish {
        Some(wish) if wish.starts_with("zh") => Language::Zh,
        Some(_) | None => Language::En,
    }
}

/// Pairs of texts.
pub struct Translation(Vec<Message>);

struct Message {
    /// The texts before, between and after the places.
    pieces: Vec<String>,
    places: Vec<Place>,
    /// The Chinese text, in which `{name}` is the place of that name.
    chinese: String,
}

struct Place {
    name: String,
    is_name: bool,
}

/// Places that stand for a number, so that a text with two colons is no place in a file.
const NUMBERS: [&str; 3] = ["line", "column", "number"];

/// Places that stand for what went wrong, where another library may speak.
const CAUSES: [&str; 7] = ["0", "1", "cause", "error", "fault", "source", "why"];

impl Translation {
    /// Reads PO files: `msgid` and `msgstr` alternate, each on one line. What is not of that form is left out.
    #[must_use]
    pub fn parse(files: &[&str]) -> Self {
        let mut messages = Vec::new();
        let mut english = None;
        for line in files.iter().flat_map(|file| file.lines()) {
            if let Some(text) = line.strip_prefix("msgid ").and_then(unquoted) {
                english = Some(text);
            } else if let Some(chinese) = line.strip_prefix("msgstr ").and_then(unquoted) {
                messages.extend(english.take().map(|english| Message::new(&english, chinese)));
            }
        }
        // What says more comes first, so that the most general texts are the last resort.
        messages.sort_by_key(|message| std::cmp::Reverse(message.pieces.iter().map(String::len).sum::<usize>()));
        Self(messages)
    }

    /// The text in Chinese, as far as it is known.
    #[must_use]
    pub fn of(&self, text: &str) -> String {
        self.translated(text, 8)
    }

    /// `depth` bounds how often what was found is translated in its turn.
    fn translated(&self, text: &str, depth: usize) -> String {
        let found = self.0.iter().find_map(|message| Some((message, message.found_in(text)?)));
        let Some((message, found)) = found.filter(|_| depth > 0) else { return text.to_owned() };
        let mut chinese = message.chinese.clone();
        for (place, found) in message.places.iter().zip(found) {
            let found = match place.is_name {
                true => found.to_owned(),
                false => self.found(place, found, depth - 1),
            };
            chinese = chinese.replace(&format!("{{{}}}", place.name), &found);
        }
        chinese
    }

    fn found(&self, place: &Place, found: &str, depth: usize) -> String {
        let chinese = self.translated(found, depth);
        let is_foreign = CAUSES.contains(&place.name.as_str()) && chinese == found && is_sentence(found);
        if is_foreign { format!("原文「{found}」") } else { chinese }
    }
}

/// Whether a text is English, with more than one word outside of backticks.
fn is_sentence(text: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let plain = text.split('`').step_by(2);
    plain.map(|part| part.split([' ', ',', ':', ';']).filter(|word| is_word(word)).count()).sum::<usize>() > 1
        && text.is_ascii()
}

impl Message {
    fn new(english: &str, chinese: String) -> Self {
        let mut parts = english.split('{');
        let mut pieces = vec![parts.next().unwrap_or_default().to_owned()];
        let mut places = Vec::new();
        for part in parts {
            let (name, after) = part.split_once('}').unwrap_or((part, ""));
            let before = pieces.last().is_some_and(|piece| piece.ends_with('`'));
            places.push(Place { name: name.to_owned(), is_name: before && after.starts_with('`') });
            pieces.push(after.to_owned());
        }
        Self { pieces, places, chinese }
    }

    /// What stands in the places, if the text is this message.
    fn found_in<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.pieces.split_first()?;
        let text = text.strip_prefix(first.as_str())?;
        if rest.is_empty() {
            return text.is_empty().then(Vec::new);
        }
        let mut found = Vec::new();
        fill(rest, &self.places, text, &mut found).then_some(found)
    }
}

fn fill<'a>(pieces: &[String], places: &[Place], text: &'a str, found: &mut Vec<&'a str>) -> bool {
    let (Some((piece, pieces)), Some((place, places))) = (pieces.split_first(), places.split_first()) else {
        return text.is_empty();
    };
    let fits = |value: &str| {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let is_other = place.is_name && value.contains('`') || NUMBERS.contains(&place.name.as_str()) && !is_number;
        !value.is_empty() && !is_other
    };
    if pieces.is_empty() {
        let value = text.strip_suffix(piece.as_str()).filter(|value| fits(value));
        found.extend(value);
        return value.is_some();
    }
    for (at, _) in text.match_indices(piece.as_str()) {
        let (value, rest) = text.split_at(at);
        if !fits(value) {
            continue;
        }
        found.push(value);
        if fill(pieces, places, rest.strip_prefix(piece.as_str()).unwrap_or(rest), found) {
            return true;
        }
        found.pop();
    }
    false
}

fn unquoted(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        plain.push(if char == '\\' { chars.next()? } else { char });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: &str = r#"
msgid "cannot {doing} `{path}`: {source}"
msgstr "无法{doing} `{path}`：{source}"

msgid "read"
msgstr "读取"

msgid "it is \"gone\""
msgstr "“没有了”"

msgid "{path}:{line}: {what}"
msgstr "{path}:{line}：{what}"

msgid "{what}: {why}"
msgstr "{what}：{why}"
"#;

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        let texts = Translation::parse(&[TEXTS]);
        for text in ["", "anything", "cannot read `x`", "cannot  `x`:", "msgid \"x"] {
            assert_eq!(texts.of(text), text);
        }
        assert_eq!(Translation::parse(&["msgid \"open\nmsgstr \"x\"\nmsgstr \"y\""]).of("x"), "x");
    }

    #[test]
    fn what_another_library_says_is_quoted() {
        let texts = Translation::parse(&[TEXTS]);
        for (found, chinese) in [
            ("it is not known here", "原文「it is not known here」"),
            ("no such table x", "原文「no such table x」"),
            ("disk I/O error", "原文「disk I/O error」"),
            ("`bank` `of nobody`", "`bank` `of nobody`"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("CN=an authority", "CN=an authority"),
            ("错误 it is", "错误 it is"),
        ] {
            assert_eq!(texts.of(&format!("cannot read `x`: {found}")), format!("无法读取 `x`：{chinese}"));
        }
    }

    #[test]
    fn what_is_in_a_message_is_translated_too_and_names_are_not() {
        let texts = Translation::parse(&[TEXTS]);
        assert_eq!(texts.of("cannot read `read`: it is \"gone\""), "无法读取 `read`：“没有了”");
        assert_eq!(texts.of("cannot read `a`: b`: it is \"gone\""), "无法读取 `a`：b`：“没有了”");
        assert_eq!(texts.of("a.toml:7: it is \"gone\""), "a.toml:7：“没有了”");
        assert_eq!(texts.of("a:b: read"), "a:b：读取");
    }
}
