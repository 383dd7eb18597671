//! Calls, and what is said of them, with all that lists are narrowed by, drawn at random.

use sidetone_core::annotation::{
    AnnotationPatch, AnsweredByHeard, ConnectivityIssue, QualityIssue,
};
use sidetone_core::correlate::call_sid;
use sidetone_core::media::{Counters, Stat};
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, ProcessingState, Tag,
};

use super::random::Random;
use super::sample::{self, call, summary};
use super::search::{CALL_IDS, random_sip};

/// Seconds the random calls lie in: ten days.
pub(super) const SECONDS: usize = 864_000;
const TEXTS: [&str; 5] = ["a", "+a", "b b", "c,\u{e9}", "D"];

pub(super) const ADDRESSES: [&str; 9] = [
    "a",
    "+a",
    "b b",
    "client:a",
    "sip:a@192.0.2.1",
    "sip:a@192.0.2.2;transport=udp",
    "sip:+15550100123@192.0.2.1",
    "+15550100123",
    "anonymous",
];
pub(super) const COMMENTS: [&str; 5] = [
    "No sound",
    "N\u{d6} SOUND \"at\" all",
    "ab",
    "x\ny",
    "100 % loss",
];
pub(super) const INCIDENTS: [&str; 3] = ["INC 1", "inc 1", "\u{e9}"];
pub(super) const CODECS: [&str; 4] = ["pcmu", "opus", "OPUS", "pcm"];

/// What somebody says of a call, anew in everything.
pub(super) fn random_patch(
    random: &mut Random,
    comments: &[&str],
    incidents: &[&str],
) -> AnnotationPatch {
    AnnotationPatch {
        answered_by: Some(random.maybe(AnsweredByHeard::ALL)),
        connectivity_issue: Some(random.maybe(ConnectivityIssue::ALL)),
        quality_issues: Some(random_issues(random)),
        spam: Some(random.maybe(&[true, false])),
        call_score: Some(random.maybe(&[1, 2, 3, 4, 5])),
        comment: Some(random.maybe(comments).map(|text| (*text).to_owned())),
        incident: Some(random.maybe(incidents).map(|text| (*text).to_owned())),
    }
}

fn random_issues(random: &mut Random) -> Option<Vec<QualityIssue>> {
    let mut issues = QualityIssue::ALL.to_vec();
    issues.retain(|_| random.one_in(4));
    (!issues.is_empty()).then_some(issues)
}

pub(super) fn random_summary(n: u64, random: &mut Random) -> CallSummary {
    let started = i64::try_from(random.below(SECONDS)).unwrap();
    let ended = match random.below(10) {
        0 => None,
        1 => Some(started - i64::try_from(random.below(9999)).unwrap()),
        _ => Some(started + i64::try_from(random.below(9999)).unwrap()),
    };
    let mut call = call(n);
    if let Some(call_id) = CALL_IDS.get(usize::try_from(n).unwrap()) {
        call.sid = call_sid(call.account, call_id);
    }
    let mut summary = summary(call, started, ended);
    summary.processing = random.pick(ProcessingState::ALL);
    summary.tags = random.maybe(Tag::ALL).into_iter().collect();
    let facts = &mut summary.facts;
    if random.one_in(30) {
        facts.started_at = None;
    }
    let text = |random: &mut Random| random.maybe(&TEXTS).map(str::to_owned);
    facts.parent = random.maybe(&[1, 2, 3].map(|n| sample::call(n).sid));
    facts.call_type = random.maybe(CallType::ALL);
    facts.state = random.maybe(CallState::ALL);
    facts.direction = random.maybe(CallDirection::ALL);
    facts.answered_by = random.maybe(AnsweredBy::ALL);
    facts.last_sip_response = random.maybe(&[200, 404, 486]);
    facts.pdd_ms = random.maybe(&[0, 1500, 7_000_000]);
    for party in [&mut facts.from, &mut facts.to] {
        party.address = random.maybe(&ADDRESSES).map(str::to_owned);
        party.carrier = text(random);
        party.country_code = text(random);
    }
    let trust = &mut facts.trust;
    trust.verified_caller = random.maybe(&[true, false]);
    if random.one_in(2) {
        trust.branded_enabled = random.maybe(&[true, false]);
        trust.branded_logo = random.maybe(&[true, false]);
        trust.branded_bundle_sid = text(random);
        trust.branded_type = text(random);
        trust.branded_use_case = text(random);
        trust.branded_call_reason = text(random);
        trust.voice_integrity_enabled = random.maybe(&[true, false]);
        trust.voice_integrity_bundle_sid = text(random);
        trust.voice_integrity_use_case = text(random);
        trust.business_bundle_sid = text(random);
        trust.business_identity = text(random);
        trust.business_industry = text(random);
        trust.business_type = text(random);
    }
    random_sip(&mut summary, random);
    random_figures(&mut summary, random);
    summary
}

/// What was measured of a call.
fn random_figures(summary: &mut CallSummary, random: &mut Random) {
    summary.facts.duration_s = random.maybe(&[0, 3, 59, 60, 61, 1 << 40]);
    for edge in [EdgeKind::Sip, EdgeKind::Carrier, EdgeKind::Client] {
        if random.one_in(3) {
            let stream = Counters {
                codec_name: random.maybe(&CODECS).map(str::to_owned),
                loss_percent: random.maybe(&[0.0, 0.5, 4.996, 5.0, 100.0]),
                jitter_ms: random.maybe(&[0.0, 4.999, 30.0]).map(|avg| Stat {
                    avg: Some(avg),
                    ..Stat::default()
                }),
                mos: random.maybe(&[1.0, 3.499, 3.5, 4.4]).map(|min| Stat {
                    min: Some(min),
                    ..Stat::default()
                }),
                ..Counters::default()
            };
            summary.edges.entry(edge).or_default().inbound = Some(stream);
        }
    }
}
