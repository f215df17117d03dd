//! A drawn version: layers over a level, read by any number of threads.

use std::collections::HashSet;
use std::sync::Arc;

use pixel::picture::Picture;
use pixel::{Rect, Size};

use super::original::Level;
use super::tile::{self, Tile};
use crate::lay::StoredLayer;
use crate::layer::Layer;
use crate::pile::flatten;
use crate::recipe::{Recipe, Task};
use crate::report::PluginReport;

/// The layer of one task.
#[derive(Clone)]
pub struct DrawnLayer {
    pub(super) stored: Arc<StoredLayer>,
    report: Arc<PluginReport>,
    bounds: Option<Rect>,
}

impl DrawnLayer {
    pub(super) fn new(task: &Task, layer: &Layer, stored: Arc<StoredLayer>, picture: &Picture) -> Self {
        let reach = stored.reach();
        let bounds = (!reach.is_empty()).then(|| picture.orientation.rect_to_upright(reach, picture.size));
        Self { stored, report: Arc::new(PluginReport::new(task.plugin.spec(), task, layer)), bounds }
    }

    /// What was found and done.
    pub fn report(&self) -> &PluginReport {
        &self.report
    }

    /// The smallest upright rectangle of the level outside of which the layer changes nothing; `None` when it changes
    /// nothing at all, as masks and findings do.
    pub fn bounds(&self) -> Option<Rect> {
        self.bounds
    }
}

/// How much a version tells of the picture as it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// A first look, on half the sides of the level that was asked for.
    Sketch,
    /// Layers above the changed one are those of the version before.
    Draft,
    /// Every layer was drawn over the layers that lie below it now.
    Exact,
}

/// A level with the layers of a recipe over it. Never changes; layers are shared with the versions before and after.
#[derive(Clone)]
pub struct Drawn {
    pub(super) level: Arc<Level>,
    pub(super) recipe: Recipe,
    pub(super) layers: Vec<DrawnLayer>,
    pub(super) faces: usize,
    pub(super) fidelity: Fidelity,
}

impl Drawn {
    /// What was drawn.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How much it tells of the picture as it will be.
    pub fn fidelity(&self) -> Fidelity {
        self.fidelity
    }

    /// True when it is the picture as it will be, see [`Fidelity::Exact`].
    pub fn is_exact(&self) -> bool {
        self.fidelity == Fidelity::Exact
    }

    /// Upright size.
    pub fn size(&self) -> Size {
        self.level.size()
    }

    /// The picture under the layers.
    pub fn level(&self) -> &Arc<Level> {
        &self.level
    }

    /// Faces found; 0 when no task asked for faces.
    pub fn faces(&self) -> usize {
        self.faces
    }

    /// One layer a task, in the recipe's order.
    pub fn layers(&self) -> &[DrawnLayer] {
        &self.layers
    }

    /// The upright rectangle of the level outside of which this version looks like an older one: what a screen need not
    /// ask for again. Empty when nothing changed; the whole when the other is of another level.
    pub fn changed_since(&self, older: &Self) -> Rect {
        let whole = self.size().rect();
        if !Arc::ptr_eq(&self.level, &older.level) || self.layers.len() != older.layers.len() {
            return whole;
        }
        let pairs = self.layers.iter().zip(&older.layers);
        let redrawn = pairs.filter(|(new, old)| !Arc::ptr_eq(&new.stored, &old.stored));
        let bounds = redrawn.flat_map(|(new, old)| [new.bounds, old.bounds]).flatten();
        bounds.fold(Rect::default(), Rect::union)
    }

    /// The upright rectangle, cut to the level, in 8-bit sRGB. Transparent pixels lie over white.
    ///
    /// `hidden` are the tasks, by index, whose layers are left out. Layers above a hidden one were drawn with it and
    /// stay as they are, as in an editor: hiding and showing costs no drawing. To see the picture as if a task had
    /// never been, draw a recipe without it.
    pub fn read(&self, rect: Rect, hidden: &[usize]) -> Tile {
        tile::read(&self.level.picture, &self.level.space, &self.shown(hidden), rect)
    }

    /// The whole level, flat, in the document's space and orientation, as the engine would write it.
    pub fn picture(&self, hidden: &[usize]) -> Picture {
        let mut picture = self.level.picture.clone();
        flatten(&mut picture, &self.shown(hidden));
        picture
    }

    /// Bytes of the layers. Versions share layers: the sum over several versions counts those more than once.
    pub fn memory(&self) -> usize {
        let mut counted = HashSet::new();
        self.memory_beside(&mut counted)
    }

    /// Bytes of the layers that are not yet in `counted`.
    pub(super) fn memory_beside(&self, counted: &mut HashSet<*const StoredLayer>) -> usize {
        let fresh = self.layers.iter().filter(|layer| counted.insert(Arc::as_ptr(&layer.stored)));
        fresh.map(|layer| layer.stored.memory()).sum()
    }

    fn shown(&self, hidden: &[usize]) -> Vec<&StoredLayer> {
        let layers = self.layers.iter().enumerate().filter(|(index, _)| !hidden.contains(index));
        layers.map(|(_, layer)| &*layer.stored).filter(|stored| !stored.is_empty()).collect()
    }
}
