//! The 478-point face mesh: point numbers of the features, and the landmark network's two passes.

use crate::error::VisionError;
use crate::networks::{MESH_SIDE, Networks};
use crate::view::{Beyond, Grid, View, sample};

/// Number of points of the mesh (MediaPipe Face Mesh V2).
pub const POINTS: usize = 478;

/// Outer edge of the lips, a ring. "Left" in this file is the left side of an upright picture.
pub const LIPS_OUTER: [usize; 20] =
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146];
/// Inner edge of the lips, a ring; the teeth lie inside.
pub const LIPS_INNER: [usize; 20] =
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95];
/// Middle of the inner edge of the upper and the lower lip.
pub const LIP_MIDDLES: [usize; 2] = [13, 14];
/// Lid contours, rings; left eye first.
pub const EYES: [[usize; 16]; 2] = [
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
    [362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398],
];
/// Corners of each eye: outer, inner.
pub const EYE_CORNERS: [[usize; 2]; 2] = [[33, 133], [263, 362]];
/// Middle of the upper and of the lower lid of each eye.
pub const LID_MIDDLES: [[usize; 2]; 2] = [[159, 145], [386, 374]];
/// Centre of each iris, then four points of its rim.
pub const IRISES: [[usize; 5]; 2] = [[468, 469, 470, 471, 472], [473, 474, 475, 476, 477]];
/// Brows, rings: upper edge from the temple to the nose, then the lower edge back.
pub const BROWS: [[usize; 10]; 2] =
    [[70, 63, 105, 66, 107, 55, 65, 52, 53, 46], [300, 293, 334, 296, 336, 285, 295, 282, 283, 276]];
/// Outline of the face, a ring from the top of the forehead clockwise.
pub const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
    149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
/// Around the nostrils on the underside of the nose, unordered: take the hull. Left nostril first.
pub const NOSTRILS: [[usize; 8]; 2] =
    [[98, 240, 99, 97, 64, 20, 60, 75], [327, 460, 328, 326, 294, 250, 290, 305]];
/// The crease around either wing of the nose, from its top to its base.
pub const NOSE_WINGS: [[usize; 5]; 2] = [[209, 49, 129, 64, 98], [429, 279, 358, 294, 327]];
/// Under each eye, a ring: inner arc below the lid from the temple to the nose, outer arc back.
pub const UNDER_EYES: [[usize; 18]; 2] = [
    [226, 31, 228, 229, 230, 231, 232, 233, 244, 245, 128, 121, 120, 119, 118, 117, 111, 143],
    [446, 261, 448, 449, 450, 451, 452, 453, 464, 465, 357, 350, 349, 348, 347, 346, 340, 372],
];
/// Cheek points on either side; their distance is the width of the face.
pub const CHEEKS: [usize; 2] = [234, 454];
/// Top of the forehead and tip of the chin.
pub const AXIS: [usize; 2] = [10, 152];

/// The 478 points of one face.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// x and y in full-resolution upright pixels; z in the same unit, smaller is nearer to the camera.
    pub points: Box<[[f32; 3]; POINTS]>,
    /// How sure the network is that this is a face, 0 to 1.
    pub presence: f32,
}

impl Mesh {
    /// Place of one point in the picture plane.
    pub fn point(&self, index: usize) -> [f32; 2] {
        let [x, y, _] = self.points[index];
        [x, y]
    }

    /// The places of several points, in their order.
    pub fn ring(&self, indices: &[usize]) -> Vec<[f32; 2]> {
        indices.iter().map(|&index| self.point(index)).collect()
    }

    /// Distance of two points in the picture plane.
    pub fn distance(&self, a: usize, b: usize) -> f32 {
        let ([ax, ay], [bx, by]) = (self.point(a), self.point(b));
        (ax - bx).hypot(ay - by)
    }

    /// Distance from cheek to cheek with depth, so that a turned head keeps its width.
    pub fn width(&self) -> f32 {
        let [a, b] = CHEEKS.map(|index| self.points[index]);
        (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f32>().sqrt()
    }

    /// Angle of the line through the outer eye corners, radians, clockwise on the screen; 0 is upright.
    pub fn tilt(&self) -> f32 {
        let [left, right] = [EYE_CORNERS[0][0], EYE_CORNERS[1][0]].map(|index| self.point(index));
        (right[1] - left[1]).atan2(right[0] - left[0])
    }

    /// Unit vector from the chin to the forehead.
    pub fn up(&self) -> [f32; 2] {
        let [top, chin] = AXIS.map(|index| self.point(index));
        let length = (top[0] - chin[0]).hypot(top[1] - chin[1]).max(f32::MIN_POSITIVE);
        [(top[0] - chin[0]) / length, (top[1] - chin[1]) / length]
    }

    /// The box (left, top, right, bottom) around all points.
    pub fn bounds(&self) -> [f32; 4] {
        self.points.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
            [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
        })
    }

    /// How far the eye (0 left, 1 right) is open: lid distance over corner distance; about 0.3 when open, below
    /// 0.12 when shut.
    pub fn eye_openness(&self, eye: usize) -> f32 {
        let [outer, inner] = EYE_CORNERS[eye];
        let [upper, lower] = LID_MIDDLES[eye];
        self.distance(upper, lower) / self.distance(outer, inner).max(f32::MIN_POSITIVE)
    }

