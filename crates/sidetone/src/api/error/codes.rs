//! Every code that an error may have: what it means here, and what to do about it.

/// What there is to say of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: u32,
    /// The HTTP status it comes with.
    pub status: u16,
    /// Upstream has no such code.
    pub is_ours: bool,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn upstream(code: u32, status: u16, meaning: &'static str, remedy: &'static str) -> Code {
    Code {
        code,
        status,
        is_ours: false,
        meaning,
        remedy,
    }
}

const fn ours(code: u32, status: u16, meaning: &'static str, remedy: &'static str) -> Code {
    Code {
        is_ours: true,
        ..upstream(code, status, meaning, remedy)
    }
}

/// All of them, in order.
pub const CODES: [Code; 17] = [
    upstream(
        17000,
        403,
        "The account that Subaccount or SubaccountSid names is neither yours nor one of your subaccounts.",
        "Use the credentials of that account or of its parent.",
    ),
    upstream(
        17001,
        404,
        "The summary of the call is not complete yet, or there is none yet.",
        "Ask again later, or with ProcessingState=partial for what is known so far.",
    ),
    upstream(
        17002,
        404,
        "The call was erased or has expired.",
        "Nothing brings it back. How long calls are kept is a setting of the server: retention_summaries.",
    ),
    upstream(
        17007,
        401,
        "Advanced Features was off for the account when the call was made, and the server serves only calls made while it was on.",
        "Turn it on by POST /v1/Voice/Settings for later calls, or start the server without gate_advanced_features.",
    ),
    upstream(
        17008,
        500,
        "The query took more steps of the database than a query may take.",
        "Narrow it: a shorter time between StartTime and EndTime, or one more filter. The bound is the setting query_steps.",
    ),
    upstream(
        17400,
        400,
        "A parameter of the query is malformed; the message names it and what it may be.",
        "Correct the parameter. A PageToken is good for one list with the same filters only.",
    ),
    upstream(
        20001,
        400,
        "The request, or a parameter of its form, is malformed or missing; the message says which. Of a batch: nothing in it could be taken, and errors says why.",
        "Correct what the message names. Nothing was changed.",
    ),
    upstream(
        20003,
        401,
        "There are no credentials, or wrong ones; or a signature that does not fit.",
        "Send HTTP Basic credentials: AccountSid and auth token, or an API key and its secret. The first account's are in credentials.json of the data directory. A signature is checked with the provider's secret (sidetone account provider-secret) over the URL that the provider called: behind a proxy, set public_url. The log of the server says which URL was checked.",
    ),
    upstream(
        20004,
        405,
        "The path has no such method.",
        "Use one that the Allow header lists.",
    ),
    upstream(
        20403,
        403,
        "Whoever is signed in may not do this; or the request changes something and does not show that a page of ours asks for it; or an access token does not allow it: the message says which.",
        "Ask an admin of the account for another role. Scripts that use the cookie of a session send X-Sidetone-CSRF, with the value of csrf in GET /session, from the origin of the server. For a call, have a token made with the grant that is missing: POST /v1/Voice/{CallSid}/Token. A Voice SDK may tell of calls that it began or took itself.",
    ),
    upstream(
        20404,
        404,
        "There is no such path or resource, or it belongs to an account that is not yours.",
        "Check the path and the identifier; a call appears within a second of its first event.",
    ),
    ours(
        20408,
        408,
        "The body of the request took too long to come.",
        "Send it again: what was kept of it is not kept twice.",
    ),
    ours(
        20412,
        412,
        "If-Match names another revision than the current one: somebody else was faster.",
        "Read the resource again, then repeat the change with its new ETag, quotes included.",
    ),
    ours(
        20413,
        413,
        "The body of the request is larger than any valid one.",
        "Send less at once. Native events may be any number, each at most 256 KiB.",
    ),
    upstream(
        20429,
        429,
        "There were too many requests.",
        "Wait as many seconds as Retry-After says. The bound of an account is the setting rate_limit.",
    ),
    upstream(
        20500,
        500,
        "A fault of the server.",
        "Its log says what happened.",
    ),
    ours(
        20503,
        503,
        "The server cannot do this now: its disk is full, it is too busy, or it is being stopped. Nothing was changed.",
        "Try again after as many seconds as Retry-After says. If it goes on, the server's log says why.",
    ),
];

/// What there is to say of a code.
#[must_use]
pub fn find(code: u32) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}
