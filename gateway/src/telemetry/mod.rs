//! What the process tells its operator: JSON lines on standard error and, where the configuration names a collector,
//! OpenTelemetry traces over OTLP/HTTP.
//!
//! A line has only what [`lines`] lets through. A trace has one span a query, with the names of [`span`], an event a stage
//! of the journey, and nothing else: never text of the caller, never anything from which a person could be told. A
//! `traceparent` of the caller is not read (`docs/0009`).

mod lines;
pub mod metrics;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use credit_audit::clock::Clock;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use lines::FIELDS;
use lines::Lines;

/// Target of the spans; no line of the log has it.
pub const TARGET: &str = "query";

/// Time for one export.
const EXPORT: Duration = Duration::from_secs(5);

/// Largest answer of a collector.
const ANSWER_BYTES: usize = 64 * 1024;

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error(
    "telemetry.traces `{endpoint}` cannot be used: {why}; it must be an http address such as http://127.0.0.1:4318/v1/traces"
)]
pub struct TelemetryError {
    endpoint: String,
    why: String,
}

/// What must be shut down at the end, so that the last spans leave.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Sets up the log (`RUST_LOG`, default `info`), and traces to `endpoint` where one is given; then it must be called
    /// within a runtime that goes on until [`Telemetry::shutdown`].
    ///
    /// # Errors
    /// When the endpoint is no address that traces can be sent to.
    pub fn start(clock: Arc<dyn Clock>, endpoint: Option<&str>) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let lines = Lines::new(clock, std::io::stderr()).with_filter(filter);
        let provider = endpoint.map(provider).transpose()?;
        let spans = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_location(false)
                .with_threads(false)
                .with_tracer(provider.tracer("credit-gateway"))
                .with_filter(Targets::new().with_target(TARGET, Level::TRACE).with_default(LevelFilter::OFF))
        });
        // A second start in one process (tests) keeps the first.
        drop(tracing_subscriber::registry().with(lines).with(spans).try_init());
        Ok(Self(provider))
    }

    /// Sends what is left. Blocks until it is sent or given up.
    pub fn shutdown(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// The span of one query; its names are the whole list of what a trace may say.
#[must_use]
pub fn span(query: uuid::Uuid, institution: &str) -> tracing::Span {
    tracing::trace_span!(
        target: TARGET,
        "query",
        query = %query,
        institution,
        scenario = tracing::field::Empty,
        outcome = tracing::field::Empty,
    )
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let fault = |why: &dyn std::fmt::Display| TelemetryError { endpoint: endpoint.to_owned(), why: why.to_string() };
    if !endpoint.starts_with("http://") {
        return Err(fault(&"it does not begin with http://"));
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector {
            client: Client::builder(TokioExecutor::new()).build_http(),
            handle: Handle::current(),
        })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(EXPORT)
        .build()
        .map_err(|error| fault(&error))?;
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
