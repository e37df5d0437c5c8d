//! Whose a card is: one card belongs to one account, one account to one person.

use siegel_kernel::AccountId;

/// What a card means for the person in front of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is bound already: its account logs in, or goes on.
    Known(AccountId),
    /// It is new: bind it to this account.
    Bind(AccountId),
    Refused(Refusal),
}

/// Why a card cannot be used here. None of them says anything about the other account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is bound to another account than the one logged in.
    OfAnotherAccount,
    /// The account was raised with the card of somebody else.
    OfAnotherPerson,
    /// Nobody is logged in, and no account has this card.
    NotBound,
    /// The account has credentials above what this session proved: who only knows its password
    /// must not bind a card of his own.
    NotProven,
}

/// Rules on a card. `owner` is the account that has it; `same_person` tells for each card of the
/// account logged in whether it names the same holder.
pub fn rule(
    logged_in: Option<AccountId>,
    owner: Option<AccountId>,
    same_person: &[bool],
) -> Ruling {
    match (logged_in, owner) {
        (None, Some(owner)) => Ruling::Known(owner),
        (None, None) => Ruling::Refused(Refusal::NotBound),
        (Some(own), Some(owner)) if own == owner => Ruling::Known(owner),
        (Some(_), Some(_)) => Ruling::Refused(Refusal::OfAnotherAccount),
        (Some(_), None) if same_person.contains(&false) => {
            Ruling::Refused(Refusal::OfAnotherPerson)
        }
        (Some(own), None) => Ruling::Bind(own),
    }
}

/// What a wedding does not change.
pub const BIRTH: [&str; 3] = ["given_name", "date_of_birth", "place_of_birth"];

/// Whether a card with another family name is of the person whose card was read before: given names
/// and day of birth are the same, and so is the place where both name one. That lets a card be
/// shown for comparison; it proves nothing about who shows it.
pub fn same_birth<'a>(known: &[(&str, &str)], card: impl Fn(&str) -> &'a str) -> bool {
    let known = |name: &str| known.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| *value);
    BIRTH.iter().all(|name| {
        let (before, now) = (known(name), card(name));
        let may_lack = *name == "place_of_birth" && (before.is_empty() || now.is_empty());
        may_lack || (!now.is_empty() && before.to_lowercase() == now.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u128) -> AccountId {
        format!("acc_{n:032x}").parse().unwrap()
    }

    #[test]
    fn a_bound_card_logs_its_own_account_in() {
        assert_eq!(rule(None, Some(account(1)), &[]), Ruling::Known(account(1)));
        assert_eq!(rule(Some(account(1)), Some(account(1)), &[]), Ruling::Known(account(1)));
    }

    #[test]
    fn a_card_of_another_account_is_refused() {
        let ruling = rule(Some(account(1)), Some(account(2)), &[]);
        assert_eq!(ruling, Ruling::Refused(Refusal::OfAnotherAccount));
    }

    #[test]
    fn an_unknown_card_alone_is_nobody() {
        assert_eq!(rule(None, None, &[]), Ruling::Refused(Refusal::NotBound));
    }

    #[test]
    fn a_first_or_further_card_of_the_same_person_is_bound() {
        assert_eq!(rule(Some(account(1)), None, &[]), Ruling::Bind(account(1)));
        assert_eq!(rule(Some(account(1)), None, &[true]), Ruling::Bind(account(1)));
    }

    #[test]
    fn the_same_birth_is_same_given_names_day_and_place() {
        let known = [
            ("given_name", "ERIKA"),
            ("date_of_birth", "1964-08-12"),
            ("place_of_birth", "Berlin"),
        ];
        let card = |given: &'static str, day: &'static str, place: &'static str| {
            move |name: &str| match name {
                "given_name" => given,
                "date_of_birth" => day,
                _ => place,
            }
        };
        assert!(same_birth(&known, card("Erika", "1964-08-12", "Berlin")));
        assert!(same_birth(&known, card("Erika", "1964-08-12", "")));
        assert!(!same_birth(&known, card("Erika", "1964-08-12", "Bonn")));
        assert!(!same_birth(&known, card("Erika", "1964-08-13", "Berlin")));
        assert!(!same_birth(&known, card("Max", "1964-08-12", "Berlin")));
        assert!(!same_birth(&[], card("", "", "")), "nothing known is nothing the same");
    }

    #[test]
    fn a_card_of_another_person_is_never_added() {
        let ruling = rule(Some(account(1)), None, &[true, false]);
        assert_eq!(ruling, Ruling::Refused(Refusal::OfAnotherPerson));
    }
}
