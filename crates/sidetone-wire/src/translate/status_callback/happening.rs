//! What a callback tells besides the call's progress: recordings, detection times, errors.

use serde_json::{Map, Value, json};
use sidetone_core::event::{EdgeEvent, Observation};
use sidetone_core::vocabulary::Level;

use super::Callback;
use crate::observed::Observed;

impl Callback<'_> {
    /// The events that show in the call's list of events.
    pub(super) fn happenings(&self) -> impl Iterator<Item = Observed> {
        [self.recording(), self.detection_time(), self.error()]
            .into_iter()
            .flatten()
    }

    /// A recording's progress. Its URL opens it for whoever has it, so it is left out.
    fn recording(&self) -> Option<Observed> {
        let form = self.form;
        let sid = form.get("RecordingSid")?;
        let status = form.get("RecordingStatus").unwrap_or("completed");
        let level = match status {
            "failed" => Level::Error,
            "absent" => Level::Warning,
            _ => Level::Info,
        };
        let mut metadata = Map::new();
        metadata.insert("recording_sid".to_owned(), sid.into());
        for (key, name) in [
            ("duration_s", "RecordingDuration"),
            ("channels", "RecordingChannels"),
            ("error_code", "RecordingErrorCode"),
        ] {
            // No error is sent as error 0.
            if let Some(number) = form.get(name).and_then(|text| text.parse::<u32>().ok())
                && (number > 0 || key != "error_code")
            {
                metadata.insert(key.to_owned(), number.into());
            }
        }
        if let Some(source) = form.get("RecordingSource") {
            metadata.insert("source".to_owned(), source.into());
        }
        let data = json!({ "metadata": metadata });
        let id = format!("recording:{sid}:{status}");
        Some(self.happening(&id, "recording", status, level, data))
    }

    /// How long answering machine detection took.
    fn detection_time(&self) -> Option<Observed> {
        let form = self.form;
        let by = form.get("AnsweredBy")?;
        let duration_ms: u32 = form.get("MachineDetectionDuration")?.parse().ok()?;
        let data = json!({ "metadata": { "duration_ms": duration_ms } });
        let id = format!("amd-time:{by}:{duration_ms}");
        Some(self.happening(&id, "answering-machine-detection", by, Level::Info, data))
    }

    fn error(&self) -> Option<Observed> {
        let form = self.form;
        let code: u32 = form
            .get("ErrorCode")?
            .parse()
            .ok()
            .filter(|code| *code > 0)?;
        let message = form.get("ErrorMessage");
        let data = json!({ "error": { "code": code, "message": message } });
        // The same error may come again; the same callback may, too.
        let id = match form.get("Timestamp") {
            Some(_) => format!("error:{code}@{}", self.at.micros()),
            None => format!("error:{code}#{}", self.content_hash()),
        };
        Some(self.happening(&id, "call", "error", Level::Error, data))
    }

    fn happening(&self, id: &str, group: &str, name: &str, level: Level, data: Value) -> Observed {
        let event = EdgeEvent {
            edge: None,
            group: group.to_owned(),
            name: name.to_owned(),
            level: Some(level),
            data: Some(data),
            conversation_relay: None,
        };
        self.observed(id, Observation::Edge(Box::new(event)))
    }
}
