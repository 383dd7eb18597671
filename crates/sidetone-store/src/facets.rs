//! What calls are found and counted by: which facts of a summary and which words of an annotation
//! become values that lists are narrowed by, and which of them a filter asks for.
//!
//! An engine gives each facet a column; which value is in it is said here.

pub mod asked;

use std::collections::BTreeSet;

use sidetone_core::annotation::Annotation;
use sidetone_core::rules::PDD_BIN_MS;
use sidetone_core::search;
use sidetone_core::summary::CallSummary;

macro_rules! facets {
    ($($name:ident,)+) => {
        /// Something that lists are narrowed by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are those of the facts")]
        pub enum Facet { $($name,)+ }

        impl Facet {
            /// Every facet, each at the place of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

facets! {
    CallType, CallState, Direction, AnsweredBy, AbnormalSession, HasTag, Tags, Processing, Shape,
    FromCountry, ToCountry, FromCarrier, ToCarrier,
    Judged, Heard, ConnectivityIssue, QualityIssues, Spam, CallScore,
    VerifiedCaller, BrandedEnabled, BrandedLogo, BrandedBundle, BrandedType, BrandedUseCase,
    BrandedCallReason, IntegrityEnabled, IntegrityBundle, IntegrityUseCase,
    BusinessBundle, BusinessIdentity, BusinessIndustry, BusinessType, UserAgents,
    Duration, Pdd, SipResponse, Loss, Jitter, Mos, Codecs, Edges, Measured, Agents,
    Commented, Incident,
}

impl Facet {
    /// What an annotation says.
    pub const JUDGED: [Self; 8] = [
        Self::Judged,
        Self::Heard,
        Self::ConnectivityIssue,
        Self::QualityIssues,
        Self::Spam,
        Self::CallScore,
        Self::Commented,
        Self::Incident,
    ];

    /// Whether it is one of [`Self::JUDGED`]; else it is of a summary.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(
            self,
            Self::Judged
                | Self::Heard
                | Self::ConnectivityIssue
                | Self::QualityIssues
                | Self::Spam
                | Self::CallScore
                | Self::Commented
                | Self::Incident
        )
    }

    /// Whether it is a figure, or what goes with one: of these a list asks for some, hours count them in bands.
    #[must_use]
    pub const fn is_figure(self) -> bool {
        matches!(
            self,
            Self::Duration
                | Self::Pdd
                | Self::SipResponse
                | Self::Loss
                | Self::Jitter
                | Self::Mos
                | Self::Codecs
                | Self::Edges
                | Self::Measured
        )
    }

    /// Whether its values are words of open sets.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::FromCountry
                | Self::ToCountry
                | Self::FromCarrier
                | Self::ToCarrier
                | Self::BrandedBundle
                | Self::BrandedType
                | Self::BrandedUseCase
                | Self::BrandedCallReason
                | Self::IntegrityBundle
                | Self::IntegrityUseCase
                | Self::BusinessBundle
                | Self::BusinessIdentity
                | Self::BusinessIndustry
                | Self::BusinessType
                | Self::UserAgents
                | Self::Codecs
        )
    }

    /// Whether a call may have several of its values ([`Value::Set`]).
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Tags | Self::QualityIssues | Self::Edges)
    }
}

/// A value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A word of a closed set, by its place; a switch, 0 or 1; a score.
    Number(u8),
    /// Words of a closed set: bit i stands for the one at place i. Never 0.
    Set(u64),
    /// A word of an open set.
    Text(&'a str),
    /// Words of an open set, all of one call. Never empty.
    Texts(BTreeSet<String>),
    /// A number of any size.
    Figure(u32),
    /// A word of a set so open that most are used once.
    Name(&'a str),
}

/// How a call's start and end lie to each other; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It ended after it started, as nearly all do.
    Ended = 0,
    /// It ended before it started: clocks differ.
    Skewed = 1,
    /// It runs.
    Running = 2,
}

/// Added to the start of a running call to make its place in lists by end: they come first.
pub const RUNNING_BASE: i64 = 1 << 60;

/// Where a call lies in lists, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// Its start: the place in lists by start.
    pub start_us: i64,
    /// Its end, if it has ended.
    pub ended_us: Option<i64>,
}

impl Keys {
    /// Those of a summary. `None`: a call without a start is in no list, and is not counted.
    #[must_use]
    pub fn of(summary: &CallSummary) -> Option<Self> {
        let facts = &summary.facts;
        Some(Self {
            start_us: facts.started_at?.micros(),
            ended_us: facts.ended_at.map(|at| at.micros()),
        })
    }

    /// The place in lists by end.
    #[must_use]
    pub const fn end_key(self) -> i64 {
        match self.ended_us {
            Some(ended) => ended,
            None => RUNNING_BASE + self.start_us,
        }
    }

    /// How start and end lie to each other.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self.ended_us {
            None => Shape::Running,
            Some(ended) if ended < self.start_us => Shape::Skewed,
            Some(_) => Shape::Ended,
        }
    }
}

/// The step of [`PDD_BIN_MS`] that a call's post-dial delay is counted in; long ones are all in the
/// last.
#[must_use]
pub fn pdd_bin(summary: &CallSummary) -> Option<u16> {
    let ms = summary.facts.pdd_ms?;
    Some(u16::try_from(ms / PDD_BIN_MS).unwrap_or(u16::MAX))
}

