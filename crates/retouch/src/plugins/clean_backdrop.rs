//! Clean Backdrop: takes dust, scuffs and stains off studio paper, cloth and plain walls.

mod backdrop;
mod specks;
mod stains;

use pixel::Plane;
use pixel::rank::{at_rank, inside};

use crate::layer::Layer;
use crate::plugin::{Blend, Key, Need, Param, Plugin, Scale, Settings, Spec};
use crate::scene::Scene;
use backdrop::Backdrop;
use specks::Specks;

/// The plugin.
pub struct CleanBackdrop;

static SPEC: Spec = Spec {
    name: "Clean Backdrop",
    about: "Takes dust, scuffs and stains off a studio backdrop and keeps its light and grain.",
    never: "Touches landscapes and rooms, stray hair, shoes, cast shadows or the fall-off of light.",
    blend: Blend::Normal,
    needs: &[Need::Faces, Need::PictureRegions],
    params: &[
        Param {
            key: Key::Scale,
            label: "Dirt size",
            meaning: "0 all dirt, 1 the largest only, 2 middle, 3 the finest only",
            min: 0.0,
            max: 3.0,
            default: 0.0,
        },
        Param::alpha1("Strength", "how much of the dirt is taken off", 1.0),
        Param {
            key: Key::Automask,
            label: "Protect person",
            meaning: "1 keeps every pixel of the person",
            min: 0.0,
            max: 1.0,
            default: 0.0,
        },
    ],
};

/// Which dirt is taken off, by its longest side as a share of the picture's long edge.
struct DirtSizes {
    /// Specks and scuffs between these.
    specks: std::ops::Range<f32>,
    /// Whether soft stains go.
    stains: bool,
}

impl DirtSizes {
    /// The longest scuff that is not rather the edge of a thing.
    const LONGEST: f32 = 0.12;

    fn of(scale: Scale) -> Self {
        let (specks, stains) = match scale {
            Scale::Auto => (0.0..Self::LONGEST, true),
            Scale::Large => (0.02..Self::LONGEST, true),
            Scale::Medium => (0.006..0.06, false),
            Scale::Small => (0.0..0.012, false),
        };
        Self { specks, stains }
    }
}

impl Plugin for CleanBackdrop {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let Some(view) = scene.picture() else { return };
        let face = scene.found_faces().first().map(|face| face.width / view.canvas.grid.step as f32);
        let Some(backdrop) = Backdrop::open(view, face, settings.automask) else { return };
        let sizes = DirtSizes::of(settings.scale);
        let specks = Specks::find(&view.canvas, &backdrop);
        if scene.cancelled() {
            return;
        }
        let stains = stains::correction(&view.canvas, &backdrop, &specks, scene);
        let strength = settings.alpha1.clamp(0.0, 1.0);
        let specks = specks.kept(&sizes.specks, &stains.things, &backdrop);
        let mut offset = stains.offset;
        let share = if sizes.stains { strength } else { 0.0 };
        offset.iter_mut().for_each(|plane| plane.apply(|v| share * v));
        layer.patches = specks.patches(&view.canvas, &backdrop, &offset, strength, scene);
        layer.found("specks and scuffs", layer.patches.len() as f64);
        if sizes.stains {
            layer.fields.push(backdrop.field(offset));
        }
    }
}

/// The value below which `share` of the samples of `plane` inside `region` (above 1/2) lie; one sample in
/// `stride` is looked at.
fn quantile(plane: &Plane, region: &Plane, share: f32, stride: usize) -> Option<f32> {
    at_rank(inside(plane, region, stride), share)
}

#[cfg(test)]
mod tests;
