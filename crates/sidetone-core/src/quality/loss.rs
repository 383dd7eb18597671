//! Share of packets lost (RFC 3550 §6.4.1 and Appendix A.3: lost = expected − received).

/// Share lost of a stream that was received, 0–100. What was expected is what came and what did
/// not.
///
/// `None` when a count is missing or nothing was expected. Duplicates can outnumber losses; that is
/// no loss.
#[must_use]
pub fn inbound_percent(received: Option<u64>, lost: Option<i64>) -> Option<f64> {
    let lost = not_negative(lost?);
    percent(lost, received?.saturating_add(lost))
}

/// Share lost of a stream that was sent, 0–100. What was expected at the far end is what was sent.
///
/// `None` when a count is missing or nothing was sent.
#[must_use]
pub fn outbound_percent(sent: Option<u64>, lost: Option<i64>) -> Option<f64> {
    percent(not_negative(lost?), sent?)
}

fn not_negative(lost: i64) -> u64 {
    u64::try_from(lost).unwrap_or(0)
}

/// A count taken earlier than the loss can be smaller than it: the share is at most all.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of packets are far below 2^53, and a share of larger ones need not be exact"
)]
fn percent(lost: u64, expected: u64) -> Option<f64> {
    (expected > 0).then(|| (lost as f64 * 100.0 / expected as f64).min(100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(actual: Option<f64>, expected: Option<f64>) {
        assert_eq!(actual, expected);
    }

    #[test]
    fn of_a_received_stream() {
        check(inbound_percent(Some(95), Some(5)), Some(5.0));
        check(inbound_percent(Some(100), Some(0)), Some(0.0));
        check(inbound_percent(Some(100), Some(-3)), Some(0.0));
        check(inbound_percent(Some(0), Some(7)), Some(100.0));
        check(inbound_percent(Some(0), Some(0)), None);
        check(inbound_percent(None, Some(7)), None);
        check(inbound_percent(Some(7), None), None);
        check(inbound_percent(Some(u64::MAX), Some(i64::MIN)), Some(0.0));
    }

    #[test]
    fn of_a_sent_stream() {
        check(outbound_percent(Some(100), Some(5)), Some(5.0));
        check(outbound_percent(Some(10), Some(50)), Some(100.0));
        check(outbound_percent(Some(0), Some(0)), None);
        check(outbound_percent(None, Some(0)), None);
    }
}
