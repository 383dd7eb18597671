//! The envelope of every event (CloudEvents 1.0, JSON format), as Twilio fills it in.

use serde::{Serialize, Serializer};
use sidetone_core::id::AccountSid;
use sidetone_core::time::{SECOND_US, TimeUs};

/// The version of CloudEvents.
pub(super) const SPECVERSION: &str = "1.0";
/// What the data is always.
const DATACONTENTTYPE: &str = "application/json";
/// The type of what is sent to see whether a sink takes events.
pub const TEST_TYPE: &str = "com.twilio.eventstreams.test-event";
/// What it comes from.
pub const TEST_SOURCE: &str = "Sink";
/// What its data is.
pub const TEST_SCHEMA: &str = "https://events-schemas.twilio.com/EventStreams.TestSink/1.json";

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
    pub time: Milliseconds,
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
            time: Milliseconds(time),
            data,
        }
    }
}

impl CloudEvent<'_, ()> {
    /// The event as JSON, with data that is JSON already.
    ///
    /// # Errors
    /// Never: nothing in it cannot be written.
    pub fn with(&self, data: &[u8]) -> serde_json::Result<Vec<u8>> {
        const NOTHING: usize = "null}".len();
        let mut json = serde_json::to_vec(self)?;
        // The data is what is last.
        json.truncate(json.len() - NOTHING);
        json.extend_from_slice(data);
        json.push(b'}');
        Ok(json)
    }
}

/// A time with milliseconds, always three digits of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milliseconds(pub TimeUs);

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.to_seconds_text();
        let ms = self.0.micros().rem_euclid(SECOND_US) / 1000;
        let seconds = seconds.strip_suffix('Z').unwrap_or(&seconds);
        serializer.collect_str(&format_args!("{seconds}.{ms:03}Z"))
    }
}

/// What a test event tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Test<'a> {
    test_id: &'a str,
}

/// The event of a test, whose `id` is the account's, as upstream. By `test_id` its sender
/// knows that it arrived.
///
/// # Errors
/// Never: nothing in it cannot be written.
pub fn test(account: AccountSid, test_id: &str, now: TimeUs) -> serde_json::Result<Vec<u8>> {
    let id = account.to_string();
    let data = Test { test_id };
    let event = CloudEvent::new(TEST_TYPE, TEST_SOURCE, &id, TEST_SCHEMA, now, data);
    serde_json::to_vec(&event)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn data_that_is_written_stands_at_the_end() {
        let event = CloudEvent::new("t", "/s", "EZ1", "d", TimeUs::EPOCH, ());
        let json = event.with(br#"{"a":[1]}"#).unwrap();
        let read: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["data"], json!({"a": [1]}));
        assert_eq!(read["id"], "EZ1");
    }

    #[test]
    fn a_test_names_itself() {
        let account = AccountSid::from_bytes([0xab; 16]);
        let now = TimeUs::parse_rfc3339("2026-06-01T12:00:00.25Z").unwrap();
        let body = test(account, "0f8fad5b-d9cb-469f-a165-70867728950e", now).unwrap();
        let expected = json!({
            "specversion": "1.0",
            "type": "com.twilio.eventstreams.test-event",
            "source": "Sink",
            "id": "ACabababababababababababababababab",
            "dataschema": "https://events-schemas.twilio.com/EventStreams.TestSink/1.json",
            "datacontenttype": "application/json",
            "time": "2026-06-01T12:00:00.250Z",
            "data": {"test_id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        });
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
}
