//! Where recordings of calls are: the URL of each, by a template.

use std::fmt::Write;

use anyhow::bail;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;

/// Bytes of a template.
const TEMPLATE_MAX_BYTES: usize = 2_000;

/// What a template may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `CallSid`.
    CallSid,
    /// The call's 32 digits as a UUID, with dashes: as a switch calls it that names calls so.
    Uuid,
    /// `AccountSid`.
    AccountSid,
    /// The SIP Call-ID of the call's first leg.
    SipCallId,
    /// The year of the start, UTC, four digits.
    Year,
    /// Its month, two digits.
    Month,
    /// Its day, two digits.
    Day,
}

impl Placeholder {
    const ALL: [Self; 7] = [
        Self::CallSid,
        Self::Uuid,
        Self::AccountSid,
        Self::SipCallId,
        Self::Year,
        Self::Month,
        Self::Day,
    ];

    /// As a template has it, between braces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallSid => "CallSid",
            Self::Uuid => "Uuid",
            Self::AccountSid => "AccountSid",
            Self::SipCallId => "SipCallId",
            Self::Year => "Year",
            Self::Month => "Month",
            Self::Day => "Day",
        }
    }
}

/// What is known of a call that its recording may be called by.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Whose call it is.
    pub account: AccountSid,
    /// The call.
    pub call: CallSid,
    /// Its SIP Call-ID.
    pub sip_call_id: Option<&'a str>,
    /// When it started.
    pub started_at: Option<TimeUs>,
}

impl Recorded<'_> {
    /// `None`: it is not known, or would lead elsewhere.
    fn value(&self, placeholder: Placeholder) -> Option<String> {
        let date = || self.started_at.map(TimeUs::to_seconds_text);
        let of_date = |from, to| date().and_then(|date| Some(date.get(from..to)?.to_owned()));
        match placeholder {
            Placeholder::CallSid => Some(self.call.to_string()),
            Placeholder::AccountSid => Some(self.account.to_string()),
            Placeholder::Uuid => Some(uuid(self.call)),
            // Encoded or not, browsers take these for "here" and "above".
            Placeholder::SipCallId => self
                .sip_call_id
                .filter(|id| !["", ".", ".."].contains(id))
                .map(str::to_owned),
            Placeholder::Year => of_date(0, 4),
            Placeholder::Month => of_date(5, 7),
            Placeholder::Day => of_date(8, 10),
        }
    }
}

fn uuid(call: CallSid) -> String {
    let mut uuid = String::with_capacity(36);
    for (at, byte) in call.as_bytes().iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            uuid.push('-');
        }
        // Writing into memory does not fail.
        let _ = write!(uuid, "{byte:02x}");
    }
    uuid
}

/// The URL of a call's recording, with placeholders where calls differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingUrl {
    /// Each with the text before it.
    parts: Vec<(String, Placeholder)>,
    end: String,
}

impl RecordingUrl {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is no URL of http or https, names what is no placeholder, or has one where the URL
    /// says which server is asked: what others call a call must not decide that.
    pub fn read(template: &str) -> anyhow::Result<Self> {
        let names = Placeholder::ALL.map(|it| format!("{{{}}}", it.as_str()));
        let known = names.join(" ");
        let Some(rest) = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| template.strip_prefix(scheme))
        else {
            bail!("recording_url is not like https://recordings.example.com/{{CallSid}}.wav");
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() || host.contains(['@', '{', '}']) {
            bail!("recording_url must name its server, without a placeholder or a user");
        }
        let is_plain = |char: char| !char.is_whitespace() && !char.is_control() && char != '\\';
        if template.len() > TEMPLATE_MAX_BYTES || !template.chars().all(is_plain) {
            bail!(
                "recording_url has at most {TEMPLATE_MAX_BYTES} bytes, none of them a space, a backslash or a control character"
            );
        }
        let (mut parts, mut rest) = (Vec::new(), template);
        while let Some((before, after)) = rest.split_once('{') {
            let named = after.split_once('}');
            let found = named.and_then(|(name, after)| {
                let all = Placeholder::ALL.into_iter();
                let placeholder = all.into_iter().find(|it| it.as_str() == name)?;
                Some((placeholder, after))
            });
            let Some((placeholder, after)) = found else {
                bail!("recording_url has another placeholder than {known}");
            };
            parts.push((before.to_owned(), placeholder));
            rest = after;
        }
        if rest.contains('}') || parts.iter().any(|(before, _)| before.contains('}')) {
            bail!("recording_url has a brace that no placeholder begins with");
        }
        Ok(Self {
            parts,
            end: rest.to_owned(),
        })
    }

    /// The URL of a call's recording, with all that is filled in percent-encoded (RFC 3986).
    ///
    /// # Errors
    /// What is not known of the call.
    pub fn of(&self, call: &Recorded<'_>) -> Result<String, Placeholder> {
        let mut url = String::new();
        for (before, placeholder) in &self.parts {
            url.push_str(before);
            let value = call.value(*placeholder).ok_or(*placeholder)?;
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    url.push(char::from(byte));
                } else {
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
        url.push_str(&self.end);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, sip_call_id: Option<&str>) -> Result<String, &'static str> {
        let call = Recorded {
            account: AccountSid::from_bytes([0xaa; 16]),
            call: CallSid::from_bytes([0xc1; 16]),
            sip_call_id,
            started_at: TimeUs::parse_rfc3339("2026-06-01T23:59:59.9Z"),
        };
        let url = RecordingUrl::read(template).unwrap().of(&call);
        url.map_err(Placeholder::as_str)
    }

    #[test]
    fn what_is_filled_in_stays_one_piece() {
        for (template, call_id, expected) in [
            (
                "https://pbx.example.com/rec/{Year}/{Month}/{Day}/{SipCallId}.wav",
                Some("a/b?c#d@192.0.2.1 é%"),
                Ok(
                    "https://pbx.example.com/rec/2026/06/01/a%2Fb%3Fc%23d%40192.0.2.1%20%C3%A9%25.wav",
                ),
            ),
            (
                "http://10.0.0.5:8080?of={AccountSid}",
                None,
                Ok("http://10.0.0.5:8080?of=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ),
            (
                "https://fs/{Uuid}.wav",
                None,
                Ok("https://fs/c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1.wav"),
            ),
            ("https://all/of-them", None, Ok("https://all/of-them")),
            ("https://a/{SipCallId}", None, Err("SipCallId")),
            ("https://a/{SipCallId}", Some(".."), Err("SipCallId")),
            ("https://a/{SipCallId}", Some("..."), Ok("https://a/...")),
        ] {
            let filled = filled(template, call_id);
            assert_eq!(filled.as_deref().map_err(|it| *it), expected, "{template}");
        }
    }

    #[test]
    fn templates_lead_to_one_server_and_name_what_is_known() {
        for (wrong, why) in [
            ("ftp://a/{CallSid}", "is not like"),
            ("javascript:alert(1)//{CallSid}", "is not like"),
            ("//a/{CallSid}", "is not like"),
            ("https:///{CallSid}", "must name its server"),
            ("https://{SipCallId}/x", "must name its server"),
            ("https://me:secret@a/{CallSid}", "must name its server"),
            ("https://a/{callsid}", "another placeholder than {CallSid}"),
            ("https://a/{CallSid", "another placeholder"),
            ("https://a/{}", "another placeholder"),
            ("https://a/CallSid}", "a brace"),
            ("https://a/{CallSid}}", "a brace"),
            ("https://a/ {CallSid}", "none of them a space"),
            ("https://a\\b/{CallSid}", "none of them a space"),
        ] {
            let error = RecordingUrl::read(wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
