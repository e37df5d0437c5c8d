//! The mail server, spoken to by SMTP (RFC 5321).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use siegel_kernel::Timestamp;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::StartError;
use crate::config::{Encryption, Smtp};
use crate::store::orders::OrderId;
use crate::text::Written;

/// Connections to the mail server at most, and mails that are sent at the same time.
pub const CONNECTIONS: usize = 8;
/// For one command. RFC 5321 §4.5.3.2 asks for minutes; a job of the outbox has one.
const COMMAND: Duration = Duration::from_secs(20);
/// For one mail: less than a job of the outbox is claimed for, so that nobody sends it beside us.
const MAIL: Duration = Duration::from_secs(45);

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// A mail and whom it goes to.
pub struct Letter<'a> {
    /// The same for every attempt: mailboxes can tell a second copy by its `Message-ID`.
    pub id: OrderId,
    pub to: &'a str,
    pub written: Written,
    pub at: Timestamp,
}

/// What the mail server said; with its code (RFC 5321 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted(u16),
    /// For good. Without a code: the address can stand in no mail.
    Refused(Option<u16>),
    /// Not now. Without a code: it was not reached.
    Later(Option<u16>),
}

impl Mailer {
    pub fn new(config: &Smtp, production: bool) -> Result<Self, StartError> {
        let from = config.from.parse().map_err(|_| StartError::From)?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(COMMAND))
            .pool_config(PoolConfig::new().max_size(u32::try_from(CONNECTIONS).unwrap_or(1)));
        let tls = || TlsParameters::new(config.host.clone()).map_err(StartError::Tls);
        builder = match config.encryption {
            Encryption::None if production && !is_loopback(&config.host) => {
                return Err(StartError::Unencrypted);
            }
            Encryption::None => builder.tls(Tls::None),
            Encryption::Starttls => builder.tls(Tls::Required(tls()?)),
            Encryption::Tls => builder.tls(Tls::Wrapper(tls()?)),
        };
        match (&config.username, &config.password_file) {
            (None, None) => {}
            (Some(username), Some(file)) => {
                let password = siegel_config::read_secret(file)?.expose_secret().to_owned();
                builder = builder.credentials(Credentials::new(username.clone(), password));
            }
            _ => return Err(StartError::HalfLogin),
        }
        Ok(Self { transport: builder.build(), from })
    }

    pub async fn send(&self, letter: Letter<'_>) -> Outcome {
        let Some(message) = self.message(letter) else { return Outcome::Refused(None) };
        // Built with its feature `tracing`, lettre logs whole mails and the server's words.
        let sending = self.transport.send(message).with_subscriber(NoSubscriber::new());
        match tokio::time::timeout(MAIL, sending).await {
            Ok(Ok(response)) => Outcome::Accepted(response.code().into()),
            Ok(Err(error)) => judge(&error),
            Err(_) => Outcome::Later(None),
        }
    }

    /// `None` when the address can stand in no mail.
    fn message(&self, letter: Letter<'_>) -> Option<Message> {
        let Letter { id, to, written, at } = letter;
        let to = to.parse::<Address>().ok()?;
        let micros = u64::try_from(at.as_micros()).unwrap_or(0);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(written.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .multipart(MultiPart::alternative_plain_html(written.plain, written.html))
            .ok()?;
        let headers = message.headers_mut();
        // RFC 3834 §5: no out-of-office notes, please.
        insert(headers, HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated");
        insert(headers, HeaderName::new_from_ascii_str("Content-Language"), written.language);
        Some(message)
    }
}

fn insert(headers: &mut Headers, name: HeaderName, value: &str) {
    headers.insert_raw(HeaderValue::new(name, value.to_owned()));
}

/// Whether the mail server runs on this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
}

/// Never looks at the server's words: they may repeat the address.
fn judge(error: &lettre::transport::smtp::Error) -> Outcome {
    let reply = error.status().map(u16::from);
    match reply {
        // RFC 4954 §6: not about this mail but about our log-in; an operator can mend it.
        Some(530 | 534 | 535 | 538) => {
            tracing::error!(reply, "the mail server does not accept our log-in");
            Outcome::Later(reply)
        }
        reply if error.is_permanent() => Outcome::Refused(reply),
        reply => {
            if error.is_tls() {
                tracing::error!("no TLS connection to the mail server");
            }
            Outcome::Later(reply)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(host: &str, encryption: Encryption) -> Smtp {
        Smtp {
            host: host.into(),
            port: 25,
            encryption,
            from: "Servicekonto <noreply@musterstadt.example>".into(),
            username: None,
            password_file: None,
        }
    }

    #[tokio::test]
    async fn production_sends_unencrypted_to_its_own_machine_only() {
        for host in ["localhost", "127.0.0.1", "::1", "[::1]", "127.8.8.8"] {
            assert!(Mailer::new(&smtp(host, Encryption::None), true).is_ok(), "{host}");
        }
        for host in ["mail.example.org", "10.0.0.1", "localhost.example.org", "0.0.0.0"] {
            let refused = Mailer::new(&smtp(host, Encryption::None), true);
            assert!(matches!(refused, Err(StartError::Unencrypted)), "{host}");
            assert!(Mailer::new(&smtp(host, Encryption::None), false).is_ok(), "{host}");
        }
    }

    #[tokio::test]
    async fn tls_is_possible_in_both_forms() {
        for encryption in [Encryption::Starttls, Encryption::Tls] {
            assert!(Mailer::new(&smtp("mail.example.org", encryption), true).is_ok());
        }
    }

    #[tokio::test]
    async fn a_sender_that_would_add_headers_is_refused() {
        for from in ["", "nobody", "a@example.org\r\nBcc: b@example.org", "A <a@b> <c@d>"] {
            let config = Smtp { from: from.into(), ..smtp("localhost", Encryption::None) };
            assert!(matches!(Mailer::new(&config, false), Err(StartError::From)), "{from}");
        }
    }

    #[tokio::test]
    async fn a_user_name_without_a_password_is_refused() {
        let config =
            Smtp { username: Some("mailer".into()), ..smtp("localhost", Encryption::None) };
        assert!(matches!(Mailer::new(&config, false), Err(StartError::HalfLogin)));
    }
}
