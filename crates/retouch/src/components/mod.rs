//! The list of workflow components. To add one: write its file, add its line here. Every retouching plugin is one too.

mod crop;
mod declaration;
mod drop_shadow;
mod edit_filename;
mod exif;
mod export;
mod fill_background;
mod flatten;
mod input;
mod plugin;
mod remove_background;
mod resize;
mod run;
mod scale;
mod set_on_canvas;
mod shadow;
mod skin_retouch;
#[cfg(test)]
mod tests;
mod work;
mod workflow;

use std::sync::OnceLock;

pub use declaration::{Declaration, Kind, Setting, Value, Values};
pub use run::{ComponentReport, WorkflowFault, WorkflowOutcome, WorkflowReport};
pub(crate) use work::turn_upright;
pub use work::{Assets, NoAssets, Upload, Work};
pub use workflow::{Workflow, WorkflowError, WorkflowStep};

use crate::recipe::Task;
use plugin::plugin_components;

/// One step of a workflow.
pub trait Component: Sync {
    /// Everything people and programs must know about the component.
    fn declaration(&self) -> &Declaration;

    /// The plugin tasks that a retouching component stands for; `None` for all others. Neighbouring retouching
    /// components run together, so that the picture is looked at once.
    fn retouching(&self, _values: &Values) -> Option<Vec<Task>> {
        None
    }

    /// Does the work of a component that does not retouch.
    ///
    /// # Errors
    /// When an asset is missing or unusable, a network fails, or the result cannot be written.
    fn apply(&self, _work: &mut Work<'_>, _values: &Values) -> Result<(), WorkflowFault> {
        Ok(())
    }
}

/// Every component that is not a plugin, in the order in which a catalogue is made.
static OWN: &[&dyn Component] = &[
    &input::Input,
    &remove_background::RemoveBackground,
    &skin_retouch::SkinRetouch,
    &crop::Crop,
    &set_on_canvas::SetOnCanvas,
    &drop_shadow::DropShadow,
    &fill_background::FillBackground,
    &resize::Resize,
    &edit_filename::EditFilename,
    &export::Export,
];

/// Every component: those of this folder, then every plugin under its own name.
pub fn components() -> &'static [&'static dyn Component] {
    static ALL: OnceLock<Vec<&'static dyn Component>> = OnceLock::new();
    ALL.get_or_init(|| {
        let plugins = plugin_components().iter().map(|component| component as &'static dyn Component);
        OWN.iter().copied().chain(plugins).collect()
    })
}

/// The component with exactly this type.
pub fn component(kind: &str) -> Option<&'static dyn Component> {
    components().iter().copied().find(|component| component.declaration().kind == kind)
}
