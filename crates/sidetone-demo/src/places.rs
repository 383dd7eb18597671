//! Countries, their numbers and their carriers.
//!
//! Numbers are of ranges set aside for films and plays: 555-01xx in North America, and what the
//! regulators of the United Kingdom, Germany, France, Australia, Sweden and Ireland keep free for
//! drama. No such number rings anywhere. Carriers are invented.

use sidetone_core::facts::PartyFacts;

use super::chance::{Dice, Quantiles};

/// A country calls go to and come from.
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    /// Share of all calls, in parts of the sum of all.
    pub(super) weight: u32,
    /// Its numbers.
    ranges: &'static [Range],
    /// First INVITE to first 18x on an ordinary day, ms.
    pub(super) pdd_ms: &'static Quantiles,
    /// Where calls to it leave our network.
    pub(super) edge_location: &'static str,
    /// The region of that place.
    pub(super) region: &'static str,
}

/// Numbers of one kind in one place.
struct Range {
    weight: u32,
    /// E.164, `#` standing for any digit.
    pattern: &'static str,
    carrier: &'static str,
    connection: &'static str,
    city: Option<(&'static str, &'static str, f64, f64)>,
}

impl Country {
    /// Somebody in this country.
    pub(super) fn subscriber(&self, dice: &mut Dice) -> PartyFacts {
        let range = dice.weighted_by(self.ranges, |range| range.weight);
        PartyFacts {
            address: Some(dice.text(range.pattern)),
            carrier: Some(range.carrier.to_owned()),
            connection: Some(range.connection.to_owned()),
            country_code: Some(self.code.to_owned()),
            city: range.city.map(|city| city.0.to_owned()),
            country_subdivision: range.city.map(|city| city.1.to_owned()),
            latitude: range.city.map(|city| city.2),
            longitude: range.city.map(|city| city.3),
            ..PartyFacts::default()
        }
    }
}

/// The country of a code; the first of all when it is none of ours.
pub(super) fn country(code: &str) -> &'static Country {
    COUNTRIES
        .iter()
        .find(|country| country.code == code)
        .unwrap_or(&COUNTRIES[0])
}

/// A country, as likely as calls with it are.
pub(super) fn any_country(dice: &mut Dice) -> &'static Country {
    dice.weighted_by(COUNTRIES, |country| country.weight)
}

/// A number of the company whose calls these are, in the country nearest to a caller.
pub(super) fn own_number(near: &Country, dice: &mut Dice) -> PartyFacts {
    let (numbers, code): (&[&str], _) = match near.code {
        "US" | "CA" => (&["+12125550142", "+12125550187", "+14155550119"], "US"),
        "GB" | "IE" | "AU" => (&["+442079460018", "+442079460733"], "GB"),
        _ => (&["+493023125042", "+498999998120"], "DE"),
    };
    PartyFacts {
        address: Some((*dice.pick(numbers)).to_owned()),
        country_code: Some(code.to_owned()),
        connection: Some("voip".to_owned()),
        carrier: Some(OWN_CARRIER.to_owned()),
        ..PartyFacts::default()
    }
}

/// Who the company's own numbers are rented from.
const OWN_CARRIER: &str = "Sidelight Cloud Voice";

/// A range without a city, as mobile numbers are.
const fn range(
    weight: u32,
    pattern: &'static str,
    carrier: &'static str,
    connection: &'static str,
) -> Range {
    Range {
        weight,
        pattern,
        carrier,
        connection,
        city: None,
    }
}

impl Range {
    const fn city(
        self,
        name: &'static str,
        subdivision: &'static str,
        latitude: f64,
        longitude: f64,
    ) -> Self {
        Self {
            city: Some((name, subdivision, latitude, longitude)),
            ..self
        }
    }
}

