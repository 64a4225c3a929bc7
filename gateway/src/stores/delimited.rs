//! Rows of a text file: CSV as RFC 4180 has it, or spreadsheet text with tabs. UTF-8, with or without a byte order mark.

use std::io::{self, BufRead};

/// Most bytes of one row: more is no row of a person.
const LONGEST: usize = 64 << 10;

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextFault {
    /// The file.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// Another encoding.
    #[error("not UTF-8; where it is GB18030, convert it: `iconv -f GB18030 -t UTF-8`")]
    Encoding,
    /// A quotation mark without its other, or a row without an end.
    #[error("a quotation mark is not closed, or is followed by text, or the row has more than 64 KiB")]
    Quotes,
}

/// One row: the line on which it begins, and its cells.
pub(crate) struct Cells {
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
}

/// Reads rows one after the other.
pub(crate) struct Rows<R> {
    from: R,
    line: u64,
    delimiter: Option<char>,
}

impl<R: BufRead> Rows<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, line: 0, delimiter: None }
    }

    /// The next row; empty lines are none. The first decides the delimiter: a tab if it has one, else a comma.
    ///
    /// # Errors
    /// What is wrong with the text, with the line.
    pub(crate) fn next_row(&mut self) -> Result<Option<Cells>, (u64, TextFault)> {
        let mut text = String::new();
        let mut begun = self.line + 1;
        loop {
            let mut bytes = Vec::new();
            let read = io::Read::take(&mut self.from, LONGEST as u64).read_until(b'\n', &mut bytes);
            if read.map_err(|error| (self.line + 1, error.into()))? == 0 {
                return if text.is_empty() { Ok(None) } else { Err((begun, TextFault::Quotes)) };
            }
            self.line += 1;
            let more = std::str::from_utf8(&bytes).map_err(|_| (self.line, TextFault::Encoding))?;
            text.push_str(if self.line == 1 { more.strip_prefix('\u{feff}').unwrap_or(more) } else { more });
            if text.len() >= LONGEST {
                return Err((begun, TextFault::Quotes));
            }
            let row = text.trim_end_matches(['\r', '\n']);
            if row.is_empty() {
                text.clear();
                begun = self.line + 1;
                continue;
            }
            let delimiter = *self.delimiter.get_or_insert(if row.contains('\t') { '\t' } else { ',' });
            match cells(row, delimiter) {
                Split::Whole(cells) => return Ok(Some(Cells { line: begun, cells })),
                // A line break within quotation marks: the row goes on.
                Split::Open => {}
                Split::Wrong => return Err((begun, TextFault::Quotes)),
            }
        }
    }
}

enum Split {
    Whole(Vec<String>),
    Open,
    Wrong,
}

fn cells(row: &str, delimiter: char) -> Split {
    let mut all = Vec::new();
    let mut rest = row;
    loop {
        let mut cell = String::new();
        let after = if let Some(quoted) = rest.strip_prefix('"') {
            let mut quoted = quoted;
            loop {
                let Some((text, after)) = quoted.split_once('"') else { return Split::Open };
                cell.push_str(text);
                match after.strip_prefix('"') {
                    Some(after) => {
                        cell.push('"');
                        quoted = after;
                    }
                    None => break after,
                }
            }
        } else {
            let (text, after) = rest.find(delimiter).map_or((rest, ""), |at| rest.split_at(at));
            cell.push_str(text);
            after
        };
        all.push(cell);
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None if after.is_empty() => return Split::Whole(all),
            None => return Split::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<(u64, Vec<String>)>, u64> {
        let mut rows = Rows::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(row) = rows.next_row().map_err(|(line, _)| line)? {
            all.push((row.line, row.cells));
        }
        Ok(all)
    }

    #[test]
    fn rows_that_are_none_are_refused_with_their_line() {
        for (text, line) in [("a,b\n\"c", 2), ("a\n\"b\"c\n", 2), ("a\nb\n\"c\nd\ne\n", 3)] {
            assert_eq!(all(text), Err(line), "{text:?}");
        }
        let gb18030: &[u8] = b"number,class\n\xd0\xd5\xc3\xfb,tax\n";
        let mut rows = Rows::new(gb18030);
        assert!(rows.next_row().is_ok());
        assert!(matches!(rows.next_row(), Err((2, TextFault::Encoding))));
    }

    #[test]
    fn quotes_tabs_marks_and_empty_lines_are_read() {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        for (text, expected) in [
            ("\u{feff}a,b\r\n1,2\r\n", vec![(1, cells(&["a", "b"])), (2, cells(&["1", "2"]))]),
            ("a\tb\n1,5\t\n", vec![(1, cells(&["a", "b"])), (2, cells(&["1,5", ""]))]),
            (
                "a,b\n\n\"x\"\"y\",\"1,\n2\"\n3,4",
                vec![(1, cells(&["a", "b"])), (3, cells(&["x\"y", "1,\n2"])), (5, cells(&["3", "4"]))],
            ),
        ] {
            assert_eq!(all(text), Ok(expected), "{text:?}");
        }
    }
}
