//! Charts as inline SVG: bars alone, each with its number as text, so that nothing is said by colour only.

use std::fmt::Write as _;

use super::figures::Outcomes;
use super::words::escaped;

/// Colours that differ in lightness too: answered, refused.
const COLOURS: [&str; 2] = ["#2a5f8f", "#c9772c"];

/// Points from the lowest bar to the highest.
const HEIGHT: u64 = 140;
/// Points of a line of text with its bar.
const LINE: usize = 22;
/// Points of the longest bar across.
const WIDTH: u64 = 360;

/// A bar a day, answered below and refused above; the days are those that are given.
pub(super) fn days(label: &str, days: &[(String, Outcomes)]) -> String {
    let most = days.iter().map(|(_, day)| day.answered + day.refused).max().unwrap_or_default().max(1);
    let width = days.len() * 24 + 10;
    let mut svg = open(label, width, usize::try_from(HEIGHT).unwrap_or(0) + 40);
    for (nr, (day, Outcomes { answered, refused })) in days.iter().enumerate() {
        let x = nr * 24 + 8;
        let (below, above) = (answered * HEIGHT / most, refused * HEIGHT / most);
        let number = day.get(8..).unwrap_or_default();
        let (top, floor) = (HEIGHT - below + 16, HEIGHT + 30);
        // Writing into a text does not fail.
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{top}\" width=\"18\" height=\"{below}\" fill=\"{}\"/>\
             <rect x=\"{x}\" y=\"{}\" width=\"18\" height=\"{above}\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{floor}\" text-anchor=\"middle\">{number}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            COLOURS[0],
            top - above,
            COLOURS[1],
            x + 9,
            x + 9,
            top - above - 4,
            answered + refused,
        )
        .unwrap_or_default();
    }
    svg + "</svg>\n"
}

/// A bar a row, with its number behind it.
pub(super) fn rows(label: &str, rows: &[(&str, u64)]) -> String {
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    let mut svg = open(label, 760, rows.len() * LINE + 8);
    for (nr, (name, count)) in rows.iter().enumerate() {
        let (y, bar) = (nr * LINE + 4, count * WIDTH / most);
        writeln!(
            svg,
            "<text x=\"296\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"304\" y=\"{y}\" width=\"{bar}\" height=\"16\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{}\">{count}</text>",
            y + 13,
            escaped(name),
            COLOURS[0],
            bar + 310,
            y + 13,
        )
        .unwrap_or_default();
    }
    svg + "</svg>\n"
}

fn open(label: &str, width: usize, height: usize) -> String {
    let label = escaped(label);
    format!(
        "<svg role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n"
    )
}
