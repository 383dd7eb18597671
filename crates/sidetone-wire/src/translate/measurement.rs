//! Media figures as the v1 API and its events write them.

use std::collections::BTreeMap;

use serde_json::Value;
use sidetone_core::bounds::{AUDIO_LEVEL, DELAY_MS, ITEMS_MAX, MOS};
use sidetone_core::media::{Counters, Stat};
use sidetone_core::vocabulary::{EdgeKind, MosMethod};

use crate::loose::{Object, number};

/// Reads the figures of one stream. Members that are missing or of another type stay `None`.
pub(super) fn counters(edge: EdgeKind, figures: Object<'_>) -> Counters {
    let mos = stat(figures, "mos", MOS);
    Counters {
        codec: figures.narrow("codec").filter(|codec| *codec <= 127),
        // SDKs put the codec's name where gateways put its number.
        codec_name: figures
            .str("codec_name")
            .or_else(|| {
                figures
                    .str("codec")
                    .filter(|name| name.parse::<u8>().is_err())
            })
            .map(str::to_lowercase),
        packets_received: figures.whole("packets_received"),
        packets_sent: figures.whole("packets_sent"),
        packets_lost: figures.signed("packets_lost"),
        loss_percent: figures
            .number("packets_loss_percentage")
            .filter(|percent| (0.0..=100.0).contains(percent)),
        bytes_received: figures.whole("bytes_received"),
        bytes_sent: figures.whole("bytes_sent"),
        jitter_ms: stat(figures, "jitter", DELAY_MS),
        latency_ms: stat(figures, "latency", DELAY_MS),
        rtt_ms: stat(figures, "rtt", DELAY_MS),
        mos,
        mos_method: mos.map(|_| match edge {
            EdgeKind::Sdk => MosMethod::Sdk,
            EdgeKind::Carrier | EdgeKind::Sip | EdgeKind::Client | EdgeKind::Unknown => {
                MosMethod::Reported
            }
        }),
        audio_in: stat(figures, "audio_in", AUDIO_LEVEL),
        audio_out: stat(figures, "audio_out", AUDIO_LEVEL),
        delayed_packets: delayed_packets(figures.object("packet_delay_variation")),
    }
}

/// `{value, min, max, avg}`, any of them, or a bare number. One that is out of range is left out
/// whole.
fn stat(figures: Object<'_>, key: &str, (min, max): (f64, f64)) -> Option<Stat> {
    let given = figures.value(key)?;
    let stat = match given {
        Value::Object(_) => {
            let given = Object::of(Some(given));
            Stat {
                value: given.number("value"),
                min: given.number("min"),
                max: given.number("max"),
                avg: given.number("avg"),
            }
        }
        other => Stat {
            value: number(other),
            ..Stat::default()
        },
    };
    (stat != Stat::default() && stat.is_within(min, max)).then_some(stat)
}

/// `d50`, `d70`, …: how many packets came later than so many ms.
fn delayed_packets(variation: Object<'_>) -> BTreeMap<u16, u64> {
    variation
        .members()
        .filter_map(|(key, _)| {
            let ms = key.strip_prefix('d')?.parse().ok()?;
            Some((ms, variation.whole(key)?))
        })
        .take(ITEMS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_figure_is_an_object_or_a_number() {
        let value = json!({
            "jitter": {"avg": 1.5, "max": 9}, "rtt": 20, "mos": {"value": 4.2}, "latency": {}, "audio_in": "x",
            "audio_out": {"max": 40_000}, "packets_lost": -3, "packets_loss_percentage": 101, "codec": "Opus",
            "packet_delay_variation": {"d50": 7, "d300": "1", "x": 1, "d": 2},
        });
        let counters = counters(EdgeKind::Sdk, Object::of(Some(&value)));
        assert_eq!(counters.jitter_ms.unwrap().max, Some(9.0));
        assert_eq!(counters.rtt_ms.unwrap().value, Some(20.0));
        assert_eq!(counters.mos_method, Some(MosMethod::Sdk));
        assert_eq!(counters.latency_ms, None);
        assert_eq!(counters.audio_in, None);
        assert_eq!(counters.audio_out, None);
        assert_eq!(counters.packets_lost, Some(-3));
        assert_eq!(counters.loss_percent, None);
        assert_eq!(counters.codec, None);
        assert_eq!(counters.codec_name.as_deref(), Some("opus"));
        assert_eq!(
            counters.delayed_packets,
            BTreeMap::from([(50, 7), (300, 1)])
        );
    }
}
