//! Rules of alerts and their receivers, as tables `[[alert]]` and `[[receiver]]` of the file. What they say
//! is read by what reads the API's forms, when the accounts are known.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::{Deserialize, Deserializer, de};
use sidetone_core::id::AccountSid;
use toml::{Table, Value};

use super::values::Secret;

/// A value of a parameter: a text, a number, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> de::Visitor<'de> for Texts {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
                let mut texts: Vec<String> = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(Text(texts.join(",")))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

macro_rules! alert_entry {
    ($($field:ident $parameter:literal;)*) => {
        /// A rule. What is `None` is as usual.
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct AlertEntry {
            /// What it is called; no two of an account alike.
            pub name: String,
            /// Whose calls. `None`: those of the first account.
            #[serde(default)]
            pub account: Option<AccountSid>,
            $(#[serde(default)] $field: Option<Text>,)*
        }

        impl AlertEntry {
            /// What it says, as parameters of a form.
            #[must_use]
            pub fn parameters(&self) -> Vec<(&'static str, &str)> {
                let mut said = vec![("Name", self.name.as_str())];
                $(said.extend(self.$field.as_ref().map(|it| ($parameter, it.0.as_str())));)*
                said
            }
        }
    };
}

alert_entry! {
    measure "Measure";
    filters "Filters";
    among "Among";
    group_by "GroupBy";
    window "Window";
    above "Above";
    below "Below";
    release "Release";
    compare_weeks "CompareWeeks";
    min_calls "MinCalls";
    r#for "For";
    severity "Severity";
    quiet_hours "QuietHours";
    time_zone "TimeZone";
    receivers "Receivers";
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReceiverEntry {
    /// What it is called; no two of an account alike.
    pub name: String,
    /// Whose alerts it is told of. `None`: those of the first account.
    #[serde(default)]
    pub account: Option<AccountSid>,
    /// What it is, as the API calls it.
    pub r#type: String,
    /// Its configuration; of a member in a file, `…_file` names that.
    #[serde(flatten)]
    members: Members,
}

/// Members that may be secrets: nobody is shown them.
#[derive(Clone, PartialEq, Deserialize)]
struct Members(Table);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// What the name of a member ends with that is in a file.
const IN_FILE: &str = "_file";

impl ReceiverEntry {
    /// Its configuration as the API takes it, with what its files have now.
    ///
    /// # Errors
    /// When a file cannot be read or is empty, or a member stands there twice.
    pub fn configuration(&self) -> anyhow::Result<Secret> {
        let mut members = serde_json::Map::new();
        for (name, value) in &self.members.0 {
            let (name, value) = match (name.strip_suffix(IN_FILE), value) {
                (Some(member), Value::String(file)) => {
                    (member, from_file(name, file.into())?.into())
                }
                _ => (name.as_str(), serde_json::to_value(value)?),
            };
            ensure!(
                members.insert(name.to_owned(), value).is_none(),
                "{name} and {name}{IN_FILE} are both given"
            );
        }
        Ok(Secret(serde_json::to_string(&members)?))
    }
}

fn from_file(name: &str, file: PathBuf) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {name} {}", file.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "{name} {} is empty", file.display());
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::settings::parse_file;

    #[test]
    fn a_rule_says_what_a_form_would() {
        let file = "[[alert]]\nname = 'Answers'\nmeasure = 'share'\nfor = '5m'\nbelow = 40\nrelease = 45.5\n\
            filters = 'Tag=silence'\nreceivers = ['NOC', 'Night']";
        let config = parse_file(file).unwrap().into_config().unwrap();
        let said = config.alerts[0].parameters();
        let expected = [
            ("Name", "Answers"),
            ("Measure", "share"),
            ("Filters", "Tag=silence"),
            ("Below", "40"),
            ("Release", "45.5"),
            ("For", "5m"),
            ("Receivers", "NOC,Night"),
        ];
        assert_eq!(said, expected);
        for (file, expected) in [
            ("[[alert]]\nmeasure = 'calls'", "missing field `name`"),
            (
                "[[alert]]\nname = 'a'\nwindows = '5m'",
                "unknown field `windows`",
            ),
            (
                "[[alert]]\nname = 'a'\nabove = true",
                "alert[0].above: invalid type: boolean",
            ),
        ] {
            let error = format!("{:#}", parse_file(file).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_opens_a_receiver_may_be_in_a_file_and_is_shown_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("url");
        std::fs::write(&secret, "https://hooks.slack.com/s3cret\n").unwrap();
        let head = "[[receiver]]\nname = 'NOC'\ntype = 'slack'\n";
        let read = |more: &str| {
            let config = parse_file(&format!("{head}{more}")).unwrap().into_config();
            let config = config.unwrap();
            assert!(!format!("{config:?}").contains("s3cret"));
            let configuration = config.receivers[0].configuration();
            configuration
                .map(|it| it.0)
                .map_err(|error| format!("{error:#}"))
        };
        let in_file = format!("url_file = '{}'", secret.display());
        let expected = r#"{"url":"https://hooks.slack.com/s3cret"}"#;
        assert_eq!(read(&in_file).as_deref(), Ok(expected));
        assert_eq!(
            read("url = 'https://hooks.slack.com/s3cret'").as_deref(),
            Ok(expected)
        );
        let twice = read(&format!("{in_file}\nurl = 'x'")).unwrap_err();
        assert_eq!(twice, "url and url_file are both given");
        assert!(
            read("url_file = '/nowhere'")
                .unwrap_err()
                .contains("cannot read url_file /nowhere")
        );
    }
}
