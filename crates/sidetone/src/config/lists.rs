//! What a setting can be: lists of values.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use sidetone_core::network::Network;

/// Declares that a list is read from the file by its text, or as an array of the texts of its
/// members.
macro_rules! from_texts {
    ($($name:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Texts)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
from_texts!(Networks, Names);

/// Reads a text, or an array of texts as one text with commas.
struct Texts;

impl<'de> serde::de::Visitor<'de> for Texts {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(texts.join(","))
    }
}

/// Networks in CIDR notation, separated by commas; a bare address is a network of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// They, one by one.
    #[must_use]
    pub fn ranges(&self) -> &[Network] {
        &self.0
    }

    /// This machine alone.
    #[must_use]
    pub fn loopback() -> Self {
        "127.0.0.0/8,::1".parse().unwrap_or_default()
    }

    /// Every machine.
    #[must_use]
    pub fn all() -> Self {
        "0.0.0.0/0,::/0".parse().unwrap_or_default()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let networks = parts.filter(|part| !part.is_empty()).map(str::parse);
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// Names of SIP header fields, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let names = parts.filter(|part| !part.is_empty()).map(|name| {
            let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
            if name.chars().all(is_token) {
                Ok(name.to_owned())
            } else {
                Err(format!(
                    "'{name}' is not the name of a SIP header like X-Call-Sid"
                ))
            }
        });
        names.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_a_network_holds() {
        let networks: Networks = "10.0.0.0/8, ::1,0.0.0.0/0".parse().unwrap();
        let only: Networks = "10.0.0.0/8,fd00::/8".parse().unwrap();
        assert!(networks.contains("192.0.2.1".parse().unwrap()));
        assert!(only.contains("10.255.0.1".parse().unwrap()));
        assert!(only.contains("::ffff:10.1.1.1".parse().unwrap()));
        assert!(!only.contains("11.0.0.1".parse().unwrap()));
        assert!(!only.contains("::1".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Networks>().is_err());
    }

    #[test]
    fn reads_lists_of_the_file_as_text_and_as_arrays() {
        #[derive(Deserialize)]
        struct File {
            networks: Networks,
            names: Names,
        }
        let text = "networks = '10.0.0.0/8,::1'\nnames = 'X-A, x-b'";
        let array = "networks = ['10.0.0.0/8', '::1']\nnames = ['X-A', 'x-b']";
        for file in [text, array] {
            let file: File = toml::from_str(file).unwrap();
            assert_eq!(Ok(file.networks), "10.0.0.0/8,::1".parse());
            assert_eq!(file.names.0, ["X-A", "x-b"]);
        }
        assert!("X A".parse::<Names>().is_err());
    }
}
