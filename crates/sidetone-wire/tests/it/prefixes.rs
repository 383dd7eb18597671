//! Input cut off anywhere, and input with any one byte changed, gives an event or an error, never a
//! panic.

use crate::doors::{Input, decode, fixtures};

/// The fixtures; those of many lines line by line, since a line's decoder does not know the lines
/// before.
fn pieces() -> impl Iterator<Item = (Input, Vec<Vec<u8>>)> {
    fixtures().into_iter().map(|input| {
        let pieces = if input.name.ends_with(".ndjson") {
            input
                .bytes
                .split_inclusive(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect()
        } else {
            vec![input.bytes.clone()]
        };
        (input, pieces)
    })
}

#[test]
fn every_prefix_of_every_fixture_is_decoded() {
    for (input, pieces) in pieces() {
        for piece in pieces {
            for length in 0..=piece.len() {
                decode(&input.door, &piece[..length]);
            }
        }
    }
}

#[test]
fn every_fixture_is_decoded_with_a_byte_changed() {
    for (input, pieces) in pieces() {
        for piece in pieces {
            for at in 0..piece.len() {
                let mut bytes = piece.clone();
                bytes[at] = [b'"', b'{', b'%', 0xff, b'9'][at % 5];
                decode(&input.door, &bytes);
            }
        }
    }
}
