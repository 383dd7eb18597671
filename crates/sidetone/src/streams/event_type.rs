//! The types of events that sinks may be sent, and the schemas of their data.

use sidetone_core::closed_set;
use sidetone_core::id::{AlertSid, CallSid};
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store::sinks::SinkKind;

/// What the name of every type of Twilio's begins with.
pub const PREFIX: &str = "com.twilio.voice.insights.";

closed_set!(
    /// What the data of an event is, by the identifier of its schema.
    Schema {
        /// The summary of a call.
        CallSummary = "VoiceInsights.CallSummary",
        /// An event of a call.
        CallEvent = "VoiceInsights.CallEvent",
        /// What an edge measured of a call for some seconds.
        CallMetric = "VoiceInsights.CallMetric",
        /// An alert. Ours.
        Alert = "Sidetone.Alert",
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
            Self::Alert => 1,
        }
    }

    /// Whether it is of calls; else of alerts.
    #[must_use]
    pub const fn is_of_call(self) -> bool {
        !matches!(self, Self::Alert)
    }

    /// Since when it is here, in all its versions: 30 November 2026, that of alerts a day later.
    #[must_use]
    pub const fn published(self) -> TimeUs {
        let day = if self.is_of_call() { 20_787 } else { 20_788 };
        TimeUs::from_micros(day * DAY_US)
    }

    /// What events name it by (`dataschema`): the original's URL, which receivers compare. What is ours
    /// has no place that all servers share.
    #[must_use]
    pub fn url(self, version: u32) -> String {
        match self {
            Self::Alert => format!("urn:sidetone:schema:{self}:{version}"),
            _ => format!("https://events-schemas.twilio.com/{self}/{version}"),
        }
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
        /// An alert that begins to fire. Ours, as what follows.
        AlertFired = "com.sidetone.alerts.alert.fired",
        /// An alert that is over.
        AlertResolved = "com.sidetone.alerts.alert.resolved",
    }
);

impl EventType {
    /// The type that is called so, without [`PREFIX`].
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.kind() == kind)
    }

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
            Self::AlertFired | Self::AlertResolved => Schema::Alert,
        }
    }

    /// The path of what it is about: a part of a call, or an alert.
    #[must_use]
    pub fn source(self, subject: [u8; 16]) -> String {
        let part = match self.schema() {
            Schema::CallSummary => "Summary",
            Schema::CallEvent => "Events",
            Schema::CallMetric => "Metrics",
            Schema::Alert => return format!("/v1/Voice/Alerts/{}", AlertSid::from_bytes(subject)),
        };
        format!("/v1/Voice/{}/{part}", CallSid::from_bytes(subject))
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
            Self::AlertFired => "Alert Fired",
            Self::AlertResolved => "Alert Resolved",
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
            Self::AlertFired => "An alert that fires: calls have broken a rule.",
            Self::AlertResolved => "An alert that is over.",
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
            let is_theirs = known.as_str().starts_with(PREFIX);
            assert_eq!(is_theirs, known.schema().is_of_call());
            assert_eq!(known.as_str().parse(), Ok(*known));
            assert_eq!(EventType::of_kind(known.kind()), Some(*known));
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
        assert_eq!(
            day_text(Schema::CallSummary.published().day()),
            "2026-11-30"
        );
        assert_eq!(Schema::Alert.url(1), "urn:sidetone:schema:Sidetone.Alert:1");
        assert_eq!(day_text(Schema::Alert.published().day()), "2026-12-01");
    }

    #[test]
    fn events_say_what_they_are_about() {
        let source = |kind: EventType| kind.source([0xab; 16]);
        let sid = "ab".repeat(16);
        assert_eq!(
            source(EventType::EventSdk),
            format!("/v1/Voice/CA{sid}/Events")
        );
        assert_eq!(
            source(EventType::AlertFired),
            format!("/v1/Voice/Alerts/AF{sid}")
        );
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
