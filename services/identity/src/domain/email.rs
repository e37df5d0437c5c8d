//! E-mail addresses as log-in names.

use std::fmt;

/// An address somebody typed, fit to be mailed to. `Debug` and `Display` do not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    written: String,
}

/// Text that is no address we can mail to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct BadAddress;

impl EmailAddress {
    /// Accepts `local@domain` of at most 254 characters (RFC 5321 §4.5.3.1.3, erratum 1690),
    /// without quoted local parts, comments or control characters. The domain is lower-cased; the
    /// local part is kept as typed, since only its host may interpret it (RFC 5321 §2.4).
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(BadAddress)?;
        let fits = text.len() <= 254 && (1..=64).contains(&local.len());
        if !fits || !good_local(local) || !good_domain(domain) {
            return Err(BadAddress);
        }
        Ok(Self { written: format!("{local}@{}", domain.to_lowercase()) })
    }

    /// As it is mailed to.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// As it is looked up: nobody may register an address that differs only in case.
    pub fn lookup(&self) -> String {
        self.written.to_lowercase()
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

fn good_local(local: &str) -> bool {
    let good =
        |c: char| c.is_alphanumeric() || (c.is_ascii_graphic() && !"\"(),:;<>@[\\]".contains(c));
    local.chars().all(good)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn good_domain(domain: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_differ_only_in_case_are_one_log_in_name() {
        let a = EmailAddress::parse(" Erika.Mustermann@Example.ORG ").unwrap();
        assert_eq!(a.as_str(), "Erika.Mustermann@example.org");
        assert_eq!(
            a.lookup(),
            EmailAddress::parse("erika.mustermann@example.org").unwrap().lookup()
        );
    }

    #[test]
    fn addresses_of_people_with_umlauts_are_accepted() {
        assert!(EmailAddress::parse("jörg@müller.example").is_ok());
    }

    #[test]
    fn text_that_could_become_a_mail_header_or_a_second_recipient_is_refused() {
        for text in [
            "",
            "erika",
            "@example.org",
            "erika@",
            "erika@localhost",
            "a@b.org\r\nBcc: c@d.org",
            "a@b.org,c@d.org",
            "a b@example.org",
            "<a@example.org>",
            "\"a\"@example.org",
            "a..b@example.org",
            "a@-b.org",
            "a@[127.0.0.1]",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(BadAddress), "{text:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@example.org", "a".repeat(65))).is_err());
    }

    #[test]
    fn an_address_is_never_printed() {
        let shown = format!("{:?}", EmailAddress::parse("erika@example.org").unwrap());
        assert_eq!(shown, "EmailAddress(…)");
    }
}
