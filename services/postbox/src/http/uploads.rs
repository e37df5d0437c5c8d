//! `PUT /v1/uploads/{upload_id}`: bytes of an upload for callers without gRPC. A request becomes
//! the call it stands for, before the guard: the same checks, limits and handler.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use prost::Message;
use siegel_grpc::AskedAs;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_attachment_request::Part;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

/// Bytes of one message of the call.
const CHUNK: usize = 256 * 1024;
/// An answer is one small message.
const ANSWER: usize = 64 * 1024;
/// How many bytes are durable.
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const PASSED: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// The services with uploads over plain HTTP beside them.
pub fn with_uploads(grpc: Router) -> Router {
    let face = Router::new().route("/v1/uploads/{upload}", put(send).get(look));
    grpc.clone().merge(face.with_state(Grpc(grpc)))
}

#[derive(Clone)]
struct Grpc(Router);

async fn send(
    State(grpc): State<Grpc>,
    Path(upload_id): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let offset = match offset(&head.headers) {
        Ok(Some(offset)) => offset,
        // `bytes */…` asks how far the upload is.
        Ok(None) => return grpc.look(head, upload_id).await,
        Err(status) => return problem(&status),
    };
    let first = pb::UploadAttachmentHead {
        upload_id,
        offset_bytes: i64::try_from(offset).unwrap_or(i64::MAX),
        organisation_id: named(&head, "organisation"),
        mailbox_id: named(&head, "mailbox"),
        ..Default::default()
    };
    let first = pb::UploadAttachmentRequest { part: Some(Part::Head(first)) };
    let rest = body.into_data_stream().flat_map(|bytes| stream::iter(messages(bytes)));
    let frames = stream::iter([Ok(frame(&first))]).chain(rest);
    match grpc.call(head, "UploadAttachment", Body::from_stream(frames)).await {
        Ok((message, headers)) => {
            let answer = pb::UploadAttachmentResponse::decode(message);
            told(answer.ok().and_then(|a| a.upload), &headers)
        }
        Err(refused) => refused,
    }
}

async fn look(
    State(grpc): State<Grpc>,
    Path(upload_id): Path<String>,
    request: Request,
) -> Response {
    grpc.look(request.into_parts().0, upload_id).await
}

impl Grpc {
    async fn look(&self, head: Parts, upload_id: String) -> Response {
        let message = pb::GetUploadRequest {
            upload_id,
            organisation_id: named(&head, "organisation"),
            mailbox_id: named(&head, "mailbox"),
            ..Default::default()
        };
        match self.call(head, "GetUpload", Body::from(frame(&message))).await {
            Ok((message, headers)) => {
                let answer = pb::GetUploadResponse::decode(message);
                told(answer.ok().and_then(|a| a.upload), &headers)
            }
            Err(refused) => refused,
        }
    }

