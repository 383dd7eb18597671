//! `from` and `to`. What is not known is left out, as in the original.

use serde::Serialize;
use serde_json::Value;
use sidetone_core::facts::PartyFacts;

/// One side of a call. Its address is called `caller` or `callee`.
#[derive(Debug, Default, Serialize)]
pub struct Party<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callee: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_subdivision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdk: Option<&'a Value>,
}

#[derive(Debug, Serialize)]
struct Location {
    lat: f64,
    lon: f64,
}

impl<'a> Party<'a> {
    /// The calling side.
    #[must_use]
    pub fn from_side(facts: &'a PartyFacts) -> Self {
        Self {
            caller: facts.address.as_deref(),
            ..Self::of(facts)
        }
    }

    /// The called side.
    #[must_use]
    pub fn to_side(facts: &'a PartyFacts) -> Self {
        Self {
            callee: facts.address.as_deref(),
            ..Self::of(facts)
        }
    }

    fn of(facts: &'a PartyFacts) -> Self {
        let location = match (facts.latitude, facts.longitude) {
            (Some(lat), Some(lon)) => Some(Location { lat, lon }),
            _ => None,
        };
        Self {
            caller: None,
            callee: None,
            carrier: facts.carrier.as_deref(),
            connection: facts.connection.as_deref(),
            country_code: facts.country_code.as_deref(),
            country_subdivision: facts.country_subdivision.as_deref(),
            city: facts.city.as_deref(),
            location,
            ip_address: facts.ip_address.as_deref(),
            number_prefix: facts.number_prefix.as_deref(),
            sdk: facts.sdk.as_ref(),
        }
    }
}
