//! A row of a call's ladder.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::Serialize;
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::fold::ladder::{Content, Rung, SipLine};
use sidetone_core::fold::{LegName, Route};
use sidetone_core::rtcp::{RtcpReport, VoipMetrics};
use sidetone_core::sip::StartLine;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::EdgeKind;
use sidetone_core::vq::VqReport;
use sidetone_store::AnnotationChange;

use super::annotation::ChangeItem;
use super::event::{self, EventItem};

/// One row. Of the objects at its end only the one that `kind` names is there.
#[derive(Debug, Serialize)]
pub struct LadderItem<'a> {
    time: TimeUs,
    kind: &'static str,
    /// Whose clock the time is of.
    agent: Option<u32>,
    seen_by: &'a [u32],
    from: Option<SocketAddr>,
    to: Option<SocketAddr>,
    leg: Option<LegName>,
    edge: Option<EdgeKind>,
    summary: String,
    #[serde(flatten)]
    detail: Detail<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Detail<'a> {
    Sip(Sip<'a>),
    Rtcp(Rtcp<'a>),
    Vq(&'a VqReport),
    Annotation(ChangeItem<'a>),
    Event(Option<Box<EventItem<'a>>>),
}

#[derive(Debug, Serialize)]
struct Sip<'a> {
    call_id: &'a str,
    cseq: u32,
    method: &'a str,
    uri: Option<&'a str>,
    status: Option<u16>,
    reason: Option<&'a str>,
    media: usize,
    retransmission: bool,
}

#[derive(Debug, Serialize)]
struct Rtcp<'a> {
    ssrc: u32,
    packets_sent: Option<u32>,
    bytes_sent: Option<u32>,
    received: Vec<Received>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    voip_metrics: &'a [VoipMetrics],
}

#[derive(Debug, Serialize)]
struct Received {
    ssrc: u32,
    packets_lost: i32,
    /// Since the report before, in percent.
    fraction_lost: f64,
    highest_seq: u32,
    jitter_ms: Option<f64>,
}

impl<'a> LadderItem<'a> {
    /// A packet; its text where it was asked for.
    #[must_use]
    pub fn of_packet(rung: &'a Rung, route: Option<&Route>, raw: Option<&'a String>) -> Self {
        let clock_khz = || route?.clock_khz(rung.spot?, rung.agent?, rung.at);
        let (kind, summary, detail) = match &rung.content {
            Content::Sip(line) => ("sip", line_of(line), Detail::Sip(Sip::of(line, rung))),
            Content::Rtcp(report) => {
                let rtcp = Rtcp::of(report, clock_khz());
                ("rtcp", rtcp.summary(), Detail::Rtcp(rtcp))
            }
            Content::Vq(report) => ("vq", summary_of_phone(report), Detail::Vq(report)),
        };
        Self {
            time: rung.at,
            kind,
            agent: rung.agent,
            seen_by: &rung.seen_by,
            from: rung.between.map(|(from, _)| from),
            to: rung.between.map(|(_, to)| to),
            leg: rung.spot.map(|spot| spot.leg),
            edge: rung.spot.map(|spot| spot.edge),
            summary,
            detail,
            raw,
        }
    }

    /// An event that the call was told of, or a warning.
    #[must_use]
    pub fn of_event(event: &'a CallEvent) -> Self {
        let (edge, summary) = match &event.observation {
            Observation::Edge(edge) => (edge.edge, format!("{} {}", edge.group, edge.name)),
            Observation::Progress { step, .. } => (None, format!("call {step}")),
            _ => (None, String::new()),
        };
        let detail = Detail::Event(event::render(event, None).map(Box::new));
        Self::of_nobody(event.at, "event", edge, summary, detail)
    }

    /// A change of what people say.
    #[must_use]
    pub fn of_change(change: &'a AnnotationChange) -> Self {
        let who = match change.author.as_str() {
            "" => "annotation".to_owned(),
            author => format!("annotation by {author}"),
        };
        let detail = Detail::Annotation(change.into());
        Self::of_nobody(change.at, "annotation", None, who, detail)
    }

    const fn of_nobody(
        time: TimeUs,
        kind: &'static str,
        edge: Option<EdgeKind>,
        summary: String,
        detail: Detail<'a>,
    ) -> Self {
        Self {
            time,
            kind,
            agent: None,
            seen_by: &[],
            from: None,
            to: None,
            leg: None,
            edge,
            summary,
            detail,
            raw: None,
        }
    }
}

impl<'a> Sip<'a> {
    fn of(line: &'a SipLine, rung: &Rung) -> Self {
        Self {
            call_id: &line.call_id,
            cseq: line.cseq,
            method: &line.method,
            uri: match &line.start {
                StartLine::Request(uri) => Some(uri),
                StartLine::Response(_) => None,
            },
            status: line.status(),
            reason: line.reason.as_deref(),
            media: line.media,
            retransmission: rung.is_retransmission,
        }
    }
}

fn line_of(line: &SipLine) -> String {
    match (&line.start, &line.reason) {
        (StartLine::Request(uri), _) => format!("{} {uri}", line.method),
        (StartLine::Response(status), Some(reason)) => format!("{status} {reason}"),
        (StartLine::Response(status), None) => status.to_string(),
    }
}

impl<'a> Rtcp<'a> {
    fn of(report: &'a RtcpReport, clock_khz: Option<f64>) -> Self {
        let received = report.blocks.iter().map(|block| Received {
            ssrc: block.ssrc,
            packets_lost: block.lost,
            fraction_lost: f64::from(block.fraction_lost) * 100.0 / 256.0,
            highest_seq: block.highest_seq,
            jitter_ms: clock_khz.map(|khz| f64::from(block.jitter_rtp) / khz),
        });
        Self {
            ssrc: report.ssrc,
            packets_sent: report.sender.map(|sender| sender.packets),
            bytes_sent: report.sender.map(|sender| sender.octets),
            received: received.collect(),
            voip_metrics: &report.voip_metrics,
        }
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.packets_sent.map(|packets| format!("{packets} sent")));
        for block in &self.received {
            let jitter = block.jitter_ms.map(|ms| format!(", jitter {ms:.1} ms"));
            let jitter = jitter.unwrap_or_default();
            parts.push(format!("{} lost{jitter}", block.packets_lost));
        }
        format!("RTCP {}", parts.join("; ")).trim_end().to_owned()
    }
}

fn summary_of_phone(report: &VqReport) -> String {
    let mut summary = "Quality report".to_owned();
    if let Some(mos) = report.local.mos_cq.or(report.local.mos_lq) {
        summary.push_str(&format!(", MOS {mos:.1}"));
    }
    if let Some(loss) = report.local.loss_percent {
        summary.push_str(&format!(", {loss:.1} % lost"));
    }
    summary
}

/// Somebody who signals in a call.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Participant {
    address: SocketAddr,
    role: &'static str,
    edge: EdgeKind,
}

/// The ends of every leg that ends at a party, the caller's first.
#[must_use]
pub fn participants(route: &Route) -> Vec<Participant> {
    let mut known = BTreeSet::new();
    let mut participants = Vec::new();
    for hop in route.hops() {
        let ends = [
            (hop.party, hop.spot.leg.as_str()),
            (hop.platform, "platform"),
        ];
        for (address, role) in ends {
            if known.insert(address) {
                participants.push(Participant {
                    address,
                    role,
                    edge: hop.spot.edge,
                });
            }
        }
    }
    participants
}
