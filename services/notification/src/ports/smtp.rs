//! Hands mails to a mail server.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;
use siegel_kernel::Timestamp;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::StartError;
use crate::config::{self, Encryption};
use crate::domain::EmailAddress;
use crate::mail::Mail;
use crate::store::orders::OrderId;

/// For one answer of the server.
const ANSWER: Duration = Duration::from_secs(15);
/// For one mail; less than the outbox waits before another worker may try.
const MAIL: Duration = Duration::from_secs(45);

/// To whom, when, and by which name a mail is known.
pub struct Envelope {
    pub id: OrderId,
    pub to: EmailAddress,
    pub at: Timestamp,
}

/// How handing over a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// Refused for good, with this reply code.
    Refused(u16),
    /// Not accepted yet; a stable word why.
    Later(&'static str),
}

/// A pool of connections to one mail server. Cheap to clone.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Arc<Mailbox>,
    /// Right side of message ids.
    host: Arc<str>,
    connections: u32,
}

impl Smtp {
    /// Prepares the pool; connects when the first mail leaves.
    pub fn new(config: &config::Smtp, origin: &str) -> Result<Self, StartError> {
        let from: Address = config.from.parse().map_err(|_| StartError::From)?;
        let from = Arc::new(Mailbox::new(config.from_name.clone(), from));
        let host = url::Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host: Arc<str> = host.unwrap_or_else(|| "localhost".to_owned()).into();
        let builder = match config.encryption {
            Encryption::None => {
                AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            }
            Encryption::Starttls => {
                AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&config.host)?
            }
            Encryption::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&config.host)?,
        };
        let connections = config.connections.clamp(1, 64);
        let mut builder = builder
            .port(config.port)
            .timeout(Some(ANSWER))
            .hello_name(ClientId::Domain(host.to_string()))
            .pool_config(PoolConfig::new().max_size(connections));
        if let Some((user, password)) = config.credentials()? {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: builder.build(), from, host, connections })
    }

    pub fn connections(&self) -> u32 {
        self.connections
    }

    /// Hands over one mail. The same order twice has the same message id.
    pub async fn send(&self, envelope: &Envelope, mail: Mail) -> Outcome {
        let Some(message) = self.message(envelope, mail) else {
            return Outcome::Later("MAIL_CANNOT_BE_WRITTEN");
        };
        // The library logs whole mails at level debug: addresses and codes. Here nobody listens.
        let sending = self.transport.send(message).with_subscriber(NoSubscriber::default());
        match tokio::time::timeout(MAIL, sending).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(error)) => outcome(&error),
            Err(_) => Outcome::Later("TIMEOUT"),
        }
    }

    fn message(&self, envelope: &Envelope, mail: Mail) -> Option<Message> {
        let to = Mailbox::new(None, envelope.to.as_str().parse().ok()?);
        let micros = u64::try_from(envelope.at.as_micros()).ok()?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted"); // RFC 3834 §5
        Message::builder()
            .from((*self.from).clone())
            .to(to)
            .subject(mail.subject)
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", envelope.id, self.host)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, mail.text))
                    .singlepart(part(ContentType::TEXT_HTML, mail.html)),
            )
            .ok()
    }
}

/// Quoted-printable whatever the server can do: what is signed or archived on the way stays as is.
fn part(kind: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(body)
}

fn outcome(error: &Error) -> Outcome {
    let code = error.status().map(u16::from);
    match code {
        // The server wants other credentials (RFC 4954 §6): the operator can mend that.
        Some(530 | 534 | 535 | 538) => {
            tracing::error!(smtp.code = code, "the mail server refuses our credentials");
            Outcome::Later("CREDENTIALS_REFUSED")
        }
        Some(code) if error.is_permanent() => Outcome::Refused(code),
        _ if error.is_transient() => Outcome::Later("SERVER_SAYS_LATER"),
        _ if error.is_tls() => Outcome::Later("TLS_FAILED"),
        _ if error.is_timeout() => Outcome::Later("TIMEOUT"),
        _ => Outcome::Later("SERVER_UNREACHABLE"),
    }
}
