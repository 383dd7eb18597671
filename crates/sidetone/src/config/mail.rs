//! The server that sends our mail, as the table `[mail]` of the file.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use sidetone_core::closed_set;

use super::values::Secret;
use crate::mailbox;

closed_set!(
    /// How a connection to a mail server is encrypted.
    MailTls {
        /// After a beginning in clear text, or not at all sent (RFC 3207).
        StartTls = "starttls",
        /// From its beginning (RFC 8314).
        Tls = "tls",
        /// It is not.
        None = "none",
    }
);

impl MailTls {
    /// The port where servers take it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// The table, as it is given and checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Its name or address.
    pub server: String,
    /// `None`: the usual one of [`Self::tls`].
    #[serde(default)]
    pub port: Option<u16>,
    /// How it is reached.
    #[serde(default = "usual_tls")]
    pub tls: MailTls,
    /// Who sends, where it wants to know.
    #[serde(default)]
    pub user: Option<String>,
    /// The file that has the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The address that mail comes from.
    pub from: String,
}

fn usual_tls() -> MailTls {
    MailTls::StartTls
}

impl Mail {
    /// Refuses what could not work.
    pub(super) fn checked(self) -> anyhow::Result<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
        ensure!(
            !self.server.is_empty() && self.server.bytes().all(is_letter),
            "mail.server '{}' is no name or address of a server such as smtp.example.com",
            self.server
        );
        ensure!(self.port != Some(0), "mail.port is 0");
        ensure!(
            mailbox::domain(&self.from).is_some(),
            "mail.from '{}' is no address such as sidetone@example.com",
            self.from
        );
        match (&self.user, &self.password_file) {
            (Some(_), None) | (None, Some(_)) => {
                bail!("mail.user and mail.password_file belong together: give both or neither")
            }
            (Some(_), Some(_)) if self.tls == MailTls::None => {
                bail!("mail.tls is 'none': the password would go in clear text")
            }
            (Some(_), Some(_)) | (None, None) => Ok(self),
        }
    }

    /// The user with the password, which the file has now. `None`: it sends for anybody.
    ///
    /// # Errors
    /// When the file cannot be read, or there is nothing in it.
    pub fn credentials(&self) -> anyhow::Result<Option<(String, Secret)>> {
        let (Some(user), Some(file)) = (&self.user, &self.password_file) else {
            return Ok(None);
        };
        let password = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read mail.password_file {}", file.display()))?;
        let password = password.trim_end_matches(['\r', '\n']);
        ensure!(
            !password.is_empty(),
            "mail.password_file {} is empty",
            file.display()
        );
        Ok(Some((user.clone(), Secret(password.to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::parse_file;
    use super::*;

    const GOOD: &str = "server = 'smtp.example.com'\nfrom = 'sidetone@example.com'\n";

    fn read(table: &str) -> anyhow::Result<Mail> {
        let file = parse_file(&format!("[mail]\n{table}"))?;
        Ok(file.into_config()?.mail.unwrap())
    }

    #[test]
    fn a_server_and_a_sender_are_enough() {
        let mail = read(GOOD).unwrap();
        assert_eq!(mail.tls, MailTls::StartTls);
        assert_eq!(mail.credentials().unwrap(), None);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (more, expected) in [
            ("tls = 'ssl'", "mail.tls"),
            ("port = 0", "mail.port is 0"),
            ("port = 70000", "mail.port"),
            ("user = 'me'", "belong together"),
            ("password_file = '/x'", "belong together"),
            ("password = 's3cret'", "unknown field"),
            (
                "user = 'me'\npassword_file = '/x'\ntls = 'none'",
                "in clear text",
            ),
        ] {
            let error = format!("{:#}", read(&format!("{GOOD}{more}")).unwrap_err());
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        for (from, to, expected) in [
            ("smtp.example.com", "", "mail.server ''"),
            ("smtp.example.com", "a b", "mail.server 'a b'"),
            ("sidetone@example.com", "sidetone", "mail.from 'sidetone'"),
        ] {
            let error = read(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_password_is_in_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        let table = format!("{GOOD}user = 'me'\npassword_file = '{}'", file.display());
        let mail = read(&table).unwrap();
        assert!(mail.credentials().is_err());
        std::fs::write(&file, " of two words\n").unwrap();
        let (user, password) = mail.credentials().unwrap().unwrap();
        assert_eq!((&*user, &*password.0), ("me", " of two words"));
        std::fs::write(&file, "\n").unwrap();
        assert!(mail.credentials().is_err());
    }
}
