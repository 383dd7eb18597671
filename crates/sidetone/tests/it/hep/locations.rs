//! Where callers and callees are, by a database that the operator has.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use sidetone::config::Settings;
use sidetone::tables::locations::Locations;
use sidetone_core::sides::SideRule;
use tempfile::TempDir;

use super::{KEY, KNOWN, SIP, live, packet_between, try_live};
use crate::mmdb::{self, Place};

/// Made up. The last two are no networks of the internet.
const PLACES: [Place; 6] = [
    ("9.1.0.0", 16, "AT", Some("Wien")),
    ("9.2.0.0", 17, "NZ", None),
    ("9.2.128.0", 17, "not a code", Some("Nowhere")),
    ("2a00:1::", 32, "PT", Some("Lisboa")),
    ("10.0.0.0", 8, "FR", Some("Paris")),
    ("192.0.2.0", 24, "FR", Some("Paris")),
];

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("places.mmdb");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn load(bytes: &[u8]) -> Result<Locations, String> {
    let (_dir, path) = file(bytes);
    Locations::load(Some(&path)).map_err(|error| format!("{error:#}"))
}

fn found(locations: &Locations, address: &str) -> Option<(String, Option<String>)> {
    let location = locations.of(address.parse().unwrap())?;
    Some((location.country_code, location.city))
}

#[test]
fn an_address_is_where_the_database_lists_it() {
    for record_bits in [24, 28, 32] {
        let locations = load(&mmdb::city(&PLACES, record_bits)).unwrap();
        for (address, expected) in [
            ("9.1.0.0", Some(("AT", Some("Wien")))),
            ("9.1.255.255", Some(("AT", Some("Wien")))),
            ("::ffff:9.1.2.3", Some(("AT", Some("Wien")))),
            ("9.2.1.1", Some(("NZ", None))),
            ("2a00:1:2::3", Some(("PT", Some("Lisboa")))),
            // Not a country.
            ("9.2.200.1", None),
            // Not listed.
            ("9.3.0.0", None),
            ("2a00:2::1", None),
            // Listed, and yet nowhere on the internet.
            ("10.1.2.3", None),
            ("192.0.2.1", None),
            ("::ffff:10.1.2.3", None),
            ("127.0.0.1", None),
            ("::1", None),
        ] {
            let expected =
                expected.map(|(country, city)| (country.to_owned(), city.map(str::to_owned)));
            assert_eq!(found(&locations, address), expected, "{address}");
        }
        let v4_only = load(&mmdb::city(&PLACES[..2], record_bits)).unwrap();
        assert!(found(&v4_only, "9.1.2.3").is_some());
        assert_eq!(found(&v4_only, "2a00:1::1"), None);
    }
    assert_eq!(found(&Locations::default(), "9.1.2.3"), None);
}

#[test]
fn what_is_no_database_of_places_is_refused_with_the_reason() {
    let whole = mmdb::city(&PLACES, 24);
    let network = [("9.1.0.0".parse().unwrap(), 16)];
    let asn = mmdb::map(&[("autonomous_system_organization", mmdb::text("Example"))]);
    let flat = mmdb::map(&[("country", mmdb::text("AT"))]);
    for (bytes, reason) in [
        (Vec::new(), "is of no use: "),
        (b"SIP/2.0 200 OK".to_vec(), "is of no use: "),
        (whole[..whole.len() - 1].to_vec(), "is of no use: "),
        (
            mmdb::database("Test-ASN", &network, &[asn], 24),
            "a database 'Test-ASN', without the countries",
        ),
        (
            mmdb::database("Test-Flat", &network, &[flat], 24),
            "country/iso_code",
        ),
    ] {
        let error = load(&bytes).unwrap_err();
        let is_named = error.starts_with("location_database /") && error.contains("places.mmdb");
        assert!(is_named && error.contains(reason), "{error}");
    }
}

/// Whatever is done to a file, it is refused, or what it says is read: nothing else happens.
#[test]
fn a_damaged_database_breaks_nothing() {
    let whole = mmdb::city(&PLACES, 28);
    for length in 0..whole.len() {
        assert!(load(&whole[..length]).is_err(), "the first {length} bytes");
    }
    let mut refused = 0;
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << bit;
            match load(&damaged) {
                Err(_) => refused += 1,
                Ok(locations) => {
                    for address in ["9.1.2.3", "9.2.1.1", "2a00:1::1", "255.255.255.255"] {
                        let _ = found(&locations, address);
                    }
                }
            }
        }
    }
    // What is left is another letter of a city, another bit of a network.
    assert!(refused > whole.len(), "{refused} of {}", whole.len() * 8);
}

