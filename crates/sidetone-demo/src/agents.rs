//! The people who take the calls: their SDKs, and the desk phones and trunks beside them.

use serde_json::{Value, json};
use sidetone_core::facts::PartyFacts;

use super::chance::Dice;
use super::routes::Access;

/// Agents of the contact centre. Each keeps device, browser and place.
const AGENTS: u32 = 24;

/// An agent at an SDK.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agent {
    number: u32,
}

impl Agent {
    pub(super) fn any(dice: &mut Dice) -> Self {
        Self {
            number: 1 + dice.below(AGENTS),
        }
    }

    /// How this agent is connected.
    pub(super) fn access(self) -> Access {
        match self.number % 6 {
            0..=2 => Access::Office,
            3 | 4 => Access::HomeWifi,
            _ => Access::Mobile,
        }
    }

    /// Where this agent is. ISO 3166-1 alpha-2.
    pub(super) fn country(self) -> &'static str {
        match self.number % 3 {
            0 => "IE",
            1 => "US",
            _ => "DE",
        }
    }

    /// The name of the SDK's client.
    pub(super) fn client_name(self) -> String {
        format!("client:agent-{:02}", self.number)
    }

    /// Where the SDK connects to.
    pub(super) fn edge_location(self) -> &'static str {
        match self.number % 3 {
            0 => "dublin",
            1 => "ashburn",
            _ => "frankfurt",
        }
    }

    /// The region of that place.
    pub(super) fn region(self) -> &'static str {
        match self.number % 3 {
            0 => "ie1",
            1 => "us1",
            _ => "de1",
        }
    }

    /// The public address this agent comes from; of the ranges for documentation.
    pub(super) fn ip_address(self) -> String {
        match self.access() {
            Access::Office => "198.51.100.24".to_owned(),
            Access::HomeWifi => format!("203.0.113.{}", 100 + self.number),
            Access::Mobile => format!("2001:db8:a6e:{:x}::1", self.number),
        }
    }

    /// This agent as one side of a call.
    pub(super) fn party(self) -> PartyFacts {
        let (city, subdivision, latitude, longitude) = match self.number % 3 {
            0 => ("Dublin", "L", 53.35, -6.26),
            1 => ("Austin", "TX", 30.27, -97.74),
            _ => ("Leipzig", "SN", 51.34, 12.37),
        };
        PartyFacts {
            address: Some(self.client_name()),
            connection: Some("twilio_sdk".to_owned()),
            // No country code: that is the number's, and a client has none.
            country_subdivision: Some(subdivision.to_owned()),
            city: Some(city.to_owned()),
            latitude: Some(latitude),
            longitude: Some(longitude),
            ip_address: Some(self.ip_address()),
            sdk: Some(self.sdk()),
            ..PartyFacts::default()
        }
    }

    /// The SDK's description of itself.
    pub(super) fn sdk(self) -> Value {
        let place = (self.region(), self.edge_location());
        let (kind, version, platform) = match self.access() {
            Access::Mobile if self.number % 4 == 1 => ("twilio-voice-ios", "6.13.1", "iOS"),
            Access::Mobile => ("twilio-voice-android", "6.9.0", "android"),
            Access::Office | Access::HomeWifi => (
                "twilio-js-sdk",
                ["2.12.3", "2.13.0", "2.11.1"][self.number as usize % 3],
                "WebRTC",
            ),
        };
        let mut sdk = json!({
            "type": kind,
            "version": version,
            "platform": platform,
            "region": place.0,
            "selected_region": place.0,
            "edge_location": place.1,
        });
        let (browser, engine, os, device) = match (kind, self.number % 4) {
            ("twilio-voice-ios", _) => (
                None,
                None,
                ("iOS", "26.0"),
                ("arm64", "iPhone17,3", "mobile", "Apple"),
            ),
            ("twilio-voice-android", _) => (
                None,
                None,
                ("Android", "16"),
                ("arm64-v8a", "Pixel 9", "mobile", "Google"),
            ),
            (_, 0 | 1) => (
                Some(json!({"name": "Chrome", "major": "141", "version": "141.0.7390.54"})),
                Some(json!({"name": "Blink", "version": "141.0.7390.54"})),
                ("Windows", "11"),
                ("amd64", "", "desktop", ""),
            ),
            (_, 2) => (
                Some(json!({"name": "Firefox", "major": "143", "version": "143.0"})),
                Some(json!({"name": "Gecko", "version": "143.0"})),
                ("Linux", "x86_64"),
                ("amd64", "", "desktop", ""),
            ),
            _ => (
                Some(json!({"name": "Safari", "major": "19", "version": "19.0"})),
                Some(json!({"name": "WebKit", "version": "621.1.15"})),
                ("macOS", "26.0"),
                ("arm64", "Macintosh", "desktop", "Apple"),
            ),
        };
        if let Some(browser) = browser {
            sdk["browser"] = browser;
        }
        if let Some(engine) = engine {
            sdk["engine"] = engine;
        }
        sdk["os"] = json!({"name": os.0, "version": os.1});
        sdk["device"] =
            json!({"arch": device.0, "model": device.1, "type": device.2, "vendor": device.3});
        sdk
    }
}

