//! Traces for a collector, over OTLP/HTTP: what each request, attempt and step took. A collector that is away costs
//! nothing but its traces.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::config::Config;

/// Time a collector has to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Time the last traces have at the end.
const FAREWELL: Duration = Duration::from_secs(5);
/// What the collector knows this program as, unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE_NAME: &str = "atelier";

/// The way of traces out of this process.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Opens the way to the collector of the settings; nothing when they name none. Sends from `runtime`.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn begin(config: &Config, runtime: &Handle) -> Result<Option<Self>, String> {
        let Some(collector) = &config.otlp_endpoint else { return Ok(None) };
        let unusable = |error: &dyn std::fmt::Display| format!("otlp_endpoint {collector}: {error}");
        let client = reqwest::Client::builder().timeout(ANSWER).build().map_err(|error| unusable(&error))?;
        let post = Post { client, runtime: runtime.clone(), is_away: AtomicBool::new(false) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{collector}/v1/traces"))
            .with_timeout(ANSWER)
            .with_http_client(post)
            .build()
            .map_err(|error| unusable(&error))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let mut resource = Resource::builder().with_attribute(version);
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(SERVICE_NAME);
        }
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.otlp_sample)));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_sampler(sampler)
            .with_batch_exporter(exporter)
            .build();
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self(provider)))
    }

    /// Whoever makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer(SERVICE_NAME)
    }

    /// Sends what is left, for a few seconds at most. The runtime must still be there.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            warn!(%error, "the last traces did not reach the collector");
        }
    }
}

/// The exporter has a thread of its own; connections need the runtime.
#[derive(Debug)]
struct Post {
    client: reqwest::Client,
    runtime: Handle,
    is_away: AtomicBool,
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await;
        let answer = sent.map_err(HttpError::from).and_then(|answer| answer);
        let trouble = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answered {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        // Told when it changes: an outage must not fill the log.
        let was_away = self.is_away.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(why) if !was_away => warn!(why, "the collector takes no traces; they are dropped"),
            None if was_away => info!("the collector takes traces again"),
            _ => {}
        }
        answer
    }
}
