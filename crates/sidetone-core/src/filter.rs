//! What a list of calls may be narrowed by. The definition; a store may be cleverer, never
//! different.

use crate::annotation::{Annotation, AnsweredByHeard, ConnectivityIssue, QualityIssue};
use crate::facts::{PartyFacts, TrustFacts};
use crate::id::{AccountSid, CallSid};
use crate::search;
use crate::summary::CallSummary;
use crate::time::TimeUs;
use crate::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, ProcessingState, Tag,
};

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
    /// What names a party ([`search::identity`]).
    pub parties: Vec<String>,
    /// What a call is called, by itself or by a SIP Call-ID (as [`SummaryFilter::sip_call`]).
    pub calls: Vec<CallSid>,
    /// The annotation's incident, exact.
    pub incident: Option<String>,
    /// A fragment of its comment ([`search::lowercase`]).
    pub comment: Option<String>,
}

impl Needle {
    fn matches(&self, summary: &CallSummary, annotation: &Annotation) -> bool {
        let facts = &summary.facts;
        let is_party = |party: &PartyFacts| {
            let identity = party.address.as_deref().map(search::identity);
            identity.is_some_and(|identity| self.parties.iter().any(|party| party == identity))
        };
        let is_fragment = |fragment: &String| {
            let comment = annotation.comment.as_deref().map(search::lowercase);
            comment.is_some_and(|comment| comment.contains(&search::lowercase(fragment)))
        };
        is_party(&facts.from)
            || is_party(&facts.to)
            || self.calls.contains(&summary.call.sid)
            || search::other_sids(summary)
                .iter()
                .any(|sid| self.calls.contains(sid))
            || self.incident.is_some() && self.incident == annotation.incident
            || self.comment.as_ref().is_some_and(is_fragment)
    }
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
    /// A fragment of a user agent at any edge, in upper or lower case ([`search::user_agent`]).
    pub user_agent: Vec<String>,
    /// The calls that SIP Call-IDs name: their `CallSid`, or what their own Call-IDs would have made of it.
    pub sip_call: Vec<CallSid>,
    /// These calls.
    pub call_sid: Vec<CallSid>,
    /// Calls within these.
    pub parent: Vec<CallSid>,
    /// Who spoke on our own side ([`search::agents`]), by what names them ([`search::identity`]).
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
    /// Least loss of the worst stream, in hundredths of a percent ([`search::loss`]).
    pub min_loss: Option<u32>,
    /// Least jitter of the worst stream, in hundredths of a millisecond ([`search::jitter`]).
    pub min_jitter: Option<u32>,
    /// Highest opinion score of the worst stream, in hundredths ([`search::mos`]).
    pub max_mos: Option<u32>,
    /// Codecs, in lower case: any of these among the streams'.
    pub codec: Vec<String>,
    /// Edges: any of these that something is known of.
    pub edge: Vec<EdgeKind>,
    /// Whether anything was measured of its media ([`search::is_measured`]).
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
    /// A fragment of the annotation's comment, in upper or lower case ([`search::lowercase`]).
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

    /// Whether a call is wanted.
    #[must_use]
    pub fn matches(&self, summary: &CallSummary, annotation: &Annotation) -> bool {
        let facts = &summary.facts;
        summary.call.account == self.account
            && self.in_range(summary)
            && self.right_processing(summary)
            && self.parties_match(&facts.from, &facts.to)
            && self
                .has_tag
                .is_none_or(|wanted| wanted != summary.tags.is_empty())
            && is_any(&self.call_type, facts.call_type.as_ref())
            && is_any(&self.call_state, facts.state.as_ref())
            && is_any(&self.direction, facts.direction.as_ref())
            && is_any(&self.answered_by, facts.answered_by.as_ref())
            && is_flag(
                self.abnormal_session,
                facts.last_sip_response.map(|code| code != 200),
            )
            && is_any(&self.sip_response, facts.last_sip_response.as_ref())
            && has_any(&self.tag, &summary.tags)
            && self.figures_match(summary)
            && self.found_by_search(summary)
            && self.annotation_matches(annotation)
            && self.trust_matches(&facts.trust)
            && self
                .needle
                .as_ref()
                .is_none_or(|needle| needle.matches(summary, annotation))
            && !self
                .unwanted
                .iter()
                .any(|unwanted| unwanted.matches(summary, annotation))
    }

    fn in_range(&self, summary: &CallSummary) -> bool {
        let started = summary
            .facts
            .started_at
            .is_some_and(|at| at >= self.started_from && at < self.started_before);
        let ended = match summary.facts.ended_at {
            Some(at) => at <= self.ended_until,
            None => self.include_running,
        };
        started && ended
    }

    fn right_processing(&self, summary: &CallSummary) -> bool {
        match self.processing {
            ProcessingFilter::All => true,
            ProcessingFilter::Completed => summary.processing == ProcessingState::Complete,
            ProcessingFilter::Partial => summary.processing == ProcessingState::Partial,
            ProcessingFilter::Started => summary.facts.ended_at.is_none(),
        }
    }

    fn parties_match(&self, from: &PartyFacts, to: &PartyFacts) -> bool {
        is_any(&self.from, from.address.as_ref())
            && is_any(&self.to, to.address.as_ref())
            && [from, to]
                .iter()
                .any(|party| is_any(&self.number, party.address.as_ref()))
            && is_any(&self.from_carrier, from.carrier.as_ref())
            && is_any(&self.to_carrier, to.carrier.as_ref())
            && is_any(&self.from_country, from.country_code.as_ref())
            && is_any(&self.to_country, to.country_code.as_ref())
    }

