//! Who reported what of a call's media, and when.

use std::collections::{BTreeMap, BTreeSet};

use super::media_ends::{MediaEnd, MediaEnds, PartyEdge};
use super::plausible::disbelieve;
use super::reports::{Path, Report, ReportKind, Reports, Said};
use super::sip::Signalling;
use super::source::{Known, Source};
use super::timeline::Timeline;
use super::ways::Ways;
use crate::capture::Capture;
use crate::time::TimeUs;

/// All that was reported of a call, by source.
pub(super) struct Sources<'a> {
    pub(super) by_ssrc: BTreeMap<u32, Source>,
    pub(super) timeline: Timeline<'a>,
    pub(super) ways: Ways,
}

impl<'a> Sources<'a> {
    pub(super) fn of(
        reports: &Reports,
        signalling: &'a Signalling<'_>,
        media_ends: &MediaEnds,
    ) -> Self {
        let paths = reports.by_path.values();
        let first = paths.flat_map(|path| path.reports.values().map(|report| report.at));
        let timeline = Timeline::of(signalling, first.min());
        let ways = Ways::of(signalling, &timeline);
        let mut by_ssrc = by_ssrc(reports, media_ends, &timeline);
        let started = signalling.facts.started_at;
        let started = started.map_or(0, |at| timeline.on_leg(PartyEdge::Caller, at));
        disbelieve(&mut by_ssrc, media_ends, &ways, started);
        Self {
            by_ssrc,
            timeline,
            ways,
        }
    }
}

/// What was seen of one source.
#[derive(Default)]
struct Group<'a> {
    media_end: Option<MediaEnd>,
    captures: BTreeSet<Capture>,
    /// By what it says, and how often that had been seen before: agents that saw the same report
    /// saw the like as often.
    reports: BTreeMap<(Said, usize), Sighting<'a>>,
}

/// A report, and when each agent saw it first.
struct Sighting<'a> {
    report: &'a Report,
    seen: BTreeMap<u32, TimeUs>,
}

impl<'a> Group<'a> {
    /// Adds what one agent saw on one way.
    fn add(&mut self, path: &'a Path, capture: Capture) {
        self.captures.insert(capture);
        let mut before: Option<(Said, usize)> = None;
        for (key, report) in &path.reports {
            let number = match before {
                Some((said, number)) if said == key.said => number + 1,
                _ => 0,
            };
            before = Some((key.said, number));
            let entry = self.reports.entry((key.said, number));
            let sighting = entry.or_insert_with(|| Sighting {
                report,
                seen: BTreeMap::new(),
            });
            let first = sighting.seen.entry(capture.agent).or_insert(report.at);
            *first = report.at.min(*first);
        }
    }

    fn source(self, timeline: &Timeline<'_>) -> Source {
        let edge = self.media_end.map(|media_end| media_end.edge);
        let known = self.reports.into_values().map(|it| Known {
            sender: it.report.sender,
            blocks: it.report.blocks.iter().copied().map(Into::into).collect(),
            kind: it.report.kind,
            at: timeline.moment(edge, &it.seen),
            seen: it.seen,
        });
        let mut reports: Vec<Known> = known.collect();
        // They come in the order of what they say, which decides between those of one moment.
        reports.sort_by_key(|known| known.at);
        let is_encrypted = |known: &Known| known.kind == ReportKind::Encrypted;
        Source {
            has_encrypted: reports.iter().any(is_encrypted),
            reports,
            media_end: self.media_end,
            captures: self.captures,
            ..Source::default()
        }
    }
}

fn by_ssrc(
    reports: &Reports,
    media_ends: &MediaEnds,
    timeline: &Timeline<'_>,
) -> BTreeMap<u32, Source> {
    let mut groups: BTreeMap<u32, Group<'_>> = BTreeMap::new();
    for ((ssrc, capture), path) in &reports.by_path {
        let group = groups.entry(*ssrc).or_default();
        let media_end = media_ends.of_report(*ssrc, capture);
        // A relay sends on what a party made, from an address of its own: the party is who reports.
        let is_party = |media_end: &MediaEnd| media_end.is_party;
        group.media_end = group
            .media_end
            .filter(is_party)
            .or(media_end.filter(is_party))
            .or(group.media_end)
            .or(media_end);
        group.add(path, *capture);
    }
    let groups = groups.into_iter();
    groups
        .map(|(ssrc, group)| (ssrc, group.source(timeline)))
        .collect()
}
