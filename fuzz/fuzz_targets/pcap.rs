//! Any file is a capture or none; each datagram is part of it, and after an error there is nothing more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::pcap;

fuzz_target!(|file: &[u8]| {
    let Ok(mut datagrams) = pcap::datagrams(file) else {
        return;
    };
    let mut bytes = 0;
    while let Some(datagram) = datagrams.next() {
        match datagram {
            Ok(datagram) => bytes += datagram.payload.len(),
            Err(_) => assert_eq!(datagrams.next(), None),
        }
    }
    assert!(bytes <= file.len());
});
