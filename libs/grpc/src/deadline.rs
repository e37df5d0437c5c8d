//! Each hop passes on what is left of the caller's deadline, less 20 ms, and refuses to start with
//! under 100 ms.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::refusal;

const HEADER: &str = "grpc-timeout";
const MARGIN: Duration = Duration::from_millis(20);
const LEAST: Duration = Duration::from_millis(100);

tokio::task_local! {
    static DEADLINE: Option<Instant>;
}

/// Runs `work` under a deadline that every call made inside passes on.
pub async fn with_deadline<F: Future>(deadline: Option<Instant>, work: F) -> F::Output {
    DEADLINE.scope(deadline, work).await
}

/// What is left of the current deadline; `None` when there is none.
pub fn remaining() -> Option<Duration> {
    let deadline = DEADLINE.try_with(|d| *d).ok().flatten()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// Writes the remaining time into an outgoing call.
pub(crate) fn pass_on(headers: &mut HeaderMap) -> Result<(), Status> {
    let Some(left) = remaining() else { return Ok(()) };
    let left = left.saturating_sub(MARGIN);
    if left < LEAST {
        let text = "not enough time left to call another service";
        return Err(refusal(Code::DeadlineExceeded, "DEADLINE_TOO_SHORT", text, []));
    }
    if let Ok(value) = HeaderValue::try_from(format!("{}m", left.as_millis())) {
        headers.insert(HEADER, value);
    }
    Ok(())
}

/// The deadline an incoming call carries (`grpc-timeout: 1S`).
pub(crate) fn incoming(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    let span = match unit {
        "H" => Duration::from_secs(number.saturating_mul(3600)),
        "M" => Duration::from_secs(number.saturating_mul(60)),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    Instant::now().checked_add(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_made_inside_gets_twenty_milliseconds_less() {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut headers = HeaderMap::new();
        with_deadline(Some(deadline), async { pass_on(&mut headers) }).await.unwrap();
        let value = headers.get(HEADER).unwrap().to_str().unwrap();
        let left: u64 = value.strip_suffix('m').unwrap().parse().unwrap();
        assert!(left <= 9_980, "{left}");
    }

    #[tokio::test]
    async fn a_call_with_too_little_time_left_is_not_started() {
        let deadline = Instant::now() + Duration::from_millis(110);
        let mut headers = HeaderMap::new();
        let refused = with_deadline(Some(deadline), async { pass_on(&mut headers) }).await;
        assert_eq!(refused.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[test]
    fn timeouts_that_are_no_grpc_timeouts_are_ignored() {
        let mut headers = HeaderMap::new();
        for bad in ["", "S", "1x", "123456789S", "ä1S"] {
            headers.insert(HEADER, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            assert!(incoming(&headers).is_none(), "{bad}");
        }
    }
}
