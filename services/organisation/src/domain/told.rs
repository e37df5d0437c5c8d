//! What a provider of organisation accounts says, and whether it speaks of the organisation of a
//! record.

use super::fields::{Address, Entry, Field, Value};
use super::organisation::{BadField, bad};

/// What a provider may vouch for.
const VOUCHED: [Field; 7] = [
    Field::Name,
    Field::LegalForm,
    Field::Register,
    Field::Address,
    Field::Activity,
    Field::IdentityType,
    Field::DataSetType,
];

/// What was said, every value as its field takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    values: Vec<(Field, Value)>,
    /// A register entry was said, and it is none that can be compared.
    entry_unread: bool,
}

impl Told {
    /// Takes what was said. A value that its field cannot have is left out: providers write in
    /// their own ways, and what is left out proves nothing.
    /// # Errors
    /// A field that a provider does not vouch for, or one that comes twice.
    pub fn new(said: Vec<(Field, Value)>) -> Result<Self, BadField> {
        for (i, (field, _)) in said.iter().enumerate() {
            if !VOUCHED.contains(field) {
                return Err(bad("fields.name", "is nothing that a provider vouches for"));
            }
            if said.iter().skip(i + 1).any(|(other, _)| other == field) {
                return Err(bad("fields.name", "comes twice"));
            }
        }
        let is_entry = |field: Field| field == Field::Register;
        let registered = said.iter().any(|(field, _)| is_entry(*field));
        let take = |(field, value): (Field, Value)| Some((field, value.check(field).ok()?));
        let values: Vec<_> = said.into_iter().filter_map(take).collect();
        let entry_unread = registered && !values.iter().any(|(field, _)| is_entry(*field));
        Ok(Self { values, entry_unread })
    }

    /// What this proves of a record, when it speaks of the same organisation: with the same
    /// register entry; where neither has one, with the same name and address. A name alone proves
    /// nothing. An entry on one side only is another organisation: what is registered is claimed
    /// by its entry, which one claim holds.
    pub fn proves(
        &self,
        claimed: Option<&Entry>,
        name: Option<&str>,
        address: Option<&Address>,
    ) -> Option<Vec<(Field, Value)>> {
        let same = match (claimed, self.entry()) {
            (Some(claimed), Some(told)) => claimed.key() == told.key(),
            (None, None) if !self.entry_unread => self.is_called(name?) && self.is_at(address?),
            _ => false,
        };
        // The entry as it was claimed: it is the one that others wait for.
        let proven = |(field, value): &(Field, Value)| match (value, claimed) {
            (Value::Register(_), Some(claimed)) => (*field, Value::Register(claimed.clone())),
            _ => (*field, value.clone()),
        };
        same.then(|| self.values.iter().map(proven).collect())
    }

    fn entry(&self) -> Option<&Entry> {
        self.values.iter().find_map(|(_, value)| match value {
            Value::Register(entry) => Some(entry),
            _ => None,
        })
    }

    fn is_called(&self, name: &str) -> bool {
        let called = |(field, value): &(Field, Value)| match value {
            Value::Text(told) if *field == Field::Name => plain(told) == plain(name),
            _ => false,
        };
        self.values.iter().any(called)
    }

    fn is_at(&self, address: &Address) -> bool {
        self.values.iter().any(|(_, value)| match value {
            Value::Address(told) => place(told) == place(address),
            _ => false,
        })
    }
}

/// Case and runs of spaces do not count.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What must be equal of an address; district and addition are written or left out at will.
fn place(address: &Address) -> [String; 5] {
    // `1 a`, `1a`
    let number = plain(&address.house_number).replace(' ', "");
    let Address { country, street, postal_code, town, .. } = address;
    [plain(country), plain(street), number, plain(postal_code), plain(town)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(court: &str, number: &str) -> Entry {
        let (kind, place) = ("HRB".to_owned(), String::new());
        Entry { kind, court: court.into(), number: number.into(), place }
    }

    fn address(street: &str, house_number: &str) -> Address {
        Address {
            country: "DE".into(),
            street: street.into(),
            house_number: house_number.into(),
            postal_code: "19053".into(),
            town: "Schwerin".into(),
            ..Address::default()
        }
    }

    fn named(name: &str) -> (Field, Value) {
        (Field::Name, Value::Text(name.into()))
    }

    fn told(more: impl IntoIterator<Item = (Field, Value)>) -> Told {
        Told::new(std::iter::once(named("Muster GmbH")).chain(more).collect()).unwrap()
    }

    #[test]
    fn the_register_entry_decides_and_is_kept_as_it_was_claimed() {
        let said = told([(Field::Register, Value::Register(entry("Schwerin", "12b")))]);
        let claimed = entry("Amtsgericht Schwerin", "12B");
        let proven = said.proves(Some(&claimed), Some("Ganz anders"), None).unwrap();
        assert!(proven.contains(&(Field::Register, Value::Register(claimed))));
        assert!(proven.contains(&named("Muster GmbH")), "the name is the provider's");
        for other in [entry("Rostock", "12B"), entry("Schwerin", "12")] {
            assert!(said.proves(Some(&other), Some("Muster GmbH"), None).is_none(), "{other:?}");
        }
    }

    #[test]
    fn without_an_entry_name_and_address_decide_and_a_name_alone_proves_nothing() {
        let here = address("Schlossstraße", "1 a");
        let said = told([(Field::Address, Value::Address(address("schlossstraße", "1A")))]);
        assert!(said.proves(None, Some("MUSTER  GmbH"), Some(&here)).is_some());
        assert!(said.proves(None, Some("Muster AG"), Some(&here)).is_none());
        assert!(
            said.proves(None, Some("Muster GmbH"), Some(&address("Am Markt", "1 a"))).is_none()
        );
        assert!(said.proves(None, Some("Muster GmbH"), None).is_none());
        assert!(told([]).proves(None, Some("Muster GmbH"), Some(&here)).is_none());
    }

    #[test]
    fn an_entry_on_one_side_only_is_another_organisation() {
        let here = address("Schlossstraße", "1");
        let at = (Field::Address, Value::Address(here.clone()));
        let in_register = (Field::Register, Value::Register(entry("Schwerin", "12")));
        let registered = told([at.clone(), in_register]);
        assert!(registered.proves(None, Some("Muster GmbH"), Some(&here)).is_none());
        let unheard_of = Entry { kind: "XYZ".into(), ..entry("Schwerin", "12") };
        let unread = told([at.clone(), (Field::Register, Value::Register(unheard_of))]);
        assert!(unread.proves(None, Some("Muster GmbH"), Some(&here)).is_none());
        let claimed = entry("Schwerin", "12");
        assert!(told([at]).proves(Some(&claimed), Some("Muster GmbH"), Some(&here)).is_none());
    }

    #[test]
    fn a_value_that_its_field_cannot_have_is_left_out_and_a_field_comes_once() {
        let broken = Value::Address(Address::default());
        assert_eq!(told([(Field::Address, broken)]), told([]));
        assert!(Told::new(vec![named("a"), named("b")]).is_err());
        let lei = Value::Text("529900T8BM49AURSDO55".into());
        assert!(Told::new(vec![(Field::Lei, lei)]).is_err());
    }
}
