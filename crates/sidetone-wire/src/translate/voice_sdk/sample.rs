//! What an SDK measured in one second.
//!
//! Most figures are of the second: packets and octets, loss in percent, jitter and round-trip time in
//! milliseconds (the SDK has made them of the browser's seconds). `total_…` count from the beginning
//! of the call; of packets sent there is only the total. A score that the SDK could not compute is
//! null, and stays so. Where nothing came, it writes zeros for jitter and loss: nothing was measured.

use serde_json::Value;
use sidetone_core::bounds::{AUDIO_LEVEL, DELAY_MS, MOS, NAME_MAX_CHARS};
use sidetone_core::event::Observation;
use sidetone_core::media::{Counters, MediaSample, Stat};
use sidetone_core::vocabulary::{EdgeKind, MosMethod, StreamDirection};

use super::message::{Message, Told};
use crate::batch::Tally;
use crate::error::{DecodeError, InputPart};
use crate::loose::Object;
use crate::observed::Observed;
use crate::translate::cut;

/// Takes each sample by itself.
pub(super) fn translate(message: &Message<'_>, samples: &[Value]) -> Told {
    let mut told = Told {
        call: Some(message.call.clone()),
        observed: Vec::with_capacity(samples.len()),
        feedback: None,
        refused: Tally::default(),
    };
    for (number, sample) in (1..).zip(samples) {
        match observe(message, sample) {
            Ok(observed) => told.observed.push(observed),
            Err(error) => told.refused.add(error.at(InputPart::Item(number))),
        }
    }
    told
}

fn observe(message: &Message<'_>, sample: &Value) -> Result<Observed, DecodeError> {
    let figures = Object::of(Some(sample));
    let at = figures
        .time("timestamp")
        .ok_or_else(|| DecodeError::missing("timestamp", "the time of the sample (ISO 8601)"))?;
    let sample_of = MediaSample {
        edge: EdgeKind::Sdk,
        direction: StreamDirection::Both,
        ssrc: None,
        interval: interval(figures),
        cumulative: cumulative(figures),
        metadata: None,
    };
    let observation = Observation::Media(Box::new(sample_of));
    message.observe("sample", sample, at, observation)
}

fn interval(figures: Object<'_>) -> Counters {
    let reading = |key: &str, (min, max): (f64, f64)| {
        let value = figures.number(key)?;
        let stat = Stat {
            value: Some(value),
            ..Stat::default()
        };
        (min..=max).contains(&value).then_some(stat)
    };
    let mos = reading("mos", MOS);
    let (received, lost) = (
        figures.whole("packets_received"),
        figures.signed("packets_lost"),
    );
    let any_came = received != Some(0);
    let any_expected = any_came || lost.is_some_and(|lost| lost > 0);
    Counters {
        codec_name: figures
            .text("audio_codec")
            .map(|name| cut(name.to_lowercase(), NAME_MAX_CHARS)),
        packets_received: received,
        packets_sent: figures.whole("packets_sent"),
        packets_lost: lost,
        loss_percent: figures
            .number("packets_lost_fraction")
            .filter(|percent| any_expected && (0.0..=100.0).contains(percent)),
        bytes_received: figures.whole("bytes_received"),
        bytes_sent: figures.whole("bytes_sent"),
        jitter_ms: reading("jitter", DELAY_MS).filter(|_| any_came),
        rtt_ms: reading("rtt", DELAY_MS),
        mos,
        mos_method: mos.map(|_| MosMethod::Sdk),
        audio_in: reading("audio_level_in", AUDIO_LEVEL),
        audio_out: reading("audio_level_out", AUDIO_LEVEL),
        ..Counters::default()
    }
}

fn cumulative(figures: Object<'_>) -> Counters {
    Counters {
        packets_received: figures.whole("total_packets_received"),
        packets_sent: figures.whole("total_packets_sent"),
        packets_lost: figures.signed("total_packets_lost"),
        bytes_received: figures.whole("total_bytes_received"),
        bytes_sent: figures.whole("total_bytes_sent"),
        ..Counters::default()
    }
}
