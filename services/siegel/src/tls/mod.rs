//! Listeners that speak TLS: for siblings, for the public, for clients with certificates; and those
//! that leave it to an ingress.

mod accept;
mod certificate;
mod clients;
mod plain;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use accept::{Door, serve};
pub use certificate::{CertificateFiles, ServerCertificate};
pub use clients::AnyClient;
pub use plain::without_delay;

/// Of the handshake: the newer protocol first (RFC 7301).
pub const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
