//! Packing of stored bytes: a format byte, the length, a CRC-32, and an LZ4 block with a
//! dictionary.
//!
//! A summary repeats the same words as every other; with a dictionary of them even a short one
//! packs well. The checksum covers whose bytes they are as well: a row that is found in the place
//! of another is not believed. Formats are only ever added: everything ever written stays readable.

use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// How bytes are packed. A flipped bit makes no number another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Format {
    /// LZ4 with typical summaries, the unpacked length before it (u32, little-endian).
    Summary1 = 1,
    /// The same with typical events.
    Event1 = 2,
    /// As the first, the checksum (u32, little-endian) between length and block.
    Summary2 = b'S',
    /// The same with typical events.
    Event2 = b'E',
    /// Fold states: as they are, behind a checksum.
    State = b'F',
}

impl Format {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Summary1),
            2 => Some(Self::Event1),
            b'S' => Some(Self::Summary2),
            b'E' => Some(Self::Event2),
            b'F' => Some(Self::State),
            _ => None,
        }
    }

    /// Part of the format: never to be changed.
    const fn dictionary(self) -> &'static [u8] {
        match self {
            Self::Summary1 | Self::Summary2 => include_bytes!("dictionary_summary_1.json"),
            Self::Event1 | Self::Event2 => include_bytes!("dictionary_event_1.json"),
            Self::State => &[],
        }
    }
}

/// The longest JSON that is unpacked, against damaged lengths.
const UNPACKED_MAX_BYTES: usize = 256 << 20;

/// Packs JSON that belongs to an owner.
pub(crate) fn pack(format: Format, owner: &[u8], json: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| {
            Error(StoreError::Invalid(format!(
                "{} bytes in one row",
                json.len()
            )))
        })?
        .to_le_bytes();
    let block = lz4_flex::block::compress_with_dict(json, format.dictionary());
    let mut packed = Vec::with_capacity(9 + block.len());
    packed.push(format as u8);
    packed.extend_from_slice(&length);
    packed.extend_from_slice(&sum(&[owner, &length, &block]));
    packed.extend_from_slice(&block);
    Ok(packed)
}

/// How long packed JSON says that it will be, in bytes.
pub(crate) fn unpacked_bytes(packed: &[u8]) -> usize {
    match packed {
        [_, a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]) as usize,
        _ => 0,
    }
}

/// Unpacks JSON that belongs to an owner.
pub(crate) fn unpack(owner: &[u8], packed: &[u8]) -> Result<Vec<u8>> {
    let damaged = |what: &str| Error(StoreError::Corrupt(format!("packed JSON {what}")));
    let Some((&[format, ref length @ ..], rest)) = packed.split_first_chunk::<5>() else {
        return Err(damaged("is cut off"));
    };
    let format = Format::of(format).ok_or_else(|| damaged("is of an unknown format"))?;
    let block = match format {
        Format::Summary1 | Format::Event1 => rest,
        Format::Summary2 | Format::Event2 => match rest.split_first_chunk::<4>() {
            Some((stored, block)) if *stored == sum(&[owner, length, block]) => block,
            _ => return Err(damaged("is not what was written")),
        },
        Format::State => return Err(damaged("is of another kind")),
    };
    let length = usize::try_from(u32::from_le_bytes(*length))
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

/// Seals a fold state that belongs to an owner.
pub(crate) fn seal(owner: &[u8], state: &[u8]) -> Vec<u8> {
    [&[Format::State as u8][..], &sum(&[owner, state]), state].concat()
}

/// Opens a sealed fold state. `None`: it is damaged, or belongs to another.
pub(crate) fn open(owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (&[format, ref stored @ ..], state) = sealed.split_first_chunk::<5>()?;
    let is_sound = Format::of(format) == Some(Format::State) && *stored == sum(&[owner, state]);
    is_sound.then(|| state.to_vec())
}

fn sum(parts: &[&[u8]]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKING: [Format; 2] = [Format::Summary2, Format::Event2];

    #[test]
    fn gives_back_what_was_packed() {
        for format in PACKING {
            for json in ["", "{}", r#"{"processing":"complete","fold_version":1}"#] {
                let packed = pack(format, b"me", json.as_bytes()).unwrap();
                assert_eq!(unpack(b"me", &packed).unwrap(), json.as_bytes());
                assert!(unpack(b"you", &packed).is_err());
            }
        }
    }

    #[test]
    fn reads_what_was_packed_before_there_were_checksums() {
        let json = br#"{"processing":"complete","tags":["silence"]}"#;
        for (format, before) in PACKING.into_iter().zip([Format::Summary1, Format::Event1]) {
            let packed = pack(format, b"me", json).unwrap();
            let old = [&[before as u8], &packed[1..5], &packed[9..]].concat();
            assert_eq!(unpack(b"anybody", &old).unwrap(), json);
        }
    }

    #[test]
    fn reports_damage() {
        let json = br#"{"processing":"complete","tags":["silence"]}"#;
        let packed = pack(Format::Summary2, b"me", json).unwrap();
        let sealed = seal(b"me", json);
        assert_eq!(open(b"me", &sealed).as_deref(), Some(&json[..]));
        assert_eq!(open(b"you", &sealed), None);
        for cut in 0..packed.len() {
            assert!(unpack(b"me", &packed[..cut]).is_err(), "cut at {cut}");
        }
        for bit in 0..8 * packed.len() {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unpack(b"me", &flipped).is_err(), "bit {bit}");
        }
        for bit in 0..8 * sealed.len() {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(b"me", &flipped), None, "bit {bit}");
        }
    }
}
