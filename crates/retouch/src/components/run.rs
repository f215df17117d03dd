//! Running a workflow: from an upload to a finished file with its name and the account of what was done.

use pixel::codec::{self, Decoded};
use pixel::picture::Picture;
use serde::Serialize;

use super::work::{Upload, Work};
use super::workflow::{Workflow, WorkflowStep};
use crate::engine::{Engine, EngineError, Options, OutcomeKind, Step, Watch, check};
use crate::layer::Finding;
use crate::recipe::{OutputChoice, Recipe, Task};
use crate::report::{PluginReport, Report};

/// The finished file of a workflow.
#[derive(Debug)]
pub struct WorkflowOutcome {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: OutcomeKind,
    /// What was found and done.
    pub report: WorkflowReport,
}

/// Account of one run of a workflow.
#[derive(Clone, Debug, Serialize)]
pub struct WorkflowReport {
    /// Name of the result without its extension.
    pub stem: String,
    /// Extension that goes with the result, without the dot.
    pub extension: &'static str,
    /// Width of the result in pixels.
    pub width: usize,
    /// Height of the result in pixels.
    pub height: usize,
    /// Format of the upload.
    pub format: String,
    /// What differs between the upload and the pixels that were worked on, and what the result cannot hold of it.
    pub notes: Vec<String>,
    /// Faces found; 0 when no component asked for faces.
    pub faces: usize,
    /// One entry a component, in order.
    pub components: Vec<ComponentReport>,
}

/// Account of one component.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentReport {
    /// Type of the component.
    #[serde(rename = "type")]
    pub kind: String,
    /// The owner's name for it.
    pub label: String,
    /// Settings it ran with.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// What it counted and measured.
    pub findings: Vec<Finding>,
    /// The plugins it stands for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginReport>,
}

/// Why a workflow could not be run on a picture.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowFault {
    /// Reading, retouching or writing failed, or the watcher asked to stop.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A picture that the workflow names is not there.
    #[error("fill-background: the picture {0} is not there: upload it and use its content hash")]
    NoAsset(String),
    /// A picture that the workflow names cannot be read.
    #[error("fill-background: the picture {hash} cannot be read: {reason}")]
    BadAsset {
        /// Its content hash.
        hash: String,
        /// Why.
        reason: codec::DecodeError,
    },
    /// No picture worth the name fits the file size that is wanted.
    #[error("export: no picture fits {most} bytes: allow a larger fileSize or leave the metadata out")]
    FileSize {
        /// Wanted bytes.
        most: usize,
    },
    /// The workflow wants more pixels than are allowed.
    #[error("{component}: a result of {width} x {height} pixels is too large: ask for less")]
    TooLarge {
        /// Type of the component.
        component: &'static str,
        /// Wanted width.
        width: usize,
        /// Wanted height.
        height: usize,
    },
}

