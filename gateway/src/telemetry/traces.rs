//! Traces over OTLP/HTTP, as a layer of `tracing`.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    registry::LookupSpan,
};

/// Target of the spans; no line of the log has it.
pub const TARGET: &str = "query";

/// Time for one export.
const EXPORT: Duration = Duration::from_secs(5);

/// Largest answer of a collector.
const ANSWER_BYTES: usize = 64 * 1024;

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error(
    "telemetry.traces `{endpoint}` cannot be used: {cause}; it must be an http address such as http://127.0.0.1:4318/v1/traces"
)]
pub struct TelemetryError {
    endpoint: String,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("it does not begin with http://")]
    Scheme,
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// The way to a collector.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// To a collector at `endpoint`, over the runtime of this thread.
    pub(super) fn to(endpoint: &str) -> Result<Self, TelemetryError> {
        provider(endpoint).map(Self).map_err(|cause| TelemetryError { endpoint: endpoint.to_owned(), cause })
    }

    /// What makes spans of queries into traces.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> {
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(self.0.tracer("credit-gateway"))
            .with_filter(Targets::new().with_target(TARGET, Level::TRACE).with_default(LevelFilter::OFF))
    }

    pub(super) fn shutdown(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Adds an event to the span of a query.
pub(super) fn stage_began(span: &Span, stage: &'static str) {
    span.add_event(stage, Vec::new());
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, Cause> {
    if !endpoint.starts_with("http://") {
        return Err(Cause::Scheme);
    }
    let collector = Collector { client: Client::builder(TokioExecutor::new()).build_http(), handle: Handle::current() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(EXPORT)
        .build()?;
    let resource = Resource::builder_empty().with_service_name("credit-gateway").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Sends to the collector on our own runtime: the exporter's thread has none, and the ready-made client panics there.
#[derive(Debug)]
struct Collector {
    client: Client<HttpConnector, Full<Bytes>>,
    handle: Handle,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let send = async move {
            let response = tokio::time::timeout(EXPORT, client.request(request.map(Full::new))).await??;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(head, body))
        };
        self.handle.spawn(send).await?
    }
}
