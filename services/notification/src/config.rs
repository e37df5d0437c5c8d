use std::path::PathBuf;

use serde::Deserialize;

/// The table `[notification]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the secret that addresses and waiting mails are sealed under: 32 random bytes or
    /// their text. Made at first start in the sandbox, never in production.
    pub key_encryption_key_file: PathBuf,
    pub smtp: Smtp,
}

/// The table `[notification.smtp]`: the mail server that takes our mails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Host name or address; with TLS, the name in its certificate.
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// Sender of all mails: `Servicekonto <noreply@musterstadt.example>`.
    pub from: String,
    /// Log-in name, if the server wants one.
    #[serde(default)]
    pub username: Option<String>,
    /// File with the password of `username`.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Not at all: in production, only to this machine itself.
    None,
    /// RFC 3207; a server that does not offer it gets no mail.
    Starttls,
    /// TLS from the first byte (RFC 8314 §3.3).
    Tls,
}
