//! Packets as capture agents see them: few addresses, numbers and tags, so that they often belong
//! together.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use sidetone_core::capture::Capture;
use sidetone_core::rtcp::{ReportBlock, RtcpReport, SenderInfo, VoipMetrics};
use sidetone_core::sip::{Codec, IpLocation, Media, Party, Reason, SipMessage, StartLine};
use sidetone_core::vq::{VqMetrics, VqReport};

/// Caller, two proxies, callee.
const HOSTS: [&str; 4] = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "[2001:db8::1]"];

fn capture(ports: &'static [u16]) -> impl Strategy<Value = Capture> {
    let address = move || {
        (select(&HOSTS[..]), select(ports))
            .prop_map(|(host, port)| format!("{host}:{port}").parse().unwrap())
    };
    (1_u32..3, address(), address()).prop_map(|(agent, source, destination)| Capture {
        agent,
        source,
        destination,
    })
}

fn media() -> impl Strategy<Value = Media> {
    let codec = select(vec![
        ("pcmu", 0, 8_000),
        ("opus", 96, 48_000),
        ("none", 1, 0),
    ]);
    let address = (select(&HOSTS[..]), 10_000_u16..10_004)
        .prop_map(|(host, port)| format!("{host}:{port}").parse().unwrap());
    (
        of(address),
        select(vec!["", "sendonly", "inactive"]),
        vec(0_u32..4, 0..2),
        of(codec),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(rtcp, direction, ssrcs, codec, (is_refused, is_encrypted))| Media {
                kind: "audio".to_owned(),
                rtp: rtcp,
                rtcp,
                direction: direction.to_owned(),
                is_refused,
                is_encrypted,
                ssrcs,
                codec: codec.map(|(name, payload_type, clock_hz)| Codec {
                    payload_type,
                    name: name.to_owned(),
                    clock_hz,
                }),
            },
        )
}

fn location() -> impl Strategy<Value = Option<IpLocation>> {
    let city = of(select(vec!["Boston", "Berlin"]));
    of((select(vec!["US", "DE"]), city)).prop_map(|location| {
        location.map(|(country_code, city)| IpLocation {
            country_code: country_code.to_owned(),
            city: city.map(str::to_owned),
        })
    })
}

pub(super) fn sip() -> impl Strategy<Value = SipMessage> {
    let start = prop_oneof![
        3 => Just(StartLine::Request("sip:b@example.com".to_owned())),
        4 => select(vec![100, 180, 183, 200, 302, 401, 407, 408, 480, 486, 487, 500, 503, 603, 699])
            .prop_map(StartLine::Response),
    ];
    let party = || {
        (
            select(vec!["+12025550100", "sip:a@example.com", ""]),
            of(select(vec!["a", "b"])),
        )
            .prop_map(|(address, tag)| Party {
                host: None,
                address: address.to_owned(),
                tag: tag.map(str::to_owned),
            })
    };
    let method = prop_oneof![
        6 => Just("INVITE"),
        2 => Just("BYE"),
        1 => Just("CANCEL"),
        2 => Just("ACK"),
        1 => Just("UPDATE"),
        1 => Just("INFO"),
    ];
    let reason =
        (select(vec!["Q.850", "SIP"]), of(any::<u16>())).prop_map(|(protocol, cause)| Reason {
            protocol: protocol.to_owned(),
            cause,
            text: None,
        });
    (
        (capture(&[5060, 5061]), start, 1_u32..3, method, 0_u8..4),
        (party(), party(), vec(reason, 0..2), vec(media(), 0..2)),
        select(vec!["one@example.com", "two@example.com"]),
        (location(), location()),
        vec(
            select(vec!["", "z9hG4bKa", "z9hG4bKb", "z9hG4bKc", "d"]),
            0..4,
        ),
    )
        .prop_map(
            |(
                (capture, start, cseq, method, hops),
                (from, to, reasons, media),
                call_id,
                (source_location, destination_location),
                branches,
            )| {
                let branches = branches.into_iter().map(str::to_owned).collect();
                SipMessage {
                    capture,
                    start,
                    call_id: call_id.to_owned(),
                    cseq,
                    method: method.to_owned(),
                    hops,
                    branches,
                    from,
                    to,
                    asserted: None,
                    verstat: None,
                    diverted_by: Vec::new(),
                    user_agent: Some(format!("agent {hops}")),
                    reasons,
                    passports: Vec::new(),
                    media,
                    source_location,
                    destination_location,
                    parent: None,
                    text: "text".to_owned(),
                }
            },
        )
}

pub(super) fn rtcp() -> impl Strategy<Value = RtcpReport> {
    let block = (
        0_u32..4,
        any::<u8>(),
        -9_000_000_i32..9_000_000,
        any::<u32>(),
        any::<u32>(),
        0_u32..3,
        any::<u32>(),
    )
        .prop_map(
            |(ssrc, fraction_lost, lost, highest_seq, jitter_rtp, lsr, dlsr)| ReportBlock {
                ssrc,
                fraction_lost,
                lost,
                highest_seq,
                jitter_rtp,
                lsr,
                dlsr,
            },
        );
    let sender = (0_u64..3, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(middle, rtp, packets, octets)| SenderInfo {
            ntp: middle << 16,
            rtp,
            packets,
            octets,
        },
    );
    let quality = (0_u32..4, of(0.0..100.0), of(1_u16..500), of(1.0..5.0)).prop_map(
        |(ssrc, loss_percent, round_trip_ms, mos_lq)| VoipMetrics {
            ssrc,
            loss_percent,
            round_trip_ms,
            mos_lq,
            ..VoipMetrics::default()
        },
    );
    (
        capture(&[10_000, 10_001, 10_002]),
        0_u32..4,
        of(sender),
        vec(block, 0..3),
        vec(quality, 0..2),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(capture, ssrc, sender, blocks, voip_metrics, (is_silent, is_encrypted))| RtcpReport {
                capture,
                ssrc,
                sender,
                blocks,
                voip_metrics,
                is_silent,
                is_encrypted,
            },
        )
}

pub(super) fn vq() -> impl Strategy<Value = VqReport> {
    let occasion = select(vec![(true, true), (false, true), (false, false)]);
    (
        occasion,
        0_u32..4,
        of(0_u32..4),
        of(1.0..5.0),
        of(0.0..100.0),
    )
        .prop_map(
            |((is_final, is_session), local, remote, mos_lq, loss)| VqReport {
                capture: None,
                is_final,
                is_session,
                local_id: None,
                remote_id: None,
                local_ssrc: Some(local),
                remote_ssrc: remote,
                local_ip: None,
                local: VqMetrics {
                    mos_lq,
                    loss_percent: loss,
                    ..VqMetrics::default()
                },
                remote: None,
            },
        )
}