static COUNTRIES: &[Country] = &[
    Country {
        code: "US",
        weight: 34,
        ranges: &[
            range(30, "+121255501##", "Cascade Wireless", "mobile")
                .city("New York", "NY", 40.71, -74.01),
            range(16, "+120655501##", "Cascade Wireless", "mobile")
                .city("Seattle", "WA", 47.61, -122.33),
            range(22, "+131255501##", "Prairie Telephone", "landline")
                .city("Chicago", "IL", 41.88, -87.63),
            range(16, "+151255501##", "Prairie Telephone", "mobile")
                .city("Austin", "TX", 30.27, -97.74),
            range(16, "+141555501##", "Bluewater Voice", "voip").city(
                "San Francisco",
                "CA",
                37.77,
                -122.42,
            ),
        ],
        pdd_ms: &[
            (0.0, 420.0),
            (0.05, 700.0),
            (0.5, 1_450.0),
            (0.8, 2_100.0),
            (0.95, 3_400.0),
            (0.99, 5_200.0),
            (1.0, 7_500.0),
        ],
        edge_location: "ashburn",
        region: "us1",
    },
    Country {
        code: "GB",
        weight: 16,
        ranges: &[
            range(45, "+447700900###", "Albion Mobile", "mobile"),
            range(35, "+442079460###", "Thames Telephone", "landline")
                .city("London", "England", 51.51, -0.13),
            range(20, "+441614960###", "Thames Telephone", "landline").city(
                "Manchester",
                "England",
                53.48,
                -2.24,
            ),
        ],
        pdd_ms: &[
            (0.0, 500.0),
            (0.05, 800.0),
            (0.5, 1_600.0),
            (0.8, 2_300.0),
            (0.95, 3_600.0),
            (0.99, 5_500.0),
            (1.0, 8_000.0),
        ],
        edge_location: "dublin",
        region: "ie1",
    },
    Country {
        code: "DE",
        weight: 14,
        ranges: &[
            range(40, "+4917139200##", "Rheinfunk", "mobile"),
            range(25, "+493023125###", "Nordwort Telefon", "landline")
                .city("Berlin", "BE", 52.52, 13.41),
            range(20, "+498999998###", "Nordwort Telefon", "landline")
                .city("München", "BY", 48.14, 11.58),
            range(15, "+494066969###", "Rheinfunk", "voip").city("Hamburg", "HH", 53.55, 9.99),
        ],
        pdd_ms: &[
            (0.0, 600.0),
            (0.05, 900.0),
            (0.5, 1_850.0),
            (0.8, 2_700.0),
            (0.95, 4_200.0),
            (0.99, 6_500.0),
            (1.0, 9_000.0),
        ],
        edge_location: "frankfurt",
        region: "de1",
    },
    Country {
        code: "FR",
        weight: 13,
        ranges: &[
            range(55, "+3363998####", "Lumière Télécom", "mobile"),
            range(30, "+3319900####", "Rivage Mobile", "landline").city(
                "Paris",
                "Île-de-France",
                48.86,
                2.35,
            ),
            range(15, "+3346571####", "Rivage Mobile", "landline").city(
                "Lyon",
                "Auvergne-Rhône-Alpes",
                45.76,
                4.84,
            ),
        ],
        pdd_ms: &[
            (0.0, 650.0),
            (0.05, 950.0),
            (0.5, 1_900.0),
            (0.8, 2_900.0),
            (0.95, 4_600.0),
            (0.99, 7_000.0),
            (1.0, 9_500.0),
        ],
        edge_location: "frankfurt",
        region: "de1",
    },
    Country {
        code: "AU",
        weight: 14,
        ranges: &[
            range(50, "+61255501###", "Coolibah Mobile", "mobile")
                .city("Sydney", "NSW", -33.87, 151.21),
            range(50, "+61355502###", "Coolibah Mobile", "landline").city(
                "Melbourne",
                "VIC",
                -37.81,
                144.96,
            ),
        ],
        pdd_ms: &[
            (0.0, 1_100.0),
            (0.05, 1_500.0),
            (0.5, 2_700.0),
            (0.8, 3_900.0),
            (0.95, 5_600.0),
            (0.99, 8_000.0),
            (1.0, 11_000.0),
        ],
        edge_location: "sydney",
        region: "au1",
    },
    Country {
        code: "CA",
        weight: 4,
        ranges: &[
            range(60, "+141655501##", "Maple Ridge Mobile", "mobile")
                .city("Toronto", "ON", 43.65, -79.38),
            range(40, "+160455501##", "Maple Ridge Mobile", "landline").city(
                "Vancouver",
                "BC",
                49.28,
                -123.12,
            ),
        ],
        pdd_ms: &[
            (0.0, 450.0),
            (0.05, 750.0),
            (0.5, 1_500.0),
            (0.8, 2_200.0),
            (0.95, 3_500.0),
            (1.0, 7_000.0),
        ],
        edge_location: "ashburn",
        region: "us1",
    },
    Country {
        code: "SE",
        weight: 3,
        ranges: &[
            range(50, "+4670174061#", "Norrsken Telefoni", "mobile"),
            range(50, "+468465004##", "Norrsken Telefoni", "landline").city(
                "Stockholm",
                "AB",
                59.33,
                18.07,
            ),
        ],
        pdd_ms: &[
            (0.0, 700.0),
            (0.05, 1_000.0),
            (0.5, 1_900.0),
            (0.8, 2_800.0),
            (0.95, 4_300.0),
            (1.0, 8_000.0),
        ],
        edge_location: "frankfurt",
        region: "de1",
    },
    Country {
        code: "IE",
        weight: 3,
        ranges: &[range(100, "+3532091#####", "Shannon Voice", "landline")
            .city("Dublin", "L", 53.35, -6.26)],
        pdd_ms: &[
            (0.0, 600.0),
            (0.05, 900.0),
            (0.5, 1_700.0),
            (0.8, 2_500.0),
            (0.95, 3_900.0),
            (1.0, 7_500.0),
        ],
        edge_location: "dublin",
        region: "ie1",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_of_a_range_for_drama() {
        let mut dice = Dice::new(1, 0);
        for country in COUNTRIES {
            for _ in 0..200 {
                let number = country.subscriber(&mut dice).address.unwrap();
                let reserved = match country.code {
                    "US" | "CA" => number.get(5..10) == Some("55501"),
                    "GB" => {
                        number.starts_with("+447700900")
                            || number.starts_with("+44207946")
                            || number.starts_with("+44161496")
                    }
                    "DE" => ["+4917139200", "+493023125", "+498999998", "+494066969"]
                        .iter()
                        .any(|range| number.starts_with(range)),
                    "FR" => ["+3363998", "+3319900", "+3346571"]
                        .iter()
                        .any(|range| number.starts_with(range)),
                    "AU" => number.starts_with("+6125550") || number.starts_with("+6135550"),
                    "SE" => number.starts_with("+46701740") || number.starts_with("+468465004"),
                    "IE" => number.starts_with("+3532091"),
                    _ => false,
                };
                assert!(reserved, "{number}");
            }
        }
    }
}