/// A desk phone at the SIP interface.
pub(super) fn desk_phone(dice: &mut Dice) -> (PartyFacts, &'static str) {
    let extension = dice.between(201, 236);
    let device = *dice.pick(&[
        ("Yealink SIP-T54W 96.86.0.100", "198.51.100.24"),
        ("Grandstream GXP2170 1.0.11.79", "198.51.100.25"),
        ("Zoiper v2.10.20.4", "203.0.113.77"),
    ]);
    let party = PartyFacts {
        address: Some(format!("sip:{extension}@desk.example.com")),
        connection: Some("sip_interface".to_owned()),
        ip_address: Some(device.1.to_owned()),
        ..PartyFacts::default()
    };
    (party, device.0)
}

/// A branch office's PBX on a trunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trunk {
    /// `TK…`
    pub(super) sid: &'static str,
    /// What its PBX calls itself.
    pub(super) user_agent: &'static str,
    /// Where it is.
    pub(super) ip_address: &'static str,
    /// What its numbers look like.
    pub(super) numbers: &'static str,
    /// ISO 3166-1 alpha-2 of those.
    pub(super) country: &'static str,
}

impl Trunk {
    pub(super) fn any(dice: &mut Dice) -> Self {
        *dice.weighted(TRUNKS)
    }

    /// Somebody behind this PBX.
    pub(super) fn party(self, dice: &mut Dice) -> PartyFacts {
        PartyFacts {
            address: Some(dice.text(self.numbers)),
            connection: Some("sip_trunk".to_owned()),
            country_code: Some(self.country.to_owned()),
            ip_address: Some(self.ip_address.to_owned()),
            ..PartyFacts::default()
        }
    }
}

const TRUNKS: &[(u32, Trunk)] = &[
    (
        5,
        Trunk {
            sid: "TK5d1c0a7e2f4b49d3a8e6c1b0f9d2e374",
            user_agent: "Asterisk PBX 22.5.0",
            ip_address: "192.0.2.15",
            numbers: "+4930231252##",
            country: "DE",
        },
    ),
    (
        4,
        Trunk {
            sid: "TK81b2f6e0c39d4d57b1a2e8f4a6c05d19",
            user_agent: "FreeSWITCH-mod_sofia/1.10.12",
            ip_address: "192.0.2.80",
            numbers: "+1312555017#",
            country: "US",
        },
    ),
    (
        2,
        Trunk {
            sid: "TKe07f3b9a5c6142e8bd10f7a2c4d8e963",
            user_agent: "Kamailio (5.8.4)",
            ip_address: "2001:db8:5c::15",
            numbers: "+44207946055#",
            country: "GB",
        },
    ),
];
