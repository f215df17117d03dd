//! Drawing while a slider moves: the answer is a stream of lines, each a JSON object, as steps begin and versions are there.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use retouch::proof::Drawn;
use retouch::{EngineError, Recipe, Step};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tracing::warn;

use super::find;
use super::proof::{Listener, Proof, Published};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedJson;
use crate::words::tryit as words;

/// What a page wants drawn.
#[derive(Deserialize)]
pub struct Wish {
    /// The Retouch4me payload.
    payload: Value,
    /// The level that fits the page's zoom.
    level: u8,
    /// True while a slider moves: a draft is enough, and the processor is left to the tiles.
    #[serde(default)]
    moving: bool,
}

/// Whoever reads the stream.
struct Reader {
    lines: UnboundedSender<Bytes>,
    began: Instant,
}

pub async fn draw(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    signed: SignedJson<Wish>,
) -> Result<Response, Failure> {
    let SignedJson { visitor, value: Wish { payload, level, moving } } = signed;
    let proof = find(&desk, &visitor, &id)?;
    let recipe = recipe(&payload)?;
    let (lines, mut told) = unbounded_channel();
    let reader = Reader { lines, began: Instant::now() };
    tokio::spawn(async move {
        tokio::select! {
            () = see_through(&desk, proof, recipe, (level, moving), &reader) => {}
            () = reader.lines.closed() => {}
        }
    });
    let lines =
        stream::poll_fn(move |cx| told.poll_recv(cx).map(|line| line.map(Ok::<_, std::convert::Infallible>)));
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The recipe of a payload, or why it is none.
pub fn recipe(payload: &Value) -> Result<Recipe, Failure> {
    Recipe::from_json(&payload.to_string())
        .map_err(|error| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, words::NOT_DRAWN, error.to_string()))
}

async fn see_through(
    desk: &Desk,
    proof: Arc<Proof>,
    recipe: Recipe,
    (level, moving): (u8, bool),
    reader: &Reader,
) {
    let Ok(_turn) = desk.proofs().drawings().clone().acquire_owned().await else { return };
    let (engine, proofs) = (desk.engine().clone(), desk.proofs().clone());
    let reader = Reader { lines: reader.lines.clone(), began: reader.began };
    let drawing = tokio::task::spawn_blocking(move || {
        // The turn lasts as long as the thread does, whoever still waits for it.
        let _turn = _turn;
        match proof.draw(&engine, &recipe, level, moving, &reader) {
            // The drawer of the sketches lies on another level, and must not be let go of while the slider moves.
            Ok(false) => return,
            Ok(true) | Err(EngineError::Cancelled) => {}
            Err(error) => {
                warn!(%error, "a proof could not be drawn");
                reader.tell(&json!({ "error": error.to_string() }));
            }
        }
        proofs.trim(&proof, level);
    });
    if drawing.await.is_err() {
        tracing::error!("drawing a proof panicked");
    }
}

impl Reader {
    fn tell(&self, value: &Value) {
        // A reader that has left is noticed by the next look.
        let _ = self.lines.send(format!("{value}\n").into());
    }
}

impl Listener for Reader {
    fn step(&self, step: Step<'_>) {
        match step {
            Step::Decoding => self.tell(&json!({ "step": "decoding" })),
            Step::Analysing => self.tell(&json!({ "step": "analysing" })),
            Step::Plugin { index, total, name } => {
                self.tell(&json!({ "step": "plugin", "index": index, "total": total, "name": name }));
            }
            Step::Laying | Step::Encoding => {}
        }
    }

    fn version(&self, published: Published, drawn: &Drawn) {
        let layers: Vec<_> = drawn
            .layers()
            .iter()
            .map(|layer| {
                let report = layer.report();
                json!({ "plugin": report.plugin, "empty": report.empty, "findings": report.findings })
            })
            .collect();
        self.tell(&json!({
            "version": published.number,
            "since": published.since.map(|(version, rect)| json!({
                "version": version,
                "changed": [rect.x, rect.y, rect.width, rect.height],
            })),
            "level": drawn.level().number(),
            "exact": drawn.is_exact(),
            "faces": drawn.faces(),
            "layers": layers,
            "ms": self.began.elapsed().as_millis() as u64,
        }));
    }

    fn has_left(&self) -> bool {
        self.lines.is_closed()
    }
}
