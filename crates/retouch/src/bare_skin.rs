//! Bare skin: what of a person's skin is corrected broadly, and which small marks of it are not.

use pixel::filter::{gauss, gauss_masked};
use pixel::{Plane, Size, ramp};

use crate::correction::weighted_median;
use crate::lay::luma;
use crate::scene::FaceView;

/// How far from the end of a face's canvas corrections fade out, in face widths.
const FADING: f32 = 0.35;

/// Takes a matte on a face's canvas down to nothing where the canvas ends inside a picture of that size: an arm that
/// goes on beyond shall show no step.
pub fn fade_out(view: &FaceView, picture: Size, matte: &mut Plane) {
    let (grid, size) = (view.canvas.grid, matte.size());
    let reach = (FADING * view.width()).max(1.0);
    let ends = |count: usize, from: usize, to: usize, length: usize| -> Vec<f32> {
        let weight = |k: usize| {
            let near = if from > 0 { k as f32 + 0.5 } else { f32::MAX };
            let far = if to < length { (count - k) as f32 - 0.5 } else { f32::MAX };
            ramp(near.min(far), 0.0, reach)
        };
        (0..count).map(weight).collect()
    };
    let columns = ends(size.width, grid.rect.x, grid.rect.right(), picture.width);
    let rows = ends(size.height, grid.rect.y, grid.rect.bottom(), picture.height);
    for (y, row) in rows.iter().enumerate() {
        matte.row_mut(y).iter_mut().zip(&columns).for_each(|(m, column)| *m *= row * column);
    }
}

/// What is finer than this is the texture of skin (Gaussian sigma, face widths).
const TEXTURE: f32 = 1.0 / 70.0;
/// How much darker than the skin around it something is from which, to which, it is a mole, in usual deviations of this
/// skin; and the least of these in L*.
const MOLE: [f32; 2] = [3.2, 5.0];
const LEAST_USUAL: f32 = 0.7;
/// The surroundings a mole is seen against (Gaussian sigma, face widths).
const AROUND_MOLE: f32 = 1.0 / 60.0;
/// Softness of the edge of a mole (Gaussian sigma, face widths).
const MOLE_EDGE: f32 = 1.0 / 90.0;
/// The share of cores nearby from which, to which, a place is part of that edge.
const MOLE_NEAR: [f32; 2] = [0.01, 0.05];

/// The bare skin of a face's canvas.
pub struct BareSkin {
    /// Skin without beard and without hair lying over it, where brightness and colour are the hair's and evening them
    /// would paint; 0..1.
    pub matte: Plane,
    /// Moles, and other small marks that stand out as darkly, 0..1.
    pub moles: Plane,
}

impl BareSkin {
    /// Finds the bare skin of a face in a picture of that size.
    pub fn of(view: &FaceView, picture: Size) -> Self {
        let (skin, width) = (&view.regions.skin, view.width());
        let brightness = brightness(view);
        let texture = brightness.zip(&gauss_masked(&brightness, skin, TEXTURE * width), |v, low| v - low);
        // Hair is many dark lines: its fine structure is far stronger than that of this person's skin.
        let energy = gauss_masked(&texture.map(|v| v * v), skin, width / 40.0);
        let own = weighted_median(&energy, skin).max(0.05);
        let mut matte = skin.zip(&energy, |skin, energy| {
            let hairy = ((energy / own - 6.0) / 10.0).clamp(0.0, 1.0);
            skin * (1.0 - hairy)
        });
        let features = &view.regions.features;
        if features.beard.max() > 0.0 {
            let beard = gauss(&features.beard.within(features.rect), width / 60.0);
            features.apply(&mut matte, &beard, |bare, beard| bare * (1.0 - beard.clamp(0.0, 1.0)));
        }
        fade_out(view, picture, &mut matte);
        Self { matte, moles: moles(&brightness, skin, width) }
    }
}

/// Moles of a face, 0..1 on its canvas, and other small marks that stand out of the skin as darkly.
pub fn moles_of(view: &FaceView) -> Plane {
    moles(&brightness(view), &view.regions.skin, view.width())
}

/// Brightness of a face's canvas on the scale of L*, which encoded values nearly have and are there already.
fn brightness(view: &FaceView) -> Plane {
    let [red, green, blue] = view.canvas.channels();
    let mut sum = red.zip(green, |r, g| luma([r, g, 0.0]));
    sum.apply_with(blue, |sum, b| 100.0 * (sum + luma([0.0, 0.0, b])));
    sum
}

/// Marks darker than the skin all around, from the brightness of a face `width` samples wide.
fn moles(brightness: &Plane, skin: &Plane, width: f32) -> Plane {
    let around = gauss_masked(brightness, skin, AROUND_MOLE * width);
    let darker = around.zip(brightness, |around, v| around - v);
    let usual = (1.48 * weighted_median(&darker.map(f32::abs), skin)).max(LEAST_USUAL);
    // Moles tear holes into the matte of the skin, so it does not say where they are.
    let core = darker.map(|v| ramp(v / usual, MOLE[0], MOLE[1]));
    // Beside its core a mole has a soft edge, which is its own as well.
    gauss(&core, MOLE_EDGE * width).map(|near| ramp(near, MOLE_NEAR[0], MOLE_NEAR[1]))
}

#[cfg(test)]
mod tests {
    use pixel::Rect;

    use super::*;
    use crate::scene::testing::SceneBuilder;

    #[test]
    fn a_small_mole_is_spared_whole() {
        // Grain, and moles of one and a half to three samples radius on a face 390 samples wide.
        let grain = |x: usize, y: usize| ((x * 31 + y * 17 + (x * y) % 7) % 11) as f32 / 5.0 - 1.0;
        for radius in [1.5f32, 2.0, 3.0] {
            let away = |x: usize, y: usize| (x as f32 - 60.0).hypot(y as f32 - 60.0) / radius;
            let brightness = Plane::from_fn(Size::new(120, 120), |x, y| {
                62.0 + grain(x, y) - 9.0 * (-away(x, y).powi(2)).exp()
            });
            let moles = moles(&brightness, &Plane::filled(brightness.size(), 1.0), 390.0);
            assert!(moles.at(60, 60) > 0.9, "radius {radius}: {}", moles.at(60, 60));
            assert!(moles.at(30, 60) < 0.1, "radius {radius}: {}", moles.at(30, 60));
        }
    }

    #[test]
    fn a_matte_fades_where_its_canvas_ends_inside_the_picture() {
        let picture = Size::new(300, 200);
        // The canvas reaches the left and the upper edge of the picture.
        let rect = Rect { x: 0, y: 0, width: 200, height: 160 };
        let builder = SceneBuilder::new(picture, |_, _| [0.6, 0.5, 0.4]).face(rect, 2, 60.0, |_, _| {});
        let scene = builder.scene();
        let view = &scene.faces()[0];
        let mut matte = Plane::filled(view.canvas.size(), 1.0);
        fade_out(view, picture, &mut matte);
        assert_eq!(matte.at(0, 0), 1.0);
        assert_eq!(matte.at(50, 40), 1.0);
        assert!(
            matte.at(99, 40) < 0.02 && matte.at(50, 79) < 0.02,
            "{} {}",
            matte.at(99, 40),
            matte.at(50, 79)
        );
        let row: Vec<f32> = (50..100).map(|x| matte.at(x, 40)).collect();
        assert!(row.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.2), "{row:?}");
    }
}
