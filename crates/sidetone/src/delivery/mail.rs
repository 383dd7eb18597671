//! Sends mail, by the server that the configuration names.

use std::time::{Duration, SystemTime};

use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sidetone_core::time::TimeUs;

use super::sending::Undelivered;
use crate::alerts::notice::mail::{AUTO_SUBMITTED, Mail};
use crate::config::{self, MailTls};
use crate::mailbox;

/// What stands before the address that mail comes from.
const SENDER: &str = "Sidetone";

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends a message to some people at once. When an address is refused for good, each is tried alone, so
/// that it keeps the others from nothing.
pub(super) async fn send(
    server: &config::Mail,
    to: &[String],
    mail: &Mail,
    now: TimeUs,
    time_out: Duration,
) -> Result<(), Undelivered> {
    let transport = transport(server, time_out)?;
    let all = deliver(&transport, &server.from, to, mail, now).await;
    if to.len() == 1 || !matches!(all, Err(Undelivered::Refused(_))) {
        return all;
    }
    let mut refused = None;
    let mut is_taken = false;
    for address in to {
        let alone = std::slice::from_ref(address);
        match deliver(&transport, &server.from, alone, mail, now).await {
            Ok(()) => is_taken = true,
            Err(Undelivered::Refused(why)) => {
                tracing::warn!(
                    why,
                    "mail to one of several addresses of a receiver was refused"
                );
                refused = Some(Undelivered::Refused(why));
            }
            Err(failure) => return Err(failure),
        }
    }
    match refused {
        Some(refused) if !is_taken => Err(refused),
        _ => Ok(()),
    }
}

fn transport(server: &config::Mail, time_out: Duration) -> Result<Transport, Undelivered> {
    let tls = || TlsParameters::new(server.server.clone()).map_err(unsent);
    let tls = match server.tls {
        MailTls::StartTls => Tls::Required(tls()?),
        MailTls::Tls => Tls::Wrapper(tls()?),
        MailTls::None => Tls::None,
    };
    let own_name = mailbox::domain(&server.from).unwrap_or_default();
    let transport = Transport::builder_dangerous(&server.server)
        .port(server.port.unwrap_or(server.tls.port()))
        .tls(tls)
        .hello_name(ClientId::Domain(own_name.to_owned()))
        .timeout(Some(time_out));
    let credentials = server
        .credentials()
        .map_err(|error| unsent(format!("{error:#}")))?;
    let transport = match credentials {
        Some((user, password)) => transport.credentials(Credentials::new(user, password.0)),
        None => transport,
    };
    Ok(transport.build())
}

async fn deliver(
    transport: &Transport,
    from: &str,
    to: &[String],
    mail: &Mail,
    now: TimeUs,
) -> Result<(), Undelivered> {
    let message = message(from, to, mail, now)?;
    match transport.send(message).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(Undelivered::Refused(error.to_string())),
        Err(error) => Err(unsent(error)),
    }
}

fn message(from: &str, to: &[String], mail: &Mail, now: TimeUs) -> Result<Message, Undelivered> {
    let address = |text: &str| text.parse().map_err(|error: AddressError| unsent(error));
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
    builder.body(mail.text.clone()).map_err(unsent)
}

fn unsent(error: impl std::fmt::Display) -> Undelivered {
    Undelivered::NoMail(error.to_string())
}
