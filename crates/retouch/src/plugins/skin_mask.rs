//! Skin Mask: a selection of the skin, to confine colour and texture work in an editor.

use pixel::Plane;
use pixel::filter::guided_colour_model;

use crate::canvas::Canvas;
use crate::layer::{Layer, Matte};
use crate::plugin::{Blend, Need, Param, Plugin, Settings, Spec};
use crate::scene::Scene;

/// The plugin.
pub struct SkinMask;

static SPEC: Spec = Spec {
    name: "Skin Mask",
    about: "Selects skin: white on face, neck, ears, hands and body, soft where hair crosses it.",
    never: "Takes wood, sand, beige cloth or a warm wall for skin, or judges dark skin differently.",
    blend: Blend::Mask,
    needs: &[Need::FaceRegions, Need::PictureRegions],
    params: &[
        Param::PERSON_SCALE,
        Param::alpha1("Sensitivity", "low takes only certain skin, 2 takes doubtful places too", 2.0),
    ],
};

impl Plugin for SkinMask {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn draw(&self, scene: &Scene<'_>, settings: &Settings, layer: &mut Layer) {
        let exponent = settings.alpha1.max(0.05).powf(-1.5);
        if let Some(picture) = scene.picture() {
            // Faces have finer canvases of their own; the coarse selection is left out there.
            let mut skin = picture.regions.skin.clone();
            for view in scene.faces() {
                erase(&mut skin, &picture.canvas, &view.canvas);
            }
            layer.mattes.push(matte(&picture.canvas, &skin, exponent, 3.0));
        }
        for view in scene.faces() {
            layer.mattes.push(matte(&view.canvas, &view.regions.skin, exponent, 2.0));
        }
    }
}

/// Clears the part of a plane that a finer canvas covers.
fn erase(plane: &mut Plane, canvas: &Canvas, finer: &Canvas) {
    let rect = finer.grid.rect;
    for j in 0..plane.height() {
        for i in 0..plane.width() {
            let (x, y) = canvas.place(i as f32, j as f32);
            if rect.contains(x.max(0.0) as usize, y.max(0.0) as usize) {
                *plane.at_mut(i, j) = 0.0;
            }
        }
    }
}

/// The selection refined to the edges of the full picture.
fn matte(canvas: &Canvas, skin: &Plane, exponent: f32, sigma: f32) -> Matte {
    let selection = skin.map(|s| s.clamp(0.0, 1.0).powf(exponent));
    if canvas.grid.step == 1 {
        return Matte { grid: canvas.grid, plane: selection, guide: None };
    }
    let guide = guided_colour_model(canvas.channels(), &selection, sigma, 1e-4);
    // The window keeps the local models from answering far away from where they were fitted.
    let near = pixel::filter::gauss(&selection, sigma);
    let window = near.map(|v| (v * 6.0).clamp(0.0, 1.0));
    Matte { grid: canvas.grid, plane: window, guide: Some(guide) }
}
