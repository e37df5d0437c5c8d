//! Calls that came as plain HTTP and were turned into gRPC on the way.

use http::Method;

/// The HTTP request behind a call: what its DPoP proof is about (RFC 9449 §4.2, `htm` and `htu`).
/// Only a face of the suite puts it into a request; without it a call came as gRPC.
#[derive(Clone, Debug)]
pub struct AskedAs {
    pub method: Method,
    /// Without the query.
    pub path: String,
}
