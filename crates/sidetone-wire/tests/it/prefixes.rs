//! Input cut off anywhere, and input with any one byte changed, gives an event or an error, never a panic.

use crate::doors::{decode, fixtures};

#[test]
fn every_prefix_of_every_fixture_is_decoded() {
    for input in fixtures() {
        for length in 0..=input.bytes.len() {
            decode(&input.door, &input.bytes[..length]);
        }
    }
}

#[test]
fn every_fixture_is_decoded_with_a_byte_changed() {
    for input in fixtures() {
        for at in 0..input.bytes.len() {
            let mut bytes = input.bytes.clone();
            bytes[at] = [b'"', b'{', b'%', 0xff, b'9'][at % 5];
            decode(&input.door, &bytes);
        }
    }
}
