//! Connections: how many, how slow they may be, and how they end.

mod crowd;
mod patient;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, info, warn};

use crate::address::Peer;
use crowd::{Counted, Crowd};
use patient::Patient;

/// Most bytes of a request's head, and of a body read in one piece.
const READ_BUFFER: usize = 128 * 1024;
/// Rest after a failed accept: usually the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// For an address that has as many connections as it may. Written without having read anything: whoever opens hundreds
/// of connections gets no memory and no time.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What a server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Most connections at once; more wait unaccepted.
    pub connections: usize,
    /// Most connections of one address at once; none is no limit, as behind a proxy, where all come from one.
    pub connections_per_address: Option<usize>,
    /// Time for a request's head, and for a connection without a request.
    pub head: Duration,
    /// Time in which some of an answer must be taken.
    pub write_stall: Duration,
    /// Time for requests under way when the server is told to stop.
    pub farewell: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: None,
            head: Duration::from_secs(30),
            write_stall: Duration::from_secs(60),
            farewell: Duration::from_secs(20),
        }
    }
}

/// Serves until `stop` is cancelled, then lets requests under way finish within the farewell time.
///
/// # Errors
/// When the listener has no address, that is, is broken from the start. Later troubles are logged and survived.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    limits: ServeLimits,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    info!(%address, "listening");
    let room = Arc::new(Semaphore::new(limits.connections.max(1)));
    let crowd = Crowd::new(limits.connections_per_address);
    let (open, cut) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, peer, permit)) = next(&listener, &room, &stop).await {
        let Some(counted) = crowd.admit(peer.ip()) else {
            refuse(&stream, peer);
            continue;
        };
        let connection = Connection { router: router.clone(), stop: stop.clone(), cut: cut.clone(), limits };
        open.spawn(async move {
            connection.run(stream, peer, counted).await;
            drop(permit);
        });
    }
    drop(listener);
    open.close();
    if timeout(limits.farewell, open.wait()).await.is_err() {
        warn!(connections = open.len(), "cutting connections that did not end in time");
        cut.cancel();
        open.wait().await;
    }
    Ok(())
}

/// The next connection, or none when the server is to stop.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = async {
                let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
                let (stream, peer) = listener.accept().await?;
                Ok::<_, io::Error>((stream, peer, permit))
            } => accepted,
        };
        match accepted {
            Ok(connection) => return Some(connection),
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Says why, as far as that goes without waiting.
fn refuse(stream: &TcpStream, peer: SocketAddr) {
    let told = stream.try_write(TOO_MANY);
    debug!(%peer, told = told.is_ok(), "the address has as many connections as it may");
    ::metrics::counter!("atelier_http_connections_refused_total").increment(1);
}

struct Connection {
    router: Router,
    stop: CancellationToken,
    cut: CancellationToken,
    limits: ServeLimits,
}

impl Connection {
    async fn run(self, stream: TcpStream, peer: SocketAddr, _counted: Counted) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "no quick sending");
        }
        let stream = Patient::new(stream, self.limits.write_stall, self.stop.clone());
        let service = self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            request
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(READ_BUFFER)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.cut.cancelled() => return,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = self.cut.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "a connection ended early");
        }
    }
}
