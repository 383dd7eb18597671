//! Voice quality reports of telephones: `application/vq-rtcpxr` (RFC 6035), from SIP PUBLISH or
//! NOTIFY or from HEP.
//!
//! Real reports are sparse: what is not there, is empty or is out of its range is `None`. Lines and
//! parameters that are not known are passed over; so are vendors' own (`x-…`).

mod metrics;
mod parameters;

use self::parameters::parameters;
use crate::malformed::Malformed;

pub use metrics::Metrics;

/// A report of one telephone about one call.
#[derive(Debug, Clone, PartialEq)]
pub struct VqReport {
    /// What occasioned it.
    pub occasion: Occasion,
    /// SIP Call-ID of the call it is about. The message that carries the report has another.
    pub call_id: Option<String>,
    /// Who reports: a URI.
    pub local_id: Option<String>,
    /// With whom it speaks.
    pub remote_id: Option<String>,
    /// Who began the call.
    pub orig_id: Option<String>,
    /// Where the reporter's media comes from.
    pub local: Address,
    /// Where the other side's media comes from.
    pub remote: Address,
    /// What the reporter measured of the media it receives.
    pub local_metrics: Metrics,
    /// What it was told of the media it sends.
    pub remote_metrics: Option<Metrics>,
}

/// What occasioned a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// The session ended, or changed its codec or address.
    Session {
        /// The call is over with it.
        call_term: bool,
    },
    /// Some time passed.
    Interval,
    /// A threshold was crossed.
    Alert {
        /// The measure, e.g. `RLQ`, `NLR`.
        kind: Option<String>,
        /// `Warning`, `Critical` or `Clear`.
        severity: Option<String>,
    },
}

/// Where media comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// IP address, as text: it may be behind a translator and of no use.
    pub ip: Option<String>,
    /// UDP port.
    pub port: Option<u16>,
    /// RTP synchronization source; told in decimal or as `0x…`.
    pub ssrc: Option<u32>,
}

/// Decodes a body. Lines end in CR LF or LF; bytes that are not UTF-8 are replaced.
///
/// # Errors
/// When the first line that is not blank does not begin such a report.
pub fn decode(body: &[u8]) -> Result<VqReport, Malformed> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut report = VqReport {
        occasion: lines
            .next()
            .and_then(occasion)
            .ok_or(Malformed::new("not a voice quality report", 0))?,
        call_id: None,
        local_id: None,
        remote_id: None,
        orig_id: None,
        local: Address::default(),
        remote: Address::default(),
        local_metrics: Metrics::default(),
        remote_metrics: None,
    };
    for line in lines {
        if let Some((name, value)) = line.split_once(':') {
            report.read(name.trim(), value.trim());
        }
    }
    Ok(report)
}

fn occasion(line: &str) -> Option<Occasion> {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "vqsessionreport" => Some(Occasion::Session {
            call_term: value.trim().eq_ignore_ascii_case("CallTerm"),
        }),
        "vqintervalreport" => Some(Occasion::Interval),
        "vqalertreport" => {
            let find = |name: &str| {
                parameters(value)
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_owned())
            };
            Some(Occasion::Alert {
                kind: find("Type"),
                severity: find("Severity"),
            })
        }
        _ => None,
    }
}

impl VqReport {
    fn read(&mut self, name: &str, value: &str) {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        match name.to_ascii_lowercase().as_str() {
            "callid" => self.call_id = text(),
            "localid" => self.local_id = text(),
            "remoteid" => self.remote_id = text(),
            "origid" => self.orig_id = text(),
            "localaddr" => self.local = Address::read(value),
            "remoteaddr" => self.remote = Address::read(value),
            "remotemetrics" => self.remote_metrics = Some(Metrics::default()),
            // Lines belong to the section that began last; the reporter's own comes first.
            name => self
                .remote_metrics
                .as_mut()
                .unwrap_or(&mut self.local_metrics)
                .read(name, value),
        }
    }
}

impl Address {
    fn read(line: &str) -> Self {
        let mut address = Self::default();
        for (name, value) in parameters(line) {
            match name.to_ascii_uppercase().as_str() {
                "IP" => address.ip = Some(value.to_owned()),
                "PORT" => address.port = value.parse().ok(),
                "SSRC" => address.ssrc = ssrc(value),
                _ => {}
            }
        }
        address
    }
}

fn ssrc(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match digits {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
