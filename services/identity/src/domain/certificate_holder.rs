//! Who a certificate says its holder is: only what an authority wrote into a field of its own
//! (X.520). A common name may be a pseudonym, an office or a host; nothing is read out of it.

use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;
use siegel_oidc::catalogue;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Fields of a subject, and the attribute that each is.
const FIELDS: [(&str, &str); 2] = [("2.5.4.42", "given_name"), ("2.5.4.4", "family_name")];

/// What is known of the holder, for as long as the certificate is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Names of the catalogue, and values.
    pub attributes: Vec<(String, String)>,
    /// Seconds since 1970.
    pub not_after: i64,
}

impl Holder {
    /// Of what is no certificate, nothing.
    pub fn of(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Self::default() };
        let attribute = |(oid, name): (&str, &str)| {
            let subject = certificate.subject();
            let mut found =
                subject.iter_attributes().filter(|a| a.attr_type().to_id_string() == oid);
            let value = found.next()?.as_str().ok()?;
            // Two of a kind: whose, and in which order, nobody says.
            let row = catalogue::attribute(name).filter(|_| found.next().is_none())?;
            row.check(value).ok()?;
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        Self {
            attributes: FIELDS.into_iter().filter_map(attribute).collect(),
            not_after: certificate.validity().not_after.timestamp(),
        }
    }

    /// Until when the certificate vouches for it.
    pub fn until(&self) -> Timestamp {
        Timestamp::from_seconds(self.not_after)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

    use super::*;

    fn of(fields: &[(&[u64], &str)]) -> Vec<(String, String)> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Erika Mustermann");
        for (oid, value) in fields {
            let kind = DnType::CustomDnType(oid.to_vec());
            params.distinguished_name.push(kind, DnValue::Utf8String((*value).to_owned()));
        }
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Holder::of(made.der()).attributes
    }

    const GIVEN: &[u64] = &[2, 5, 4, 42];
    const FAMILY: &[u64] = &[2, 5, 4, 4];

    fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_come_from_fields_of_their_own_and_never_from_a_common_name() {
        let both = of(&[(GIVEN, "Erika"), (FAMILY, "Mustermann")]);
        assert_eq!(both, named(&[("given_name", "Erika"), ("family_name", "Mustermann")]));
        assert_eq!(of(&[(FAMILY, "Mustermann")]), named(&[("family_name", "Mustermann")]));
        assert_eq!(of(&[]), []);
    }

    #[test]
    fn a_name_that_no_account_could_hold_is_none() {
        let long = "x".repeat(1_000);
        assert_eq!(of(&[(GIVEN, &long), (FAMILY, " Mustermann")]), []);
        assert_eq!(of(&[(FAMILY, "Muster\u{202e}mann")]), []);
        assert_eq!(Holder::of(b"no certificate"), Holder::default());
    }
}
