//! Parameters of a request to an OAuth endpoint, from a query or a form.

use url::form_urlencoded;

use super::oauth::Refused;

/// Parameters in the order sent. Those without a value count as left out (RFC 6749 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Self::of(pairs)
    }

    /// Takes parameters that came in another form.
    pub fn of(mut pairs: Vec<(String, String)>) -> Result<Self, Refused> {
        pairs.retain(|(_, value)| !value.is_empty());
        let unreadable = pairs.iter().any(|(name, value)| {
            // What was no UTF-8 became U+FFFD: it could not be echoed byte for byte.
            [name, value].iter().any(|t| t.contains(['\0', '\u{fffd}']))
        });
        if unreadable {
            return Err(Refused::invalid_request("a parameter holds bytes that are no text"));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that stands once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of `resource`, the one parameter that may repeat (RFC 8707 §2).
    pub fn resources(&self) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == "resource").map(|(_, v)| v.clone()).collect()
    }

    /// A parameter that stands twice and may not (RFC 6749 §3.1).
    pub fn repeated(&self) -> Option<&str> {
        self.0.iter().enumerate().find_map(|(i, (name, _))| {
            let again = self.0.iter().skip(i + 1).any(|(other, _)| other == name);
            (again && name != "resource").then_some(name.as_str())
        })
    }

    /// Refuses repeated parameters.
    pub fn once(self) -> Result<Self, Refused> {
        match self.repeated() {
            Some(_) => Err(Refused::invalid_request("a parameter is sent twice")),
            None => Ok(self),
        }
    }

    /// Words of a space-separated list, each once.
    pub fn words(&self, name: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for word in self.get(name).unwrap_or_default().split_ascii_whitespace() {
            if !found.iter().any(|f| f == word) {
                found.push(word.to_owned());
            }
        }
        found
    }

    /// Replaces a parameter, or leaves it as it is when there is no value.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.retain(|(n, _)| n != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Leaves out what proves the client: it has no business in storage.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.0.retain(|(name, _)| {
            !matches!(name.as_str(), "client_assertion" | "client_assertion_type" | "client_secret")
        });
        self
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Params {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resource_may_stand_twice() {
        let twice = Params::parse("resource=a&resource=b&state=1").unwrap();
        assert_eq!(twice.repeated(), None);
        assert_eq!(twice.resources(), ["a", "b"]);
        assert_eq!(Params::parse("x=1&state=1&x=2").unwrap().repeated(), Some("x"));
    }

    #[test]
    fn a_parameter_without_value_counts_as_left_out() {
        assert_eq!(Params::parse("state=&nonce=n").unwrap().get("state"), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(Params::parse("state=%00").is_err());
        assert!(Params::parse("state=%ff").is_err());
        assert_eq!(Params::parse("state=%C3%A4+b").unwrap().get("state"), Some("ä b"));
    }
}
