//! Values of parameters that are words of a closed set.

use std::str::FromStr;

use sidetone_core::vocabulary::UnknownWord;

use crate::web::form::{Invalid, Value};

/// Reads a value as one of the words that its parameter may have, or as several.
pub trait Words: Sized {
    /// One word of a closed set.
    ///
    /// # Errors
    /// When it is not one of them.
    fn word<T: FromStr<Err = UnknownWord>>(self) -> Result<T, Invalid>;

    /// Words of a closed set, separated by commas; each once, in order.
    ///
    /// # Errors
    /// When one of them is none of the set.
    fn words<T: FromStr<Err = UnknownWord> + PartialEq>(self) -> Result<Vec<T>, Invalid>;
}

impl Words for Value<'_> {
    fn word<T: FromStr<Err = UnknownWord>>(self) -> Result<T, Invalid> {
        self.text
            .parse()
            .map_err(|error: UnknownWord| self.invalid(expected(&error)))
    }

    fn words<T: FromStr<Err = UnknownWord> + PartialEq>(self) -> Result<Vec<T>, Invalid> {
        let mut words = Vec::new();
        for item in self.items() {
            let word = item.word()?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(words)
    }
}

fn expected(error: &UnknownWord) -> String {
    format!("one of {}", error.allowed.join(", "))
}

#[cfg(test)]
mod tests {
    use sidetone_core::vocabulary::CallType;

    use super::*;

    #[test]
    fn words_of_a_closed_set() {
        let value = |text| Value {
            name: "CallType",
            text,
        };
        assert_eq!(
            value("sip, trunking,,sip").words(),
            Ok(vec![CallType::Sip, CallType::Trunking])
        );
        assert_eq!(
            value("sip,SIP").words::<CallType>().unwrap_err().message,
            "Invalid CallType 'SIP'. Expected one of carrier, sip, trunking, client, whatsapp."
        );
    }
}
