//! What others wrote, made safe to print: names of files, labels and texts of errors come from whoever made the folder.

use std::fmt::Write as _;

/// One line without a character that a terminal obeys or that hides or reorders text. Each is written as in JSON
/// (`\u001b`), so a JSON text keeps its meaning.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if is_unsafe(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing into a string cannot fail.
                write!(safe, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            safe.push(char);
        }
    }
    safe
}

/// [`escaped`], line by line.
pub(super) fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// Control characters (Cc), and characters of format (Cf) and separators that are not seen (Unicode Standard, 23.2).
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
