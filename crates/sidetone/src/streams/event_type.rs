//! The types of events that sinks may be sent, and the schemas of their data.

use sidetone_core::closed_set;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store::sinks::SinkKind;

/// What the name of every type begins with.
pub const PREFIX: &str = "com.twilio.voice.insights.";

/// Since when there are these types, and the schemas in all their versions: 30 November 2026.
pub const PUBLISHED: TimeUs = TimeUs::from_micros(20_787 * DAY_US);

closed_set!(
    /// What the data of an event is, by the identifier of its schema.
    Schema {
        /// The summary of a call.
        CallSummary = "VoiceInsights.CallSummary",
        /// An event of a call.
        CallEvent = "VoiceInsights.CallEvent",
        /// What an edge measured of a call for some seconds.
        CallMetric = "VoiceInsights.CallMetric",
    }
);

impl Schema {
    /// Its versions are those from 1 to this one.
    #[must_use]
    pub const fn latest(self) -> u32 {
        match self {
            Self::CallSummary => 7,
            Self::CallEvent => 3,
            Self::CallMetric => 2,
        }
    }

    /// What events name it by (`dataschema`): the original's URL, which receivers compare.
    #[must_use]
    pub fn url(self, version: u32) -> String {
        format!("https://events-schemas.twilio.com/{self}/{version}")
    }
}

closed_set!(
    /// A type of events.
    EventType {
        /// A summary that may still change.
        SummaryPartial = "com.twilio.voice.insights.call-summary.partial",
        /// A summary that is expected to stay as it is.
        SummaryPredictedComplete = "com.twilio.voice.insights.call-summary.predicted-complete",
        /// A summary that is complete.
        SummaryComplete = "com.twilio.voice.insights.call-summary.complete",
        /// What happened on the way of a call.
        EventGateway = "com.twilio.voice.insights.call-event.gateway",
        /// What an SDK told of a call.
        EventSdk = "com.twilio.voice.insights.call-event.sdk",
        /// What was measured on the way of a call.
        MetricsGateway = "com.twilio.voice.insights.call-metrics.gateway",
        /// What an SDK measured.
        MetricsSdk = "com.twilio.voice.insights.call-metrics.sdk",
    }
);

impl EventType {
    /// Its name without [`PREFIX`].
    #[must_use]
    pub fn kind(self) -> &'static str {
        let name = self.as_str();
        name.strip_prefix(PREFIX).unwrap_or(name)
    }

    /// What its data is.
    #[must_use]
    pub const fn schema(self) -> Schema {
        match self {
            Self::SummaryPartial | Self::SummaryPredictedComplete | Self::SummaryComplete => {
                Schema::CallSummary
            }
            Self::EventGateway | Self::EventSdk => Schema::CallEvent,
            Self::MetricsGateway | Self::MetricsSdk => Schema::CallMetric,
        }
    }

    /// The part of a call that it is about, as its path ends.
    #[must_use]
    pub const fn part(self) -> &'static str {
        match self.schema() {
            Schema::CallSummary => "Summary",
            Schema::CallEvent => "Events",
            Schema::CallMetric => "Metrics",
        }
    }

    /// What Segment calls it.
    #[must_use]
    pub const fn track_name(self) -> &'static str {
        match self {
            Self::SummaryPartial => "Call Summary Updated",
            Self::SummaryPredictedComplete => "Call Summary Predicted Complete",
            Self::SummaryComplete => "Call Summary Completed",
            Self::EventGateway | Self::EventSdk => "Call Event",
            Self::MetricsGateway | Self::MetricsSdk => "Call Metrics",
        }
    }

    /// What it tells, for people.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::SummaryPartial => "The summary of a call, which may still change.",
            Self::SummaryPredictedComplete => {
                "The summary of a call that is expected to change no more."
            }
            Self::SummaryComplete => {
                "The complete summary of a call; again when its annotation changes."
            }
            Self::EventGateway => "An event of a call, as gateways and the network saw it.",
            Self::EventSdk => "An event of a call, as an SDK told it.",
            Self::MetricsGateway => {
                "What gateways and the network measured of a call within some seconds."
            }
            Self::MetricsSdk => "What an SDK measured of a call within some seconds.",
        }
    }

    /// Whether a kind of sink can be sent it. Segment takes what is known of calls as a whole, as
    /// upstream.
    #[must_use]
    pub fn suits(self, sink: SinkKind) -> bool {
        match sink {
            SinkKind::Webhook | SinkKind::Otlp | SinkKind::S3 => true,
            SinkKind::Segment => self.schema() == Schema::CallSummary,
            // They are told of alerts.
            SinkKind::Alertmanager
            | SinkKind::AlertWebhook
            | SinkKind::Slack
            | SinkKind::PagerDuty
            | SinkKind::Teams
            | SinkKind::Email => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use sidetone_core::time::day_text;

    use super::*;

    #[test]
    fn a_type_is_known_by_its_whole_name() {
        assert_eq!(EventType::EventSdk.kind(), "call-event.sdk");
        for known in EventType::ALL {
            assert!(known.as_str().starts_with(PREFIX));
            assert_eq!(known.as_str().parse(), Ok(*known));
        }
        for other in [
            "call-summary.complete",
            "com.twilio.voice.insights.conference-summary.complete",
            "com.twilio.voice.insights.",
        ] {
            assert!(other.parse::<EventType>().is_err(), "{other}");
        }
    }

    #[test]
    fn schemas_are_named_as_upstream() {
        assert_eq!(
            Schema::CallSummary.url(7),
            "https://events-schemas.twilio.com/VoiceInsights.CallSummary/7"
        );
        assert_eq!(day_text(PUBLISHED.day()), "2026-11-30");
    }

    #[test]
    fn segment_takes_summaries_alone() {
        let all = || EventType::ALL.iter().copied();
        let taken: Vec<_> = all().filter(|it| it.suits(SinkKind::Segment)).collect();
        assert_eq!(taken, &EventType::ALL[..3]);
        for kind in [SinkKind::Webhook, SinkKind::Otlp, SinkKind::S3] {
            assert!(all().all(|it| it.suits(kind)));
        }
    }
}
