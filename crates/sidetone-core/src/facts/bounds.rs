//! Between which numbers facts are.

use super::{CallFacts, EdgeFacts, PartyFacts};
use crate::bounds::{Bounded, OutOfBounds, range};

impl PartyFacts {
    fn in_range(&self) -> Result<(), OutOfBounds> {
        self.check()?;
        range("latitude", self.latitude, -90.0, 90.0)?;
        range("longitude", self.longitude, -180.0, 180.0)?;
        match &self.country_code {
            Some(code) if code.len() != 2 || !code.bytes().all(|it| it.is_ascii_uppercase()) => {
                Err(OutOfBounds::new(code, "two upper-case letters").within("country_code"))
            }
            _ => Ok(()),
        }
    }
}

impl EdgeFacts {
    fn in_range(&self) -> Result<(), OutOfBounds> {
        self.check()?;
        range("q850_cause", self.q850_cause, 0, 127)
    }
}

impl CallFacts {
    /// Whether it is within bounds, and what it holds within the numbers that its kind has.
    pub(crate) fn in_range(&self) -> Result<(), OutOfBounds> {
        self.check()?;
        range("last_sip_response", self.last_sip_response, 100, 699)?;
        range("q850_cause", self.q850_cause, 0, 127)?;
        self.from.in_range().map_err(|error| error.within("from"))?;
        self.to.in_range().map_err(|error| error.within("to"))?;
        self.edges.iter().try_for_each(|(kind, edge)| {
            edge.in_range()
                .map_err(|error| error.within(kind).within("edges"))
        })
    }
}
