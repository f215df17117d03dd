//! Traces across the queue: a job goes on with the trace of the request that asked for it, in whatever process it runs.

use std::collections::HashMap;

use opentelemetry::global::get_text_map_propagator;
use opentelemetry::trace::TraceContextExt as _;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The key under which W3C Trace Context writes where it is.
const TRACEPARENT: &str = "traceparent";

/// Where the present request is in its trace; nothing where no traces are kept.
pub(crate) fn here() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut written = HashMap::new();
    get_text_map_propagator(|format| format.inject_context(&context, &mut written));
    written.remove(TRACEPARENT)
}

/// Lets a new span go on with a trace.
pub(crate) fn follow(span: &Span, trace: Option<&str>) {
    let Some(trace) = trace else { return };
    let written = HashMap::from([(TRACEPARENT.to_owned(), trace.to_owned())]);
    // Refused where nobody keeps traces.
    let _ = span.set_parent(get_text_map_propagator(|format| format.extract(&written)));
}
