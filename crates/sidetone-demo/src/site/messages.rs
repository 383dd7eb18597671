//! The SIP messages of one call.

use std::fmt::Write;
use std::net::Ipv4Addr;

use super::phone::Phone;

/// The proxy, and the relay of media on the same machine.
pub(super) const PROXY: Ipv4Addr = Ipv4Addr::new(10, 20, 0, 5);

/// A party of a call, and the leg between it and the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// What the messages of a call are made of.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) call_id: String,
    pub(super) branch: String,
    pub(super) caller: Phone,
    pub(super) callee: Phone,
}

impl Messages {
    pub(super) const fn phone(&self, side: Side) -> &Phone {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    /// A request of a side as it is on a leg.
    pub(super) fn request(&self, method: &str, origin: Side, leg: Side) -> String {
        let to = self.phone(origin.other());
        let host = if leg == origin { PROXY } else { to.address };
        let start = format!("{method} sip:{}@{host} SIP/2.0", to.number);
        let begins = matches!(method, "INVITE" | "CANCEL");
        let body = (method == "INVITE").then(|| self.session(origin, leg));
        let agent = format!("User-Agent: {}", self.phone(origin).agent);
        self.text(&start, method, (origin, leg), begins, &agent, body)
    }

    /// The other side's response to a request, as it is on a leg.
    pub(super) fn response(&self, status: &str, method: &str, origin: Side, leg: Side) -> String {
        let answers = status.starts_with('2') && method == "INVITE";
        let body = answers.then(|| self.session(origin.other(), leg));
        let agent = format!("Server: {}", self.phone(origin.other()).agent);
        let start = format!("SIP/2.0 {status}");
        self.text(&start, method, (origin, leg), false, &agent, body)
    }

    fn text(
        &self,
        start: &str,
        method: &str,
        (origin, leg): (Side, Side),
        begins: bool,
        agent: &str,
        body: Option<String>,
    ) -> String {
        let (from, to) = (self.phone(origin), self.phone(origin.other()));
        // What gives an INVITE up, or acknowledges that it failed, is of its transaction; the ACK
        // of a 200 is its own, and of the same branch here, which tells a monitor nothing.
        let transaction = match method {
            "BYE" => "bye",
            _ => "inv",
        };
        let via = |host: Ipv4Addr, hop: &str| {
            let branch = &self.branch;
            format!("Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{branch}{hop}{transaction}\r\n")
        };
        let mut text = format!("{start}\r\n");
        if leg != origin {
            text += &via(PROXY, "p");
        }
        text += &via(from.address, "o");
        let to_tag = if begins {
            String::new()
        } else {
            format!(";tag={}", to.tag)
        };
        let sequence = if method == "BYE" { 2 } else { 1 };
        let body = body.unwrap_or_default();
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "Max-Forwards: 70\r\n\
             From: <sip:{}@{PROXY}>;tag={}\r\n\
             To: <sip:{}@{PROXY}>{to_tag}\r\n\
             Call-ID: {}\r\n\
             CSeq: {sequence} {method}\r\n\
             Contact: <sip:{}@{}:5060>\r\n\
             {agent}\r\n\
             {kind}Content-Length: {}\r\n\r\n{body}",
            from.number,
            from.tag,
            to.number,
            self.call_id,
            from.number,
            from.address,
            body.len(),
        );
        text
    }

    /// What a phone says of its media: to the proxy its own address, to the other phone the
    /// relay's.
    fn session(&self, of: Side, leg: Side) -> String {
        let phone = self.phone(of);
        let (host, port) = if leg == of {
            (phone.address, phone.port)
        } else {
            // The other phone sends to where the relay receives from it.
            (PROXY, self.phone(of.other()).relay_port)
        };
        format!(
            "v=0\r\no=- 1 1 IN IP4 {}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
             a=rtpmap:0 PCMU/8000\r\na=rtcp:{}\r\na=ssrc:{} cname:{}\r\na=sendrecv\r\n",
            phone.address,
            port + 1,
            phone.ssrc,
            phone.number
        )
    }
}
