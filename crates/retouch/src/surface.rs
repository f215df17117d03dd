//! The surface of a face as its landmarks give it: which way each place faces, and how far away it lies.

use pixel::filter::reduce;
use pixel::{Plane, Size};
use vision::Mesh;

use crate::correction::SmoothSkin;
use crate::scene::FaceView;

/// Face width in samples on which shape is thought.
const WIDTH: f32 = 100.0;
/// Reach of a landmark (Gaussian sigma, face widths): about the distance between those on the cheeks.
const REACH: f32 = 0.045;

/// Landmarks along the bridge of the nose, its tip and base, and around both wings; and how far beside them the nose
/// shapes the light (Gaussian sigma, face widths).
const NOSE: [usize; 17] = [6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358, 49, 279, 48, 278, 64, 294];
const BESIDE: f32 = 0.035;
/// Distance to both sides over which its bend is taken, in face widths.
const NEAR: f32 = 0.03;

/// The surface of one face, on a grid coarser than that of its smooth skin by a whole step.
pub struct Surface {
    /// Samples of the smooth skin a sample.
    pub step: usize,
    /// Face width in samples.
    pub width: f32,
    /// Column, row and depth of the landmarks.
    pub points: Vec<[f32; 3]>,
    /// 1 inside the outline of the face, 0 outside.
    pub face: Plane,
    /// 1 on the nose, its wings and the furrows beside them, softly 0 elsewhere: they bend more finely than landmarks tell.
    pub nose: Plane,
    /// A facet for each sample; those outside the face say nothing.
    pub facets: Vec<Facet>,
}

/// The surface at one place.
#[derive(Clone, Copy, Debug)]
pub struct Facet {
    /// Where it faces, a unit vector, toward the camera negative.
    pub facing: [f32; 3],
    /// How far away it lies, in samples, smaller is nearer.
    pub depth: f32,
}

impl Surface {
    /// The surface of a face whose smooth skin is given; `None` without landmarks.
    pub fn of(view: &FaceView, smooth: &SmoothSkin<'_>) -> Option<Self> {
        let mesh = view.face.mesh.as_ref()?;
        let width = smooth.length(view.width());
        let step = ((width / WIDTH).round() as usize).max(1);
        let width = width / step as f32;
        let oval = reduce(&smooth.reduce(&view.regions.oval), step);
        let face = oval.map(|v| if v > 0.5 { 1.0 } else { 0.0 });
        let points = places(mesh, view, width);
        let facets = facets(&points, &face, REACH * width);
        let nose = around(NOSE.map(|index| points[index]), face.size(), BESIDE * width);
        Some(Self { step, width, points, face, nose, facets })
    }

    /// Columns and rows of the grid.
    pub fn size(&self) -> Size {
        self.face.size()
    }

    /// How strongly the surface bends at each sample, in radians a face width; 0 outside the face.
    pub fn bend(&self) -> Plane {
        let near = (NEAR * self.width).round().max(1.0) as usize;
        let size = self.size();
        Plane::from_fn(size, |x, y| {
            let [left, right] = [x.saturating_sub(near), (x + near).min(size.width - 1)];
            let [up, down] = [y.saturating_sub(near), (y + near).min(size.height - 1)];
            let ends = [[(left, y), (right, y)], [(x, up), (x, down)]];
            if ends.iter().flatten().any(|&(x, y)| self.face.at(x, y) == 0.0) {
                return 0.0;
            }
            let turns = ends.map(|ends| {
                let [from, to] = ends.map(|(x, y)| self.at(x, y).facing);
                from.iter().zip(to).map(|(a, b)| (a - b).powi(2)).sum::<f32>()
            });
            turns.iter().sum::<f32>().sqrt() / (2.0 * near as f32 / self.width)
        })
    }

    /// The facet of a sample.
    pub fn at(&self, x: usize, y: usize) -> Facet {
        self.facets[y * self.size().width + x]
    }
}

/// 1 at some places, falling off over `reach` (Gaussian sigma, samples) with the distance to the nearest.
fn around<const N: usize>(places: [[f32; 3]; N], size: Size, reach: f32) -> Plane {
    Plane::from_fn(size, |x, y| {
        let away = |[px, py, _]: &[f32; 3]| (px - x as f32).powi(2) + (py - y as f32).powi(2);
        let nearest = places.iter().map(away).fold(f32::MAX, f32::min);
        (-0.5 * nearest / (reach * reach)).exp()
    })
}

/// Column, row and depth of the landmarks in samples of a grid on which the face is `width` samples wide.
fn places(mesh: &Mesh, view: &FaceView, width: f32) -> Vec<[f32; 3]> {
    let (grid, scale) = (view.canvas.grid, width / view.face.width);
    let sample = |place: f32, origin: usize| (place - origin as f32 + 0.5) * scale - 0.5;
    let place = |&[x, y, depth]: &[f32; 3]| [sample(x, grid.x), sample(y, grid.y), depth * scale];
    mesh.points.iter().map(place).collect()
}

