use std::collections::BTreeSet;

use siegel_oidc::catalogue;

use super::BadField;

/// Names of catalogue attributes; a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<&'static str>);

impl Names {
    /// Reads names from a request.
    pub fn parse(field: &str, names: &[String]) -> Result<Self, BadField> {
        let known = |(i, name): (usize, &String)| {
            let row = catalogue::attribute(name).map(|row| row.name);
            row.ok_or_else(|| BadField::new(format!("{field}[{i}]"), "is no attribute"))
        };
        names.iter().enumerate().map(known).collect::<Result<_, _>>().map(Self)
    }

    /// Reads what [`Names::to_text`] wrote; names that left the catalogue are left out.
    pub fn from_text(text: &str) -> Self {
        let names = text.split_ascii_whitespace().filter_map(catalogue::attribute);
        Self(names.map(|row| row.name).collect())
    }

    /// Space-separated, sorted.
    pub fn to_text(&self) -> String {
        self.0.iter().copied().collect::<Vec<_>>().join(" ")
    }

    pub fn to_list(&self) -> Vec<String> {
        self.0.iter().map(|name| (*name).to_owned()).collect()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of `others` are among these.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.is_subset(&self.0)
    }

    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(self.0.difference(&others.0).copied().collect())
    }

    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).copied().collect())
    }
}

impl<'a> FromIterator<&'a str> for Names {
    fn from_iter<T: IntoIterator<Item = &'a str>>(names: T) -> Self {
        Self(names.into_iter().filter_map(catalogue::attribute).map(|row| row.name).collect())
    }
}

/// What a client asks a person to release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub client_id: String,
    /// The name that was shown to the person.
    pub client_name: String,
    pub attributes: Names,
    pub purpose: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        list.iter().copied().collect()
    }

    #[test]
    fn a_consent_covers_what_is_in_it_and_nothing_else() {
        let given = names(&["given_name", "family_name"]);
        assert!(given.cover(&names(&["given_name"])));
        assert!(given.cover(&Names::default()));
        assert!(!given.cover(&names(&["given_name", "date_of_birth"])));
    }

    #[test]
    fn names_survive_their_text() {
        let given = names(&["given_name", "family_name"]);
        assert_eq!(given.to_text(), "family_name given_name");
        assert_eq!(Names::from_text(&given.to_text()), given);
    }

    #[test]
    fn an_unknown_name_is_refused_where_it_stands() {
        let asked = ["given_name".to_owned(), "shoe_size".to_owned()];
        assert_eq!(Names::parse("attributes", &asked).unwrap_err().field, "attributes[1]");
    }
}
