//! W3C Trace Context (`traceparent`, `tracestate`) in HTTP headers and gRPC metadata. Baggage is
//! neither read nor sent: what comes from outside does not travel on through the suite.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Writes the current span's context into `headers`; nothing when traces are off.
pub fn inject(headers: &mut HeaderMap) {
    let context = tracing::Span::current().context();
    TraceContextPropagator::new().inject_context(&context, &mut Outgoing(headers));
}

/// Reads the caller's context; an empty one when there is none or it is malformed.
pub fn extract(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Incoming(headers))
}

/// Makes `span`, before it is first entered, a child of the caller's span.
pub fn set_parent(span: &tracing::Span, headers: &HeaderMap) {
    // It fails when traces are off or the span is filtered out: then there is nothing to join.
    let _ = span.set_parent(extract(headers));
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if value.is_empty() {
            return;
        }
        let name = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(traceparent: &str) -> HeaderMap {
        HeaderMap::from_iter([("traceparent".parse().unwrap(), traceparent.parse().unwrap())])
    }

    #[test]
    fn a_trace_continues_from_the_incoming_to_the_outgoing_hop() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("postbox.deliver");
            set_parent(&span, &headers(&format!("00-{TRACE}-00f067aa0ba902b7-01")));
            let mut outgoing = HeaderMap::new();
            span.in_scope(|| inject(&mut outgoing));
            let sent = outgoing.get("traceparent").unwrap().to_str().unwrap();
            assert!(sent.contains(TRACE), "{sent}");
            assert!(!sent.contains("00f067aa0ba902b7"), "with the span of this hop");
        });
    }

    #[test]
    fn a_malformed_traceparent_starts_no_trace() {
        for bad in ["", "00", "00-zz-00f067aa0ba902b7-01"] {
            assert!(!extract(&headers(bad)).span().span_context().is_valid(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_sent_when_traces_are_off() {
        let mut outgoing = HeaderMap::new();
        inject(&mut outgoing);
        assert!(outgoing.is_empty());
    }
}
