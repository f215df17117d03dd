//! The craft as the worker sees it: bytes and work go in, a file comes out.

use std::sync::Arc;

use pixel::codec::{EncodeError, Limits};
use retouch::components::WorkflowFault;
use retouch::{Engine, EngineError, Options, Upload, Watch};
use serde_json::json;

use crate::{Settings, Work};

/// Someone who can do the work.
pub trait Craft: Send + Sync {
    /// Does the work on one uploaded file; may take long, is called where blocking is fine.
    ///
    /// # Errors
    /// See [`CraftError`]; nothing comes out in part.
    fn run(&self, upload: &Upload<'_>, work: &Work, watch: &dyn Watch) -> Result<Piece, CraftError>;
}

/// A finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub media_type: &'static str,
    /// The usual ending of its name.
    pub extension: &'static str,
    /// Its name without the ending, when the work has named it.
    pub stem: Option<String>,
}

/// Why nothing came out. The texts are for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CraftError {
    /// The same again would end the same.
    Hopeless(String),
    /// Another try may do.
    Failed(String),
    /// The watcher asked to stop.
    Stopped,
}

/// The real engine.
pub struct EngineCraft {
    engine: Arc<Engine>,
    options: Options,
}

impl EngineCraft {
    /// The engine with the limits of the house.
    pub fn new(engine: Arc<Engine>, settings: &Settings) -> Self {
        // What was accepted as an upload was measured then; the pixels guard against a file that lies in its header.
        let limits = Limits { max_bytes: u64::MAX, max_pixels: settings.limits.max_pixels() };
        Self { engine, options: Options { limits, jpeg_quality: settings.jpeg_quality } }
    }
}

impl Craft for EngineCraft {
    fn run(&self, upload: &Upload<'_>, work: &Work, watch: &dyn Watch) -> Result<Piece, CraftError> {
        if let Work::Workflow(workflow) = work {
            let outcome = self.engine.run_workflow(upload, workflow, &self.options, watch).map_err(fault)?;
            let (media_type, extension) = (outcome.kind.media_type(), outcome.kind.extension());
            return Ok(Piece {
                bytes: outcome.bytes,
                media_type,
                extension,
                stem: Some(outcome.report.stem),
            });
        }
        let recipe = work.recipe();
        let outcome = self.engine.retouch(upload.bytes, &recipe, &self.options, watch).map_err(told)?;
        if *work == Work::Features {
            let report = &outcome.report;
            let faces = report.plugins.first().and_then(|plugin| plugin.metadata.get("faces"));
            let features = json!({
                "jsonVersion": "1",
                "image": { "width": report.width, "height": report.height, "orientation": report.orientation },
                "faces": faces.cloned().unwrap_or_else(|| json!([])),
            });
            let bytes = features.to_string().into_bytes();
            return Ok(Piece { bytes, media_type: "application/json", extension: "json", stem: None });
        }
        let (media_type, extension) = (outcome.kind.media_type(), outcome.kind.extension());
        Ok(Piece { bytes: outcome.bytes, media_type, extension, stem: None })
    }
}

/// A fault of a workflow: what the user asked for cannot be had, or the engine failed.
fn fault(fault: WorkflowFault) -> CraftError {
    match fault {
        WorkflowFault::Engine(error) => told(error),
        fault => CraftError::Hopeless(fault.to_string()),
    }
}

fn told(error: EngineError) -> CraftError {
    match error {
        EngineError::Cancelled => CraftError::Stopped,
        EngineError::Decode(error) => CraftError::Hopeless(error.to_string()),
        EngineError::Encode(
            error @ (EncodeError::ZeroSize
            | EncodeError::SampleCount
            | EncodeError::TooLarge { .. }
            | EncodeError::DocumentTooLarge { .. }),
        ) => CraftError::Hopeless(error.to_string()),
        EngineError::Plugin(_) => CraftError::Failed(error.to_string()),
        error => {
            tracing::warn!(%error, "the engine failed");
            let text = match error {
                EngineError::Vision(_) => {
                    "the picture could not be analysed: send it again, or in another size"
                }
                EngineError::Archive(_) => {
                    "the layers could not be packed: send the picture again, or a smaller one"
                }
                _ => "the result could not be written: send the picture again, or ask for another format",
            };
            CraftError::Failed(text.to_owned())
        }
    }
}