/// A facet for every sample of the `face`: a plane through the landmarks around it, nearer ones counting more (moving
/// least squares; Lancaster and Salkauskas, 1981).
pub(crate) fn facets(points: &[[f32; 3]], face: &Plane, reach: f32) -> Vec<Facet> {
    let size = face.size();
    // Weight, x, y, xx, xy, yy, and depth times weight, x and y of the landmarks around each sample.
    let mut sums = vec![[0.0f32; 9]; size.area()];
    for &[px, py, pz] in points {
        let r = 4.0 * reach;
        let near = pixel::Rect::cover(px - r, py - r, px + r + 1.0, py + r + 1.0, size);
        for y in near.y..near.bottom() {
            for x in near.x..near.right() {
                if face.at(x, y) == 0.0 {
                    continue;
                }
                let (dx, dy) = (px - x as f32, py - y as f32);
                let w = (-0.5 * (dx * dx + dy * dy) / (reach * reach)).exp();
                let terms = [1.0, dx, dy, dx * dx, dx * dy, dy * dy, pz, dx * pz, dy * pz];
                let sums = &mut sums[y * size.width + x];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += w * term);
            }
        }
    }
    sums.iter()
        .map(|&[w, x, y, xx, xy, yy, z, xz, yz]| {
            if w < 1e-6 {
                return Facet { facing: [0.0, 0.0, -1.0], depth: 0.0 };
            }
            // Sums about the means leave two unknowns, the slopes.
            let (cxx, cxy, cyy) = (xx - x * x / w + 1e-3 * w, xy - x * y / w, yy - y * y / w + 1e-3 * w);
            let (cxz, cyz) = (xz - x * z / w, yz - y * z / w);
            let determinant = (cxx * cyy - cxy * cxy).max(1e-9);
            let right = (cxz * cyy - cyz * cxy) / determinant;
            let down = (cyz * cxx - cxz * cxy) / determinant;
            let length = (1.0 + right * right + down * down).sqrt();
            let facing = [-right / length, -down / length, -1.0 / length];
            Facet { facing, depth: (z - right * x - down * y) / w }
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Landmarks of a dome, 60 samples wide.
    pub(crate) fn dome() -> Vec<[f32; 3]> {
        let side = || (0..21).map(|n| 3.0 * n as f32);
        let depth = |x: f32, y: f32| 0.02 * ((x - 30.0).powi(2) + (y - 30.0).powi(2));
        side().flat_map(|y| side().map(move |x| [x, y, depth(x, y)])).collect()
    }

    #[test]
    fn a_dome_faces_outward_on_all_sides() {
        let face = Plane::filled(Size::new(61, 61), 1.0);
        let facets = facets(&dome(), &face, 3.0);
        let at = |x: usize, y: usize| facets[y * 61 + x].facing;
        assert!(at(30, 30)[2] < -0.999);
        // Depth grows by 0.6 a sample, 15 samples from the middle.
        for (x, y, k, sign) in [(15, 30, 0, 1.0), (45, 30, 0, -1.0), (30, 15, 1, 1.0), (30, 45, 1, -1.0)] {
            let expected = sign * 0.6 / (1.0f32 + 0.36).sqrt();
            assert!((at(x, y)[k] - expected).abs() < 0.02, "{:?}", at(x, y));
        }
        let depth = facets[30 * 61 + 45].depth;
        assert!((depth - 0.02 * 225.0).abs() < 0.4, "{depth}");
    }

    #[test]
    fn a_ridge_bends_and_flanks_do_not() {
        let side = || (0..21).map(|n| 3.0 * n as f32);
        let roof: Vec<[f32; 3]> =
            side().flat_map(|y| side().map(move |x| [x, y, 0.8 * (x - 30.0f32).abs()])).collect();
        let face = Plane::filled(Size::new(61, 61), 1.0);
        let facets = facets(&roof, &face, 3.0);
        let nose = Plane::zeros(face.size());
        let surface = Surface { step: 1, width: 60.0, points: roof, face, nose, facets };
        let bend = surface.bend();
        assert!(bend.at(30, 30) > 6.0 && bend.at(12, 30) < 0.5, "{} {}", bend.at(30, 30), bend.at(12, 30));
    }

    #[test]
    fn places_count_by_the_nearest() {
        let near = around([[10.0, 10.0, 0.0], [30.0, 10.0, 0.0]], Size::new(50, 20), 3.0);
        assert!(near.at(10, 10) == 1.0 && near.at(30, 10) == 1.0 && near.at(20, 10) < 0.01);
        assert!((near.at(13, 10) - (-0.5f32).exp()).abs() < 1e-4);
    }
}