impl From<codec::EncodeError> for WorkflowFault {
    fn from(error: codec::EncodeError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<vision::VisionError> for WorkflowFault {
    fn from(error: vision::VisionError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// Runs a workflow on one upload.
    ///
    /// # Errors
    /// When the upload or an asset cannot be read, the result cannot be written or would be too large, a network
    /// fails or the watcher cancels. Nothing is returned in part.
    pub fn run_workflow(
        &self,
        upload: &Upload<'_>,
        workflow: &Workflow,
        options: &Options,
        watch: &dyn Watch,
    ) -> Result<WorkflowOutcome, WorkflowFault> {
        watch.step(Step::Decoding);
        let decoded = codec::decode(upload.bytes, &options.limits).map_err(EngineError::from)?;
        check(watch)?;
        let Decoded { picture, format, notes } = decoded;
        let report = Report::new(&picture, format, &notes);
        let mut run = Run { faces: 0, components: Vec::new(), watch, total: workflow.steps().len() };
        let mut work = Work::new(self, upload, picture, format, options, watch);
        let mut steps = workflow.steps();
        while let Some(step) = steps.first() {
            let count = retouching(steps).len();
            if count == 0 {
                run.apply(&mut work, step)?;
                steps = &steps[1..];
            } else if workflow.wants_layers() {
                // Everything up to the export is retouching or naming, so all layers are drawn at the end.
                run.note(step, Vec::new());
                steps = &steps[1..];
            } else {
                run.retouch(&mut work, &steps[..count])?;
                steps = &steps[count..];
            }
            check(watch)?;
        }
        let (bytes, kind) = if workflow.wants_layers() {
            run.layers(&mut work, workflow, report.clone())?
        } else {
            work.take_result()?
        };
        let size = work.picture.upright_size();
        let extension = kind.extension();
        let Run { faces, components, .. } = run;
        let report = WorkflowReport {
            stem: work.stem,
            extension,
            width: size.width,
            height: size.height,
            format: report.format,
            notes: [report.notes, work.notes].concat(),
            faces,
            components,
        };
        Ok(WorkflowOutcome { bytes, kind, report })
    }
}

/// The retouching components at the head of a list, each with its tasks.
fn retouching(steps: &[WorkflowStep]) -> Vec<Vec<Task>> {
    steps.iter().map_while(|step| step.component.retouching(&step.values)).collect()
}

/// The account while a workflow runs.
struct Run<'a> {
    faces: usize,
    components: Vec<ComponentReport>,
    watch: &'a dyn Watch,
    total: usize,
}

impl Run<'_> {
    fn apply(&mut self, work: &mut Work<'_>, step: &WorkflowStep) -> Result<(), WorkflowFault> {
        let kind = step.component.declaration().kind.as_ref();
        self.watch.step(Step::Plugin { index: self.components.len(), total: self.total, name: kind });
        step.component.apply(work, &step.values)?;
        let findings = std::mem::take(&mut work.findings);
        self.note(step, findings);
        Ok(())
    }

    fn note(&mut self, step: &WorkflowStep, findings: Vec<Finding>) {
        self.components.push(ComponentReport {
            kind: step.component.declaration().kind.to_string(),
            label: step.label.clone(),
            settings: step.values.to_json(),
            findings,
            plugins: Vec::new(),
        });
    }

    /// Runs neighbouring retouching components as one recipe.
    fn retouch(&mut self, work: &mut Work<'_>, steps: &[WorkflowStep]) -> Result<(), WorkflowFault> {
        let groups = retouching(steps);
        let mut done = self.draw(work, groups.iter().flatten().cloned().collect())?.into_iter();
        for (step, tasks) in steps.iter().zip(&groups) {
            self.note(step, Vec::new());
            if let Some(entry) = self.components.last_mut() {
                entry.plugins = done.by_ref().take(tasks.len()).collect();
            }
        }
        Ok(())
    }

    fn draw(&mut self, work: &mut Work<'_>, tasks: Vec<Task>) -> Result<Vec<PluginReport>, WorkflowFault> {
        let recipe = Recipe { tasks, output: OutputChoice::AsUploaded };
        let mut report = Report::new(&work.picture, work.format, &[]);
        work.engine.retouch_in_place(&mut work.picture, &recipe, &mut report, self.watch)?;
        self.faces = self.faces.max(report.faces);
        Ok(report.plugins)
    }

    /// All retouching of a workflow as a ZIP of layers.
    fn layers(
        &mut self,
        work: &mut Work<'_>,
        workflow: &Workflow,
        report: Report,
    ) -> Result<(Vec<u8>, OutcomeKind), WorkflowFault> {
        let steps = workflow.steps();
        let tasks = |step: &WorkflowStep| step.component.retouching(&step.values).unwrap_or_default();
        let recipe = Recipe { tasks: steps.iter().flat_map(tasks).collect(), output: OutputChoice::Zip };
        let recipe = recipe.layered();
        let quality = steps.last().map_or(95, |step| step.values.whole("quality"));
        let options = Options { jpeg_quality: quality.clamp(1, 100) as u8, ..*work.options };
        let picture: Picture = work.picture.clone();
        let size = picture.size;
        let report = Report { width: size.width, height: size.height, ..report };
        let outcome =
            work.engine.retouch_decoded(picture, work.format, report, &recipe, &options, self.watch)?;
        self.faces = outcome.report.faces;
        Ok((outcome.bytes, outcome.kind))
    }
}
