//! Why a call is ended or refused (RFC 3326).

use crate::scan::{decimal, param, split_once};

/// One value of a Reason header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Whose causes these are, as written: `Q.850`, `SIP`, …
    pub protocol: &'a [u8],
    /// The cause by that protocol. `None` when missing or no number.
    pub cause: Option<u16>,
    /// The cause in words of the sender, without quotes. `None` when missing or empty.
    pub text: Option<&'a [u8]>,
}

impl<'a> Reason<'a> {
    pub(super) fn parse(value: &'a [u8]) -> Self {
        let (protocol, params) = split_once(value, b';').unwrap_or((value, b""));
        Self {
            protocol: protocol.trim_ascii(),
            cause: param(params, "cause").and_then(decimal),
            text: param(params, "text").filter(|text| !text.is_empty()),
        }
    }

    /// The cause by Q.850, 1–127. `None` when it is another protocol's or out of range.
    #[must_use]
    pub fn q850(&self) -> Option<u8> {
        let cause = self.cause.filter(|cause| (1..128).contains(cause))?;
        self.protocol
            .eq_ignore_ascii_case(b"Q.850")
            .then(|| u8::try_from(cause).ok())?
    }
}
