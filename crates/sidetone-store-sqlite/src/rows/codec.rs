//! Packing of stored bytes: a format byte, the length, a CRC-32, and an LZ4 block with a
//! dictionary.
//!
//! What was rendered of a summary is read far more often than the summary itself, and says the same
//! in other words. So it comes first, and is unpacked alone; behind it the summary takes a third of
//! the place, with those words as its dictionary and an entropy coder, which is slow to unpack.
//!
//! A summary repeats the same words as every other; with a dictionary of them even a short one
//! packs well. The checksum covers whose bytes they are as well: a row that is found in the place
//! of another is not believed. Formats are only ever added: everything ever written stays readable.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::{Error, Result};
use sidetone_store::{Rendered, StoreError};

/// How bytes are packed. A flipped bit makes no number another one: no checksum covers it.
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
    /// What was rendered of a summary, and the summary. Behind the checksum: the form, the length
    /// of the LZ4 block (u32, little-endian), that block, the summary by DEFLATE. The length before
    /// the checksum is that of what was rendered.
    Rendered1 = b'P',
    /// Reports: as [`Self::Summary2`], without a dictionary.
    Report1 = b'r',
}

impl Format {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Summary1),
            2 => Some(Self::Event1),
            b'S' => Some(Self::Summary2),
            b'E' => Some(Self::Event2),
            b'F' => Some(Self::State),
            b'P' => Some(Self::Rendered1),
            b'r' => Some(Self::Report1),
            _ => None,
        }
    }

    /// Part of the format: never to be changed.
    const fn dictionary(self) -> &'static [u8] {
        match self {
            Self::Summary1 | Self::Summary2 => include_bytes!("dictionary_summary_1.json"),
            Self::Event1 | Self::Event2 => include_bytes!("dictionary_event_1.json"),
            Self::State | Self::Report1 => &[],
            Self::Rendered1 => include_bytes!("dictionary_rendered_1.bin"),
        }
    }
}

/// The longest JSON that is unpacked, against damaged lengths.
const UNPACKED_MAX_BYTES: usize = 256 << 20;

/// How hard the summary behind what was rendered is pressed: harder takes longer and saves little.
const LEVEL: u32 = 3;

thread_local! {
    /// A new one costs as much as what it packs: some 300 KB are made ready for it.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
    /// As above, some 40 KB.
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Packs JSON that belongs to an owner.
pub(crate) fn pack(format: Format, owner: &[u8], json: &[u8]) -> Result<Vec<u8>> {
    let block = lz4_flex::block::compress_with_dict(json, format.dictionary());
    frame(format, owner, json.len(), &[&block])
}

/// Packs the JSON of a summary that belongs to an owner, and what was rendered of it.
pub(crate) fn pack_rendered(owner: &[u8], rendered: &Rendered, json: &[u8]) -> Result<Vec<u8>> {
    let Rendered { form, bytes } = rendered;
    let format = Format::Rendered1;
    let block = lz4_flex::block::compress_with_dict(bytes, format.dictionary());
    let length = le_length(block.len())?;
    let deflated = DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        deflated(deflate, &summary_dictionary(bytes), json)
    })?;
    frame(
        format,
        owner,
        bytes.len(),
        &[&[*form], &length, &block, &deflated],
    )
}

fn deflated(deflate: &mut Compress, dictionary: &[u8], json: &[u8]) -> Result<Vec<u8>> {
    let unpackable = |_| Error(StoreError::Invalid("a summary cannot be packed".into()));
    deflate.set_dictionary(dictionary).map_err(unpackable)?;
    let mut deflated = Vec::with_capacity(json.len() / 2 + 64);
    loop {
        let rest = json.get(offset(deflate.total_in())..).unwrap_or_default();
        match deflate.compress_vec(rest, &mut deflated, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return Ok(deflated),
            Ok(_) => deflated.reserve(json.len() + 64),
            Err(error) => return Err(unpackable(error)),
        }
    }
}

fn frame(format: Format, owner: &[u8], length: usize, parts: &[&[u8]]) -> Result<Vec<u8>> {
    let length = le_length(length)?;
    let mut packed = vec![format as u8];
    packed.reserve_exact(8 + parts.iter().map(|part| part.len()).sum::<usize>());
    packed.extend_from_slice(&length);
    packed.extend_from_slice(&[0; 4]);
    for part in parts {
        packed.extend_from_slice(part);
    }
    if let Some((head, rest)) = packed.split_first_chunk_mut::<9>() {
        head[5..].copy_from_slice(&sum(&[owner, &length, rest]));
    }
    Ok(packed)
}

