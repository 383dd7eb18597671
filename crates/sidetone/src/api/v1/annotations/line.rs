//! A line of a batch of annotations, whatever it is written in.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::id::CallSid;
use sidetone_store::judgement::batch::BatchLine;

use super::super::patch;
use crate::web::form::{Invalid, Params};

/// The longest line, in bytes: no annotation is longer.
pub(super) const LINE_MAX_BYTES: usize = 16 * 1024;
/// What the call of a line is called.
pub(super) const CALL: &str = "call_sid";
/// Names that mean nothing here, and are told of.
const UNKNOWN_MAX: usize = 100;

/// A line, or what is wrong with it.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1; names stand in the first line of CSV.
    pub number: u64,
    /// The call as the line names it.
    pub call: Option<CallSid>,
    /// What it says.
    pub read: Result<BatchLine, Invalid>,
}

/// What a line says by name, put together as one change.
pub(super) fn line(number: u64, content: &[u8], fields: &Params) -> Line {
    let call = fields.filled(CALL);
    let expected = "CA followed by 32 hexadecimal digits";
    let sid: Result<CallSid, Invalid> = match call {
        None => Err(Invalid::missing(CALL, expected)),
        Some(call) => call.text.parse().map_err(|_| call.invalid(expected)),
    };
    let patch = patch::read_by(fields, patch::FIELDS);
    Line {
        number,
        call: sid.as_ref().ok().copied(),
        read: sid.and_then(|call| {
            Ok(BatchLine {
                number,
                content: digest(content),
                call,
                patch: said(patch?)?,
            })
        }),
    }
}

fn said(patch: AnnotationPatch) -> Result<AnnotationPatch, Invalid> {
    if patch == AnnotationPatch::default() {
        let names = patch::FIELDS.join(", ");
        return Err(Invalid::missing(
            "annotation",
            format_args!("at least one of {names}"),
        ));
    }
    Ok(patch)
}

fn digest(content: &[u8]) -> i64 {
    let digest = Sha256::digest(content);
    let first = digest.first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

/// A line that cannot be read.
pub(super) fn broken(number: u64, invalid: Invalid) -> Line {
    Line {
        number,
        call: None,
        read: Err(invalid),
    }
}

/// Whether a name is one that is read; takes note of the others.
pub(super) fn note(name: &str, unknown: &mut BTreeSet<String>) -> bool {
    let is_known = name == CALL || patch::FIELDS.contains(&name);
    if !is_known && unknown.len() < UNKNOWN_MAX && !unknown.contains(name) {
        unknown.insert(name.chars().take(UNKNOWN_MAX).collect());
    }
    is_known
}

/// What is wrong with a line that has more than its room.
pub(super) fn too_long() -> Invalid {
    Invalid {
        parameter: "line".into(),
        message: format!("Invalid line. Expected at most {LINE_MAX_BYTES} bytes."),
    }
}
