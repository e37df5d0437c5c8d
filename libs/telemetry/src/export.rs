//! Where logs, traces and metrics go: standard error and `/metrics` always, OTLP when told.

use std::sync::OnceLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::instrument;

/// The table `[telemetry]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// What is logged: a level, or directives such as `info,siegel_postbox=debug`.
    pub log: String,
    /// How a log line looks on standard error.
    pub format: LogFormat,
    /// OTLP over gRPC, such as `http://collector:4317`; off when absent. Plain http only: put an
    /// agent on the same machine or network in front of a collector that wants TLS.
    pub otlp_endpoint: Option<String>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { log: "info".to_owned(), format: LogFormat::default(), otlp_endpoint: None }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("[telemetry] log is not a valid filter: {0}")]
    Filter(String),
    #[error("[telemetry] otlp_endpoint must begin with http://")]
    Endpoint,
    #[error("[telemetry] otlp_endpoint cannot be used")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("the metrics registry cannot be built")]
    Metrics(#[from] opentelemetry_sdk::error::OTelSdkError),
    #[error("logging was already started in this process")]
    Twice,
}

static REGISTRY: OnceLock<prometheus::Registry> = OnceLock::new();

/// Keeps the exporters alive; [`Guard::shutdown`] sends what is still queued.
#[must_use]
#[derive(Debug)]
pub struct Guard {
    meters: SdkMeterProvider,
    otlp: Option<(SdkTracerProvider, SdkLoggerProvider)>,
}

/// Starts logs, metrics and, when an endpoint is set, OTLP. Once per process, inside the runtime.
/// `service` is what the process is to its observers: `postbox`, or `siegel` when it is all of
/// them.
pub fn init(service: &str, config: &TelemetryConfig) -> Result<Guard, TelemetryError> {
    let filter =
        EnvFilter::try_new(&config.log).map_err(|e| TelemetryError::Filter(e.to_string()))?;
    let resource = Resource::builder()
        .with_service_name(format!("siegel-{service}"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let exporters = config.otlp_endpoint.as_deref().map(Exporters::to).transpose()?;

    let (metrics, otlp) = match exporters {
        None => (None, None),
        Some(Exporters { spans, metrics, logs }) => {
            let traces = SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(spans)
                .build();
            let logs = SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(logs)
                .build();
            (Some(metrics), Some((traces, logs)))
        }
    };
    let (registry, meters) = meters(resource, metrics)?;

    let traces = otlp.as_ref().map(|(traces, _)| {
        let tracer = traces.tracer("siegel");
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(without_exporters())
    });
    let logs = otlp
        .as_ref()
        .map(|(_, logs)| OpenTelemetryTracingBridge::new(logs).with_filter(without_exporters()));
    tracing_subscriber::registry()
        .with(lines(config.format).with_filter(filter))
        .with(traces)
        .with(logs)
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;

    instrument::install(meters.meter("siegel"));
    let _ = REGISTRY.set(registry);
    Ok(Guard { meters, otlp })
}

/// All metrics in the Prometheus text format; empty before [`init`].
pub fn metrics_text() -> String {
    REGISTRY.get().map(text).unwrap_or_default()
}

impl Guard {
    /// Sends what is queued and stops. Call last: later lines reach standard error only.
    pub async fn shutdown(self) {
        // The exporters block until the collector answered or their time is up.
        let ended = tokio::task::spawn_blocking(move || {
            if let Some((traces, logs)) = &self.otlp {
                let _ = traces.shutdown();
                let _ = logs.shutdown();
            }
            let _ = self.meters.shutdown();
        });
        let _ = ended.await;
    }
}

struct Exporters {
    spans: SpanExporter,
    metrics: MetricExporter,
    logs: LogExporter,
}

impl Exporters {
    fn to(endpoint: &str) -> Result<Self, TelemetryError> {
        if !endpoint.starts_with("http://") {
            return Err(TelemetryError::Endpoint);
        }
        Ok(Self {
            spans: SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?,
            metrics: MetricExporter::builder().with_tonic().with_endpoint(endpoint).build()?,
            logs: LogExporter::builder().with_tonic().with_endpoint(endpoint).build()?,
        })
    }
}

fn meters(
    resource: Resource,
    otlp: Option<MetricExporter>,
) -> Result<(prometheus::Registry, SdkMeterProvider), TelemetryError> {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    let builder = SdkMeterProvider::builder().with_resource(resource).with_reader(reader);
    let builder = match otlp {
        Some(exporter) => builder.with_periodic_exporter(exporter),
        None => builder,
    };
    Ok((registry, builder.build()))
}

fn text(registry: &prometheus::Registry) -> String {
    prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => Box::new(layer.compact()),
        LogFormat::Json => Box::new(layer.json().flatten_event(true)),
    }
}

/// What is exported over OTLP. Without the exporter's own transport, or it would feed itself.
fn without_exporters() -> EnvFilter {
    EnvFilter::new("info,h2=off,hyper=off,tonic=off,tower=off,reqwest=off,opentelemetry=off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric;

    fn config(log: &str, endpoint: Option<&str>) -> TelemetryConfig {
        TelemetryConfig {
            log: log.to_owned(),
            otlp_endpoint: endpoint.map(str::to_owned),
            ..TelemetryConfig::default()
        }
    }

    /// One test, for the subscriber and the meter belong to the whole process.
    #[tokio::test]
    async fn what_is_counted_is_read_as_prometheus_text_until_and_after_shutdown() {
        let guard = init("test", &config("warn", None)).unwrap();
        metric::LETTERS_ACCEPTED.count(["decision"]);
        metric::LETTERS_ACCEPTED.count(["decision"]);
        metric::RPC_DURATION.record(std::time::Duration::from_millis(3), ["a.B", "C"]);
        let text = metrics_text();
        assert!(text.contains("letters_accepted_total{delivery_type=\"decision\"} 2"), "{text}");
        assert!(text.contains("rpc_server_duration_seconds_bucket{"), "{text}");
        assert!(text.contains("le=\"0.005\"} 1"), "{text}");
        assert!(matches!(init("test", &config("warn", None)), Err(TelemetryError::Twice)));
        guard.shutdown().await;
    }

    #[test]
    fn a_setting_that_cannot_work_is_named() {
        let filter = init("test", &config("siegel=loud", None)).unwrap_err().to_string();
        assert!(filter.starts_with("[telemetry] log"), "{filter}");
        let endpoint = init("test", &config("info", Some("https://c:4317"))).unwrap_err();
        assert!(endpoint.to_string().starts_with("[telemetry] otlp_endpoint"), "{endpoint}");
    }
}