fn invite(call_id: &str, vias: &str) -> String {
    format!(
        "INVITE sip:bob@example.com SIP/2.0\r\n{vias}From: <sip:alice@example.com>;tag=1\r\n\
        To: <sip:bob@example.com>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The parties of a call whose two hops go between three addresses.
async fn parties(settings: Settings, [caller, proxy, callee]: [&str; 3]) -> [Value; 2] {
    let live = live(settings).await;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let via = |host: &str| format!("Via: SIP/2.0/UDP {host};branch=z9hG4bK{}\r\n", host.len());
    for (between, vias) in [
        ([caller, proxy], via(caller)),
        ([proxy, callee], via(proxy) + &via(caller)),
    ] {
        let text = invite("located", &vias);
        let payload = (SIP, Some(text.as_bytes()));
        let packet = packet_between(between, KNOWN, Some(KEY), payload);
        sender.send_to(&packet, live.udp()).unwrap();
    }
    live.settled("udp", 2).await;
    let both_legs = |summary: &Value| summary["carrier_edge"].is_object();
    let summary = live.summary("located", both_legs).await;
    live.running.stop().await;
    ["from", "to"].map(|party| {
        let party = &summary[party];
        json!([party["country_code"], party["city"]])
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_says_where_each_side_signals_from() {
    let (_dir, path) = file(&mmdb::city(&PLACES, 24));
    let located = || Settings {
        location_database: Some(path.clone()),
        ..Settings::default()
    };
    let v4 = ["9.1.0.7:5060", "192.0.2.1:5060", "9.2.0.7:5060"];
    assert_eq!(
        parties(located(), v4).await,
        [json!(["AT", "Wien"]), json!(["NZ", null])]
    );
    let v6 = ["[2a00:1::7]:5060", "[2a00:2::1]:5060", "[2a00:2::2]:5060"];
    assert_eq!(
        parties(located(), v6).await,
        [json!(["PT", "Lisboa"]), json!([null, null])]
    );
    let private = ["10.0.0.7:5060", "192.0.2.1:5060", "9.3.0.7:5060"];
    let nowhere = [json!([null, null]), json!([null, null])];
    assert_eq!(parties(located(), private).await, nowhere);
    assert_eq!(parties(Settings::default(), v4).await, nowhere);

    let ruled = Settings {
        side: vec![SideRule {
            networks: vec!["9.1.0.0/16".parse().unwrap()],
            country_code: Some("DE".to_owned()),
            ..SideRule::default()
        }],
        ..located()
    };
    assert_eq!(
        parties(ruled, v4).await,
        [json!(["DE", null]), json!(["NZ", null])]
    );
}

#[tokio::test]
async fn a_server_does_not_start_with_a_damaged_database() {
    let whole = mmdb::city(&PLACES, 24);
    let (dir, path) = file(&whole[..whole.len() / 2]);
    for path in [path, dir.path().join("missing.mmdb")] {
        let started = try_live(Settings {
            location_database: Some(path.clone()),
            ..Settings::default()
        });
        let error = format!("{:#}", started.await.err().unwrap());
        let expected = format!("location_database {} is of no use: ", path.display());
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn the_command_that_tries_rules_shows_the_location() {
    let (dir, _) = file(&mmdb::city(&PLACES, 24));
    let rules = "location_database = 'places.mmdb'\n[[side]]\nnetworks = ['9.1.0.0/16']\ncarrier = 'Example'\n";
    std::fs::write(dir.path().join("sidetone.toml"), rules).unwrap();
    let run = |source: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["check", "--rules", "--source", source])
            .current_dir(dir.path())
            .output()
            .unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let shown = run("9.1.0.7");
    assert!(shown.contains("the side is: carrier Example\n"), "{shown}");
    assert!(shown.ends_with(": country_code AT, city Wien\n"), "{shown}");
    let shown = run("192.0.2.1");
    assert!(shown.ends_with("does not list the address\n"), "{shown}");
    std::fs::write(dir.path().join("places.mmdb"), "").unwrap();
    let shown = run("9.1.0.7");
    assert!(shown.contains("location_database places.mmdb"), "{shown}");
}
