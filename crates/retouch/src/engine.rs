//! From uploaded bytes and a recipe to a finished picture or a ZIP of layers.

use std::borrow::Cow;

use pixel::codec::{self, Decoded, EncodeOptions, Format, Limits};
use pixel::colour::profile::ColourSpace;
use pixel::picture::Picture;
use pixel::{Plane, Rect};
use vision::{Look, Networks, Overview, Sight, VisionError};

use crate::canvas::reduce_upright;
use crate::components::turn_upright;
use crate::deliver;
use crate::layer::Layer;
use crate::pile::{Pile, flatten};
use crate::plugin::{Blend, Need};
use crate::psd;
use crate::recipe::{OutputChoice, Recipe, Task};
use crate::report::{PluginReport, Report};
use crate::scene::{Scene, encoded_srgb};

/// Long edge of the reduced picture that the networks see.
const OVERVIEW_LONG_EDGE: usize = 1600;

/// The retouching engine. Holds the networks; one serves all threads of a process.
pub struct Engine {
    pub(crate) networks: Networks,
}

/// How a picture is read and written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What is refused before any pixel memory is taken.
    pub limits: Limits,
    /// Quality of JPEG results, 1 to 100.
    pub jpeg_quality: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), jpeg_quality: EncodeOptions::default().jpeg_quality }
    }
}

/// Someone who follows the work and may end it.
pub trait Watch: Sync {
    /// Called when a step begins.
    fn step(&self, _step: Step<'_>) {}

    /// Asked between steps and inside long ones; true ends the work with [`EngineError::Cancelled`].
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {}

/// A step of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Bytes to pixels.
    Decoding,
    /// Finding what the recipe needs to know.
    Analysing,
    /// A plugin draws.
    Plugin {
        /// Index of the task, from 0.
        index: usize,
        /// Number of tasks.
        total: usize,
        /// Name of the plugin.
        name: &'a str,
    },
    /// Layers are laid over the picture, or rendered.
    Laying,
    /// Pixels to bytes.
    Encoding,
}

/// A finished piece of work.
#[derive(Debug)]
pub struct Outcome {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: OutcomeKind,
    /// What was found and done.
    pub report: Report,
}

/// What the bytes of an [`Outcome`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// A flat picture.
    Image(Format),
    /// A ZIP with layers.
    LayersZip,
    /// A Photoshop document with layers.
    Psd,
}

impl OutcomeKind {
    /// Media type as registered with IANA.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Image(format) => format.mime_type(),
            Self::LayersZip => "application/zip",
            Self::Psd => codec::PSD_MIME_TYPE,
        }
    }

    /// The usual file extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Image(format) => format.extension(),
            Self::LayersZip => "zip",
            Self::Psd => codec::PSD_EXTENSION,
        }
    }
}

