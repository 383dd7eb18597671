//! The envelope of every event (CloudEvents 1.0, JSON format), as Twilio fills it in.

use serde::Serialize;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

/// The version of CloudEvents.
const SPECVERSION: &str = "1.0";
/// What the data is always.
const DATACONTENTTYPE: &str = "application/json";
/// The type of what is sent to see whether a sink takes events.
pub const TEST_TYPE: &str = "com.twilio.eventstreams.test-event";
const TEST_SCHEMA: &str = "https://events-schemas.twilio.com/EventStreams.TestSink/1.json";

/// An event on the wire. What is sent is an array of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloudEvent<'a, T> {
    specversion: &'static str,
    /// What is told.
    pub r#type: &'a str,
    /// What it is about: a path.
    pub source: &'a str,
    /// Its identity: the same again is the same event.
    pub id: &'a str,
    /// What the data is, by name and version.
    pub dataschema: &'a str,
    datacontenttype: &'static str,
    /// When it happened.
    pub time: TimeUs,
    /// The thing itself.
    pub data: T,
}

impl<'a, T> CloudEvent<'a, T> {
    /// An event.
    pub const fn new(
        r#type: &'a str,
        source: &'a str,
        id: &'a str,
        dataschema: &'a str,
        time: TimeUs,
        data: T,
    ) -> Self {
        Self {
            specversion: SPECVERSION,
            r#type,
            source,
            id,
            dataschema,
            datacontenttype: DATACONTENTTYPE,
            time,
            data,
        }
    }
}

/// What a test event tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Test<'a> {
    test_id: &'a str,
}

/// The body of a test: one event, whose `id` is the account's, as upstream. By `test_id` its sender
/// knows that it arrived.
///
/// # Errors
/// Never: nothing in it cannot be written.
pub fn test(account: AccountSid, test_id: &str, now: TimeUs) -> serde_json::Result<Vec<u8>> {
    let id = account.to_string();
    let data = Test { test_id };
    let event = CloudEvent::new(TEST_TYPE, "Sink", &id, TEST_SCHEMA, now, data);
    serde_json::to_vec(&[event])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_test_is_an_array_of_one() {
        let account = AccountSid::from_bytes([0xab; 16]);
        let now = TimeUs::parse_rfc3339("2026-06-01T12:00:00.25Z").unwrap();
        let body = test(account, "0f8fad5b-d9cb-469f-a165-70867728950e", now).unwrap();
        let expected = json!([{
            "specversion": "1.0",
            "type": "com.twilio.eventstreams.test-event",
            "source": "Sink",
            "id": "ACabababababababababababababababab",
            "dataschema": "https://events-schemas.twilio.com/EventStreams.TestSink/1.json",
            "datacontenttype": "application/json",
            "time": "2026-06-01T12:00:00.25Z",
            "data": {"test_id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        }]);
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
}
