//! Addresses of mail.

/// The most bytes of an address, and of what stands before the `@` (RFC 5321 §4.5.3.1).
const ADDRESS_MAX_BYTES: usize = 254;
const LOCAL_PART_MAX_BYTES: usize = 64;

/// The domain of an address as almost all are (RFC 5321 §4.1.2): atoms at a domain. `None`: it is none
/// such.
#[must_use]
pub fn domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    let is_atom = |atom: &str| {
        let is_letter =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !atom.is_empty() && atom.bytes().all(is_letter)
    };
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_inner = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && is_inner && label.bytes().all(is_letter)
    };
    let is_address = address.len() <= ADDRESS_MAX_BYTES
        && local.len() <= LOCAL_PART_MAX_BYTES
        && local.split('.').all(is_atom)
        && domain.split('.').all(is_label);
    is_address.then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for text in [
            "",
            "@",
            "noc",
            "noc@",
            "@example.com",
            "a b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "NOC <noc@example.com>",
            "a@b@c.example,",
            "a..b@example.com",
            ".a@example.com",
            "a@-b.example",
            "a@exa_mple.com",
            "ä@example.com",
            "a@example.com.",
        ] {
            assert_eq!(domain(text), None, "{text}");
        }
        assert_eq!(domain("root@localhost"), Some("localhost"));
        assert_eq!(domain("a.b+c@X-y.example"), Some("X-y.example"));
        let long = format!("{}@example.com", "a".repeat(65));
        assert_eq!(domain(&long), None);
    }
}