fn le_length(length: usize) -> Result<[u8; 4]> {
    let number = u32::try_from(length).ok();
    let number = number.filter(|_| length <= UNPACKED_MAX_BYTES);
    number
        .map(u32::to_le_bytes)
        .ok_or_else(|| Error(StoreError::Invalid(format!("{length} bytes in one row"))))
}

/// The words that a summary is told with when there are others for the same.
fn summary_dictionary(rendered: &[u8]) -> Vec<u8> {
    [Format::Summary2.dictionary(), rendered].concat()
}

/// Where in a slice it goes on, by what `flate2` counts.
fn offset(total: u64) -> usize {
    usize::try_from(total).unwrap_or(usize::MAX)
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
    let (format, length, rest) = open_frame(owner, packed)?;
    if format != Format::Rendered1 {
        return unpack_block(format, length, rest);
    }
    let (_, block, deflated) = parts(rest)?;
    let rendered = unpack_block(format, length, block)?;
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(false);
        inflated(inflate, &summary_dictionary(&rendered), deflated)
    })
}

fn inflated(inflate: &mut Decompress, dictionary: &[u8], deflated: &[u8]) -> Result<Vec<u8>> {
    let unpackable = |_| damaged("cannot be unpacked");
    inflate.set_dictionary(dictionary).map_err(unpackable)?;
    let mut json = Vec::with_capacity(8 * deflated.len() + 64);
    loop {
        let rest = deflated
            .get(offset(inflate.total_in())..)
            .unwrap_or_default();
        let before = json.len();
        match inflate.decompress_vec(rest, &mut json, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) => return Ok(json),
            _ if json.len() == before || json.len() > UNPACKED_MAX_BYTES => {
                return Err(damaged("cannot be unpacked"));
            }
            _ => json.reserve(json.len()),
        }
    }
}

/// What was rendered of a summary that belongs to an owner. `None`: nothing, or in another form.
pub(crate) fn unpack_rendered(owner: &[u8], packed: &[u8], form: u8) -> Result<Option<Vec<u8>>> {
    if packed.first() != Some(&(Format::Rendered1 as u8)) {
        return Ok(None);
    }
    let (format, length, rest) = open_frame(owner, packed)?;
    let (made, block, _) = parts(rest)?;
    (made == form)
        .then(|| unpack_block(format, length, block))
        .transpose()
}

fn damaged(what: &str) -> Error {
    Error(StoreError::Corrupt(format!("packed JSON {what}")))
}

/// The format, the length, and what is behind the checksum, which is right.
fn open_frame<'a>(owner: &[u8], packed: &'a [u8]) -> Result<(Format, usize, &'a [u8])> {
    let Some((&[format, ref length @ ..], rest)) = packed.split_first_chunk::<5>() else {
        return Err(damaged("is cut off"));
    };
    let format = Format::of(format).ok_or_else(|| damaged("is of an unknown format"))?;
    let rest = match format {
        Format::Summary1 | Format::Event1 => rest,
        Format::Summary2 | Format::Event2 | Format::Rendered1 | Format::Report1 => {
            match rest.split_first_chunk::<4>() {
                Some((stored, rest)) if *stored == sum(&[owner, length, rest]) => rest,
                _ => return Err(damaged("is not what was written")),
            }
        }
        Format::State => return Err(damaged("is of another kind")),
    };
    let length = usize::try_from(u32::from_le_bytes(*length))
        .ok()
        .filter(|length| *length <= UNPACKED_MAX_BYTES)
        .ok_or_else(|| damaged("is too long"))?;
    Ok((format, length, rest))
}

/// The form, the block of what was rendered, and the summary by DEFLATE.
fn parts(rest: &[u8]) -> Result<(u8, &[u8], &[u8])> {
    let parts = rest.split_first_chunk::<5>().and_then(|(head, rest)| {
        let [form, length @ ..] = *head;
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        let (block, deflated) = rest.split_at_checked(length)?;
        Some((form, block, deflated))
    });
    parts.ok_or_else(|| damaged("is cut off"))
}

fn unpack_block(format: Format, length: usize, block: &[u8]) -> Result<Vec<u8>> {
    let bytes = lz4_flex::block::decompress_with_dict(block, length, format.dictionary())
        .map_err(|_| damaged("cannot be unpacked"))?;
    if bytes.len() == length {
        Ok(bytes)
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
mod tests;
