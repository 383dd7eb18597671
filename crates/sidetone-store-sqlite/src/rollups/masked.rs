//! Calls of an hour, each with what is to be found of it as bits.

use super::posting::{self, Posting};
use crate::error::{Error, Result};
use crate::rows::facet::Axis;
use crate::rows::shard::Shard;
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

/// A call more or less in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MaskedStep {
    pub(crate) shard: Shard,
    pub(crate) hour: i64,
    pub(crate) axis: Axis,
    pub(crate) call: MaskedCall,
    pub(crate) by: i64,
}

/// Counts a call in every bit it has.
pub(crate) fn count(counts: &mut [u64; 64], mask: u64, by: i64) {
    for (place, count) in counts.iter_mut().enumerate() {
        if mask >> place & 1 == 1 {
            *count = count.saturating_add_signed(by);
        }
    }
}

/// The bits that any call has.
pub(crate) fn mask(counts: &[u64; 64]) -> u64 {
    let bits = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    bits.fold(0, |mask, (place, _)| mask | 1 << place)
}

/// The counts of the bits that any call has, in order.
pub(crate) fn pack_counts(counts: &[u64; 64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for count in counts.iter().filter(|count| **count > 0) {
        posting::put_varint(&mut bytes, *count);
    }
    bytes
}

/// Reads what [`pack_counts`] wrote, given the bits.
pub(crate) fn unpack_counts(mask: i64, bytes: &[u8]) -> Result<[u64; 64]> {
    let (mut counts, mut rest) = ([0; 64], bytes);
    for (place, count) in counts.iter_mut().enumerate() {
        if mask.cast_unsigned() >> place & 1 == 1 {
            *count = posting::take_varint(&mut rest)?;
        }
    }
    Ok(counts)
}
