use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use siegel_config::read_secret;

use crate::StartError;

/// The table `[notification]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the secret over addresses and queued mails: 32 random bytes or their text. Made at
    /// first start in the sandbox, never in production.
    pub key_encryption_key_file: PathBuf,
    pub smtp: Smtp,
}

/// The table `[notification.smtp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Name or address of the mail server.
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// Address that mails come from.
    pub from: String,
    /// Name shown beside it.
    #[serde(default)]
    pub from_name: Option<String>,
    /// With `password_file`: how to log in at the mail server.
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Connections at a time, 1 to 64.
    #[serde(default = "eight")]
    pub connections: u32,
}

const fn eight() -> u32 {
    8
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Not at all; in production only towards this machine.
    None,
    /// Begins in the clear and must switch (RFC 3207), usually port 587.
    Starttls,
    /// From the first byte (RFC 8314 §3.3), usually port 465.
    Tls,
}

impl Smtp {
    /// In production mails leave the machine encrypted only.
    pub(crate) fn check(&self, is_production: bool) -> Result<(), StartError> {
        if is_production && self.encryption == Encryption::None && !is_loopback(&self.host) {
            return Err(StartError::Unencrypted);
        }
        Ok(())
    }

    pub(crate) fn credentials(&self) -> Result<Option<(String, SecretString)>, StartError> {
        match (&self.username, &self.password_file) {
            (None, None) => Ok(None),
            (Some(user), Some(file)) => Ok(Some((user.clone(), read_secret(file)?))),
            _ => Err(StartError::HalfCredentials),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(host: &str, encryption: Encryption) -> Smtp {
        Smtp {
            host: host.into(),
            port: 25,
            encryption,
            from: "postfach@example.org".into(),
            from_name: None,
            username: None,
            password_file: None,
            connections: 8,
        }
    }

    #[test]
    fn production_refuses_to_send_in_the_clear_to_another_machine() {
        assert!(smtp("relay.example.org", Encryption::None).check(true).is_err());
        assert!(smtp("127.0.0.1.example.org", Encryption::None).check(true).is_err());
        assert!(smtp("relay.example.org", Encryption::Starttls).check(true).is_ok());
        for own in ["localhost", "127.0.0.1", "::1"] {
            assert!(smtp(own, Encryption::None).check(true).is_ok());
        }
        assert!(smtp("relay.example.org", Encryption::None).check(false).is_ok());
    }

    #[test]
    fn a_user_without_password_is_refused() {
        let mut half = smtp("localhost", Encryption::None);
        half.username = Some("siegel".into());
        assert!(matches!(half.credentials(), Err(StartError::HalfCredentials)));
    }
}
