//! From a wished change of colour on a canvas to the soft-light field that makes it.
//!
//! The push is solved on the smoothed picture, so it is smooth itself: every pore of the full picture
//! goes through a soft-light layer untouched.

use pixel::blend::soft_light_reach;
use pixel::colour::{Lab, lab_to_linear};
use pixel::filter::{MaskedBlur, enlarge, enlarge_combined, reduce};
use pixel::rank::{at_rank, inside};
use pixel::{Plane, Size, ramp};
use rayon::prelude::*;

use crate::bare_skin::BareSkin;
use crate::canvas::Canvas;
use crate::layer::{Effect, Field};
use crate::scene::Scene;

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
pub struct SmoothSkin<'m> {
    /// Samples of the canvas a sample of the grid.
    step: usize,
    /// Where to look, 0..1.
    pub matte: Plane,
    /// Encoded document RGB.
    pub rgb: [Plane; 3],
    /// The same in CIELAB.
    pub lab: Lab,
    /// Where moles stand out of the skin, 0..1, on the canvas.
    moles: &'m Plane,
}

/// L* below which nothing is corrected, and from which all is: what is nearly black has hardly a colour to go by, and a
/// small push would give it a strong one.
const BLACK: [f32; 2] = [5.0, 16.0];
/// Texture finer than this, in samples of the grid (Gaussian sigma), is gone at most.
const SMOOTHED: f32 = 1.6;

impl<'m> SmoothSkin<'m> {
    /// The canvas without what is finer than `sigma` samples of it, looking only inside the matte. Corrections spare the
    /// `moles` (0..1, on the canvas).
    pub fn of(canvas: &Canvas, matte: &Plane, moles: &'m Plane, sigma: f32, scene: &Scene<'_>) -> Self {
        Self::seen_through(matte, canvas, matte, moles, sigma, scene)
    }

    /// The bare skin of a canvas without what is finer than `sigma` samples, as it would be without its moles: they are no
    /// blotches, and what is thought about skin shall not lift them.
    pub fn between_moles(canvas: &Canvas, skin: &'m BareSkin, sigma: f32, scene: &Scene<'_>) -> Self {
        let clear = skin.matte.zip(&skin.moles, |matte, mole| matte * (1.0 - mole));
        Self::seen_through(&clear, canvas, &skin.matte, &skin.moles, sigma, scene)
    }

    /// Smooth colours of what is `seen`, to be corrected inside `matte`.
    fn seen_through(
        seen: &Plane,
        canvas: &Canvas,
        matte: &Plane,
        moles: &'m Plane,
        sigma: f32,
        scene: &Scene<'_>,
    ) -> Self {
        let short = matte.width().min(matte.height());
        let step = ((sigma / SMOOTHED).ceil() as usize).min(short / 4).max(1);
        let blur = MaskedBlur::on_grid(seen, sigma, step);
        let rgb = canvas.channels().map(|plane| blur.coarse(plane));
        let lab = Lab::of(rgb.each_ref(), scene.space());
        Self { step, matte: reduce(matte, step), rgb, lab, moles }
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
        let effect = [0, 1, 2].map(|c| {
            let own = &canvas.rgb[c];
            enlarge_combined([&push[c]], self.step, matte.size(), |y, [push], out| {
                let (matte, moles, own) = (matte.row(y), self.moles.row(y), own.row(y));
                out.iter_mut().zip(push).zip(matte).for_each(|((out, push), m)| *out = push * m);
                for x in (0..out.len()).filter(|&x| moles[x] * matte[x] > 0.0) {
                    let share = followed(self.at(c, x, y), own[x], out[x]);
                    out[x] *= 1.0 - moles[x] * (1.0 - share);
                }
            })
        });
        Field { grid: canvas.grid, effect: Effect::SoftLight(effect), matte: None }
    }

