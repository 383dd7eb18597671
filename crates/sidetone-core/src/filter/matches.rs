//! Whether a call is what a filter asks for.

use super::{Needle, ProcessingFilter, SummaryFilter};
use crate::annotation::Annotation;
use crate::facts::{PartyFacts, TrustFacts};
use crate::search;
use crate::summary::CallSummary;
use crate::vocabulary::{EdgeKind, ProcessingState};

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

impl SummaryFilter {
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
