//! Previews: a workflow on a reduced sample, in the background. They cost nothing and keep nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use retouch::components::Kind;
use retouch::{Options, OutcomeKind, Upload, Watch, Workflow, WorkflowError};
use serde::Deserialize;
use serde_json::{Value, json};
use service::Pictures;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::sample::{self, Own};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::form::SignedJson;
use crate::words::workflows as words;

/// Previews worked on at a time: they must not keep orders from being done.
const AT_A_TIME: usize = 2;
/// How long a preview waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest side of a preview in pixels.
const LONGEST: f64 = 2_000.0;

/// What previews share.
pub struct Previews {
    room: Semaphore,
    /// People's own samples.
    pub own: Own,
}

impl Default for Previews {
    fn default() -> Self {
        Self { room: Semaphore::new(AT_A_TIME), own: Own::default() }
    }
}

impl Previews {
    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 when too many others wait.
    pub async fn room(&self) -> Result<SemaphorePermit<'_>, Failure> {
        let busy = || Failure::new(StatusCode::SERVICE_UNAVAILABLE, words::PREVIEW_FAILED, words::TOO_BUSY);
        timeout(PATIENCE, self.room.acquire()).await.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

/// What the editor sends.
#[derive(Deserialize)]
pub struct Wanted {
    components: Value,
    sample: String,
}

/// Ends the work when nobody waits for it any more.
#[derive(Clone, Default)]
struct Waiting(Arc<AtomicBool>);

impl Watch for Waiting {
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Leaves(Waiting);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

pub async fn preview(
    State(desk): State<Desk>,
    SignedJson { visitor, value: wanted }: SignedJson<Wanted>,
) -> Result<Response, Failure> {
    let organization = &visitor.member.organization.id;
    let refused = |text: String| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, words::PREVIEW_FAILED, text);
    let sample = sample::find(&desk, organization, &wanted.sample).await?;
    let workflow = Workflow::from_value(&wanted.components).and_then(|whole| reduced(&whole, sample.factor));
    let workflow = workflow.map_err(|error| refused(error.to_string()))?;
    let room = desk.previews().room().await?;
    let waiting = Waiting::default();
    let _leaves = Leaves(waiting.clone());
    let assets = Pictures::new(desk.service().clone(), organization.clone());
    let engine = desk.engine().clone();
    let done = tokio::task::spawn_blocking(move || {
        let upload = Upload { bytes: &sample.bytes, name: "sample.jpg", assets: &assets };
        engine.run_workflow(&upload, &workflow, &Options::default(), &waiting)
    });
    let done = done.await;
    drop(room);
    let outcome =
        done.map_err(|error| refused(error.to_string()))?.map_err(|error| refused(error.to_string()))?;
    let media_type = match outcome.kind {
        OutcomeKind::Image(format) => format.mime_type(),
        // Layers are switched off above: a preview is flat.
        _ => "application/octet-stream",
    };
    let mut response = Response::new(Body::from(outcome.bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The workflow for a picture whose pixels were reduced by `factor`: whatever it measures in pixels is reduced alike, and
/// the result is one that browsers show.
fn reduced(workflow: &Workflow, factor: f64) -> Result<Workflow, WorkflowError> {
    let largest =
        pixels(workflow).filter(|(key, _)| *key != "largestEdge").map(|(_, value)| value).fold(0.0, f64::max);
    let further = (LONGEST / (largest * factor)).min(1.0);
    let factor = factor * further;
    let mut steps = workflow.to_json();
    for step in steps.as_array_mut().into_iter().flatten() {
        let is_export = step["type"] == "export";
        let Some(settings) = step["settings"].as_object_mut() else { continue };
        for key in ["width", "height", "largestEdge"] {
            if let Some(value) = settings.get(key).and_then(Value::as_f64).filter(|value| *value > 0.0) {
                settings.insert(key.to_owned(), json!((value * factor).round().max(1.0)));
            }
        }
        if is_export {
            let shown = [
                ("profile", json!("srgb")),
                ("depth", json!("8")),
                ("metadata", json!("none")),
                ("fileSize", json!(0)),
                ("layers", json!(false)),
            ];
            settings.extend(shown.map(|(key, value)| (key.to_owned(), value)));
            if settings.get("format") == Some(&json!("tiff")) {
                settings.insert("format".to_owned(), json!("png"));
            }
        }
    }
    if let Some(input) = steps.get_mut(0).filter(|_| further < 1.0) {
        // The sample itself has to shrink as far as the canvas does.
        let edge = input["settings"]["largestEdge"].as_f64().filter(|edge| *edge > 0.0).unwrap_or(f64::MAX);
        input["settings"]["largestEdge"] = json!(edge.min(1_200.0 * further).round());
    }
    Workflow::from_value(&steps)
}

/// Settings that are measured in pixels.
fn pixels(workflow: &Workflow) -> impl Iterator<Item = (&'static str, f64)> {
    workflow.steps().iter().flat_map(|step| {
        let whole = step.component.declaration().settings.iter().filter(|setting| {
            matches!(setting.kind, Kind::Whole { .. })
                && matches!(setting.key, "width" | "height" | "largestEdge")
        });
        whole.map(move |setting| (setting.key, step.values.number(setting.key)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(steps: Value) -> Workflow {
        Workflow::from_value(&steps).expect("a workflow")
    }

    #[test]
    fn pixels_shrink_with_the_sample_and_layers_are_flat() {
        let whole = workflow(json!([
            { "type": "input" },
            { "type": "heal" },
            { "type": "export", "settings": { "layers": true, "largestEdge": 1000, "format": "tiff" } },
        ]));
        let small = reduced(&whole, 0.25).expect("a workflow");
        assert!(!small.wants_layers());
        assert_eq!(small.steps()[0].values.whole("largestEdge"), 1024);
        assert_eq!(small.steps()[2].values.whole("largestEdge"), 250);
        assert_eq!(small.steps()[2].values.word("format"), "png");
    }

    #[test]
    fn a_large_canvas_is_never_previewed_large() {
        let canvas = json!({ "width": 10_000, "height": 5_000 });
        let whole = workflow(json!([
            { "type": "input" },
            { "type": "set-on-canvas", "settings": canvas },
            { "type": "export" },
        ]));
        let small = reduced(&whole, 1.0).expect("a workflow");
        assert_eq!(small.steps()[1].values.whole("width"), 2_000);
        assert_eq!(small.steps()[1].values.whole("height"), 1_000);
        assert_eq!(small.steps()[0].values.whole("largestEdge"), 240);
    }
}
