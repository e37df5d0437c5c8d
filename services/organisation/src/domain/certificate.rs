//! What a certificate of an organisation says (ETSI EN 319 412-3 §4.2.1), and whether it is the
//! organisation of a record.

use siegel_crypto::{Jwk, p256_jwk, rsa_jwk};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::fields::{Address, Entry, Field, Value};
use super::identifiers::{is_lei, is_vat_id};
use super::organisation::RegisterKind;

const ORGANISATION: &str = "2.5.4.10";
const IDENTIFIER: &str = "2.5.4.97";
const COUNTRY: &str = "2.5.4.6";
const TOWN: &str = "2.5.4.7";
const STREET: &str = "2.5.4.9";
const POSTAL_CODE: &str = "2.5.4.17";

/// A certificate of an organisation, read; its chain is not checked here.
#[derive(Clone, Debug)]
pub struct Certified {
    pub name: String,
    /// Kind and number, `HRB` and `1234`; the court is not named in certificates.
    pub register: Option<(String, String)>,
    pub vat_id: Option<String>,
    pub lei: Option<String>,
    /// Only when street, postal code and town are all there.
    pub address: Option<Address>,
    /// Its public key, for what it signs.
    pub key: Jwk,
}

/// Reads a certificate; `None` for what is none, names no organisation, or has a key of another
/// kind than P-256 and RSA of 2048 bits and more.
pub fn certified(der: &[u8]) -> Option<Certified> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let all = |oid: &str| -> Vec<String> {
        let found = certificate.subject().iter_attributes();
        found
            .filter(|a| a.attr_type().to_id_string() == oid)
            .filter_map(|a| a.as_str().ok().map(str::to_owned))
            .collect()
    };
    let first = |oid: &str| all(oid).into_iter().next().unwrap_or_default();
    let key = match certificate.public_key().parsed().ok()? {
        PublicKey::EC(point) => p256_jwk(point.data()).ok()?,
        PublicKey::RSA(rsa) => rsa_jwk(rsa.modulus, rsa.exponent).ok()?,
        _ => return None,
    };
    let name = all(ORGANISATION).into_iter().next().filter(|name| !name.trim().is_empty())?;
    let mut found = Certified { name, register: None, vat_id: None, lei: None, address: None, key };
    for identifier in all(IDENTIFIER) {
        found.take(&identifier);
    }
    let (street, postal_code, town) = (first(STREET), first(POSTAL_CODE), first(TOWN));
    let country = first(COUNTRY);
    let address = Address { country, street, postal_code, town, ..Address::default() };
    let whole = !address.street.is_empty() && !address.postal_code.is_empty();
    found.address = (whole && address.check().is_ok()).then_some(address);
    Some(found)
}

impl Certified {
    /// Takes an organisation identifier (ETSI EN 319 412-1 §5.1.4): `NTRDE-HRB 1234`,
    /// `VATDE-136695976`, `LEIXG-529900T8BM49AURSDO55`.
    fn take(&mut self, text: &str) {
        let Some((scheme, rest)) = text.split_once('-') else { return };
        match scheme.get(..3) {
            Some("NTR") => self.register = entry(rest),
            Some("VAT") => {
                let whole = format!("{}{rest}", scheme.get(3..).unwrap_or_default());
                self.vat_id = Some(whole).filter(|id| is_vat_id(id));
            }
            Some("LEI") => self.lei = Some(rest.to_owned()).filter(|id| is_lei(id)),
            _ => {}
        }
    }

    /// What it proves of a record with this name and these fields; `None` when it is the
    /// certificate of another organisation, or names it by nothing but its name.
    pub fn proves(
        &self,
        name: &str,
        register: Option<&Entry>,
        vat_id: Option<&str>,
        lei: Option<&str>,
    ) -> Option<Vec<(Field, Value)>> {
        let plain =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if plain(&self.name) != plain(name) {
            return None;
        }
        let mut proven = vec![(Field::Name, Value::Text(name.to_owned()))];
        let identified = proven.len();
        if let Some(entry) = register {
            // A claim of a register entry is not proven by a number of something else.
            let (kind, number) = self.register.as_ref()?;
            if *kind != entry.kind || !number.eq_ignore_ascii_case(&entry.number) {
                return None;
            }
            proven.push((Field::Register, Value::Register(entry.clone())));
        }
        for (field, held, declared) in
            [(Field::VatId, &self.vat_id, vat_id), (Field::Lei, &self.lei, lei)]
        {
            let (Some(held), Some(declared)) = (held, declared) else { continue };
            if held != declared {
                return None;
            }
            proven.push((field, Value::Text(held.clone())));
        }
        if proven.len() == identified {
            return None;
        }
        let address = self.address.clone().map(|a| (Field::Address, Value::Address(a)));
        proven.extend(address);
        Some(proven)
    }
}

/// `HRB 1234` wherever it stands: authorities write the court before it in their own ways.
fn entry(text: &str) -> Option<(String, String)> {
    let text = text.to_ascii_uppercase();
    RegisterKind::ALL.into_iter().find_map(|kind| {
        let (_, rest) = text.split_once(kind.as_str())?;
        let number: String =
            rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
        let fits =
            (1..=11).contains(&number.len()) && number.starts_with(|c: char| c.is_ascii_digit());
        fits.then(|| (kind.as_str().to_owned(), number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn made(name: &str, identifier: &str) -> Certified {
        siegel_crypto::install();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, name);
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), identifier);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        certified(certificate.der()).unwrap()
    }

    fn hrb(number: &str) -> Entry {
        let (kind, court) = ("HRB".to_owned(), "Schwerin".to_owned());
        Entry { kind, court, number: number.into(), place: String::new() }
    }

    #[test]
    fn a_certificate_proves_the_organisation_it_names_by_name_and_number() {
        let shown = made("Muster  GmbH", "NTRDE-HRB 1234");
        let proven = shown.proves("Muster GmbH", Some(&hrb("1234")), None, None).unwrap();
        assert_eq!(proven.len(), 2);
        assert!(shown.proves("Muster AG", Some(&hrb("1234")), None, None).is_none());
        assert!(shown.proves("Muster GmbH", Some(&hrb("1235")), None, None).is_none());
        assert!(shown.proves("Muster GmbH", None, None, None).is_none(), "a name alone");
    }

    #[test]
    fn a_certificate_with_a_wrong_number_beside_a_right_one_proves_nothing() {
        let shown = made("Muster GmbH", "VATDE-136695976");
        assert_eq!(shown.vat_id.as_deref(), Some("DE136695976"));
        assert!(shown.proves("Muster GmbH", None, Some("DE136695976"), None).is_some());
        assert!(shown.proves("Muster GmbH", None, Some("DE115235681"), None).is_none());
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        assert!(certified(b"nothing").is_none());
    }
}