/// What a summary says, facet by facet: all of those that are not judged.
#[must_use]
pub fn of_summary(summary: &CallSummary) -> [(Facet, Option<Value<'_>>); 38] {
    let facts = &summary.facts;
    let trust = &facts.trust;
    let switch = |is_on: Option<bool>| is_on.map(|is_on| Value::Number(is_on.into()));
    let user_agents = search::user_agents(summary);
    let codecs = search::codecs(summary);
    let figure = |figure: u64| Value::Figure(u32::try_from(figure).unwrap_or(u32::MAX));
    let agents = search::agents(summary);
    [
        (
            Facet::CallType,
            facts.call_type.map(|it| Value::Number(it.index())),
        ),
        (
            Facet::CallState,
            facts.state.map(|it| Value::Number(it.index())),
        ),
        (
            Facet::Direction,
            facts.direction.map(|it| Value::Number(it.index())),
        ),
        (
            Facet::AnsweredBy,
            facts.answered_by.map(|it| Value::Number(it.index())),
        ),
        (
            Facet::AbnormalSession,
            switch(facts.last_sip_response.map(|code| code != 200)),
        ),
        (Facet::HasTag, switch(Some(summary.has_tag()))),
        (
            Facet::Tags,
            set_of(summary.tags.iter().map(|tag| tag.index())),
        ),
        (
            Facet::Processing,
            Some(Value::Number(summary.processing.index())),
        ),
        (
            Facet::Shape,
            Keys::of(summary).map(|keys| Value::Number(keys.shape() as u8)),
        ),
        (Facet::FromCountry, text_of(&facts.from.country_code)),
        (Facet::ToCountry, text_of(&facts.to.country_code)),
        (Facet::FromCarrier, text_of(&facts.from.carrier)),
        (Facet::ToCarrier, text_of(&facts.to.carrier)),
        (Facet::VerifiedCaller, switch(trust.verified_caller)),
        (Facet::BrandedEnabled, switch(trust.branded_enabled)),
        (Facet::BrandedLogo, switch(trust.branded_logo)),
        (Facet::BrandedBundle, text_of(&trust.branded_bundle_sid)),
        (Facet::BrandedType, text_of(&trust.branded_type)),
        (Facet::BrandedUseCase, text_of(&trust.branded_use_case)),
        (
            Facet::BrandedCallReason,
            text_of(&trust.branded_call_reason),
        ),
        (
            Facet::IntegrityEnabled,
            switch(trust.voice_integrity_enabled),
        ),
        (
            Facet::IntegrityBundle,
            text_of(&trust.voice_integrity_bundle_sid),
        ),
        (
            Facet::IntegrityUseCase,
            text_of(&trust.voice_integrity_use_case),
        ),
        (Facet::BusinessBundle, text_of(&trust.business_bundle_sid)),
        (Facet::BusinessIdentity, text_of(&trust.business_identity)),
        (Facet::BusinessIndustry, text_of(&trust.business_industry)),
        (Facet::BusinessType, text_of(&trust.business_type)),
        (
            Facet::UserAgents,
            (!user_agents.is_empty()).then_some(Value::Texts(user_agents)),
        ),
        (Facet::Duration, facts.duration_s.map(figure)),
        (Facet::Pdd, facts.pdd_ms.map(figure)),
        (
            Facet::SipResponse,
            facts.last_sip_response.map(|code| figure(code.into())),
        ),
        (Facet::Loss, search::loss(summary).map(Value::Figure)),
        (Facet::Jitter, search::jitter(summary).map(Value::Figure)),
        (Facet::Mos, search::mos(summary).map(Value::Figure)),
        (
            Facet::Codecs,
            (!codecs.is_empty()).then_some(Value::Texts(codecs)),
        ),
        (
            Facet::Edges,
            set_of(summary.edges.keys().map(|edge| edge.index())),
        ),
        (Facet::Measured, switch(Some(search::is_measured(summary)))),
        (
            Facet::Agents,
            set_of(
                (0..)
                    .zip(agents)
                    .filter(|(_, is)| *is)
                    .map(|(side, _)| side),
            ),
        ),
    ]
}

fn text_of(text: &Option<String>) -> Option<Value<'_>> {
    text.as_deref().map(Value::Text)
}

/// What an annotation says: all of [`Facet::JUDGED`].
#[must_use]
pub fn of_annotation(annotation: &Annotation) -> [(Facet, Option<Value<'_>>); 8] {
    let issues = annotation.quality_issues.iter().flatten();
    let heard = annotation.answered_by.map(|it| it.index());
    let connectivity = annotation.connectivity_issue.map(|it| it.index());
    [
        (
            Facet::Judged,
            (!annotation.is_empty()).then_some(Value::Number(1)),
        ),
        (Facet::Heard, heard.map(Value::Number)),
        (Facet::ConnectivityIssue, connectivity.map(Value::Number)),
        (
            Facet::QualityIssues,
            set_of(issues.map(|issue| issue.index())),
        ),
        (
            Facet::Spam,
            annotation.spam.map(|is_spam| Value::Number(is_spam.into())),
        ),
        (Facet::CallScore, annotation.call_score.map(Value::Number)),
        (
            Facet::Commented,
            annotation.comment.as_ref().map(|_| Value::Number(1)),
        ),
        (
            Facet::Incident,
            annotation.incident.as_deref().map(Value::Name),
        ),
    ]
}

/// A set of small numbers as bits; `None` when it is empty.
fn set_of(places: impl Iterator<Item = u8>) -> Option<Value<'static>> {
    let bits = places.fold(0, |bits, place| bits | 1 << place.min(62));
    (bits != 0).then_some(Value::Set(bits))
}

#[cfg(test)]
mod tests;