    /// One call; its one message and the headers of its answer.
    async fn call(
        &self,
        head: Parts,
        method: &str,
        body: Body,
    ) -> Result<(Bytes, HeaderMap), Response> {
        let response = match self.0.clone().oneshot(request(head, method, body)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let refused = |status: &Status| {
            let mut response = problem(status);
            pass_nonce(&head.headers, &mut response);
            response
        };
        let bad = |status: Option<Status>| status.filter(|s| s.code() != Code::Ok);
        if let Some(status) = bad(Status::from_header_map(&head.headers)) {
            return Err(refused(&status));
        }
        let broken = || Status::unknown("the answer broke off");
        let body = http_body_util::Limited::new(body, ANSWER).collect().await;
        let body = body.map_err(|_| refused(&broken()))?;
        if let Some(status) = bad(body.trailers().and_then(Status::from_header_map)) {
            return Err(refused(&status));
        }
        let mut message = body.to_bytes();
        if message.len() < 5 {
            return Err(refused(&broken()));
        }
        Ok((message.split_off(5), head.headers))
    }
}

/// The call. It keeps what is known of the connection (address, certificate).
fn request(head: Parts, method: &str, body: Body) -> Request {
    let mut call = Request::new(body);
    *call.method_mut() = Method::POST;
    *call.version_mut() = Version::HTTP_2;
    let path = format!("/siegel.postbox.v1.UploadService/{method}");
    *call.uri_mut() = path.parse().unwrap_or_default();
    *call.extensions_mut() = head.extensions;
    let asked = AskedAs { method: head.method, path: head.uri.path().to_owned() };
    call.extensions_mut().insert(asked);
    let headers = call.headers_mut();
    for name in &PASSED {
        for value in head.headers.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    call
}

/// Where the bytes begin (RFC 9110 §14.4): 0 without a range, `None` for `bytes */…`.
fn offset(headers: &HeaderMap) -> Result<Option<u64>, Status> {
    let Some(range) = headers.get(header::CONTENT_RANGE) else { return Ok(Some(0)) };
    let bad = || siegel_grpc::invalid(&[("content-range", "must be as `bytes 0-99/1000`")]);
    let text = range.to_str().ok().and_then(|r| r.strip_prefix("bytes ")).ok_or_else(bad)?;
    let (range, total) = text.split_once('/').ok_or_else(bad)?;
    let total = if total == "*" { u64::MAX } else { total.parse().map_err(|_| bad())? };
    if range == "*" {
        return Ok(None);
    }
    let (first, last) = range.split_once('-').ok_or_else(bad)?;
    let (first, last): (u64, u64) =
        (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
    if first > last || last >= total { Err(bad()) } else { Ok(Some(first)) }
}

/// `?organisation=org_…`, for persons who act for one, and `&mailbox=omb_…` of its mailboxes.
fn named(head: &Parts, name: &str) -> String {
    let query = head.uri.query().unwrap_or_default();
    let value = |pair: &str| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
    query.split('&').find_map(value).unwrap_or_default()
}

/// A message as gRPC frames it.
fn frame(message: &impl Message) -> Bytes {
    let size = u32::try_from(message.encoded_len()).unwrap_or(u32::MAX);
    let mut bytes = vec![0];
    bytes.extend(size.to_be_bytes());
    bytes.extend(message.encode_to_vec());
    bytes.into()
}

/// Some bytes of the body as messages of the call.
fn messages(bytes: Result<Bytes, axum::Error>) -> Vec<Result<Bytes, axum::Error>> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(broken) => return vec![Err(broken)],
    };
    let message = |piece: &[u8]| {
        Ok(frame(&pb::UploadAttachmentRequest { part: Some(Part::Chunk(piece.to_vec())) }))
    };
    bytes.chunks(CHUNK).map(message).collect()
}

/// How far the upload is.
fn told(upload: Option<pb::Upload>, headers: &HeaderMap) -> Response {
    let Some(upload) = upload else {
        return problem(&Status::internal("the answer cannot be read"));
    };
    let offset = HeaderValue::from(upload.offset_bytes);
    let json = serde_json::to_string(&upload).unwrap_or_default();
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = ([kind, (OFFSET, offset)], json).into_response();
    pass_nonce(headers, &mut response);
    response
}

/// The nonce for the next proof (RFC 9449 §8.2).
fn pass_nonce(from: &HeaderMap, to: &mut Response) {
    let name = HeaderName::from_static("dpop-nonce");
    if let Some(nonce) = from.get(&name) {
        to.headers_mut().insert(name, nonce.clone());
    }
}

/// A refusal as problem details (RFC 9457).
fn problem(status: &Status) -> Response {
    let (reason, metadata) = status
        .get_details_error_info()
        .map(|info| (info.reason, info.metadata.into_iter().collect::<BTreeMap<_, _>>()))
        .unwrap_or_default();
    let http = match (status.code(), reason.as_str()) {
        (Code::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Code::PermissionDenied, _) => StatusCode::FORBIDDEN,
        (Code::NotFound, _) => StatusCode::NOT_FOUND,
        (Code::AlreadyExists | Code::Aborted, _) | (_, "UPLOAD_OFFSET") => StatusCode::CONFLICT,
        (Code::InvalidArgument | Code::FailedPrecondition, _) => StatusCode::BAD_REQUEST,
        (Code::ResourceExhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        (Code::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Code::DeadlineExceeded, _) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let offset = metadata.get("offset_bytes").and_then(|o| HeaderValue::try_from(o).ok());
    let body = serde_json::json!({
        "type": "about:blank",
        "title": http.canonical_reason().unwrap_or_default(),
        "status": http.as_u16(),
        "detail": status.message(),
        "reason": reason,
        "metadata": metadata,
    });
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    let mut response = (http, [kind], body.to_string()).into_response();
    let headers = response.headers_mut();
    if let Some(offset) = offset {
        headers.insert(OFFSET, offset);
    }
    if http == StatusCode::UNAUTHORIZED {
        let challenge = match reason.as_str() {
            "USE_DPOP_NONCE" => "DPoP error=\"use_dpop_nonce\"",
            reason if reason.starts_with("DPOP_") => "DPoP error=\"invalid_dpop_proof\"",
            "TOKEN_MISSING" => "DPoP",
            _ => "DPoP error=\"invalid_token\"",
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if http == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<Option<u64>, Status> {
        let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, text.parse().unwrap())]);
        offset(&headers)
    }

    #[test]
    fn a_content_range_says_where_the_bytes_begin() {
        assert_eq!(offset(&HeaderMap::new()).unwrap(), Some(0));
        assert_eq!(range("bytes 100-199/200").unwrap(), Some(100));
        assert_eq!(range("bytes 0-0/*").unwrap(), Some(0));
        assert_eq!(range("bytes */200").unwrap(), None);
        for bad in ["bytes 2-1/5", "bytes 0-5/5", "lines 0-1/5", "bytes x-1/5", "bytes 0-1", "0"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
