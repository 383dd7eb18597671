//! Where addresses are, by a database in MaxMind's format that the operator has.
//!
//! It is asked when a packet comes, not when its call is folded: addresses move, and the call was
//! made from where the address was then.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, bail};
use maxminddb::{MaxMindDbError, PathElement, Reader, path};
use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::sip::{IpLocation, SipMessage};

use crate::address::is_public;

/// The setting that names the file.
const SETTING: &str = "location_database";

/// The database, whole in memory; without one nothing is known.
#[derive(Debug, Default)]
pub struct Locations(Option<Reader<Vec<u8>>>);

impl Locations {
    /// Reads the file, if there is one, and makes sure that nothing in it is damaged.
    ///
    /// # Errors
    /// When it cannot be read, is no such database or a damaged one, or lists no country as City
    /// and Country databases do.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let reader = path.map(|path| {
            open(path).with_context(|| format!("{SETTING} {} is of no use", path.display()))
        });
        reader.transpose().map(Self)
    }

    /// Writes into a message that begins a call where its addresses are.
    pub fn note(&self, message: &mut SipMessage) {
        if message.is_initial_invite() {
            message.source_location = self.of(message.capture.source.ip());
            message.destination_location = self.of(message.capture.destination.ip());
        }
    }

    /// Where an address is. `None` when nobody knows: it is not listed, or no address of the
    /// internet.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<IpLocation> {
        let reader = self.0.as_ref().filter(|_| is_public(address))?;
        // A database of IPv4 alone answers for an IPv6 address with an error: it does not list it.
        let found = reader.lookup(address.to_canonical()).ok()?;
        let text = |path: &[PathElement<'_>]| {
            let text: Option<&str> = found.decode_path(path).ok()?;
            text.filter(|text| !text.is_empty() && text.chars().count() <= TEXT_MAX_CHARS)
        };
        let country_code = text(&path!["country", "iso_code"])
            .filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))?;
        Some(IpLocation {
            country_code: country_code.to_owned(),
            city: text(&path!["city", "names", "en"]).map(str::to_owned),
        })
    }
}

fn open(path: &Path) -> anyhow::Result<Reader<Vec<u8>>> {
    let bytes = std::fs::read(path)?;
    let reader = Reader::from_source(bytes)?;
    // Otherwise what is damaged would show as an address that is not listed, some day.
    reader.verify()?;
    if !lists_countries(&reader)? {
        let kind = &reader.metadata().database_type;
        bail!(
            "it is a database '{kind}', without the countries that City and Country databases have"
        );
    }
    Ok(reader)
}

/// Whether any of its networks is in a country. All have the same layout, and of a database of
/// places the first has one.
fn lists_countries(reader: &Reader<Vec<u8>>) -> Result<bool, MaxMindDbError> {
    for network in reader.networks(maxminddb::WithinOptions::default())? {
        let country: Option<&str> = network?.decode_path(&path!["country", "iso_code"])?;
        if country.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
