//! SIP messages as a monitor sees them (RFC 3261): read without judging, and no further than asked.
//!
//! What equipment sends is often not what the grammar says, and the calls are real all the same. So
//! this takes lines that end in LF alone, folded lines, short names, bytes that are no UTF-8,
//! unknown methods and any URI, and each header field that cannot be understood is absent, on its
//! own.
//!
//! [`Message::parse`] walks once over the header fields and remembers where the known ones are; all
//! else is read by the accessor that is asked. Nothing is copied.

mod body;
mod framing;
mod header;
mod identity;
mod message;
mod name_addr;
mod number;
mod reason;
mod redact;
mod start_line;

use std::borrow::Cow;

pub use self::framing::Messages;
pub use self::identity::{Identity, Passport};
pub use self::message::Message;
pub use self::name_addr::NameAddr;
pub use self::number::user_number;
pub use self::reason::Reason;
pub use self::redact::{redacted, without_passwords};
pub use self::start_line::StartLine;

use crate::scan;

/// A value as text to show: folded lines joined, bytes that are no UTF-8 replaced.
#[must_use]
pub fn text(value: &[u8]) -> Cow<'_, str> {
    if !value.contains(&b'\n') {
        return scan::text(value);
    }
    let lines: Vec<_> = value
        .split(|byte| *byte == b'\n')
        .map(|line| scan::text(line.trim_ascii()))
        .collect();
    Cow::Owned(lines.join(" "))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod torture;
