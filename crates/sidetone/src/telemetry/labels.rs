//! The words that things are counted by.

use std::fmt::{Error, Write};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// Declares a closed set of words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// As counters and log lines call it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), Error> {
                encoder.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// Where something comes from: by which door, from which protocol, or from time itself.
    Source {
        /// Status and recording callbacks.
        StatusCallback = "status_callback",
        /// Event Streams.
        EventStreams = "event_streams",
        /// Events as NDJSON or an array.
        Native = "native",
        /// Records of `FreeSWITCH`.
        FreeSwitch = "freeswitch",
        /// Records of Asterisk.
        Asterisk = "asterisk",
        /// Packets in the body of a request.
        Hep = "hep",
        /// Events and samples of voice SDKs.
        VoiceSdk = "voice_sdk",
        /// A path below those doors that is none.
        Ingest = "ingest",
        /// Any other request, or a connection.
        Http = "http",
        /// A timer that ran out.
        Timer = "timer",
        /// Messages within packets.
        Sip = "sip",
        /// Reports within packets.
        Rtcp = "rtcp",
    }

    /// What became of an event.
    EventResult {
        /// It is kept.
        Accepted = "accepted",
        /// It was there already.
        Duplicate = "duplicate",
        /// It cannot be read, or its call takes no more.
        Rejected = "rejected",
        /// It is of a kind that means nothing here.
        Ignored = "ignored",
    }

    /// Why a request or a connection was refused.
    RefusalReason {
        /// What it says makes no sense.
        Invalid = "invalid",
        /// It came without credentials.
        NoCredentials = "no_credentials",
        /// There is no such path.
        NoSuchPath = "no_such_path",
        /// The path does not have the method.
        Method = "method",
        /// Its body took too long.
        Timeout = "timeout",
        /// Its body is too large.
        TooLarge = "too_large",
        /// Some of its events were refused, others taken.
        InPart = "in_part",
        /// It is signed, and names no account.
        NoAccount = "no_account",
        /// It is signed, and names an account that is not here.
        UnknownAccount = "unknown_account",
        /// Its signature does not fit.
        Signature = "signature",
        /// Its access token is not valid.
        Token = "token",
        /// Its access token does not allow it.
        NotAllowed = "not_allowed",
        /// No TLS where TLS is on.
        TlsHandshake = "tls_handshake",
        /// It is not HTTP.
        NotHttp = "not_http",
    }

    /// How packets came.
    Transport {
        /// HEP datagrams.
        Udp = "udp",
        /// HEP in a stream, encrypted or not.
        Tcp = "tcp",
        /// The body of a request.
        Http = "http",
        /// A capture file, read by the command line.
        File = "file",
        /// SIP requests to a port of ours.
        Sip = "sip",
    }

    /// What became of a packet.
    PacketResult {
        /// It is kept.
        Accepted = "accepted",
        /// It was there already.
        Duplicate = "duplicate",
        /// Its call was erased or has expired.
        Erased = "erased",
        /// The events of its call have expired.
        Expired = "expired",
        /// Its call takes no more.
        Full = "full",
        /// The store could not take it.
        NotKept = "not_kept",
        /// It is there to keep a way open.
        KeepAlive = "keepalive",
        /// It holds something else than calls are made of.
        OtherKind = "other_kind",
        /// It is of no call.
        NotACall = "not_a_call",
        /// Nothing tells which call it is of.
        Uncorrelated = "uncorrelated",
        /// There is no account to keep it for.
        NoAccount = "no_account",
        /// It cannot be read.
        Malformed = "malformed",
        /// It is of an older version of HEP.
        Version = "version",
        /// Nobody knows its agent.
        RefusedAgent = "refused_agent",
        /// Its agent has not shown its key.
        RefusedKey = "refused_key",
        /// Its sender may not send from where it does.
        RefusedSource = "refused_source",
        /// The kernel had no room for it.
        KernelDropped = "kernel_dropped",
        /// We had no room for it.
        QueueFull = "queue_full",
        /// It is a request to the SIP port, and no report.
        NotAReport = "not_a_report",
    }

    /// Where the clock of an agent is.
    ClockReason {
        /// Behind ours.
        Past = "past",
        /// Ahead of ours.
        Future = "future",
    }

    /// Who works beside the requests.
    WorkerName {
        /// Makes summaries of events.
        Fold = "fold",
        /// Makes events of timers that ran out.
        Timers = "timers",
        /// Makes summaries of feedback.
        FeedbackSummaries = "feedback_summaries",
        /// Writes segments for statistics.
        Statistics = "statistics",
        /// Serves the endpoints that deliveries go to.
        Deliveries = "deliveries",
        /// Looks at every call after an unclean stop.
        Recheck = "recheck",
        /// Notices accounts and keys that other processes changed.
        Accounts = "accounts",
        /// Follows the rules of sides that other nodes publish.
        Sides = "sides",
        /// Makes calls of what voice SDKs told and nothing named.
        SdkCalls = "sdk_calls",
        /// Drops followers of the change feed that stay behind.
        Followers = "followers",
        /// Follows changes for those who watch calls.
        Live = "live",
        /// Tells sinks of calls.
        Streams = "streams",
        /// Holds calls to rules.
        Alerts = "alerts",
        /// Watches the disk of the data.
        Disk = "disk",
        /// Keeps what accounts leave within bounds.
        Quotas = "quotas",
        /// Removes what is too old.
        Retention = "retention",
    }

    /// What accounts had too much of.
    OverQuota {
        /// Deliveries that waited, and were given up.
        Delivery = "delivery",
        /// Dead letters, which were forgotten.
        DeadLetter = "dead_letter",
        /// Feedback summaries, which were forgotten.
        FeedbackSummary = "feedback_summary",
    }

    /// What is removed when it is too old.
    Removed {
        /// Calls with all that was left of them.
        Calls = "calls",
        /// Events of calls whose summaries stay.
        Events = "events",
        /// Deliveries that were given up.
        DeadLetters = "dead_letters",
        /// Finished summaries of feedback.
        FeedbackSummaries = "feedback_summaries",
        /// Batches of annotations of which no call is left.
        AnnotationBatches = "annotation_batches",
        /// What remained of calls.
        Tombstones = "tombstones",
        /// Reports.
        Reports = "reports",
        /// Sessions that were over.
        Sessions = "sessions",
        /// Entries of the log of what was done.
        AuditEntries = "audit_entries",
        /// Alerts that were over.
        Alerts = "alerts",
    }

    /// What became of an attempt to deliver.
    DeliveryResult {
        /// It arrived.
        Delivered = "delivered",
        /// It is tried again.
        Failed = "failed",
        /// It was given up.
        Dead = "dead",
    }
}

