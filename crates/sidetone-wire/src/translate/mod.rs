//! What others say of calls, as events: one module for each way of saying it.

pub mod cdr;
pub mod event_streams;
pub mod mirrored;
pub mod native;
pub mod rtcp;
pub mod sip;
pub mod status_callback;
pub mod summary;
pub mod trusted_headers;
pub mod voice_sdk;
pub mod vq_report;

mod edge_description;
mod measurement;
mod trust;

use sha2::{Digest, Sha256};
use sidetone_core::event::{EventId, Source, SourceKind};

/// Version of every translator, counted up when the same input would make another event.
pub(crate) const TRANSLATOR: u16 = 1;

/// A source of this kind, as translated now.
pub(crate) fn source(kind: SourceKind, agent: Option<String>) -> Source {
    Source {
        kind,
        agent,
        translator: TRANSLATOR,
    }
}

/// The first 128 bits of the SHA-256 of some parts, as 32 hexadecimal digits. Parts do not run into
/// each other.
pub(crate) fn content_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut text = format!("{:x}", hash.finalize());
    text.truncate(32);
    text
}

/// The beginning of a text: what is longer than is taken of others is no address or name.
pub(crate) fn cut(text: String, max_chars: usize) -> String {
    // A text has at most as many characters as bytes.
    if text.len() <= max_chars {
        return text;
    }
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// The id, or, where it cannot be one (too long, not printable, one of our own), its hash.
pub(crate) fn event_id(text: &str) -> EventId {
    match EventId::try_from(text.to_owned()) {
        Ok(id) if !id.is_own() => id,
        _ => EventId::try_from(content_hash([text.as_bytes()]))
            .expect("32 hexadecimal digits are printable ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_elses_id_is_one_of_our_own() {
        assert_eq!(event_id("EZ1").as_str(), "EZ1");
        for text in ["sidetone:settled", "a b", ""] {
            assert_eq!(event_id(text).as_str().len(), 32, "{text}");
        }
    }
}
