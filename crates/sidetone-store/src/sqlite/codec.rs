//! Packing of stored JSON: a format byte, the length, and an LZ4 block with a dictionary.
//!
//! A summary repeats the same words as every other; with a dictionary of them even a short one packs well.
//! Formats are only ever added: everything ever written stays readable.

use crate::{Result, StoreError};

/// A dictionary, which is a format as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// LZ4 with typical summaries, the unpacked length before it (u32, little-endian).
    Summary1 = 1,
    /// The same with typical events.
    Event1 = 2,
}

impl Format {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Summary1),
            2 => Some(Self::Event1),
            _ => None,
        }
    }

    /// Part of the format: never to be changed.
    const fn dictionary(self) -> &'static [u8] {
        match self {
            Self::Summary1 => include_bytes!("dictionary_summary_1.json"),
            Self::Event1 => include_bytes!("dictionary_event_1.json"),
        }
    }
}

/// The longest JSON that is unpacked, against damaged lengths.
const UNPACKED_MAX_BYTES: usize = 256 << 20;

/// Packs JSON.
pub(super) fn pack(format: Format, json: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| StoreError::Invalid(format!("{} bytes in one row", json.len())))?;
    let mut packed = Vec::with_capacity(5 + lz4_flex::block::get_maximum_output_size(json.len()));
    packed.push(format as u8);
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&lz4_flex::block::compress_with_dict(
        json,
        format.dictionary(),
    ));
    Ok(packed)
}

/// Unpacks JSON.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = |what: &str| StoreError::Corrupt(format!("packed JSON {what}"));
    let Some((&[format, a, b, c, d], block)) = packed.split_first_chunk::<5>() else {
        return Err(damaged("is cut off"));
    };
    let format = Format::of(format).ok_or_else(|| damaged("is of an unknown format"))?;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d]))
        .ok()
        .filter(|length| *length <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| damaged("is too long"))?;
    let json = lz4_flex::block::decompress_with_dict(block, length, format.dictionary())
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
        for format in [Format::Summary1, Format::Event1] {
            for json in ["", "{}", r#"{"processing":"complete","fold_version":1}"#] {
                let packed = pack(format, json.as_bytes()).unwrap();
                assert_eq!(unpack(&packed).unwrap(), json.as_bytes());
            }
        }
    }

    #[test]
    fn reports_damage() {
        let packed = pack(
            Format::Summary1,
            br#"{"processing":"complete","tags":["silence"]}"#,
        )
        .unwrap();
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