/// What is wrong with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketReason {
    /// Nothing, or the result says it all.
    None,
    /// Its bytes: what, in the few fixed words of whoever reads them.
    Bytes(&'static str),
    /// It is HTTP.
    Http,
    /// It is SIP as it is, not within HEP.
    Sip,
    /// It is TLS.
    Tls,
    /// No TLS came where TLS is on.
    TlsHandshake,
    /// Its agent has a key and sent none.
    NoKey,
    /// Its agent sent another key.
    AnotherKey,
    /// It is a whole connection.
    Connection,
    /// Bytes between packets belong to none.
    BetweenPackets,
    /// The stream ended before the packet did.
    StreamEnded,
    /// The body ended before the packet did.
    BodyEnded,
    /// It is the response to a request.
    Response,
    /// It is an ACK.
    Ack,
    /// A SIP request lacks a header that every one has.
    NoHeader,
}

impl PacketReason {
    /// As counters and log lines call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bytes(what) => what,
            Self::Http => "HTTP",
            Self::Sip => "SIP",
            Self::Tls => "TLS",
            Self::TlsHandshake => "TLS handshake",
            Self::NoKey => "no key",
            Self::AnotherKey => "another key",
            Self::Connection => "connection",
            Self::BetweenPackets => "bytes between packets",
            Self::StreamEnded => "stream ended within a packet",
            Self::BodyEnded => "body ended within a packet",
            Self::Response => "response",
            Self::Ack => "ACK",
            Self::NoHeader => "SIP request without a header it needs",
        }
    }
}

impl EncodeLabelValue for PacketReason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), Error> {
        encoder.write_str(self.as_str())
    }
}

/// Labels of an event counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EventLabels {
    pub(super) source: Source,
    pub(super) result: EventResult,
}

/// Labels of a packet counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PacketLabels {
    pub(super) transport: Transport,
    pub(super) result: PacketResult,
    pub(super) reason: PacketReason,
}

/// Labels of a counter of repairs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RepairLabels {
    pub(super) source: Source,
    /// That of a [`sidetone_wire::repairs::Repair`].
    pub(super) reason: &'static str,
}

/// Labels of a counter of wrong clocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ClockLabels {
    pub(super) transport: Transport,
    pub(super) reason: ClockReason,
}

/// Labels of a request counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StatusLabels {
    pub(super) status: u16,
}

/// Labels of a counter of refusals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefusalLabels {
    pub(super) door: Source,
    pub(super) reason: RefusalReason,
}

/// Labels of a delivery counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DeliveryLabels {
    pub(super) result: DeliveryResult,
}

/// Labels of the counter of what accounts had too much of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct QuotaLabels {
    pub(super) what: OverQuota,
}

/// Labels of a counter of what was removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RemovedLabels {
    pub(super) what: Removed,
}

/// Labels of the counters of workers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WorkerLabels {
    pub(super) worker: WorkerName,
}