/// Why a picture could not be retouched.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The upload cannot be read.
    #[error(transparent)]
    Decode(#[from] codec::DecodeError),
    /// The result cannot be written in the wanted format.
    #[error(transparent)]
    Encode(#[from] codec::EncodeError),
    /// A network failed.
    #[error("the picture could not be analysed: {0}")]
    Vision(#[from] VisionError),
    /// The ZIP could not be built.
    #[error("the layer archive could not be written: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// A plugin drew outside the picture; a defect of the plugin.
    #[error("plugin {0} failed on this picture: please report it with the picture")]
    Plugin(&'static str),
    /// The watcher asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Engine {
    /// An engine whose networks run on the threads of the process's rayon pool.
    pub fn new() -> Self {
        Self { networks: Networks::new(rayon::current_num_threads()) }
    }

    /// Loads the networks now rather than with the first picture.
    pub fn warm(&self) {
        self.networks.load();
    }

    /// Retouches one uploaded file.
    ///
    /// # Errors
    /// When the upload cannot be read, the result cannot be written, a network fails or the watcher
    /// cancels. Nothing is returned in part.
    pub fn retouch(
        &self,
        upload: &[u8],
        recipe: &Recipe,
        options: &Options,
        watch: &dyn Watch,
    ) -> Result<Outcome, EngineError> {
        watch.step(Step::Decoding);
        let Decoded { picture, format, notes } = codec::decode(upload, &options.limits)?;
        check(watch)?;
        let report = Report::new(&picture, format, &notes);
        self.retouch_decoded(picture, format, report, recipe, options, watch)
    }

    /// Retouches a picture that was decoded from a file of `format` and writes the result.
    pub(crate) fn retouch_decoded(
        &self,
        mut picture: Picture,
        format: Format,
        mut report: Report,
        recipe: &Recipe,
        options: &Options,
        watch: &dyn Watch,
    ) -> Result<Outcome, EngineError> {
        let encode = EncodeOptions { jpeg_quality: options.jpeg_quality };
        if recipe.output == OutputChoice::Psd {
            turn_upright(&mut picture);
            let layers = self.draw(&picture, recipe, &mut report, watch, |pile, _| pile.into_layers())?;
            watch.step(Step::Laying);
            let bytes = psd::document(picture, layers, recipe)?;
            return Ok(Outcome { bytes, kind: OutcomeKind::Psd, report });
        }
        if recipe.wants_zip() {
            let zip = |pile: Pile<'_>, report: &Report| {
                watch.step(Step::Laying);
                deliver::layers_zip(pile, recipe, format, &encode, report)
            };
            let bytes = self.draw(&picture, recipe, &mut report, watch, zip)??;
            return Ok(Outcome { bytes, kind: OutcomeKind::LayersZip, report });
        }
        self.retouch_in_place(&mut picture, recipe, &mut report, watch)?;
        check(watch)?;
        watch.step(Step::Encoding);
        let format = flat_format(recipe.output, format);
        report.notes.extend(codec::left_out(&picture, format).iter().map(ToString::to_string));
        let bytes = codec::encode(&picture, format, &encode)?;
        Ok(Outcome { bytes, kind: OutcomeKind::Image(format), report })
    }

    /// Draws the recipe's layers and lays them into the picture.
    pub(crate) fn retouch_in_place(
        &self,
        picture: &mut Picture,
        recipe: &Recipe,
        report: &mut Report,
        watch: &dyn Watch,
    ) -> Result<(), EngineError> {
        let layers = self.draw(picture, recipe, report, watch, |pile, _| pile.into_layers())?;
        watch.step(Step::Laying);
        flatten(picture, &layers);
        Ok(())
    }

    /// Looks at the picture, draws the recipe's layers and hands the pile to `finish`.
    fn draw<T>(
        &self,
        picture: &Picture,
        recipe: &Recipe,
        report: &mut Report,
        watch: &dyn Watch,
        finish: impl FnOnce(Pile<'_>, &Report) -> T,
    ) -> Result<T, EngineError> {
        let space = document_space(picture);
        let cancelled = || watch.cancelled();
        let looker = Looker { picture, space: &space };
        let sight = Sight::new(&self.networks, overview(picture, &space), &looker)?;
        let mut scene = Scene::new(Pile::new(picture), &space, Some(&sight), &cancelled);
        draw_all(&mut scene, recipe, report, watch)?;
        Ok(finish(scene.into_pile(), report))
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

fn draw_all(
    scene: &mut Scene<'_>,
    recipe: &Recipe,
    report: &mut Report,
    watch: &dyn Watch,
) -> Result<(), EngineError> {
    watch.step(Step::Analysing);
    scene.meet(&needs(&recipe.tasks))?;
    report.faces = scene.found_faces().len();
    check(watch)?;
    for (index, task) in recipe.tasks.iter().enumerate() {
        let spec = task.plugin.spec();
        watch.step(Step::Plugin { index, total: recipe.tasks.len(), name: spec.name });
        let layer = draw_task(scene, task)?;
        scene.lay(&layer, spec.blend, &needs(&recipe.tasks[index + 1..]));
        report.plugins.push(PluginReport::new(spec, task, &layer));
        check(watch)?;
    }
    Ok(())
}

/// Everything that must be known before the tasks can be drawn.
pub(crate) fn needs(tasks: &[Task]) -> Vec<Need> {
    let busy = tasks.iter().filter(|task| !is_idle(task));
    busy.flat_map(|task| task.plugin.spec().needs.iter().copied()).collect()
}

/// What a task draws over the scene as it is.
pub(crate) fn draw_task(scene: &Scene<'_>, task: &Task) -> Result<Layer, EngineError> {
    let mut layer = Layer::default();
    if !is_idle(task) {
        task.plugin.draw(scene, &task.settings, &mut layer);
    }
    if layer.lies_in(scene.size()) { Ok(layer) } else { Err(EngineError::Plugin(task.plugin.spec().name)) }
}

/// A task that can change nothing needs no analysis either; metadata has no strength.
fn is_idle(task: &Task) -> bool {
    task.settings.is_neutral() && task.plugin.spec().blend != Blend::Metadata
}

pub(crate) fn check(watch: &dyn Watch) -> Result<(), EngineError> {
    if watch.cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
}

/// The document's colour space; sRGB when there is no profile or an unusable one (the decoder notes it).
pub(crate) fn document_space(picture: &Picture) -> ColourSpace {
    let profile = picture.metadata.icc.as_deref().map(ColourSpace::from_icc);
    profile.and_then(Result::ok).unwrap_or_else(ColourSpace::srgb)
}

/// The reduced upright picture in sRGB.
pub(crate) fn overview(picture: &Picture, space: &ColourSpace) -> Overview {
    let full = picture.upright_size();
    let step = full.long_edge().div_ceil(OVERVIEW_LONG_EDGE).max(1);
    let rgb = Cow::Owned(reduce_upright(picture, full.rect(), step));
    Overview { rgb: encoded_srgb(rgb, space).into_owned().into(), step: step as f32, full }
}

/// Closer looks at the upload for the networks.
pub(crate) struct Looker<'a> {
    /// The upload.
    pub picture: &'a Picture,
    /// Its colour space.
    pub space: &'a ColourSpace,
}

impl Look for Looker<'_> {
    fn look(&self, rect: Rect, step: usize) -> [Plane; 3] {
        encoded_srgb(Cow::Owned(reduce_upright(self.picture, rect, step)), self.space).into_owned()
    }
}

/// The format of a flat result.
pub(crate) fn flat_format(choice: OutputChoice, upload: Format) -> Format {
    match choice {
        OutputChoice::AsUploaded | OutputChoice::Zip | OutputChoice::Psd => upload,
        OutputChoice::Jpeg => Format::Jpeg,
        OutputChoice::Png => Format::Png,
        OutputChoice::Tiff => Format::Tiff,
        OutputChoice::WebP => Format::WebP,
    }
}
