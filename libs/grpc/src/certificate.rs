use std::sync::Arc;

use siegel_crypto::{b64, sha256};

/// The certificate a client outside the suite showed on its connection (RFC 8705). Only a listener
/// puts it into a request; no header does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// X.509, DER.
    pub der: Arc<[u8]>,
    /// Whether an authority that clients' certificates may come from signed it, and it is in
    /// force. A certificate without this may still be a client's own.
    pub trusted: bool,
    /// SHA-256 of the certificate, base64url (RFC 8705 §3.1).
    pub thumbprint: String,
}

impl ClientCertificate {
    pub fn new(der: &[u8], trusted: bool) -> Self {
        Self { der: der.into(), trusted, thumbprint: b64::encode(sha256(der)) }
    }
}
