//! What of an account's calls a subscription is sent, as the store keeps it: one text.

use std::fmt;
use std::str::FromStr;

use sidetone_core::vocabulary::UnknownWord;
use sidetone_store::delivery::PersonalData;

/// Which calls, and what is said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Filters of Summaries as the URL of a list has them, by their names of today. Empty: all
    /// calls.
    pub filters: String,
    /// What becomes of personal data.
    pub personal_data: PersonalData,
    /// Whether calls of subaccounts are sent too.
    pub with_subaccounts: bool,
}

impl Default for Selection {
    /// All of the account's own calls.
    fn default() -> Self {
        Self {
            filters: String::new(),
            personal_data: PersonalData::Keep,
            with_subaccounts: false,
        }
    }
}

const PERSONAL_DATA: &str = "PersonalData";
const SUBACCOUNTS: &str = "ReceiveEventsFromSubaccounts";

impl fmt::Display for Selection {
    /// The filters, and behind them what is not as usual.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let personal_data = match self.personal_data {
            PersonalData::Keep => None,
            word => Some((PERSONAL_DATA, word.as_str())),
        };
        let subaccounts = self.with_subaccounts.then_some((SUBACCOUNTS, "true"));
        f.write_str(&self.filters)?;
        let mut is_first = self.filters.is_empty();
        for (name, value) in personal_data.into_iter().chain(subaccounts) {
            let joint = if is_first { "" } else { "&" };
            write!(f, "{joint}{name}={value}")?;
            is_first = false;
        }
        Ok(())
    }
}

impl FromStr for Selection {
    type Err = UnknownWord;

    /// Reads what was written: anything else than the two names of ours is a filter.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let mut selection = Self::default();
        let mut filters = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                PERSONAL_DATA => selection.personal_data = value.parse()?,
                SUBACCOUNTS => selection.with_subaccounts = value == "true",
                _ => {
                    filters.append_pair(&name, &value);
                }
            }
        }
        selection.filters = filters.finish();
        Ok(selection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_one_text() {
        for (filters, personal_data, with_subaccounts, text) in [
            ("", PersonalData::Keep, false, ""),
            ("", PersonalData::Hash, false, "PersonalData=hash"),
            (
                "Tag=silence&ToCarrier=AT%26T",
                PersonalData::Omit,
                true,
                "Tag=silence&ToCarrier=AT%26T&PersonalData=omit&ReceiveEventsFromSubaccounts=true",
            ),
            (
                "Tag=silence",
                PersonalData::Keep,
                true,
                "Tag=silence&ReceiveEventsFromSubaccounts=true",
            ),
        ] {
            let selection = Selection {
                filters: filters.to_owned(),
                personal_data,
                with_subaccounts,
            };
            assert_eq!(selection.to_string(), text);
            assert_eq!(text.parse(), Ok(selection));
        }
        assert!("PersonalData=sell".parse::<Selection>().is_err());
    }
}
