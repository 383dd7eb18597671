//! A SIP message and its header fields.

use super::body;
use super::header::{Fields, Name, same_name};
use super::identity::Identity;
use super::name_addr::NameAddr;
use super::reason::Reason;
use super::start_line::StartLine;
use crate::malformed::Malformed;
use crate::scan::{Parts, decimal, param, word};

/// A SIP message. Borrows the bytes it was parsed from.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    pub(super) bytes: &'a [u8],
    start: StartLine<'a>,
    /// From the first header field to the empty line or the end.
    fields: &'a [u8],
    /// What follows the empty line.
    pub(super) rest: &'a [u8],
    known: [Known<'a>; Name::COUNT],
    via_count: usize,
}

/// Where a known header field is.
#[derive(Debug, Clone, Copy, Default)]
struct Known<'a> {
    first: Option<&'a [u8]>,
    is_repeated: bool,
}

impl<'a> Message<'a> {
    /// Reads the start line and finds the header fields. Empty lines before the message are skipped
    /// (§7.5).
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it does not begin with a request line or a status line of SIP 2.0.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (start, after_start) = StartLine::parse(bytes)?;
        let mut known = [Known::default(); Name::COUNT];
        let mut via_count = 0_usize;
        let mut fields = Fields::new(after_start);
        for field in fields.by_ref() {
            let Some(name) = Name::of(field.name) else {
                continue;
            };
            if name == Name::Via {
                via_count = via_count.saturating_add(Parts::new(field.value, b',').count());
            }
            if let Some(known) = known.get_mut(name as usize) {
                if known.first.is_none() {
                    known.first = Some(field.value);
                } else {
                    known.is_repeated = true;
                }
            }
        }
        Ok(Self {
            bytes,
            start,
            fields: after_start,
            rest: fields.rest(),
            known,
            via_count,
        })
    }

    /// All of it, as it was parsed.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The request line or the status line.
    #[must_use]
    pub fn start(&self) -> StartLine<'a> {
        self.start
    }

    /// The first value of a header field, by its long or short name in any case; with the line ends
    /// of folding in it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers(name).next()
    }

    /// The values of a header field, one for each time its name stands there. See
    /// [`Message::values`].
    pub fn headers<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let (first, again) = match Name::of(name.as_bytes()) {
            Some(known) => match self.known(known) {
                Known {
                    is_repeated: true, ..
                } => (None, self.fields),
                known => (known.first, &b""[..]),
            },
            None => (None, self.fields),
        };
        let again = Fields::new(again)
            .filter(move |field| same_name(field.name, name.as_bytes()))
            .map(|field| field.value);
        first.into_iter().chain(again)
    }

    /// The values of a header field that may hold several between commas.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers(name).flat_map(|line| Parts::new(line, b','))
    }

    fn known(&self, name: Name) -> Known<'a> {
        self.known.get(name as usize).copied().unwrap_or_default()
    }

    fn first(&self, name: Name) -> Option<&'a [u8]> {
        self.known(name).first
    }

    /// Which dialog or registration it belongs to. `None` when missing or empty.
    #[must_use]
    pub fn call_id(&self) -> Option<&'a [u8]> {
        self.first(Name::CallId).filter(|id| !id.is_empty())
    }

    /// The number and the method of the transaction.
    #[must_use]
    pub fn cseq(&self) -> Option<(u32, &'a [u8])> {
        let (number, method) = word(self.first(Name::CSeq)?);
        Some((decimal(number)?, method))
    }

    /// The method: of the request, or of the request that is answered.
    #[must_use]
    pub fn method(&self) -> Option<&'a [u8]> {
        match self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => self.cseq().map(|(_, method)| method),
        }
    }

    /// Who sends the requests of the dialog, or claims to.
    #[must_use]
    pub fn from(&self) -> Option<NameAddr<'a>> {
        self.first(Name::From).map(NameAddr::parse)
    }

    /// Whom it is for.
    #[must_use]
    pub fn to(&self) -> Option<NameAddr<'a>> {
        self.first(Name::To).map(NameAddr::parse)
    }

    /// Where its sender wants requests.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr<'a>> {
        let first = Parts::new(self.first(Name::Contact)?, b',').next()?;
        Some(NameAddr::parse(first))
    }

    /// Who the caller is, as the network said before there was RFC 3325 (draft-ietf-sip-privacy-04
    /// §5): Remote-Party-ID with `party=calling`, which a request that names no party means.
    pub fn calling_parties(&self) -> impl Iterator<Item = NameAddr<'a>> + use<'a> {
        let is_request = matches!(self.start, StartLine::Request { .. });
        let parties = self.values("Remote-Party-ID").map(NameAddr::parse);
        parties.filter(move |party| match party.param("party") {
            Some(word) => word.eq_ignore_ascii_case(b"calling"),
            None => is_request,
        })
    }

    /// Who the caller is, as the network says (RFC 3325): mostly one, or a SIP URI and a `tel:`
    /// one.
    pub fn asserted_identities(&self) -> impl Iterator<Item = NameAddr<'a>> + use<'a> {
        self.values("P-Asserted-Identity").map(NameAddr::parse)
    }

    /// Who redirected the call, the last one first (RFC 5806).
    pub fn diversions(&self) -> impl Iterator<Item = NameAddr<'a>> + use<'a> {
        self.values("Diversion").map(NameAddr::parse)
    }

    /// Who diverted the call, the last one first, by the history of where it was sent (RFC 7044):
    /// each entry that is followed by one with a cause, or that says itself why it was left.
    #[must_use]
    pub fn history_diversions(&self) -> Vec<NameAddr<'a>> {
        let history: Vec<_> = self.values("History-Info").map(NameAddr::parse).collect();
        let pairs = history.iter().zip(history.iter().skip(1));
        let mut diverting: Vec<_> = pairs
            .filter(|(by, to)| to.uri_param("cause").is_some() || by.uri_header("Reason").is_some())
            .map(|(by, _)| *by)
            .collect();
        diverting.reverse();
        diverting
    }

    /// Through how many hops it came, its sender included: the Via values of all lines.
    #[must_use]
    pub fn via_count(&self) -> usize {
        self.via_count
    }

    /// The branch of each Via, topmost first; empty where one has none. The first says which
    /// transaction it belongs to (§17), the others which it came by (§16.6).
    pub fn via_branches(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.values("Via")
            .map(|via| param(via, "branch").unwrap_or_default())
    }

    /// What software sent it: User-Agent, or Server in a response.
    #[must_use]
    pub fn user_agent(&self) -> Option<&'a [u8]> {
        [Name::UserAgent, Name::Server]
            .into_iter()
            .find_map(|name| self.first(name))
            .filter(|agent| !agent.is_empty())
    }

    /// Why a call is ended or refused (RFC 3326).
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> + use<'a> {
        self.values("Reason").map(Reason::parse)
    }

    /// Signed statements about who calls (RFC 8224), not verified.
    pub fn identities(&self) -> impl Iterator<Item = Identity<'a>> + use<'a> {
        self.values("Identity").filter_map(Identity::parse)
    }

    /// Whether it carries a password's proof, for this hop or another.
    #[must_use]
    pub fn is_authorized(&self) -> bool {
        [Name::Authorization, Name::ProxyAuthorization]
            .into_iter()
            .any(|name| self.first(name).is_some())
    }

    /// How many proxies want to stay on the path: the Record-Route values of all lines.
    #[must_use]
    pub fn record_route_count(&self) -> usize {
        self.values("Record-Route").count()
    }

    /// What the body is, with its parameters.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a [u8]> {
        self.first(Name::ContentType)
    }

    /// The same, of what follows the header only so much.
    pub(super) fn with_body(self, length: usize) -> Self {
        let header = self.bytes.len().saturating_sub(self.rest.len());
        let end = header.saturating_add(length);
        Self {
            bytes: self.bytes.get(..end).unwrap_or(self.bytes),
            rest: self.rest.get(..length).unwrap_or_default(),
            ..self
        }
    }

    /// How long the body is, as the message says.
    pub(super) fn content_length(&self) -> Option<usize> {
        self.first(Name::ContentLength).and_then(decimal)
    }

    /// Whether the message says that its body is longer than what is here.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.content_length()
            .is_some_and(|length| length > self.rest.len())
    }

    /// What follows the empty line: as much as Content-Length says, or all there is if that is
    /// less.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.content_length()
            .and_then(|length| self.rest.get(..length))
            .unwrap_or(self.rest)
    }

    /// The body, or the first part of a multipart body, that has such a media type
    /// (`application/sdp`).
    #[must_use]
    pub fn body_of_type(&self, media_type: &str) -> Option<&'a [u8]> {
        body::of_type(self.content_type()?, self.body(), media_type)
    }

    /// The session description: [`Message::body_of_type`], or a body without type that begins like
    /// one. Of one that is cut short, the lines that are whole.
    #[must_use]
    pub fn sdp_body(&self) -> Option<&'a [u8]> {
        let description = match self.content_type() {
            Some(_) => self.body_of_type("application/sdp"),
            None => Some(self.body()).filter(|body| body.starts_with(b"v=")),
        }?;
        if !self.is_cut() {
            return Some(description);
        }
        let lines = memchr::memrchr(b'\n', description).map_or(0, |end| end.saturating_add(1));
        description.get(..lines)
    }
}
