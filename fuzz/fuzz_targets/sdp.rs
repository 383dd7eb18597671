//! Any bytes are a session description of so many streams, each of which can be asked everything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::sdp;

fuzz_target!(|description: &[u8]| {
    for media in sdp::media(description) {
        assert_eq!(media.rtp.map(|rtp| rtp.port()), media.rtp.map(|_| media.port));
        assert!(media.rtp.is_some() || media.rtcp.is_none());
        assert!(media.payload_types().count() <= 128);
        if let Some(codec) = media.codec() {
            assert!(media.payload_types().any(|known| known == codec.payload_type));
        }
        media.ssrcs().count();
        media.rtpmaps().count();
    }
});
