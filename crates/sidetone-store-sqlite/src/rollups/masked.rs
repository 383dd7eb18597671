//! Calls of an hour, each with what is to be found of it as bits.

use super::posting::{self, Posting};
use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// A call within an hour, and what it is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MaskedCall {
    pub(crate) posting: Posting,
    pub(crate) mask: u64,
}

/// Adds a call to others, which are in order, or takes it away.
pub(crate) fn apply_step(calls: &mut Vec<MaskedCall>, call: MaskedCall, by: i64) {
    match calls.binary_search(&call) {
        Ok(at) if by < 0 => drop(calls.remove(at)),
        Err(at) if by > 0 => calls.insert(at, call),
        _ => {}
    }
}

/// The postings of all calls, then their masks.
pub(crate) fn pack(calls: &[MaskedCall]) -> Vec<u8> {
    let mut bytes = posting::encode(calls.iter().map(|call| call.posting));
    for call in calls {
        posting::put_varint(&mut bytes, call.mask);
    }
    bytes
}

/// Reads what [`pack`] wrote.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<MaskedCall>> {
    // As many numbers as there are bytes without the continuation bit; two of three are of the
    // postings.
    let numbers = bytes.iter().filter(|byte| **byte & 0x80 == 0).count();
    if numbers % 3 != 0 {
        return Err(Error(StoreError::Corrupt(
            "calls of an hour end within a call".into(),
        )));
    }
    let mut rest = bytes;
    let postings = posting::decode_some(&mut rest, numbers / 3)?;
    postings
        .into_iter()
        .map(|posting| {
            let mask = posting::take_varint(&mut rest)?;
            Ok(MaskedCall { posting, mask })
        })
        .collect()
}
