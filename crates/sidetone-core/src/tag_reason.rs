//! Why a tag was raised: the figures that crossed their limits, or who said so.

use serde::{Deserialize, Serialize};

use crate::media::{Counters, Stat};
use crate::vocabulary::{StreamDirection, Tag};

closed_set!(
    /// A figure that is held to a limit.
    Measure {
        /// Share of packets lost, in percent.
        PacketLoss = "packets_loss_percentage",
        /// Mean interarrival jitter, ms.
        JitterMean = "jitter_avg",
        /// Largest interarrival jitter, ms.
        JitterMax = "jitter_max",
        /// Share of packets later than 200 ms, in percent.
        LatePackets = "late_packets_percentage",
        /// Mean time from ingress to egress of the platform, ms.
        Latency = "latency_avg",
        /// Mean round-trip time, ms.
        RoundTrip = "rtt_avg",
        /// Mean opinion score, 1–5.
        Mos = "mos_avg",
        /// Packets that came; of an outbound stream, those that its receiver reports.
        PacketsReceived = "packets_received",
        /// Packets that were sent.
        PacketsSent = "packets_sent",
        /// Post-dial delay, ms.
        PostDialDelay = "pdd_ms",
        /// From the answer to the end, s.
        ConnectDuration = "connect_duration",
        /// From start to end, s, where the time of the answer is not known.
        Duration = "duration",
    }
);

closed_set!(
    /// On which side of its limit a figure is bad.
    Bound {
        /// Greater than the limit.
        Above = "above",
        /// The limit, or greater.
        AtLeast = "at_least",
        /// Less than the limit.
        Below = "below",
    }
);

closed_set!(
    /// Why no figure stands behind a tag.
    NoFigure {
        /// Whoever reported the call, or its edge, said so and gave no figures that do.
        Reported = "reported",
        /// It is another system's, as its summary came.
        Imported = "imported",
        /// The SDK told of it as an event.
        SdkEvent = "sdk_event",
        /// The summary was made before reasons were kept; folding the call anew finds them.
        NotKept = "not_kept",
    }
);

/// A limit that a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Which figure.
    pub measure: Measure,
    /// On which side of it the figure is bad.
    pub bound: Bound,
    /// In the unit of `measure`.
    pub limit: f64,
}

/// A figure on the wrong side of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Crossed {
    /// Which figure.
    pub measure: Measure,
    /// What it was, in the unit of `measure`.
    pub value: f64,
    /// On which side of the limit it is bad.
    pub bound: Bound,
    /// What it was held to, in the unit of `measure`.
    pub limit: f64,
}

/// Why a call or one of its edges has a tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagReason {
    /// The tag.
    pub tag: Tag,
    /// Which stream of the edge. `None`: it is not about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<StreamDirection>,
    /// Whether the figures are those of the worst of several synchronisation sources of that
    /// direction, while those of all together are within the limits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_one_source: bool,
    /// The figures that raised it, all of which had to be beyond their limits. Empty: see
    /// `no_figure`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crossed: Vec<Crossed>,
    /// Why `crossed` is empty, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_figure: Option<NoFigure>,
}

impl TagReason {
    /// A tag that figures raised.
    #[must_use]
    pub const fn measured(
        tag: Tag,
        direction: Option<StreamDirection>,
        crossed: Vec<Crossed>,
    ) -> Self {
        Self {
            tag,
            direction,
            is_of_one_source: false,
            crossed,
            no_figure: None,
        }
    }

    /// A tag without figures.
    #[must_use]
    pub const fn without_figure(tag: Tag, why: NoFigure) -> Self {
        Self {
            tag,
            direction: None,
            is_of_one_source: false,
            crossed: Vec::new(),
            no_figure: Some(why),
        }
    }
}

impl Measure {
    /// Its unit: `ms`, `s`, `%`, `packets`; `score` for one of 1 to 5.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::PacketLoss | Self::LatePackets => "%",
            Self::JitterMean
            | Self::JitterMax
            | Self::Latency
            | Self::RoundTrip
            | Self::PostDialDelay => "ms",
            Self::Mos => "score",
            Self::PacketsReceived | Self::PacketsSent => "packets",
            Self::ConnectDuration | Self::Duration => "s",
        }
    }

    /// The figure of a stream. `None`: it was not measured, or is none of a stream.
    #[must_use]
    pub fn of_stream(self, counters: &Counters) -> Option<f64> {
        let mean = |stat: Option<Stat>| stat.and_then(Stat::mean);
        match self {
            Self::PacketLoss => counters.loss_percent,
            Self::JitterMean => mean(counters.jitter_ms),
            Self::JitterMax => counters
                .jitter_ms
                .and_then(|jitter| jitter.max.or(jitter.value)),
            Self::LatePackets => late_percent(counters),
            Self::Latency => mean(counters.latency_ms),
            Self::RoundTrip => mean(counters.rtt_ms),
            Self::Mos => mean(counters.mos),
            Self::PacketsReceived => counters.packets_received.map(as_figure),
            Self::PacketsSent => counters.packets_sent.map(as_figure),
            Self::PostDialDelay | Self::ConnectDuration | Self::Duration => None,
        }
    }
}

impl Limit {
    /// Whether a figure is on the wrong side of it.
    #[must_use]
    pub fn is_crossed_by(self, value: f64) -> bool {
        match self.bound {
            Bound::Above => value > self.limit,
            Bound::AtLeast => value >= self.limit,
            Bound::Below => value < self.limit,
        }
    }

    /// The figure, if it is on the wrong side of it.
    #[must_use]
    pub fn crossed_by(self, value: f64) -> Option<Crossed> {
        self.is_crossed_by(value).then_some(Crossed {
            measure: self.measure,
            value,
            bound: self.bound,
            limit: self.limit,
        })
    }
}

impl Crossed {
    /// How far beyond its limit it is, in the unit of its measure.
    #[must_use]
    pub fn excess(self) -> f64 {
        (self.value - self.limit).abs()
    }
}

/// A packet this late, ms, is useless to most receivers.
const LATE_MS: u16 = 200;

/// Share of packets that came too late. Bins overlap (later than 300 ms is later than 200 ms), so
/// the largest holds.
fn late_percent(counters: &Counters) -> Option<f64> {
    let late = counters.delayed_packets.range(LATE_MS..).map(|(_, n)| *n);
    let late = late.max()?;
    let packets = counters.packets_received.or(counters.packets_sent)?;
    (packets > 0).then(|| as_figure(late) * 100.0 / as_figure(packets))
}

/// A count as a figure.
#[expect(
    clippy::cast_precision_loss,
    reason = "packets, milliseconds and seconds of a call are far below 2^53"
)]
#[must_use]
pub const fn as_figure(count: u64) -> f64 {
    count as f64
}
