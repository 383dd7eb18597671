//! What a list of calls may be narrowed by. The definition; a store may be cleverer, never
//! different.

mod matches;

use crate::annotation::{AnsweredByHeard, ConnectivityIssue, QualityIssue};
use crate::id::{AccountSid, CallSid};
use crate::time::TimeUs;
use crate::vocabulary::{AnsweredBy, CallDirection, CallState, CallType, EdgeKind, Tag};

closed_set!(
    /// What a list is sorted by, latest first.
    SortBy {
        /// Start of the call.
        StartTime = "start_time",
        /// End of the call; running calls come before all others.
        EndTime = "end_time",
    }
);

closed_set!(
    /// Which calls by the state of their summaries.
    ProcessingFilter {
        /// Complete ones.
        Completed = "completed",
        /// Running calls.
        Started = "started",
        /// Partial ones.
        Partial = "partial",
        /// All of them.
        All = "all",
    }
);

/// What somebody has in hand of a call and looks for it by, of whatever kind it is: one of these is
/// enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needle {
    /// What names a party ([`crate::search::identity`]).
    pub parties: Vec<String>,
    /// What a call is called, by itself or by a SIP Call-ID (as [`SummaryFilter::sip_call`]).
    pub calls: Vec<CallSid>,
    /// The annotation's incident, exact.
    pub incident: Option<String>,
    /// A fragment of its comment ([`crate::search::lowercase`]).
    pub comment: Option<String>,
}

/// Which calls are wanted. Every condition must hold; an empty list or `None` is no condition.
/// A list holds when any of its values does.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryFilter {
    /// The one account whose calls are listed.
    pub account: AccountSid,
    /// Earliest start.
    pub started_from: TimeUs,
    /// The call started before.
    pub started_before: TimeUs,
    /// Latest end. Running calls have none: see `include_running`.
    pub ended_until: TimeUs,
    /// Whether running calls are in range.
    pub include_running: bool,
    /// By state of the summary.
    pub processing: ProcessingFilter,
    /// Order.
    pub sort_by: SortBy,
    /// Calling party, exact.
    pub from: Vec<String>,
    /// Called party, exact.
    pub to: Vec<String>,
    /// Either party, exact.
    pub number: Vec<String>,
    /// A fragment of a user agent at any edge, in upper or lower case ([`crate::search::user_agent`]).
    pub user_agent: Vec<String>,
    /// The calls that SIP Call-IDs name: their `CallSid`, or what their own Call-IDs would have made of it.
    pub sip_call: Vec<CallSid>,
    /// These calls.
    pub call_sid: Vec<CallSid>,
    /// Calls within these.
    pub parent: Vec<CallSid>,
    /// Who spoke on our own side ([`crate::search::agents`]), by what names them ([`crate::search::identity`]).
    pub agent: Vec<String>,
    /// Carrier of the calling party.
    pub from_carrier: Vec<String>,
    /// Carrier of the called party.
    pub to_carrier: Vec<String>,
    /// Country of the calling party's number.
    pub from_country: Vec<String>,
    /// Country of the called party's number.
    pub to_country: Vec<String>,
    /// Caller verification.
    pub verified_caller: Option<bool>,
    /// At least one tag, or none.
    pub has_tag: Option<bool>,
    /// Tags: any of these among them.
    pub tag: Vec<Tag>,
    /// Shortest, s.
    pub min_duration_s: Option<u32>,
    /// Longest, s.
    pub max_duration_s: Option<u32>,
    /// Shortest post-dial delay, ms.
    pub min_pdd_ms: Option<u32>,
    /// Last SIP response.
    pub sip_response: Vec<u16>,
    /// Least loss of the worst stream, in hundredths of a percent ([`crate::search::loss`]).
    pub min_loss: Option<u32>,
    /// Least jitter of the worst stream, in hundredths of a millisecond ([`crate::search::jitter`]).
    pub min_jitter: Option<u32>,
    /// Highest opinion score of the worst stream, in hundredths ([`crate::search::mos`]).
    pub max_mos: Option<u32>,
    /// Codecs, in lower case: any of these among the streams'.
    pub codec: Vec<String>,
    /// Edges: any of these that something is known of.
    pub edge: Vec<EdgeKind>,
    /// Whether anything was measured of its media ([`crate::search::is_measured`]).
    pub measured: Option<bool>,
    /// Kind of call.
    pub call_type: Vec<CallType>,
    /// How far it got.
    pub call_state: Vec<CallState>,
    /// Which way it went.
    pub direction: Vec<CallDirection>,
    /// Whether the last SIP response was other than 200.
    pub abnormal_session: Option<bool>,
    /// Answering machine detection.
    pub answered_by: Vec<AnsweredBy>,
    /// Who answered, as annotated.
    pub answered_by_heard: Vec<AnsweredByHeard>,
    /// Connectivity issue as annotated.
    pub connectivity_issue: Vec<ConnectivityIssue>,
    /// Quality issues as annotated: any of these among them.
    pub quality_issue: Vec<QualityIssue>,
    /// Spam as annotated.
    pub spam: Option<bool>,
    /// Score as annotated.
    pub call_score: Vec<u8>,
    /// Whether anything was annotated at all.
    pub annotated: Option<bool>,
    /// A fragment of the annotation's comment, in upper or lower case ([`crate::search::lowercase`]).
    pub comment: Vec<String>,
    /// The annotation's incident, exact.
    pub incident: Vec<String>,
    /// Branding.
    pub branded_enabled: Option<bool>,
    /// Logo shown.
    pub branded_logo: Option<bool>,
    /// Its bundle.
    pub branded_bundle_sid: Vec<String>,
    /// In band or out of band.
    pub branded_type: Vec<String>,
    /// Its use case.
    pub branded_use_case: Vec<String>,
    /// Its reason.
    pub branded_call_reason: Vec<String>,
    /// Voice integrity.
    pub voice_integrity_enabled: Option<bool>,
    /// Its bundle.
    pub voice_integrity_bundle_sid: Vec<String>,
    /// Its use case.
    pub voice_integrity_use_case: Vec<String>,
    /// Business profile.
    pub business_bundle_sid: Vec<String>,
    /// Its identity.
    pub business_identity: Vec<String>,
    /// Its industry.
    pub business_industry: Vec<String>,
    /// Its type.
    pub business_type: Vec<String>,
    /// Anything that somebody has in hand.
    pub needle: Option<Needle>,
    /// What is not wanted: a call that one of these matches is left out. Where nothing is known of a call, no condition
    /// is met, so it stays.
    pub unwanted: Vec<Self>,
}

