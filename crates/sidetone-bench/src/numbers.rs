//! Who calls and is called: own numbers, customers, their carriers and countries.

use sidetone_core::facts::PartyFacts;

use sidetone_bench::random::Random;

/// Numbers of the operator.
const OWN: u64 = 2_000;
/// Customers, each with one number.
const CUSTOMERS: u64 = 2_000_000;
/// Carriers, the first of them with most of the customers.
const CARRIERS: u64 = 300;

/// Countries by size of traffic: ISO code and calling code.
const COUNTRIES: [(&str, u32); 40] = [
    ("US", 1),
    ("GB", 44),
    ("DE", 49),
    ("FR", 33),
    ("CA", 1),
    ("ES", 34),
    ("IT", 39),
    ("NL", 31),
    ("AU", 61),
    ("BR", 55),
    ("MX", 52),
    ("IN", 91),
    ("PL", 48),
    ("SE", 46),
    ("CH", 41),
    ("AT", 43),
    ("BE", 32),
    ("IE", 353),
    ("DK", 45),
    ("NO", 47),
    ("FI", 358),
    ("PT", 351),
    ("CZ", 420),
    ("RO", 40),
    ("HU", 36),
    ("GR", 30),
    ("IL", 972),
    ("ZA", 27),
    ("SG", 65),
    ("JP", 81),
    ("KR", 82),
    ("PH", 63),
    ("TR", 90),
    ("AR", 54),
    ("CL", 56),
    ("CO", 57),
    ("NZ", 64),
    ("UA", 380),
    ("BG", 359),
    ("HR", 385),
];

const CITIES: [&str; 8] = [
    "San Francisco",
    "London",
    "Berlin",
    "Paris",
    "Toronto",
    "Madrid",
    "Amsterdam",
    "Sydney",
];

/// A customer, drawn.
pub fn customer(seed: u64, random: &mut Random) -> PartyFacts {
    party(seed, 1, random.below(CUSTOMERS))
}

/// One of the operator's own numbers, drawn; some are used much more than others.
pub fn own(seed: u64, random: &mut Random) -> PartyFacts {
    party(seed, 2, random.zipf(OWN))
}

/// A SIP address within the operator's network.
pub fn extension(random: &mut Random) -> PartyFacts {
    PartyFacts {
        address: Some(format!(
            "sip:{}@pbx.example.com",
            random.between(1000, 3000)
        )),
        connection: Some("sip_interface".to_owned()),
        ip_address: Some(format!("198.51.100.{}", random.below(256))),
        ..PartyFacts::default()
    }
}

/// A user of a browser or mobile application.
pub fn client(random: &mut Random) -> PartyFacts {
    PartyFacts {
        address: Some(format!("client:agent{}", random.below(400))),
        connection: Some("twilio_sdk".to_owned()),
        country_code: Some("US".to_owned()),
        city: Some("San Francisco".to_owned()),
        ip_address: Some(format!("203.0.113.{}", random.below(256))),
        sdk: Some(serde_json::json!({
            "type": "twilio-voice-javascript-sdk", "version": "2.12.1", "platform": "browser",
            "browser": {"name": "Chrome", "major": "126", "version": "126.0.6478.127"},
            "os": {"name": "macOS", "version": "14.5"}, "engine": "Blink",
        })),
        ..PartyFacts::default()
    }
}

/// Everything about a number follows from the number, as it does in life.
fn party(seed: u64, stream: u64, place: u64) -> PartyFacts {
    let mut random = Random::of(seed, stream, place);
    let (iso, code) = COUNTRIES[random.zipf(COUNTRIES.len() as u64) as usize];
    let number = format!(
        "{code}{}",
        200_000_000 + (place * 387 + stream * 191) % 800_000_000
    );
    PartyFacts {
        number_prefix: Some(number[..number.len().min(code_length(code) + 3)].to_owned()),
        address: Some(format!("+{number}")),
        carrier: Some(carrier(random.zipf(CARRIERS))),
        connection: Some((*random.pick(&["mobile", "mobile", "landline", "voip"])).to_owned()),
        country_code: Some(iso.to_owned()),
        country_subdivision: Some("CA".to_owned()),
        city: Some((*random.pick(&CITIES)).to_owned()),
        latitude: Some((random.unit() * 1_000.0).round() / 10.0 - 50.0),
        longitude: Some((random.unit() * 3_000.0).round() / 10.0 - 150.0),
        ..PartyFacts::default()
    }
}

fn code_length(code: u32) -> usize {
    code.to_string().len()
}

fn carrier(place: u64) -> String {
    match place {
        0 => "AT&T Wireless".to_owned(),
        1 => "Verizon Wireless".to_owned(),
        2 => "T-Mobile USA, Inc.".to_owned(),
        3 => "Vodafone".to_owned(),
        other => format!("Example Telecom {other}"),
    }
}
