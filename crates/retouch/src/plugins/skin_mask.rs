//! Skin Mask: a selection of the skin, to confine colour and texture work in an editor.

use pixel::Plane;
use pixel::filter::Guide;

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
        Param::SCALE_UNUSED,
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
            let mut skin = picture.fine(&picture.regions.skin).into_owned();
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
    let guide = Guide::new(canvas.channels(), sigma, 1e-4).fit(canvas.channels(), &selection);
    // The window keeps the local models from answering far away from where they were fitted.
    let near = pixel::filter::gauss(&selection, sigma);
    let window = near.map(|v| (v * 6.0).clamp(0.0, 1.0));
    Matte { grid: canvas.grid, plane: window, guide: Some(guide) }
}

#[cfg(test)]
mod tests {
    use pixel::{Rect, Size};

    use super::*;
    use crate::scene::testing::SceneBuilder;

    const SIZE: Size = Size::new(64, 48);

    /// Selected area at a sensitivity, in canvas samples.
    fn area(alpha1: f32, step: usize) -> f64 {
        let face = Rect { x: 0, y: 0, width: SIZE.width, height: SIZE.height };
        let builder = SceneBuilder::new(SIZE, |x, _| if x < 32 { [0.8, 0.6, 0.5] } else { [0.2, 0.3, 0.6] })
            .face(face, step, 40.0, |canvas, regions| {
                let half = canvas.size().width as f32 / 2.0;
                regions.skin = Plane::from_fn(canvas.size(), |x, _| (1.2 - x as f32 / half).clamp(0.0, 1.0));
            });
        let layer = builder.draw(&SkinMask, &Settings { alpha1, ..Settings::defaults(&SPEC) });
        layer.mattes.iter().map(|matte| matte.plane.sum()).sum()
    }

    #[test]
    fn sensitivity_widens_the_selection() {
        let areas: Vec<f64> = [0.3, 0.6, 1.0, 1.5, 2.0].into_iter().map(|alpha| area(alpha, 1)).collect();
        assert!(areas.windows(2).all(|pair| pair[1] > pair[0]), "{areas:?}");
    }

    #[test]
    fn a_coarse_canvas_selects_by_a_model_for_the_full_picture() {
        let face = Rect { x: 0, y: 0, width: SIZE.width, height: SIZE.height };
        let builder =
            SceneBuilder::new(SIZE, |_, _| [0.7, 0.5, 0.4]).face(face, 2, 40.0, |canvas, regions| {
                regions.skin = Plane::filled(canvas.size(), 1.0);
            });
        let layer = builder.draw(&SkinMask, &Settings::defaults(&SPEC));
        assert!(layer.mattes[0].guide.is_some());
    }
}
