//! Symmetry: what both sides of a face show alike is the face's own. Blush and shaded cheekbones, the shade beside the
//! nose, dimples and the shine of both cheekbones come in pairs; blotches do not.
//!
//! The landmarks give the plane between both sides and the depth of every place; mirrored in it, a place of one side
//! falls on its counterpart however the head is turned.

use pixel::filter::{enlarge, gauss, reduce};
use pixel::{Plane, Size, ramp};
use vision::landmarks::{CHEEKS, EYE_CORNERS};

use crate::correction::SmoothSkin;
use crate::surface::Surface;

/// Landmarks that lie opposite each other: eyes, brows, mouth, nose, cheeks.
const PAIRS: [[usize; 2]; 8] = [
    [EYE_CORNERS[0][0], EYE_CORNERS[1][0]],
    [EYE_CORNERS[0][1], EYE_CORNERS[1][1]],
    [70, 300],
    [107, 336],
    [61, 291],
    [129, 358],
    [50, 280],
    CHEEKS,
];
/// A place and its counterpart may differ in depth by so much, in face widths: else something else lies before one.
const APART: f32 = 0.12;
/// Neighbourhood in which both sides are compared (Gaussian sigma, face widths).
const AROUND: f32 = 0.14;
/// How alike both sides are from which, to which, what they share is the face's own: 1 is equal, 0 unrelated. A few
/// blotches happen to be somewhat alike.
const ALIKE: [f32; 2] = [0.5, 0.85];
/// Softness of the border of what has a counterpart (Gaussian sigma, face widths).
const BORDER: f32 = 0.06;
/// Contrast in CIELAB below which there is nothing to compare.
const FAINT: f32 = 0.3;

/// Which place of a face lies opposite which, on the grid of its [`Surface`].
pub struct Symmetry {
    step: usize,
    full: Size,
    width: f32,
    skin: Plane,
    /// Column and row of the counterpart, where both are seen.
    opposite: Vec<Option<[f32; 2]>>,
}

impl Symmetry {
    /// Finds the counterparts; `None` when the landmarks lie in one place.
    pub fn find(surface: &Surface, smooth: &SmoothSkin<'_>) -> Option<Self> {
        let skin = reduce(&smooth.matte, surface.step).zip(&surface.face, |s, f| s * f);
        let mirror = Mirror::between(&surface.points)?;
        let size = surface.size();
        let of = |index: usize| {
            let (x, y) = (index % size.width, index / size.width);
            if skin.samples()[index] < 0.5 {
                return None;
            }
            let [u, v, depth] = mirror.mirrored([x as f32, y as f32, surface.at(x, y).depth]);
            let inside = u >= 0.0 && v >= 0.0 && u < (size.width - 1) as f32 && v < (size.height - 1) as f32;
            if !inside || skin.bilinear(u, v) < 0.5 {
                return None;
            }
            let there = surface.at(u.round() as usize, v.round() as usize).depth;
            ((there - depth).abs() < APART * surface.width).then_some([u, v])
        };
        let opposite = (0..size.area()).map(of).collect();
        Some(Self { step: surface.step, full: smooth.size(), width: surface.width, skin, opposite })
    }

    /// The part of some bands, which are judged together, that both sides show alike. Bands and result lie on the grid
    /// of the smooth skin.
    pub fn shared<const N: usize>(&self, bands: [&Plane; N]) -> [Plane; N] {
        let own = bands.map(|band| reduce(band, self.step));
        let size = self.skin.size();
        let (mut both, mut each, mut seen) = (Plane::zeros(size), Plane::zeros(size), Plane::zeros(size));
        let mut shared: [Plane; N] = std::array::from_fn(|_| Plane::zeros(size));
        for (index, [u, v]) in self.opposite.iter().enumerate().filter_map(|(n, at)| Some((n, (*at)?))) {
            seen.samples_mut()[index] = 1.0;
            for (shared, band) in shared.iter_mut().zip(&own) {
                let (here, there) = (band.samples()[index], band.bilinear(u, v));
                // Never more than is here: a fold of the other side would leave its ghost.
                let least = if here * there > 0.0 { here.abs().min(there.abs()) } else { 0.0 };
                shared.samples_mut()[index] = least.copysign(here);
                both.samples_mut()[index] += here * there;
                each.samples_mut()[index] += 0.5 * (here * here + there * there);
            }
        }
        let sigma = AROUND * self.width;
        let [both, each, around] = [&both, &each, &seen].map(|plane| gauss(plane, sigma));
        let inner = gauss(&seen, BORDER * self.width);
        shared.map(|mut shared| {
            for (i, value) in shared.samples_mut().iter_mut().enumerate() {
                let alike =
                    both.samples()[i] / (each.samples()[i] + FAINT * FAINT * around.samples()[i]).max(1e-9);
                *value *= ramp(alike, ALIKE[0], ALIKE[1]) * ramp(inner.samples()[i], 0.5, 0.95);
            }
            enlarge(&shared, self.step, self.full)
        })
    }
}

