//! What every answer has.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use prost_reflect::{DynamicMessage, SerializeOptions};

/// Types what is answered, and keeps it from caches and from being taken for something else.
pub(crate) fn head(response: &mut Response, kind: &'static str) {
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// Metadata of the call (nonces, limits) as headers; what gRPC itself says stays out.
pub(crate) fn metadata(from: &HeaderMap, response: &mut Response) {
    for (name, value) in from {
        if is_metadata(name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
}

fn is_metadata(name: &HeaderName) -> bool {
    let own = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::TRAILER,
        header::TE,
        header::DATE,
    ];
    !own.contains(name) && !name.as_str().starts_with("grpc-") && !name.as_str().ends_with("-bin")
}

/// A message as JSON (`ProtoJSON`). Fields at their default are written too: a count of nothing is
/// `"0"`, not absent.
pub(crate) fn json(message: &DynamicMessage) -> Result<Vec<u8>, serde_json::Error> {
    let options = SerializeOptions::new().skip_default_fields(false);
    let mut text = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)?;
    Ok(text)
}
