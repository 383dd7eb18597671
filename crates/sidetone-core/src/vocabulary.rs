//! The closed sets of words a call is described with. The text of each is the wire's.

/// Why a text is not one of a closed set of words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", .allowed.join(", "))]
pub struct UnknownWord {
    /// Every word of the set.
    pub allowed: &'static [&'static str],
}

/// Makes an enum of a closed set of words: each value with its word and its place in the set. Where
/// it is used, `serde` must be there.
#[macro_export]
macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The text of every value.
            pub const WORDS: &'static [&'static str] = &[$($text),+];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value's place in [`Self::ALL`]; stable, because values are only ever added at
            /// the end.
            #[must_use]
            pub const fn index(self) -> u8 {
                self as u8
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;

            fn from_str(text: &str) -> std::result::Result<Self, $crate::vocabulary::UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::vocabulary::UnknownWord { allowed: Self::WORDS }),
                }
            }
        }
    };
}

closed_set!(
    /// What kind of call it is; it decides which edges see its media.
    CallType {
        /// To or from the telephone network.
        Carrier = "carrier",
        /// A SIP interface.
        Sip = "sip",
        /// An elastic SIP trunk.
        Trunking = "trunking",
        /// A browser or mobile SDK.
        Client = "client",
        /// A call over that messenger.
        Whatsapp = "whatsapp",
    }
);

closed_set!(
    /// How far the call got.
    CallState {
        /// The callee is being alerted.
        Ringing = "ringing",
        /// Answered and ended.
        Completed = "completed",
        /// The callee was busy.
        Busy = "busy",
        /// It failed on the way.
        Fail = "fail",
        /// Nobody answered.
        NoAnswer = "noanswer",
        /// The caller gave up.
        Canceled = "canceled",
        /// Answered and still running.
        Answered = "answered",
        /// Queued or started, nobody alerted yet.
        Undialed = "undialed",
    }
);

closed_set!(
    /// Which way the call went.
    CallDirection {
        /// Began at the API.
        OutboundApi = "outbound_api",
        /// Began by dialling within another call.
        OutboundDial = "outbound_dial",
        /// Came in.
        Inbound = "inbound",
        /// From the customer's trunk to the network.
        TrunkingOriginating = "trunking_originating",
        /// From the network to the customer's trunk.
        TrunkingTerminating = "trunking_terminating",
    }
);

closed_set!(
    /// What answering machine detection found. Not the annotation's word for it.
    AnsweredBy {
        /// Detection came to no result.
        Unknown = "unknown",
        /// A machine, told at its greeting's start.
        MachineStart = "machine_start",
        /// A machine, told at the beep.
        MachineEndBeep = "machine_end_beep",
        /// A machine, told at the silence after its greeting.
        MachineEndSilence = "machine_end_silence",
        /// A machine, told otherwise.
        MachineEndOther = "machine_end_other",
        /// A person.
        Human = "human",
        /// A fax.
        Fax = "fax",
    }
);

closed_set!(
    /// Whether a summary may still change in the normal course of things.
    ProcessingState {
        /// Settled.
        Complete = "complete",
        /// More is expected.
        Partial = "partial",
    }
);

closed_set!(
    /// Where media was measured.
    EdgeKind {
        /// Towards the telephone network.
        Carrier = "carrier_edge",
        /// Towards SIP equipment.
        Sip = "sip_edge",
        /// Towards an SDK, at the gateway.
        Client = "client_edge",
        /// In the SDK itself.
        Sdk = "sdk_edge",
        /// Not said.
        Unknown = "unknown_edge",
    }
);

closed_set!(
    /// Direction of a media stream as its edge sees it.
    StreamDirection {
        /// Not said.
        Unknown = "unknown",
        /// Received by the edge from outside.
        Inbound = "inbound",
        /// Sent out by the edge.
        Outbound = "outbound",
        /// One sample about both directions.
        Both = "both",
    }
);

closed_set!(
    /// How serious an event is.
    Level {
        /// Not said.
        Unknown = "UNKNOWN",
        /// Detail.
        Debug = "DEBUG",
        /// Normal progress.
        Info = "INFO",
        /// Something a listener may notice.
        Warning = "WARNING",
        /// Something failed.
        Error = "ERROR",
    }
);

closed_set!(
    /// A finding about a whole call.
    Tag {
        /// A media stream is missing or empty.
        Silence = "silence",
        /// Packets came unevenly.
        HighJitter = "high_jitter",
        /// Many packets did not come.
        HighPacketLoss = "high_packet_loss",
        /// It took unusually long until the callee was alerted.
        HighPdd = "high_pdd",
        /// Media was late.
        HighLatency = "high_latency",
        /// The estimated listening quality is poor.
        LowMos = "low_mos",
        /// No path for the SDK's media was found.
        IceFailure = "ice_failure",
        /// A completed call to the telephone network of less than 10 s.
        PstnShortDuration = "pstn_short_duration",
    }
);

closed_set!(
    /// How a mean opinion score was come by. Scores of different methods cannot be compared.
    MosMethod {
        /// ITU-T G.107 E-model with the loss robustness of G.113 Appendix I.
        EModel = "g107",
        /// The voice SDK's own formula; taken over as reported.
        Sdk = "sdk",
        /// Reported without a word about how.
        Reported = "reported",
        /// A phone's own estimate (RFC 6035).
        Phone = "rfc6035",
        /// An end system's own estimate in its extended reports (RFC 3611 §4.7).
        ExtendedReport = "rtcp_xr",
    }
);
