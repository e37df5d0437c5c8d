//! The answer to an authorization request, on its way back to the client.

use url::form_urlencoded;

use super::interaction::{AuthRequest, ResponseMode};
use super::oauth::Refused;
use super::request::ReplyTo;

/// Where the browser goes next, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectTarget {
    /// A redirect (303, so that no credential is posted again: RFC 9700 §4.12).
    Redirect(String),
    /// A form that the browser posts.
    FormPost(FormPost),
}

/// OAuth 2.0 Form Post Response Mode §2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormPost {
    /// The registered redirect URI.
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl ReplyTo {
    pub fn of(request: &AuthRequest) -> Self {
        Self {
            redirect_uri: request.redirect_uri.clone(),
            response_mode: request.response_mode,
            state: request.state.clone(),
        }
    }

    /// The answer with a code.
    pub fn code(&self, issuer: &str, code: &str) -> RedirectTarget {
        self.answer(issuer, &[("code", code)])
    }

    /// The answer with an error.
    pub fn refusal(&self, issuer: &str, refused: Refused) -> RedirectTarget {
        let error = refused.error.as_str();
        self.answer(issuer, &[("error", error), ("error_description", refused.description)])
    }

    /// `state` as it came, and `iss` in every answer, errors too (RFC 9207 §2).
    fn answer(&self, issuer: &str, what: &[(&str, &str)]) -> RedirectTarget {
        let mut fields: Vec<(String, String)> =
            what.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        fields.extend(self.state.clone().map(|state| ("state".to_owned(), state)));
        fields.push(("iss".to_owned(), issuer.to_owned()));
        match self.response_mode {
            ResponseMode::FormPost => {
                RedirectTarget::FormPost(FormPost { action: self.redirect_uri.clone(), fields })
            }
            ResponseMode::Query => {
                let query: String =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
                RedirectTarget::Redirect(with_query(&self.redirect_uri, &query))
            }
        }
    }
}

/// Appends a query to an address as it was registered, without bringing it into a normal form.
pub fn with_query(address: &str, query: &str) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oauth::OAuthError;

    fn reply(uri: &str) -> ReplyTo {
        ReplyTo {
            redirect_uri: uri.to_owned(),
            response_mode: ResponseMode::Query,
            state: Some("a b&c=ä/%".to_owned()),
        }
    }

    #[test]
    fn state_comes_back_as_it_went_and_iss_with_it() {
        let refused = Refused::new(OAuthError::AccessDenied, "no");
        for target in [
            reply("https://p.example/cb").code("https://op.example", "c"),
            reply("https://p.example/cb").refusal("https://op.example", refused),
        ] {
            let RedirectTarget::Redirect(url) = target else { panic!("a redirect") };
            let url = url::Url::parse(&url).unwrap();
            let of = |name: &str| {
                url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
            };
            assert_eq!(of("state").as_deref(), Some("a b&c=ä/%"));
            assert_eq!(of("iss").as_deref(), Some("https://op.example"));
        }
    }

    #[test]
    fn a_query_of_the_redirect_uri_stays() {
        let target = reply("https://p.example/cb?x=1").code("https://op.example", "c");
        let RedirectTarget::Redirect(url) = target else { panic!("a redirect") };
        assert!(url.starts_with("https://p.example/cb?x=1&code=c&state="), "{url}");
    }
}
