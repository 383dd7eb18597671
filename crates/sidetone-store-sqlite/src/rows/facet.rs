//! What lists are narrowed by and rollups count, taken from a summary and its annotation.
//!
//! A facet is one column of `call`. This table of facets is the only place that names them; the
//! insert, the update, the list's conditions, the rollups and the check are all made from it.

use rusqlite::Row;
use sidetone_core::annotation::Annotation;
use sidetone_core::rules::PDD_BIN_MS;
use sidetone_core::search;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::HOUR_US;

use super::terms::{self, Terms};
use crate::error::Result;

/// How a facet's column is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    One,
    /// Several values: bit i stands for the value i.
    Set,
}

/// One column of `call` that lists can be narrowed by.
pub(crate) struct Facet {
    /// The column.
    pub(crate) column: &'static str,
    /// Its number in the rollups. Never reused. Facets of annotations are counted elsewhere
    /// (rollups/judged.rs).
    pub(crate) dim: i64,
    /// How to read it.
    pub(crate) kind: Kind,
    /// Whether it is what an annotation says.
    pub(crate) is_judged: bool,
}

/// The facets of annotations.
macro_rules! judged {
    () => {
        At::Judged
            | At::Heard
            | At::ConnectivityIssue
            | At::QualityIssues
            | At::Spam
            | At::CallScore
    };
}

macro_rules! facets {
    ($($name:ident = $dim:literal $column:literal $kind:ident,)+) => {
        /// Places in [`FACETS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum At { $($name,)+ }

        /// Every facet.
        pub(crate) const FACETS: &[Facet] = &[$(Facet { column: $column, dim: $dim, kind: Kind::$kind, is_judged: matches!(At::$name, judged!()) },)+];
    };
}

facets! {
    CallType = 1 "call_type" One,
    CallState = 2 "call_state" One,
    Direction = 3 "direction" One,
    AnsweredBy = 4 "answered_by" One,
    AbnormalSession = 5 "abnormal_session" One,
    HasTag = 6 "has_tag" One,
    Tags = 7 "tags" Set,
    Processing = 8 "processing" One,
    Shape = 9 "shape" One,
    FromCountry = 10 "from_country" One,
    ToCountry = 11 "to_country" One,
    FromCarrier = 12 "from_carrier" One,
    ToCarrier = 13 "to_carrier" One,
    Judged = 14 "judged" One,
    Heard = 15 "heard" One,
    ConnectivityIssue = 16 "connectivity_issue" One,
    QualityIssues = 17 "quality_issues" Set,
    Spam = 18 "spam" One,
    CallScore = 19 "call_score" One,
    VerifiedCaller = 20 "verified_caller" One,
    BrandedEnabled = 21 "branded_enabled" One,
    BrandedLogo = 22 "branded_logo" One,
    BrandedBundle = 23 "branded_bundle" One,
    BrandedType = 24 "branded_type" One,
    BrandedUseCase = 25 "branded_use_case" One,
    BrandedCallReason = 26 "branded_call_reason" One,
    IntegrityEnabled = 27 "integrity_enabled" One,
    IntegrityBundle = 28 "integrity_bundle" One,
    IntegrityUseCase = 29 "integrity_use_case" One,
    BusinessBundle = 30 "business_bundle" One,
    BusinessIdentity = 31 "business_identity" One,
    BusinessIndustry = 32 "business_industry" One,
    BusinessType = 33 "business_type" One,
    UserAgents = 34 "user_agents" One,
}

/// The number of facets.
pub(crate) const COUNT: usize = FACETS.len();

/// The dimension that counts calls, whatever they are. Its value is 0.
pub(crate) const DIM_CALLS: i64 = 0;

/// The call has ended after it started.
pub(crate) const SHAPE_ENDED: i64 = 0;
/// The call ended before it started: clocks differ.
pub(crate) const SHAPE_SKEWED: i64 = 1;
/// The call runs.
pub(crate) const SHAPE_RUNNING: i64 = 2;

/// Added to the start of a running call to make its place in lists by end.
pub(crate) const RUNNING_BASE: i64 = 1 << 60;

/// Where a call lies in lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) start_us: i64,
    pub(crate) ended_us: Option<i64>,
}

impl Keys {
    /// The place in lists by end.
    pub(crate) const fn end_key(self) -> i64 {
        match self.ended_us {
            Some(ended) => ended,
            None => RUNNING_BASE + self.start_us,
        }
    }

    /// The key on an axis of the rollups.
    pub(crate) const fn on(self, axis: Axis) -> i64 {
        match axis {
            Axis::Start => self.start_us,
            Axis::End => self.end_key(),
        }
    }
}

/// Which time the hours of a rollup are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Axis {
    Start = 0,
    End = 1,
}

impl Axis {
    pub(crate) const BOTH: [Self; 2] = [Self::Start, Self::End];

    /// The column of `call` that holds the key.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::Start => "start_us",
            Self::End => "end_key",
        }
    }

    /// What the columns of `judged` begin with that are about it.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }
}

/// The hour a key lies in.
pub(crate) const fn hour_of(key: i64) -> i64 {
    key.div_euclid(HOUR_US)
}

/// Everything about a call that rollups count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facets {
    /// `None`: the call has no start, and no place in lists.
    pub(crate) keys: Option<Keys>,
    pub(crate) values: [Option<i64>; COUNT],
    pub(crate) pdd_bin: Option<i64>,
}

impl Facets {
    /// A call nothing is known of.
    pub(crate) const NONE: Self = Self {
        keys: None,
        values: [None; COUNT],
        pdd_bin: None,
    };

    pub(crate) fn get(&self, at: At) -> Option<i64> {
        self.values[at as usize]
    }

