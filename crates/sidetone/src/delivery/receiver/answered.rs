//! What the answer of a receiver means: each says in its own way what is taken, what never will be, and
//! what is to come again.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::Full;
use hyper::Request;

use crate::delivery::sending::Undelivered;
use crate::outgoing::client::{Client, Failure};
use crate::outgoing::retry_after::RetryAfter;
use crate::streams::configuration::receiver::Receiver;

/// What Slack says when it has taken a message.
const TAKEN: &[u8] = b"ok";
/// The most of its answer that is read.
const ANSWER_MAX_BYTES: usize = 4_096;
/// How long `PagerDuty` is left alone that does not say for how long.
const PAGERDUTY_PAUSE: Duration = Duration::from_secs(30);

/// Sends Slack a message. Whatever else answers there (a page to sign in, say) has not taken it.
pub(super) async fn of_slack(
    client: &Client,
    request: Request<Full<Bytes>>,
) -> Result<u16, Failure> {
    let answer = client.fetch(request, ANSWER_MAX_BYTES).await?;
    if answer.status == 200 && answer.body.trim_ascii() == TAKEN {
        return Ok(answer.status);
    }
    if (200..300).contains(&answer.status) {
        return Err(Failure::Broken("Slack's is \"ok\"".to_owned()));
    }
    let wait = |seconds| RetryAfter::Wait(Duration::from_secs(seconds));
    Err(Failure::Status {
        status: answer.status,
        retry_after: answer.retry_after_s.map(wait),
    })
}

/// Whether what was answered means that it was taken.
pub(super) fn checked(
    receiver: &Receiver,
    arrived: Result<u16, Failure>,
) -> Result<(), Undelivered> {
    let failure = match (receiver, arrived) {
        // Anything else of 2xx is by somebody between.
        (Receiver::Pagerduty(_), Ok(status @ (200 | 201 | 203..))) => Failure::Status {
            status,
            retry_after: None,
        },
        (_, Ok(_)) => return Ok(()),
        (_, Err(failure)) => failure,
    };
    let Failure::Status {
        status,
        retry_after,
    } = failure
    else {
        return Err(failure.into());
    };
    let is_final = match receiver {
        // What it says with them: invalid_payload, action_prohibited, no_service, channel_is_archived.
        Receiver::Slack(_) => matches!(status, 400 | 403 | 404 | 410),
        Receiver::Pagerduty(_) | Receiver::Teams(_) => {
            (400..500).contains(&status) && !matches!(status, 408 | 429)
        }
        // A bad alert.
        Receiver::Alertmanager(_) => status == 400,
        Receiver::Webhook(_) => status == 410,
        Receiver::Email(_) => false,
    };
    if is_final {
        return Err(Undelivered::Refused(format!("answered {status}")));
    }
    let usual = match (receiver, status) {
        (Receiver::Pagerduty(_), 429) => Some(RetryAfter::Wait(PAGERDUTY_PAUSE)),
        _ => None,
    };
    Err(Undelivered::Unanswered(Failure::Status {
        status,
        retry_after: retry_after.or(usual),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::configuration::receiver::ReceiverType;

    /// What becomes of an answer: taken, final, or tried again after so many seconds.
    fn outcome(kind: ReceiverType, status: u16) -> &'static str {
        let text = match kind {
            ReceiverType::Pagerduty => {
                r#"{"routing_key":"0123456789abcdef0123456789abcdef"}"#.to_owned()
            }
            _ => r#"{"url":"https://a.example/"}"#.to_owned(),
        };
        let receiver = Receiver::read(kind, &text).ok().unwrap();
        let arrived = match status {
            200..300 => Ok(status),
            _ => Err(Failure::Status {
                status,
                retry_after: None,
            }),
        };
        match checked(&receiver, arrived) {
            Ok(()) => "taken",
            Err(Undelivered::Refused(_)) => "final",
            Err(Undelivered::Unanswered(Failure::Status {
                retry_after: Some(_),
                ..
            })) => "pause",
            Err(_) => "again",
        }
    }

    #[test]
    fn each_receiver_says_in_its_own_way_what_is_final() {
        use ReceiverType::{Alertmanager, Pagerduty, Slack, Teams, Webhook};
        let statuses = [200, 202, 302, 400, 403, 404, 408, 410, 429, 500, 503];
        for (kind, expected) in [
            (
                Alertmanager,
                "taken taken again final again again again again again again again",
            ),
            (
                Webhook,
                "taken taken again again again again again final again again again",
            ),
            (
                Slack,
                "taken taken again final final final again final again again again",
            ),
            (
                Pagerduty,
                "again taken again final final final again final pause again again",
            ),
            (
                Teams,
                "taken taken again final final final again final again again again",
            ),
        ] {
            let outcomes = statuses.map(|status| outcome(kind, status));
            assert_eq!(outcomes.join(" "), expected, "{kind}");
        }
    }
}
