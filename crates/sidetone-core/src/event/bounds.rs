//! What is taken in of each kind of observation.

use super::{EdgeEvent, ImportedSummary, Observation};
use crate::bounds::{Bounded, OutOfBounds, WHOLE_MAX_BYTES, json, name};

impl Bounded for EdgeEvent {
    fn check(&self) -> Result<(), OutOfBounds> {
        name(&self.group).map_err(|error| error.within("group"))?;
        name(&self.name).map_err(|error| error.within("name"))?;
        self.data.check().map_err(|error| error.within("data"))?;
        self.conversation_relay
            .check()
            .map_err(|error| error.within("conversation_relay"))
    }
}

impl Bounded for ImportedSummary {
    fn check(&self) -> Result<(), OutOfBounds> {
        self.facts
            .in_range()
            .map_err(|error| error.within("facts"))?;
        json(&self.raw, WHOLE_MAX_BYTES).map_err(|error| error.within("raw"))
    }
}

impl Bounded for Observation {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Progress { facts, .. } | Self::Facts { facts } => {
                facts.in_range().map_err(|error| error.within("facts"))
            }
            Self::Media(sample) => sample.check(),
            Self::Edge(event) => event.check(),
            Self::Imported(summary) => summary.check(),
            // What is made of packets is bounded when they are read.
            Self::Timer { .. } | Self::Sip { .. } | Self::Rtcp { .. } | Self::Vq { .. } => Ok(()),
            Self::Unknown(value) => {
                json(value, WHOLE_MAX_BYTES).map_err(|error| error.within("event"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::bounds::DATA_MAX_BYTES;

    #[test]
    fn a_whole_summary_may_be_larger_than_data() {
        let numbers = Value::from(vec![0; DATA_MAX_BYTES / 32]);
        assert!(numbers.check().is_err());
        let raw = ImportedSummary {
            stage: crate::event::ImportStage::Partial,
            version: 1,
            processing: None,
            facts: Box::default(),
            annotation: crate::annotation::Annotation::default(),
            raw: numbers,
        };
        assert_eq!(raw.check(), Ok(()));
    }
}
