//! Any body gives events and refusals, the same ones however it is cut into chunks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::batch::Batch;
use sidetone_wire::translate::native::{NativeReader, decode_all};

fuzz_target!(|body: &[u8]| {
    let size = body.first().map_or(1, |byte| usize::from(*byte) + 1);
    let mut batch = Batch::default();
    let mut reader = NativeReader::default();
    for chunk in body.chunks(size) {
        reader.feed(chunk, &mut batch);
    }
    reader.finish(&mut batch);
    assert_eq!(batch, decode_all(body));
});
