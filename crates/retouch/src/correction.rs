//! From a wished change of colour on a canvas to the soft-light field that makes it.
//!
//! The push is solved on the smoothed picture, so it is smooth itself: every pore of the full picture
//! goes through a soft-light layer untouched.

use pixel::blend::soft_light_push;
use pixel::colour::{Lab, lab_to_linear};
use pixel::filter::{MaskedBlur, gauss, gauss_masked};
use pixel::{Plane, Size};
use rayon::prelude::*;

use crate::canvas::Canvas;
use crate::feature::ramp;
use crate::layer::{Effect, Field};
use crate::scene::{FaceView, Scene};

/// A wished change in CIELAB, sample by sample.
pub struct Shift {
    /// Change of L*.
    pub l: Plane,
    /// Change of a*.
    pub a: Plane,
    /// Change of b*.
    pub b: Plane,
}

impl Shift {
    /// No change.
    pub fn none(size: Size) -> Self {
        Self { l: Plane::zeros(size), a: Plane::zeros(size), b: Plane::zeros(size) }
    }
}

/// The document colours of a canvas without the texture finer than `sigma` samples, looking only
/// inside the matte.
pub fn smoothed(canvas: &Canvas, matte: &Plane, sigma: f32, scene: &Scene<'_>) -> ([Plane; 3], Lab) {
    let blur = MaskedBlur::new(matte, sigma);
    let planes: Vec<Plane> = canvas.rgb.par_iter().map(|plane| blur.blur(plane)).collect();
    let lab = Lab::of([&planes[0], &planes[1], &planes[2]], scene.space());
    let rgb = <[Plane; 3]>::try_from(planes).unwrap_or_else(|_| unreachable!("three channels"));
    (rgb, lab)
}

/// The soft-light field that moves the smoothed colours by `shift`, weighted by `matte` (0..1).
///
/// Each channel is solved on its own for the target colour, so that hue and saturation are those of
/// the target and do not drift with the blend mode.
pub fn soft_light_field(
    canvas: &Canvas,
    base: &([Plane; 3], Lab),
    shift: &Shift,
    matte: &Plane,
    scene: &Scene<'_>,
) -> Field {
    let (rgb, lab) = base;
    let size = canvas.size();
    let mut push = [Plane::zeros(size), Plane::zeros(size), Plane::zeros(size)];
    let [r, g, b] = &mut push;
    let width = size.width.max(1);
    let rows = r
        .samples_mut()
        .par_chunks_mut(width)
        .zip(g.samples_mut().par_chunks_mut(width))
        .zip(b.samples_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((r, g), b))| {
        for x in 0..width {
            let weight = matte.at(x, y);
            if weight <= 0.0 {
                continue;
            }
            let wished = [
                lab.l.at(x, y) + shift.l.at(x, y),
                lab.a.at(x, y) + shift.a.at(x, y),
                lab.b.at(x, y) + shift.b.at(x, y),
            ];
            let target = scene.space().from_linear(lab_to_linear(wished));
            r[x] = weight * soft_light_push(rgb[0].at(x, y), target[0]);
            g[x] = weight * soft_light_push(rgb[1].at(x, y), target[1]);
            b[x] = weight * soft_light_push(rgb[2].at(x, y), target[2]);
        }
    });
    Field { grid: canvas.grid, effect: Effect::SoftLight(push), matte: None }
}

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

/// Skin that is bare: without beard and without hair lying over it, where brightness and colour are the
/// hair's and evening them would paint.
pub fn bare_skin(view: &FaceView, picture: Size) -> Plane {
    let (skin, width) = (&view.regions.skin, view.width());
    let lightness = &view.canvas.lab().l;
    let fine = lightness.zip(&gauss_masked(lightness, skin, width / 70.0), |l, low| l - low);
    // Hair is many dark lines: its fine structure is far stronger than that of this person's skin.
    let energy = gauss_masked(&fine.map(|v| v * v), skin, width / 40.0);
    let own = weighted_median(&energy, skin).max(0.05);
    let beard = gauss(&view.regions.beard, width / 60.0);
    let mut bare = skin.clone();
    for i in 0..bare.samples().len() {
        let hairy = ((energy.samples()[i] / own - 6.0) / 10.0).clamp(0.0, 1.0);
        bare.samples_mut()[i] *= (1.0 - hairy) * (1.0 - beard.samples()[i].clamp(0.0, 1.0));
    }
    fade_out(view, picture, &mut bare);
    bare
}

/// The value that half of the matte lies below.
pub fn weighted_median(plane: &Plane, matte: &Plane) -> f32 {
    quantile(plane, matte, 0.5)
}

/// The value that `share` of the samples with a matte above 1/2 lie below; 0 without any.
pub fn quantile(plane: &Plane, matte: &Plane, share: f32) -> f32 {
    let samples = plane.samples().iter().zip(matte.samples());
    let mut values: Vec<f32> = samples.filter(|(_, m)| **m > 0.5).map(|(v, _)| *v).collect();
    if values.is_empty() {
        return 0.0;
    }
    let place = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

/// The share of a correction that is made at strength `alpha`: straight to `full` at 1, then slowly to
/// all of it at 2, so that a correction is never turned into its opposite.
pub fn share(alpha: f32, full: f32) -> f32 {
    if alpha <= 1.0 { full * alpha } else { full + (1.0 - full) * (alpha - 1.0).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing::SceneBuilder;
    use pixel::Rect;

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

    #[test]
    fn share_grows_and_never_overshoots() {
        let mut last = -1.0;
        for i in 0..=40 {
            let value = share(i as f32 / 20.0, 0.9);
            assert!(value > last && value <= 1.0);
            last = value;
        }
        assert_eq!(share(0.0, 0.9), 0.0);
        assert_eq!(share(2.0, 0.9), 1.0);
    }
}