    /// A channel of the smooth skin at a sample of the canvas.
    fn at(&self, channel: usize, x: usize, y: usize) -> f32 {
        let on_grid = |k: usize| (k as f32 + 0.5) / self.step as f32 - 0.5;
        self.rgb[channel].bilinear(on_grid(x), on_grid(y))
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
                r[x] = steady_push(self.rgb[0].at(x, y), target[0]);
                g[x] = steady_push(self.rgb[1].at(x, y), target[1]);
                b[x] = steady_push(self.rgb[2].at(x, y), target[2]);
            }
        });
        push
    }
}

/// Reach of soft light at which a channel gets half the push that would bring it to its target.
const STIFF: f32 = 0.005;

/// The push that turns a channel of the smooth skin into its target as far as it can be moved: one that is nearly full
/// takes a push that would tear along the darker pores and moles of the skin, and be seen in them alone.
fn steady_push(base: f32, target: f32) -> f32 {
    let reach = soft_light_reach(base, target > base);
    let gentle = reach * reach / (reach * reach + STIFF * STIFF);
    gentle * ((target - base) / reach.max(1e-4)).clamp(-1.0, 1.0)
}

/// The share of a push on the skin `around` a mole that moves a channel of the mole itself, `own`, as far as that skin:
/// soft light moves a dark channel further than one that is nearly full, so what hardly lightens skin would wash its
/// moles out and redden them.
fn followed(around: f32, own: f32, push: f32) -> f32 {
    let reach = |base: f32| soft_light_reach(base, push > 0.0);
    (reach(around) / reach(own).max(1e-4)).min(1.0)
}

/// The value that half of the matte lies below.
pub fn weighted_median(plane: &Plane, matte: &Plane) -> f32 {
    quantile(plane, matte, 0.5)
}

/// The value that `share` of the samples with a matte above 1/2 lie below; 0 without any. A hundred thousand samples all
/// over the plane tell it as well as millions.
pub fn quantile(plane: &Plane, matte: &Plane, share: f32) -> f32 {
    let every = (plane.size().area() / 100_000).max(1) | 1;
    at_rank(inside(plane, matte, every), share).unwrap_or(0.0)
}

/// The share of a correction that is made at strength `alpha`: straight to `full` at 1, then slowly to
/// all of it at 2, so that a correction is never turned into its opposite.
pub fn share(alpha: f32, full: f32) -> f32 {
    if alpha <= 1.0 { full * alpha } else { full + (1.0 - full) * (alpha - 1.0).min(1.0) }
}

#[cfg(test)]
mod tests {
    use pixel::blend::{soft_light, soft_light_push};

    use super::*;

    #[test]
    fn only_a_channel_that_is_nearly_full_is_pushed_gently() {
        for base in [0.2, 0.5, 0.8, 0.9] {
            for target in [base - 0.01, base + 0.01] {
                let laid = soft_light(base, steady_push(base, target));
                assert!((laid - target).abs() < 4e-4, "{base} to {target} gives {laid}");
            }
        }
        // Full red skin: a push as strong as it would take tears along the moles.
        for base in [0.985, 0.993, 0.998, 1.0] {
            let (steady, whole) = (steady_push(base, 1.0), soft_light_push(base, 1.0));
            assert!((0.0..0.75).contains(&steady), "{base}: {steady} of {whole}");
        }
        let pushes: Vec<f32> = (0..=1000).map(|i| steady_push(0.9 + i as f32 / 10_000.0, 1.1)).collect();
        assert!(pushes.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.02), "no step");
    }

    #[test]
    fn what_is_darker_than_the_skin_around_moves_as_far() {
        for (around, own) in [(0.95, 0.5), (0.8, 0.4), (0.3, 0.29)] {
            for push in [-0.4f32, 0.4] {
                let reach = |base: f32| soft_light_reach(base, push > 0.0);
                let moved = |base: f32, push: f32| soft_light(base, push) - base;
                let share = followed(around, own, push);
                assert!(moved(own, share * push).abs() <= moved(around, push).abs() + 1e-6);
                assert!(share == 1.0 || reach(own) > reach(around));
            }
        }
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
