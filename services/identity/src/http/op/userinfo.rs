//! `/userinfo`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::answer;
use crate::app::endpoint::EndpointError;
use crate::app::refusal;
use crate::app::userinfo::{self, Scheme, UserInfo};
use crate::domain::oauth::{OAuthError, Refused};
use crate::state::Identity;

const PROOF_ALGORITHMS: &str = "algs=\"ES256 ES384 EdDSA PS256\"";

pub(super) async fn answer(
    State(state): State<Identity>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (scheme, token) = match userinfo::presented(&headers) {
        Ok(Some(presented)) => presented,
        // Nothing was presented: no error is named (RFC 6750 §3.1).
        Ok(None) => return challenge(StatusCode::UNAUTHORIZED, None, None),
        Err(refused) => {
            return challenge(StatusCode::UNAUTHORIZED, None, Some(refused));
        }
    };
    let found = userinfo::answer(&state, method.as_str(), &headers, scheme, token).await;
    let response = match found {
        Ok(UserInfo::Plain(claims)) => answer::json(StatusCode::OK, &claims),
        Ok(UserInfo::Signed(jwt)) => answer::jwt("application/jwt", jwt),
        Err(EndpointError::Refused(refused)) => {
            answer::log(&EndpointError::Refused(refused));
            refusal::record(&state, "identity.userinfo.refused", refused).await;
            let status = match refused.error {
                OAuthError::InsufficientScope => StatusCode::FORBIDDEN,
                _ => StatusCode::UNAUTHORIZED,
            };
            challenge(status, Some(scheme), Some(refused))
        }
        Err(error) => answer::error(&error),
    };
    if scheme == Scheme::Dpop { answer::with_nonce(&state, response) } else { response }
}

/// `WWW-Authenticate` in the scheme that was used, or both (RFC 6750 §3, RFC 9449 §7.1).
fn challenge(status: StatusCode, scheme: Option<Scheme>, refused: Option<Refused>) -> Response {
    let mut response = status.into_response();
    answer::unkept(&mut response);
    let error = refused.map(|r| {
        format!("error=\"{}\", error_description=\"{}\"", r.error.as_str(), r.description)
    });
    let schemes: &[Scheme] = match scheme {
        Some(Scheme::Bearer) => &[Scheme::Bearer],
        Some(Scheme::Dpop) => &[Scheme::Dpop],
        None => &[Scheme::Bearer, Scheme::Dpop],
    };
    for scheme in schemes {
        let (name, own) = match scheme {
            Scheme::Bearer => ("Bearer", None),
            Scheme::Dpop => ("DPoP", Some(PROOF_ALGORITHMS.to_owned())),
        };
        let facts: Vec<String> = error.clone().into_iter().chain(own).collect();
        let text =
            if facts.is_empty() { name.to_owned() } else { format!("{name} {}", facts.join(", ")) };
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().append(WWW_AUTHENTICATE, value);
        }
    }
    response
}