    fn figures_match(&self, summary: &CallSummary) -> bool {
        let facts = &summary.facts;
        let at_least = |least: Option<u32>, known: Option<u64>| {
            least.is_none_or(|least| known.is_some_and(|known| known >= least.into()))
        };
        let at_most = |most: Option<u32>, known: Option<u64>| {
            most.is_none_or(|most| known.is_some_and(|known| known <= most.into()))
        };
        let edges: Vec<EdgeKind> = summary.edges.keys().copied().collect();
        at_least(self.min_duration_s, facts.duration_s)
            && at_most(self.max_duration_s, facts.duration_s)
            && at_least(self.min_pdd_ms, facts.pdd_ms)
            && at_least(self.min_loss, search::loss(summary).map(u64::from))
            && at_least(self.min_jitter, search::jitter(summary).map(u64::from))
            && at_most(self.max_mos, search::mos(summary).map(u64::from))
            && has_any(&self.codec, &search::codecs(summary))
            && has_any(&self.edge, &edges)
            && is_flag(self.measured, Some(search::is_measured(summary)))
    }

    fn found_by_search(&self, summary: &CallSummary) -> bool {
        let sid = summary.call.sid;
        let agents = search::user_agents(summary);
        let is_fragment = |fragment: &String| {
            let fragment = search::user_agent(fragment);
            agents.iter().any(|agent| agent.contains(&fragment))
        };
        (self.user_agent.is_empty() || self.user_agent.iter().any(is_fragment))
            && is_any(&self.call_sid, Some(&sid))
            && is_any(&self.parent, summary.facts.parent.as_ref())
            && (is_any(&self.sip_call, Some(&sid))
                || has_any(&self.sip_call, &search::other_sids(summary)))
            && self.agent_matches(summary)
    }

    fn agent_matches(&self, summary: &CallSummary) -> bool {
        let parties = [&summary.facts.from, &summary.facts.to];
        let mut agents = search::agents(summary).into_iter().zip(parties);
        self.agent.is_empty()
            || agents.any(|(is_agent, party)| {
                let identity = party.address.as_deref().map(search::identity);
                is_agent && identity.is_some_and(|it| self.agent.iter().any(|agent| agent == it))
            })
    }

    fn annotation_matches(&self, annotation: &Annotation) -> bool {
        let comment = annotation.comment.as_deref().map(search::lowercase);
        let is_fragment = |fragment: &String| {
            comment
                .as_ref()
                .is_some_and(|comment| comment.contains(&search::lowercase(fragment)))
        };
        is_flag(self.annotated, Some(!annotation.is_empty()))
            && (self.comment.is_empty() || self.comment.iter().any(is_fragment))
            && is_any(&self.incident, annotation.incident.as_ref())
            && is_any(&self.answered_by_heard, annotation.answered_by.as_ref())
            && is_any(
                &self.connectivity_issue,
                annotation.connectivity_issue.as_ref(),
            )
            && is_flag(self.spam, annotation.spam)
            && is_any(&self.call_score, annotation.call_score.as_ref())
            && (self.quality_issue.is_empty()
                || annotation
                    .quality_issues
                    .iter()
                    .flatten()
                    .any(|issue| self.quality_issue.contains(issue)))
    }

    fn trust_matches(&self, trust: &TrustFacts) -> bool {
        is_flag(self.verified_caller, trust.verified_caller)
            && is_flag(self.branded_enabled, trust.branded_enabled)
            && is_flag(self.branded_logo, trust.branded_logo)
            && is_any(&self.branded_bundle_sid, trust.branded_bundle_sid.as_ref())
            && is_any(&self.branded_type, trust.branded_type.as_ref())
            && is_any(&self.branded_use_case, trust.branded_use_case.as_ref())
            && is_any(
                &self.branded_call_reason,
                trust.branded_call_reason.as_ref(),
            )
            && is_flag(self.voice_integrity_enabled, trust.voice_integrity_enabled)
            && is_any(
                &self.voice_integrity_bundle_sid,
                trust.voice_integrity_bundle_sid.as_ref(),
            )
            && is_any(
                &self.voice_integrity_use_case,
                trust.voice_integrity_use_case.as_ref(),
            )
            && is_any(
                &self.business_bundle_sid,
                trust.business_bundle_sid.as_ref(),
            )
            && is_any(&self.business_identity, trust.business_identity.as_ref())
            && is_any(&self.business_industry, trust.business_industry.as_ref())
            && is_any(&self.business_type, trust.business_type.as_ref())
    }
}

/// Whether a known value is among the wanted ones. What is not known matches no condition.
fn is_any<T: PartialEq>(wanted: &[T], known: Option<&T>) -> bool {
    wanted.is_empty() || known.is_some_and(|value| wanted.contains(value))
}

/// Whether a wanted value is among several known ones.
fn has_any<'a, T: PartialEq + 'a>(wanted: &[T], known: impl IntoIterator<Item = &'a T>) -> bool {
    wanted.is_empty() || known.into_iter().any(|value| wanted.contains(value))
}

/// Whether a known flag is as wanted. What is not known is neither true nor false: absence is never good news.
fn is_flag(wanted: Option<bool>, known: Option<bool>) -> bool {
    wanted.is_none() || wanted == known
}
