//! What each role may, by method and path. Whatever is not named here is for admins alone: an
//! endpoint that nobody has thought of is closed.

use axum::http::Method;
use sidetone_core::id::{AlertSid, CallSid};
use sidetone_store::people::Role;

/// The least that somebody must be to do this.
#[must_use]
pub fn least(method: &Method, path: &str) -> Role {
    let path = path.strip_suffix(".json").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_read = *method == Method::GET || *method == Method::HEAD;
    match &parts[..] {
        ["v1", "Voice", rest @ ..] => of_v1(is_read, rest),
        // What can be streamed; where to is for admins.
        ["v1", "Types" | "Schemas", ..] if is_read => Role::Viewer,
        ["v2", "Voice", "Reports", ..] if is_read => Role::Viewer,
        ["2010-04-01", "Accounts", _, "Calls", "FeedbackSummary", _] if is_read => Role::Viewer,
        ["2010-04-01", "Accounts", _, "Calls", _, "Feedback"] if is_read => Role::Viewer,
        ["2010-04-01", "Accounts", _, "Calls", _, "Feedback"] => Role::Annotator,
        _ => Role::Admin,
    }
}

fn of_v1(is_read: bool, rest: &[&str]) -> Role {
    let is_call = |sid: &str| sid.parse::<CallSid>().is_ok();
    match rest {
        ["Summaries" | "Statistics" | "Export" | "Live" | "Settings"]
        | ["Statistics", "Agreement"]
            if is_read =>
        {
            Role::Viewer
        }
        ["Alerts"] | ["Alerts", "Rules" | "Templates"] | ["Alerts", "Rules", _] if is_read => {
            Role::Viewer
        }
        ["Alerts", sid] if is_read && sid.parse::<AlertSid>().is_ok() => Role::Viewer,
        // Each their own: whose a view is, the endpoint looks.
        ["Views"] | ["Views", _] => Role::Viewer,
        ["Annotations"] | ["Annotations", _] => Role::Annotator,
        [sid] if is_call(sid) && is_read => Role::Viewer,
        [
            sid,
            "Annotation" | "Summary" | "Events" | "Metrics" | "Ladder",
        ]
        | [sid, "Annotation", "History"]
            if is_call(sid) && is_read =>
        {
            Role::Viewer
        }
        [sid, "Annotation" | "Token"] if is_call(sid) => Role::Annotator,
        _ => Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_for_admins() {
        let call = "CA00112233445566778899aabbccddeeff";
        for (method, path, expected) in [
            (Method::GET, "/v1/Voice/Summaries", Role::Viewer),
            (Method::HEAD, "/v1/Voice/Summaries", Role::Viewer),
            (Method::POST, "/v1/Voice/Summaries", Role::Admin),
            (Method::GET, "/v1/Voice/People", Role::Admin),
            (Method::GET, "/v1/Voice/People/Summary", Role::Admin),
            (Method::GET, "/v1/Voice/Audit", Role::Admin),
            (Method::GET, "/v1/Voice/Anything", Role::Admin),
            (Method::GET, "/v1/Voice/CA1/Summary", Role::Admin),
            (Method::POST, "/v1/Voice/Settings", Role::Admin),
            (Method::POST, "/v1/Voice/Annotations", Role::Annotator),
            (Method::DELETE, "/v1/Voice/Annotations/BA1", Role::Annotator),
            (Method::POST, "/v1/Voice/Views", Role::Viewer),
            (Method::DELETE, "/v1/Voice/Views/VW1", Role::Viewer),
            (Method::GET, "/v1/Types", Role::Viewer),
            (Method::GET, "/v1/Schemas/A.B/Versions/1", Role::Viewer),
            (Method::POST, "/v1/Types", Role::Admin),
            (Method::GET, "/v1/Sinks", Role::Admin),
            (Method::POST, "/v1/Sinks/DG1/Test", Role::Admin),
            (
                Method::GET,
                "/v1/Subscriptions/DF1/SubscribedEvents",
                Role::Admin,
            ),
            (Method::POST, "/v2/Voice/Reports", Role::Admin),
            (Method::GET, "/v2/Voice/Reports/1", Role::Viewer),
            (Method::POST, "/ingest/v1/events", Role::Admin),
            (Method::GET, "/", Role::Admin),
            (Method::GET, "", Role::Admin),
        ] {
            assert_eq!(least(&method, path), expected, "{method} {path}");
        }
        for (method, part, expected) in [
            (Method::GET, "", Role::Viewer),
            (Method::GET, "/Summary", Role::Viewer),
            (Method::DELETE, "/Summary", Role::Admin),
            (Method::POST, "/Annotation", Role::Annotator),
            (Method::DELETE, "/Annotation", Role::Annotator),
            (Method::POST, "/Token", Role::Annotator),
            (Method::GET, "/Token", Role::Annotator),
            (Method::GET, "/Annotation/History", Role::Viewer),
            (Method::POST, "/Annotation/History", Role::Admin),
            (Method::GET, "/Anything", Role::Admin),
        ] {
            let path = format!("/v1/Voice/{call}{part}");
            assert_eq!(least(&method, &path), expected, "{method} {path}");
        }
        for suffix in ["", ".json"] {
            let path = format!("/2010-04-01/Accounts/AC1/Calls/{call}/Feedback{suffix}");
            assert_eq!(least(&Method::GET, &path), Role::Viewer);
            assert_eq!(least(&Method::POST, &path), Role::Annotator);
            let path = format!("/2010-04-01/Accounts/AC1/Calls/FeedbackSummary{suffix}");
            assert_eq!(least(&Method::POST, &path), Role::Admin);
        }
    }
}
