//! Text from elsewhere, made safe for a terminal and for the journal.
//!
//! Labels, annotations and journal excerpts are written by services under care. An escape sequence in them could
//! rewrite what the operator sees, and a line break could fake a second line.

use std::fmt::Write as _;

/// The same text with every control character, and every character that changes the reading direction, spelled out.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_direction(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A line on standard error. A server goes on when nobody can read it: `eprintln!` would panic where standard error is
/// a file on a full disk.
pub fn complain(line: std::fmt::Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n"));
}

/// The bidirectional controls of Unicode (UAX #9), and its two line separators.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn ordinary_text_passes_unchanged() {
        assert_eq!(
            printable("Störung: 5 % of \"requests\""),
            "Störung: 5 % of \"requests\""
        );
    }

    #[test]
    fn escape_sequences_and_line_breaks_become_visible() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{9b}d"),
            "a\\u{1b}[2Jb\\nc\\u{9b}d"
        );
        assert_eq!(printable("x\u{202e}y"), "x\\u{202e}y");
    }
}
