//! Strings: where they end, and what in them is no JSON.

use super::{Backslash, Reader, Role, after_space};
use crate::repairs::Repair;

impl Reader<'_> {
    /// A string, from its first quotation mark to its last.
    pub(super) fn string(&mut self, role: Role) -> Option<()> {
        self.pass(1);
        self.out.push(b'"');
        loop {
            let byte = self.byte(0)?;
            match byte {
                b'"' if self.may_end(role, 1) => break,
                b'"' => {
                    self.note(Repair::Quote);
                    self.out.extend_from_slice(b"\\\"");
                }
                b'\\' if self.is_last_backslash(role) => {
                    self.note(Repair::Escape);
                    self.out.extend_from_slice(b"\\\\");
                    self.pass(1);
                    break;
                }
                b'\\' => {
                    self.escape()?;
                    continue;
                }
                0..0x20 => {
                    self.note(Repair::ControlCharacter);
                    self.out
                        .extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                }
                _ => self.out.push(byte),
            }
            self.pass(1);
        }
        self.pass(1);
        self.out.push(b'"');
        Some(())
    }

    fn is_last_backslash(&self, role: Role) -> bool {
        self.backslash == Backslash::EndsText && self.byte(1) == Some(b'"') && self.may_end(role, 2)
    }

    fn escape(&mut self) -> Option<()> {
        let letter = self.byte(1)?;
        let length = match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => match (self.unit(0), self.unit(6)) {
                (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
                // Half of a character.
                (Some(0xD800..0xE000), _) => {
                    self.note(Repair::Escape);
                    self.out.extend_from_slice(b"\\ufffd");
                    self.pass(6);
                    return Some(());
                }
                (Some(_), _) => 6,
                (None, _) => 0,
            },
            _ => 0,
        };
        if length == 0 {
            self.note(Repair::Escape);
            self.out.extend_from_slice(b"\\\\");
            self.pass(1);
        } else {
            let end = self.at.saturating_add(length);
            self.out.extend_from_slice(self.input.get(self.at..end)?);
            self.at = end;
        }
        Some(())
    }

    /// The number of `\u0041`, so far ahead.
    fn unit(&self, ahead: usize) -> Option<u16> {
        let start = self.at.saturating_add(ahead);
        let digits = self
            .input
            .get(start..)?
            .strip_prefix(b"\\u")?
            .first_chunk::<4>()?;
        let digits = str::from_utf8(digits).ok()?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_number
            .then(|| u16::from_str_radix(digits, 16).ok())
            .flatten()
    }

    /// Whether a string can end before what is so far ahead: what follows is what JSON wants there.
    fn may_end(&self, role: Role, ahead: usize) -> bool {
        let input = self.input;
        let next = after_space(input, self.at.saturating_add(ahead));
        let closing = self.open.last().copied();
        match (role, input.get(next).copied()) {
            (_, None) => true,
            (Role::Name, byte) => byte == Some(b':'),
            (Role::Value, Some(b',')) => self.may_follow_comma(next.saturating_add(1)),
            (Role::Value, byte @ Some(b'}' | b']')) if byte == closing => {
                let after = after_space(input, next.saturating_add(1));
                match input.get(after) {
                    None | Some(b',' | b'}' | b']' | b'{') => true,
                    // Behind the last bracket may be anything, but hardly the end of a text.
                    Some(b'"') => {
                        let after = after_space(input, after.saturating_add(1));
                        self.open.len() == 1
                            && !matches!(input.get(after), Some(b',' | b'}' | b']'))
                    }
                    Some(_) => self.open.len() == 1,
                }
            }
            (Role::Value, Some(_)) => false,
        }
    }

    /// Whether a member or an item, or the end, is at a place behind a comma.
    fn may_follow_comma(&self, at: usize) -> bool {
        let at = after_space(self.input, at);
        let closing = self.open.last().copied();
        match self.input.get(at).copied() {
            None => true,
            Some(b',') => true,
            byte if byte == closing => true,
            Some(b'"') if closing == Some(b'}') => {
                let after = after_space(self.input, after_string(self.input, at));
                matches!(self.input.get(after), None | Some(b':'))
            }
            Some(byte) => {
                closing == Some(b']')
                    && (byte.is_ascii_alphanumeric()
                        || matches!(byte, b'"' | b'{' | b'[' | b'-' | b'+' | b'.'))
            }
        }
    }
}

/// The place behind a string whose first quotation mark is at one, as JSON has it; the end if it
/// has no last one.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut escaped = false;
    let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
    let end = rest.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(bytes.len(), |end| at.saturating_add(end).saturating_add(2))
}