    fn set(&mut self, at: At, value: Option<i64>) {
        self.values[at as usize] = value;
    }

    /// Takes what a summary says; the annotation's facets stay.
    pub(crate) fn set_summary(
        &mut self,
        summary: &CallSummary,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        let facts = &summary.facts;
        let ended_us = facts.ended_at.map(|at| at.micros());
        self.keys = facts.started_at.map(|at| Keys {
            start_us: at.micros(),
            ended_us,
        });
        self.pdd_bin = facts
            .pdd_ms
            .map(|ms| i64::try_from(ms / PDD_BIN_MS).map_or(65535, |bin| bin.min(65535)));
        self.set(
            At::CallType,
            facts.call_type.map(|word| word.index().into()),
        );
        self.set(At::CallState, facts.state.map(|word| word.index().into()));
        self.set(
            At::Direction,
            facts.direction.map(|word| word.index().into()),
        );
        self.set(
            At::AnsweredBy,
            facts.answered_by.map(|word| word.index().into()),
        );
        self.set(
            At::AbnormalSession,
            facts.last_sip_response.map(|code| (code != 200).into()),
        );
        self.set(At::HasTag, Some(summary.has_tag().into()));
        self.set(At::Tags, set_of(summary.tags.iter().map(|tag| tag.index())));
        self.set(At::Processing, Some(summary.processing.index().into()));
        self.set(
            At::Shape,
            self.keys.map(|keys| match keys.ended_us {
                None => SHAPE_RUNNING,
                Some(ended) if ended < keys.start_us => SHAPE_SKEWED,
                Some(_) => SHAPE_ENDED,
            }),
        );
        let mut term =
            |text: &Option<String>| text.as_deref().map(|text| terms.id(text)).transpose();
        let trust = &facts.trust;
        for (at, text) in [
            (At::FromCountry, &facts.from.country_code),
            (At::ToCountry, &facts.to.country_code),
            (At::FromCarrier, &facts.from.carrier),
            (At::ToCarrier, &facts.to.carrier),
            (At::BrandedBundle, &trust.branded_bundle_sid),
            (At::BrandedType, &trust.branded_type),
            (At::BrandedUseCase, &trust.branded_use_case),
            (At::BrandedCallReason, &trust.branded_call_reason),
            (At::IntegrityBundle, &trust.voice_integrity_bundle_sid),
            (At::IntegrityUseCase, &trust.voice_integrity_use_case),
            (At::BusinessBundle, &trust.business_bundle_sid),
            (At::BusinessIdentity, &trust.business_identity),
            (At::BusinessIndustry, &trust.business_industry),
            (At::BusinessType, &trust.business_type),
        ] {
            self.values[at as usize] = term(text)?;
        }
        let agents = search::user_agents(summary);
        let agents = (!agents.is_empty()).then(|| terms::of_user_agents(&agents));
        self.values[At::UserAgents as usize] = term(&agents)?;
        for (at, flag) in [
            (At::VerifiedCaller, trust.verified_caller),
            (At::BrandedEnabled, trust.branded_enabled),
            (At::BrandedLogo, trust.branded_logo),
            (At::IntegrityEnabled, trust.voice_integrity_enabled),
        ] {
            self.set(at, flag.map(i64::from));
        }
        Ok(())
    }

    /// Takes what an annotation says; the summary's facets stay.
    pub(crate) fn set_annotation(&mut self, annotation: &Annotation) {
        self.set(At::Judged, (!annotation.is_empty()).then_some(1));
        self.set(
            At::Heard,
            annotation.answered_by.map(|word| word.index().into()),
        );
        self.set(
            At::ConnectivityIssue,
            annotation
                .connectivity_issue
                .map(|word| word.index().into()),
        );
        self.set(
            At::QualityIssues,
            set_of(
                annotation
                    .quality_issues
                    .iter()
                    .flatten()
                    .map(|word| word.index()),
            ),
        );
        self.set(At::Spam, annotation.spam.map(i64::from));
        self.set(At::CallScore, annotation.call_score.map(i64::from));
    }

    /// Reads facets from a row that has `start_us`, `ended_us`, `pdd_bin` and all facets in order,
    /// from a column on.
    pub(crate) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        let mut facets = Self::NONE;
        if let Some(start_us) = row.get(first)? {
            facets.keys = Some(Keys {
                start_us,
                ended_us: row.get(first + 1)?,
            });
        }
        facets.pdd_bin = row.get(first + 2)?;
        for (place, value) in facets.values.iter_mut().enumerate() {
            *value = row.get(first + 3 + place)?;
        }
        Ok(facets)
    }

    /// The dimension, value and whether calls are listed, of everything this call counts for.
    pub(crate) fn counted(&self, place: usize) -> impl Iterator<Item = i64> {
        let facet = &FACETS[place];
        let value = self.values[place];
        let one = value.filter(|value| {
            facet.kind == Kind::One && !(place == At::Shape as usize && *value == SHAPE_ENDED)
        });
        let set = value.filter(|_| facet.kind == Kind::Set).unwrap_or(0);
        one.into_iter()
            .chain((0..63).filter(move |bit| set != 0 && set >> bit & 1 == 1))
    }
}

/// The columns that [`Facets::read`] reads.
pub(crate) fn columns() -> String {
    let mut text = String::from("start_us, ended_us, pdd_bin");
    for facet in FACETS {
        text.push_str(", ");
        text.push_str(facet.column);
    }
    text
}

/// A set of small numbers as bits; `None` when it is empty.
fn set_of(places: impl Iterator<Item = u8>) -> Option<i64> {
    let bits = places.fold(0, |bits, place| bits | 1_i64 << place.min(62));
    (bits != 0).then_some(bits)
}
