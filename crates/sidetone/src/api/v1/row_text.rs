//! Rows as text, which exports write and bodies of annotations are: NDJSON and CSV.

use std::borrow::Cow;

use axum::http::HeaderValue;

/// Content type of a JSON object a line.
pub const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// What rows are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values (RFC 4180), with the names in the first line.
    Csv,
}

/// Between the words of one CSV value: what `pandas.Series.str.get_dummies` takes them apart by.
pub const BETWEEN_WORDS: &str = "|";

/// Text that a spreadsheet would take for a formula, with an apostrophe before it; numbers of
/// telephones are none. Whoever takes one apostrophe away from each text that begins with one has
/// the text as it was.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) || text.starts_with('\'') {
        return format!("'{text}").into();
    }
    text.into()
}

/// Undoes [`guarded`].
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) || rest.starts_with('\'') => rest,
        _ => text,
    }
}

/// Spreadsheets also take the wide forms of these characters, and some look behind white space.
fn is_formula(text: &str) -> bool {
    let begins = text.trim_start_matches([' ', '\u{a0}', '\u{3000}', '\u{feff}']);
    let is_number = |digits: &str| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit())
    };
    if begins.strip_prefix('+').is_some_and(is_number) {
        return false;
    }
    begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("+15551234567", "+15551234567"),
            ("+1-555", "'+1-555"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'quoted", "''quoted"),
            ("+", "'+"),
        ] {
            assert_eq!(guarded(text), expected);
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!(unguarded("'quoted"), "'quoted");
    }
}
