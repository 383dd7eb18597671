//! Any body gives events and refusals, the same ones however it is cut into chunks; what is taken
//! can be read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::event::CallEvent;
use sidetone_core::fold::FoldState;
use sidetone_core::id::AccountSid;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
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
    for observed in batch.observed {
        read_back(&observed.place(AccountSid::from_bytes([1; 16])));
    }
});

/// Stores, folds and serves one event, and reads it back each time.
fn read_back(event: &CallEvent) {
    let again = CallEvent::from_stored_json(event.call, &event.to_stored_json());
    assert_eq!(&again.expect("a stored event can be read"), event);
    let mut state = FoldState::default();
    state.add(event);
    assert_eq!(FoldState::from_bytes(&state.to_bytes()), Some(state.clone()));
    let summary = state.summary(event.call, &Rules::built_in());
    let json = serde_json::to_vec(&summary).expect("a summary is JSON");
    let read: CallSummary = serde_json::from_slice(&json).expect("a summary can be read");
    assert_eq!(CallSummary { call: event.call, ..read }, summary);
}
