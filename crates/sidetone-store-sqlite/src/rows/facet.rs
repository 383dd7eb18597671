//! What lists are narrowed by and rollups count, as columns of `call`.
//!
//! Which value is in a column is said by the contract (`sidetone_store::facets`). This table is the
//! only place that names them; the insert, the update, the list's conditions, the rollups and the
//! check are all made from it.

use rusqlite::Row;
use sidetone_core::annotation::Annotation;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::HOUR_US;
use sidetone_store::facets::{self, Facet, Keys, Shape, Value};

use super::address::{Side, hash};
use super::terms::{self, Terms};
use crate::error::Result;

/// Where a facet is stored.
pub(crate) struct Column {
    pub(crate) facet: Facet,
    pub(crate) column: &'static str,
    /// Its number in the rollups, never reused, or [`NOT_COUNTED`]. Facets of annotations and figures
    /// are counted elsewhere (rollups/judged.rs, rollups/figures.rs).
    pub(crate) dim: i64,
}

macro_rules! columns {
    ($($facet:ident = $dim:literal $column:literal,)+) => {
        /// The column of every facet, at the facet's place.
        pub(crate) const FACETS: &[Column] =
            &[$(Column { facet: Facet::$facet, column: $column, dim: $dim },)+];
    };
}

columns! {
    CallType = 1 "call_type",
    CallState = 2 "call_state",
    Direction = 3 "direction",
    AnsweredBy = 4 "answered_by",
    AbnormalSession = 5 "abnormal_session",
    HasTag = 6 "has_tag",
    Tags = 7 "tags",
    Processing = 8 "processing",
    Shape = 9 "shape",
    FromCountry = 10 "from_country",
    ToCountry = 11 "to_country",
    FromCarrier = 12 "from_carrier",
    ToCarrier = 13 "to_carrier",
    Judged = 14 "judged",
    Heard = 15 "heard",
    ConnectivityIssue = 16 "connectivity_issue",
    QualityIssues = 17 "quality_issues",
    Spam = 18 "spam",
    CallScore = 19 "call_score",
    VerifiedCaller = 20 "verified_caller",
    BrandedEnabled = 21 "branded_enabled",
    BrandedLogo = 22 "branded_logo",
    BrandedBundle = 23 "branded_bundle",
    BrandedType = 24 "branded_type",
    BrandedUseCase = 25 "branded_use_case",
    BrandedCallReason = 26 "branded_call_reason",
    IntegrityEnabled = 27 "integrity_enabled",
    IntegrityBundle = 28 "integrity_bundle",
    IntegrityUseCase = 29 "integrity_use_case",
    BusinessBundle = 30 "business_bundle",
    BusinessIdentity = 31 "business_identity",
    BusinessIndustry = 32 "business_industry",
    BusinessType = 33 "business_type",
    UserAgents = 34 "user_agents",
    Duration = -1 "duration_s",
    Pdd = -1 "pdd_ms",
    SipResponse = -1 "sip_response",
    Loss = -1 "loss",
    Jitter = -1 "jitter",
    Mos = -1 "mos",
    Codecs = -1 "codecs",
    Edges = -1 "edges",
    Measured = -1 "measured",
    Agents = -1 "agents",
    Commented = -1 "commented",
    Incident = -1 "incident",
}

/// The number of facets.
pub(crate) const COUNT: usize = FACETS.len();

const _: () = {
    assert!(COUNT == Facet::ALL.len());
    let mut place = 0;
    while place < COUNT {
        assert!(FACETS[place].facet as usize == place);
        place += 1;
    }
};

/// The dimension of what is in no row of `rollup`.
pub(crate) const NOT_COUNTED: i64 = -1;

/// The dimension that counts calls, whatever they are. Its value is 0.
pub(crate) const DIM_CALLS: i64 = 0;

/// A value of a facet as it is stored. `term`: the number of a text; `None`: it has none.
pub(crate) fn stored(
    facet: Facet,
    value: &Value<'_>,
    mut term: impl FnMut(&str) -> Result<Option<i64>>,
) -> Result<Option<i64>> {
    match value {
        Value::Number(number) => Ok(Some((*number).into())),
        Value::Set(bits) => Ok(Some(bits.cast_signed())),
        Value::Text(text) => term(text),
        Value::Texts(texts) => term(&terms::together(terms::lead(facet), texts)),
        Value::Figure(figure) => Ok(Some((*figure).into())),
        Value::Name(name) => Ok(Some(hash(name))),
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

    /// The column of `call` with the day of the key, rounded towards zero.
    pub(crate) const fn day_column(self) -> &'static str {
        match self {
            Self::Start => "start_day",
            Self::End => "end_day",
        }
    }

    /// The index of a side's addresses by day.
    pub(crate) const fn party_index(self, side: Side) -> &'static str {
        match (side, self) {
            (Side::From, Self::Start) => "call_from_by_start",
            (Side::From, Self::End) => "call_from_by_end",
            (Side::To, Self::Start) => "call_to_by_start",
            (Side::To, Self::End) => "call_to_by_end",
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

    /// The key of a call on it.
    pub(crate) const fn key(self, keys: Keys) -> i64 {
        match self {
            Self::Start => keys.start_us,
            Self::End => keys.end_key(),
        }
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

    pub(crate) fn get(&self, facet: Facet) -> Option<i64> {
        self.values[facet as usize]
    }

    /// Takes what a summary says; the annotation's facets stay.
    pub(crate) fn set_summary(
        &mut self,
        summary: &CallSummary,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        self.keys = Keys::of(summary);
        self.pdd_bin = facets::pdd_bin(summary).map(i64::from);
        for (facet, value) in facets::of_summary(summary) {
            let value = value.map(|value| stored(facet, &value, |text| terms.id(text).map(Some)));
            self.values[facet as usize] = value.transpose()?.flatten();
        }
        Ok(())
    }

    /// Takes what an annotation says; the summary's facets stay.
    pub(crate) fn set_annotation(&mut self, annotation: &Annotation) -> Result<()> {
        for (facet, value) in facets::of_annotation(annotation) {
            // There are no texts among them.
            let value = value.map(|value| stored(facet, &value, |_| Ok(None)));
            self.values[facet as usize] = value.transpose()?.flatten();
        }
        Ok(())
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
        let facet = FACETS[place].facet;
        let value = self.values[place];
        let is_usual = facet == Facet::Shape && value == Some(Shape::Ended as i64);
        let one = value.filter(|_| !facet.is_set() && !is_usual);
        let set = value.filter(|_| facet.is_set()).unwrap_or(0);
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
