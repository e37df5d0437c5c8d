//! Messages of a gRPC answer, one after the other.

use axum::body::Body;
use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::{Code, Status};

/// Flag and length in front of each message.
const PREFIX: usize = 5;

/// Reads an answer message by message.
pub(crate) struct Frames {
    body: Body,
    kind: MessageDescriptor,
    held: BytesMut,
    /// What stood behind the last message.
    pub(crate) trailers: HeaderMap,
}

impl Frames {
    pub(crate) fn new(body: Body, kind: MessageDescriptor) -> Self {
        Self { body, kind, held: BytesMut::new(), trailers: HeaderMap::new() }
    }

    /// The next message; `None` when the call ended well.
    pub(crate) async fn next(&mut self) -> Result<Option<DynamicMessage>, Status> {
        loop {
            if let Some(message) = self.cut() {
                let message = DynamicMessage::decode(self.kind.clone(), message);
                return message.map(Some).map_err(|error| siegel_grpc::fault(&error));
            }
            let Some(frame) = self.body.frame().await else { return self.end() };
            let frame = frame.map_err(|error| siegel_grpc::fault(&error))?;
            match frame.into_data() {
                Ok(data) => self.held.extend_from_slice(&data),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        self.trailers.extend(trailers);
                    }
                }
            }
        }
    }

    /// A whole message out of the bytes that came. Nothing is compressed: we never said that we
    /// could read it.
    fn cut(&mut self) -> Option<Bytes> {
        let length = u32::from_be_bytes(self.held.get(1..PREFIX)?.try_into().ok()?);
        let whole = PREFIX.checked_add(usize::try_from(length).ok()?)?;
        if self.held.len() < whole {
            return None;
        }
        let mut message = self.held.split_to(whole);
        message.advance(PREFIX);
        Some(message.freeze())
    }

    fn end(&self) -> Result<Option<DynamicMessage>, Status> {
        match Status::from_header_map(&self.trailers) {
            Some(status) if status.code() == Code::Ok => Ok(None),
            Some(status) => Err(status),
            None => Err(Status::unknown("the answer broke off")),
        }
    }
}

/// One message as the body of a call.
pub(crate) fn framed(message: &[u8]) -> Option<Bytes> {
    let length = u32::try_from(message.len()).ok()?;
    let mut frame = Vec::with_capacity(PREFIX + message.len());
    frame.push(0);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    Some(frame.into())
}