impl SummaryFilter {
    /// All calls of an account, running ones too, latest end first.
    #[must_use]
    pub const fn all(account: AccountSid) -> Self {
        Self {
            account,
            started_from: TimeUs::from_micros(i64::MIN),
            started_before: TimeUs::from_micros(i64::MAX),
            ended_until: TimeUs::from_micros(i64::MAX),
            include_running: true,
            processing: ProcessingFilter::All,
            sort_by: SortBy::EndTime,
            from: Vec::new(),
            to: Vec::new(),
            number: Vec::new(),
            user_agent: Vec::new(),
            sip_call: Vec::new(),
            call_sid: Vec::new(),
            parent: Vec::new(),
            agent: Vec::new(),
            from_carrier: Vec::new(),
            to_carrier: Vec::new(),
            from_country: Vec::new(),
            to_country: Vec::new(),
            verified_caller: None,
            has_tag: None,
            tag: Vec::new(),
            min_duration_s: None,
            max_duration_s: None,
            min_pdd_ms: None,
            sip_response: Vec::new(),
            min_loss: None,
            min_jitter: None,
            max_mos: None,
            codec: Vec::new(),
            edge: Vec::new(),
            measured: None,
            call_type: Vec::new(),
            call_state: Vec::new(),
            direction: Vec::new(),
            abnormal_session: None,
            answered_by: Vec::new(),
            answered_by_heard: Vec::new(),
            connectivity_issue: Vec::new(),
            quality_issue: Vec::new(),
            spam: None,
            call_score: Vec::new(),
            annotated: None,
            comment: Vec::new(),
            incident: Vec::new(),
            branded_enabled: None,
            branded_logo: None,
            branded_bundle_sid: Vec::new(),
            branded_type: Vec::new(),
            branded_use_case: Vec::new(),
            branded_call_reason: Vec::new(),
            voice_integrity_enabled: None,
            voice_integrity_bundle_sid: Vec::new(),
            voice_integrity_use_case: Vec::new(),
            business_bundle_sid: Vec::new(),
            business_identity: Vec::new(),
            business_industry: Vec::new(),
            business_type: Vec::new(),
            needle: None,
            unwanted: Vec::new(),
        }
    }
}
