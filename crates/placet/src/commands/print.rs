//! How records are printed for people: aligned tables, one record as a list of its parts, times where the reader is.
//!
//! What a browser or a client wrote is printed without its control characters, so that it cannot move the cursor.

use jiff::tz::TimeZone;

use crate::{
    admin::operations::Moment,
    terminal::{Style, Terminal},
};

/// The width of a page when the terminal does not say.
const WIDTH: usize = 80;
/// What stands between two columns.
const GAP: &str = "  ";
/// The least a column is cut to.
const LEAST: usize = 8;

/// Rows under headings.
pub(super) struct Sheet {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    pub(super) fn new(heads: &[&'static str]) -> Self {
        Self {
            heads: heads.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows
            .push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// Prints it, or `nothing` when there are no rows. A terminal gets lines that fit; a pipe gets everything.
    pub(super) fn print(&self, terminal: Terminal, nothing: &str) {
        if self.rows.is_empty() {
            terminal.line(nothing);
            return;
        }
        let fit = terminal.is_interactive().then(page_width);
        let widths = self.widths(fit);
        let heads: Vec<String> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        terminal.line(&terminal.paint(Style::Quiet, &line(&heads, &widths)));
        for row in &self.rows {
            terminal.line(&line(row, &widths));
        }
    }

    fn widths(&self, fit: Option<usize>) -> Vec<usize> {
        let column = |index: usize| {
            let cells = self.rows.iter().filter_map(move |row| row.get(index));
            cells.map(|cell| cell.chars().count())
        };
        let mut widths: Vec<usize> = self
            .heads
            .iter()
            .enumerate()
            .map(|(index, head)| column(index).max().unwrap_or(0).max(head.chars().count()))
            .collect();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        // The widest column gives way first, a character at a time.
        while fit.is_some_and(|page| widths.iter().sum::<usize>() + gaps > page) {
            match widths.iter_mut().max() {
                Some(widest) if *widest > LEAST => *widest -= 1,
                Some(_) | None => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{:width$}", cut(cell, *width)))
        .collect();
    padded.join(GAP).trim_end().to_owned()
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let mut short: String = cell.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One record: its parts with their names. What has no value is left out.
pub(super) fn parts(terminal: Terminal, parts: &[(&str, String)]) {
    let there = || parts.iter().filter(|(_, value)| !value.is_empty());
    let width = there()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in there() {
        let name = terminal.paint(Style::Quiet, &format!("{name:width$}"));
        terminal.line(&format!("{name}  {}", printable(value)));
    }
}

/// Secrets that are told once, each with its name.
pub(super) fn secrets(terminal: Terminal, made: &[(&str, &str)]) {
    let (it, they) = match made {
        [] => return,
        [_] => ("it", "it"),
        [..] => ("them", "they"),
    };
    terminal.line("");
    for (name, secret) in made {
        let secret = terminal.paint(Style::Accent, secret);
        terminal.line(&format!("  {name}  {secret}"));
    }
    terminal.line("");
    terminal.line(&format!("Keep {it} now: {they} cannot be shown again."));
}

/// A time to the minute where the reader is, for lists.
pub(super) fn minute(at: Moment) -> String {
    local(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time to the second where the reader is, for lists of what happened.
pub(super) fn second(at: Moment) -> String {
    local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time with its offset, for single records.
pub(super) fn exact(at: Moment) -> String {
    local(at).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn local(at: Moment) -> jiff::Zoned {
    at.to_jiff().to_zoned(TimeZone::system())
}

/// Whether something is so, in a column that is mostly empty.
pub(super) fn mark(so: bool, word: &str) -> String {
    if so { word.to_owned() } else { String::new() }
}

/// A count and its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}

fn page_width() -> usize {
    rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_until_the_page_fits() {
        let mut sheet = Sheet::new(&["CLIENT", "NAME"]);
        sheet.row(["tv".to_owned(), "x".repeat(100)]);
        assert_eq!(sheet.widths(None), [6, 100]);
        assert_eq!(sheet.widths(Some(80)), [6, 72]);
        assert_eq!(sheet.widths(Some(5)), [6, 8], "never below the least");
        assert_eq!(cut("abcdef", 4), "abc…");
    }

    #[test]
    fn a_browser_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2Jb\n"), "a·[2Jb·");
    }
}
