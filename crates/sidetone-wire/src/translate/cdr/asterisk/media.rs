//! The figures of a channel's media, as its variables or ARI tell them. Jitter and round-trip times
//! are in seconds there.

use sidetone_core::media::{Counters, Stat};
use sidetone_core::vocabulary::StreamDirection;

use super::super::reading;
use crate::loose::{Object, rounded};

/// One direction of a channel's media.
pub(super) struct Stream {
    pub(super) direction: StreamDirection,
    pub(super) ssrc: Option<u32>,
    pub(super) counters: Counters,
}

/// Where a figure is told: its names in the channel variables, and the one in ARI.
type Name = (&'static [&'static str], &'static str);

/// The names of the figures of one direction.
struct Names {
    ssrc: Name,
    packets: Name,
    octets: Name,
    lost: Name,
    jitter: Name,
    jitter_min: Name,
    jitter_max: Name,
    jitter_avg: Name,
}

/// Of what the channel received, as Asterisk measured it.
const RECEIVED: Names = Names {
    ssrc: (&["themssrc"], "remote_ssrc"),
    packets: (&["rxcount"], "rxcount"),
    octets: (&["rxoctetcount"], "rxoctetcount"),
    lost: (&["lp"], "rxploss"),
    jitter: (&["rxjitter"], "rxjitter"),
    jitter_min: (&["minrxjitter"], "local_minjitter"),
    jitter_max: (&["maxrxjitter"], "local_maxjitter"),
    jitter_avg: (&["avgrxjitter"], "local_normdevjitter"),
};

/// Of what the channel sent, as the telephone reported it.
const SENT: Names = Names {
    ssrc: (&["ssrc"], "local_ssrc"),
    packets: (&["txcount"], "txcount"),
    octets: (&["txoctetcount"], "txoctetcount"),
    lost: (&["rlp"], "txploss"),
    jitter: (&["txjitter"], "txjitter"),
    jitter_min: (&["mintxjitter", "reported_minjitter"], "remote_minjitter"),
    jitter_max: (&["maxtxjitter", "reported_maxjitter"], "remote_maxjitter"),
    jitter_avg: (
        &["avgtxjitter", "reported_avgjitter"],
        "remote_normdevjitter",
    ),
};

/// The streams of which something is told.
pub(super) fn streams(row: Object<'_>, codec: Option<String>) -> Vec<Stream> {
    let figures = Figures { row };
    let directions = [
        (StreamDirection::Inbound, RECEIVED),
        (StreamDirection::Outbound, SENT),
    ];
    let mut streams = Vec::new();
    for (direction, names) in directions {
        let mut counters = figures.counters(&names);
        match direction {
            StreamDirection::Inbound => {
                counters.packets_received = figures.count(names.packets);
                counters.bytes_received = figures.count(names.octets);
                // There and back again belongs to no direction; it is told once.
                counters.rtt_ms = figures.stat([
                    (&["rtt"], "rtt"),
                    (&["minrtt"], "minrtt"),
                    (&["maxrtt"], "maxrtt"),
                    (&["avgrtt"], "normdevrtt"),
                ]);
            }
            _ => {
                counters.packets_sent = figures.count(names.packets);
                counters.bytes_sent = figures.count(names.octets);
            }
        }
        if !counters.is_empty() {
            counters.codec_name.clone_from(&codec);
            streams.push(Stream {
                direction,
                ssrc: figures
                    .count(names.ssrc)
                    .and_then(|ssrc| ssrc.try_into().ok())
                    .filter(|ssrc| *ssrc != 0),
                counters,
            });
        }
    }
    streams
}

struct Figures<'a> {
    row: Object<'a>,
}

impl Figures<'_> {
    fn counters(&self, names: &Names) -> Counters {
        Counters {
            packets_lost: self
                .count(names.lost)
                .and_then(|lost| i64::try_from(lost).ok()),
            jitter_ms: self.stat([
                names.jitter,
                names.jitter_min,
                names.jitter_max,
                names.jitter_avg,
            ]),
            ..Counters::default()
        }
    }

    /// The last, least, greatest and mean reading of a time, in ms. Zeros are those of what was not
    /// measured yet.
    fn stat(&self, names: [Name; 4]) -> Option<Stat> {
        let [value, min, max, avg] = names.map(|name| {
            let ms = self.number(name)? * 1000.0;
            reading(ms).filter(|ms| *ms > 0.0)
        });
        let stat = Stat {
            value,
            min,
            max,
            avg,
        };
        (stat != Stat::default()).then_some(stat)
    }

    fn count(&self, name: Name) -> Option<u64> {
        self.number(name).and_then(rounded)
    }

    fn number(&self, (variables, member): Name) -> Option<f64> {
        ["rtpaudioqos", "rtpaudioqosjitter", "rtpaudioqosrtt"]
            .iter()
            .filter_map(|field| self.row.str(field))
            .find_map(|pairs| variables.iter().find_map(|name| find(pairs, name)))
            .or_else(|| self.row.object("rtp_statistics").number(member))
    }
}

/// The number of a name in `name=number;name=number;…`.
fn find(pairs: &str, name: &str) -> Option<f64> {
    pairs
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, value)| value.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
}
