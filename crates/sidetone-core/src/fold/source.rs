//! A source of a call's media: what it reported, and when.

use std::collections::{BTreeMap, BTreeSet};

use super::media_ends::MediaEnd;
use super::reports::ReportKind;
use super::sent::Sent;
use crate::capture::Capture;
use crate::rtcp::{ReportBlock, SenderInfo};
use crate::time::TimeUs;

/// A report, whoever saw it: as much of it as can be believed.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) sender: Option<SenderInfo>,
    pub(super) blocks: Vec<KnownBlock>,
    pub(super) kind: ReportKind,
    /// When each agent saw it first.
    pub(super) seen: BTreeMap<u32, TimeUs>,
    /// When it was seen, on the call's line of time.
    pub(super) at: i64,
}

/// What a report says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownBlock {
    pub(super) said: ReportBlock,
    /// Whether its jitter can be true.
    pub(super) has_jitter: bool,
}

impl From<ReportBlock> for KnownBlock {
    fn from(said: ReportBlock) -> Self {
        Self {
            said,
            has_jitter: true,
        }
    }
}

/// The reports of one source, in the order of time.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) reports: Vec<Known>,
    pub(super) media_end: Option<MediaEnd>,
    /// Where its reports were seen.
    pub(super) captures: BTreeSet<Capture>,
    /// What it says of having sent.
    pub(super) sent: Sent,
    /// Reports that were not believed, or not in all they say.
    pub(super) disregarded: u32,
    /// Whether nothing it says is believed.
    pub(super) is_noise: bool,
    /// Whether any of its reports was seen to be encrypted.
    pub(super) has_encrypted: bool,
}

/// What reports say of their senders' own sending, and when.
pub(super) fn senders(reports: &[Known]) -> impl Iterator<Item = (i64, SenderInfo)> {
    let sender = |known: &Known| Some((known.at, known.sender?));
    reports.iter().filter_map(sender)
}
