//! The phone number in the user part of a URI.

use crate::scan::before;

/// The longest number that is taken: E.164 has 15 digits, but people dial prefixes before them.
const MAX_CHARS: usize = 32;

/// The number that a user part holds (RFC 3966): `+` if it is there, then digits, `*` and `#`,
/// without visual separators and parameters. Escapes are resolved. `None` when it is a name, empty,
/// or too long to be a number.
#[must_use]
pub fn user_number(user: &[u8]) -> Option<String> {
    let mut number = String::new();
    let mut bytes = before(user, b';').iter().copied();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                high.checked_mul(16)?.checked_add(low)?
            }
            byte => byte,
        };
        match byte {
            b'-' | b'.' | b'(' | b')' | b' ' => {}
            b'+' if number.is_empty() => number.push('+'),
            b'0'..=b'9' | b'*' | b'#' if number.len() < MAX_CHARS => number.push(byte.into()),
            _ => return None,
        }
    }
    number
        .bytes()
        .any(|byte| byte.is_ascii_digit())
        .then_some(number)
}

/// The value of a hexadecimal digit.
fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(user: &str, expected: Option<&str>) {
        assert_eq!(user_number(user.as_bytes()).as_deref(), expected, "{user}");
    }

    #[test]
    fn numbers_and_names() {
        check("+12025550100", Some("+12025550100"));
        check("%2B1 (202) 555-01.00;npdi=yes", Some("+12025550100"));
        check("*72#", Some("*72#"));
        check("112;phone-context=example.com", Some("112"));
        for name in [
            "",
            "+",
            "*",
            "alice",
            "1alice",
            "1+2",
            "%2",
            "%zz",
            "anonymous",
            ";1",
        ] {
            check(name, None);
        }
        check(&"1".repeat(32), Some(&"1".repeat(32)));
        check(&"1".repeat(33), None);
    }
}