/// The plane between both sides of a face.
#[derive(Clone, Copy, Debug)]
struct Mirror {
    /// A point of the plane and its unit normal.
    through: [f32; 3],
    normal: [f32; 3],
}

impl Mirror {
    /// The plane that the pairs of landmarks lie opposite to each other of; `None` when they lie in one place.
    fn between(points: &[[f32; 3]]) -> Option<Self> {
        let (mut through, mut normal) = ([0.0f32; 3], [0.0f32; 3]);
        for [left, right] in PAIRS.map(|pair| pair.map(|index| points[index])) {
            for k in 0..3 {
                through[k] += 0.5 * (left[k] + right[k]) / PAIRS.len() as f32;
                normal[k] += right[k] - left[k];
            }
        }
        let length = normal.iter().map(|v| v * v).sum::<f32>().sqrt();
        (length > 1e-3).then(|| Self { through, normal: normal.map(|v| v / length) })
    }

    fn mirrored(&self, place: [f32; 3]) -> [f32; 3] {
        let away: f32 = (0..3).map(|k| (place[k] - self.through[k]) * self.normal[k]).sum();
        std::array::from_fn(|k| place[k] - 2.0 * away * self.normal[k])
    }
}

#[cfg(test)]
mod tests {
    use vision::landmarks::POINTS;

    use super::*;

    #[test]
    fn landmarks_of_a_turned_head_fall_on_their_counterparts() {
        let mut points = vec![[0.0f32; 3]; POINTS];
        let (sin, cos) = 0.5f32.sin_cos();
        // Turned by half a radian: what lies to the side comes nearer or goes away.
        let place = |x: f32, y: f32, z: f32| [50.0 + cos * x + sin * z, y, cos * z - sin * x];
        for (n, [left, right]) in PAIRS.into_iter().enumerate() {
            let (x, y, z) = (10.0 + 3.0 * n as f32, 7.0 * n as f32, 2.0 * (n % 3) as f32);
            (points[left], points[right]) = (place(-x, y, z), place(x, y, z));
        }
        let mirror = Mirror::between(&points).expect("landmarks apart");
        for [left, right] in PAIRS {
            let there = mirror.mirrored(points[left]);
            assert!(
                (0..3).all(|k| (there[k] - points[right][k]).abs() < 1e-3),
                "{there:?} {:?}",
                points[right]
            );
        }
        assert!(Mirror::between(&vec![[1.0; 3]; POINTS]).is_none());
    }

    #[test]
    fn pairs_are_shared_and_single_blotches_are_not() {
        let size = Size::new(100, 80);
        let opposite = (0..size.area()).map(|i| Some([(99 - i % 100) as f32, (i / 100) as f32])).collect();
        let symmetry =
            Symmetry { step: 1, full: size, width: 100.0, skin: Plane::filled(size, 1.0), opposite };
        let blob = |x: usize, y: usize, at: [f32; 2]| {
            4.0 * (-((x as f32 - at[0]).powi(2) + (y as f32 - at[1]).powi(2)) / 60.0).exp()
        };
        let band = Plane::from_fn(size, |x, y| {
            blob(x, y, [20.0, 20.0]) + blob(x, y, [79.0, 20.0]) + blob(x, y, [20.0, 60.0])
        });
        let [shared] = symmetry.shared([&band]);
        assert!(shared.at(20, 20) > 3.5 && shared.at(79, 20) > 3.5, "{}", shared.at(20, 20));
        assert!(shared.at(20, 60).abs() < 0.2 && shared.at(79, 60).abs() < 0.2, "{}", shared.at(20, 60));
        // What is light on one side and dark on the other is not alike.
        let opposed = band.zip(&Plane::from_fn(size, |x, _| if x < 50 { 1.0 } else { -1.0 }), |v, s| v * s);
        let [shared] = symmetry.shared([&opposed]);
        assert!(shared.map(f32::abs).max() < 1e-3);
    }
}
