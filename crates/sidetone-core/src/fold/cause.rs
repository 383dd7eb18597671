//! ITU-T Q.850 causes of SIP statuses (RFC 3398 §8.2.6.1).

/// The cause a gateway gives for a final response that is no answer. `None` where the RFC names
/// none.
pub(super) const fn of_status(status: u16) -> Option<u8> {
    Some(match status {
        400 | 481 | 500 | 503 => 41,
        401 | 402 | 403 | 407 | 603 => 21,
        404 | 485 | 604 => 1,
        405 => 63,
        406 | 415 | 501 => 79,
        408 | 504 => 102,
        410 => 22,
        413 | 414 | 416 | 420 | 421 | 423 | 505 | 513 => 127,
        480 => 18,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        502 => 38,
        _ => return None,
    })
}

/// Normal call clearing: somebody hung up (RFC 3398 §8.2.6 for BYE and CANCEL).
pub(super) const NORMAL_CLEARING: u8 = 16;
