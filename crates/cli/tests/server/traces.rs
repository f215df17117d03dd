//! Traces for a collector: a request and the job it asked for, in one trace; and a collector that is away.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::house::{House, free_address};
use super::pictures::tiny;
use super::wire::{Start, searching};

/// An HTTP server that keeps the spans it is sent.
struct Collector {
    address: String,
    spans: Arc<Mutex<Vec<(String, Span)>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let spans = Arc::new(Mutex::new(Vec::new()));
        let kept = spans.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(collect(stream, kept.clone()));
            }
        });
        Self { address, spans }
    }

    fn spans(&self) -> Vec<(String, Span)> {
        self.spans.lock().expect("whole").clone()
    }

    /// The only span of this name with this value, and the name of the service that sent it.
    fn span(&self, name: &str, key: &str, value: &str) -> (String, Span) {
        let spans = self.spans();
        let found: Vec<_> =
            spans.iter().filter(|(_, span)| span.name == name && attribute(span, key) == value).collect();
        let [found] = found[..] else {
            let names: Vec<_> = spans.iter().map(|(_, span)| span.name.as_str()).collect();
            panic!("{} spans {name} with {key} = {value} among {names:?}", found.len())
        };
        found.clone()
    }
}

/// Reads requests of one connection until it ends.
async fn collect(mut stream: TcpStream, kept: Arc<Mutex<Vec<(String, Span)>>>) {
    let mut bytes = Vec::new();
    loop {
        let Some((head, body)) = next_request(&mut stream, &mut bytes).await else { return };
        assert!(head.starts_with("POST /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
        let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP");
        for resource in request.resource_spans {
            let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = Span { attributes, ..Span::default() };
            let service = attribute(&service, "service.name");
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            kept.lock().expect("whole").extend(spans.map(|span| (service.clone(), span)));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    }
}

async fn next_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length =
                super::hooks::header(&head, "content-length").and_then(|text| text.parse::<usize>().ok());
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let body = bytes[end + 4..whole].to_vec();
                bytes.drain(..whole);
                return Some((head, body));
            }
        }
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// An attribute as text; empty where there is none.
fn attribute(span: &Span, key: &str) -> String {
    let found =
        span.attributes.iter().find(|one| one.key == key).and_then(|one| one.value.as_ref()?.value.clone());
    match found {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => other.map(|other| format!("{other:?}")).unwrap_or_default(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_job_are_one_trace_with_sqlite_and_disk() {
    let collector = Collector::start().await;
    let mut house = House::embedded(&["--otlp-endpoint", &collector.address]);
    house.serve();
    one_trace(&mut house, &collector).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_job_are_one_trace_across_processes() {
    let collector = Collector::start().await;
    let mut house = House::networked(&["--otlp-endpoint", &collector.address, "--run-jobs", "false"]);
    house.serve();
    house.hire();
    one_trace(&mut house, &collector).await;
}

async fn one_trace(house: &mut House, collector: &Collector) {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";
    let client = house.client();
    let traced = client.with_header("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    let id = traced.accepted(Start { file: tiny(1), tasks: Some(searching()), ..Start::default() }).await;
    assert_eq!(client.ended(&id).await["state"], "completed");
    let untraced = client.accepted(Start { file: tiny(2), ..Start::default() }).await;
    assert_eq!(client.ended(&untraced).await["state"], "completed");
    house.dismiss();
    house.signal("TERM");
    assert_eq!(house.wait(Duration::from_secs(30)).code(), Some(0), "{}", house.log());

    // The end sends what is left.
    let (service, request) = collector.span("POST /api/v1/retoucher/start", "job", &id);
    assert_eq!(service, "atelier");
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(attribute(&request, "http.response.status_code"), "200");
    let (_, job) = collector.span("job", "id", &id);
    assert_eq!((hex(&job.trace_id), &job.parent_span_id), (TRACE.to_owned(), &request.span_id));
    assert_eq!((attribute(&job, "attempt"), attribute(&job, "outcome")), ("1".into(), "completed".into()));
    let spans = collector.spans();
    let steps: Vec<_> = spans.iter().filter(|(_, span)| span.parent_span_id == job.span_id).collect();
    for name in ["fetch", "decode", "analyse", "Heal", "encode", "store"] {
        let step = steps.iter().find(|(_, span)| span.name == name);
        let (_, step) = step.unwrap_or_else(|| panic!("no {name} among {steps:?}"));
        assert!(job.start_time_unix_nano <= step.start_time_unix_nano, "{name}");
        assert!(step.end_time_unix_nano <= job.end_time_unix_nano, "{name}");
    }
    let (_, other) = collector.span("job", "id", &untraced);
    assert!(other.trace_id != job.trace_id && !other.parent_span_id.is_empty(), "a trace of its own");
    assert!(spans.iter().all(|(_, span)| !span.name.contains("reqwest") && !span.name.contains("hyper")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_fails_is_an_error_in_its_trace() {
    let collector = Collector::start().await;
    let mut house = House::embedded(&["--otlp-endpoint", &collector.address]);
    house.serve();
    let client = house.client();
    let whole = tiny(1);
    let id = client.accepted(Start { file: whole[..whole.len() / 2].to_vec(), ..Start::default() }).await;
    assert_eq!(client.ended(&id).await["state"], "failed");
    house.signal("TERM");
    house.wait(Duration::from_secs(30));
    let (_, job) = collector.span("job", "id", &id);
    assert_eq!(job.status.as_ref().map(|status| status.code), Some(StatusCode::Error as i32));
    assert_eq!(attribute(&job, "outcome"), "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_disturbs_nothing() {
    let nobody = format!("http://{}", free_address());
    let mut house = House::embedded(&["--otlp-endpoint", &nobody]);
    house.serve();
    let client = house.client();
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(client.accepted(Start { file: tiny(number), ..Start::default() }).await);
    }
    for id in &ids {
        assert_eq!(client.ended(id).await["state"], "completed");
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while !house.log().contains("the collector takes no traces") {
        assert!(Instant::now() < deadline, "nothing is said of it:\n{}", house.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.signal("TERM");
    let began = Instant::now();
    assert_eq!(house.wait(Duration::from_secs(30)).code(), Some(0), "{}", house.log());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(house.log().matches("the collector takes no traces").count(), 1, "said once");
}
