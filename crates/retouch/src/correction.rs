//! From a wished change of colour on a canvas to the soft-light field that makes it.
//!
//! The push is solved on the smoothed picture, so it is smooth itself: every pore of the full picture
//! goes through a soft-light layer untouched.

use pixel::blend::soft_light_push;
use pixel::colour::{Lab, lab_to_linear};
use pixel::filter::{MaskedBlur, enlarge, enlarge_combined, gauss, gauss_masked, reduce};
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

/// The skin of a face without its texture, on a grid just fine enough for what is left. What the canvas tells finer than
/// that is taken out before anything is thought, so thinking on its samples would give the same at many times the cost.
pub struct SmoothSkin {
    /// Samples of the canvas a sample of the grid.
    step: usize,
    /// Where to look, 0..1.
    pub matte: Plane,
    /// Encoded document RGB.
    pub rgb: [Plane; 3],
    /// The same in CIELAB.
    pub lab: Lab,
}

/// L* below which nothing is corrected, and from which all is: what is nearly black has hardly a colour to go by, and a
/// small push would give it a strong one.
const BLACK: [f32; 2] = [5.0, 16.0];
/// Texture finer than this, in samples of the grid (Gaussian sigma), is gone at most.
const SMOOTHED: f32 = 1.6;

impl SmoothSkin {
    /// The canvas without what is finer than `sigma` samples of it, looking only inside the matte.
    pub fn of(canvas: &Canvas, matte: &Plane, sigma: f32, scene: &Scene<'_>) -> Self {
        let short = matte.width().min(matte.height());
        let step = ((sigma / SMOOTHED).ceil() as usize).min(short / 4).max(1);
        let blur = MaskedBlur::on_grid(matte, sigma, step);
        let rgb = canvas.channels().map(|plane| blur.coarse(plane));
        let lab = Lab::of(rgb.each_ref(), scene.space());
        Self { step, matte: reduce(matte, step), rgb, lab }
    }

    /// Columns and rows of the grid.
    pub fn size(&self) -> Size {
        self.matte.size()
    }

    /// A length in canvas samples in samples of the grid.
    pub fn length(&self, canvas: f32) -> f32 {
        canvas / self.step as f32
    }

    /// A plane of the canvas on the grid.
    pub fn reduce(&self, plane: &Plane) -> Plane {
        reduce(plane, self.step)
    }

    /// A plane of the grid on a canvas of this size.
    pub fn enlarge(&self, plane: &Plane, canvas: Size) -> Plane {
        enlarge(plane, self.step, canvas)
    }

    /// The soft-light field that moves the smooth colours by `shift` (on the grid), weighted by `matte` (0..1, on the
    /// canvas, as sharp as it is).
    ///
    /// Each channel is solved on its own for the target colour, so that hue and saturation are those of
    /// the target and do not drift with the blend mode.
    pub fn soft_light_field(
        &self,
        canvas: &Canvas,
        shift: &Shift,
        matte: &Plane,
        scene: &Scene<'_>,
    ) -> Field {
        let push = self.push(shift, scene);
        let weighted = |push: &Plane| {
            enlarge_combined([push], self.step, matte.size(), |y, [push], out| {
                out.iter_mut().zip(push).zip(matte.row(y)).for_each(|((out, push), m)| *out = push * m);
            })
        };
        let effect = Effect::SoftLight(push.each_ref().map(weighted));
        Field { grid: canvas.grid, effect, matte: None }
    }

    fn push(&self, shift: &Shift, scene: &Scene<'_>) -> [Plane; 3] {
        let mut push = [0; 3].map(|_| Plane::zeros(self.size()));
        let width = self.size().width.max(1);
        let [r, g, b] = push.each_mut().map(|plane| plane.samples_mut().par_chunks_mut(width));
        r.zip(g).zip(b).enumerate().for_each(|(y, ((r, g), b))| {
            for x in 0..width {
                let lightness = self.lab.l.at(x, y);
                let seen = ramp(lightness, BLACK[0], BLACK[1]);
                let wished = [
                    lightness + seen * shift.l.at(x, y),
                    self.lab.a.at(x, y) + seen * shift.a.at(x, y),
                    self.lab.b.at(x, y) + seen * shift.b.at(x, y),
                ];
                let target = scene.space().from_linear(lab_to_linear(wished));
                r[x] = soft_light_push(self.rgb[0].at(x, y), target[0]);
                g[x] = soft_light_push(self.rgb[1].at(x, y), target[1]);
                b[x] = soft_light_push(self.rgb[2].at(x, y), target[2]);
            }
        });
        push
    }
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
    let mut bare = skin.zip(&energy, |skin, energy| {
        let hairy = ((energy / own - 6.0) / 10.0).clamp(0.0, 1.0);
        skin * (1.0 - hairy)
    });
    let features = &view.regions.features;
    if features.beard.max() > 0.0 {
        let beard = gauss(&features.beard, width / 60.0);
        features.apply(&mut bare, &beard, |bare, beard| bare * (1.0 - beard.clamp(0.0, 1.0)));
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
