//! Numbers as JSON has them, made of how C and its locales write them.

/// A number as JSON has it. `None`: it is none, or none that a double can hold.
pub(super) fn written(word: &[u8]) -> Option<String> {
    let word = str::from_utf8(word).ok()?;
    let (sign, number) = match word.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    let (mantissa, exponent) = match number.find(['e', 'E']) {
        Some(at) => number.split_at_checked(at)?,
        None => (number, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_exponent = exponent.is_empty()
        || exponent.get(1..).is_some_and(|exponent| {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && is_digits(digits)
        });
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    if !has_digits || !is_digits(whole) || !is_digits(fraction) || !is_exponent {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let text = format!("{sign}{whole}{point}{fraction}{exponent}");
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(text)
}

/// A number that a locale writes with a comma (`4,2`), and its length: only within an object, where
/// no digit can follow the comma between two members. No text where it is not known which number is
/// meant: in `12,345` and `1,234,567` the comma may stand between thousands.
pub(super) fn with_comma(
    word: &[u8],
    after: &[u8],
    closing: u8,
) -> Option<(Option<String>, usize)> {
    written(word).filter(|_| closing == b'}')?;
    let is_more = |byte: &&u8| byte.is_ascii_digit() || **byte == b',';
    let more = after.iter().take_while(is_more).count();
    let last = after.get(..more)?.iter().rposition(u8::is_ascii_digit)?;
    let (more, rest) = after.split_at_checked(last.saturating_add(1))?;
    let fraction = more.strip_prefix(b",")?;
    let is_whole = matches!(rest.trim_ascii_start().first(), Some(b',' | b'}'));
    let has_one_point = ![word, fraction]
        .concat()
        .iter()
        .any(|byte| matches!(byte, b'.' | b'e' | b'E' | b','));
    let digits = word.strip_prefix(b"-").or(word.strip_prefix(b"+"));
    let digits = digits.unwrap_or(word);
    let may_be_grouped = digits.len() <= 3 && !digits.starts_with(b"0") && fraction.len() == 3;
    let text = (is_whole && has_one_point && !may_be_grouped)
        .then(|| written(&[word, b".", fraction].concat()));
    Some((text.flatten(), word.len().saturating_add(more.len())))
}

/// Whether a word says that there is no number: what C, and what Microsoft's C, print of one that
/// is none or infinite.
pub(super) fn is_none(word: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    let word = word
        .strip_prefix(b"-")
        .or(word.strip_prefix(b"+"))
        .unwrap_or(&word);
    let base = word.split(|byte| *byte == b'(').next().unwrap_or_default();
    let is_infinite = written(word).is_none()
        && word.first().is_some_and(u8::is_ascii_digit)
        && str::from_utf8(word).is_ok_and(|word| word.parse::<f64>().is_ok());
    matches!(base, b"nan" | b"inf" | b"infinity") || word.starts_with(b"1.#") || is_infinite
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
