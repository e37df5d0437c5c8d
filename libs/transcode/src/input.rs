//! From JSON to the message of a call.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::error::Category;
use siegel_grpc::{invalid, refusal};
use tonic::{Code, Status};

use crate::frames::framed;
use crate::routes::Route;

/// Longest JSON taken, bytes, where a message carries files: the largest message of a service
/// (8 MiB), whose attachments base64 makes a third longer, and room. The service's own limit is
/// checked after that, as in gRPC.
const LARGEST: usize = 12 * 1024 * 1024;
/// The same for all other calls: names, settings, lists of ids.
const USUAL: usize = 256 * 1024;
/// The same for calls that anybody may make.
const LARGEST_OF_ANYBODY: usize = 64 * 1024;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_mins(1);
/// Longest piece of an error text that is repeated to the caller, characters.
const QUOTED: usize = 200;

/// JSON, not compressed: a few bytes never become many here.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), Status> {
    let refused = |text| refusal(Code::InvalidArgument, "UNSUPPORTED_MEDIA_TYPE", text, []);
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(refused("bodies are taken uncompressed"));
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let parameters = parameters.trim().to_ascii_lowercase();
    let utf8 = matches!(parameters.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"");
    if essence.trim().eq_ignore_ascii_case("application/json") && utf8 {
        return Ok(());
    }
    Err(refused("the body of a call is application/json"))
}

/// The body of the gRPC call. The caller's is read when the service asks for it, that is, when the
/// guard has let the call pass: who may not call makes us hold nothing.
pub(crate) fn body(route: &Route, body: Body) -> Body {
    let limit = limit(route);
    let kind = route.input();
    Body::from_stream(stream::once(async move {
        let text = read(body, limit).await?;
        encoded(&message(kind, &text)?)
    }))
}

/// How many bytes of JSON a route takes.
pub(crate) fn limit(route: &Route) -> usize {
    match (route.is_public(), route.takes_files()) {
        (true, _) => LARGEST_OF_ANYBODY,
        (false, true) => LARGEST,
        (false, false) => USUAL,
    }
}

/// A body that is known already.
pub(crate) fn encoded(message: &DynamicMessage) -> Result<Bytes, Status> {
    framed(&message.encode_to_vec()).ok_or_else(too_large)
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Status> {
    let whole = tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect()).await;
    let whole = whole.map_err(|_| {
        refusal(Code::DeadlineExceeded, "BODY_TOO_SLOW", "the body did not arrive in time", [])
    })?;
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(refusal(Code::Cancelled, "BODY_BROKEN", "the body broke off", [])),
    }
}

fn too_large() -> Status {
    refusal(Code::OutOfRange, "BODY_TOO_LARGE", "the body is too large", [])
}

/// JSON as a message (`ProtoJSON`); unknown fields are refused. No body is `{}`.
pub(crate) fn message(kind: MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, Status> {
    if text.is_empty() {
        return Ok(DynamicMessage::new(kind));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let read = DynamicMessage::deserialize(kind, tracked).and_then(|message| {
        json.end()?;
        Ok(message)
    });
    read.map_err(|error| match error.classify() {
        Category::Data => {
            let text: String = error.to_string().chars().take(QUOTED).collect();
            invalid(&[(&track.path().to_string(), &text)])
        }
        _ => refusal(Code::InvalidArgument, "MALFORMED_JSON", "the body is no JSON", []),
    })
}

#[cfg(test)]
mod tests {
    use siegel_grpc::reason;

    use super::*;
    use crate::routes::POOL;

    fn submit(text: &str) -> Result<DynamicMessage, Status> {
        message(
            POOL.get_message_by_name("siegel.postbox.v1.SubmitRequest").unwrap(),
            text.as_bytes(),
        )
    }

    #[test]
    fn only_calls_that_carry_files_take_large_bodies() {
        let large: Vec<String> = crate::routes::routes()
            .iter()
            .filter(|route| limit(route) == LARGEST)
            .map(|route| route.path.trim_start_matches("/v1/postbox/").to_owned())
            .collect();
        for path in ["SenderService/Submit", "SenderService/SubmitBatch", "MailboxService/Reply"] {
            assert!(large.contains(&path.to_owned()), "{path} carries attachments");
        }
        for path in ["SenderService/CheckRecipients", "UploadService/CreateUpload"] {
            assert!(!large.contains(&path.to_owned()), "{path} carries none");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_of_its_route_is_refused() {
        let routes = crate::routes::routes();
        let find = |path: &str| routes.iter().find(|route| route.path == path).unwrap();
        let text = format!("{{\"requestId\": \"{}\"}}", "r".repeat(USUAL));
        for (path, taken) in [
            ("/v1/postbox/UploadService/CreateUpload", false),
            ("/v1/postbox/SenderService/Submit", true),
        ] {
            let read = body(find(path), Body::from(text.clone())).collect().await;
            assert_eq!(read.is_ok(), taken, "{path}");
        }
    }

    #[test]
    fn both_spellings_of_a_field_are_understood() {
        for name in ["requestId", "request_id"] {
            let message = submit(&format!("{{\"{name}\": \"r1\"}}")).unwrap();
            let value = message.get_field_by_name("request_id").unwrap();
            assert_eq!(value.as_str(), Some("r1"));
        }
    }

    #[test]
    fn a_field_that_is_wrong_or_unknown_is_named() {
        for (text, field) in [
            ("{\"letter\": {\"subject\": 1}}", "letter.subject"),
            ("{\"letter\": {\"bodies\": [{\"nose\": 1}]}}", "letter.bodies[0]"),
            ("{\"attachments\": [{\"content\": \"%\"}]}", "attachments[0].content"),
        ] {
            let status = submit(text).unwrap_err();
            let problem = crate::problem::Problem::of(&status).json();
            assert_eq!(reason(&status).unwrap(), "INVALID_FIELD", "{text}");
            assert!(problem.contains(field), "{problem}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["{", "nope", "{} {}", "{\"letter\": ", "\u{feff}{}", &deep] {
            assert_eq!(submit(text).unwrap_err().code(), Code::InvalidArgument, "{text:.20}");
        }
        assert!(submit("").is_ok(), "no body is an empty request");
    }

    #[test]
    fn only_plain_json_is_taken() {
        let with = |name: header::HeaderName, value: &str| {
            let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
            check_headers(&headers).is_ok()
        };
        assert!(with(header::CONTENT_TYPE, "application/json"));
        assert!(with(header::CONTENT_TYPE, "Application/JSON; charset=UTF-8"));
        assert!(!with(header::CONTENT_TYPE, "text/plain"));
        assert!(!with(header::CONTENT_TYPE, "application/json; charset=latin1"));
        assert!(!with(header::CONTENT_ENCODING, "gzip"));
    }
}
