//! Clients that prove themselves by the certificate of their connection (RFC 8705 §2), and tokens
//! that hold on connections with that certificate only (§3).

use siegel_oidc::Confirmation;

use super::connection;
use crate::domain::certificate;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::oauth::Refused;

/// Whether the certificate of this connection is the client's. `jwks` are the client's keys.
pub fn proves(client: &Client, jwks: Option<&str>) -> bool {
    let Some(shown) = connection::certificate() else { return false };
    match client.auth_method {
        AuthMethod::TlsClientAuth => {
            let name = client.certificate_name.as_ref();
            shown.trusted && name.is_some_and(|name| certificate::carries(&shown.der, name))
        }
        AuthMethod::SelfSignedTlsClientAuth => {
            jwks.is_some_and(|jwks| certificate::is_key_of(&shown.der, &shown.thumbprint, jwks))
        }
        _ => false,
    }
}

/// The certificate that tokens for this client are bound to on this connection: always for clients
/// registered so; otherwise where tokens are to be bound or the client is known by it anyway, and
/// no DPoP key (`jkt`) does it.
pub fn binding(client: &Client, jkt: Option<&str>) -> Option<String> {
    let by_default = jkt.is_none() && (client.is_fapi() || client.auth_method.by_certificate());
    if !client.certificate_bound && !by_default {
        return None;
    }
    connection::certificate().map(|shown| shown.thumbprint)
}

/// What the holder of a token has to show; `None` for bearers.
pub fn confirmation(client: &Client, jkt: Option<&str>) -> Option<Confirmation> {
    let bound = Confirmation { jkt: jkt.map(str::to_owned), x5t_s256: binding(client, jkt) };
    (bound != Confirmation::default()).then_some(bound)
}

/// Refuses tokens without the certificate that the registration demands (RFC 8705 §3.4).
pub fn check_registered(client: &Client) -> Result<(), Refused> {
    if client.certificate_bound && connection::certificate().is_none() {
        let text = "tokens of this client are bound to its certificate: come with one";
        return Err(Refused::invalid_request(text));
    }
    Ok(())
}

/// Whether this connection has the certificate that something is bound to, if it is.
pub fn holds(x5t: Option<&str>) -> bool {
    x5t.is_none_or(|bound| connection::certificate().is_some_and(|c| c.thumbprint == bound))
}
