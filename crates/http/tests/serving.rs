//! The server against clients that are slow, many, rude or still busy when it is told to stop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use http_doors::{ServeLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(5);

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

async fn server(router: Router, limits: ServeLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, stop.clone(), limits));
    Server { address, stop, task }
}

fn limits() -> ServeLimits {
    ServeLimits {
        head: Duration::from_millis(300),
        farewell: Duration::from_secs(10),
        ..ServeLimits::default()
    }
}

async fn open(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("written");
    stream
}

/// Everything until the server closes, or breaks off.
async fn read(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // What came before a reset counts.
    let _ = timeout(SOON, stream.read_to_end(&mut text)).await.expect("an end in time");
    String::from_utf8_lossy(&text).into_owned()
}

const HELLO: &str = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

fn hello() -> Router {
    Router::new().route("/hello", get(async || "hello"))
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let server = server(hello(), limits()).await;
    let began = Instant::now();
    let mut stream = open(&server, "GET /hello HTTP/1.1\r\nHost:").await;
    read(&mut stream).await;
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    let mut idle = open(&server, "").await;
    read(&mut idle).await;
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_their_turn() {
    let patient = ServeLimits { connections: 1, head: Duration::from_secs(2), ..limits() };
    let server = server(hello(), patient).await;
    let first = open(&server, "").await;
    let mut second = open(&server, HELLO).await;
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(200), second.read(&mut byte)).await.is_err(), "it must wait");
    drop(first);
    assert!(read(&mut second).await.ends_with("hello"));
}

#[tokio::test]
async fn an_address_over_its_share_is_told_to_come_again() {
    let shared = ServeLimits { connections_per_address: Some(2), head: Duration::from_secs(5), ..limits() };
    let server = server(hello(), shared).await;
    let (first, second) = (open(&server, "").await, open(&server, "").await);
    let refused = read(&mut open(&server, "").await).await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("Retry-After: 1\r\n"), "{refused}");
    drop((first, second));
    let began = Instant::now();
    while !read(&mut open(&server, HELLO).await).await.ends_with("hello") {
        assert!(began.elapsed() < SOON, "room is made when connections end");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn requests_under_way_are_finished_before_the_end() {
    let slow = Router::new().route(
        "/hello",
        get(async || {
            sleep(Duration::from_millis(300)).await;
            "done"
        }),
    );
    let server = server(slow, limits()).await;
    let mut stream = open(&server, HELLO).await;
    let mut idle = open(&server, "").await;
    sleep(Duration::from_millis(100)).await;
    server.stop.cancel();
    assert!(read(&mut stream).await.ends_with("done"));
    read(&mut idle).await;
    timeout(SOON, server.task).await.expect("ends").expect("no panic").expect("no error");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_end_is_cut() {
    let endless = Router::new().route("/hello", get(async || std::future::pending::<&str>().await));
    let short = ServeLimits { farewell: Duration::from_millis(200), ..limits() };
    let server = server(endless, short).await;
    let _stream = open(&server, HELLO).await;
    sleep(Duration::from_millis(100)).await;
    server.stop.cancel();
    timeout(SOON, server.task).await.expect("ends").expect("no panic").expect("no error");
}

/// Tells when the body it belongs to is dropped.
struct Told(Arc<AtomicBool>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = dropped.clone();
    let flood = Router::new().route(
        "/hello",
        get(move || {
            let told = Told(flag.clone());
            async move {
                Body::from_stream(stream::repeat_with(move || {
                    let _ = &told;
                    Ok::<_, Infallible>(Bytes::from_static(&[0; 65536]))
                }))
            }
        }),
    );
    let server = server(flood, ServeLimits { write_stall: Duration::from_millis(300), ..limits() }).await;
    let _stream = open(&server, HELLO).await;
    let began = Instant::now();
    while !dropped.load(Ordering::SeqCst) {
        assert!(began.elapsed() < SOON, "the body is still held");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_that_sends_first_and_reads_later_sees_its_refusal() {
    let refusing =
        Router::new().route("/up", post(async || (axum::http::StatusCode::BAD_REQUEST, "too much")));
    let server = server(refusing, limits()).await;
    let head = "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\nConnection: close\r\n\r\n";
    let mut stream = open(&server, head).await;
    for _ in 0..40 {
        stream.write_all(&[0; 100_000]).await.expect("the server still takes it");
        sleep(Duration::from_millis(2)).await;
    }
    assert!(read(&mut stream).await.ends_with("too much"));
}
