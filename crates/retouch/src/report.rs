//! What was found on a picture and what each plugin did: the machine-readable account of a run.

use pixel::codec::{DecodeNote, Format};
use pixel::picture::Picture;
use serde::Serialize;

use crate::layer::{Finding, Layer};
use crate::plugin::{Blend, Settings, Spec};
use crate::recipe::Task;

/// Account of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Stored width in pixels.
    pub width: usize,
    /// Stored height in pixels.
    pub height: usize,
    /// EXIF orientation, 1 to 8.
    pub orientation: u32,
    /// Format of the upload.
    pub format: String,
    /// What differs between the upload and the pixels that were retouched, and what the result cannot hold of it.
    pub notes: Vec<String>,
    /// Faces found; 0 when no plugin asked for faces.
    pub faces: usize,
    /// One entry a task, in order.
    pub plugins: Vec<PluginReport>,
}

/// Account of one task.
#[derive(Clone, Debug, Serialize)]
pub struct PluginReport {
    /// Name of the plugin.
    pub plugin: &'static str,
    /// How its layer is laid.
    pub blend: Blend,
    /// Settings it ran with.
    pub settings: Settings,
    /// True when its layer was asked for as a file.
    pub as_layer: bool,
    /// True when it changed nothing.
    pub empty: bool,
    /// What it counted and measured.
    pub findings: Vec<Finding>,
    /// Its own entry for `result.json`.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Report {
    /// The account of a picture that was just decoded.
    pub fn new(picture: &Picture, format: Format, notes: &[DecodeNote]) -> Self {
        Self {
            width: picture.size.width,
            height: picture.size.height,
            orientation: picture.orientation.exif(),
            format: format.to_string(),
            notes: notes.iter().map(ToString::to_string).collect(),
            faces: 0,
            plugins: Vec::new(),
        }
    }
}

impl PluginReport {
    /// The account of a task that drew `layer`.
    pub fn new(spec: &'static Spec, task: &Task, layer: &Layer) -> Self {
        Self {
            plugin: spec.name,
            blend: spec.blend,
            settings: task.settings,
            as_layer: task.as_layer,
            empty: layer.is_empty(),
            findings: layer.findings.clone(),
            metadata: layer.metadata.clone(),
        }
    }
}
