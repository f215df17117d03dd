//! Live proofs: a picture with sliders, redrawn as they move.
//!
//! An [`Original`] is an upload that was opened once. It has *levels*: level 0 is the picture at full size, level `n`
//! the same at 1 / 2^n, upright or as stored, read by upright rectangles. A [`Drawer`] draws recipes on one level, as
//! [`Engine`] would on a picture of that size: same scene, same plugins, same layers. It keeps what it has drawn, so
//! that after a change of the recipe only the tasks from the first changed one on are drawn again, and the analysis
//! is made once. Each drawing gives a [`Drawn`], which never changes: any number of threads read rectangles of it,
//! with and without single layers, while the drawer is busy with the next one.
//!
//! ```
//! use pixel::codec::Limits;
//! use retouch::proof::{Drawer, Original};
//! use retouch::{Engine, Key, Preset, Recipe, Unwatched};
//!
//! # fn main() -> Result<(), retouch::EngineError> {
//! let file = include_bytes!("../../../../samples/portrait.jpg");
//! let engine = Engine::new();
//! let original = Original::open(file.as_slice(), &Limits::default())?;
//! let level = original.level(original.level_for(300))?;
//! let before = level.read(level.size().rect());
//!
//! let mut drawer = Drawer::new(level);
//! let mut recipe = Recipe::preset(Preset::Slight);
//! // Something to look at while the rest is worked out.
//! let _sketch = drawer.sketch(&engine, &recipe, &Unwatched)?;
//! let first = drawer.draw(&engine, &recipe, &Unwatched)?;
//!
//! // A slider moves: a draft at once, then the picture as it will be.
//! recipe.tasks[3].set(Key::Alpha1, 0.9);
//! if let Some(draft) = drawer.draft(&engine, &recipe, &Unwatched)? {
//!     let _tile = draft.read(draft.size().rect(), &[]).to_jpeg(90)?;
//! }
//! let drawn = drawer.draw(&engine, &recipe, &Unwatched)?;
//! assert!(drawn.is_exact());
//!
//! // All layers hidden is the original.
//! let hidden: Vec<usize> = (0..recipe.tasks.len()).collect();
//! assert_eq!(drawn.read(drawn.size().rect(), &hidden), before);
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine`]: crate::Engine

mod drawer;
mod drawn;
mod original;
mod seen;
mod tile;

#[cfg(test)]
mod tests;

pub use crate::inspect::Region;
pub use drawer::Drawer;
pub use drawn::{Drawn, DrawnLayer, Fidelity};
pub use original::{Level, Original};
pub use seen::Seen;
pub use tile::Tile;