    /// Centre and radius of an iris.
    pub fn iris(&self, eye: usize) -> ([f32; 2], f32) {
        let [centre, rim @ ..] = IRISES[eye].map(|index| self.point(index));
        (centre, rim.iter().map(|p| (p[0] - centre[0]).hypot(p[1] - centre[1])).sum::<f32>() / 4.0)
    }

    /// How far the lips are parted: their distance over the width of the face.
    pub fn mouth_openness(&self) -> f32 {
        self.distance(LIP_MIDDLES[0], LIP_MIDDLES[1]) / self.width().max(f32::MIN_POSITIVE)
    }
}

/// The square the landmark network reads: centre, side (full-resolution pixels) and tilt (radians).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Crop {
    pub centre: [f32; 2],
    pub side: f32,
    pub tilt: f32,
}

impl Crop {
    /// From a detected box and its eye points: 1.5 × the longer side, turned until the eyes are level.
    pub fn of_detection(frame: &[f32; 4], points: &[[f32; 2]; 5]) -> Self {
        let [left, right, ..] = points;
        Self {
            centre: [(frame[0] + frame[2]) * 0.5, (frame[1] + frame[3]) * 0.5],
            side: 1.5 * (frame[2] - frame[0]).max(frame[3] - frame[1]),
            tilt: (right[1] - left[1]).atan2(right[0] - left[0]),
        }
    }

    /// From the points of an earlier pass: their bounding square in the turned frame, 1.5 times.
    pub fn of_mesh(mesh: &Mesh) -> Self {
        let tilt = mesh.tilt();
        let (sin, cos) = tilt.sin_cos();
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for &[x, y, _] in mesh.points.iter() {
            for (k, v) in [x * cos + y * sin, y * cos - x * sin].into_iter().enumerate() {
                low[k] = low[k].min(v);
                high[k] = high[k].max(v);
            }
        }
        let [u, v] = [(low[0] + high[0]) * 0.5, (low[1] + high[1]) * 0.5];
        Self {
            centre: [u * cos - v * sin, u * sin + v * cos],
            side: 1.5 * (high[0] - low[0]).max(high[1] - low[1]),
            tilt,
        }
    }

    pub fn grid(&self) -> Grid {
        Grid::turned(self.centre, self.side, self.tilt, MESH_SIDE)
    }
}

/// Runs the landmark network on one crop.
pub(crate) fn read_mesh(networks: &Networks, view: &View<'_>, crop: &Crop) -> Result<Mesh, VisionError> {
    let grid = crop.grid();
    let rgb = sample(view, &grid, MESH_SIDE, MESH_SIDE, Beyond::Edge);
    let [landmarks, presence] = networks.landmarks(rgb)?;
    let pitch = grid.pitch();
    let mut points = Box::new([[0.0; 3]; POINTS]);
    for (point, landmark) in points.iter_mut().zip(landmarks.chunks_exact(3)) {
        // The network counts pixel edges: 0 is the left edge of the crop.
        let [x, y] = grid.place(landmark[0] - 0.5, landmark[1] - 0.5);
        *point = [x, y, landmark[2] * pitch];
    }
    let logit = presence.first().copied().unwrap_or(f32::NEG_INFINITY);
    Ok(Mesh { points, presence: 1.0 / (1.0 + (-logit).exp()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat_mesh(place: impl Fn(usize) -> [f32; 2]) -> Mesh {
        let mut points = Box::new([[0.0; 3]; POINTS]);
        for (index, point) in points.iter_mut().enumerate() {
            let [x, y] = place(index);
            *point = [x, y, 0.0];
        }
        Mesh { points, presence: 1.0 }
    }

    #[test]
    fn a_crop_made_from_a_turned_mesh_is_turned_with_it() {
        let (sin, cos) = 0.5f32.sin_cos();
        let mesh = flat_mesh(|index| {
            let (x, y) = match index {
                33 => (-10.0, 0.0),
                263 => (10.0, 0.0),
                10 => (0.0, -20.0),
                152 => (0.0, 20.0),
                _ => (0.0, 0.0),
            };
            [100.0 + x * cos - y * sin, 50.0 + x * sin + y * cos]
        });
        let crop = Crop::of_mesh(&mesh);
        assert!((crop.tilt - 0.5).abs() < 1e-5);
        assert!((crop.side - 60.0).abs() < 1e-3);
        assert!((crop.centre[0] - 100.0).abs() < 1e-3 && (crop.centre[1] - 50.0).abs() < 1e-3);
    }

    #[test]
    fn rings_name_points_of_the_mesh_once() {
        let rings: [&[usize]; 9] = [
            &LIPS_OUTER,
            &LIPS_INNER,
            &EYES[0],
            &EYES[1],
            &BROWS[0],
            &BROWS[1],
            &OVAL,
            &UNDER_EYES[0],
            &UNDER_EYES[1],
        ];
        for ring in rings {
            let mut sorted = ring.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), ring.len());
            assert!(ring.iter().all(|&index| index < POINTS));
        }
    }
}
