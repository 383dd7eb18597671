//! What a list of calls may be narrowed by. The definition; a store may be cleverer, never
//! different.

use crate::annotation::{Annotation, AnsweredByHeard, ConnectivityIssue, QualityIssue};
use crate::facts::{PartyFacts, TrustFacts};
use crate::id::{AccountSid, CallSid};
use crate::search;
use crate::summary::CallSummary;
use crate::time::TimeUs;
use crate::vocabulary::{AnsweredBy, CallDirection, CallState, CallType, ProcessingState};

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

/// Which calls are wanted. Every condition must hold; an empty list or `None` is no condition.
/// A list holds when any of its values does.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryFilter {
    /// The one account whose calls are listed.
    pub account: AccountSid,
    /// Earliest start.
    pub started_from: TimeUs,
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
    /// A piece of a user agent at any edge, in upper or lower case ([`search::user_agent`]).
    pub user_agent: Option<String>,
    /// The call that a SIP Call-ID names: its `CallSid`, or what its own Call-IDs would have made
    /// of it.
    pub sip_call: Option<CallSid>,
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
}

impl SummaryFilter {
    /// All calls of an account, running ones too, latest end first.
    #[must_use]
    pub const fn all(account: AccountSid) -> Self {
        Self {
            account,
            started_from: TimeUs::from_micros(i64::MIN),
            ended_until: TimeUs::from_micros(i64::MAX),
            include_running: true,
            processing: ProcessingFilter::All,
            sort_by: SortBy::EndTime,
            from: Vec::new(),
            to: Vec::new(),
            number: Vec::new(),
            user_agent: None,
            sip_call: None,
            from_carrier: Vec::new(),
            to_carrier: Vec::new(),
            from_country: Vec::new(),
            to_country: Vec::new(),
            verified_caller: None,
            has_tag: None,
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
            && self.found_by_search(summary)
            && self.annotation_matches(annotation)
            && self.trust_matches(&facts.trust)
    }

    fn in_range(&self, summary: &CallSummary) -> bool {
        let started = summary
            .facts
            .started_at
            .is_some_and(|at| at >= self.started_from);
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

    fn found_by_search(&self, summary: &CallSummary) -> bool {
        let piece = self.user_agent.as_deref().map(search::user_agent);
        piece.is_none_or(|piece| {
            let agents = search::user_agents(summary);
            agents.iter().any(|agent| agent.contains(&piece))
        }) && self
            .sip_call
            .is_none_or(|sid| summary.call.sid == sid || search::other_sids(summary).contains(&sid))
    }

    fn annotation_matches(&self, annotation: &Annotation) -> bool {
        is_any(&self.answered_by_heard, annotation.answered_by.as_ref())
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

/// Whether a known flag is as wanted. What is not known is neither true nor false: absence is never
/// good news.
fn is_flag(wanted: Option<bool>, known: Option<bool>) -> bool {
    wanted.is_none() || wanted == known
}
