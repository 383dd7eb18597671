//! A SIP message that was seen on its way (RFC 3261), and what it says of its call.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::facts::is_default;
use crate::id::CallSid;

/// One message, once for each agent that saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipMessage {
    /// Where it was seen.
    pub capture: Capture,
    /// What it asks or answers.
    pub start: StartLine,
    /// The dialog's name: the Call-ID header.
    pub call_id: String,
    /// The number of the request in its dialog.
    pub cseq: u32,
    /// The method of that request, upper case; of a response the method it answers.
    pub method: String,
    /// Values of Via: through how many hands a request has gone.
    pub hops: u8,
    /// The branch of each Via, topmost first; empty where one has none. The first names the
    /// transaction on its hop (RFC 3261 §17), the others those it came by (§16.6). None where it
    /// was kept before these were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// The calling side of the request (From).
    pub from: Party,
    /// The called side of the request (To).
    pub to: Party,
    /// The caller as the network asserts it (P-Asserted-Identity, else Remote-Party-ID of the
    /// calling party): a number or a URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted: Option<String>,
    /// What a verification service found of the caller's number: `TN-Validation-Passed`, … (RFC
    /// 8588, ATIS-1000074).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verstat: Option<String>,
    /// Who diverted the call, last first (Diversion, RFC 5806; else History-Info).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverted_by: Vec<String>,
    /// User-Agent of a request, Server of a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Why it was sent (Reason, RFC 3326).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Signed claims about the caller (Identity, RFC 8224).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passports: Vec<Passport>,
    /// Media of its session description, in order (RFC 8866).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// Where the address it came from is, by the location database of the day it was seen. Of
    /// requests that begin a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_location: Option<IpLocation>,
    /// Where the address it went to is, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_location: Option<IpLocation>,
    /// The call on the other side of a back-to-back user agent, as a header names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CallSid>,
    /// The text as it came, credentials removed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Where an address is, as a location database says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpLocation {
    /// ISO 3166-1 alpha-2, upper case.
    pub country_code: String,
    /// City, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
}

impl SipMessage {
    /// The status of a response.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Request(_) => None,
            StartLine::Response(status) => Some(status),
        }
    }

    /// Whether it is a request of this method.
    #[must_use]
    pub fn is_request(&self, method: &str) -> bool {
        self.status().is_none() && self.method == method
    }

    /// Whether its session description answers another (RFC 3264): in a response that accepts, or,
    /// of an offer in a response, in the request that confirms it.
    #[must_use]
    pub fn answers(&self) -> bool {
        match self.status() {
            Some(status) => status < 300,
            None => matches!(self.method.as_str(), "ACK" | "PRACK"),
        }
    }

    /// The tags of its dialog: of From and To.
    #[must_use]
    pub fn tags(&self) -> [Option<&str>; 2] {
        [&self.from.tag, &self.to.tag].map(Option::as_deref)
    }

    /// The branch that names its transaction on this hop. `None` where it has none that is unique
    /// (RFC 3261 §8.1.1.7).
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        unique(self.branches.first()?)
    }

    /// The branches of the transactions that it came by.
    pub fn came_by(&self) -> impl Iterator<Item = &str> {
        self.branches.iter().skip(1).filter_map(|it| unique(it))
    }

    /// Whether it asks for a new dialog: an INVITE without a tag of the called side.
    #[must_use]
    pub fn is_initial_invite(&self) -> bool {
        self.is_request("INVITE") && self.to.tag.is_none()
    }
}

/// What every branch begins with that is unique in space and time.
const COOKIE: &str = "z9hG4bK";

fn unique(branch: &str) -> Option<&str> {
    let cookie = branch.get(..COOKIE.len())?;
    cookie.eq_ignore_ascii_case(COOKIE).then_some(branch)
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartLine {
    /// A request and its URI.
    Request(String),
    /// A response: status code, 100–699.
    Response(u16),
}

/// From or To.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Party {
    /// A number without its visual separators, or a URI.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The host of its SIP URI, without the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The dialog's tag of this side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// One value of Reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// `Q.850`, `SIP`, …
    pub protocol: String,
    /// The cause in that protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u16>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A signed claim about the caller, as seen. Seen is not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passport {
    /// `shaken`, `div`, `rph`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `A`: the signer knows the customer and the right to the number; `B`: the customer; `C`:
    /// neither (RFC 8588).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// The caller's number in the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Identifies where the call entered the signer's network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_id: Option<String>,
    /// Where the signer's certificate is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Whether the signature holds by a configured certificate. `None`: not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// One media line of a session description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// `audio`, `video`, …
    pub kind: String,
    /// Where its sender wants RTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtp: Option<SocketAddr>,
    /// Where its sender wants RTCP (RFC 3605, RFC 5761).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtcp: Option<SocketAddr>,
    /// `sendonly`, `recvonly`, `inactive`; empty for both ways.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub direction: String,
    /// Whether it is turned down or over: its port is 0 (RFC 3264 §6, §8.2).
    #[serde(skip_serializing_if = "is_default")]
    pub is_refused: bool,
    /// Whether it is or may be encrypted, and its RTCP with it: by its profile (RFC 3711, RFC
    /// 5764), or by keys that it offers.
    #[serde(skip_serializing_if = "is_default")]
    pub is_encrypted: bool,
    /// Sources its sender announces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssrcs: Vec<u32>,
    /// The first codec listed that carries speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
}

impl Media {
    /// Where its sender may take RTCP: where it wants it, and where RTP comes if RTCP may come
    /// there too.
    pub fn rtcp_taken(&self) -> impl Iterator<Item = SocketAddr> {
        // A port of its own for RTCP is for those who cannot take both at one (RFC 5761 §5.1.1).
        let is_next = |rtp: &SocketAddr| {
            self.rtcp
                .is_some_and(|rtcp| rtcp.port() == rtp.port().saturating_add(1))
        };
        let shared = self
            .rtp
            .filter(|rtp| self.rtcp != Some(*rtp) && !is_next(rtp));
        self.rtcp.into_iter().chain(shared)
    }
}

/// A codec as a session description names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codec {
    /// RTP payload type, 0–127.
    pub payload_type: u8,
    /// Name, lower case.
    pub name: String,
    /// RTP clock, Hz. Of G.722 8000, although it samples at 16 kHz (RFC 3551 §4.5.2).
    pub clock_hz: u32,
}
