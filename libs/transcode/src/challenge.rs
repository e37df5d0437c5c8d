//! `WWW-Authenticate`: what a client has to bring.

use http::HeaderValue;

use crate::problem::Problem;

/// Algorithms of DPoP proofs that are taken, as `algs` lists them (RFC 9449 §7.1).
fn algorithms() -> String {
    siegel_oidc::dpop::ALGORITHMS.map(siegel_crypto::SignatureAlg::as_str).join(" ")
}

/// The challenge of a refusal (RFC 9449 §7.1, RFC 6750 §3.1, RFC 9470 §3); none for a refusal that
/// no token changes.
pub(crate) fn of(problem: &Problem) -> Option<HeaderValue> {
    let needed = problem.metadata.get("needed").map_or("", String::as_str);
    let error = match problem.reason.as_str() {
        "TOKEN_MISSING" => String::new(),
        "USE_DPOP_NONCE" => "error=\"use_dpop_nonce\", ".to_owned(),
        "DPOP_PROOF_MISSING" | "DPOP_PROOF_INVALID" | "DPOP_PROOF_REPLAYED" => {
            "error=\"invalid_dpop_proof\", ".to_owned()
        }
        "SCOPE_MISSING" => format!("error=\"insufficient_scope\", scope=\"{needed}\", "),
        "TRUST_TOO_LOW" => {
            format!("error=\"insufficient_user_authentication\", acr_values=\"{needed}\", ")
        }
        reason if reason.starts_with("TOKEN_") => "error=\"invalid_token\", ".to_owned(),
        _ => return None,
    };
    HeaderValue::try_from(format!("DPoP {error}algs=\"{}\"", algorithms())).ok()
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn challenge(code: Code, reason: &str, facts: [(&str, &str); 1]) -> Option<String> {
        let status = siegel_grpc::refusal(code, reason, "no", facts);
        of(&Problem::of(&status)).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_client_is_told_what_it_has_to_bring() {
        let none = [("x", "")];
        let nonce = challenge(Code::Unauthenticated, "USE_DPOP_NONCE", none).unwrap();
        assert_eq!(nonce, "DPoP error=\"use_dpop_nonce\", algs=\"ES256 ES384 EdDSA PS256\"");
        let missing = challenge(Code::Unauthenticated, "TOKEN_MISSING", none).unwrap();
        assert_eq!(missing, "DPoP algs=\"ES256 ES384 EdDSA PS256\"");
        let old = challenge(Code::Unauthenticated, "TOKEN_EXPIRED", none).unwrap();
        assert!(old.contains("error=\"invalid_token\""));
        let low = challenge(Code::PermissionDenied, "TRUST_TOO_LOW", [("needed", "high")]).unwrap();
        assert!(low.contains("insufficient_user_authentication") && low.contains("\"high\""));
        assert_eq!(challenge(Code::NotFound, "LETTER_UNKNOWN", none), None);
    }
}
