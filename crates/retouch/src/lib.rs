//! The craft: plugins that draw layers, recipes that order them, and the engine that lays them.
//!
//! This crate reads no files, keeps no time and knows no wire dialect.

mod archive;
mod bare_skin;
pub mod canvas;
pub mod complexion;
pub mod components;
pub mod correction;
mod deliver;
pub mod engine;
mod eye;
mod feature;
mod form;
pub mod inspect;
pub mod known;
pub mod lay;
pub mod layer;
mod linear;
pub mod matting;
mod outline;
pub mod pile;
pub mod plugin;
pub mod plugins;
pub mod proof;
mod psd;
mod quadratic;
pub mod recipe;
pub mod report;
pub mod scene;
mod surface;
mod symmetry;

pub use components::{Component, Upload, Workflow, WorkflowError, component, components};
pub use engine::{Engine, EngineError, Options, Outcome, OutcomeKind, Step, Unwatched, Watch};
pub use inspect::{Inspection, SeenFace};
pub use plugin::{Blend, Key, Need, Param, Plugin, Scale, Settings, Spec};
pub use plugins::plugins;
pub use recipe::{OutputChoice, Preset, Recipe, RecipeError, Remark, Task};
pub use report::Report;
