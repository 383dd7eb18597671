//! Sends mail, by the server that the configuration names.

use std::time::{Duration, SystemTime};

use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{self, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use sidetone_core::time::TimeUs;

use super::addressees::Posted;
use super::sending::Undelivered;
use crate::alerts::notice::mail::{AUTO_SUBMITTED, Mail};
use crate::config::{self, MailTls};
use crate::mailbox;

/// What stands before the address that mail comes from.
const SENDER: &str = "Sidetone";
/// How long is waited for a server's farewell.
const FAREWELL: Duration = Duration::from_secs(1);
/// The most characters of an answer that are told.
const ANSWER_MAX_CHARS: usize = 200;
/// A server wants a login first (RFC 4954 §6): the operator's to mend, whatever it is said of.
const LOGIN_REQUIRED: &str = "530";

/// Sends a message to some people at once, each of whom the server takes, refuses or puts off.
///
/// # Errors
/// When it was sent to nobody for a reason that the operator or the server can mend: what is wrong with the
/// connection, the login or the sender.
pub(super) async fn send(
    server: &config::Mail,
    to: &[String],
    mail: &Mail,
    now: TimeUs,
    time_out: Duration,
) -> Result<Posted, Undelivered> {
    let mut connection = connection(server, time_out).await?;
    let posted = post(&mut connection, &server.from, to, mail, now).await;
    // What is taken is taken, whatever it says now.
    tokio::spawn(async move { tokio::time::timeout(FAREWELL, connection.quit()).await });
    posted
}

async fn connection(
    server: &config::Mail,
    time_out: Duration,
) -> Result<AsyncSmtpConnection, Undelivered> {
    let tls = || TlsParameters::new(server.server.clone()).map_err(|error| unsent("", error));
    let wrapper = match server.tls {
        MailTls::Tls => Some(tls()?),
        MailTls::StartTls | MailTls::None => None,
    };
    let own_name = mailbox::domain(&server.from).unwrap_or_default();
    let own_name = ClientId::Domain(own_name.to_owned());
    let port = server.port.unwrap_or(server.tls.port());
    let at = (server.server.as_str(), port);
    let connection =
        AsyncSmtpConnection::connect_tokio1(at, Some(time_out), &own_name, wrapper, None);
    let mut connection = connection.await.map_err(|error| unsent("", error))?;
    if server.tls == MailTls::StartTls {
        let encrypted = connection.starttls(tls()?, &own_name).await;
        encrypted.map_err(|error| unsent("", error))?;
    }
    let credentials = server
        .credentials()
        .map_err(|error| unsent("", format!("{error:#}")))?;
    if let Some((user, password)) = credentials {
        let credentials = Credentials::new(user, password.0);
        let logged_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        logged_in.map_err(|error| unsent("the login was refused: ", error))?;
    }
    Ok(connection)
}

async fn post(
    connection: &mut AsyncSmtpConnection,
    from: &str,
    to: &[String],
    mail: &Mail,
    now: TimeUs,
) -> Result<Posted, Undelivered> {
    let address = |text: &str| {
        text.parse()
            .map_err(|error: AddressError| unsent("", error))
    };
    let sender = commands::Mail::new(Some(address(from)?), Vec::new());
    let taken = connection.command(sender).await;
    taken.map_err(|error| unsent("the sender was refused: ", error))?;
    let mut posted = Posted::default();
    let mut taken = Vec::new();
    for one in to {
        let recipient = Rcpt::new(address(one)?, Vec::new());
        match connection.command(recipient).await {
            Ok(_) => taken.push(one.clone()),
            Err(error) if is_final(&error) => {
                let why = fit(&error.to_string());
                if to.len() > 1 {
                    tracing::warn!(
                        why,
                        "mail to one of several addresses of a receiver was refused"
                    );
                }
                posted.refused = Some(why);
            }
            Err(error) if error.status().is_some() => {
                posted.later.push(one.clone());
                posted.why = Some(fit(&error.to_string()));
            }
            // It hung up.
            Err(error) => return Err(unsent("", error)),
        }
    }
    if taken.is_empty() {
        return Ok(posted);
    }
    let message = message(from, &taken, mail, now)?.formatted();
    let sent = match connection.command(commands::Data).await {
        Ok(_) => connection.message(&message).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => posted.is_taken = true,
        Err(error) if is_final(&error) => posted.refused = Some(fit(&error.to_string())),
        Err(error) => {
            posted.later.extend(taken);
            posted.why = Some(fit(&error.to_string()));
        }
    }
    Ok(posted)
}

/// Whether what was refused will be refused again.
fn is_final(error: &Error) -> bool {
    let code = error.status().map(|code| code.to_string());
    error.is_permanent() && code.as_deref() != Some(LOGIN_REQUIRED)
}

fn message(from: &str, to: &[String], mail: &Mail, now: TimeUs) -> Result<Message, Undelivered> {
    let address = |text: &str| {
        text.parse()
            .map_err(|error: AddressError| unsent("", error))
    };
    let since_1970 = u64::try_from(now.micros()).unwrap_or_default();
    let (name, value) = AUTO_SUBMITTED;
    let auto_submitted = HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(SENDER.to_owned()), address(from)?))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(since_1970))
        .subject(&mail.subject)
        .message_id(Some(mail.message_id.clone()))
        .header(ContentType::TEXT_PLAIN)
        .raw_header(auto_submitted);
    for one in to {
        builder = builder.to(Mailbox::new(None, address(one)?));
    }
    if let Some(references) = &mail.references {
        builder = builder
            .in_reply_to(references.clone())
            .references(references.clone());
    }
    let message = builder.body(mail.text.clone());
    message.map_err(|error| unsent("", error))
}

fn unsent(what: &str, error: impl std::fmt::Display) -> Undelivered {
    Undelivered::NoMail(format!("{what}{}", fit(&error.to_string())))
}

/// What a server said, as it may be logged and listed: on one line, not long, and without addresses.
fn fit(answer: &str) -> String {
    let words = answer.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let words = words.filter(|word| !word.is_empty());
    let words = words.map(|word| if word.contains('@') { "…" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(ANSWER_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_told_without_addresses_and_not_whole() {
        let said =
            "permanent error (550): 5.1.1 <noc@example.com>: Recipient\r\naddress\u{7} rejected";
        let told = "permanent error (550): 5.1.1 … Recipient address rejected";
        assert_eq!(fit(said), told);
        let long = fit(&"spam ".repeat(1_000));
        assert_eq!(long.chars().count(), ANSWER_MAX_CHARS + 1);
        assert_eq!(fit(&"é".repeat(201)).chars().count(), ANSWER_MAX_CHARS + 1);
    }
}
