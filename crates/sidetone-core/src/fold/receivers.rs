//! Who receives media where, and which of its reports are about which stream.
//!
//! Each medium is an RTP session of its own with reports of its own (RFC 3550 §5.2, §6.4.1): one
//! that names nobody speaks of the session it was made in, not of all that its maker hears.

use std::collections::{BTreeMap, BTreeSet};

use super::cap::cap;
use super::media_ends::MediaEnd;
use super::reports::ReportKind;
use super::source::{Known, KnownBlock, Source};
use super::sources::Sources;

/// A report, and what it says of a stream. `None`: nothing has come of it since the report before.
pub(super) type Told<'a> = (&'a Known, Option<KnownBlock>);

/// Whoever receives media at one end of a leg. It is the same when the source that it reports as
/// changes.
#[derive(Default)]
pub(super) struct Receiver<'a> {
    /// The sources it reported as.
    pub(super) ssrcs: Vec<u32>,
    /// Its reports, in the order of time.
    pub(super) reports: Vec<&'a Known>,
    /// The streams it reports of, no more than are told apart, with the reports that are about
    /// each, in the order of time.
    pub(super) streams: BTreeMap<u32, Vec<Told<'a>>>,
}

impl Sources<'_> {
    /// Who receives where.
    pub(super) fn receivers(&self) -> BTreeMap<MediaEnd, Receiver<'_>> {
        let mut at_ends: BTreeMap<MediaEnd, BTreeMap<u32, &Source>> = BTreeMap::new();
        for (ssrc, source) in &self.by_ssrc {
            if let Some(media_end) = source.media_end {
                at_ends.entry(media_end).or_default().insert(*ssrc, source);
            }
        }
        let at_ends = at_ends.into_iter();
        at_ends
            .map(|(media_end, sources)| (media_end, Receiver::of(&sources)))
            .collect()
    }
}

impl<'a> Receiver<'a> {
    fn of(sources: &BTreeMap<u32, &'a Source>) -> Self {
        let mut receiver = Self {
            ssrcs: sources.keys().copied().collect(),
            ..Self::default()
        };
        for session in sessions(sources.values().copied()) {
            let reports = session.into_iter().flat_map(|source| &source.reports);
            receiver.add(reports);
        }
        cap(&mut receiver.streams, drop);
        receiver.reports.sort_by_key(|known| known.at);
        for told in receiver.streams.values_mut() {
            told.sort_by_key(|(known, _)| known.at);
        }
        receiver
    }

    /// Adds the reports of one session. One of nobody is about the streams that were named last,
    /// and those that are named next.
    fn add(&mut self, reports: impl Iterator<Item = &'a Known>) {
        let mut last: &[KnownBlock] = &[];
        let mut silent: Vec<&'a Known> = Vec::new();
        for known in reports {
            self.reports.push(known);
            if known.blocks.is_empty() {
                silent.extend((known.kind == ReportKind::Silent).then_some(known));
                continue;
            }
            self.add_silent(&silent, last.iter().chain(&known.blocks));
            silent.clear();
            last = &known.blocks;
            // Of two blocks about one stream the later holds.
            let blocks = last.iter().map(|block| (block.said.ssrc, *block));
            for (stream, block) in blocks.collect::<BTreeMap<_, _>>() {
                self.add_told(stream, (known, Some(block)));
            }
        }
        self.add_silent(&silent, last.iter());
    }

    fn add_silent<'b>(
        &mut self,
        silent: &[&'a Known],
        about: impl Iterator<Item = &'b KnownBlock>,
    ) {
        let streams: BTreeSet<u32> = about.map(|block| block.said.ssrc).collect();
        for stream in streams {
            for known in silent.iter().copied() {
                self.add_told(stream, (known, None));
            }
        }
    }

    fn add_told(&mut self, stream: u32, told: Told<'a>) {
        self.streams.entry(stream).or_default().push(told);
    }
}

/// The sources at an end by session: who begins to report between the same addresses when another
/// is done is the same one.
fn sessions<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<Vec<&'a Source>> {
    let first = |source: &Source| source.reports.first().map(|known| known.at);
    let last = |source: &Source| source.reports.last().map(|known| known.at);
    let mut sources: Vec<&Source> = sources.collect();
    sources.sort_by_key(|source| first(source));
    let mut sessions: Vec<Vec<&Source>> = Vec::new();
    for source in sources {
        let goes_on = |before: &&Source| {
            last(before) <= first(source) && !before.captures.is_disjoint(&source.captures)
        };
        let mut begun = sessions.iter_mut();
        match begun.find(|session| session.last().is_some_and(goes_on)) {
            Some(session) => session.push(source),
            None => sessions.push(vec![source]),
        }
    }
    sessions
}
