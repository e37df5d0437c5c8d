//! Numbers that organisations are known by.

/// European unique identifier: country, register, a dot, the number there, and perhaps a check
/// character after an underscore (Implementing Regulation (EU) 2021/1042, annex 9).
pub fn is_euid(text: &str) -> bool {
    let Some((register, number)) = text.split_once('.') else { return false };
    let Some((country, register)) = register.split_at_checked(2) else { return false };
    country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=16).contains(&register.len())
        && register.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && (1..=32).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/ ".contains(&b))
}

/// Legal entity identifier: 18 capital letters and digits and two check digits (ISO 17442, by
/// ISO/IEC 7064 MOD 97-10).
pub fn is_lei(text: &str) -> bool {
    let form = text.len() == 20
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && text.bytes().rev().take(2).all(|b| b.is_ascii_digit());
    form && text.bytes().fold(0_u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b.wrapping_sub(b'A')) + 10) % 97,
    }) == 1
}

/// After the country: `9` a digit, `A` a letter, `*` either, anything else itself.
const VAT_FORMATS: [(&str, &[&str]); 29] = [
    ("AT", &["U99999999"]),
    ("BE", &["0999999999", "1999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CY", &["99999999A"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["*9999999*"]),
    ("FI", &["99999999"]),
    ("FR", &["**999999999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9*99999A", "9999999AA"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999B99"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    (
        "RO",
        &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"],
    ),
    ("SE", &["999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    ("XI", &["999999999", "999999999999"]),
    ("CH", &["E999999999MWST"]),
];

/// VAT identification number (Directive 2006/112/EC, Art. 215): the country's format, in Germany
/// with its check digit.
pub fn is_vat_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_at_checked(2) else { return false };
    let formats = VAT_FORMATS.iter().find(|(name, _)| *name == country);
    let fits = formats.is_some_and(|(_, all)| all.iter().any(|format| is_like(rest, format)));
    fits && (country != "DE" || has_check_digit(rest))
}

/// Wirtschafts-Identifikationsnummer: `DE`, nine digits with a check digit, and five digits that
/// tell the operations of one business apart (AO § 139c).
pub fn is_economic_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("DE") else { return false };
    let Some((number, operation)) = rest.split_once('-') else { return false };
    is_like(number, "999999999") && has_check_digit(number) && is_like(operation, "99999")
}

fn is_like(text: &str, format: &str) -> bool {
    let fits = |b: u8, f: u8| match f {
        b'9' => b.is_ascii_digit(),
        b'A' => b.is_ascii_uppercase(),
        b'*' => b.is_ascii_digit() || b.is_ascii_uppercase(),
        other => b == other,
    };
    // A leading 0, 1 or a capital of the format stands for itself.
    text.len() == format.len() && text.bytes().zip(format.bytes()).all(|(b, f)| fits(b, f))
}

/// The last digit is the check digit of those before (ISO/IEC 7064 MOD 11,10).
fn has_check_digit(digits: &str) -> bool {
    let Some((number, check)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
        return false;
    };
    let product = number.bytes().fold(10_u32, |product, b| {
        let sum = (u32::from(b.wrapping_sub(b'0')) + product) % 10;
        (2 * if sum == 0 { 10 } else { sum }) % 11
    });
    let expected = (11 - product) % 10;
    check.parse() == Ok(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_lei_with_one_wrong_character_is_refused() {
        let good = "529900T8BM49AURSDO55";
        assert!(is_lei(good));
        for at in 0..good.len() {
            let other = if good.as_bytes()[at] == b'7' { '8' } else { '7' };
            let mut bent = good.to_owned();
            bent.replace_range(at..=at, &other.to_string());
            assert!(!is_lei(&bent), "{bent}");
        }
        assert!(!is_lei("") && !is_lei("529900t8bm49aursdo55") && !is_lei(&good[1..]));
    }

    #[test]
    fn a_vat_id_has_the_format_of_its_country_and_in_germany_its_check_digit() {
        for good in
            ["DE136695976", "ATU12345678", "NL123456789B01", "FRAB123456789", "BE0123456789"]
        {
            assert!(is_vat_id(good), "{good}");
        }
        for bad in ["DE136695975", "DE13669597", "ATX12345678", "ZZ123456789", "DE", "", "dé"] {
            assert!(!is_vat_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_wirtschafts_id_is_a_number_with_its_check_digit_and_an_operation() {
        assert!(is_economic_id("DE136695976-00001"));
        for bad in ["DE136695976", "DE136695975-00001", "136695976-00001", "DE136695976-1"] {
            assert!(!is_economic_id(bad), "{bad}");
        }
    }

    #[test]
    fn an_euid_names_country_register_and_number() {
        assert!(is_euid("DEK1101R.HRB116737") && is_euid("ATBRA.123456-000"));
        for bad in ["DEK1101R", "deK1101R.1", "DE.1", "DEK1101R.", "D", "ü.1"] {
            assert!(!is_euid(bad), "{bad}");
        }
    }
}
