//! The parameters of a line.

/// `NAME=value` and `NAME="a value"`, white space between; empty values are left out.
pub(super) fn parameters(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(['=', ' ', '\t']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let Some(after) = after.strip_prefix('=') else {
                rest = after;
                continue;
            };
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => after.split_once([' ', '\t']).unwrap_or((after, "")),
            };
            rest = after;
            let value = value.trim();
            if !value.is_empty() {
                return Some((name, value));
            }
        }
    })
}
