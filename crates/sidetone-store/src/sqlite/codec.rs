//! Packing of stored JSON: a format byte, the length, and an LZ4 block with a dictionary.
//!
//! A summary repeats the same words as every other; with a dictionary of them even a short one packs well.
//! Formats are only ever added: everything ever written stays readable.

use crate::{Result, StoreError};

/// Format 1: LZ4 with [`DICTIONARY_1`], the unpacked length before it (u32, little-endian).
const LZ4_DICTIONARY_1: u8 = 1;

/// Typical summaries and events. Part of format 1: never to be changed.
static DICTIONARY_1: &[u8] = include_bytes!("dictionary_1.json");

/// The longest JSON that is unpacked, against damaged lengths.
const UNPACKED_MAX_BYTES: usize = 256 << 20;

/// Packs JSON.
pub(super) fn pack(json: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| StoreError::Invalid(format!("{} bytes in one row", json.len())))?;
    let mut packed = Vec::with_capacity(5 + lz4_flex::block::get_maximum_output_size(json.len()));
    packed.push(LZ4_DICTIONARY_1);
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&lz4_flex::block::compress_with_dict(json, DICTIONARY_1));
    Ok(packed)
}

/// Unpacks JSON.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = |what: &str| StoreError::Corrupt(format!("packed JSON {what}"));
    let Some((&[LZ4_DICTIONARY_1, a, b, c, d], block)) = packed.split_first_chunk::<5>() else {
        return Err(damaged("is of an unknown format"));
    };
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d]))
        .ok()
        .filter(|length| *length <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| damaged("is too long"))?;
    let json = lz4_flex::block::decompress_with_dict(block, length, DICTIONARY_1)
        .map_err(|_| damaged("cannot be unpacked"))?;
    if json.len() == length {
        Ok(json)
    } else {
        Err(damaged("has another length than it says"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_packed() {
        for json in ["", "{}", r#"{"processing":"complete","fold_version":1}"#] {
            assert_eq!(
                unpack(&pack(json.as_bytes()).unwrap()).unwrap(),
                json.as_bytes()
            );
        }
    }

    #[test]
    fn reports_damage() {
        let packed = pack(br#"{"processing":"complete","tags":["silence"]}"#).unwrap();
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut]).is_err(), "cut at {cut}");
        }
        let mut other = packed.clone();
        other[0] = 9;
        assert!(unpack(&other).is_err());
        let mut long = packed;
        long[4] = 0xff;
        assert!(unpack(&long).is_err());
    }
}
