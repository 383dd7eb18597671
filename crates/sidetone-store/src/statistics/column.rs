//! The columns that calls are counted by, and what a call has in each.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sidetone_core::annotation::Annotation;
use sidetone_core::facts::EdgeFacts;
use sidetone_core::media::{Counters, Stat};
use sidetone_core::search;
use sidetone_core::statistics::Seizure;
use sidetone_core::statistics::media::{self, MediaSide};
use sidetone_core::statistics::reach::Reach;
use sidetone_core::statistics::talk::{TalkLength, talk_s};
use sidetone_core::summary::{CallSummary, EdgeSummary};

use super::quarter::{QUARTER_US, quarter_of};
use crate::facets::{self, Facet, Keys, Value};

/// A column. What lists are narrowed by is one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// What lists are narrowed by.
    Facet(Facet),
    /// What lists do not know of, or know otherwise.
    Own(Own),
}

macro_rules! own {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A column that is no facet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Own { $($(#[$doc])* $name,)+ }

        impl Own {
            /// All of them. Engines store their places: they are added at the end only.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

own! {
    /// Start, µs within its period.
    Start,
    /// End, µs after the start of the period, twice; plus one and as far before it when it is before.
    End,
    /// Calling party.
    From,
    /// Called party.
    To,
    /// What became of the call, as ratios count it ([`Seizure`]).
    Seizure,
    /// Last SIP response.
    SipResponse,
    /// Edges something is known of.
    Edges,
    /// Names of codecs, all of one call.
    Codecs,
    /// Reference to a ticket, as annotated.
    Incident,
    /// Comment, as annotated.
    Comment,
    /// Start to end, s.
    Duration,
    /// Post-dial delay, ms.
    Pdd,
    /// Share of packets lost on the worst stream, thousandths of a percent.
    PacketLoss,
    /// Mean jitter of the worst stream, µs.
    Jitter,
    /// Mean round-trip time of the worst stream, µs.
    Rtt,
    /// Mean opinion score of the worst stream, thousandths.
    Mos,
    /// Whether there are figures about its media.
    Measured,
    /// Whether its account had advanced features on.
    AdvancedFeatures,
    /// How the called party is connected (`landline`, `mobile`, `voip`, …).
    ToConnection,
    /// Places of its edges.
    EdgeLocations,
    /// Regions of its edges: of media, of signalling, of the SDK.
    Regions,
    /// How long people talked, s.
    Talk,
    /// The same, roughly ([`TalkLength`]).
    TalkLength,
    /// Time it waited to be dialled, ms.
    QueueTime,
    /// What stood in its way ([`Reach`]).
    Reach,
    /// Attestation of the caller that was seen (`A`, `B`, `C`).
    Attestation,
    /// What was found of its media ([`MediaFinding`](sidetone_core::statistics::media::MediaFinding)).
    Media,
    /// The same at the SDK.
    SdkMedia,
    /// The same at gateways.
    GatewayMedia,
    /// Answer to end, s.
    ConnectDuration,
}

/// How many values a call may have in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// One.
    One,
    /// Words of a closed set: bit i of the number stands for the one at place i.
    Bits,
    /// Texts, parted by line feeds.
    Lines,
}

impl Column {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let facets = Facet::ALL.iter().map(|facet| Self::Facet(*facet));
        let facets = facets.filter(|column| column.is_of_facet());
        facets.chain(Own::ALL.iter().map(|own| Self::Own(*own)))
    }

    /// The one that tells a facet. `None`: none tells it as lists mean it.
    #[must_use]
    pub const fn of(facet: Facet) -> Option<Self> {
        Some(match facet {
            Facet::SipResponse => Self::Own(Own::SipResponse),
            Facet::Edges => Self::Own(Own::Edges),
            Facet::Measured => Self::Own(Own::Measured),
            Facet::Incident => Self::Own(Own::Incident),
            facet if Self::Facet(facet).is_of_facet() => Self::Facet(facet),
            _ => return None,
        })
    }

    /// Whether a facet has a column as such: figures, and what people wrote, are told finer, in
    /// columns of their own.
    const fn is_of_facet(self) -> bool {
        match self {
            Self::Facet(Facet::Agents | Facet::Commented | Facet::Incident) => false,
            Self::Facet(facet) => !facet.is_figure(),
            Self::Own(_) => false,
        }
    }

    /// Whether segments of days have it too. Of what nearly each call has a value of its own, those of
    /// quarters are as quick.
    #[must_use]
    pub const fn is_of_days(self) -> bool {
        !matches!(self, Self::Own(Own::From | Own::To))
    }

    /// The code of a number in a period that begins so much earlier.
    pub(super) fn code_after(self, code: u64, after_us: i64) -> u64 {
        match (self, code.checked_sub(1)) {
            (Self::Own(Own::Start), Some(start)) => start
                .saturating_add(after_us.unsigned_abs())
                .saturating_add(1),
            (Self::Own(Own::End), Some(end)) => {
                zigzag(unzigzag(end).saturating_add(after_us)).saturating_add(1)
            }
            _ => code,
        }
    }

    /// How many values a call may have in it.
    #[must_use]
    pub const fn arity(self) -> Arity {
        match self {
            Self::Facet(facet) if facet.is_set() => Arity::Bits,
            Self::Own(Own::Edges | Own::Media | Own::SdkMedia | Own::GatewayMedia) => Arity::Bits,
            Self::Facet(Facet::UserAgents)
            | Self::Own(Own::Codecs | Own::EdgeLocations | Own::Regions) => Arity::Lines,
            Self::Facet(_) | Self::Own(_) => Arity::One,
        }
    }
}

/// What a call has in a column, where it has something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A number below 2^63.
    Number(u64),
    /// A text.
    Text(Cow<'a, str>),
}

/// A call, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells<'a> {
    /// The quarter it started in.
    pub quarter: i64,
    /// Its end.
    pub ended_us: Option<i64>,
    /// What is known.
    pub cells: Vec<(Column, Cell<'a>)>,
}

impl<'a> Cells<'a> {
    /// Those of a call. `None`: it has no start, and is counted nowhere.
    #[must_use]
    pub fn of(
        summary: &'a CallSummary,
        annotation: &'a Annotation,
        advanced_features: bool,
    ) -> Option<Self> {
        let keys = Keys::of(summary)?;
        let quarter = quarter_of(keys.start_us);
        let begin_us = quarter * QUARTER_US;
        let facts = &summary.facts;
        let media = Media::of(summary);
        let number = |number: Option<u64>| number.map(Cell::Number);
        let text = |text: &'a Option<String>| text.as_deref().map(|text| Cell::Text(text.into()));
        let own = [
            (
                Own::Start,
                number(u64::try_from(keys.start_us - begin_us).ok()),
            ),
            (
                Own::End,
                number(
                    keys.ended_us
                        .map(|end_us| zigzag(end_us.saturating_sub(begin_us))),
                ),
            ),
            (Own::From, text(&facts.from.address)),
            (Own::To, text(&facts.to.address)),
            (Own::Seizure, number(Seizure::of(facts).map(|it| it as u64))),
            (
                Own::SipResponse,
                number(facts.last_sip_response.map(u64::from)),
            ),
            (Own::Edges, number(edges(summary))),
            (Own::Codecs, codecs(summary)),
            (Own::Incident, text(&annotation.incident)),
            (Own::Comment, text(&annotation.comment)),
            (Own::Duration, number(facts.duration_s)),
            (Own::Pdd, number(facts.pdd_ms)),
            (
                Own::PacketLoss,
                number(media.loss_percent.and_then(thousandths)),
            ),
            (Own::Jitter, number(media.jitter_ms.and_then(thousandths))),
            (Own::Rtt, number(media.rtt_ms.and_then(thousandths))),
            (Own::Mos, number(media.mos.and_then(thousandths))),
            (
                Own::Measured,
                number(Some(search::is_measured(summary).into())),
            ),
            (
                Own::AdvancedFeatures,
                number(Some(advanced_features.into())),
            ),
            (Own::ToConnection, text(&facts.to.connection)),
            (
                Own::EdgeLocations,
                of_edges(summary, |it| vec![&it.edge_location]),
            ),
            (
                Own::Regions,
                of_edges(summary, |it| {
                    vec![&it.media_region, &it.signaling_region, &it.region]
                }),
            ),
            (Own::Talk, number(talk_s(facts))),
            (
                Own::TalkLength,
                number(talk_s(facts).map(|it| TalkLength::of(it).index().into())),
            ),
            (Own::QueueTime, number(facts.queue_time_ms)),
            (
                Own::Reach,
                number(Reach::of(facts).map(|it| it.index().into())),
            ),
            (Own::Attestation, text(&facts.trust.attestation)),
            (Own::Media, number(media_of(summary, MediaSide::Any))),
            (Own::SdkMedia, number(media_of(summary, MediaSide::Sdk))),
            (
                Own::GatewayMedia,
                number(media_of(summary, MediaSide::Gateway)),
            ),
            (Own::ConnectDuration, number(facts.connect_duration_s)),
        ];
        let of_annotation = facets::of_annotation(annotation);
        let facets = facets::of_summary(summary).into_iter().chain(of_annotation);
        let facets = facets.map(|(facet, value)| (Column::Facet(facet), value.map(cell)));
        let facets = facets.filter(|(column, _)| column.is_of_facet());
        let own = own.into_iter().map(|(own, cell)| (Column::Own(own), cell));
        let known = facets
            .chain(own)
            .filter_map(|(column, cell)| Some((column, cell?)));
        // A number that large says nothing, and codes have no room for it.
        let fits = |cell: &Cell<'_>| !matches!(cell, Cell::Number(number) if number >> 63 != 0);
        Some(Self {
            quarter,
            ended_us: keys.ended_us,
            cells: known.filter(|(_, cell)| fits(cell)).collect(),
        })
    }
}

fn cell(value: Value<'_>) -> Cell<'_> {
    match value {
        Value::Number(number) => Cell::Number(number.into()),
        Value::Figure(number) => Cell::Number(number.into()),
        Value::Set(bits) => Cell::Number(bits),
        Value::Text(text) | Value::Name(text) => Cell::Text(text.into()),
        Value::Texts(texts) => Cell::Text(lines(&texts).into()),
    }
}

fn lines(texts: &BTreeSet<String>) -> String {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.join("\n")
}

/// A number that may be below zero as one that is not (zigzag encoding): -1 is 1, 1 is 2, -2 is 3.
#[must_use]
pub const fn zigzag(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

/// The number that it was.
#[must_use]
pub const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float ends at the ends of the integer"
)]
fn thousandths(value: f64) -> Option<u64> {
    (value.is_finite() && value >= 0.0).then(|| (value * 1000.0).round() as u64)
}

fn edges(summary: &CallSummary) -> Option<u64> {
    let bits = summary
        .edges
        .keys()
        .fold(0, |bits, edge| bits | 1 << edge.index());
    (bits != 0).then_some(bits)
}

/// What the edges of a call say of themselves, all in one text.
fn of_edges<'a>(
    summary: &'a CallSummary,
    said: impl Fn(&'a EdgeFacts) -> Vec<&'a Option<String>>,
) -> Option<Cell<'a>> {
    let said = summary.edges.values().flat_map(|edge| said(&edge.facts));
    let said = said.flatten().filter(|text| !text.is_empty());
    // They are parted by line feeds.
    let texts: BTreeSet<String> = said.map(|text| text.replace('\n', " ")).collect();
    (!texts.is_empty()).then(|| Cell::Text(lines(&texts).into()))
}

fn media_of(summary: &CallSummary, side: MediaSide) -> Option<u64> {
    let found = media::found(summary, side);
    let bits = found.iter().fold(0, |bits, it| bits | 1 << it.index());
    (bits != 0).then_some(bits)
}

fn streams(edge: &EdgeSummary) -> impl Iterator<Item = &Counters> {
    edge.inbound.iter().chain(&edge.outbound)
}

fn codecs(summary: &CallSummary) -> Option<Cell<'static>> {
    let names = search::codecs(summary);
    (!names.is_empty()).then(|| Cell::Text(lines(&names).into()))
}

/// The worst of a call's streams, figure by figure: what its listeners had to bear.
#[derive(Debug, Clone, Copy, Default)]
struct Media {
    loss_percent: Option<f64>,
    jitter_ms: Option<f64>,
    rtt_ms: Option<f64>,
    mos: Option<f64>,
}

impl Media {
    fn of(summary: &CallSummary) -> Self {
        let streams = || summary.edges.values().flat_map(streams);
        let worst =
            |figure: fn(&Counters) -> Option<f64>| streams().filter_map(figure).reduce(f64::max);
        let on_leg = || {
            let edges = summary.edges.values();
            let means = edges.filter_map(|edge| edge.leg_rtt_ms.and_then(Stat::mean));
            means.reduce(f64::max)
        };
        Self {
            loss_percent: worst(|stream| stream.loss_percent),
            jitter_ms: worst(|stream| stream.jitter_ms?.mean()),
            rtt_ms: worst(|stream| stream.rtt_ms?.mean()).or_else(on_leg),
            mos: streams()
                .filter_map(|stream| stream.mos?.mean())
                .reduce(f64::min),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_loses_nothing() {
        for number in [0, 1, -1, 2, i64::MAX, i64::MIN] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
        assert_eq!([-1, 1, -2].map(zigzag), [1, 2, 3]);
    }

    #[test]
    fn what_is_below_zero_or_no_number_is_not_known() {
        assert_eq!(thousandths(1.2345), Some(1235));
        assert_eq!([-0.1, f64::NAN, f64::INFINITY].map(thousandths), [None; 3]);
    }
}
