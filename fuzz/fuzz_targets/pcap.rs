//! Any file is a capture or none; each datagram is part of it, after an error there is nothing
//! more, and it does not matter by how many bytes the file is read.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use sidetone_wire::pcap;

/// Gives a few bytes at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(7);
        self.0.read(&mut buffer[..most])
    }
}

fuzz_target!(|file: &[u8]| {
    let whole = pcap::datagrams(file);
    let pieces = pcap::datagrams(Trickle(file));
    let (Ok(mut whole), Ok(mut pieces)) = (whole, pieces) else {
        assert_eq!(pcap::datagrams(file).err(), pcap::datagrams(Trickle(file)).err());
        return;
    };
    assert!(pcap::is_capture(file));
    let mut bytes = 0;
    while let Some(datagram) = whole.next() {
        assert_eq!(pieces.next().as_ref(), Some(&datagram));
        match datagram {
            Ok(datagram) => bytes += datagram.payload.len(),
            Err(_) => assert_eq!(whole.next(), None),
        }
    }
    assert_eq!((pieces.next(), pieces.skipped()), (None, whole.skipped()));
    assert!(bytes <= file.len());
});
