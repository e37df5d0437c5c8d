//! Server streams as Server-Sent Events (WHATWG HTML § 9.2).

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;
use http::HeaderValue;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _};

use crate::answer;
use crate::frames::Frames;
use crate::problem::Problem;

/// What a client waits before it comes again, milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// Each message is an event whose id is its cursor; one that says nothing but where the stream
/// stands is a comment. A call that ends badly says so in a last event, `problem`.
pub(crate) fn response(frames: Frames) -> Response {
    let events = stream::unfold(Some(frames), async |frames| {
        let mut frames = frames?;
        match frames.next().await {
            Ok(Some(message)) => Some((event(&message), Some(frames))),
            Ok(None) => None,
            Err(status) => {
                let last = format!("event: problem\ndata: {}\n\n", Problem::of(&status).json());
                Some((last, None))
            }
        }
    });
    let all = stream::StreamExt::chain(stream::iter([RETRY.to_owned()]), events);
    let all = stream::StreamExt::map(all, Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(all));
    answer::head(&mut response, "text/event-stream");
    // Some proxies hold back what they think is a page.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn event(message: &DynamicMessage) -> String {
    let cursor = message.get_field_by_name("cursor");
    let cursor = cursor.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
    // A cursor of ours has no line breaks; another one would begin a line of its own choice.
    let id = match cursor {
        "" => String::new(),
        cursor if cursor.contains(['\n', '\r', '\0']) => String::new(),
        cursor => format!("id: {cursor}\n"),
    };
    if is_heartbeat(message) {
        // An id without data is no event, and moves on the reader's last id.
        return format!(": heartbeat\n{id}\n");
    }
    let json = answer::json(message).unwrap_or_default();
    format!("{id}data: {}\n\n", String::from_utf8_lossy(&json))
}

/// Every message that a stream with cursors carries is absent.
fn is_heartbeat(message: &DynamicMessage) -> bool {
    let kind = message.descriptor();
    let mut parts = kind.fields().filter(|field| matches!(field.kind(), Kind::Message(_)));
    let mut any = false;
    let absent = parts.all(|field| {
        any = true;
        !message.has_field(&field)
    });
    any && absent && kind.get_field_by_name("cursor").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{input, routes::POOL};

    fn written(json: &str) -> String {
        let kind = POOL.get_message_by_name("siegel.postbox.v1.WatchEventsResponse").unwrap();
        event(&input::message(kind, json.as_bytes()).unwrap())
    }

    #[test]
    fn an_event_has_its_cursor_as_id() {
        let text = written(r#"{"event": {"letterId": "ltr_1"}, "cursor": "c7"}"#);
        assert!(text.starts_with("id: c7\ndata: {"), "{text}");
        assert!(text.contains(r#""letterId":"ltr_1""#) && text.ends_with("}\n\n"), "{text}");
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_heartbeat_is_a_comment_that_moves_the_cursor() {
        assert_eq!(written(r#"{"cursor": "c8", "lagMs": "4"}"#), ": heartbeat\nid: c8\n\n");
    }

    #[test]
    fn a_cursor_cannot_begin_a_line_of_its_own() {
        let text = written(r#"{"event": {}, "cursor": "c\ndata: x"}"#);
        assert!(text.starts_with("data: {"), "{text}");
    }
}
