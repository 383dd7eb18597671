//! Text of other people, made fit to be said.

use std::fmt::Display;

/// A text as one line of at most so many characters. What moves the cursor or turns the direction of
/// writing is a space.
pub(super) fn line(text: &str, max_chars: usize) -> String {
    let is_unfit = |letter: char| {
        letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fit = text.chars().map(|letter| match is_unfit(letter) {
        true => ' ',
        false => letter,
    });
    if text.chars().nth(max_chars).is_none() {
        return fit.collect();
    }
    fit.take(max_chars.saturating_sub(1)).chain(['…']).collect()
}

/// Things one after the other.
pub(super) fn join<T: Display>(things: impl Iterator<Item = T>, between: &str) -> String {
    let things: Vec<String> = things.map(|thing| thing.to_string()).collect();
    things.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_no_longer() {
        for (text, expected) in [
            ("a", "a"),
            ("abcde", "abcde"),
            ("abcdef", "abcd…"),
            ("ééééé", "ééééé"),
            ("a\r\nb\0", "a  b "),
            ("\u{202e}b\u{2028}", " b "),
            ("", ""),
        ] {
            assert_eq!(line(text, 5), expected);
        }
    }
}
