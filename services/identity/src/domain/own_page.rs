//! Log-ins for identity's own pages: a request without a client, whose answer is a path of ours.

use siegel_kernel::TrustLevel;

use super::interaction::AuthRequest;

/// In place of a client id; no client can be registered under it.
const OURSELVES: &str = "urn:siegel:identity";

impl AuthRequest {
    /// A log-in that ends at `path` of this origin, at `level` or above. `name`: whose pages.
    pub fn to_own_page(path: &str, level: TrustLevel, name: &str) -> Self {
        Self {
            client_id: OURSELVES.to_owned(),
            client_name: name.to_owned(),
            sector: OURSELVES.to_owned(),
            redirect_uri: path.to_owned(),
            acr_essential: true,
            floor: level,
            aim: level,
            first_party: true,
            ..Self::default()
        }
    }

    /// Where such a log-in ends; `None` for requests of clients, whose redirect URIs are absolute.
    pub fn own_page(&self) -> Option<&str> {
        let path = self.redirect_uri.as_str();
        let ours = self.client_id == OURSELVES && path.starts_with('/') && !path.starts_with("//");
        ours.then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_an_own_page() {
        let own = AuthRequest::to_own_page("/login/credentials", TrustLevel::Low, "Konto");
        assert_eq!(own.own_page(), Some("/login/credentials"));
        let client = AuthRequest { client_id: "portal".into(), ..own.clone() };
        assert_eq!(client.own_page(), None);
        let elsewhere = AuthRequest { redirect_uri: "//evil.example".into(), ..own };
        assert_eq!(elsewhere.own_page(), None);
    }
}
