//! The outline of a face among the skin around it: where jaw and cheeks end before neck and ears.

use pixel::filter::{gauss, gauss_masked};
use pixel::{Plane, ramp};

use crate::correction::SmoothSkin;
use crate::scene::FaceView;

/// Softness of the outline (Gaussian sigma, face widths): landmarks know it about so well.
const SOFT: f32 = 0.04;
/// Height of a step in L* along the outline from which, to which, it is the edge of the jaw.
const STEP: [f32; 2] = [5.0, 11.0];
/// Width over which slopes are averaged to tell a step from a blotch, in widths of what is looked at.
const APART: f32 = 1.8;
/// How steeply what counts as outline begins beside it; at 4 it does only just on the outline itself.
const NEAR: f32 = 8.0;

/// The outline of a face on the grid of its smooth skin.
pub struct Outline {
    /// 1 beyond the face, 0 on it; all 0 without landmarks.
    pub beyond: Plane,
}

impl Outline {
    /// The outline of a face `width` samples of the grid wide.
    pub fn of(view: &FaceView, smooth: &SmoothSkin<'_>, width: f32) -> Self {
        let beyond = match view.face.mesh {
            Some(_) => {
                gauss(&smooth.reduce(&view.regions.oval), SOFT * width).map(|v| 1.0 - v.clamp(0.0, 1.0))
            }
            None => Plane::zeros(smooth.size()),
        };
        Self { beyond }
    }

    /// Where brightness steps along the outline, 0..1, as seen by corrections of width `sigma` (Gaussian, samples).
    ///
    /// What differs from the skin around it differs on both sides of such a step, and evening that would draw a line along
    /// the jaw and melt it into the neck. Slopes of a blotch point inward from all sides and leave nothing in the mean;
    /// those of a step all point one way, and tell how high it is.
    pub fn steps(&self, lightness: &Plane, skin: &Plane, sigma: f32) -> Plane {
        let (size, wide) = (skin.size(), APART * sigma);
        let wider = gauss_masked(lightness, skin, wide);
        // The slope of a step under a blur is its height by the peak of the Gaussian.
        let height = std::f32::consts::TAU.sqrt() * wide;
        Plane::from_fn(size, |x, y| {
            let beyond = self.beyond.at(x, y);
            let outline = (NEAR * beyond * (1.0 - beyond)).min(1.0);
            if outline < 1e-3 {
                return 0.0;
            }
            let (left, right) = (x.saturating_sub(1), (x + 1).min(size.width - 1));
            let (up, down) = (y.saturating_sub(1), (y + 1).min(size.height - 1));
            let slope = [wider.at(right, y) - wider.at(left, y), wider.at(x, down) - wider.at(x, up)];
            outline * ramp(0.5 * height * slope[0].hypot(slope[1]), STEP[0], STEP[1])
        })
    }
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    #[test]
    fn a_jaw_before_a_dark_neck_is_a_step_and_a_blotch_on_it_is_none() {
        let (size, sigma) = (Size::new(120, 80), 4.0);
        let skin = Plane::filled(size, 1.0);
        let face = |x: usize| if x < 60 { 1.0 } else { 0.0 };
        let beyond = gauss(&Plane::from_fn(size, |x, _| 1.0 - face(x)), 6.0);
        let outline = Outline { beyond };
        let jaw = outline.steps(&Plane::from_fn(size, |x, _| 50.0 + 16.0 * face(x)), &skin, sigma);
        assert!(jaw.at(60, 40) > 0.9 && jaw.at(56, 40) > 0.5 && jaw.at(64, 40) > 0.5, "{}", jaw.at(60, 40));
        assert!(jaw.at(20, 40) == 0.0 && jaw.at(100, 40) == 0.0);
        let flat = outline.steps(&Plane::from_fn(size, |x, _| 60.0 + 3.0 * face(x)), &skin, sigma);
        assert_eq!(flat.max(), 0.0);
        let blotch = Plane::from_fn(size, |x, y| {
            let away = (x as f32 - 60.0).powi(2) + (y as f32 - 40.0).powi(2);
            60.0 - 6.0 * (-0.5 * away / (sigma * sigma)).exp()
        });
        assert_eq!(outline.steps(&blotch, &skin, sigma).max(), 0.0);
    }
}
