//! Addresses of a registration, compared as text.

use url::Url;

/// Parameters of an answer: a redirect URI that brings its own would carry them twice.
const ANSWER: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

pub(super) fn is_redirect_uri(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let clean = !text.contains(['#', '*', '\\', ' '])
        && url.username().is_empty()
        && url.password().is_none()
        && text.bytes().all(|b| b.is_ascii_graphic())
        && !url.query_pairs().any(|(name, _)| ANSWER.contains(&&*name));
    let scheme = match url.scheme() {
        "https" => url.host_str().is_some(),
        // Loopback only; `localhost` for development, without the exception for ports.
        "http" => match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        },
        // A scheme of its own is a reversed domain name (RFC 8252 §7.1).
        own => own.contains('.'),
    };
    clean && scheme
}

/// An address that is called or linked; a fragment would mean nothing there.
pub(super) fn is_https(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    url.scheme() == "https"
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(super) fn same_but_loopback_port(registered: &str, uri: &str) -> bool {
    // What is compared is the text around the port, never a normal form of it.
    let around = |text: &str| -> Option<(String, String)> {
        let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
            .iter()
            .find_map(|host| text.strip_prefix(host).map(|rest| ((*host).to_owned(), rest)))?;
        let path = match rest.strip_prefix(':') {
            Some(port) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                let (number, path) = port.split_at_checked(digits)?;
                number.parse::<u16>().ok()?;
                path
            }
            None => rest,
        };
        (path.is_empty() || path.starts_with('/')).then(|| (host, path.to_owned()))
    };
    let registered = around(registered);
    registered.is_some() && registered == around(uri)
}

#[cfg(test)]
mod tests {
    use crate::domain::client::{AuthMethod, BadClient, Client, GrantType};

    fn client(uris: &[&str]) -> Client {
        Client {
            tenant: "musterstadt".into(),
            redirect_uris: uris.iter().map(|&u| u.to_owned()).collect(),
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: vec!["openid".into()],
            ..Client::named("app")
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_as_a_string() {
        let client = client(&["https://portal.example/cb"]);
        assert!(client.allows_redirect("https://portal.example/cb"));
        for other in [
            "https://portal.example/cb/",
            "https://portal.example/CB",
            "https://portal.example/cb?x=1",
            "https://portal.example/a/../cb",
            "https://portal.example:443/cb",
            "https://PORTAL.example/cb",
            "https://portal.example/cb#f",
            "https://portal.example@evil.example/cb",
            "https://portal.example@a@evil.example/cb",
        ] {
            assert!(!client.allows_redirect(other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_literal_loopback_address_may_differ() {
        let native = client(&["http://127.0.0.1/cb", "http://localhost/cb"]);
        assert!(native.allows_redirect("http://127.0.0.1:51004/cb"));
        for other in [
            "http://localhost:51004/cb",
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:99999/cb",
            "https://127.0.0.1:51004/cb",
        ] {
            assert!(!native.allows_redirect(other), "{other}");
        }
        let confidential = Client { auth_method: AuthMethod::PrivateKeyJwt, ..native };
        assert!(!confidential.allows_redirect("http://127.0.0.1:51004/cb"));
    }

    #[test]
    fn a_redirect_uri_with_a_fragment_wildcard_or_user_cannot_be_registered() {
        for bad in [
            "https://portal.example/cb#x",
            "https://portal.example*",
            "https://user@portal.example/cb",
            "http://portal.example/cb",
            "https://portal.example/cb?iss=https://evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/cb",
        ] {
            let refused = client(&[bad]).check().unwrap_err();
            assert!(matches!(refused, BadClient::RedirectUri(..)), "{bad}");
        }
        assert_eq!(client(&["de.musterstadt.app:/cb", "http://[::1]/cb"]).check(), Ok(()));
    }
}
