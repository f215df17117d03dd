//! Complexion: how colourful a person's skin is from shade to highlight.
//!
//! Skin is more colourful in half shade than in highlights. A correction of brightness that follows this
//! course leaves neither grey in lifted shadows nor orange in burned lights.

use pixel::Plane;
use pixel::colour::Lab;

use crate::linear::solve;

/// The course of both chroma channels.
pub struct Complexion {
    /// a* over L*.
    pub a: ColourCourse,
    /// b* over L*.
    pub b: ColourCourse,
}

impl Complexion {
    /// Fits the skin of one person, `lab` without texture.
    pub fn fit(lab: &Lab, skin: &Plane) -> Self {
        Self { a: ColourCourse::fit(&lab.l, &lab.a, skin), b: ColourCourse::fit(&lab.l, &lab.b, skin) }
    }

    /// The changes of a* and b* that go with a `change` of `lightness`, sample by sample.
    pub fn follow(&self, lightness: &Plane, change: &Plane) -> [Plane; 2] {
        [&self.a, &self.b]
            .map(|course| lightness.zip(change, |l, change| course.at(l + change) - course.at(l)))
    }
}

/// One chroma channel of a person's skin as a parabola over lightness, fitted by least squares.
pub struct ColourCourse {
    coefficients: [f32; 3],
    range: (f32, f32),
}

impl ColourCourse {
    /// Fits `chroma` over `lightness` (L*) where the matte is above 1/2.
    pub fn fit(lightness: &Plane, chroma: &Plane, skin: &Plane) -> Self {
        let samples = || {
            let values = lightness.samples().iter().zip(chroma.samples()).zip(skin.samples());
            values.filter(|(_, weight)| **weight > 0.5).map(|((l, c), _)| (*l, *c))
        };
        let mut levels: Vec<f32> = samples().map(|(l, _)| l).collect();
        if levels.len() < 64 {
            let mean = samples().map(|(_, c)| f64::from(c)).sum::<f64>() / levels.len().max(1) as f64;
            return Self { coefficients: [mean as f32, 0.0, 0.0], range: (0.0, 100.0) };
        }
        // The ends of the lightness range hold few samples: the parabola is not trusted beyond them.
        let (last, fiftieth) = (levels.len() - 1, levels.len() / 50);
        let mut level = |n: usize| *levels.select_nth_unstable_by(n, f32::total_cmp).1;
        let range = (level(fiftieth), level(last - fiftieth));
        let mut sums = [0.0f64; 5];
        let mut moments = [0.0f64; 3];
        for (l, c) in samples() {
            let x = f64::from(scaled(l.clamp(range.0, range.1)));
            let powers = [1.0, x, x * x, x * x * x, x * x * x * x];
            (0..5).for_each(|k| sums[k] += powers[k]);
            (0..3).for_each(|k| moments[k] += powers[k] * f64::from(c));
        }
        let ridge = 1e-3 * sums[0];
        let matrix = [
            [sums[0], sums[1], sums[2]],
            [sums[1], sums[2] + ridge, sums[3]],
            [sums[2], sums[3], sums[4] + ridge],
        ];
        let constant = [moments[0] / sums[0], 0.0, 0.0];
        Self { coefficients: solve(matrix, moments).unwrap_or(constant).map(|v| v as f32), range }
    }

    /// The usual chroma at a lightness. In deeper shade than was seen it falls as it does when light is taken away.
    #[inline]
    pub fn at(&self, lightness: f32) -> f32 {
        let x = scaled(lightness.clamp(self.range.0, self.range.1));
        let [a, b, c] = self.coefficients;
        let dimmed = (lightness.clamp(0.0, self.range.0) + 16.0) / (self.range.0 + 16.0);
        (a + b * x + c * x * x) * dimmed
    }
}

/// Lightness on a scale around 0 that keeps the least squares well conditioned.
#[inline]
fn scaled(lightness: f32) -> f32 {
    lightness / 50.0 - 1.0
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    #[test]
    fn a_parabola_is_found_again() {
        let size = Size::new(40, 30);
        let lightness = Plane::from_fn(size, |x, y| 30.0 + x as f32 + 0.2 * y as f32);
        let chroma = lightness.map(|l| 20.0 - 0.004 * (l - 45.0).powi(2));
        let course = ColourCourse::fit(&lightness, &chroma, &Plane::filled(size, 1.0));
        for l in [35.0, 45.0, 60.0] {
            assert!((course.at(l) - (20.0 - 0.004 * (l - 45.0f32).powi(2))).abs() < 0.3);
        }
    }

    #[test]
    fn in_deeper_shade_than_was_seen_colours_keep_their_saturation() {
        let size = Size::new(40, 30);
        let lightness = Plane::from_fn(size, |x, y| 30.0 + x as f32 + 0.2 * y as f32);
        let course = ColourCourse::fit(&lightness, &Plane::filled(size, 18.0), &Plane::filled(size, 1.0));
        let saturation = |l: f32| course.at(l) / (l + 16.0);
        assert!(
            (saturation(12.0) / saturation(31.0) - 1.0).abs() < 0.05,
            "{} {}",
            saturation(12.0),
            saturation(31.0)
        );
        let steps = (20..50).map(|l| (course.at(l as f32) - course.at(l as f32 + 1.0)).abs());
        assert!(steps.fold(0.0, f32::max) < 0.5, "no step where the range ends");
    }

    #[test]
    fn hardly_any_skin_gives_the_mean() {
        let size = Size::new(2, 2);
        let course = ColourCourse::fit(
            &Plane::filled(size, 50.0),
            &Plane::filled(size, 12.0),
            &Plane::filled(size, 1.0),
        );
        assert_eq!(course.at(10.0), 12.0);
    }
}
