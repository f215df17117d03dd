//! Request bodies: read at the pace of whoever takes them, given up when the client stalls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep};

/// How slow an upload may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyPatience {
    /// Longest pause between two pieces.
    pub idle: Duration,
    /// Longest time for the whole.
    pub whole: Duration,
}

impl Default for BodyPatience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), whole: Duration::from_secs(30 * 60) }
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyTrouble {
    /// Nothing came for too long.
    #[error("the upload stalled: send it again")]
    Stalled,
    /// More than will be read.
    #[error("the request is too long: send less")]
    TooLong,
    /// The connection broke.
    #[error("the upload broke off: send it again")]
    Broken(#[source] axum::Error),
}

/// Bytes a reader may still hold back before it has to hand something on.
///
/// A parser of forms collects a part's header until it ends; without this bound, one that never ends
/// would fill the memory.
#[derive(Clone, Debug, Default)]
pub struct Holdback(Arc<AtomicU64>);

impl Holdback {
    /// Most bytes held back: a read buffer's worth of content and any sensible header.
    const MOST: u64 = 1024 * 1024;

    /// The reader handed something on.
    pub fn release(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn add(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 <= Self::MOST
    }
}

/// A body with a watch: at most `limit` bytes, no long pauses, one piece a turn.
///
/// One piece a turn because the form parser takes whatever is ready before it hands anything on; a client
/// faster than the disk would otherwise pile up in memory.
pub fn steady(body: Body, patience: BodyPatience, limit: u64, holdback: Holdback) -> Body {
    Body::from_stream(Steady {
        inner: body.into_data_stream(),
        idle: Box::pin(sleep(patience.idle)),
        patience,
        end: Instant::now() + patience.whole,
        left: limit,
        holdback,
        is_resting: false,
    })
}

/// Reads a small body whole.
///
/// # Errors
/// [`BodyTrouble`], also when it is longer than `limit` bytes.
pub async fn small(body: Body, patience: BodyPatience, limit: u64) -> Result<Bytes, BodyTrouble> {
    let holdback = Holdback::default();
    let mut stream = Steady {
        inner: body.into_data_stream(),
        idle: Box::pin(sleep(patience.idle)),
        patience,
        end: Instant::now() + patience.whole,
        left: limit,
        holdback: holdback.clone(),
        is_resting: false,
    };
    let mut whole = Vec::new();
    while let Some(piece) = stream.next().await {
        whole.extend_from_slice(&piece?);
        holdback.release();
    }
    Ok(whole.into())
}

struct Steady {
    inner: BodyDataStream,
    idle: Pin<Box<Sleep>>,
    patience: BodyPatience,
    end: Instant,
    left: u64,
    holdback: Holdback,
    is_resting: bool,
}

impl Stream for Steady {
    type Item = Result<Bytes, BodyTrouble>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.is_resting) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.inner.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(piece))) => {
                let Some(left) = self.left.checked_sub(piece.len() as u64) else {
                    return Poll::Ready(Some(Err(BodyTrouble::TooLong)));
                };
                if !self.holdback.add(piece.len()) {
                    return Poll::Ready(Some(Err(BodyTrouble::TooLong)));
                }
                self.left = left;
                self.is_resting = true;
                let next = (Instant::now() + self.patience.idle).min(self.end);
                self.idle.as_mut().reset(next);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(BodyTrouble::Broken(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.idle.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(BodyTrouble::Stalled))),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn patience(idle: u64) -> BodyPatience {
        BodyPatience { idle: Duration::from_millis(idle), whole: Duration::from_secs(5) }
    }

    #[tokio::test]
    async fn small_bodies_are_read_up_to_their_limit() {
        let read = small(Body::from("abc"), patience(1000), 3).await;
        assert_eq!(read.expect("three bytes"), "abc");
        assert!(matches!(small(Body::from("abcd"), patience(1000), 3).await, Err(BodyTrouble::TooLong)));
    }

    #[tokio::test]
    async fn a_client_that_stalls_is_given_up() {
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"a"))]);
        let body = Body::from_stream(first.chain(stream::pending()));
        assert!(matches!(small(body, patience(20), 100).await, Err(BodyTrouble::Stalled)));
    }

    #[tokio::test]
    async fn what_is_never_handed_on_is_not_held_for_ever() {
        let pieces = stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![0; 100_000]))));
        let body = steady(Body::from_stream(pieces), patience(1000), u64::MAX, Holdback::default());
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
    }
}
